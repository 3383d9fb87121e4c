"""Two to six papers side by side: a table of what their abstracts and records state.

Every cell is verbatim words of one abstract, or from the record; a gap is said. Beside it stand
sentences of the model, each checked against the one paper that it is about. That one paper is
better than another, or agrees with it, no single abstract can vouch for, and nothing here says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.aspects import Aspect, find_aspects
from rag.compose import answer_text, without_marks
from rag.orders import is_order
from rag.scopes import day
from rag.sentences import sentences
from rag.shown import shown
from rag.tables import table_markdown
from rag.types import (
    Answer,
    Citation,
    Claim,
    Paper,
    Passage,
    Plan,
    Quote,
    Reading,
    Row,
    Sides,
    Status,
    Table,
    Timings,
)
from rag.words import content_stems, fold_name, holds_name, is_name, spaced

MOST_PAPERS = 6
MOST_SENTENCES = 2
# What the model is asked of each paper where the question says no more than "compare".
USUAL_QUESTION = "What does this paper do, and how does it differ from earlier work?"
# A sentence of the model adds nothing when a cell holds this share of its words.
REPEATS = 0.9

_MOST_HEAD_WORDS = 4
_OF_EACH = re.compile(
    r"\b(?:(?:does|do) (?:each|both|either|all)(?: (?:one|of (?:them|these|those|the (?:two|three|papers))))?"
    r"|(?:do|does) (?:they|these|those)|(?:each|both|either)(?: (?:one|of (?:them|these|those)))?)\b",
    re.I,
)
_ASKS = re.compile(r"(?:what|which|how|why|when|where|who|does|do|is|are|can|should)\b", re.I)


def compared_passages(sides: Sides, passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages of the papers compared, in the reader's order."""
    by_id = {passage.paper.id: passage for passage in passages}
    return tuple(by_id[paper_id] for paper_id in sides.papers[:MOST_PAPERS] if paper_id in by_id)


def reading_question(sides: Sides) -> str:
    """What to ask of one paper at a time."""
    asked = _OF_EACH.sub(lambda found: "does it" if found[0][:2].lower() == "do" else "it", sides.topic)
    if not asked:
        return USUAL_QUESTION
    return f"{asked}?" if _ASKS.match(asked) else f"What does this paper say on {asked}?"


def short_name(title: str) -> str:
    """What heads a column: the name before the colon, else the title."""
    name, colon, _ = title.partition(":")
    return name if colon and len(name.split()) <= _MOST_HEAD_WORDS else title


def compare(
    question: str, plan: Plan, readings: Sequence[Reading], *, model: str | None, timings: Timings
) -> Answer:
    """The answer made of these readings, one a paper, in the order of the columns."""
    sides = plan.sides or Sides(plan.named)
    papers = [reading.passage.paper for reading in readings]
    notes = [_computed(note, ()) for note in _notes(sides)]
    if len(papers) < 2:
        return _too_few(question, plan, papers, notes, timings)
    citations = tuple(Citation(number, paper) for number, paper in enumerate(papers, 1))
    if sides.by_date:
        notes.append(_order(papers))
    table = Table(
        citations,
        tuple(shown(short_name(paper.title)) for paper in papers),
        tuple([_dates(papers)] if sides.by_date else _rows(sides, readings)),
    )
    written = _written(readings, table)
    drafts = (reading.draft for reading in readings if reading.draft)
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind="compare",
        status="partly" if sides.unfound else "answered",
        text="\n\n".join(filter(None, [answer_text(notes), table_markdown(table), answer_text(written)])),
        claims=(*notes, *table.claims, *written),
        citations=citations,
        model=model,
        timings=timings,
        draft=next(drafts, ""),
        table=table,
    )


def _notes(sides: Sides) -> list[str]:
    found = [sides.note] if sides.note else []
    if sides.unfound:
        names = " and ".join(f"“{name}”" for name in sides.unfound)
        found.append(f"No paper on this shelf is known as {names}.")
    if len(sides.papers) > MOST_PAPERS:
        found.append(f"These are the first {MOST_PAPERS} of the {len(sides.papers)} papers named.")
    return found


def _too_few(
    question: str, plan: Plan, papers: Sequence[Paper], notes: Sequence[Claim], timings: Timings
) -> Answer:
    said = list(notes)
    if papers:
        said.append(_computed(f"“{papers[0].title}” is the only paper to compare: name another one.", (1,)))
    status: Status = "partly" if papers else "not_found"
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind="compare",
        status=status,
        text=answer_text(said),
        claims=tuple(said) if papers else (),
        citations=tuple(Citation(number, paper) for number, paper in enumerate(papers, 1)),
        timings=timings,
    )


# --- rows


_ASPECTS: Mapping[Aspect, str] = {
    "problem": "problem",
    "idea": "idea",
    "setting": "setting, data",
    "result": "result",
}


