"""The report: what each suite shows, why a miss is one, and that no file makes it fail or unsafe."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import plots
from evals.answers import AnswersReport, Outcome, failed, summaries
from evals.questions import Question
from evals.report import MISSES_SHOWN, faults, html, markdown, read_run, worst_misses
from evals.results import read_result, write_result
from evals.retrieval import ALL, MEASURES, RetrievalReport, Score
from evals.summaries import MEASURES as ROUGES
from evals.summaries import SYSTEMS, SummariesReport
from evals.summaries import Score as RougeScore
from evals.support import Pair, run_support
from rag.errors import UsageError

OWL = "OWL: A Missing Secret"
HOSTILE = "<script>alert(1)</script>\"' onload=x <img src=http://example.org/x> | `[a](javascript:b)`\x00"
EVIDENCE = ({"title": OWL, "relevance": 0.912, "score": 1.5},)


def question(name: str, kind: Any = "fact", *, split: Any = "dev", **more: Any) -> Question:
    wanted = {"papers": (OWL,), "facts": (("61.22", "sixty"), ("layers?",))}
    if kind in ("not_stated", "not_on_shelf"):
        wanted = {"papers": (), "facts": ()}
    return Question(name, kind, (f"What of {name}?",), split=split, page="000", **wanted | more)


def outcome(asked: Question, *, system: str = "vouch", right: bool = False, **more: Any) -> Outcome:
    told: dict[str, Any] = {
        "status": "answered",
        "text": f"Said of {asked.id}.",
        "titles": (OWL,),
        "facts_held": 1.0 if asked.facts else None,
        "title_recall": 1.0 if asked.papers else None,
        "relevance": 0.9,
        "evidence": EVIDENCE,
        "first_token_s": 0.4,
        "total_s": 1.5,
    }
    return Outcome(asked, system, right=right, **told | more)


def written(report: Any, folder: Any, **provenance: Any) -> dict[str, Any]:
    """The result as it lies on disk."""
    model = {"name": "small", "file": "small.gguf", "sha256": "ab" * 32, "writes": True}
    path = write_result(report, folder, settings={"threads": 2}, model=model)
    return read_result(path) | provenance


def answers(*outcomes: Outcome, suite: str = "answers") -> AnswersReport:
    return AnswersReport(suite, outcomes, summaries(outcomes))


MISSES = {
    "invented": outcome(question("invented"), invented=("[7]",)),
    "forbidden": outcome(question("forbidden", forbidden=("75",)), forbidden=("75",)),
    "undeclined": outcome(question("undeclined", "not_stated")),
    "premise": outcome(question("premise", "false_premise")),
    "title": outcome(question("title"), titles=("Larks",), title_recall=0.0),
    "titles": outcome(question("titles", "several", papers=(OWL, "A", "B")), title_recall=1 / 3),
    "no facts": outcome(question("no facts"), facts_held=0.0),
    "half": outcome(question("half"), facts_held=0.5),
    "refused": outcome(
        question("refused"), status="not_found", declined=True, facts_held=0.0, title_recall=0.0
    ),
    "failed": failed(question("failed"), "It is too long."),
}
RIGHT = outcome(question("right"), right=True)
DECLINED = outcome(question("declined", "not_on_shelf"), status="not_found", declined=True, right=True)
HELD = outcome(question("held", split="held"), text="Nobody sees this.")
OUTCOMES = (RIGHT, DECLINED, HELD, *reversed(MISSES.values()))


def retrieval_report(group: str = ALL, measures: Any = tuple(MEASURES)) -> RetrievalReport:
    scores = [
        Score(group, 12, system, measure, 0.875, (0.811, 0.933))
        for system in ("vouch", "bm25")
        for measure in measures
    ]
    return RetrievalReport("shelf", "dev", "", 195, 12, 3, "words@1", tuple(scores), ())


def summaries_report() -> SummariesReport:
    scores = [RougeScore(system, measure, 0.456, (0.4, 0.5)) for system in SYSTEMS for measure in ROUGES]
    return SummariesReport(tuple(scores), dict.fromkeys(SYSTEMS, 12.5), 0.9, 0.6, 2.5, ())


SUPPORT = run_support(
    [
        Pair("a", "Larks sing.", ("Larks sing at dawn.",), "SUPPORT"),
        Pair("b", "Owls dance on ice.", ("Larks sing at dawn.",), "NOINFO"),
    ]
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("results")
    reports = {
        "answers": answers(*OUTCOMES),
        "peers": answers(RIGHT, outcome(question("right"), system="plain"), suite="peers"),
        "retrieval": retrieval_report(),
        "support": SUPPORT,
        "summaries": summaries_report(),
    }
    return {name: written(report, folder, commit="abc123") for name, report in reports.items()}


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


def strings(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in a JSON value where a text stands."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(each, str):
            yield value, key
        elif isinstance(each, dict | list):
            yield from strings(each)


# What a miss is


@pytest.mark.parametrize(
    ("miss", "sentence"),
    [
        ("invented", "It cites what nobody has: [7]."),
        ("forbidden", "It says what only a wrong answer says: 75."),
        ("undeclined", "Nothing on the shelf answers this, and it was answered."),
        ("premise", "The question assumes what is not so, and it was neither declined nor put right."),
        ("title", "It cites no right paper."),
        ("titles", "It cites fewer than half of the right papers."),
        ("no facts", "2 of 2 wanted facts missing."),
        ("half", "1 of 2 wanted facts missing."),
        ("refused", "It was declined, though the shelf answers it."),
        ("failed", "It could not be asked."),
    ],
)
def test_a_miss_tells_why_in_a_sentence(results, miss, sentence):
    row = next(row for row in read_run(results["answers"]).rows if row.id == miss)
    assert [told for _, told in faults(row)] == [sentence]


def test_misses_stand_worst_first_and_leave_out_what_is_right_or_held(results):
    assert [row.id for row in worst_misses(read_run(results["answers"]).rows)] == [
        *("invented", "forbidden", "premise", "undeclined", "titles", "title"),
        *("no facts", "half", "refused", "failed"),
    ]


def test_only_the_worst_are_shown(tmp_path):
    many = [outcome(question(f"q{place}"), facts_held=0.0) for place in range(MISSES_SHOWN + 5)]
    page = html([written(answers(*many), tmp_path)])
    assert page.count('<article class="miss">') == MISSES_SHOWN
    assert f"the worst {MISSES_SHOWN} of {MISSES_SHOWN + 5} misses" in page


# The page


def test_a_miss_is_shown_with_what_was_asked_said_wanted_and_in_hand(results):
    text = Reading(html([results["answers"]])).text
    for told in ("What of title?", "Said of title.", "Larks", OWL, "61.22 or sixty", "0.912", "[7]"):
        assert told in text
    assert "Nobody sees this." not in text
    assert "1 of them held and not shown" in text


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


def test_the_page_stands_alone(results):
    reading = Reading(html(list(results.values())))
    assert not reading.tags & {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
    names = {name for name, _ in reading.attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "srcset", "action")}
    assert all(value.startswith("#") for name, value in reading.attributes if name.endswith("href"))
    policy = next(value for name, value in reading.attributes if value.startswith("default-src"))
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_no_id_stands_twice_with_all_pictures_drawn(results):
    pytest.importorskip("matplotlib")
    page = html([results["answers"], results["answers"], results["retrieval"], results["peers"]])
    ids = [value for name, value in Reading(page).attributes if name == "id"]
    assert page.count("<svg") >= 6
    assert len(ids) == len(set(ids))


def test_without_matplotlib_the_page_has_its_tables_and_says_how_to_get_pictures(results, monkeypatch):
    monkeypatch.setattr(plots, "installed", lambda: False)
    page = html([results["answers"], results["retrieval"]])
    assert "<svg" not in page
    assert "<table>" in page
    assert 'pip install "vouch[plots]"' in Reading(page).text


def test_other_peoples_text_stays_text(results):
    hostile = copy.deepcopy(results)
    for place, key in list(strings(list(hostile.values()))):
        if key not in ("suite", "system", "measure", "group", "kind", "status"):
            place[key] = HOSTILE
    for row in [*hostile["peers"]["rows"], *hostile["peers"]["summaries"]]:
        row["system"] = HOSTILE
    page = html(list(hostile.values()))
    reading = Reading(page)
    assert not reading.tags & {"script", "img"}
    assert "onload" not in {name for name, _ in reading.attributes}
    assert "\x00" not in page
    assert "<script>alert(1)</script>" in reading.text
    assert "<script" not in markdown(list(hostile.values()))


# Markdown


def test_markdown_of_one_system_has_total_splits_and_kinds_and_no_pages(results):
    table = markdown([results["answers"]])
    assert "| total | 13 |" in table
    assert "| dev | 12 |" in table
    assert "| held | 1 |" in table
    assert "| several | 1 |" in table
    assert "page" not in table


def test_markdown_of_peers_has_a_line_a_system(results):
    lines = [line for line in markdown([results["peers"]]).split("\n") if line.startswith("|")]
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| vouch", "| plain"]


def test_markdown_of_the_other_suites(results):
    assert "| bm25 | 0.875 (0.811-0.933) |" in markdown([results["retrieval"]])
    assert "| verifier | " in markdown([results["support"]])
    assert "| words, mean | 12.5 |" in markdown([results["summaries"]])


def test_every_markdown_table_is_whole(results):
    for block in markdown(list(results.values())).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count(" | ") for line in block.strip().split("\n")}) == 1


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
    assert (
        "**answers**, vouch, commit abc123 to def456: of 11 questions 1 went from right to wrong, "
        "1 from wrong to right (McNemar's exact p = 1)." in markdown([later, results["answers"]])
    )


def test_held_questions_that_changed_are_named_alone(tmp_path):
    before = written(answers(outcome(question("secret", split="held"), right=True)), tmp_path)
    after = written(answers(HELD, outcome(question("secret", split="held"))), tmp_path)
    text = Reading(html([before, after])).text
    assert "vouch: right before, wrong now (1)secret" in text
    assert "What of secret?" not in text


def test_the_verifiers_runs_are_compared_too(results):
    changed = copy.deepcopy(results["support"]) | {"date": "2999-01-01"}
    changed["rows"][0]["supported"] = not changed["rows"][0]["supported"]
    assert "of 2 questions" in markdown([results["support"], changed])


def test_runs_without_a_common_system_say_so(results):
    other = copy.deepcopy(results["answers"])
    for row in other["rows"]:
        row["system"] = "other"
    assert "No system is in both runs." in html([results["answers"], other])


# Files that are not as they should be


@pytest.mark.parametrize(
    ("suite", "path", "sentence"),
    [
        ("answers", ["machine"], "machine is missing"),
        ("answers", ["summaries"], "summaries is missing"),
        ("answers", ["summaries", 0, "right"], r"summaries\[0\].right is missing"),
        ("answers", ["rows", 3, "right"], r"rows\[3\].right is missing"),
        ("answers", ["rows", 3, "turns"], r"rows\[3\].turns is missing"),
        ("answers", ["rows", 0, "evidence", 0, "title"], r"rows\[0\].evidence\[0\].title is missing"),
        ("retrieval", ["bench"], "bench is missing"),
        ("retrieval", ["scores", 0], "nDCG@10 of vouch is missing"),
        ("support", ["views", 0, "measures"], r"views\[0\].measures is missing"),
        ("summaries", ["words"], "words is missing"),
        ("summaries", ["words", "title"], "title is missing"),
    ],
)
def test_a_missing_key_is_named(results, suite, path, sentence):
    result = copy.deepcopy(results[suite])
    place: Any = result
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    for made in (html, markdown):
        with pytest.raises(UsageError, match=sentence):
            made([result])


@pytest.mark.parametrize(
    ("suite", "path", "value", "sentence"),
    [
        ("answers", ["date"], 5, "date is not right: input should be a valid string"),
        ("answers", ["commit"], "\ud800", "A result is not right"),
        ("answers", ["settings"], {"deep": [float("inf")]}, "not finite"),
        ("answers", ["rows"], {}, "rows is not right"),
        ("answers", ["rows", 3], "row", r"rows\[3\] is not right"),
        ("answers", ["rows", 3, "right"], "yes", r"rows\[3\].right is not right"),
        ("answers", ["rows", 3, "facts_held"], 7, r"rows\[3\].facts_held is not right"),
        ("answers", ["rows", 3, "total_s"], float("nan"), "rows holds a number that is not finite"),
        ("answers", ["rows", 3, "text"], None, r"rows\[3\].text is not right"),
        ("answers", ["summaries", 0, "interval"], [0.5], r"summaries\[0\].interval\[1\] is missing"),
        ("retrieval", ["scores", 0, "mean"], "0.5", r"scores\[0\].mean is not right"),
        ("support", ["views"], None, "views is not right"),
        ("summaries", ["scores", 0, "system"], "nobody", r"scores\[0\].system is not right"),
    ],
)
def test_a_wrong_type_is_named(results, suite, path, value, sentence):
    result = copy.deepcopy(results[suite])
    place: Any = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(UsageError, match=sentence) as raised:
        markdown([result])
    assert "\n" not in raised.value.message
    assert raised.value.hint


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def clear(made: Callable[[list[Any]], str], result: Any) -> bool:
    """Whether what is made of a result can be written, or told in one line with a hint."""
    try:
        return bool(made([result, result]).encode())
    except UsageError as error:
        return "\n" not in error.message and bool(error.hint)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), value=JSON, removed=st.booleans())
def test_whatever_a_file_holds_is_a_page_or_one_clear_sentence(results, data, value, removed):
    result = copy.deepcopy(data.draw(st.sampled_from(list(results.values()))))
    place: Any = result
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner and data.draw(st.booleans())):
            break
        place = inner
    if removed:
        del place[key]
    else:
        place[key] = value
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "installed", lambda: False)
        for made in (html, markdown):
            assert clear(made, result)


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
    assert markdown([empty]).startswith("**answers**")
