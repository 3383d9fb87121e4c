"""Approximate search against exact: by hand, and with a store that overlooks what it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from fakes import MemoryStore, WordEmbedder

from evals.approximate import (
    MOST_QUERIES,
    TOLERANCE,
    recall_at_nearest,
    recall_of_search,
    sentence,
    spread,
)
from rag.protocols import Embedders, one_for_all
from rag.types import Chunk
from rag.vectors import ChromaStore

WORDS = [f"word{number}" for number in range(40)]
PAPERS = [f"p{number}" for number in range(len(WORDS))]


def places(count: int) -> dict[str, int]:
    return {f"c{place}": place for place in range(count)}


def chunks_found(*numbers: int) -> list[str]:
    return [f"c{number}" for number in numbers]


@dataclass
class ForgetfulStore(MemoryStore):
    """Searches exactly, but never finds the chunks that it was told to forget. Counts what it is asked."""

    forgotten: frozenset[str] = frozenset()
    searches: int = 0
    fetched: list[int] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def search(self, vector, *, count, kind, paper_ids=None):
        self.searches += 1
        hits = super().search(vector, count=count + len(self.forgotten), kind=kind, paper_ids=paper_ids)
        return [hit for hit in hits if hit.chunk_id not in self.forgotten][:count]

    def vectors_of(self, chunk_ids, *, kind):
        self.fetched.append(len(chunk_ids))
        return super().vectors_of(chunk_ids, kind=kind)


def filled(store: MemoryStore | ChromaStore, embedder: WordEmbedder) -> None:
    """A sentence a paper; the first 15 share more and more words with `word0`, so that none are equal."""
    texts = ["word0 " * (15 - number) + word for number, word in enumerate(WORDS[:15])] + WORDS[15:]
    chunks = [
        Chunk(f"c{number}", PAPERS[number], "sentence", 0, 1, text) for number, text in enumerate(texts)
    ]
    store.reset("mark")
    store.upsert(chunks, embedder.embed_documents(texts))


# One query


def test_recall_by_hand():
    """Of twelve chunks the last ten are nearest; eight of them were found, and two that are not."""
    similarities = np.linspace(0, 1, 12, dtype=np.float32)
    found = chunks_found(11, 10, 9, 8, 7, 6, 5, 4, 1, 0)
    assert recall_at_nearest(found, places(12), similarities) == 8 / 10
    assert recall_at_nearest(chunks_found(*range(2, 12)), places(12), similarities) == 1
    assert recall_at_nearest([], places(12), similarities) == 0


def test_of_fewer_chunks_all_are_wanted():
    similarities = np.array([0.1, 0.9, 0.5], np.float32)
    assert recall_at_nearest(chunks_found(1, 2), places(3), similarities) == pytest.approx(2 / 3)


def test_equals_of_the_last_are_no_loss():
    """Nine are nearer, five share the tenth place: any of them will do, but each only once."""
    similarities = np.array([0.9] * 9 + [0.5, 0.5, 0.5 - TOLERANCE / 2, 0.5, 0.5, 0.4], np.float32)
    recalls = {
        tenth: recall_at_nearest(chunks_found(*range(9), tenth), places(15), similarities)
        for tenth in (0, *range(9, 15))
    }
    assert recalls == {0: 9 / 10, 9: 1, 10: 1, 11: 1, 12: 1, 13: 1, 14: 9 / 10}


def test_a_chunk_that_is_not_stored_is_not_near():
    assert recall_at_nearest(["c0", "gone"], places(2), np.array([0.9, 0.8], np.float32)) == 1 / 2


# A run


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder(dimension=4096)


@pytest.mark.parametrize(("forgotten", "recall"), [([], 1.0), ([3], 0.9), ([0, 3, 9], 0.7), ([10, 20], 1.0)])
def test_what_a_search_overlooks_among_the_nearest_ten_is_lost(embedder, forgotten, recall):
    store = ForgetfulStore(forgotten=frozenset(chunks_found(*forgotten)))
    filled(store, embedder)
    found = recall_of_search(["word0"], vectors=store, embedders=one_for_all(embedder))
    assert found == {"sentence": pytest.approx(recall)}


def test_the_recall_is_the_mean_of_the_queries(embedder):
    """Of the second query only the chunk that says it is near; it is found, and the rest are equals."""
    store = ForgetfulStore(forgotten=frozenset(chunks_found(3)))
    filled(store, embedder)
    found = recall_of_search(["word0", "word30"], vectors=store, embedders=one_for_all(embedder))
    assert found == {"sentence": pytest.approx((0.9 + 1) / 2)}


def test_each_kind_is_asked_in_its_own_space(embedder):
    """Windows of another dimension than the sentences."""
    windows, store = WordEmbedder(dimension=512), MemoryStore()
    filled(store, embedder)
    text = WORDS[0]
    store.upsert([Chunk("w0", PAPERS[0], "window", 0, 1, text)], windows.embed_documents([text]))
    embedders: Embedders = {"window": windows, "sentence": embedder}
    assert recall_of_search(["word0"], vectors=store, embedders=embedders) == {
        "window": 1,
        "sentence": 1,
    }


def test_vectors_are_fetched_once_a_run_and_queries_are_limited(embedder):
    store = ForgetfulStore()
    filled(store, embedder)
    recall_of_search(["word0", "word1"] * MOST_QUERIES, vectors=store, embedders=one_for_all(embedder))
    assert store.searches == MOST_QUERIES
    assert store.fetched == [len(WORDS)] * 2  # for each kind


def test_where_nothing_is_stored_or_asked_nothing_is_told(embedder):
    store = MemoryStore()
    assert recall_of_search(["word0"], vectors=store, embedders=one_for_all(embedder)) == {}
    filled(store, embedder)
    assert recall_of_search([], vectors=store, embedders=one_for_all(embedder)) == {}


def test_chroma_finds_the_nearest_of_a_small_store(embedder, tmp_path: Path):
    store = ChromaStore.open(tmp_path / "vectors")
    filled(store, embedder)
    found = recall_of_search(["word0", "word30"], vectors=store, embedders=one_for_all(embedder))
    assert found == {"sentence": 1.0}


@pytest.mark.parametrize(
    ("count", "most", "chosen"),
    [(0, 3, []), (2, 3, [0, 1]), (3, 3, [0, 1, 2]), (7, 3, [0, 2, 4]), (400, 4, [0, 100, 200, 300])],
)
def test_texts_are_spread_evenly(count, most, chosen):
    assert spread([str(place) for place in range(count)], most) == [str(place) for place in chosen]


def test_the_sentence_tells_each_kind_to_three_places():
    assert sentence({"window": 0.99762, "sentence": 1.0}) == (
        "Chroma's search finds 0.998 of the exact nearest 10 windows, "
        "1.000 of the exact nearest 10 sentences."
    )
    assert sentence({}) == ""
