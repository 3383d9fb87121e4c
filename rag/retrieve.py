"""Plan -> ranked Passages: dense vectors, full text and names, fused by how sure each is.

A paper's score is a sum of signals that are each between 0 and 1 and mean the same for
every question: mean cosine of its windows, cosine of its best sentence, the share of the
question's information (in idf) that its words give, and whether the question names it. A
signal that knows nothing about a question, such as full text when no word is shared, adds
nothing, so no ranks are mixed. `relevance` turns the same signals into a probability by a logistic model.
Knows nothing of models, prompts or answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.evidence import score_sentences
from rag.library import Library
from rag.protocols import Embedders, Vectors, VectorStore
from rag.types import Chunk, ChunkKind, Paper, Passage, Plan, Quote, Signal
from rag.words import asked_part, content_words, count_stems, holds_name, proper_names, stem, words

# Chunks and papers each signal may put forward before fusing.
CANDIDATES = 60
# Weights of the fused score: round numbers near the best nDCG@10 on SciFact's train split and a third
# of SciTLDR's queries, where it is flat (their other parts, in sight, agree). The bonus is by hand.
WINDOW_WEIGHT = 1.0
SENTENCE_WEIGHT = 0.5
TERMS_WEIGHT = 1.0
NAME_BONUS = 0.6
# BM25's saturation and length norm, as Anserini sets them for BEIR.
SATURATION = 0.9
LENGTH_NORM = 0.4
# Logistic model of "this paper answers": fitted by `python -m evals.calibrate`.
RELEVANCE_BIAS = -5.07
RELEVANCE_WINDOW = 7.12
RELEVANCE_SENTENCE = 3.40
RELEVANCE_MISSING_NAME = -1.59
RELEVANCE_STANDING_OUT = 6.37
MOST_MISSING_NAMES = 2
# What `vouch search --explain` tells of each paper.
SIGNALS = ("window", "sentence", "terms", "named")
# Papers after the first that make up the field that a paper stands out from.
FIELD = 5

QuestionVectors = Mapping[ChunkKind, Vectors]


def retrieve(
    plan: Plan, *, library: Library, vectors: VectorStore, embedders: Embedders, count: int
) -> tuple[Passage, ...]:
    """The `count` best papers for the plan, best first, each with its sentences scored."""
    weights = term_weights(plan.question, library)
    ranked = rank(plan, library=library, vectors=vectors, embedders=embedders, weights=weights)
    everywhere = ranked
    if plan.kind == "paper" and plan.scope.within and not plan.named:
        # A chosen paper is as near as it is on the whole shelf: alone, it would always stand out.
        free = replace(plan, scope=replace(plan.scope, within=None))
        everywhere = rank(free, library=library, vectors=vectors, embedders=embedders, weights=weights)
    field = _mean([found.signals.score for found in everywhere[1 : 1 + FIELD]])
    return tuple(
        Passage(
            paper=found.paper,
            score=found.signals.score,
            relevance=relevance(found.signals, field),
            sentences=_quotes(plan.question, found, weights),
            signals=_placed(found.signals, ranked),
        )
        for found in ranked[:count]
    )


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for a paper. All but the last two are between 0 and 1 whatever the question.

    `window` is the mean cosine of the paper's windows, `sentence` that of its best sentence.
    `terms` is its BM25 score as a share of the most that any paper could have. `missing_names`
    counts names in the question that stand nowhere in the paper.
    """

    window: float
    sentence: float
    terms: float
    named: bool
    missing_names: int

    @property
    def score(self) -> float:
        return (
            WINDOW_WEIGHT * self.window
            + SENTENCE_WEIGHT * self.sentence
            + TERMS_WEIGHT * self.terms
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
    embedders: Embedders,
    weights: Mapping[str, float],
) -> list[Ranked]:
    """All candidates, best first: every paper that any signal puts forward.

    `weights` are the question's `term_weights`.
    """
    allowed = [paper.id for paper in library.papers(plan.scope)] if plan.scope else None
    question = _question_vectors(plan.question, embedders)
    asked_names = proper_names(asked_part(plan.question))
    candidates = _candidates(plan, question, list(weights), library, vectors, allowed)
    papers = library.papers_by_id(sorted(candidates))
    similarities = _similarities(question, sorted(papers), library, vectors)
    usual_length = _mean([len(_words(_searched(paper))) for paper in papers.values()])
    ranked = [
        Ranked(
            paper,
            _signals(
                paper,
                similarities[paper.id],
                weights,
                asked_names,
                named=paper.id in plan.named,
                usual_length=usual_length,
            ),
            similarities[paper.id],
        )
        for paper in papers.values()
    ]
    return sorted(ranked, key=lambda found: (-found.signals.score, found.paper.seed, found.paper.index))


