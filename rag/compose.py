"""Readings -> Answer: order, duplicates, citations numbered in the order of first use.

Pure. A citation is the paper that was read, so it cannot be wrong about where a claim comes
from; its title is the library's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.types import Answer, Citation, Claim, Paper, Passage, Plan, Quote, Reading, Status, Timings, Verdict
from rag.words import content_stems

# A quote adds nothing when the model's sentences hold this share of its words already.
REPEATS = 0.85


def compose(
    question: str,
    plan: Plan,
    readings: Sequence[Reading],
    *,
    model: str | None,
    timings: Timings,
    status: Status = "answered",
) -> Answer:
    """The answer made of these readings, best paper first."""
    claims: list[Claim] = []
    citations: list[Citation] = []
    for reading in readings:
        number = len(citations) + 1
        if made := claims_of(reading, number):
            citations.append(Citation(number, reading.passage.paper))
            claims.extend(made)
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind=plan.kind,
        status=status,
        text=answer_text(claims),
        claims=tuple(claims),
        citations=tuple(citations),
        model=model,
        timings=timings,
        draft=next((reading.draft for reading in readings if reading.draft), ""),
    )


def refuse(
    question: str, plan: Plan, passages: Sequence[Passage], *, timings: Timings, why: str = ""
) -> Answer:
    """The answer that says that nothing on the shelf answers, and what is nearest.

    `why` is said in the place of the usual sentence.
    """
    nearest = tuple(passage.paper for passage in passages)
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind=plan.kind,
        status="not_found",
        text=_refusal_text(plan, nearest, why),
        nearest=nearest,
        timings=timings,
    )


def decline(question: str, why: str) -> Answer:
    """The answer to what cannot be asked."""
    return Answer(question=question, understood_as="", kind="other", status="not_found", text=why)


def hedge(answer: Answer, passages: Sequence[Passage]) -> Answer:
    """The answer as one that may not answer: it says so before it quotes the nearest paper."""
    text = f"I am not sure that a paper on this shelf answers this. The nearest one says:\n\n{answer.text}"
    return replace(answer, status="partly", text=text, nearest=tuple(passage.paper for passage in passages))


def answer_text(claims: Iterable[Claim]) -> str:
    """The claims as Markdown: sentences run on, quotations stand alone, each with its [n]."""
    paragraphs: list[str] = []
    running: list[str] = []
    for claim in claims:
        marks = "".join(f"[{number}]" for number in claim.citations)
        if claim.support == "quoted":
            if running:
                paragraphs.append(" ".join(running))
                running = []
            paragraphs.append(f"> “{claim.text}” {marks}")
        else:
            if running and not _same_paper(running[-1], marks):
                paragraphs.append(" ".join(running))
                running = []
            running.append(f"{claim.text} {marks}".rstrip())
    if running:
        paragraphs.append(" ".join(running))
    return "\n\n".join(paragraphs)


def _same_paper(text: str, marks: str) -> bool:
    return text.endswith(marks)


def claims_of(reading: Reading, number: int) -> list[Claim]:
    """What a reading says, cited as `number`: the model's sentences, then quotes that add to them."""
    return [*_written(reading, number), *_quoted(reading, number)]


def _written(reading: Reading, number: int) -> list[Claim]:
    return [_claim(sentence, verdict, number) for sentence, verdict in reading.sentences]


def _claim(sentence: str, verdict: Verdict, number: int) -> Claim:
    quote = verdict.quote
    return Claim(
        text=without_marks(sentence),
        citations=(number,),
        support="supported",
        quote=quote.text if quote else "",
        span=(quote.start, quote.end) if quote else None,
        score=verdict.score,
    )


def _quoted(reading: Reading, number: int) -> list[Claim]:
    said = set().union(*(content_stems(sentence) for sentence, _ in reading.sentences))
    return [
        Claim(quote.text, (number,), "quoted", quote.text, (quote.start, quote.end), quote.score)
        for quote in reading.quotes
        if not _repeats(quote, said)
    ]


def _repeats(quote: Quote, said: set[str]) -> bool:
    stems = content_stems(quote.text)
    return bool(stems) and len(stems & said) / len(stems) >= REPEATS


def without_marks(sentence: str) -> str:
    """A model's own citation marks mean nothing; the number comes from the paper it read."""
    return re.sub(r"\s*\[\d+\]", "", sentence).strip()


def _refusal_text(plan: Plan, nearest: Sequence[Paper], why: str = "") -> str:
    where = (
        "no paper in this part of the shelf answers this"
        if plan.scope
        else "no paper on this shelf answers this"
    )
    titles = "\n".join(f"- {paper.title}" for paper in nearest)
    if why:
        return f"I found nothing to summarise. {why}" + (
            f" The nearest papers are:\n\n{titles}" if titles else ""
        )
    if not nearest:
        return f"I found nothing: {where}."
    return f"I found nothing that I can vouch for: {where}. The nearest papers are:\n\n{titles}"
