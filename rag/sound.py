"""Whether vectors are those of a library: none lost, none foreign, each found where it should be.

Reads only, and makes no vector anew: that it is its text's is what the fingerprint vouches for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from rag.errors import DamagedError
from rag.library import Library
from rag.protocols import VectorStore
from rag.types import Chunk, ChunkKind

# Chunks of each kind that are looked for by their own vectors.
SPOTS = 20
# How near a vector is to itself, or to its like in another paper, through an approximate index.
SAME = 0.999


def check_vectors(library: Library, vectors: VectorStore) -> None:
    """Raises DamagedError, or whatever the store raises, unless library and vectors hold the same."""
    chunks = library.chunks()
    held, wanted = vectors.ids(), {chunk.id for chunk in chunks}
    if held != wanted:
        raise _wrong(f"{len(wanted - held)} chunks have no vector, {len(held - wanted)} vectors no chunk")
    for kind in get_args(ChunkKind):
        _check_kind([chunk for chunk in chunks if chunk.kind == kind], vectors, kind)


def _check_kind(chunks: Sequence[Chunk], vectors: VectorStore, kind: ChunkKind) -> None:
    stored = vectors.vectors_of([chunk.id for chunk in chunks], kind=kind)
    for chunk in chunks:
        vector = stored.get(chunk.id)
        if vector is None or not 0 < float(np.linalg.norm(vector)) < np.inf:  # nor not a number
            raise _wrong(f"the vector of chunk {chunk.id} is none")
    for chunk in chunks[:: max(1, len(chunks) // SPOTS)]:
        best = vectors.search(stored[chunk.id], count=1, kind=kind)
        if not best or best[0].similarity < SAME:
            raise _wrong(f"a search for chunk {chunk.id} does not find it")


def _wrong(what: str) -> DamagedError:
    return DamagedError(f"The vectors are not the library's: {what}.", hint="Run `vouch ingest --rebuild`.")
