"""An author page's text -> Page and Papers: one function per layout, nothing guessed.

Layouts, told apart by what the file holds:

    profile   the author's figures, then header line, title, authors, abstract, split by blank lines
    dated     no profile; header line, title with the authors glued to it, abstract
    mixed     as dated, but a paper may lack its header line

Titles, names and abstracts are kept as printed. A paper that one page lists twice is kept
once, at its first place; `index` counts the listed papers, so a gap shows where one was left
out. A page is read whole or not at all: every fault is a PageError with file and line.

Knows nothing of libraries or of other pages.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple, NoReturn

from rag.errors import PageError
from rag.types import Page, Paper, Profile

SEEDS_FILE = "seeds.toml"
MAX_PAGE_BYTES = 64 * 1024 * 1024

_LISTING_FIELDS = {
    "file": str,
    "layout": str,
    "author": str,
    "author_inferred": bool,
    "crawl_year": int,
    "sha256": str,
}
_UTF8_MARK = b"\xef\xbb\xbf"
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
# Name, six figures and the heading: what a profile prints before its first paper.
_PROFILE_LINES = 8

_AFFILIATIONS = re.compile(r" et al\. · (.+)$| · ([^A-Z·]+)$")
_ET_AL = " et al."
_PARTICLES = frozenset(
    re.findall("[a-z]+", "al ben bin da de del della den der di do dos du el ibn la le ten ter van von y zu")
)
# Name parts after which a capital continues the word: LeCun, McDonald, DiCaprio.
_NAME_PREFIX = re.compile(r"(?:Mc|Mac|Le|La|De|Di|Du|Van|Von|Fitz|[A-Z]\.)$")
_LONGEST_NAME = 80
_MOST_NAME_WORDS = 6
_MOST_GLUED_AUTHORS = 3
# What ends as a title with its authors does, and is no longer than this, is no abstract.
_SHORT_LINE = 400
_HYPHENS = "-\u2010\u2011"
_APOSTROPHES = "'\u2019`"
_NAME_MARKS = f".{_HYPHENS}{_APOSTROPHES}"

_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]}*]*$|[}]$|(?:://|www\.)\S+$")


class _Line(NamedTuple):
    number: int
    text: str


class _Header(NamedTuple):
    """The line that precedes a paper; all unknown where none is printed."""

    category: str | None = None
    date: date | None = None
    has_code: bool | None = None
    score: float | None = None


class _Byline(NamedTuple):
    authors: tuple[str, ...]
    et_al: bool
    affiliations: tuple[str, ...]


class _Listed(NamedTuple):
    header: _Header
    title: str
    byline: _Byline
    abstract: str


class _Sheet(NamedTuple):
    """What a layout's function finds; `author` is None where the page does not print its owner."""

    papers: list[_Listed]
    author: str | None = None
    profile: Profile = Profile()


@dataclass(frozen=True, slots=True)
class _Source:
    """What is read: for errors, and for dates without a year."""

    seed: str
    crawl_year: int

    def refuse(self, line: int, message: str, hint: str) -> NoReturn:
        raise PageError(message, file=self.seed, line=line, hint=hint)


@dataclass(frozen=True, slots=True)
class Listing:
    """What `seeds.toml` says of one page."""

    file: str
    layout: str
    author: str
    author_inferred: bool
    crawl_year: int
    sha256: str


def read_page(
    path: Path, *, crawl_year: int | None = None, author: str | None = None
) -> tuple[Page, tuple[Paper, ...]]:
    """Read one page file.

    What a `seeds.toml` beside the file says of it counts, arguments count more, and the year
    is this year where neither names one. A page that differs from its listing was edited, and
    is read. Raises PageError.
    """
    data = _read_bytes(path)
    listing = _find_listing(path)
    source = _Source(path.name, crawl_year or (listing.crawl_year if listing else date.today().year))
    text = _decode(data, source)
    return parse_page(
        text,
        seed=source.seed,
        crawl_year=source.crawl_year,
        sha256=hashlib.sha256(data).hexdigest(),
        layout=listing.layout if listing else None,
        author=author or (listing.author if listing else None),
        author_inferred=bool(listing and listing.author_inferred and not author),
    )


