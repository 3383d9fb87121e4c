"""A printed line -> title, authors, affiliations. Pure text.

    Zechun Liu, Barlas Oguz et al. · meta-ai, pku             a byline
    ...Mapping for ReRAM-based Edge AIGeng Yuan, Yan Yan      a title with its byline glued to it

Knows nothing of layouts, headers or errors: a line that is neither gives None.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

MOST_GLUED_AUTHORS = 3

_AFFILIATIONS = re.compile(r" et al\. · (.+)$| · ([^A-Z·]+)$")
_ET_AL = " et al."
_PARTICLES = frozenset(
    re.findall("[a-z]+", "al ben bin da de del della den der di do dos du el ibn la le ten ter van von y zu")
)
# Name parts after which a capital continues the word: LeCun, McDonald, DiCaprio.
_NAME_PREFIX = re.compile(r"(?:Mc|Mac|Le|La|De|Di|Du|Van|Von|Fitz|[A-Z]\.)$")
_LONGEST_NAME = 80
_MOST_NAME_WORDS = 6
_HYPHENS = "-\u2010\u2011"
_APOSTROPHES = "'\u2019`"
_NAME_MARKS = f".{_HYPHENS}{_APOSTROPHES}"


class Byline(NamedTuple):
    """Who wrote a paper, as printed; `et_al` says that more did."""

    authors: tuple[str, ...]
    et_al: bool
    affiliations: tuple[str, ...]


def read_byline(text: str) -> Byline | None:
    """A line of authors alone; None where it holds something else."""
    names, et_al, affiliations = _cut(text)
    authors = tuple(name.strip() for name in names.split(","))
    if not all(authors) or any(len(name) > _LONGEST_NAME for name in authors):
        return None
    return Byline(authors, et_al, affiliations)


def split_glued(text: str) -> tuple[str, Byline] | None:
    """`...Edge AIGeng Yuan, Zhiheng Liao et al.` -> title and byline; None where no authors show.

    Listings print up to three names, and exactly three before `et al.`; a title may hold
    commas. So most names are tried first, and only then names with a capital inside a word,
    which more often are a title's end with the first author.
    """
    names, et_al, affiliations = _cut(text)
    parts = names.split(", ")
    for plain in (False,) if et_al else (True, False):
        for count in range(min(MOST_GLUED_AUTHORS, len(parts)), 0, -1):
            cut = len(parts) - count + 1
            head, others = ", ".join(parts[:cut]), parts[cut:]
            start = _first_author_start(head)
            if start and all(_is_name(name) and not (plain and any(_glue_points(name))) for name in others):
                return head[:start].rstrip(), Byline((head[start:], *others), et_al, affiliations)
    return None


def _cut(text: str) -> tuple[str, bool, tuple[str, ...]]:
    """The text before `et al.` and affiliations; whether others are meant; the affiliations."""
    affiliations: tuple[str, ...] = ()
    if found := _AFFILIATIONS.search(text):
        affiliations = tuple(part.strip() for part in (found[1] or found[2]).split(",") if part.strip())
        text = text[: found.start()] + (_ET_AL if found[1] else "")
    return text.removesuffix(_ET_AL), text.endswith(_ET_AL), affiliations


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
        and all(char in _NAME_MARKS or unicodedata.category(char)[0] in "LM" for char in "".join(words))
    )
