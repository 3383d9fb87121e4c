"""Plan -> ranked Passages: dense vectors, full text and names, fused by how sure each is.

A paper's score is a sum of signals that are each between 0 and 1 and mean the same for
every question: cosine of its best window and best sentence, how much of the question's
information (in idf) its words cover, and whether the question names it. A signal that knows
nothing about a question, such as full text when no word is shared, adds nothing, so no
ranks are mixed. `relevance` turns the same signals into a probability by a logistic model.
Knows nothing of models, prompts or answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from rag.library import Library
from rag.protocols import Embedder, Vectors, VectorStore
from rag.types import Chunk, ChunkKind, Paper, Passage, Plan, Quote
from rag.words import content_stems, content_words, stem

# Chunks and papers each signal may put forward before fusing.
CANDIDATES = 60
# Weights of the fused score, tuned on SciFact's train split and on questions kept in evals/.
WINDOW_WEIGHT = 1.0
SENTENCE_WEIGHT = 0.5
COVER_WEIGHT = 0.7
NAME_BONUS = 0.6
# Logistic model of "this paper is about what was asked".
RELEVANCE_BIAS = -6.0
RELEVANCE_SIMILARITY = 10.0
RELEVANCE_COVER = 3.0
RELEVANCE_NAME = 3.0


def retrieve(
    plan: Plan, *, library: Library, vectors: VectorStore, embedder: Embedder, count: int
) -> tuple[Passage, ...]:
    """The `count` best papers for the plan, best first, each with its sentences scored."""
    allowed = [paper.id for paper in library.papers(plan.scope)] if plan.scope else None
    question_vector = embedder.embed_query(plan.question)
    weights = term_weights(plan.question, library)
    candidates = _candidates(plan, question_vector, list(weights), library, vectors, allowed)
    papers = library.papers_by_id(sorted(candidates))
    similarities = _similarities(question_vector, sorted(papers), library, vectors)
    scored = []
    for paper in papers.values():
        signals = _signals(paper, similarities[paper.id], weights, named=paper.id in plan.named)
        scored.append((signals.score, signals.relevance, paper))
    scored.sort(key=lambda row: (-row[0], row[2].seed, row[2].index))
    return tuple(
        Passage(paper, score, relevance, _quotes(similarities[paper.id], weights))
        for score, relevance, paper in scored[:count]
    )


def term_weights(question: str, library: Library) -> dict[str, float]:
    """The question's content words, stemmed, and how much each tells: BM25's idf."""
    total = library.paper_count()
    weights: dict[str, float] = {}
    for word in content_words(question):
        frequency = library.document_frequency(word)
        weights.setdefault(stem(word), math.log(1 + (total - frequency + 0.5) / (frequency + 0.5)))
    return weights


def cover(stems: Set[str], weights: Mapping[str, float]) -> float:
    """The share of the question's information that these words hold, 0 to 1."""
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in stems) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for a paper; each between 0 and 1 whatever the question."""

    window: float
    sentence: float
    cover: float
    named: bool

    @property
    def score(self) -> float:
        return (
            WINDOW_WEIGHT * self.window
            + SENTENCE_WEIGHT * self.sentence
            + COVER_WEIGHT * self.cover
            + NAME_BONUS * self.named
        )

    @property
    def relevance(self) -> float:
        best = max(self.window, self.sentence)
        logit = RELEVANCE_BIAS + RELEVANCE_SIMILARITY * best + RELEVANCE_COVER * self.cover
        return 1 / (1 + math.exp(-(logit + RELEVANCE_NAME * self.named)))


def _signals(
    paper: Paper, similarities: Sequence[tuple[Chunk, float]], weights: Mapping[str, float], *, named: bool
) -> Signals:
    best = {"window": 0.0, "sentence": 0.0}
    for chunk, similarity in similarities:
        best[chunk.kind] = max(best[chunk.kind], similarity)
    return Signals(best["window"], best["sentence"], cover(_paper_stems(paper), weights), named)


def _candidates(
    plan: Plan,
    question_vector: Vectors,
    terms: Sequence[str],
    library: Library,
    vectors: VectorStore,
    allowed: Sequence[str] | None,
) -> set[str]:
    found = set(plan.named)
    for kind in get_args(ChunkKind):
        hits = vectors.search(question_vector, count=CANDIDATES, kind=kind, paper_ids=allowed)
        found.update(hit.paper_id for hit in hits)
    found.update(paper_id for paper_id, _ in library.search_text(terms, count=CANDIDATES))
    return found if allowed is None else found & set(allowed)


def _similarities(
    question_vector: Vectors, paper_ids: Sequence[str], library: Library, vectors: VectorStore
) -> dict[str, list[tuple[Chunk, float]]]:
    """Each paper's chunks with their cosine to the question."""
    stored: dict[str, Vectors] = {}
    for kind in get_args(ChunkKind):
        stored.update(vectors.vectors_of(paper_ids, kind=kind))
    similarities: dict[str, list[tuple[Chunk, float]]] = {paper_id: [] for paper_id in paper_ids}
    for chunk in library.chunks_of(paper_ids):
        if chunk.id in stored:
            similarities[chunk.paper_id].append((chunk, float(stored[chunk.id] @ question_vector)))
    return similarities


def _quotes(similarities: Sequence[tuple[Chunk, float]], weights: Mapping[str, float]) -> tuple[Quote, ...]:
    """The abstract's sentences, best match with the question first."""
    quotes = [
        Quote(chunk.text, chunk.start, chunk.end, _sentence_score(chunk.text, similarity, weights))
        for chunk, similarity in similarities
        if chunk.kind == "sentence"
    ]
    return tuple(sorted(quotes, key=lambda quote: (-quote.score, quote.start)))


def _sentence_score(text: str, similarity: float, weights: Mapping[str, float]) -> float:
    return (max(similarity, 0.0) + cover(_text_stems(text), weights)) / 2


def _paper_stems(paper: Paper) -> Set[str]:
    return _text_stems(f"{paper.title} {paper.abstract}")


@lru_cache(maxsize=16384)
def _text_stems(text: str) -> Set[str]:
    return content_stems(text)
