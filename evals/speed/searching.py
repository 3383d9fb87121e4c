"""The vector search as the shelf grows: its time and what it finds, against the exact search."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evals.approximate import NEAREST, recall_at_nearest
from evals.speed.figures import Figure, seconds
from evals.speed.ground import Ground, spread_over
from evals.speed.made import KIND, SEED, MadeShelf, chunk_id, made_shelf, made_vectors, paper_id
from rag.protocols import Vectors, VectorStore
from rag.wiring import open_vectors

PART = "retrieval"
QUERIES = 100
# As many nearest chunks as a question asks for, and papers that a search is held within.
WANTED = 60
WITHIN_PAPERS = 100
LIMIT_MS = 100.0


@dataclass(frozen=True, slots=True)
class Searched:
    """What one size of shelf gave: milliseconds of each query, ours, held within papers and exact, and what
    was found. `open_s` is the first search after opening, which reads the index; `build_s` its filling.
    """

    chunks: int
    ours: tuple[float, ...]
    exact: tuple[float, ...]
    recall: float
    build_s: float
    disk_mb: float
    within: tuple[float, ...] = ()
    open_s: float = 0.0


def searches(ground: Ground) -> Iterator[Searched]:
    """Each size, smallest first, in a store of its own, which is kept for the next run."""
    shelf = open_vectors(ground.settings)
    ids = sorted(shelf.ids())
    made_from = hashlib.sha256(f"{shelf.fingerprint()} {ids}".encode()).hexdigest()
    real = np.stack(list(shelf.vectors_of(ids, kind=KIND).values()))
    for size in sorted(ground.sizes):
        made = made_shelf(ground.settings, size, made_from=made_from)
        made.fill(ground.settings, real, lambda done, size=size: ground.progress(f"{size:,}", done, size))  # type: ignore[misc]
        yield _searched(ground, made, made_vectors(real, QUERIES, seed=SEED))
        if not ground.keep_made:
            made.delete()


def search_figures(found: list[Searched]) -> list[Figure]:
    """p50 and p95 against exact search, recall against it, p95 against the limit."""
    figures = []
    for each in found:
        size = f"{each.chunks:,} chunks"
        for share, name in ((0.5, "p50"), (0.95, "p95")):
            ours, exact = ((spread_over(times, share),) for times in (each.ours, each.exact))
            figures.append(Figure(PART, f"{name}, {size}", "ms", "less", ours, "exact, numpy", exact))
        for times, told in ((each.ours, ""), (each.within, f", within {WITHIN_PAPERS} papers")):
            if times:
                last = (spread_over(times, 0.95),)
                what = f"p95, {size}{told}"
                figures.append(Figure(PART, what, "ms", "less", last, "the limit", (LIMIT_MS,), goal=1))
        recall = (each.recall,)
        figures.append(
            Figure(PART, f"recall@{NEAREST}, {size}", "of 1", "more", recall, "exact", (1.0,), 0.95)
        )
    return figures


def _searched(ground: Ground, made: MadeShelf, queries: Vectors) -> Searched:
    store = made.open(ground.settings)
    vectors = made.vectors()
    opened = seconds(lambda: store.search(queries[0], count=WANTED, kind=KIND))
    np.dot(vectors, queries[0])  # reads the file
    places = {chunk_id(place): place for place in range(made.size)}
    ours, exact, within, recalls = [], [], [], []
    for turn, query in enumerate(queries):
        start = time.perf_counter()
        hits = store.search(query, count=WANTED, kind=KIND)
        between = time.perf_counter()
        similarities = vectors @ query
        np.argpartition(similarities, -WANTED)
        end = time.perf_counter()
        ours.append(1000 * (between - start))
        exact.append(1000 * (end - between))
        within.append(1000 * _held_within(store, query, made.size, turn))
        recalls.append(recall_at_nearest([hit.chunk_id for hit in hits[:NEAREST]], places, similarities))
        ground.progress(f"{made.size:,} searched", turn + 1, len(queries))
    store.close()
    return Searched(
        made.size,
        tuple(ours),
        tuple(exact),
        float(np.mean(recalls)),
        made.fill_seconds,
        made.disk_mb,
        tuple(within),
        opened,
    )


def _held_within(store: VectorStore, query: Vectors, size: int, turn: int) -> float:
    """The seconds of a search in some papers, other ones each turn."""
    places = np.random.default_rng(turn).integers(size, size=WITHIN_PAPERS)
    papers = sorted({paper_id(int(place)) for place in places})
    return seconds(lambda: store.search(query, count=WANTED, kind=KIND, paper_ids=papers))
