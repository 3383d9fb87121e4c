"""How many of the exact nearest chunks the vector store's search finds.

A store may search approximately, as Chroma's HNSW graph does; the truth is the cosine of the query
with every stored vector. Knows nothing of what is relevant to a query.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.protocols import Embedders, VectorStore
from rag.types import ChunkKind

NEAREST = 10
# Queries that the mean is of; more of them would only take longer.
MOST_QUERIES = 200
# Equal cosines, summed in another order, differ by less.
TOLERANCE = 1e-6


def recall_of_search(
    texts: Sequence[str], *, vectors: VectorStore, embedders: Embedders
) -> dict[ChunkKind, float]:
    """Chunk kind -> mean recall of the NEAREST chunks, over at most MOST_QUERIES of the queries `texts`.

    Holds all vectors of one kind in memory at a time.
    """
    asked = spread(texts, MOST_QUERIES)
    recalls: dict[ChunkKind, float] = {}
    for kind, embedder in embedders.items():
        stored = vectors.vectors_of(sorted(vectors.ids()), kind=kind)
        if not stored or not asked:
            continue
        matrix = np.stack(list(stored.values()))
        places = {chunk_id: place for place, chunk_id in enumerate(stored)}
        found = []
        for text in asked:
            query = embedder.embed_query(text)
            hits = vectors.search(query, count=NEAREST, kind=kind)
            found.append(recall_at_nearest([hit.chunk_id for hit in hits], places, matrix @ query))
        recalls[kind] = sum(found) / len(found)
    return recalls


def recall_at_nearest(
    found: Collection[str], places: Mapping[str, int], similarities: NDArray[np.float32]
) -> float:
    """The share of the NEAREST chunks (of all, where there are fewer) that is among those found.

    `similarities` are of every chunk, `places` say where each one's stands. A chunk as near as the
    last of the nearest is one of them.
    """
    wanted = min(NEAREST, len(similarities))
    last = np.partition(similarities, -wanted)[-wanted]
    near = {
        chunk_id
        for chunk_id in found
        if chunk_id in places and similarities[places[chunk_id]] >= last - TOLERANCE
    }
    return len(near) / wanted


def spread(texts: Sequence[str], most: int) -> list[str]:
    """At most so many of the texts, evenly from first to last."""
    count = min(most, len(texts))
    return [texts[place * len(texts) // count] for place in range(count)]


def sentence(recalls: Mapping[ChunkKind, float]) -> str:
    """What `recall_of_search` found, in words; of nothing, nothing."""
    shares = ", ".join(
        f"{recall:.3f} of the exact nearest {NEAREST} {kind}s" for kind, recall in recalls.items()
    )
    return f"Chroma's search finds {shares}." if shares else ""
