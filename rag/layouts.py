"""The layouts of author pages: lines of text -> the papers listed, one function per layout.

    profile   the author's figures, then header line, title, authors, abstract, split by blank lines
    dated     no profile; header line, title with the authors glued to it, abstract
    mixed     as dated, but a paper may lack its header line

Another layout is another `_read_...` here, its name in LAYOUTS, and what tells it apart in
`detect_layout`. Every fault is a PageError with file and line. Knows nothing of files, of
ids or of what a page's list says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, NoReturn

from rag.bylines import MOST_GLUED_AUTHORS, Byline, read_byline, split_glued
from rag.errors import PageError
from rag.types import Profile

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HEADER = re.compile(
    rf"(?P<score>[0-9]{{1,6}}(?:\.[0-9]{{1,6}})?)?(?P<category>[A-Z]{{2}})(?P<month>{'|'.join(_MONTHS)}) "
    r"(?P<day>[0-9]{1,2})(?:, (?P<year>[0-9]{4}))?(?P<code>Code)?"
)
_HEADER_EXAMPLE = "CVJan 24, 2023Code"

_NUMBER = r"([0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,9})"
_FIGURES = {
    "category": re.compile(r"([A-Z]{2})"),
    "h_index": re.compile(rf"h-index{_NUMBER}"),
    "stated_papers": re.compile(rf"{_NUMBER}papers"),
    "citations": re.compile(rf"{_NUMBER}citations"),
    "novelty": re.compile(rf"Novelty{_NUMBER}%"),
    "ai_score": re.compile(rf"AI Score{_NUMBER}"),
}
_PAPERS_HEADING = re.compile(rf"{_NUMBER} Papers")
# Lines that a page of another layout does not begin with.
_PROFILE_SIGNS = (_PAPERS_HEADING, _FIGURES["h_index"], _FIGURES["citations"], _FIGURES["ai_score"])
# Name, six figures and the heading: what a profile prints before its first paper.
_PROFILE_LINES = 8
# What ends as a title with its authors does, and is no longer than this, is no abstract.
_SHORT_LINE = 400


class Line(NamedTuple):
    """A line that holds something; `number` counts from 1."""

    number: int
    printed: str

    @property
    def text(self) -> str:
        return self.printed.strip()

    @property
    def is_header(self) -> bool:
        return _HEADER.fullmatch(self.text) is not None


class Header(NamedTuple):
    """The line that precedes a paper; all unknown where none is printed."""

    category: str | None = None
    date: date | None = None
    has_code: bool | None = None
    score: float | None = None


class Entry(NamedTuple):
    """One paper as its page lists it."""

    header: Header
    title: str
    byline: Byline
    abstract: str


class Sheet(NamedTuple):
    """What a layout's function finds; `author` is None where the page does not print its owner."""

    entries: list[Entry]
    author: str | None = None
    profile: Profile = Profile()


@dataclass(frozen=True, slots=True)
class Source:
    """What is read: for errors, and for dates without a year."""

    seed: str
    crawl_year: int

    def refuse(self, line: int, message: str, hint: str) -> NoReturn:
        raise PageError(message, file=self.seed, line=line, hint=hint)


def detect_layout(lines: Sequence[Line], source: Source) -> str:
    """The name of the layout that the lines show. Raises PageError."""
    start = lines[: _PROFILE_LINES + 1]
    if any(sign.fullmatch(line.text) for line in start for sign in _PROFILE_SIGNS):
        return "profile"
    if lines[0].is_header:
        return "dated" if all(line.is_header for line in lines[::3]) else "mixed"
    if split_glued(lines[0].text):
        return "mixed"
    source.refuse(
        lines[0].number,
        "The page is in none of the known layouts.",
        f"A page starts with an author's profile, a header line such as {_HEADER_EXAMPLE}, "
        "or a title with its authors.",
    )


# Layouts


def _read_profile(lines: Sequence[Line], source: Source) -> Sheet:
    """The author's figures, then papers of four lines: header line, title, authors, abstract."""
    first = next((at for at, line in enumerate(lines) if line.is_header), len(lines))
    author, profile = _profile(lines[:first], source)
    entries = [_listed_paper(lines, at, source) for at in range(first, len(lines), 4)]
    if not entries:
        source.refuse(lines[-1].number, "The profile is followed by no paper.", "Fetch the whole page again.")
    return Sheet(entries, author, profile)