def _rows(sides: Sides, readings: Sequence[Reading]) -> list[Row]:
    papers = [reading.passage.paper for reading in readings]
    stated = [find_aspects(paper.abstract) for paper in papers]
    numbered = list(enumerate(zip(papers, stated, strict=True), 1))
    rows = [
        Row(label, tuple(_cell(paper, found.get(aspect), number) for number, (paper, found) in numbered))
        for aspect, label in _ASPECTS.items()
    ]
    asked = [_asked(sides, readings)] if sides.topic else []
    others = _on_each_other(papers)
    return [*asked, *rows, *([others] if any(others.cells) else []), _codes(papers), _dates(papers)]


def _cell(paper: Paper, span: tuple[int, int] | None, number: int, score: float = 1.0) -> Claim | None:
    words = paper.abstract[slice(*span)] if span else ""
    if not words or is_order(words):
        return None
    return Claim(shown(words), (number,), "quoted", words, span, score)


def _asked(sides: Sides, readings: Sequence[Reading]) -> Row:
    """Each abstract's best sentence for what is asked of the papers."""
    best: list[Quote | None] = [next(iter(reading.quotes), None) for reading in readings]
    cells = (
        _cell(reading.passage.paper, (quote.start, quote.end), number, quote.score) if quote else None
        for number, (reading, quote) in enumerate(zip(readings, best, strict=True), 1)
    )
    return Row("asked", tuple(cells))


def _on_each_other(papers: Sequence[Paper]) -> Row:
    """What an abstract says of another one of the papers, by its name."""
    names = [name for paper in papers if is_name(name := short_name(paper.title))]
    cells = []
    for number, paper in enumerate(papers, 1):
        own = fold_name(paper.title)
        others = [name for name in names if fold_name(name) not in own]
        cells.append(_cell(paper, _sentence_naming(others, paper.abstract), number))
    return Row("on the others", tuple(cells))


def _sentence_naming(names: Sequence[str], abstract: str) -> tuple[int, int] | None:
    return next(
        (
            span
            for span in sentences(abstract)
            if any(holds_name(name, spaced(abstract[slice(*span)])) for name in names)
        ),
        None,
    )


_CODE: Mapping[bool | None, str] = {
    True: "marked with code",
    False: "not marked with code",
    None: "not known: its listing has no line that would say",
}


def _codes(papers: Sequence[Paper]) -> Row:
    return Row(
        "code", tuple(_computed(_CODE[paper.has_code], (number,)) for number, paper in enumerate(papers, 1))
    )


def _dates(papers: Sequence[Paper]) -> Row:
    return Row("date", tuple(_computed(_date(paper), (number,)) for number, paper in enumerate(papers, 1)))


def _date(paper: Paper) -> str:
    return f"{day(paper.date)} ({paper.date.isoformat()})" if paper.date else "undated"


def _order(papers: Sequence[Paper]) -> Claim:
    """Which paper came first, where dates tell."""
    dated = sorted(
        ((paper.date, number, paper) for number, paper in enumerate(papers, 1) if paper.date),
        key=lambda found: found[:2],
    )
    undated = [f"“{short_name(paper.title)}”" for paper in papers if paper.date is None]
    missing = f" {' and '.join(undated)} prints no date, so it cannot be placed." if undated else ""
    if len(undated) > 1:
        missing = f" {', '.join(undated[:-1])} and {undated[-1]} print no date, so they cannot be placed."
    if len(dated) < 2:
        return _computed(f"Which came first cannot be told.{missing}", tuple(range(1, len(papers) + 1)))
    told = "; then ".join(f"“{short_name(paper.title)}”, {_date(paper)}" for _, _, paper in dated)
    numbers = tuple(sorted(number for _, number, _ in dated))
    if len({found for found, _, _ in dated}) == 1:
        return _computed(f"They are dated alike: {told}.{missing}", numbers)
    return _computed(f"First came {told}.{missing}", numbers)


def _computed(text: str, numbers: tuple[int, ...]) -> Claim:
    return Claim(shown(text), numbers, "computed", "", None, 1.0)


# --- sentences


def _written(readings: Sequence[Reading], table: Table) -> list[Claim]:
    """One checked sentence of a paper, where the table does not hold it already."""
    cells = [content_stems(claim.text) for claim in table.claims]
    found = []
    for number, reading in enumerate(readings, 1):
        for text, verdict in reading.sentences:
            stems = content_stems(text)
            if any(len(stems & cell) >= REPEATS * len(stems) for cell in cells):
                continue
            quote = verdict.quote
            span = (quote.start, quote.end) if quote else None
            words = quote.text if quote else ""
            found.append(Claim(without_marks(text), (number,), "supported", words, span, verdict.score))
            break
    return found[:MOST_SENTENCES]
