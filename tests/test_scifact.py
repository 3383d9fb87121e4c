"""BM25 through the library on SciFact, against the published figure: BENCH_SCIFACT names its folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evals.bench import read_bench
from evals.ranking import ndcg_at
from evals.retrieval import as_page
from rag.library import Library
from rag.words import content_words

# Anserini's reproduction of BEIR's multi-field BM25 on SciFact's test split.
PUBLISHED = 0.679


def test_bm25_is_as_published(tmp_path: Path) -> None:
    folder = os.environ.get("BENCH_SCIFACT")
    if not folder:
        pytest.skip("BENCH_SCIFACT names no folder with SciFact in BEIR layout.")
    bench = read_bench(Path(folder), split="test")
    library = Library.open(tmp_path / "library.sqlite", create=True)
    with library.writing():
        library.put_page(*as_page(bench))
    rankings = {
        query.id: tuple(paper for paper, _ in library.search_text(content_words(query.text), count=10))
        for query in bench.queries
    }
    library.close()
    scores = [ndcg_at(rankings[query.id], query.gains, 10) for query in bench.queries]
    assert sum(scores) / len(scores) == pytest.approx(PUBLISHED, abs=0.01)