def _placed(signals: Signals, ranked: Sequence[Ranked]) -> tuple[Signal, ...]:
    """Each signal with its rank among the candidates; equals share the better one."""
    return tuple(
        Signal(name, value, 1 + sum(getattr(other.signals, name) > value for other in ranked))
        for name in SIGNALS
        for value in (float(getattr(signals, name)),)
    )


def relevance(signals: Signals, field: float) -> float:
    """The probability that the paper is about what was asked.

    `field` is the mean score of the papers that follow the first: how far a paper stands out tells
    more than how near it is when question and paper share no words.
    """
    logit = (
        RELEVANCE_BIAS
        + RELEVANCE_WINDOW * signals.window
        + RELEVANCE_SENTENCE * signals.sentence
        + RELEVANCE_MISSING_NAME * min(signals.missing_names, MOST_MISSING_NAMES)
        + RELEVANCE_STANDING_OUT * (signals.score - field)
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


def term_share(
    counts: Mapping[str, int], length: int, weights: Mapping[str, float], usual_length: float
) -> float:
    """BM25 (Robertson and Zaragoza 2009) as a share, 0 to 1, of the most that a text could score.

    `counts` are those of the question's stems in a text of `length` words, `weights` their idf,
    `usual_length` the mean length.
    """
    most = sum(weights.values())
    if not most or not usual_length:
        return 0.0
    norm = SATURATION * (1 - LENGTH_NORM + LENGTH_NORM * length / usual_length)
    return sum(weight * counts[word] / (counts[word] + norm) for word, weight in weights.items()) / most


def _signals(
    paper: Paper,
    similarities: Sequence[tuple[Chunk, float]],
    weights: Mapping[str, float],
    asked_names: Sequence[str],
    *,
    named: bool,
    usual_length: float,
) -> Signals:
    windows = [similarity for chunk, similarity in similarities if chunk.kind == "window"]
    sentences = [similarity for chunk, similarity in similarities if chunk.kind == "sentence"]
    found = _words(_searched(paper))
    held = " ".join(found)
    return Signals(
        window=max(_mean(windows), 0.0),
        sentence=max([0.0, *sentences]),
        terms=term_share(count_stems(found, weights), len(found), weights, usual_length),
        named=named,
        missing_names=sum(not holds_name(name, held) for name in asked_names),
    )


def _searched(paper: Paper) -> str:
    return f"{paper.title} {paper.abstract} {' '.join(paper.authors)} {paper.page_author} {paper.date or ''}"


def _question_vectors(question: str, embedders: Embedders) -> QuestionVectors:
    """The question's vector in the space of each kind of chunk; an embedder reads it once."""
    distinct = {id(embedder): embedder for embedder in embedders.values()}
    vectors = {key: embedder.embed_query(question) for key, embedder in distinct.items()}
    return {kind: vectors[id(embedder)] for kind, embedder in embedders.items()}


def _candidates(
    plan: Plan,
    question: QuestionVectors,
    terms: Sequence[str],
    library: Library,
    vectors: VectorStore,
    allowed: Sequence[str] | None,
) -> set[str]:
    found = set(plan.named)
    for kind, vector in question.items():
        hits = vectors.search(vector, count=CANDIDATES, kind=kind, paper_ids=allowed)
        found.update(hit.paper_id for hit in hits)
    found.update(paper_id for paper_id, _ in library.search_text(terms, count=CANDIDATES))
    return found if allowed is None else found & set(allowed)


def _similarities(
    question: QuestionVectors, paper_ids: Sequence[str], library: Library, vectors: VectorStore
) -> dict[str, list[tuple[Chunk, float]]]:
    """Each paper's chunks with their cosine to the question."""
    chunks = library.chunks_of(paper_ids)
    stored: dict[str, Vectors] = {}
    for kind in question:
        stored |= vectors.vectors_of([chunk.id for chunk in chunks if chunk.kind == kind], kind=kind)
    similarities: dict[str, list[tuple[Chunk, float]]] = {paper_id: [] for paper_id in paper_ids}
    for chunk in chunks:
        if chunk.id in stored:
            cosine = float(stored[chunk.id] @ question[chunk.kind])
            similarities[chunk.paper_id].append((chunk, cosine))
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


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(words(text))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