def parse_page(
    text: str,
    *,
    seed: str,
    crawl_year: int,
    sha256: str | None = None,
    layout: str | None = None,
    author: str | None = None,
    author_inferred: bool = False,
) -> tuple[Page, tuple[Paper, ...]]:
    """A page's text -> the Page and its Papers, in the order listed.

    `crawl_year` completes dates without a year. `sha256` defaults to the text's own, `layout`
    to the one that the text shows, `author` to the printed owner, else to the name printed
    most often (then inferred). Raises PageError.
    """
    source = _Source(seed, crawl_year)
    lines = _lines(text, source)
    layout = layout or _detect_layout(lines, source)
    if layout not in LAYOUTS:
        source.refuse(0, f'"{layout}" is not a layout.', f"Name one of {', '.join(LAYOUTS)}.")
    sheet = LAYOUTS[layout](lines, source)
    if not text.endswith("\n") and not _SENTENCE_END.search(sheet.papers[-1].abstract.rstrip()[-4096:]):
        _refuse_cut(source, lines[-1].number)
    if not author:
        author, author_inferred = sheet.author or _most_printed(sheet.papers), sheet.author is None
    page = Page(
        seed=seed,
        layout=layout,
        author=author,
        author_inferred=author_inferred,
        crawl_year=crawl_year,
        sha256=sha256 or _digest(text),
        profile=sheet.profile,
    )
    return page, _unique(_paper(listed, index, page) for index, listed in enumerate(sheet.papers))


def paper_id(title: str, authors: Sequence[str]) -> str:
    """12 hex digits from title and authors; case and spacing do not count."""
    return _digest(f"{_normal(title)}\n{_normal(', '.join(authors))}")[:12]


# Layouts


def _read_profile(lines: Sequence[_Line], source: _Source) -> _Sheet:
    """The author's figures, then papers of four lines: header line, title, authors, abstract."""
    first = next((at for at, line in enumerate(lines) if _is_header(line.text)), len(lines))
    author, profile = _profile(lines[:first], source)
    papers = []
    for at in range(first, len(lines), 4):
        header = _header(lines[at], source)
        title, authors, abstract = _body(lines, at + 1, 3, source)
        papers.append(_Listed(header, title.text.strip(), _byline(authors, source), abstract.text))
    if not papers:
        source.refuse(lines[-1].number, "The profile is followed by no paper.", "Fetch the whole page again.")
    return _Sheet(papers, author, profile)


def _read_dated(lines: Sequence[_Line], source: _Source) -> _Sheet:
    """Papers of three lines: header line, title with authors, abstract."""
    papers = [
        _glued_paper(_header(lines[at], source), lines, at + 1, source) for at in range(0, len(lines), 3)
    ]
    return _Sheet(papers)


def _read_mixed(lines: Sequence[_Line], source: _Source) -> _Sheet:
    """Papers of two lines, title with authors and abstract, some with a header line before."""
    papers = []
    at = 0
    while at < len(lines):
        header = _Header()
        if _is_header(lines[at].text):
            header = _header(lines[at], source)
            at += 1
        papers.append(_glued_paper(header, lines, at, source))
        at += 2
    return _Sheet(papers)


LAYOUTS: dict[str, Callable[[Sequence[_Line], _Source], _Sheet]] = {
    "profile": _read_profile,
    "dated": _read_dated,
    "mixed": _read_mixed,
}


def _detect_layout(lines: Sequence[_Line], source: _Source) -> str:
    start = [line.text.strip() for line in lines[: _PROFILE_LINES + 1]]
    figures = (_PAPERS_HEADING, *(_FIGURES[name] for name in ("h_index", "citations", "ai_score")))
    if any(pattern.fullmatch(text) for text in start for pattern in figures):
        return "profile"
    if _is_header(start[0]):
        return "dated" if all(_is_header(line.text) for line in lines[::3]) else "mixed"
    if _split_glued(start[0]):
        return "mixed"
    source.refuse(
        lines[0].number,
        "The page is in none of the known layouts.",
        f"A page starts with an author's profile, a header line such as {_HEADER_EXAMPLE}, "
        "or a title with its authors.",
    )


# Parts of a paper


def _body(lines: Sequence[_Line], start: int, count: int, source: _Source) -> Sequence[_Line]:
    """The `count` lines of a paper from `start` on, or a clear word on which are missing."""
    body = lines[start : start + count]
    found = next((at for at, line in enumerate(body) if _is_header(line.text)), len(body))
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


def _glued_paper(header: _Header, lines: Sequence[_Line], at: int, source: _Source) -> _Listed:
    title, abstract = _body(lines, at, 2, source)
    split, next_split = _split_glued(title.text.strip()), _split_glued(abstract.text.strip())
    if split is None:
        hint = "Write them right after it: ...the titleFirst Author, Second Author et al."
        source.refuse(title.number, "The title has no authors.", hint)
    if next_split and len(next_split[1].authors) == _MOST_GLUED_AUTHORS and len(abstract.text) < _SHORT_LINE:
        source.refuse(title.number, "The title has no abstract.", "Add the abstract on a line of its own.")
    return _Listed(header, *split, abstract.text)


