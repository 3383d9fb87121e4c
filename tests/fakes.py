"""Small honest programs in the place of heavy ones, and builders of papers and pages.

    WordEmbedder   an Embedder: a text is the bag of its words, hashed
    MemoryStore    a VectorStore: exact search over a dict
    ScriptedModel  a LanguageModel: says what it was told to say, word by word

The contract tests (test_vectors.py, test_embed.py) run on these and on the real ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from rag.errors import ModelError
from rag.pages import paper_id
from rag.protocols import Vectors
from rag.types import Chunk, ChunkKind, Control, Hit, Page, Paper, Profile, Segment, Usage

_PIECE = re.compile(r"\w+|[^\w\s]")


@dataclass
class WordEmbedder:
    """Texts that share words are near each other. `embedded` keeps every text it was given to index."""

    name: str = "words@1"
    dimension: int = 64
    max_pieces: int = 254
    embedded: list[str] = field(default_factory=list)

    def piece_spans(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in _PIECE.finditer(text)]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, self.dimension)

    def embed_query(self, text: str) -> Vectors:
        return self._vector(text)

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, np.float32)
        for start, end in self.piece_spans(text)[: self.max_pieces]:
            digest = hashlib.sha256(text[start:end].lower().encode("utf-8", "surrogatepass")).digest()
            vector[int.from_bytes(digest[:4], "big") % self.dimension] += 1
        if not vector.any():
            vector[0] = 1
        return vector / np.linalg.norm(vector)


class MemoryStore:
    """Chunk vectors in a dict, compared one by one."""

    def __init__(self) -> None:
        self._fingerprint: str | None = None
        self._rows: dict[str, tuple[Chunk, Vectors]] = {}

    def fingerprint(self) -> str | None:
        return self._fingerprint

    def reset(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        self._rows = {}

    def ids(self) -> set[str]:
        return set(self._rows)

    def count(self) -> int:
        return len(self._rows)

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        self._rows |= {chunk.id: (chunk, row) for chunk, row in zip(chunks, vectors, strict=True)}

    def delete(self, chunk_ids: Sequence[str]) -> None:
        for chunk_id in chunk_ids:
            self._rows.pop(chunk_id, None)

    def search(
        self, vector: Vectors, *, count: int, kind: ChunkKind, paper_ids: Sequence[str] | None = None
    ) -> list[Hit]:
        hits = [
            Hit(chunk.id, chunk.paper_id, kind, float(row @ vector))
            for chunk, row in self._rows.values()
            if chunk.kind == kind and (paper_ids is None or chunk.paper_id in paper_ids)
        ]
        return sorted(hits, key=lambda hit: -hit.similarity)[:count]

    def vectors_of(self, chunk_ids: Sequence[str], *, kind: ChunkKind) -> Mapping[str, Vectors]:
        held = (self._rows[chunk_id] for chunk_id in chunk_ids if chunk_id in self._rows)
        return {chunk.id: row for chunk, row in held if chunk.kind == kind}

    def close(self) -> None:
        """Nothing is held open."""


Script = Sequence[str] | Mapping[str, str] | Callable[[str], str]


@dataclass
class ScriptedModel:
    """Says what `script` holds: answers in turn, or the one whose key stands in the prompt, or a function's.

    A word is a token. `prompts` keeps what it read, control tokens as they are spelled, `prepared` what it
    read ahead; `cancelled` counts the answers that were closed before their end.
    """

    script: Script = ()
    name: str = "scripted"
    chat_format: str = "chatml"
    device: str = "CPU, 1 thread"
    context_tokens: int = 4096
    prompts: list[str] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    cancelled: int = 0
    interrupted: int = 0
    closed: bool = False

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def generate(
        self,
        segments: Sequence[Segment],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        max_seconds: float | None = None,
        on_usage: Callable[[Usage], None] | None = None,
    ) -> Generator[str, None, None]:
        """Raises before the first word if it cannot, and tells its usage at the end, as Engine does."""
        prompt = _spelled(segments)
        read = self.count_tokens(prompt)
        if self.closed:
            raise ModelError("The model was closed.", hint="Open it again.")
        if read + max_tokens > self.context_tokens:
            raise ModelError("The prompt does not fit.", hint="Ask a shorter question.")
        self.prompts.append(prompt)
        words = _words_until(self._answer(prompt), stop, max_tokens)
        return self._speak(words, Usage(prompt_tokens=read, output_tokens=len(words)), on_usage)

    def prepare(self, segments: Sequence[Segment]) -> bool:
        self.prepared.append(_spelled(segments))
        return True

    def cancel(self) -> None:
        pass

    def interrupt(self) -> None:
        self.interrupted += 1

    def close(self) -> None:
        self.closed = True

    def _speak(
        self, words: Sequence[str], usage: Usage, on_usage: Callable[[Usage], None] | None
    ) -> Generator[str, None, None]:
        try:
            yield from words
        except GeneratorExit:
            self.cancelled += 1
            raise
        if on_usage:
            on_usage(usage)

    def _answer(self, prompt: str) -> str:
        if callable(self.script):
            return self.script(prompt)
        if isinstance(self.script, Mapping):
            return next(answer for key, answer in self.script.items() if key in prompt)
        return self.script[len(self.prompts) - 1]


def _spelled(segments: Sequence[Segment]) -> str:
    return "".join(part.token if isinstance(part, Control) else part for part in segments)


def _words_until(text: str, stop: Sequence[str], most: int) -> list[str]:
    """The first `most` words before a stop string, each with the white space before it."""
    ends = [text.find(string) for string in stop if string in text]
    return re.findall(r"\s*\S+|\s+", text[: min(ends, default=len(text))])[:most]


def make_paper(
    title: str = "OWL: A Missing Secret",
    abstract: str = "Pruning removes weights. OWL sets a sparsity for each layer. It gains 61.22 points.",
    *,
    authors: Sequence[str] = ("Lu Yin", "You Wu"),
    et_al: bool = False,
    affiliations: Sequence[str] = (),
    category: str | None = "LG",
    published: date | None = date(2023, 10, 8),
    has_code: bool | None = True,
    score: float | None = None,
    seed: str = "page.txt",
    index: int = 0,
    page_author: str = "Lu Yin",
) -> Paper:
    """A paper whose id comes from title and authors, as that of a page does."""
    return Paper(
        id=paper_id(title, authors),
        title=title,
        authors=tuple(authors),
        et_al=et_al,
        affiliations=tuple(affiliations),
        category=category,
        date=published,
        has_code=has_code,
        score=score,
        abstract=abstract,
        seed=seed,
        index=index,
        page_author=page_author,
    )


def make_page(
    *papers: Paper,
    seed: str = "page.txt",
    author: str = "Lu Yin",
    author_inferred: bool = False,
    profile: Profile = Profile(),  # noqa: B008 - frozen
) -> tuple[Page, tuple[Paper, ...]]:
    """A page that lists these papers in this order; its hash comes from what they hold."""
    listed = tuple(
        replace(paper, seed=seed, index=index, page_author=author) for index, paper in enumerate(papers)
    )
    digest = hashlib.sha256(repr(listed).encode()).hexdigest()
    return Page(seed, "profile", author, author_inferred, 2026, digest, profile), listed
