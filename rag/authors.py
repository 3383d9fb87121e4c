"""A typed name -> the author of the shelf whom it means: exact, misspelt, or a part of the name.

Knows the names that the shelf holds and how names are written. Takes no name for another that may
well be someone else's: where each typed word is a name that the shelf knows, it is no misspelling.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rag.types import Paper

# Most misspelt that a whole name, and each of its words, may be and still be taken for one.
LIKE_A_NAME = 0.8
LIKE_A_WORD = 0.6
# A part of a name alone says less, so it must be spelt better.
LIKE_A_PART = 0.85
SHORTEST_MISSPELT_PART = 4
# Names at least this alike are offered where none is taken.
WORTH_OFFERING = 0.6
MOST_OFFERED = 3


@dataclass(frozen=True, slots=True)
class Roster:
    """The shelf's authors: folded name to name as printed, page owners first; each name's folded parts."""

    names: Mapping[str, str]
    parts: Mapping[str, tuple[str, ...]]
    known_parts: frozenset[str]


def build_roster(papers: Sequence[Paper]) -> Roster:
    owners = dict.fromkeys(paper.page_author for paper in papers)
    printed = Counter(name for paper in papers for name in paper.authors)
    ordered = [*owners, *(name for name, _ in printed.most_common() if name not in owners)]
    names: dict[str, str] = {}
    for name in ordered:
        names.setdefault(fold(name), name)
    parts = {name: _parts(name) for name in names.values()}
    return Roster(names, parts, frozenset(part for folded in parts.values() for part in folded))


def fold(text: str) -> str:
    """Letters and digits alone, without case and accents: `Kürzinger` -> `kurzinger`."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if character.isalnum())


def resolve(typed: Sequence[str], roster: Roster) -> tuple[str, ...]:
    """Whom these words may mean: one name where it is understood, several or none where it is not.

    A whole name exactly, else a part of it, initials, or a misspelling of one name alone.
    """
    words = [folded for word in typed if (folded := fold(word))]
    exact = roster.names.get("".join(words))
    if exact or not words:
        return (exact,) if exact else ()
    return _part(words[0], roster) if len(words) == 1 else _whole(words, roster)


def nearest_names(words: Sequence[str], roster: Roster) -> tuple[str, ...]:
    """Names on the shelf that look like these words, best first."""
    typed = "".join(words)
    alike = {name: _alike(typed, "".join(parts)) for name, parts in roster.parts.items()}
    best = sorted(alike, key=lambda name: (-alike[name], -len(set(words) & set(roster.parts[name]))))
    return tuple(name for name in best if alike[name] >= WORTH_OFFERING)[:MOST_OFFERED]


def _part(word: str, roster: Roster) -> tuple[str, ...]:
    holders = tuple(name for name, parts in roster.parts.items() if word in parts)
    if holders or len(word) < SHORTEST_MISSPELT_PART:
        return holders
    close = [
        part
        for part in roster.known_parts
        if len(part) >= SHORTEST_MISSPELT_PART and _is_like(word, part, LIKE_A_PART)
    ]
    holders = tuple(name for name, parts in roster.parts.items() if set(close) & set(parts))
    return holders if len(holders) == 1 else ()


def _whole(words: Sequence[str], roster: Roster) -> tuple[str, ...]:
    if any(len(word) == 1 for word in words):
        return tuple(name for name, parts in roster.parts.items() if _initials(words, parts))
    shortened = tuple(name for name, parts in roster.parts.items() if _shortened(words, parts))
    if len(shortened) == 1 and len(words) > 1:
        return shortened
    turned = tuple(name for name, parts in roster.parts.items() if parts == (*words[1:], words[0]))
    if turned and _only_given(words[-1], turned[0], roster):
        return turned[:1]
    known = roster.known_parts
    spelt = tuple(name for name, parts in roster.parts.items() if _misspelt(words, parts, known))
    return spelt if len(spelt) == 1 else ()


def _initials(words: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether `z liu` may be `zechun liu`."""
    return len(words) == len(parts) and all(
        part == word or (len(word) == 1 and part.startswith(word))
        for word, part in zip(words, parts, strict=True)
    )


def _shortened(words: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether `decebal mocanu` leaves out a middle name."""
    return len(words) < len(parts) and words[0] == parts[0] and words[-1] == parts[-1]


def _only_given(word: str, name: str, roster: Roster) -> bool:
    """Whether nobody else on the shelf bears the name, so that `Liu Zechun` is Zechun Liu turned round."""
    return [other for other, parts in roster.parts.items() if word in parts] == [name]


def _misspelt(words: Sequence[str], parts: Sequence[str], known: frozenset[str]) -> bool:
    if len(words) != len(parts) or not any(
        word[0] == part[0] for word, part in zip(words, parts, strict=True)
    ):
        return False
    return all(
        word == part or (word not in known and _is_like(word, part, LIKE_A_WORD))
        for word, part in zip(words, parts, strict=True)
    ) and _is_like("".join(words), "".join(parts), LIKE_A_NAME)


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _is_like(one: str, other: str, floor: float) -> bool:
    """Whether they are at least so alike; most pairs are told apart by their letters alone."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= floor and matcher.quick_ratio() >= floor and matcher.ratio() >= floor


def _parts(name: str) -> tuple[str, ...]:
    return tuple(folded for part in re.split(r"[\s-]+", name) if (folded := fold(part)))
