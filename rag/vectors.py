"""Chroma adapter: chunk vectors, embedded in the process by default, a server by setting.

One collection for each kind of chunk. Vectors are always passed in: Chroma embeds nothing.
Two processes must not write at once (vectors would be lost without an error): the caller
holds the writer's lock. Knows nothing of papers or questions.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial, wraps
from pathlib import Path
from types import ModuleType
from typing import Any, ParamSpec, TypeVar, get_args

import numpy as np

from rag.errors import LibraryError
from rag.protocols import Vectors
from rag.types import Chunk, ChunkKind, Hit

# Recall of Chroma's HNSW against exact search: ef 50 about 95 %, 100 98 %, 200 99 %.
HNSW = {
    "space": "cosine",
    "ef_construction": 200,
    "ef_search": 200,
    "max_neighbors": 32,
    "sync_threshold": 1000,
}
# Of at most so many papers every chunk is compared: Chroma walks its graph for the few that it may give.
# Of 200,000 chunks those of 10 papers took 30 ms so and 330 ms by the graph, of 100 papers 60 and 165 ms.
FEW_PAPERS = 100
FINGERPRINT = "fingerprint"
# Vectors of each kind that stay in memory: with the default models 30 to 60 MB. A chunk's id comes from
# its content, so that within one fingerprint its vector never changes.
VECTORS_KEPT = 20_000

_SENDS_TRACES = "opentelemetry.exporter.otlp.proto.grpc.trace_exporter"

P = ParamSpec("P")
R = TypeVar("R")


def _told(method: Callable[P, R]) -> Callable[P, R]:
    """The method, with Chroma's many errors (its own, its server's, its storage's) as a LibraryError."""

    @wraps(method)
    def telling(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return method(*arguments, **options)
        except BaseException as error:
            if not _is_fault(error):
                raise
            raise LibraryError(
                f"The vectors cannot be read or written: {error}.",
                hint="Start Vouch again if an ingest ran meanwhile; else run `vouch ingest --rebuild`.",
            ) from error

    return telling


def _is_fault(error: BaseException) -> bool:
    """Whether it is an error, or a panic of Chroma's Rust, which is no Exception."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _chroma() -> Any:
    """The library; where a release of it needs what `_lighter` leaves out, with that."""
    with suppress(ImportError, AttributeError, TypeError), _lighter():
        import chromadb
    import chromadb

    return chromadb


@contextmanager
def _lighter() -> Iterator[None]:
    """Chroma is imported without what takes a third of that: its methods are not compared with those that
    they override, and what would send traces to a server (12 MB) is left out, for it is told of none.
    """
    if "chromadb" in sys.modules:
        yield
        return
    import overrides

    checked = overrides.override
    instead = ModuleType(_SENDS_TRACES)
    instead.OTLPSpanExporter = None  # type: ignore[attr-defined]
    sending = sys.modules.setdefault(_SENDS_TRACES, instead)
    overrides.override = partial(checked, check_signature=False)  # type: ignore[assignment]
    try:
        yield
    finally:
        overrides.override = checked
        if sending is instead:
            del sys.modules[_SENDS_TRACES]


def _of_papers(paper_ids: Sequence[str]) -> dict[str, Any]:
    return {"paper_id": {"$in": list(paper_ids)}}


def _let_go(client: Any, release: Callable[[], None]) -> None:
    with suppress(Exception):
        client.close()
    release()


class ChromaStore:
    """A VectorStore on Chroma."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._open_collections()

    def close(self) -> None:
        """What is written is in the files after this."""
        self._client.close()

    def goes_with(self, release: Callable[[], None]) -> None:
        """When nobody has the store any more, or the process ends, it is closed and `release` called."""
        weakref.finalize(self, _let_go, self._client, release)

    @classmethod
    def open(cls, path: Path, *, server: str = "") -> ChromaStore:
        """The store in the folder `path`, or on `server` (HOST:PORT).

        Raises LibraryError where it cannot be opened.
        """
        chromadb = _chroma()
        settings = chromadb.Settings(anonymized_telemetry=False, chroma_otel_granularity="none")
        try:
            if server:
                host, _, port = server.rpartition(":")
                return cls(chromadb.HttpClient(host=host, port=int(port), settings=settings))
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            return cls(chromadb.PersistentClient(path=str(path), settings=settings))
        except BaseException as error:
            if not _is_fault(error):
                raise
            place, hint = f"The vectors in {path}", "Delete that folder and run `vouch ingest`."
            if server:
                place, hint = f"The Chroma server at {server}", "Start it, or unset VOUCH_CHROMA_SERVER."
            raise LibraryError(f"{place} cannot be opened: {error}.", hint=hint) from error

    @_told
    def fingerprint(self) -> str | None:
        marks = {(collection.metadata or {}).get(FINGERPRINT) for collection in self._collections.values()}
        complete = len(self._collections) == len(get_args(ChunkKind))
        return str(marks.pop()) if complete and len(marks) == 1 and None not in marks else None

    @_told
    def reset(self, fingerprint: str) -> None:
        for kind in self._collections:
            self._client.delete_collection(kind)
        for kind in get_args(ChunkKind):
            self._client.create_collection(
                kind,
                embedding_function=None,
                metadata={FINGERPRINT: fingerprint},
                configuration={"hnsw": HNSW},
            )
        self._open_collections()

    @_told
    def ids(self) -> set[str]:
        return {
            found for collection in self._collections.values() for found in collection.get(include=[])["ids"]
        }

    @_told
    def count(self) -> int:
        return sum(collection.count() for collection in self._collections.values())

    def exercise(self) -> None:
        """Make Chroma read all that it has: every vector, and the index of each kind. Raises LibraryError."""
        self.fingerprint()
        ids = sorted(self.ids())
        for kind in get_args(ChunkKind):
            if held := self.vectors_of(ids, kind=kind):
                self.search(next(iter(held.values())), count=10, kind=kind)
        self.close()

    @_told
    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        for kind, collection in self._collections.items():
            self._kept[kind].clear()
            rows = [row for row, chunk in enumerate(chunks) if chunk.kind == kind]
            for batch in self._batches(rows):
                collection.upsert(
                    ids=[chunks[row].id for row in batch],
                    embeddings=vectors[batch],
                    metadatas=[{"paper_id": chunks[row].paper_id} for row in batch],
                )

    @_told
    def delete(self, chunk_ids: Sequence[str]) -> None:
        for collection in self._collections.values():
            for batch in self._batches(chunk_ids):
                collection.delete(ids=list(batch))
        for kept in self._kept.values():
            kept.clear()

    @_told
    def search(
        self, vector: Vectors, *, count: int, kind: ChunkKind, paper_ids: Sequence[str] | None = None
    ) -> list[Hit]:
        collection = self._collections.get(kind)
        if collection is None or (paper_ids is not None and not paper_ids):
            return []
        if paper_ids is not None and len(paper_ids) <= FEW_PAPERS:
            return self._nearest_of(vector, count, kind, paper_ids)
        where = None if paper_ids is None else _of_papers(paper_ids)
        found = collection.query(
            query_embeddings=vector[np.newaxis, :],
            n_results=max(1, count),  # of fewer it gives all; to count first takes longer the more there are
            where=where,
            include=["metadatas", "distances"],
        )
        rows = zip(found["ids"][0], found["metadatas"][0], found["distances"][0], strict=True)
        return [
            Hit(chunk_id, meta["paper_id"], kind, 1.0 - float(distance)) for chunk_id, meta, distance in rows
        ]

    def _nearest_of(
        self, vector: Vectors, count: int, kind: ChunkKind, paper_ids: Sequence[str]
    ) -> list[Hit]:
        """By the cosine of each of their chunks."""
        found = self._collections[kind].get(where=_of_papers(paper_ids), include=["metadatas"])
        papers = {
            chunk_id: meta["paper_id"]
            for chunk_id, meta in zip(found["ids"], found["metadatas"], strict=True)
        }
        hits = [
            Hit(chunk_id, papers[chunk_id], kind, float(row @ vector))
            for chunk_id, row in self.vectors_of(list(papers), kind=kind).items()
        ]
        return sorted(hits, key=lambda hit: (-hit.similarity, hit.chunk_id))[: max(1, count)]

    @_told
    def vectors_of(self, chunk_ids: Sequence[str], *, kind: ChunkKind) -> Mapping[str, Vectors]:
        kept = self._kept[kind]
        # Read once: another thread may clear what is kept at any time.
        known = {chunk_id: row for chunk_id in chunk_ids if (row := kept.get(chunk_id)) is not None}
        fetched = self._fetched([chunk_id for chunk_id in chunk_ids if chunk_id not in known], kind)
        if len(kept) + len(fetched) > VECTORS_KEPT:
            kept.clear()
        kept.update(fetched)
        return known | fetched

    def _fetched(self, chunk_ids: Sequence[str], kind: ChunkKind) -> dict[str, Vectors]:
        collection = self._collections.get(kind)
        if collection is None:
            return {}
        fetched: dict[str, Vectors] = {}
        for batch in self._batches(chunk_ids):
            found = collection.get(ids=list(batch), include=["embeddings"])
            rows = np.asarray(found["embeddings"], dtype=np.float32)
            fetched.update(zip(found["ids"], rows, strict=True))
        return fetched

    def _batches(self, items: Sequence[Any]) -> list[Sequence[Any]]:
        size = self._client.get_max_batch_size()
        return [items[start : start + size] for start in range(0, len(items), size)]

    def _open_collections(self) -> None:
        self._kept: dict[str, dict[str, Vectors]] = {kind: {} for kind in get_args(ChunkKind)}
        present = {collection.name for collection in self._client.list_collections()}
        self._collections: dict[str, Any] = {
            kind: self._client.get_collection(kind, embedding_function=None)
            for kind in get_args(ChunkKind)
            if kind in present
        }
