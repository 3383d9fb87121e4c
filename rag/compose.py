"""Readings -> Answer: the direct answer, then the evidence; citations numbered by relevance.

    readings -> opening (what the model wrote and the papers support, else the best quote)
             -> evidence (one line a paper: its own words, where they say more)

Pure. A citation is the paper that was read, so it cannot be wrong about where a claim comes
from; its title is the library's. Each paper's best quote is in the text unless verified sentences
hold all of its words and numbers: no answer says less than its best quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from rag.shown import shown
from rag.types import Answer, Citation, Claim, Paper, Passage, Plan, Quote, Reading, Status, Timings, Verdict
from rag.words import content_stems, names, numbers, words

# Sentences that an answer opens with.
MOST_OPENING = 3
# A further quote adds nothing when this share of its words, and all its numbers and names, are said already.
REPEATS = 0.85
_MARKS = re.compile(r"\s*\[\s*\^?\d+(?:\s*[,;–-]\s*\d+)*\s*\]")

# What stands before the titles that a refusal names.
NEAREST_LEAD = " The nearest papers are:\n\n"


def compose(
    question: str,
    plan: Plan,
    readings: Sequence[Reading],
    *,
    model: str | None,
    timings: Timings,
    status: Status = "answered",
) -> Answer:
    """The answer made of these readings, best paper first; where none of them says anything, a refusal."""
    draft = next((reading.draft for reading in readings if reading.draft), "")
    parts = _parts(readings)
    if not (draft or any(parts)):
        passages = [reading.passage for reading in readings]
        return replace(refuse(question, plan, passages, timings=timings), model=model)
    used = sorted({place for claims in parts for claim in claims for place in claim.citations})
    numbers_of = {place: number for number, place in enumerate(used, start=1)}
    opening, evidence = (_numbered(claims, numbers_of) for claims in parts)
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind=plan.kind,
        status=status,
        text=answer_text(opening, evidence),
        claims=(*opening, *evidence),
        citations=tuple(Citation(numbers_of[place], readings[place].passage.paper) for place in used),
        model=model,
        timings=timings,
        draft=draft,
    )


def compose_list(
    question: str,
    plan: Plan,
    readings: Sequence[Reading],
    *,
    opening: str = "",
    model: str | None,
    timings: Timings,
) -> Answer:
    """The papers asked for, best first: under each title the sentence that says what the paper does.

    `opening` says which papers these are, where that is known exactly.
    """
    every = tuple(range(1, len(readings) + 1))
    claims = [Claim(shown(opening), every, "computed", "", None, 1.0)] if opening else []
    parts = [claim.text for claim in claims]
    for number, reading in enumerate(readings, start=1):
        title = shown(reading.passage.paper.title)
        told = claims_of(reading, number)[:1]
        claims += [Claim(title, (number,), "computed", "", None, 1.0, head=True), *told]
        parts += [f"**{title}**", *map(alone, told)]
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind=plan.kind,
        status="answered",
        text="\n\n".join(parts),
        claims=tuple(claims),
        citations=tuple(
            Citation(number, reading.passage.paper) for number, reading in enumerate(readings, 1)
        ),
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
    if answer.status == "not_found":
        return answer
    said = Claim("I am not sure that a paper on this shelf answers this.", (), "computed", "", None, 1.0)
    nearest = tuple(passage.paper for passage in passages)
    return replace(_opened(said, "The nearest one says:", answer), status="partly", nearest=nearest)


def with_gap(answer: Answer, gap: str) -> Answer:
    """The answer as one that quotes a paper which does not give what is asked; `gap` is as "mention X"."""
    if answer.status == "not_found":
        return answer
    said = Claim(shown(f"The abstract does not {gap}."), (1,), "computed", "", None, 1.0)
    return replace(_opened(said, "It says:", answer), status="partly")


def _opened(said: Claim, lead: str, answer: Answer) -> Answer:
    """The answer with a statement of Vouch's own before it."""
    text = f"{_told(said)} {lead}\n\n{answer.text}"
    return replace(answer, text=text, claims=(said, *answer.claims))


def alone(claim: Claim) -> str:
    """One claim as Markdown."""
    return answer_text((), [claim]) if claim.support == "quoted" else answer_text([claim])


def answer_text(opening: Iterable[Claim], evidence: Iterable[Claim] = ()) -> str:
    """The claims as Markdown: the opening runs on, then a line of quotations a paper, each with its [n]."""
    paragraphs = [" ".join(map(_told, opening))]
    for _, claims in groupby(evidence, lambda claim: claim.citations):
        paragraphs.append("> " + " ".join(map(_told, claims)))
    return "\n\n".join(filter(None, paragraphs))


