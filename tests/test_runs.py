"""Runs: what a result becomes, and the sentence for one that is not as it should be."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_results import RECALLS, at, clear, sample_results, spoiled

from evals.runs import AnswersRun, RetrievalRun, ShownRow, SupportRun, TableRun, read_run, totals
from rag.errors import UsageError


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return sample_results(tmp_path_factory.mktemp("results"))


@pytest.mark.parametrize(
    ("suite", "kind"),
    [
        ("answers", AnswersRun),
        ("peers", AnswersRun),
        ("retrieval", RetrievalRun),
        ("support", SupportRun),
        ("summaries", TableRun),
    ],
)
def test_each_suite_has_its_run_and_tells_where_it_ran(results, suite, kind):
    run = read_run(results[suite])
    assert isinstance(run, kind)
    date = results[suite]["date"][:10]
    assert run.source.name == f"{suite} of {date}, commit abc123"
    assert run.source.origin.startswith(f"{date}, commit abc123, small, ")
    assert run.source.origin.endswith(" cores")


def test_of_held_questions_nothing_is_shown(results):
    rows = read_run(results["answers"]).rows
    assert [row.id for row in rows if not isinstance(row, ShownRow)] == ["held"]


def test_of_several_systems_each_has_a_line(results):
    run = read_run(results["peers"])
    assert run.systems == ["vouch", "plain"]
    assert [line[:3] for line in totals(run)[1:]] == [["vouch", "1", "1.00"], ["plain", "1", "0.00"]]


def test_the_groups_of_retrieval_are_tables(results):
    (group,) = read_run(results["retrieval"]).groups
    assert group[:2] == [["", "vouch", "bm25"], ["nDCG@10", *["0.875 0.811-0.933"] * 2]]


def test_results_from_before_a_figure_was_measured_are_read(results):
    older = copy.deepcopy(results)
    for row in older["answers"]["rows"]:
        del row["first_right"]
    del older["retrieval"]["approximate"]
    assert {row.first_right for row in read_run(older["answers"]).rows} == {None}
    assert read_run(older["retrieval"]).approximate == {}
    assert read_run(results["retrieval"]).approximate == RECALLS


def test_of_held_questions_it_is_told_whether_the_first_paper_was_right(results):
    (held,) = [row for row in read_run(results["answers"]).rows if row.id == "held"]
    assert held.first_right is True


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
    del at(result, path[:-1])[path[-1]]
    with pytest.raises(UsageError, match=sentence):
        read_run(result)


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
        ("retrieval", ["approximate", "window"], 2, r"approximate.window is not right"),
        ("answers", ["rows", 0, "first_right"], "yes", r"rows\[0\].first_right is not right"),
        ("support", ["views"], None, "views is not right"),
        ("summaries", ["scores", 0, "system"], "nobody", r"scores\[0\].system is not right"),
    ],
)
def test_a_wrong_type_is_named(results, suite, path, value, sentence):
    result = copy.deepcopy(results[suite])
    at(result, path[:-1])[path[-1]] = value
    with pytest.raises(UsageError, match=sentence) as raised:
        read_run(result)
    assert "\n" not in raised.value.message
    assert raised.value.hint


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_a_file_holds_is_a_run_or_one_clear_sentence(results, data):
    result = spoiled(data, results)
    assert clear(lambda: type(read_run(result)).__name__)
