"""The vector search as the shelf grows: its time and what it finds, against the exact search.

Beyond the real data the vectors are made: each is a real chunk's, moved by as much as two sentences of
one abstract lie apart, so that they lie in clusters as real ones do. Ids and metadata are as long as
real ones. Other shelves may cluster otherwise.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.approximate import NEAREST, recall_at_nearest
from evals.speed.figures import Figure
from evals.speed.ground import Ground, spread_over
from rag.protocols import Vectors, VectorStore
from rag.types import Chunk, ChunkKind
from rag.wiring import open_vectors

PART = "retrieval"
KIND: ChunkKind = "sentence"
QUERIES = 100
# Vectors handed over at once, and the cosine of a made vector with the real one that it comes from.
BATCH = 5_000
NEARNESS = 0.6
SEED = 7
LIMIT_MS = 100.0


@dataclass(frozen=True, slots=True)
class Searched:
    """What one size of shelf gave: milliseconds of each query, ours and exact, and what was found."""

    chunks: int
    ours: tuple[float, ...]
    exact: tuple[float, ...]
    recall: float
    build_s: float
    disk_mb: float


def made_vectors(real: Vectors, count: int, *, seed: int) -> Vectors:
    """Unit vectors, each near one of the real ones; shape (count, dimension)."""
    random = np.random.default_rng(seed)
    centres = real[random.integers(len(real), size=count)]
    noise = random.standard_normal(centres.shape, dtype=np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    moved = NEARNESS * centres + np.float32(np.sqrt(1 - NEARNESS**2)) * noise
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)


def searches(ground: Ground) -> list[Searched]:
    """Each size, smallest first, in a store of its own."""
    shelf = open_vectors(ground.settings)
    real = np.stack(list(shelf.vectors_of(sorted(shelf.ids()), kind=KIND).values()))
    return [_searched(ground, real, size) for size in sorted(ground.sizes)]


def search_figures(found: list[Searched]) -> list[Figure]:
    """p50 and p95 against exact search, recall against it, p95 against the limit."""
    figures = []
    for each in found:
        size = f"{each.chunks:,} chunks"
        for share, name in ((0.5, "p50"), (0.95, "p95")):
            ours, exact = ((spread_over(times, share),) for times in (each.ours, each.exact))
            figures.append(Figure(PART, f"{name}, {size}", "ms", "less", ours, "exact, numpy", exact))
        last = (spread_over(each.ours, 0.95),)
        figures += [
            Figure(PART, f"p95, {size}", "ms", "less", last, "the limit", (LIMIT_MS,), goal=1),
            Figure(PART, f"recall@{NEAREST}, {size}", "of 1", "more", (each.recall,), "exact", (1.0,), 0.95),
        ]
    return figures


def _searched(ground: Ground, real: Vectors, size: int) -> Searched:
    vectors = made_vectors(real, size, seed=SEED)
    queries = made_vectors(real, QUERIES, seed=SEED + 1)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        store = open_vectors(ground.settings.model_copy(update={"home": Path(folder)}))
        store.reset("made")
        start = time.perf_counter()
        _fill(store, vectors, lambda done: ground.progress(f"{size:,} chunks", done, size))
        built = time.perf_counter() - start
        places = {_id(place): place for place in range(size)}
        ours, exact, recalls = [], [], []
        for query in queries:
            start = time.perf_counter()
            hits = store.search(query, count=NEAREST, kind=KIND)
            between = time.perf_counter()
            similarities = vectors @ query
            np.argpartition(similarities, -NEAREST)
            end = time.perf_counter()
            ours.append(1000 * (between - start))
            exact.append(1000 * (end - between))
            recalls.append(recall_at_nearest([hit.chunk_id for hit in hits], places, similarities))
        disk = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return Searched(size, tuple(ours), tuple(exact), float(np.mean(recalls)), built, disk / 1e6)


def _fill(store: VectorStore, vectors: Vectors, progress: Callable[[int], None]) -> None:
    for start in range(0, len(vectors), BATCH):
        batch = vectors[start : start + BATCH]
        chunks = [Chunk(_id(start + row), f"{start + row:012x}", KIND, 0, 0, "") for row in range(len(batch))]
        store.upsert(chunks, batch)
        progress(start + len(batch))


def _id(place: int) -> str:
    return f"{place:024x}"