def _told(claim: Claim) -> str:
    text = f"“{claim.text}”" if claim.support == "quoted" else claim.text
    return f"{text} {''.join(f'[{number}]' for number in claim.citations)}".rstrip()


def claims_of(reading: Reading, number: int) -> list[Claim]:
    """What one reading says, cited as `number`: the model's sentences, then quotes that add to them."""
    claims: list[Claim] = []
    for claim in _written(reading, number):
        _add(claims, claim)
    for quote in reading.quotes:
        if not _repeats(quote.text, _said(claims, number)):
            _add(claims, _quoted(quote, number))
    return claims


def _parts(readings: Sequence[Reading]) -> tuple[list[Claim], list[Claim]]:
    """Opening and evidence. Their citations are places in `readings`."""
    opening = _opening(readings)
    claims = list(opening)
    for place, reading in enumerate(readings):
        best = _best(reading)
        for quote in (*reading.quotes, *(reading.instead if place == 0 else ())):
            adds_nothing = _within if quote is best else _repeats
            if not adds_nothing(quote.text, _said(claims, place)):
                _add(claims, _quoted(quote, place))
    return claims[: len(opening)], claims[len(opening) :]


def _opening(readings: Sequence[Reading]) -> list[Claim]:
    """The direct answer: of each paper its first sentence before any second one, told paper by paper.

    The best paper opens it, with its best quote where no sentence of the model's stands.
    """
    told = [_written(reading, place) for place, reading in enumerate(readings)]
    if readings and not told[0] and (best := _best(readings[0])):
        told[0] = [_quoted(best, 0)]
    turns = (claim for turn in range(MOST_OPENING) for claims in told for claim in claims[turn : turn + 1])
    chosen: list[Claim] = []
    for claim in turns:
        if len(chosen) < MOST_OPENING and not _within(claim.text, _said(chosen, claim.citations[0])):
            _add(chosen, claim)
    return sorted(chosen, key=lambda claim: claim.citations)


def _best(reading: Reading) -> Quote | None:
    return max(reading.quotes, key=lambda quote: quote.score, default=None)


def _add(claims: list[Claim], claim: Claim) -> None:
    """Put it behind the others; the same words of another paper are one claim with two citations."""
    if not claim.text:
        return
    for place, earlier in enumerate(claims):
        if words(earlier.text) == words(claim.text):
            both = tuple(sorted({*earlier.citations, *claim.citations}))
            claims[place] = replace(earlier, citations=both)
            return
    claims.append(claim)


def _written(reading: Reading, place: int) -> list[Claim]:
    return [_claim(sentence, verdict, place) for sentence, verdict in reading.sentences]


def _claim(sentence: str, verdict: Verdict, place: int) -> Claim:
    quote = verdict.quote
    return Claim(
        text=without_marks(sentence),
        citations=(place,),
        support="supported",
        quote=quote.text if quote else "",
        span=(quote.start, quote.end) if quote else None,
        score=verdict.score,
    )


def _quoted(quote: Quote, place: int) -> Claim:
    return Claim(shown(quote.text), (place,), "quoted", quote.text, (quote.start, quote.end), quote.score)


def _numbered(claims: Iterable[Claim], numbers_of: Mapping[int, int]) -> tuple[Claim, ...]:
    return tuple(
        replace(claim, citations=tuple(numbers_of[place] for place in claim.citations)) for claim in claims
    )


def without_marks(sentence: str) -> str:
    """A sentence as it is shown; a model's own citation marks mean nothing."""
    return shown(_MARKS.sub("", sentence))


def _said(claims: Iterable[Claim], place: int) -> str:
    """What was said of one paper so far."""
    return " ".join(claim.text for claim in claims if place in claim.citations)


def _within(text: str, said: str) -> bool:
    """Whether all words and numbers of a text are said already."""
    stems = content_stems(text)
    return bool(stems) and stems <= content_stems(said) and numbers(text) <= numbers(said)


def _repeats(text: str, said: str) -> bool:
    """Whether nearly all words of a text are said already, and all its numbers and names."""
    stems, known = content_stems(text), content_stems(said)
    told = numbers(text) <= numbers(said) and set(names(text)) <= set(names(said))
    return bool(stems) and told and len(stems & known) / len(stems) >= REPEATS


def _refusal_text(plan: Plan, nearest: Sequence[Paper], why: str = "") -> str:
    where = (
        "no paper in this part of the shelf answers this"
        if plan.scope
        else "no paper on this shelf answers this"
    )
    titles = "\n".join(f"- {shown(paper.title)}" for paper in nearest)
    if why:
        return f"I found nothing that fits. {why}" + (f"{NEAREST_LEAD}{titles}" if titles else "")
    if not nearest:
        return f"I found nothing: {where}."
    return f"I found nothing that I can vouch for: {where}.{NEAREST_LEAD}{titles}"
