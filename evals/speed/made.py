"""A shelf of made vectors of any size, kept on disk: filling a large one takes hours, searching it minutes.

Each vector is a real chunk's, moved by as much as two sentences of one abstract lie apart, so that they
lie in clusters as real ones do; other shelves may cluster otherwise. Ids and metadata are as long as real
ones, and a paper has as many sentences. A shelf's folder is named by all that it depends on. A fill that
was interrupted goes on with the first vectors that were not written; the vectors lie in a file beside
Chroma's, so that no more of them than the batch that is being written need be in memory.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.config import Settings
from rag.protocols import Vectors, VectorStore
from rag.types import Chunk, ChunkKind
from rag.vectors import HNSW
from rag.wiring import open_vectors

KIND: ChunkKind = "sentence"
# Vectors handed over at once, and the cosine of a made vector with the real one that it comes from.
BATCH = 5_000
NEARNESS = 0.6
SENTENCES_OF_A_PAPER = 8
SEED = 7
FOLDER = "bench"
# Chroma writes the whole index to disk after so many vectors: while filling, more seldom than on a shelf.
SYNC_WHILE_FILLING = 50_000
SYNC_AT_LAST = 1_000


@dataclass(frozen=True, slots=True)
class MadeShelf:
    """A folder of so many made vectors; those that are not there yet come with `fill`."""

    folder: Path
    size: int

    @property
    def filled(self) -> int:
        """How many are in the store."""
        return int(self._record().get("filled", 0))

    @property
    def fill_seconds(self) -> float:
        """What all runs of `fill` took together."""
        return self._record().get("seconds", 0.0)

    @property
    def disk_mb(self) -> float:
        """What Chroma's files take."""
        return sum(path.stat().st_size for path in self._home.rglob("*") if path.is_file()) / 1e6

    def open(self, settings: Settings) -> VectorStore:
        return open_vectors(settings.model_copy(update={"home": self._home, "chroma_server": ""}))

    def vectors(self) -> Vectors:
        """All of them, in their order, mapped from the file; shape (size, dimension)."""
        found: Vectors = np.load(self._file, mmap_mode="r")
        return found

    def fill(self, settings: Settings, real: Vectors, progress: Callable[[int], None]) -> None:
        """Write what is missing. `real` are the vectors of which they are made."""
        if self.filled == self.size:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        shape = (self.size, real.shape[1])
        mode = "r+" if self.filled else "w+"
        kept = np.lib.format.open_memmap(self._file, mode=mode, dtype=np.float32, shape=shape)
        if not self.filled:
            shutil.rmtree(self._home, ignore_errors=True)
            with closing(self.open(settings)) as store:
                store.reset(self.folder.name)
        synced_after(self._home / "vectors", SYNC_WHILE_FILLING)
        last = (self.size - 1) // BATCH * BATCH
        self._fill(settings, real, kept, last, progress)
        # The last batch is written as a shelf's would be, so that no more than that is left unwritten.
        synced_after(self._home / "vectors", SYNC_AT_LAST)
        self._fill(settings, real, kept, self.size, progress)

    def _fill(
        self, settings: Settings, real: Vectors, kept: Vectors, end: int, progress: Callable[[int], None]
    ) -> None:
        """Up to so many. What is told of is written, also where `progress` interrupts."""
        with closing(self.open(settings)) as store:
            for start in range(self.filled, end, BATCH):
                count = min(BATCH, end - start)
                began = time.perf_counter()
                batch = made_vectors(real, count, seed=SEED + 1 + start)
                kept[start : start + count] = batch
                store.upsert([_chunk(start + row) for row in range(count)], batch)
                self._write(start + count, self.fill_seconds + time.perf_counter() - began)
                progress(start + count)

    def delete(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _home(self) -> Path:
        return self.folder / "shelf"

    @property
    def _file(self) -> Path:
        return self.folder / "vectors.npy"

    def _record(self) -> dict[str, float]:
        try:
            found: dict[str, float] = json.loads((self.folder / "filled.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _write(self, filled: int, took: float) -> None:
        """Either the old record or the new one is there, whatever interrupts."""
        partial = self.folder / "filled.partial"
        partial.write_text(json.dumps({"filled": filled, "seconds": took}), "utf-8")
        partial.replace(self.folder / "filled.json")


def made_shelf(settings: Settings, size: int, *, made_from: str) -> MadeShelf:
    """The shelf of so many vectors; `made_from` stands for the real ones."""
    chroma = importlib.metadata.version("chromadb")
    depends = f"{made_from} {chroma} {sorted(HNSW.items())} {NEARNESS} {SEED} {BATCH} {SENTENCES_OF_A_PAPER}"
    digest = hashlib.sha256(depends.encode()).hexdigest()[:12]
    return MadeShelf(settings.cache / FOLDER / f"made-{size}-{digest}", size)


def made_vectors(real: Vectors, count: int, *, seed: int) -> Vectors:
    """Unit vectors, each near one of the real ones; shape (count, dimension)."""
    random = np.random.default_rng(seed)
    centres = real[random.integers(len(real), size=count)]
    noise = random.standard_normal(centres.shape, dtype=np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    moved = NEARNESS * centres + np.float32(np.sqrt(1 - NEARNESS**2)) * noise
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)


def chunk_id(place: int) -> str:
    return f"{place:024x}"


def paper_id(place: int) -> str:
    return f"{place // SENTENCES_OF_A_PAPER:012x}"


def synced_after(folder: Path, vectors: int) -> None:
    """Have Chroma write the index in this folder to disk whenever so many vectors are new."""
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    client = chromadb.PersistentClient(path=str(folder), settings=ChromaSettings(anonymized_telemetry=False))
    try:
        collection = client.get_collection(KIND, embedding_function=None)
        with warnings.catch_warnings():  # Chroma reads that the collection has no embedding function as old
            warnings.simplefilter("ignore", DeprecationWarning)
            collection.modify(configuration={"hnsw": {"sync_threshold": vectors}})
    finally:
        client.close()


def _chunk(place: int) -> Chunk:
    return Chunk(chunk_id(place), paper_id(place), KIND, 0, 0, "")
