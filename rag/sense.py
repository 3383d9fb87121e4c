"""One sense of a question about the collection, and how each is built: filters taken, words left.

A sense that leaves a word unexplained is not what was asked. Knows no kind of question by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from rag import wordings
from rag.filters import Slate, take_filters
from rag.marking import Marked
from rag.phrases import FIRST, PAPERS
from rag.types import Aim, Inquiry
from rag.unknowable import UNKNOWABLE


@dataclass(frozen=True, slots=True)
class Sense:
    """One sense of a question, and the words that it does not explain; `broken` if it cannot be meant."""

    inquiry: Inquiry
    left: tuple[str, ...]
    slate: str
    broken: bool = False

    @property
    def whole(self) -> bool:
        return not self.left and not self.broken


Reader = Callable[[Marked, Sequence[str]], Sense | None]


def _left(slate: Slate, allowed: frozenset[str] = frozenset()) -> tuple[str, ...]:
    slate.take(wordings.SHELF)
    slate.take(wordings.ASIDE)
    known = wordings.PLAIN | allowed
    return tuple(
        word
        for word in slate.left()
        if word not in known and not get_close_matches(word, wordings.LONG, 1, 0.85)
    )


def built(
    aim: Aim,
    slate: Slate,
    marked: Marked,
    before: Sequence[str],
    allowed: frozenset[str] = frozenset(),
    **fields: object,
) -> Sense:
    """The sense of this aim: the filters of what is left of the slate, and the words that no one explains."""
    slate.take(wordings.TOLD_WITH)
    unknowable = [why for pattern, why in UNKNOWABLE if slate.take(pattern)]
    filters = take_filters(slate, marked, before=before)
    trouble = next(iter([*unknowable, *filters.clashes]), "")
    inquiry = Inquiry(aim, filters.scope, trouble=trouble, **fields)  # type: ignore[arg-type]
    if filters.either:
        either = replace(filters.scope, together=(), authors=filters.either)
        inquiry = replace(inquiry, sides=(either,))
        filters.broken |= aim not in ("count", "list")  # only these can tell both senses
    return Sense(inquiry, _left(slate, allowed), slate.text, filters.broken)


def simple(aim: Aim, pattern: re.Pattern[str], allowed: frozenset[str] = frozenset()) -> Reader:
    def read(marked: Marked, before: Sequence[str]) -> Sense | None:
        slate = Slate(marked.text)
        found = slate.take(pattern)
        if not found:
            return None
        most = 1 if re.search(rf"\b{wordings.MOST}\b", marked.text) else None
        few = bool(wordings.FEW.search(marked.text))
        return built(
            aim,
            slate,
            marked,
            before,
            allowed | ({*wordings.RANK_WORDS} if most else frozenset()),
            most=most,
            fewest=few,
        )

    return read


HOW_MANY_ARE = (
    r" how many (?:of (?:them|these|those|it) )?"
    r"(?:in|from|by|with|without|since|before|after|are|is|were|have|has|come|came|carry|lack|print|do|did"
    r"|show) "
)


def of_papers(text: str) -> bool:
    return bool(
        re.search(
            rf" {PAPERS} | anything | everything | {FIRST} | {wordings.VERB} | of NAME\d+ 's "
            r"| of (?:those|these|them) | c[ao]mes? out | released | posted ",
            text,
        )
    )


def number_of(word: str) -> int:
    return int(word) if word.isdigit() else wordings.NUMBERS[word]
