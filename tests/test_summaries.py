"""The summaries suite: what it reads, how a sentence is chosen, what it reports."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fakes import ScriptedModel, WordEmbedder, make_paper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.rouge import rouge
from evals.summaries import (
    QUESTION,
    SYSTEMS,
    Article,
    Row,
    SummariesReport,
    Summary,
    as_passage,
    read_articles,
    run_summaries,
    score_rows,
    summarise,
)
from rag.config import shipped
from rag.errors import UsageError
from rag.prompt import load_prompt
from rag.read import Reader
from rag.types import Paper
from rag.verify import verify

LEAD = "Pruning removes weights."
PRESENTS = "We propose OWL, which sets a sparsity for each layer."
GAIN = "It gains 61.22 points."
OWL = make_paper("OWL: A Missing Secret", f"{LEAD} {PRESENTS} {GAIN}")
OWN = "OWL sets a sparsity ratio for each layer."
WRONG = "OWL gains 75 points."


def reader(model: ScriptedModel) -> Reader:
    prompt = load_prompt(shipped("prompts") / "read.md")
    return Reader(model=model, prompt=prompt, verify=verify, max_tokens=96, max_seconds=60)


def summary(*said: str, paper: Paper = OWL) -> Summary:
    """Vouch's summary by a model that says this; by none where nothing is given."""
    return summarise(paper, reader=reader(ScriptedModel(said)) if said else None, embedder=WordEmbedder())


def articles(count: int) -> tuple[Article, ...]:
    papers = (make_paper(f"Paper {number}", f"{LEAD} {PRESENTS} {GAIN}") for number in range(count))
    return tuple(Article(paper, ("OWL sets sparsity.", "A rule for layers.")) for paper in papers)


def said(text: str, origin: str = "model") -> Any:
    """A collaborator that says the same of every paper."""
    return lambda paper: Summary(text, origin, PRESENTS)


def write(path: Path, *lines: Any) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def line(**changes: Any) -> dict[str, Any]:
    return {"id": "x", "title": "A title", "text": "A text.", "targets": ["A summary."]} | changes


# Reading


def test_both_layouts_are_read(tmp_path):
    path = write(
        tmp_path / "articles.jsonl",
        line(id="a", title=" One ", targets=["First. ", "", "Second."], oracle=[0]),
        "",
        {"title": "Two", "sentences": ["It is. ", " ", "It was.\n"], "targets": ["Short."]},
        line(id=0, sentences=["Not this."]),
    )
    found = read_articles(path)
    assert [(each.paper.id, each.paper.title, each.paper.abstract, each.targets) for each in found] == [
        ("a", "One", "A text.", ("First.", "Second.")),
        ("3", "Two", "It is. It was.", ("Short.",)),
        ("0", "A title", "A text.", ("A summary.",)),
    ]


@pytest.mark.parametrize(
    ("bad", "wrong"),
    [
        pytest.param("{", "Expecting", id="not JSON"),
        pytest.param("[]", "not an object", id="not an object"),
        pytest.param("[" * 100_000, "recursion", id="nested without end"),
        pytest.param(line(), "'x' is used twice", id="the same id"),
        pytest.param(line(id="y", title=None), "title is not", id="no title"),
        pytest.param(line(id="y", title=" \u200b"), "title is not", id="a title that nobody sees"),
        pytest.param({"title": "A", "targets": ["B"]}, "sentences is not", id="no text"),
        pytest.param(line(id="y", text="\u200b"), "text is not", id="a text that nobody sees"),
        pytest.param(line(id="y", text=["A"]), "text is not", id="text a list"),
        pytest.param(
            line(id="y", text=None, sentences=["", " "]), "sentences holds no", id="blank sentences"
        ),
        pytest.param(line(id="y", targets="A"), "targets is not a list", id="targets a text"),
        pytest.param(line(id="y", targets=["A", 1]), "targets is not a list", id="targets not texts"),
        pytest.param(line(id="y", targets=[" "]), "targets holds no", id="blank targets"),
    ],
)
def test_a_bad_line_is_named(tmp_path, bad, wrong):
    path = write(tmp_path / "articles.jsonl", line(), "", bad)
    with pytest.raises(UsageError) as caught:
        read_articles(path)
    assert caught.value.message.startswith(f"{path}:3: ")
    assert wrong in caught.value.message
    assert "targets" in caught.value.hint


