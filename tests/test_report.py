"""The page: what each suite shows, what changed, and that no file makes it fail or unsafe."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_results import (
    HELD,
    MISSES,
    OWL,
    answers,
    clear,
    made_hostile,
    outcome,
    question,
    sample_results,
    spoiled,
    written,
)

from evals import plots
from evals.misses import MISSES_SHOWN
from evals.report import html


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return sample_results(tmp_path_factory.mktemp("results"))


class Reading(HTMLParser):
    """The tags, attributes and ids of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


# What a suite shows


def test_a_miss_is_shown_with_what_was_asked_said_wanted_and_in_hand(results):
    text = Reading(html([results["answers"]])).text
    for told in ("What of title?", "Said of title.", "Larks", OWL, "61.22 or sixty", "0.912", "[7]"):
        assert told in text
    assert "Nobody sees this." not in text
    assert "1 of them held and not shown" in text


def test_only_the_worst_are_shown(tmp_path):
    many = [outcome(question(f"q{place}"), facts_held=0.0) for place in range(MISSES_SHOWN + 5)]
    page = html([written(answers(*many), tmp_path)])
    assert page.count('<article class="miss">') == MISSES_SHOWN
    assert f"the worst {MISSES_SHOWN} of {MISSES_SHOWN + 5} misses" in page


def test_the_heading_tells_where_the_figures_come_from(results):
    text = Reading(html([results["answers"]])).text
    for told in ("abc123", "small", "ab" * 32, "threads", "numpy", results["answers"]["date"][:10]):
        assert told in text


def test_every_suite_shows_its_tables(results):
    text = Reading(html(list(results.values()))).text
    for told in ("false refusals", "0.875 0.811-0.933", "AUROC", "0.456", "shelf dev: 195 documents"):
        assert told in text


def test_of_several_systems_each_has_a_line_and_its_misses(results):
    page = html([results["peers"]])
    assert re.search(r'<th scope="row">vouch</th><td>1</td><td>1.00</td>', page)
    assert re.search(r'<th scope="row">plain</th><td>1</td><td>0.00</td>', page)
    assert "plain: the worst 1 of 1 misses" in page


def test_no_id_stands_twice_with_all_pictures_drawn(results):
    pytest.importorskip("matplotlib")
    page = html([results["answers"], results["answers"], results["retrieval"], results["peers"]])
    ids = [value for name, value in Reading(page).attributes if name == "id"]
    assert page.count("<svg") >= 6
    assert len(ids) == len(set(ids))


def test_the_reliability_of_the_relevance_has_its_figures(tmp_path):
    """0.9 of a right paper and 0.5 of a wrong one: (0.01 + 0.25) / 2 and, a bin each, (0.1 + 0.5) / 2."""
    told = [
        outcome(question("right"), right=True),
        outcome(question("wrong", split="held"), relevance=0.5, first_right=False),
    ]
    page = html([written(answers(*told), tmp_path)])
    assert '<th scope="row">vouch</th><td>2</td><td>0.130</td><td>0.300</td>' in page


@pytest.mark.parametrize("drawn", [True, False])
def test_a_result_without_the_truth_of_the_first_paper_has_no_reliability(results, drawn, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(plots, "installed", lambda: drawn)
    older = copy.deepcopy(results["answers"])
    for row in older["rows"]:
        del row["first_right"]
    assert "Brier score" in Reading(html([results["answers"]])).text
    assert ("Reliability of the relevance" in Reading(html([results["answers"]])).text) is drawn
    text = Reading(html([older])).text
    assert "Brier score" not in text
    assert "Reliability" not in text


def test_what_the_search_finds_of_the_exact_nearest_is_told_where_it_was_measured(results):
    told = (
        "Chroma's search finds 0.998 of the exact nearest 10 windows, "
        "0.995 of the exact nearest 10 sentences."
    )
    older = {key: value for key, value in results["retrieval"].items() if key != "approximate"}
    assert told in Reading(html([results["retrieval"]])).text
    assert "exact nearest" not in Reading(html([older])).text


def test_without_matplotlib_the_page_has_its_tables_and_says_how_to_get_pictures(results, monkeypatch):
    monkeypatch.setattr(plots, "installed", lambda: False)
    page = html([results["answers"], results["retrieval"]])
    assert "<svg" not in page
    assert "<table>" in page
    assert 'pip install "vouch[plots]"' in Reading(page).text


# What changed


def test_two_runs_of_one_suite_are_compared_older_first(results, tmp_path):
    now = {**MISSES, "right": outcome(question("right"), facts_held=0.5)}
    now["refused"] = outcome(question("refused"), right=True)
    later = written(answers(*now.values()), tmp_path, commit="def456", date="2999-01-01T00:00:00+00:00")
    page = Reading(html([later, results["answers"]])).text
    assert "answers: what changed" in page
    assert "vouch: right before, wrong now (1)right: What of right?\n1 of 2 wanted facts missing." in page
    assert (
        "wrong before, right now (1)refused: What of refused?\nIt was declined, though the shelf answers it."
        in page
    )
    assert "vouch: only before (2)" in page


def test_held_questions_that_changed_are_named_alone(tmp_path):
    before = written(answers(outcome(question("secret", split="held"), right=True)), tmp_path)
    after = written(answers(HELD, outcome(question("secret", split="held"))), tmp_path)
    text = Reading(html([before, after])).text
    assert "vouch: right before, wrong now (1)secret" in text
    assert "What of secret?" not in text


def test_runs_without_a_common_system_say_so(results):
    other = copy.deepcopy(results["answers"])
    for row in other["rows"]:
        row["system"] = "other"
    assert "No system is in both runs." in html([results["answers"], other])


# Whatever a file holds


def test_the_page_stands_alone(results):
    reading = Reading(html(list(results.values())))
    assert not reading.tags & {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
    names = {name for name, _ in reading.attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "srcset", "action")}
    assert all(value.startswith("#") for name, value in reading.attributes if name.endswith("href"))
    policy = next(value for name, value in reading.attributes if value.startswith("default-src"))
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_other_peoples_text_stays_text(results):
    page = html(made_hostile(results))
    reading = Reading(page)
    assert not reading.tags & {"script", "img"}
    assert "onload" not in {name for name, _ in reading.attributes}
    assert "\x00" not in page
    assert "<script>alert(1)</script>" in reading.text


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_a_file_holds_is_a_page_or_one_clear_sentence(results, data):
    result = spoiled(data, results)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "installed", lambda: False)
        assert clear(lambda: html([result, result]))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from([10**400, -1, 0, 0.5, 1e308, 1e-308]), min_size=6, max_size=6))
def test_numbers_out_of_range_are_drawn_at_the_edge(results, numbers):
    pytest.importorskip("matplotlib")
    result = copy.deepcopy(results["answers"])
    for summary in result["summaries"]:
        summary["right"], *summary["interval"] = numbers[:3]
    for row in result["rows"]:
        row["relevance"], row["first_token_s"], row["total_s"] = numbers[3:]
    assert html([result]).encode()


def test_a_result_of_nothing_is_a_page_without_figures(results):
    empty = results["answers"] | {"rows": [], "summaries": []}
    assert "</html>" in html([empty, json.loads(json.dumps(empty))])
