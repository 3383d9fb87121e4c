"""A summary of several papers, laid out: groups of papers, what is told of each, and what is only named.

    passages -> Sections (heads, readings, papers named) -> Answer

A head is a computed claim: it cites the papers of its group and says no more than what they share. What is
told of a paper is the model's sentence where one passed verification, else the abstract's own. Pure;
knows nothing of how papers were found and of how a model is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.compose import alone, claims_of
from rag.gist import gist, story
from rag.orders import is_order
from rag.shown import shown
from rag.themes import Theme, group_by_theme, group_by_year
from rag.types import Answer, Brief, Citation, Claim, Paper, Passage, Plan, Quote, Reading, Timings

# Sentences of a summary: at most so many, one for each paper. Of few papers each is told in more, until
# there are so many in all, and never in more than so many.
MOST_SENTENCES = 12
FEWEST_SENTENCES = 6
MOST_OF_A_PAPER = 3
_OTHERS = "Others"
_UNDATED = "No date printed"


@dataclass(frozen=True, slots=True)
class Section:
    """Papers under one head: those that are told of, and those that are only named. No label, no head."""

    label: str
    readings: tuple[Reading, ...]
    named: tuple[Paper, ...] = ()

    @property
    def papers(self) -> tuple[Paper, ...]:
        return (*(reading.passage.paper for reading in self.readings), *self.named)


@dataclass(frozen=True, slots=True)
class Layout:
    """The sections of a summary.

    `opening` says which papers these are; `each` is how many sentences a paper gets.
    """

    opening: str
    sections: tuple[Section, ...]
    each: int

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every reading, in the order in which they are shown."""
        return tuple(reading for section in self.sections for reading in section.readings)

    def with_readings(self, readings: Sequence[Reading]) -> Layout:
        """The same with these readings in the place of its own, in the order shown."""
        left = iter(readings)
        sections = tuple(
            replace(section, readings=tuple(next(left) for _ in section.readings))
            for section in self.sections
        )
        return replace(self, sections=sections)


def lay_out(brief: Brief, passages: Sequence[Passage], opening: str) -> Layout:
    """Groups for these papers, the abstract's own sentences as their readings."""
    found = {passage.paper.id: passage for passage in passages}
    papers = [passage.paper for passage in passages]
    themes = _themes(brief, papers)
    told = _shares([len(theme.papers) for theme in themes], MOST_SENTENCES)
    each = min(max(-(-FEWEST_SENTENCES // len(papers)), 1), MOST_OF_A_PAPER)
    sections = tuple(
        Section(
            theme.label,
            tuple(
                Reading(found[paper.id], quotes=tell(found[paper.id], count=each))
                for paper in theme.papers[:count]
            ),
            theme.papers[count:],
        )
        for theme, count in zip(themes, told, strict=True)
    )
    return Layout(opening, sections, each)


def compose_summary(
    question: str, plan: Plan, layout: Layout, *, model: str | None, timings: Timings
) -> Answer:
    """The answer that a layout makes, as far as its papers are read."""
    numbers: dict[str, int] = {}
    for section in layout.sections:
        for paper in section.papers:
            numbers.setdefault(paper.id, len(numbers) + 1)
    papers = {paper.id: paper for section in layout.sections for paper in section.papers}
    opening = _computed(layout.opening, papers.values(), numbers)
    said = [(opening, opening.text)]
    for section in layout.sections:
        said += _section(section, layout.each, numbers)
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind=plan.kind,
        status="answered",
        text="\n\n".join(text for _, text in said),
        claims=tuple(claim for claim, _ in said),
        citations=tuple(Citation(number, papers[paper_id]) for paper_id, number in numbers.items()),
        model=model,
        timings=timings,
        draft=next((reading.draft for reading in layout.readings if reading.draft), ""),
    )


def tell(passage: Passage, *, count: int) -> tuple[Quote, ...]:
    """What a paper does, in so many of its own sentences; an order to a model is none of them."""
    sentences = [sentence for sentence in passage.sentences if not is_order(sentence.text)]
    return story(passage.paper, sentences, count=count)


def papers_counted(count: int) -> str:
    return f"{count} {'paper' if count == 1 else 'papers'}"


def _themes(brief: Brief, papers: Sequence[Paper]) -> tuple[Theme, ...]:
    """The groups, each with a label; one group alone needs none."""
    if brief.order == "theme":
        themes, rest = group_by_theme(papers, topic=brief.topic), _OTHERS
    else:
        themes, rest = group_by_year(papers, newest_first=brief.order == "newest"), _UNDATED
    if brief.order == "theme" and len(themes) == 1:
        return themes
    return tuple(replace(theme, label=theme.label or rest) for theme in themes)


def _shares(sizes: Sequence[int], most: int) -> list[int]:
    """How many of each group are told: all if they fit, else in turn one of each until `most` are."""
    told = [0] * len(sizes)
    while sum(told) < min(most, sum(sizes)):
        for place, size in enumerate(sizes):
            if told[place] < size and sum(told) < most:
                told[place] += 1
    return told


def _section(section: Section, each: int, numbers: Mapping[str, int]) -> list[tuple[Claim, str]]:
    """Head, what is told of each paper, and the titles of the others: claims, each with its Markdown."""
    said = []
    if section.label:
        head = f"{section.label} ({papers_counted(len(section.papers))})"
        said.append((_computed(head, section.papers, numbers, head=True), f"**{head}**"))
    for reading in section.readings:
        claims = claims_of(_cut(reading, each), numbers[reading.passage.paper.id])
        said += [(claim, alone(claim)) for claim in claims]
    if section.named:
        count = len(section.named)
        more = f"And {count} more {'paper' if count == 1 else 'papers'}:"
        titles = ", ".join(f"“{shown(paper.title)}”" for paper in section.named)
        marked = ", ".join(f"“{shown(paper.title)}” [{numbers[paper.id]}]" for paper in section.named)
        said.append((_computed(f"{more} {titles}.", section.named, numbers), f"{more} {marked}."))
    return said


def _cut(reading: Reading, each: int) -> Reading:
    """At most `each` sentences; a sentence of the model's stands for the gist that was quoted before."""
    sentences = reading.sentences[:each]
    if not sentences:
        return reading
    best = gist(reading.passage.paper, reading.quotes)
    others = [quote for quote in reading.quotes if quote != best]
    return replace(reading, sentences=sentences, quotes=tuple(others[: each - len(sentences)]))


def _computed(text: str, papers: Iterable[Paper], numbers: Mapping[str, int], *, head: bool = False) -> Claim:
    return Claim(text, tuple(sorted(numbers[paper.id] for paper in papers)), "computed", "", None, 1.0, head)