@pytest.mark.parametrize(
    "content", [None, b"", b"\n \n", b"\xff\xfe"], ids=["missing", "empty", "blank", "binary"]
)
def test_a_file_without_articles_is_refused(tmp_path, content):
    path = tmp_path / "articles.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"articles\.jsonl (holds nothing|is not UTF-8|cannot be read)"):
        read_articles(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
FIELDS = ["id", "title", "text", "sentences", "targets"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.sampled_from(FIELDS), json_values).map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries({"title": st.text(), "text": st.text(), "targets": st.lists(st.text())}).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_any_bytes_are_articles_that_can_be_summed_up_or_a_clear_error(tmp_path, content):
    path = tmp_path / "articles.jsonl"
    path.write_bytes(content)
    try:
        outcome = read_articles(path)
    except UsageError as error:
        outcome = error
    if isinstance(outcome, UsageError):
        assert str(path) in outcome.message
        assert outcome.hint
    else:
        rows = run_summaries(outcome, partial(summarise, reader=None, embedder=WordEmbedder())).rows
        abstracts = [article.paper.abstract for article in outcome]
        assert all(row.summary in abstract for row, abstract in zip(rows, abstracts, strict=True))


# One sentence


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("the model's own", OWN, Summary(OWN, "model", PRESENTS)),
        ("its first", f"{OWN} {GAIN}", Summary(OWN, "model", PRESENTS)),
        ("its first that the verifier passes", f"{WRONG} {OWN}", Summary(OWN, "model", PRESENTS)),
        ("rejected", WRONG, Summary(PRESENTS, "quote", PRESENTS)),
        ("nothing said", " ", Summary(PRESENTS, "quote", PRESENTS)),
    ],
)
def test_the_models_first_verified_sentence_or_the_best_quote(name, answer, expected):
    assert summary(answer) == expected, name


def test_without_a_model_the_best_quote_is_the_summary():
    assert summary() == Summary(PRESENTS, "quote", PRESENTS)


def test_the_model_reads_the_paper_and_the_question():
    model = ScriptedModel([OWN])
    summarise(OWL, reader=reader(model), embedder=WordEmbedder())
    (prompt,) = model.prompts
    assert all(part in prompt for part in (OWL.title, OWL.abstract, QUESTION))


def test_the_model_is_stopped_when_its_sentence_is_there():
    model = ScriptedModel([f"{OWN} {GAIN} {GAIN}"])
    assert summarise(OWL, reader=reader(model), embedder=WordEmbedder()).text == OWN
    assert model.cancelled == 1


@pytest.mark.parametrize(
    "presents",
    [
        "We propose OWL.",
        "We also introduce a rule.",
        "Here we ask for more.",
        "In this paper, owls are counted.",
        "This work presents owls.",
        "Our paper analyses owls.",
        "This study explores owls.",
    ],
)
def test_the_first_sentence_that_says_what_the_paper_does_is_the_best_quote(presents):
    paper = make_paper("Owls", f"One short sentence does this paper. {presents} We present more.")
    assert summary(paper=paper).text == presents


@pytest.mark.parametrize(
    "silent", ["Weights propose themselves.", "We went home.", "Weapons present a risk."]
)
def test_else_the_sentences_are_ranked_as_for_any_question(silent):
    asked = "One short sentence is the answer."
    passage = as_passage(make_paper("Owls", f"{silent} {asked} Gain."), WordEmbedder())
    assert passage.sentences[0].text == asked
    scores = [sentence.score for sentence in passage.sentences]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score < 1 for score in scores)


def test_a_passage_holds_all_sentences_as_they_stand_in_the_abstract():
    passage = as_passage(OWL, WordEmbedder())
    assert {sentence.text for sentence in passage.sentences} == {LEAD, PRESENTS, GAIN}
    assert all(OWL.abstract[each.start : each.end] == each.text for each in passage.sentences)


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
    way = partial(summarise, reader=reader(ScriptedModel(lambda prompt: OWN)), embedder=WordEmbedder())
    first, second = (without_seconds(run_summaries(articles(3), way)) for _ in range(2))
    assert first == second
    assert (first["suite"], first["question"], first["articles"]) == ("summaries", QUESTION, 3)
    assert (first["supported"], first["from_model"], first["quoted"]) == (1, 1, 0)
    assert first["rows"][0]["summary"] == OWN
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
