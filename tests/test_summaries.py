"""The summaries suite: how a sentence is judged, what it reports, how it goes on."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from fakes import WordEmbedder, make_paper

from evals.articles import Article
from evals.one_sentence import QUESTION, Summary, summarise
from evals.rouge import rouge
from evals.summaries import SYSTEMS, Row, SummariesReport, run_summaries, score_rows
from rag.errors import UsageError
from rag.types import Paper

LEAD = "Pruning removes weights."
PRESENTS = "We propose OWL, which sets a sparsity for each layer."
GAIN = "It gains 61.22 points."
OWN = "OWL sets a sparsity ratio for each layer."
WRONG = "OWL gains 75 points."


def articles(count: int) -> tuple[Article, ...]:
    papers = (make_paper(f"Paper {number}", f"{LEAD} {PRESENTS} {GAIN}") for number in range(count))
    return tuple(Article(paper, ("OWL sets sparsity.", "A rule for layers.")) for paper in papers)


def said(text: str, origin: str = "model") -> Any:
    """A collaborator that says the same of every paper."""
    return lambda paper: Summary(text, origin, PRESENTS)


# Judging


def test_a_row_holds_what_each_system_said_and_is_worth():
    (article,) = articles(1)
    (row,) = run_summaries([article], said(OWN)).rows
    assert (row.id, row.title, row.summary) == (article.paper.id, "Paper 0", OWN)
    assert (row.origin, row.supported, row.reason) == ("model", True, "")
    texts = {candidate.system: candidate.text for candidate in row.candidates}
    assert texts == {"vouch": OWN, "best quote": PRESENTS, "lead sentence": LEAD, "title": "Paper 0"}
    for candidate in row.candidates:
        assert candidate.rouge == rouge(candidate.text, article.targets)
    assert row.candidates[0].rouge.rouge_1 == pytest.approx(2 * 3 / (8 + 3))


def test_what_the_abstract_does_not_say_is_told():
    report = run_summaries(articles(1), said(WRONG))
    assert report.supported == 0
    assert (report.rows[0].supported, report.rows[0].reason) == (False, "numbers not in the paper: 75")


def mixed(paper: Paper) -> Summary:
    """Three of four are the model's own, one of these wrong."""
    text, origin = {"Paper 0": (WRONG, "model"), "Paper 1": (PRESENTS, "quote")}.get(
        paper.title, (OWN, "model")
    )
    return Summary(text, origin, PRESENTS)


def test_the_report_takes_means_over_the_articles():
    report = run_summaries(articles(4), mixed)
    assert (report.supported, report.from_model) == (3 / 4, 3 / 4)
    assert report.words["vouch"] == (4 + 10 + 8 + 8) / 4
    assert report.words["title"] == 2
    assert [(score.system, score.measure) for score in report.scores[:4]] == [
        ("vouch", "ROUGE-1 F1"),
        ("vouch", "ROUGE-2 F1"),
        ("vouch", "ROUGE-L F1"),
        ("best quote", "ROUGE-1 F1"),
    ]
    values = [row.candidates[0].rouge.rouge_1 for row in report.rows]
    first = report.scores[0]
    assert first.mean == pytest.approx(sum(values) / 4)
    assert min(values) <= first.interval[0] < first.mean < first.interval[1] <= max(values)


def test_nothing_to_sum_up_is_an_error():
    with pytest.raises(UsageError, match="no articles"):
        run_summaries([], said(OWN))


def without_seconds(report: SummariesReport) -> dict[str, Any]:
    record = json.loads(json.dumps(report.record()))
    for part in (record, *record["rows"]):
        assert part.pop("seconds") >= 0
    return record


def test_the_record_is_json_and_the_same_each_time():
    way = partial(summarise, reader=None, embedder=WordEmbedder())
    first, second = (without_seconds(run_summaries(articles(3), way)) for _ in range(2))
    assert first == second
    assert (first["suite"], first["question"], first["articles"]) == ("summaries", QUESTION, 3)
    assert (first["supported"], first["from_model"], first["quoted"]) == (1, 0, 1)
    assert first["rows"][0]["summary"] == PRESENTS
    assert [candidate["system"] for candidate in first["rows"][0]["candidates"]] == list(SYSTEMS)


def test_the_table_has_a_column_a_system():
    report = run_summaries(articles(4), mixed)
    rows = score_rows(json.loads(json.dumps(report.record())))
    assert rows[0] == ["4 articles", *SYSTEMS]
    assert {len(row) for row in rows} == {len(SYSTEMS) + 1}
    cells = {row[0]: row[1] for row in rows}
    assert cells["ROUGE-1 F1"].startswith(f"{report.scores[0].mean:.3f} ")
    assert (cells["supported by its abstract"], cells["the model's own words"], cells["a quote"]) == (
        "0.75",
        "0.75",
        "0.25",
    )
    assert [text.split("  ")[0] for text in report.table().splitlines()] == [row[0] for row in rows]


# Going on


def test_what_is_done_is_not_made_again():
    whole = run_summaries(articles(3), mixed)
    made: list[Row] = []
    done = {row.id: json.loads(json.dumps(row.record())) for row in whole.rows[:2]}
    again = run_summaries(articles(3), said(OWN), done=done, on_row=made.append)
    assert [row.title for row in made] == ["Paper 2"]
    assert again.rows[:2] == whole.rows[:2]
    assert without_seconds(again) == without_seconds(whole)


def test_each_row_is_handed_over_before_the_next_is_begun():
    made: list[Row] = []

    def interrupted(paper: Paper) -> Summary:
        if paper.title == "Paper 2":
            raise KeyboardInterrupt
        return mixed(paper)

    with pytest.raises(KeyboardInterrupt):
        run_summaries(articles(3), interrupted, on_row=made.append)
    assert [row.title for row in made] == ["Paper 0", "Paper 1"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("of nothing", lambda record: {}),
        ("without its seconds", lambda record: {key: record[key] for key in record if key != "seconds"}),
        ("without systems", lambda record: record | {"candidates": None}),
        ("of fewer systems", lambda record: record | {"candidates": record["candidates"][:2]}),
        (
            "of another measure",
            lambda record: record | {"candidates": [{"system": "vouch", "text": "", "rouge": {}}]},
        ),
    ],
)
def test_a_record_of_another_day_is_made_again(name, change):
    (row,) = run_summaries(articles(1), mixed).rows
    again = run_summaries(articles(1), said(OWN), done={row.id: change(row.record())})
    assert again.rows[0].summary == OWN, name


def test_progress_is_told_after_each_article():
    told = []
    done = {row.id: row.record() for row in run_summaries(articles(1), mixed).rows}
    run_summaries(articles(3), mixed, done=done, on_progress=lambda *counts: told.append(counts))
    assert told == [(1, 3), (2, 3), (3, 3)]