def _is_header(text: str) -> bool:
    return _HEADER.fullmatch(text.strip()) is not None


def _header(line: _Line, source: _Source) -> _Header:
    """What a header line states. A date without a year is of the crawl year."""
    match = _HEADER.fullmatch(line.text.strip())
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
    return _Header(match["category"], day, match["code"] is not None, score)


def _byline(line: _Line, source: _Source) -> _Byline:
    """A line of authors, such as `Zechun Liu, Barlas Oguz et al. · meta-ai, pku`."""
    text, et_al, affiliations = _cut_byline(line.text.strip())
    authors = tuple(name.strip() for name in text.split(","))
    if not all(authors) or any(len(name) > _LONGEST_NAME for name in authors):
        source.refuse(
            line.number, "The line of authors holds something else.", "Write: First Author, Second Author."
        )
    return _Byline(authors, et_al, affiliations)


def _cut_byline(text: str) -> tuple[str, bool, tuple[str, ...]]:
    """The text before `et al.` and affiliations; whether others are meant; the affiliations."""
    affiliations: tuple[str, ...] = ()
    if found := _AFFILIATIONS.search(text):
        affiliations = tuple(part.strip() for part in (found[1] or found[2]).split(",") if part.strip())
        text = text[: found.start()] + (_ET_AL if found[1] else "")
    return text.removesuffix(_ET_AL), text.endswith(_ET_AL), affiliations


def _split_glued(text: str) -> tuple[str, _Byline] | None:
    """`...Edge AIGeng Yuan, Zhiheng Liao et al.` -> title and byline; None where no authors show.

    Listings print up to three names, and exactly three before `et al.`; a title may hold
    commas. So most names are tried first, and only then names with a capital inside a word,
    which more often are a title's end with the first author.
    """
    names, et_al, affiliations = _cut_byline(text)
    parts = names.split(", ")
    for plain in (False,) if et_al else (True, False):
        for count in range(min(_MOST_GLUED_AUTHORS, len(parts)), 0, -1):
            cut = len(parts) - count + 1
            head, others = ", ".join(parts[:cut]), parts[cut:]
            start = _first_author_start(head)
            if start and all(_is_name(name) and not (plain and any(_glue_points(name))) for name in others):
                authors = (head[start:], *others)
                return head[:start].rstrip(), _Byline(authors, et_al, affiliations)
    return None


def _first_author_start(text: str) -> int | None:
    """Where the name that ends `text` starts: the last glue point before a name of two words."""
    offset = max(len(text) - _LONGEST_NAME, 0)
    tail = text[offset:]
    likely = list(_glue_points(tail))
    unlikely = [at for at in _glue_points(tail, inside_names=True) if at not in likely]
    for point in (*reversed(likely), *reversed(unlikely)):
        if " " in tail[point:] and _is_name(tail[point:]) and text[: offset + point].strip():
            return offset + point
    return None


def _glue_points(text: str, *, inside_names: bool = False) -> Iterator[int]:
    """Where a capital follows another character; those that names hold (LeCun, O'Brien) only if asked."""
    for at in range(1, len(text)):
        before = text[max(at - 5, 0) : at]
        if (
            text[at].isupper()
            and not before[-1].isspace()
            and before[-1] not in _HYPHENS
            and (inside_names or not (before[-1] in _APOSTROPHES or _NAME_PREFIX.search(before)))
        ):
            yield at


def _is_name(text: str) -> bool:
    """Whether `text` reads as a person's name: capitalised words and particles, letters and name marks."""
    words = text.split(" ")
    return (
        len(words) <= _MOST_NAME_WORDS
        and all(word and (word[0].isupper() or word in _PARTICLES) for word in words)
        and text[0].isupper()
        and all(
            char in _NAME_MARKS or unicodedata.category(char)[0] in "LM" for word in words for char in word
        )
    )


def _profile(lines: Sequence[_Line], source: _Source) -> tuple[str | None, Profile]:
    """The owner's name and the figures stated, from the lines before the first paper."""
    author: str | None = None
    found: dict[str, str] = {}
    for line in lines:
        text = line.text.strip()
        figure = next((name for name, pattern in _FIGURES.items() if pattern.fullmatch(text)), None)
        if figure is None and _PAPERS_HEADING.fullmatch(text):
            continue
        if line is lines[0] and figure is None:
            author = text
        elif figure is None or figure in found:
            fault = "holds a line that is not known" if figure is None else "states a figure twice"
            hint = "It states name, category, h-index, papers, citations, Novelty, AI Score and N Papers."
            source.refuse(line.number, f"The profile {fault}.", hint)
        else:
            match = _FIGURES[figure].fullmatch(text)
            found[figure] = match[1].replace(",", "") if match else ""
    numbers = {name: int(value) for name, value in found.items() if name != "category"}
    return author, Profile(category=found.get("category"), **numbers)


