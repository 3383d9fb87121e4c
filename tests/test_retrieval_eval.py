"""The retrieval suite on a corpus of six documents, with fakes that can be followed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fakes import MemoryStore, WordEmbedder, make_page, make_paper

from evals.bench import Bench, Document, Query
from evals.questions import Question
from evals.retrieval import (
    DEPTH,
    MEASURES,
    as_page,
    dense_ranking,
    fuse,
    rank_all,
    run_retrieval,
    run_shelf,
)
from rag.assistant import Assistant
from rag.errors import UsageError
from rag.gazetteer import build_gazetteer
from rag.ingest import ingest
from rag.library import Library
from rag.protocols import one_for_all
from rag.retrieve import retrieve
from rag.types import Plan

SYSTEMS = ("vouch", "bm25", "dense", "fusion")
BENCH = Bench(
    name="birds",
    split="test",
    sha256="1" * 64,
    documents=(
        Document("owl", "Owls", "Owls hunt mice at night. Their flight is silent."),
        Document("lark", "Larks", "Larks sing at dawn over open fields."),
        Document("penguin", "Penguins", "Penguins swim and dive. They cannot fly."),
        Document("swift", "Swifts", "Swifts sleep in the air and seldom land."),
        Document("heron", "Herons", "Herons stand in shallow water and spear fish."),
        Document("crow", "Crows bend wire into hooks", ""),
    ),
    queries=(
        Query("q1", "Which birds hunt mice at night?", {"owl": 1}),
        Query("q2", "dive and swim", {"penguin": 2, "heron": 1}),
        Query("q3", "Crows bend wire", {"crow": 1}),
    ),
    left_out=1,
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library.open(tmp_path / "library.sqlite", create=True)
    yield opened
    opened.close()


def test_every_system_is_measured_on_every_query(library):
    report = run_retrieval(
        BENCH, library=library, vectors=MemoryStore(), embedders=one_for_all(WordEmbedder())
    )
    assert [(score.system, score.measure) for score in report.scores] == [
        (system, measure) for system in SYSTEMS for measure in MEASURES
    ]
    assert [(result.query, result.system) for result in report.results] == [
        (query.id, system) for query in BENCH.queries for system in SYSTEMS
    ]
    for score in report.scores:
        assert 0 <= score.interval[0] <= score.mean <= score.interval[1] <= 1


def test_the_measures_are_of_the_ranking_shown(library):
    """BM25 finds what shares a word: of the second query's two relevant documents only the better one."""
    report = run_retrieval(
        BENCH, library=library, vectors=MemoryStore(), embedders=one_for_all(WordEmbedder())
    )
    found = {result.query: result for result in report.results if result.system == "bm25"}
    assert {query: result.first for query, result in found.items()} == {
        "q1": ("owl",),
        "q2": ("penguin",),
        "q3": ("crow",),
    }
    # DCG 2 of 2 + 1 / log2(3); one of two relevant found, at rank 1.
    assert found["q2"].values == pytest.approx((0.7602, 1, 1 / 2, 1 / 2, 1 / 2, 1 / 2), abs=1e-4)
    means = {score.measure: score.mean for score in report.scores if score.system == "bm25"}
    assert means["recall@100"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert means["MRR@10"] == 1


def test_vouch_is_ranked_by_the_products_own_retrieval(library):
    vectors, embedder = MemoryStore(), WordEmbedder()
    run_retrieval(BENCH, library=library, vectors=vectors, embedders=one_for_all(embedder))
    for query in BENCH.queries:
        shelf = {"library": library, "vectors": vectors, "embedders": one_for_all(embedder)}
        plan = Plan(query.text, kind="paper")
        passages = retrieve(plan, count=DEPTH, **shelf)
        assert rank_all(plan, query.text, **shelf)["vouch"] == tuple(passage.paper.id for passage in passages)


def test_a_document_of_a_title_alone_can_be_found_by_its_vector(library):
    vectors, embedder = MemoryStore(), WordEmbedder()
    run_retrieval(BENCH, library=library, vectors=vectors, embedders=one_for_all(embedder))
    assert (
        dense_ranking("Crows bend wire into hooks", vectors=vectors, embedders=one_for_all(embedder))[0]
        == "crow"
    )


def test_dense_ranks_a_hundred_documents_though_one_has_the_best_hundred_windows(library):
    long = make_paper("Owls", "The owl hunts. " * 2000)
    short = [make_paper(f"Larks {number}", "Larks sing at dawn.") for number in range(DEPTH + 20)]
    vectors, embedder = MemoryStore(), WordEmbedder(max_pieces=70)
    ingest([make_page(long, *short)], library=library, vectors=vectors, embedders=one_for_all(embedder))
    question = "Which owl hunts?"
    nearest = vectors.search(embedder.embed_query(question), count=DEPTH, kind="window")
    assert {hit.paper_id for hit in nearest} == {long.id}
    ranking = dense_ranking(question, vectors=vectors, embedders=one_for_all(embedder))
    assert ranking[0] == long.id
    assert len(set(ranking)) == len(ranking) == DEPTH


def test_fusion_by_hand():
    """Twice third, 2/63, is more than once first, 1/61; equals by id."""
    assert fuse([("a", "x", "b"), ("c", "y", "b")]) == ("b", "a", "c", "x", "y")
    assert fuse([("z",), ("y",)]) == ("y", "z")
    assert fuse([(), ()]) == ()


def test_a_second_run_embeds_nothing_and_gives_the_same(library):
    vectors, embedder = MemoryStore(), WordEmbedder()
    first = run_retrieval(BENCH, library=library, vectors=vectors, embedders=one_for_all(embedder))
    embedder.embedded.clear()
    assert run_retrieval(BENCH, library=library, vectors=vectors, embedders=one_for_all(embedder)) == first
    assert embedder.embedded == []


def test_a_library_with_other_papers_is_left_alone(library):
    vectors, embedder = MemoryStore(), WordEmbedder()
    ingest([make_page(make_paper())], library=library, vectors=vectors, embedders=one_for_all(embedder))
    with pytest.raises(UsageError, match="other papers than those of birds"):
        run_retrieval(BENCH, library=library, vectors=vectors, embedders=one_for_all(embedder))
    assert library.paper_count() == 1


def test_progress_tells_of_indexing_and_ranking(library):
    told: list[tuple[str, int, int]] = []
    run_retrieval(
        BENCH,
        library=library,
        vectors=MemoryStore(),
        embedders=one_for_all(WordEmbedder()),
        progress=lambda *step: told.append(step),
    )
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["Splitting", "Embedding", "Ranking"]
    assert told[-3:] == [("Ranking", done, 3) for done in (1, 2, 3)]


def test_a_paper_is_its_document():
    page, papers = as_page(BENCH)
    assert (page.seed, page.sha256) == ("birds", BENCH.sha256)
    assert [(paper.id, paper.title) for paper in papers] == [
        (each.id, each.title) for each in BENCH.documents
    ]
    assert [paper.index for paper in papers] == list(range(6))


def test_the_report_is_json_and_a_table(library):
    report = run_retrieval(
        BENCH, library=library, vectors=MemoryStore(), embedders=one_for_all(WordEmbedder())
    )
    record = json.loads(json.dumps(report.record()))
    assert (record["suite"], record["bench"], record["documents"], record["left_out"]) == (
        "retrieval",
        "birds",
        6,
        1,
    )
    assert "results" not in record
    assert record["rows"][1]["values"].keys() == MEASURES.keys()
    assert {(row["query"], row["system"]) for row in record["rows"]} == {
        (query.id, system) for query in BENCH.queries for system in SYSTEMS
    }
    title, blank, header, *rows, after, searched = report.table().split("\n")
    assert (title, blank, after) == ("birds test: 6 documents, 3 queries", "", "")
    # The fake store searches exactly.
    assert record["approximate"] == {"window": 1, "sentence": 1}
    assert searched == (
        "Chroma's search finds 1.000 of the exact nearest 10 windows, "
        "1.000 of the exact nearest 10 sentences."
    )
    assert header.split() == list(SYSTEMS)
    assert [row.split()[0] for row in rows] == list(MEASURES)
    assert len({len(line) for line in (header, *rows)}) == 1


# The shelf's own questions

ASKED = (
    Question("owl", "fact", ("Which birds hunt mice at night?",), ("owls",), (("night",),)),
    Question("both", "several", ("Which birds swim, and which sing?",), ("Penguins", "Larks")),
    Question("crow", "method", ("How do crows bend wire?",), ("Crows bend wire into hooks",)),
    # left out: a conversation, records, what nothing answers, what names no paper
    Question("talk", "followup", ("Which birds hunt?", "And when?"), ("Owls",)),
    Question("count", "metadata", ("How many papers are there on larks?",), ("Larks",), (("1",),)),
    Question("none", "not_on_shelf", ("Which bread rises?",)),
    Question("false", "false_premise", ("Why do larks dive?",), ("Larks",), (("sing",),)),
    Question("records", "metadata", ("How many papers are there?",), (), (("6",),)),
)


def tiny_assistant(library, vectors, embedder):
    return Assistant(
        library=library,
        vectors=vectors,
        embedders=one_for_all(embedder),
        gazetteer=build_gazetteer(library.papers(), lambda word: True),
        reader=lambda: None,
        papers_read=3,
        relevance_floor=0.25,
    )


@pytest.fixture
def assistant(library):
    vectors, embedder = MemoryStore(), WordEmbedder()
    run_retrieval(BENCH, library=library, vectors=vectors, embedders=one_for_all(embedder))
    return tiny_assistant(library, vectors, embedder)


def test_the_shelfs_questions_are_measured_together_and_by_kind(assistant):
    report = run_shelf(ASKED, assistant, split="dev")
    assert (report.bench, report.split, report.documents, report.queries, report.left_out) == (
        *("shelf", "dev", 6, 3, 5),
    )
    groups = dict.fromkeys((score.group, score.queries) for score in report.scores)
    assert list(groups) == [("all", 3), ("fact", 1), ("several", 1), ("method", 1)]
    assert len(report.scores) == 4 * len(SYSTEMS) * len(MEASURES)
    assert [(result.query, result.group, result.system) for result in report.results] == [
        (query, group, system)
        for query, group in (("owl", "fact"), ("both", "several"), ("crow", "method"))
        for system in SYSTEMS
    ]


def test_the_shelfs_measures_by_hand(assistant):
    """BM25 finds each paper first; of two wanted, both among the first two: all measures are 1."""
    report = run_shelf(ASKED, assistant)
    means = {(score.group, score.measure): score.mean for score in report.scores if score.system == "bm25"}
    assert means["all", "MRR@10"] == means["several", "MAP"] == means["fact", "nDCG@10"] == 1
    first = {result.query: result.first for result in report.results if result.system == "bm25"}
    assert (first["owl"], set(first["both"]), first["crow"][0]) == (("owl",), {"penguin", "lark"}, "crow")


def test_vouch_alone_reads_what_a_question_is_restricted_to(library):
    """Of two papers that say the same, the year that the question names leaves one."""
    vectors, embedder = MemoryStore(), WordEmbedder()
    owls = [
        make_paper(f"Owls {word}", "Owls hunt mice.", published=date(year, 5, 1))
        for word, year in (("early", 2022), ("late", 2024))
    ]
    ingest([make_page(*owls)], library=library, vectors=vectors, embedders=one_for_all(embedder))
    asked = [Question("late", "fact", ("What do owls hunt in papers from 2024?",), ("Owls late",))]
    report = run_shelf(asked, tiny_assistant(library, vectors, embedder))
    first = {result.system: set(result.first) for result in report.results}
    assert first["vouch"] == {owls[1].id}
    assert first["bm25"] == first["dense"] == {paper.id for paper in owls}


def test_the_shelfs_table_has_a_block_a_group(assistant):
    title, *blocks, searched = run_shelf(ASKED, assistant).table().split("\n\n")
    assert searched.startswith("Chroma's search finds 1.000 of")
    assert title == "shelf: 6 documents, 3 queries"
    assert [block.split("  ")[0].strip() for block in blocks] == ["", "fact (1)", "several (1)", "method (1)"]


def test_questions_that_name_no_paper_are_refused(assistant):
    with pytest.raises(UsageError, match="No question names its papers"):
        run_shelf(ASKED[3:], assistant)
