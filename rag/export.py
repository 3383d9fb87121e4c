"""Papers -> a bibliography as text: BibTeX, RIS, CSL-JSON, Markdown, CSV or JSON lines. Pure.

Says what the listing says and no more: a paper without a date gets no year, names that the listing
cuts with "et al." stay cut and a note says so. All formats are UTF-8; mathematics between dollar
signs stays as it is, for LaTeX to set. A key depends on its paper alone.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal, get_args

from rag.errors import UsageError
from rag.types import Paper
from rag.words import STOP_WORDS, is_name

Format = Literal["bibtex", "ris", "csl", "markdown", "csv", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)

SUFFIXES: Mapping[str, Format] = {
    ".bib": "bibtex",
    ".ris": "ris",
    ".json": "csl",
    ".md": "markdown",
    ".csv": "csv",
    ".jsonl": "json",
}

# Of a paper's id, itself a hash, so many characters keep keys apart: one clash in four thousand million.
KEY_ID_LENGTH = 8

_PARTICLES = frozenset(
    "af al bin da das de degli dei del della den der di do dos du el ibn la las le los ten ter "
    "van vom von y zu zum zur".split()
)
_SUFFIX = re.compile(r"(?:jr|sr)\.?|ii|iii|iv", re.I)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CUT_NAMES = "The listing names the first {} and cuts the others (et al.)."
# What no format can hold: characters of control, halves of characters, and no characters at all.
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name in parts; `particle` and `suffix` such as `van der` and `Jr.`, often empty."""

    given: str
    particle: str
    family: str
    suffix: str = ""


def export_papers(papers: Sequence[Paper], style: Format) -> str:
    """The papers, each once, in the order given."""
    once = list({paper.id: paper for paper in papers}.values())
    return _WRITERS[style](once)


def format_of(name: str) -> Format:
    """The format that a file's ending stands for. Raises UsageError for another ending."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        endings = ", ".join(SUFFIXES)
        raise UsageError(f"{name}: its ending names no format.", hint=f"The endings are {endings}.")
    return SUFFIXES[suffix]


def citation_key(paper: Paper) -> str:
    """`shen2024lazydit-1f2e3d4c`: the same for a paper whatever else is exported."""
    family = _letters(split_name(paper.authors[0]).family) if paper.authors else ""
    year = str(paper.date.year) if paper.date else ""
    words = (_letters(word) for word in re.split(r"[\s:,;?!()/–—]+", paper.title))
    word = next((word for word in words if word and word not in STOP_WORDS), "")
    return f"{family or 'anonymous'}{year}{word}-{paper.id[:KEY_ID_LENGTH]}"


def split_name(printed: str) -> Name:
    """A printed name in its parts: the last word is the family's, with the particles before it."""
    words = _line(printed).split()
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    last = max(len(words) - 1, 0)
    lower = last
    while lower > max(start, 0) and not words[lower - 1].islower():
        lower -= 1
    # A particle with a capital belongs to the family name, one without stands before it.
    return Name(
        given=" ".join(words[: max(start, 0)]),
        particle=" ".join(words[max(start, 0) : lower]),
        family=" ".join(words[lower:]),
        suffix=suffix,
    )


# --- BibTeX


def _bibtex(papers: Sequence[Paper]) -> str:
    return "\n".join(_bibtex_entry(paper) for paper in papers)


def _bibtex_entry(paper: Paper) -> str:
    fields = {
        "title": _bibtex_text(paper.title, protect=True),
        "author": " and ".join([*map(_bibtex_name, paper.authors), *(["others"] if paper.et_al else [])]),
        "year": str(paper.date.year) if paper.date else "",
        "keywords": _bibtex_text(paper.category or ""),
        "note": _bibtex_text(_note(paper)),
        "abstract": _bibtex_text(paper.abstract),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    if paper.date:
        lines.insert(3, f"  month = {_MONTHS[paper.date.month - 1]},")
    return "\n".join([f"@misc{{{citation_key(paper)},", *lines, "}", ""])


def _bibtex_name(printed: str) -> str:
    """`van der Berg, Jr., Jan`; a name that could be read as several is held together by braces."""
    name = split_name(printed)
    if not name.given:
        return f"{{{_bibtex_text(printed)}}}"
    parts = [" ".join(filter(None, [name.particle, name.family])), name.suffix, name.given]
    return ", ".join(_bibtex_name_part(part) for part in parts if part)


def _bibtex_name_part(part: str) -> str:
    written = _bibtex_text(part)
    return f"{{{written}}}" if re.search(r",|(?<!\w)(?:and|others)(?!\w)", written, re.I) else written


# What is LaTeX already: a formula, `2.3\%`, `\textbf{LO}w-rank`.
_LATEX = re.compile(
    r"\$(?![\s$])(?:[^${}%\\]|\\[A-Za-z]+|\\[{}%]|\{[^${}%]{0,60}\})+(?<!\s)\$(?!\d)"
    r"|\\[%&#_$]|\\(?:emph|url|text(?:bf|it|tt|rm|sc|sf))\{[^\\{}$%&#_^~]{0,80}\}"
)
_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "$": r"\$",
}


def _bibtex_text(text: str, *, protect: bool = False) -> str:
    """Text as LaTeX that sets it as written; `protect` keeps the capitals of names from styles."""
    return "".join(_bibtex_parts(_line(text), protect=protect))


