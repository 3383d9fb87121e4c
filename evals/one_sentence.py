"""One sentence about a paper, in Vouch's own way: the first claim of an answer, made by its stages.

    Paper -> Passage (as if retrieved for QUESTION) -> Reading -> Claim -> Summary

Knows nothing of how a sentence is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rag.chunk import chunk_paper
from rag.compose import compose
from rag.evidence import score_sentences
from rag.gist import gist
from rag.protocols import Embedder
from rag.read import Reader, quote, read
from rag.summary import GIST_QUESTION
from rag.types import Paper, Passage, Plan, Quote, Reading, Timings
from rag.words import content_stems

QUESTION = GIST_QUESTION
PLAN = Plan(QUESTION, kind="paper")

Origin = Literal["model", "quote"]


@dataclass(frozen=True, slots=True)
class Summary:
    """A sentence about a paper, the model's own or the paper's; and the paper's best one alone."""

    text: str
    origin: Origin
    quote: str


def summarise(paper: Paper, *, reader: Reader | None, embedder: Embedder) -> Summary:
    """One sentence: the model's first that the verifier passes, else the best quote."""
    quoted = quote(as_passage(paper, embedder), count=1)
    reading = _read(quoted, reader) if reader else quoted
    claim = compose(QUESTION, PLAN, [reading], model=None, timings=Timings()).claims[0]
    return Summary(claim.text, "quote" if claim.support == "quoted" else "model", quoted.quotes[0].text)


def as_passage(paper: Paper, embedder: Embedder) -> Passage:
    """The paper as if it had been retrieved for QUESTION.

    Its gist is the best sentence; the others are ranked as for any question.
    """
    chunks = chunk_paper(paper, "sentence", piece_spans=embedder.piece_spans, max_pieces=embedder.max_pieces)
    texts = [chunk.text for chunk in chunks]
    similarities = embedder.embed_documents(texts) @ embedder.embed_query(QUESTION)
    # Without a shelf no word is rarer than another.
    weights = dict.fromkeys(content_stems(QUESTION), 1.0)
    scores = score_sentences(QUESTION, paper.title, texts, similarities.tolist(), weights)
    quotes = [
        Quote(chunk.text, chunk.start, chunk.end, score) for chunk, score in zip(chunks, scores, strict=True)
    ]
    best = gist(paper, quotes)
    ranked = sorted(quotes, key=lambda quote: (quote != best, -quote.score, quote.start))
    return Passage(paper, score=1.0, relevance=1.0, sentences=tuple(ranked))


def _read(reading: Reading, reader: Reader) -> Reading:
    """The reading as far as the model's first verified sentence; more would not be shown."""
    found = reading
    for found in read(reading, QUESTION, reader=reader):
        if found.sentences:
            break
    return found
