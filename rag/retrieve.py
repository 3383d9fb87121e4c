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

from rag.evidence import cover, score_sentences
from rag.library import Library
from rag.protocols import Embedder, Vectors, VectorStore
from rag.types import Chunk, ChunkKind, Paper, Passage, Plan, Quote
from rag.words import content_stems, content_words, holds_name, proper_names, spaced, stem

# Chunks and papers each signal may put forward before fusing.
CANDIDATES = 60
# Weights of the fused score: chosen by hand, not fitted.
WINDOW_WEIGHT = 1.0
SENTENCE_WEIGHT = 0.5
COVER_WEIGHT = 0.7
NAME_BONUS = 0.6
# Logistic model of "this paper answers": fitted by `python -m evals.calibrate` on its questions.
RELEVANCE_BIAS = -4.21
RELEVANCE_SIMILARITY = 3.53
RELEVANCE_COVER = 3.11
RELEVANCE_MISSING_NAME = -2.57
RELEVANCE_STANDING_OUT = 5.23
MOST_MISSING_NAMES = 2
# Papers after the first that make up the field that a paper stands out from.
FIELD = 5


def retrieve(
    plan: Plan, *, library: Library, vectors: VectorStore, embedder: Embedder, count: int
) -> tuple[Passage, ...]:
    """The `count` best papers for the plan, best first, each with its sentences scored."""
    weights = term_weights(plan.question, library)
    ranked = rank(plan, library=library, vectors=vectors, embedder=embedder, weights=weights)
    field = _mean([best_similarity(found.signals) for found in ranked[1 : 1 + FIELD]])
    return tuple(
        Passage(
            paper=found.paper,
            score=found.signals.score,
            relevance=relevance(found.signals, field),
            sentences=_quotes(plan.question, found, weights),
        )
        for found in ranked[:count]
    )


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for a paper. The first three are between 0 and 1 whatever the question.

    `missing_names` counts names in the question that stand nowhere in the paper.
    """

    window: float
    sentence: float
    cover: float
    named: bool
    missing_names: int

    @property
    def score(self) -> float:
        return (
            WINDOW_WEIGHT * self.window
            + SENTENCE_WEIGHT * self.sentence
            + COVER_WEIGHT * self.cover
            + NAME_BONUS * self.named
        )


@dataclass(frozen=True, slots=True)
class Ranked:
    """A paper, what speaks for it, and its chunks with their cosine to the question."""

    paper: Paper
    signals: Signals
    chunks: Sequence[tuple[Chunk, float]]


def rank(
    plan: Plan,
    *,
    library: Library,
    vectors: VectorStore,
    embedder: Embedder,
    weights: Mapping[str, float],
) -> list[Ranked]:
    """All candidates, best first: every paper that any signal puts forward.

    `weights` are the question's `term_weights`.
    """
    allowed = [paper.id for paper in library.papers(plan.scope)] if plan.scope else None
    question_vector = embedder.embed_query(plan.question)
    asked_names = proper_names(plan.question)
    candidates = _candidates(plan, question_vector, list(weights), library, vectors, allowed)
    papers = library.papers_by_id(sorted(candidates))
    similarities = _similarities(question_vector, sorted(papers), library, vectors)
    ranked = [
        Ranked(
            paper,
            _signals(paper, similarities[paper.id], weights, asked_names, named=paper.id in plan.named),
            similarities[paper.id],
        )
        for paper in papers.values()
    ]
    return sorted(ranked, key=lambda found: (-found.signals.score, found.paper.seed, found.paper.index))


def best_similarity(signals: Signals) -> float:
    return max(signals.window, signals.sentence)


def relevance(signals: Signals, field: float) -> float:
    """The probability that the paper is about what was asked.

    `field` is the mean similarity of the papers that follow the first: how far a paper stands
    out tells more than how near it is when question and paper share no words.
    """
    best = best_similarity(signals)
    logit = (
        RELEVANCE_BIAS
        + RELEVANCE_SIMILARITY * best
        + RELEVANCE_COVER * signals.cover
        + RELEVANCE_MISSING_NAME * min(signals.missing_names, MOST_MISSING_NAMES)
        + RELEVANCE_STANDING_OUT * (best - field)
    )
    return 1 / (1 + math.exp(-logit))


def term_weights(question: str, library: Library) -> dict[str, float]:
    """The question's content words, stemmed, and how much each tells: BM25's idf."""
    total = library.paper_count()
    weights: dict[str, float] = {}
    for word in content_words(question):
        frequency = library.document_frequency(word)
        weights.setdefault(stem(word), math.log(1 + (total - frequency + 0.5) / (frequency + 0.5)))
    return weights


def _signals(
    paper: Paper,
    similarities: Sequence[tuple[Chunk, float]],
    weights: Mapping[str, float],
    asked_names: Sequence[str],
    *,
    named: bool,
) -> Signals:
    best = {"window": 0.0, "sentence": 0.0}
    for chunk, similarity in similarities:
        best[chunk.kind] = max(best[chunk.kind], similarity)
    text = f"{paper.title} {paper.abstract} {' '.join(paper.authors)} {paper.page_author} {paper.date or ''}"
    held = _spaced(text)
    return Signals(
        window=best["window"],
        sentence=best["sentence"],
        cover=cover(_text_stems(text), weights),
        named=named,
        missing_names=sum(not holds_name(name, held) for name in asked_names),
    )


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


def _quotes(question: str, found: Ranked, weights: Mapping[str, float]) -> tuple[Quote, ...]:
    """The abstract's sentences, best answer to the question first."""
    sentences = sorted(
        ((chunk, similarity) for chunk, similarity in found.chunks if chunk.kind == "sentence"),
        key=lambda row: row[0].start,
    )
    scores = score_sentences(
        question,
        found.paper.title,
        [chunk.text for chunk, _ in sentences],
        [similarity for _, similarity in sentences],
        weights,
    )
    quotes = [
        Quote(chunk.text, chunk.start, chunk.end, score)
        for (chunk, _), score in zip(sentences, scores, strict=True)
    ]
    return tuple(sorted(quotes, key=lambda quote: (-quote.score, quote.start)))


@lru_cache(maxsize=16384)
def _text_stems(text: str) -> Set[str]:
    return content_stems(text)


@lru_cache(maxsize=4096)
def _spaced(text: str) -> str:
    return spaced(text)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