def _bibtex_parts(text: str, *, protect: bool) -> Iterator[str]:
    done = 0
    for latex in _LATEX.finditer(text):
        yield _escaped(text[done : latex.start()], protect=protect)
        yield f"{{{latex[0]}}}" if protect else latex[0]
        done = latex.end()
    yield _escaped(text[done:], protect=protect)


def _escaped(text: str, *, protect: bool) -> str:
    return "".join(
        f"{{{_signs(word)}}}" if protect and _has_own_capitals(word) else _signs(word)
        for word in re.split(r"(\s+|[:,;?!()\"]+)", text)
    )


def _signs(text: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in text)


def _has_own_capitals(word: str) -> bool:
    return is_name(word.strip(".'’-")) or (len(word) == 1 and word.isupper() and word != "A")


# --- RIS


def _ris(papers: Sequence[Paper]) -> str:
    return "\n".join(_ris_entry(paper) for paper in papers)


def _ris_entry(paper: Paper) -> str:
    dates = []
    if paper.date:
        dates = [("PY", str(paper.date.year)), ("DA", paper.date.strftime("%Y/%m/%d/"))]
    lines = [
        ("TY", "GEN"),
        ("ID", citation_key(paper)),
        ("TI", paper.title),
        *(("AU", _ris_name(name)) for name in paper.authors),
        *dates,
        *([("KW", paper.category)] if paper.category else []),
        ("N1", _note(paper)),
        ("AB", paper.abstract),
        ("ER", ""),
    ]
    return "".join(f"{tag}  - {_line(value)}\n" for tag, value in lines if value or tag == "ER")


def _ris_name(printed: str) -> str:
    name = split_name(printed)
    family = " ".join(filter(None, [name.particle, name.family]))
    return ", ".join(filter(None, [family, name.given, name.suffix]))


# --- CSL-JSON


def _csl(papers: Sequence[Paper]) -> str:
    return json.dumps([_csl_item(paper) for paper in papers], ensure_ascii=False, indent=2) + "\n"


def _csl_item(paper: Paper) -> dict[str, Any]:
    day = paper.date
    issued = {"issued": {"date-parts": [[day.year, day.month, day.day]]}} if day else {}
    return {
        "id": citation_key(paper),
        "type": "article",
        "title": _line(paper.title),
        "author": [_csl_name(name) for name in paper.authors],
        **issued,
        **({"keyword": paper.category} if paper.category else {}),
        "note": _note(paper),
        "abstract": _line(paper.abstract),
    }


def _csl_name(printed: str) -> dict[str, str]:
    name = split_name(printed)
    if not name.given:
        return {"literal": _line(printed)}
    parts = {"family": name.family, "given": name.given, "non-dropping-particle": name.particle}
    return {key: value for key, value in {**parts, "suffix": name.suffix}.items() if value}


# --- Markdown, CSV, JSON lines


def _markdown(papers: Sequence[Paper]) -> str:
    return "".join(f"- {_markdown_entry(paper)}\n" for paper in papers)


def _markdown_entry(paper: Paper) -> str:
    names = ", ".join(map(_markdown_text, paper.authors)) + (" et al." if paper.et_al else "")
    dated = paper.date.isoformat() if paper.date else "undated"
    category = f" {_markdown_text(paper.category)}." if paper.category else ""
    owner = f" On the page of {_markdown_text(paper.page_author)}."
    return f"**{_markdown_text(paper.title)}**. {names} ({dated}).{category}{owner}"


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~$&!])", r"\\\1", _line(text))


_COLUMNS = (
    "key", "id", "title", "authors", "et_al", "affiliations", "category", "date", "has_code", "score",
    "page_author", "seed", "index", "abstract",
)  # fmt: skip


def _csv(papers: Sequence[Paper]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_csv_row(paper) for paper in papers)
    return written.getvalue()


def _csv_row(paper: Paper) -> dict[str, str]:
    """What is unknown is empty; lists are joined by `; `."""
    record = {"key": citation_key(paper), **paper.record()}
    return {name: _csv_value(record[name]) for name in _COLUMNS}


def _csv_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(_line, value))
    return "" if value is None else _line(str(value))


def _json(papers: Sequence[Paper]) -> str:
    return "".join(json.dumps(paper.record(), ensure_ascii=False) + "\n" for paper in papers)


# --- words


def _note(paper: Paper) -> str:
    owner = f"Listed on the page of {paper.page_author}."
    undated = "" if paper.date else "The listing prints no date."
    cut = _CUT_NAMES.format(_names(len(paper.authors))) if paper.et_al else ""
    return " ".join(filter(None, [owner, undated, cut]))


def _names(count: int) -> str:
    return "author" if count == 1 else f"{count} authors"


def _line(text: str) -> str:
    """Text on one line, without what no format can hold."""
    return " ".join(_NO_TEXT.sub("", text).split())


def _letters(text: str) -> str:
    """A word's letters and digits alone, in ASCII, lower case: `Kürzinger` -> `kurzinger`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "".join(sign for sign in plain if sign.isalnum())


_WRITERS: Mapping[Format, Callable[[Sequence[Paper]], str]] = {
    "bibtex": _bibtex,
    "ris": _ris,
    "csl": _csl,
    "markdown": _markdown,
    "csv": _csv,
    "json": _json,
}