def _refuse_cut(source: _Source, line: int) -> NoReturn:
    source.refuse(
        line,
        "The page looks cut off: it stops without a line end.",
        "Fetch the whole page again, or, if it is complete, end it with a line end.",
    )


# Papers


def _paper(listed: _Listed, index: int, page: Page) -> Paper:
    header, byline = listed.header, listed.byline
    return Paper(
        id=paper_id(listed.title, byline.authors),
        title=listed.title,
        authors=byline.authors,
        et_al=byline.et_al,
        affiliations=byline.affiliations,
        category=header.category,
        date=header.date,
        has_code=header.has_code,
        score=header.score,
        abstract=listed.abstract,
        seed=page.seed,
        index=index,
        page_author=page.author,
    )


def _unique(papers: Iterator[Paper]) -> tuple[Paper, ...]:
    first: dict[str, Paper] = {}
    for paper in papers:
        first.setdefault(paper.id, paper)
    return tuple(first.values())


def _most_printed(papers: Sequence[_Listed]) -> str:
    return Counter(name for listed in papers for name in listed.byline.authors).most_common(1)[0][0]


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# Files


def _read_bytes(path: Path) -> bytes:
    hint = "Name a page's text file."
    try:
        if path.is_dir():
            raise PageError("A folder is not a page.", file=str(path), hint="Name the page files in it.")
        if not path.exists():
            raise PageError("There is no such file.", file=str(path), hint=hint)
        if not path.is_file():
            raise PageError("It is not a plain file.", file=str(path), hint=hint)
        with path.open("rb") as file:
            data = file.read(MAX_PAGE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PageError(
            f"The page cannot be read: {reason}.", file=str(path), hint="Check path and rights."
        ) from error
    if len(data) > MAX_PAGE_BYTES:
        raise PageError(
            f"The page is larger than {MAX_PAGE_BYTES // 1024**2} MiB.",
            file=str(path),
            hint="Split it into pages.",
        )
    return data


def _decode(data: bytes, source: _Source) -> str:
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        source.refuse(line, "The file holds binary data.", "Save the page as text in UTF-8.")
    try:
        return data.removeprefix(_UTF8_MARK).decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        source.refuse(line, "The line is not UTF-8.", "Save the page as text in UTF-8.")


def _lines(text: str, source: _Source) -> list[_Line]:
    """The lines that hold something, line ends stripped, numbered from 1."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        source.refuse(line, "The file holds binary data.", "Save the page as text in UTF-8.")
    split = text.removeprefix("\ufeff").split("\n")
    lines = [_Line(number, line.removesuffix("\r")) for number, line in enumerate(split, 1) if line.strip()]
    if not lines:
        source.refuse(0, "The page is empty.", "Fetch the page again.")
    return lines


def _find_listing(path: Path) -> Listing | None:
    """What the `seeds.toml` beside `path` says of it; None where there is none or it says nothing."""
    beside = path.parent / SEEDS_FILE
    return next((listing for listing in read_listings(beside) if listing.file == path.name), None)


def read_listings(path: Path) -> tuple[Listing, ...]:
    """The pages that a `seeds.toml` lists, in its order; none where there is no such file.

    Raises PageError.
    """
    try:
        if not path.is_file():
            return ()
        entries = tomllib.loads(path.read_text("utf-8")).get("page", [])
        return tuple(_listing(entry, path) for entry in entries)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        hint = "Correct it, or put the shipped file back."
        raise PageError(f"The list of pages cannot be read: {error}.", file=str(path), hint=hint) from error


def _listing(entry: object, path: Path) -> Listing:
    if not isinstance(entry, dict):
        raise PageError(
            "The pages are not listed as tables.", file=str(path), hint="Head each with [[page]]."
        )
    for field, kind in _LISTING_FIELDS.items():
        if type(entry.get(field)) is not kind:
            hint = f"Each [[page]] states {', '.join(_LISTING_FIELDS)}."
            raise PageError(f"An entry has no usable {field}.", file=str(path), hint=hint)
    if unknown := sorted(set(entry) - set(_LISTING_FIELDS)):
        hint = f"Each [[page]] states {', '.join(_LISTING_FIELDS)}."
        raise PageError(f"An entry states {unknown[0]}, which is not known.", file=str(path), hint=hint)
    return Listing(**entry)
