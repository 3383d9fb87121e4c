"""An author page's file or text -> Page and Papers, nothing guessed.

Titles, names and abstracts are kept as printed, but for what no reader sees and what steers a
terminal or crashes a tokeniser (`rag.cleaning`). A paper that one page lists twice is kept
once, at its first place; `index` counts the listed papers, so a gap shows where one was left
out. A page is read whole or not at all: every fault is a PageError with file and line.

`rag.layouts` knows what the lines of a page mean, `rag.listings` what a `seeds.toml` adds.
Knows nothing of libraries or of other pages.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from rag.cleaning import clean
from rag.errors import PageError
from rag.layouts import LAYOUTS, Entry, Line, Source, detect_layout
from rag.listings import find_listing
from rag.types import Page, Paper

MAX_PAGE_BYTES = 64 * 1024 * 1024

_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]}*]*$|[}]$|(?:://|www\.)\S+$")
_HINT_ENCODING = "Save the page as text in UTF-8."


def read_page(
    path: Path, *, crawl_year: int | None = None, author: str | None = None
) -> tuple[Page, tuple[Paper, ...]]:
    """Read one page file.

    What a `seeds.toml` beside the file says of it counts, arguments count more, and the year
    is this year where neither names one. A page that differs from its listing was edited, and
    is read. Raises PageError.
    """
    data = _read_bytes(path)
    listing = find_listing(path)
    source = Source(path.name, crawl_year or (listing.crawl_year if listing else date.today().year))
    return parse_page(
        _decode(data, source),
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
    source = Source(seed, crawl_year)
    lines = _lines(text, source)
    layout = layout or detect_layout(lines, source)
    if layout not in LAYOUTS:
        source.refuse(0, f'"{layout}" is not a layout.', f"Name one of {', '.join(LAYOUTS)}.")
    sheet = LAYOUTS[layout](lines, source)
    if not text.endswith("\n") and not _SENTENCE_END.search(sheet.entries[-1].abstract.rstrip()[-4096:]):
        source.refuse(
            lines[-1].number,
            "The page looks cut off: it stops without a line end.",
            "Fetch the whole page again, or, if it is complete, end it with a line end.",
        )
    if not author:
        author, author_inferred = sheet.author or _most_printed(sheet.entries), sheet.author is None
    page = Page(
        seed=seed,
        layout=layout,
        author=author,
        author_inferred=author_inferred,
        crawl_year=crawl_year,
        sha256=sha256 or _digest(text),
        profile=sheet.profile,
    )
    return page, _unique(_paper(entry, index, page) for index, entry in enumerate(sheet.entries))


def paper_id(title: str, authors: Sequence[str]) -> str:
    """12 hex digits from title and authors; case and spacing do not count."""
    return _digest(f"{_normal(title)}\n{_normal(', '.join(authors))}")[:12]


# Papers


def _paper(entry: Entry, index: int, page: Page) -> Paper:
    header, byline = entry.header, entry.byline
    return Paper(
        id=paper_id(entry.title, byline.authors),
        title=entry.title,
        authors=byline.authors,
        et_al=byline.et_al,
        affiliations=byline.affiliations,
        category=header.category,
        date=header.date,
        has_code=header.has_code,
        score=header.score,
        abstract=entry.abstract,
        seed=page.seed,
        index=index,
        page_author=page.author,
    )


def _unique(papers: Iterable[Paper]) -> tuple[Paper, ...]:
    first: dict[str, Paper] = {}
    for paper in papers:
        first.setdefault(paper.id, paper)
    return tuple(first.values())


def _most_printed(entries: Sequence[Entry]) -> str:
    return Counter(name for entry in entries for name in entry.byline.authors).most_common(1)[0][0]


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


def _decode(data: bytes, source: Source) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse_binary(data.decode("latin-1"), source)  # one character a byte: the same lines
        line = error.object.count(b"\n", 0, error.start) + 1
        source.refuse(line, "The line is not UTF-8.", _HINT_ENCODING)


def _lines(text: str, source: Source) -> list[Line]:
    """The lines that hold something, line ends stripped, numbered from 1."""
    _refuse_binary(text, source)
    split = text.removeprefix("\ufeff").split("\n")
    cleaned = (
        (number, clean(line.removesuffix("\r")).replace("\n", " ")) for number, line in enumerate(split, 1)
    )
    lines = [Line(number, line) for number, line in cleaned if line.strip()]
    if not lines:
        source.refuse(0, "The page is empty.", "Fetch the page again.")
    return lines


def _refuse_binary(text: str, source: Source) -> None:
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        source.refuse(line, "The file holds binary data.", _HINT_ENCODING)
