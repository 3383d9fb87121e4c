"""The seams: what the pipelines need of an embedder, a vector store and a language model.

An adapter implements one of these with one heavy library; tests implement them with small
honest programs. Contract tests run on both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from rag.types import Chunk, ChunkKind, Hit, Segment, Usage

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Texts to unit vectors, and the limit that the texts must keep."""

    @property
    def name(self) -> str:
        """What made the vectors: model and a hash of its weights."""
        ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_pieces(self) -> int:
        """Most word pieces of a text that are read; the rest would be lost."""
        ...

    def piece_spans(self, text: str) -> list[tuple[int, int]]:
        """The character span of each word piece of `text`, in order, special tokens left out.

        A character that is taken apart, such as a Hangul syllable, is the span of several pieces.
        """
        ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension)."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """One unit vector, shape (dimension,)."""
        ...


Embedders = Mapping[ChunkKind, Embedder]
"""Who embeds the chunks of each kind."""


def one_for_all(embedder: Embedder) -> Embedders:
    """The same embedder for chunks of every kind."""
    return dict.fromkeys(get_args(ChunkKind), embedder)


def embedder_names(embedders: Embedders) -> str:
    """What made the vectors: each embedder's name once."""
    return " + ".join(dict.fromkeys(embedders[kind].name for kind in get_args(ChunkKind)))


class VectorStore(Protocol):
    """Chunk vectors, searched by cosine; each kind has its own space."""

    def fingerprint(self) -> str | None:
        """What the stored vectors were made by; None where nothing is stored."""
        ...

    def reset(self, fingerprint: str) -> None:
        """Drop all vectors and start anew under `fingerprint`."""
        ...

    def ids(self) -> set[str]: ...

    def count(self) -> int: ...

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors) -> None: ...

    def delete(self, chunk_ids: Sequence[str]) -> None: ...

    def search(
        self, vector: Vectors, *, count: int, kind: ChunkKind, paper_ids: Sequence[str] | None = None
    ) -> list[Hit]:
        """The `count` nearest chunks of one kind, nearest first; only of `paper_ids` if given."""
        ...

    def vectors_of(self, chunk_ids: Sequence[str], *, kind: ChunkKind) -> Mapping[str, Vectors]:
        """Chunk id to vector, for those of these chunks that are stored and of this kind."""
        ...

    def close(self) -> None:
        """What was written is kept; the store is not used after this."""
        ...


class LanguageModel(Protocol):
    """Token segments in, text out."""

    @property
    def name(self) -> str: ...

    @property
    def chat_format(self) -> str:
        """A key of `rag.prompt.CHAT_FORMATS`."""
        ...

    @property
    def device(self) -> str:
        """Where it runs, for people: `CPU, 2 threads`."""
        ...

    @property
    def context_tokens(self) -> int: ...

    def count_tokens(self, text: str) -> int: ...

    def generate(
        self,
        segments: Sequence[Segment],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        max_seconds: float | None = None,
        on_usage: Callable[[Usage], None] | None = None,
    ) -> Generator[str, None, None]:
        """Greedy text, piece by piece. Closing the iterator cancels, during prefill too.

        Ends at an end-of-turn token, a `stop` string (not yielded), `max_tokens`, or
        `max_seconds`. `on_usage` is called once, at the end. Raises ModelError when the
        prompt does not fit in the context.
        """
        ...

    def prepare(self, segments: Sequence[Segment]) -> bool:
        """Read all but the last part of a prompt ahead; whether `generate` will find it read.

        A generation that is asked for meanwhile and begins otherwise, or `interrupt`, ends it at once:
        then, and where no more can be kept, False. Where nothing is kept, the next generation alone
        finds it read.
        """
        ...

    def cancel(self) -> None:
        """Stop what `generate` writes or reads now, from any thread: it ends with a ModelError."""
        ...

    def interrupt(self) -> None:
        """End what `prepare` does, from any thread. Nothing else is touched."""
        ...

    def close(self) -> None: ...
