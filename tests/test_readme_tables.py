"""The README's tables: what each suite shows, what changed, and that no file makes them fail or unsafe."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_results import (
    MISSES,
    answers,
    clear,
    made_hostile,
    outcome,
    question,
    sample_results,
    spoiled,
    written,
)

from evals.readme_tables import markdown


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return sample_results(tmp_path_factory.mktemp("results"))


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


def test_every_markdown_table_is_whole_whatever_its_cells_hold(results):
    for told in (list(results.values()), made_hostile(results)):
        tables = [block for block in markdown(told).strip().split("\n\n") if block.startswith("|")]
        assert len(tables) == 5
        for table in tables:
            assert len({line.count(" | ") for line in table.split("\n")}) == 1


def test_two_runs_of_one_suite_are_compared_older_first(results, tmp_path):
    now = {**MISSES, "right": outcome(question("right"), facts_held=0.5)}
    now["refused"] = outcome(question("refused"), right=True)
    later = written(answers(*now.values()), tmp_path, commit="def456", date="2999-01-01T00:00:00+00:00")
    assert (
        "**answers**, vouch, commit abc123 to def456: of 11 questions 1 went from right to wrong, "
        "1 from wrong to right (McNemar's exact p = 1)." in markdown([later, results["answers"]])
    )


def test_other_peoples_text_stays_text(results):
    told = markdown(made_hostile(results))
    assert "<" not in told
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_a_file_holds_is_a_table_or_one_clear_sentence(results, data):
    result = spoiled(data, results)
    assert clear(lambda: markdown([result, result]))


def test_a_result_of_nothing_is_a_heading_and_an_empty_table(results):
    empty = results["answers"] | {"rows": [], "summaries": []}
    assert markdown([empty]).startswith("**answers**")
