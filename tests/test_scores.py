"""Outcomes, summed up: against a hand's count."""

from __future__ import annotations

import json

import pytest
from sample_answers import (
    PAPERS,
    QUESTIONS,
    REFUSED,
    SECRET,
    SECRET_SAID,
    SHELF,
    TIMINGS,
    ask,
    question,
    record,
)

from evals.answers import failed, judge, run_answers
from evals.questions import Question
from evals.scores import HEADINGS, AnswersReport, Spread, cells, summaries, summarise


def test_a_run_counts_what_a_hand_counts() -> None:
    total = summarise("vouch", "total", run_answers(ask, QUESTIONS, PAPERS))
    assert (total.system, total.group, total.n, total.failed) == ("vouch", "total", 7, 1)
    assert total.right == pytest.approx(3 / 7)
    assert 0 <= total.interval[0] < 3 / 7 < total.interval[1] <= 1
    # of the four answerable: 1, 1/2, 0 (refused), 0 (failed)
    assert (total.all_facts, total.mean_facts) == (1 / 4, 1.5 / 4)
    # precisions 1 and 1/2, none where nothing is cited; recalls 1, 1, 0, 0
    assert (total.title_precision, total.title_recall) == (1.5 / 2, 2 / 4)
    # declined: 3, 5, 7, of which 5 and 7 rightly; of 5, 6, 7 two were declined
    assert (total.refusal_precision, total.refusal_recall) == (2 / 3, 2 / 3)
    assert total.refusal_f1 == pytest.approx(2 / 3)
    assert total.false_refusals == 1 / 4
    # claims of 1, 2, 6, 7; "x" and what a dreamt paper says are not supported
    assert (total.checked, total.unsupported) == (4, 2 / 4)
    assert (total.invented, total.broken_quotes) == (1, 0)
    assert total.total_s == Spread(6, 1.0, 1.0)
    assert total.first_token_s == Spread(5, 0.5, 0.5)
    assert (total.prompt_tokens, total.output_tokens) == (120, 24)


def test_the_spread_of_times_is_their_median_and_95th_percentile() -> None:
    said = [record(timings=TIMINGS | {"total_s": seconds}) for seconds in (3.0, 1.0, 2.0)]
    summary = summarise("vouch", "total", [judge(question(), each, SHELF) for each in said])
    assert summary.total_s is not None
    assert (summary.total_s.n, summary.total_s.median) == (3, 2.0)
    assert summary.total_s.p95 == pytest.approx(2.9)  # nine tenths of the way from 2 to 3


def test_what_does_not_apply_is_none() -> None:
    declined = summarise("vouch", "total", [judge(question("not_stated", ()), REFUSED, SHELF)])
    assert (declined.all_facts, declined.title_recall, declined.false_refusals) == (None, None, None)
    assert (declined.checked, declined.unsupported) == (0, None)
    told = summarise("vouch", "total", [judge(question(), record(), SHELF)])
    assert (told.refusal_precision, told.refusal_recall, told.refusal_f1) == (None, None, None)
    nothing = summarise("vouch", "total", [failed(question(), "No.")])
    assert (nothing.retrieve_s, nothing.first_token_s, nothing.total_s) == (None, None, None)


def test_summaries_are_in_total_and_by_split_kind_and_page() -> None:
    found = summaries(run_answers(ask, QUESTIONS, PAPERS))
    assert [(summary.group, summary.n) for summary in found] == [
        ("total", 7),
        *(("dev", 5), ("held", 2)),
        *(("fact", 3), ("method", 1), ("not_stated", 1), ("false_premise", 1), ("not_on_shelf", 1)),
        *(("page 000", 5), ("page 001", 2)),
    ]
    assert found[2].right == 1 / 2


def test_a_group_of_its_own_is_not_told_twice() -> None:
    only = [Question("a", "fact", ("How?",), ("Larks",))]
    assert [each.group for each in summaries(run_answers(lambda asked: record(), only, PAPERS))] == ["total"]


def test_systems_are_summarised_apart() -> None:
    outcomes = [
        *run_answers(ask, QUESTIONS[:1], PAPERS),
        *run_answers(lambda question: REFUSED, QUESTIONS[:1], PAPERS, system="peer"),
    ]
    assert [(each.system, each.group, each.right) for each in summaries(outcomes)] == [
        ("vouch", "total", 1),
        ("peer", "total", 0),
    ]


# The report


@pytest.mark.parametrize(("show_held", "told"), [(False, 0), (True, 1)])
def test_a_report_hides_held_questions_and_no_others(show_held: bool, told: int) -> None:
    asked = (
        (SECRET, SECRET_SAID),
        (question(split="dev"), record()),
        (question(), record()),
    )
    outcomes = tuple(judge(each, said, SHELF) for each, said in asked)
    report = AnswersReport("toy", outcomes, summaries(outcomes), show_held=show_held)
    value = json.loads(json.dumps(report.record()))
    assert value["suite"] == "toy"
    assert [each["group"] for each in value["summaries"]] == ["total", "dev", "held"]
    assert ["text" in row for row in value["rows"]] == [bool(told), True, True]
    assert ("SECRET" in json.dumps(value)) is show_held
    assert "SECRET" not in report.table()


def test_the_table_has_a_line_a_group_and_blanks_where_nothing_applies() -> None:
    outcomes = run_answers(ask, QUESTIONS, PAPERS)
    report = AnswersReport("toy", outcomes, summaries(outcomes))
    heading, total, *groups = report.table().split("\n")
    assert heading.split()[:3] == ["vouch", "questions", "right"]
    assert total.split()[:3] == ["total", "7", "0.43"]
    assert len(groups) == 9
    assert cells(report.record()["summaries"][0]) == [
        *(
            "total",
            "7",
            "0.43",
            f"{report.summaries[0].interval[0]:.2f}-{report.summaries[0].interval[1]:.2f}",
        ),
        *("0.25", "0.75", "0.50", "0.67", "0.67", "0.67", "0.25", "0.50", "1", "0.50", "1.00", "3,600"),
    ]
    not_stated = cells(next(each for each in report.record()["summaries"] if each["group"] == "not_stated"))
    assert dict(zip(HEADINGS, not_stated[1:], strict=True))["all facts"] == ""


def test_the_table_has_a_part_a_system() -> None:
    outcomes = [
        *run_answers(ask, QUESTIONS[:2], PAPERS),
        *run_answers(ask, QUESTIONS[:2], PAPERS, system="peer"),
    ]
    parts = AnswersReport("peers", tuple(outcomes), summaries(outcomes)).table().split("\n\n")
    assert [part.split()[0] for part in parts] == ["vouch", "peer"]