def _read_dated(lines: Sequence[Line], source: Source) -> Sheet:
    """Papers of three lines: header line, title with authors, abstract."""
    return Sheet(
        [_glued_paper(_header(lines[at], source), lines, at + 1, source) for at in range(0, len(lines), 3)]
    )


def _read_mixed(lines: Sequence[Line], source: Source) -> Sheet:
    """Papers of two lines, title with authors and abstract, some with a header line before."""
    entries = []
    at = 0
    while at < len(lines):
        header = Header()
        if lines[at].is_header:
            header = _header(lines[at], source)
            at += 1
        entries.append(_glued_paper(header, lines, at, source))
        at += 2
    return Sheet(entries)


LAYOUTS: dict[str, Callable[[Sequence[Line], Source], Sheet]] = {
    "profile": _read_profile,
    "dated": _read_dated,
    "mixed": _read_mixed,
}


# Parts of a page


def _profile(lines: Sequence[Line], source: Source) -> tuple[str | None, Profile]:
    """The owner's name and the figures stated, from the lines before the first paper."""
    hint = "It states name, category, h-index, papers, citations, Novelty, AI Score and N Papers."
    author: str | None = None
    found: dict[str, str] = {}
    for line in lines:
        if figure := _figure(line.text):
            name, value = figure
            if name in found:
                source.refuse(line.number, "The profile states a figure twice.", hint)
            found[name] = value
        elif _PAPERS_HEADING.fullmatch(line.text):
            continue
        elif line is lines[0]:
            author = line.text
        else:
            source.refuse(line.number, "The profile holds a line that is not known.", hint)
    numbers = {name: int(value) for name, value in found.items() if name != "category"}
    return author, Profile(category=found.get("category"), **numbers)


def _figure(text: str) -> tuple[str, str] | None:
    """Name and value of the figure that a line states."""
    matches = ((name, pattern.fullmatch(text)) for name, pattern in _FIGURES.items())
    return next(((name, match[1].replace(",", "")) for name, match in matches if match), None)


def _listed_paper(lines: Sequence[Line], at: int, source: Source) -> Entry:
    header = _header(lines[at], source)
    title, authors, abstract = _body(lines, at + 1, 3, source)
    byline = read_byline(authors.text)
    if byline is None:
        hint = "Write: First Author, Second Author."
        source.refuse(authors.number, "The line of authors holds something else.", hint)
    return Entry(header, title.text, byline, abstract.printed)


def _glued_paper(header: Header, lines: Sequence[Line], at: int, source: Source) -> Entry:
    title, abstract = _body(lines, at, 2, source)
    split, next_split = split_glued(title.text), split_glued(abstract.text)
    if split is None:
        hint = "Write them right after it: ...the titleFirst Author, Second Author et al."
        source.refuse(title.number, "The title has no authors.", hint)
    if (
        next_split
        and len(next_split[1].authors) == MOST_GLUED_AUTHORS
        and len(abstract.printed) < _SHORT_LINE
    ):
        source.refuse(title.number, "The title has no abstract.", "Add the abstract on a line of its own.")
    return Entry(header, *split, abstract.printed)


def _body(lines: Sequence[Line], start: int, count: int, source: Source) -> Sequence[Line]:
    """The `count` lines of a paper from `start` on, or a clear word on which are missing."""
    body = lines[start : start + count]
    found = next((at for at, line in enumerate(body) if line.is_header), len(body))
    if found == count:
        return body
    hint = "Add the missing line, or fetch the page again if it is cut off."
    if found:
        missing = "abstract" if count == 2 else f"authors {'and' if found == 1 else 'or'} no abstract"
        source.refuse(body[0].number, f"The title has no {missing}.", hint)
    if body:
        source.refuse(
            body[0].number, "Two header lines follow each other.", "Remove one or add a paper's lines."
        )
    source.refuse(lines[start - 1].number, "The header line has no title.", hint)


def _header(line: Line, source: Source) -> Header:
    """What a header line states. A date without a year is of the crawl year."""
    match = _HEADER.fullmatch(line.text)
    if match is None:
        source.refuse(
            line.number,
            "A paper's header line is expected here.",
            f"Write one such as {_HEADER_EXAMPLE}, and title, authors and abstract on one line each.",
        )
    try:
        year = int(match["year"] or source.crawl_year)
        day = date(year, _MONTHS.index(match["month"]) + 1, int(match["day"]))
    except ValueError:
        source.refuse(line.number, f'"{match[0]}" holds no possible date.', "Correct the day or the year.")
    score = float(match["score"]) if match["score"] else None
    return Header(match["category"], day, match["code"] is not None, score)
