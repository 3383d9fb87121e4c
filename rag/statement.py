"""A sentence taken apart into what can be true or false of it: numbers, names, directions, noes, words.

    text -> Statement (tokens in order, quantities, content stems)

Two statements are compared token by token, each with the company that it keeps. Knows English; knows
nothing of papers, of models or of what follows from a comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from rag.opposites import tells_direction
from rag.quantities import Quantity, comparable, quantities
from rag.words import STOP_WORDS, fold_name, is_name, stem

Kind = Literal["number", "name", "direction", "no", "word"]

_NO = re.compile(
    r"not|no|never|without|neither|nor|none|cannot|fail(?:s|ed)?|unable|lacks?|lacking|\w*n['’]t", re.I
)
_NOT_ONLY = frozenset({"only", "just", "merely", "limited"})
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")
# What stands between a no and what it bears upon.
_UNDENIED = frozenset(
    "the a an ani this that these those to be been of in on for with by at as so it yet".split()
)
_LISTING = frozenset({"and", "or", "the", "as", "well"})
_BE = frozenset(["is", "are", "was", "were", "be", "been", "being"])

# How many tokens around one are its company, and what a function word or one on the other side counts.
REACH = 5
FUNCTION_WEIGHT = 0.3
OTHER_SIDE = 0.4
NEAR = 4
# How far behind a no stands what it bears upon, in tokens.
DENIED = 5


@dataclass(frozen=True, slots=True)
class Token:
    """A word, name, number, direction or no.

    `value` is what it is compared by: a stem, a name's letters and digits, a number with its unit.
    `content` is False of function words. `passive` is True of a verb whose doer stands behind it,
    `denied` of what a no bears upon, `joined` of what a hyphen joins to the token before.
    """

    kind: Kind
    value: str
    content: bool
    passive: bool = False
    denied: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Company:
    """What stands left and right of a token: values and how much each counts, the nearest the most."""

    left: dict[str, float]
    right: dict[str, float]


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence's tokens, in order, the company of each, the quantities, and the content stems."""

    tokens: tuple[Token, ...]
    company: tuple[Company, ...]
    quantities: tuple[Quantity, ...]
    values: frozenset[str]
    stems: frozenset[str]
    following: frozenset[tuple[str, str]]
    sequence: tuple[str, ...]
    noes: int

    def listed(self, place: int) -> frozenset[str]:
        """The names that stand in one list with a name: `opt` and `bloom` in "OPT, BLOOM and"."""
        found: set[str] = set()
        for places in (range(place - 1, -1, -1), range(place + 1, len(self.tokens))):
            for near in places:
                token = self.tokens[near]
                if token.kind == "name":
                    found.add(token.value)
                elif token.value not in _LISTING:
                    break
        return frozenset(found)

    def places(self, kind: Kind) -> list[int]:
        return [place for place, token in enumerate(self.tokens) if token.kind == kind]


@lru_cache(maxsize=8192)
def statement(text: str) -> Statement:
    """The sentence taken apart."""
    shown = comparable(text)
    found = tuple(quantities(shown))
    tokens: list[Token] = []
    start = 0
    for quantity in found:
        tokens += _words(shown[start : quantity.start], opening="#" if tokens else "")
        joined = shown[: quantity.start].endswith("-") and bool(tokens)
        tokens.append(Token("number", f"{quantity.value}{quantity.unit}", content=True, joined=joined))
        start = quantity.end
    tokens += _words(shown[start:], opening="#" if tokens else "")
    sequence = tuple(token.value for token in tokens if token.content)
    _deny(tokens)
    return Statement(
        tokens=tuple(tokens),
        company=tuple(_company(tokens, place) for place in range(len(tokens))),
        quantities=found,
        values=frozenset(token.value for token in tokens),
        stems=frozenset(sequence),
        following=frozenset(_following(sequence)),
        sequence=sequence,
        noes=sum(token.kind == "no" for token in tokens),
    )


def agreement(one: Company, other: Company, *, mirrored: bool = False) -> float:
    """The share, 0 to 1, of one token's company that the other keeps too, as near and on the same side."""
    sides = (other.right, other.left) if mirrored else (other.left, other.right)
    total = kept = 0.0
    for mine, same, across in ((one.left, *sides), (one.right, *reversed(sides))):
        for value, weight in mine.items():
            total += weight
            kept += min(weight, max(same.get(value, 0.0), OTHER_SIDE * across.get(value, 0.0)))
    return kept / total if total else 0.0


def _words(text: str, *, opening: str) -> Iterator[Token]:
    """The tokens of a stretch that holds no number; `opening` is empty where a sentence starts."""
    before = opening
    matches = list(_WORD.finditer(text))
    found = [match.group() for match in matches]
    for place, written in enumerate(found):
        word = written.lower().replace("’", "'")
        if _NO.fullmatch(word):
            follows = found[place + 1].lower() if place + 1 < len(found) else ""
            yield Token("word" if follows in _NOT_ONLY else "no", word, content=False)
        else:
            token = _word(_POSSESSIVE.sub("", written), before, found[place + 1 : place + 4])
            yield replace(token, joined=text[: matches[place].start()].endswith("-") and bool(before))
        before = written


def _word(written: str, before: str, behind: list[str]) -> Token:
    """`before` is the word before it, empty where a sentence starts; `behind` the next few."""
    word = written.lower()
    value = stem(word)
    if tells_direction(value):
        passive = before.lower() in _BE and "by" in behind and word.endswith("ed")
        return Token("direction", value, content=word not in STOP_WORDS, passive=passive)
    alone = not (before[:1].isupper() or "".join(behind[:1])[:1].isupper())
    if is_name(written) or (before and alone and written[:1].isupper() and len(written) > 1):
        return Token("name", stem(fold_name(written)), content=True)
    return Token("word", value, content=word not in STOP_WORDS)


def _company(tokens: list[Token], place: int) -> Company:
    """Tokens of the same kind are a mere # to each other: what tells them apart is what is around.

    The parts of a hyphenated name are no company of each other.
    """
    first, last = place, place
    if tokens[place].kind == "name":
        while first and tokens[first].joined:
            first -= 1
        while last + 1 < len(tokens) and tokens[last + 1].joined:
            last += 1

    def side(places: range) -> dict[str, float]:
        found: dict[str, float] = {}
        for distance, near in enumerate(places, start=1):
            token = tokens[near]
            value = "#" if token.kind == tokens[place].kind and token.kind != "word" else token.value
            telling = value != "#" and (token.content or token.kind == "no")
            weight = (1.0 if telling else FUNCTION_WEIGHT) / distance
            found[value] = max(found.get(value, 0.0), weight)
        return found

    return Company(
        side(range(first - 1, max(first - 1 - REACH, -1), -1)),
        side(range(last + 1, min(last + 1 + REACH, len(tokens)))),
    )


def _following(sequence: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each two content stems of which the second stands at most NEAR behind the first."""
    for place, first in enumerate(sequence):
        yield from ((first, second) for second in sequence[place + 1 : place + 1 + NEAR])


def _deny(tokens: list[Token]) -> None:
    """Mark what each no bears upon: the next content word, and a verb that stands right behind it."""
    for place, token in enumerate(tokens):
        if token.kind != "no":
            continue
        behind = range(place + 1, min(place + 1 + DENIED, len(tokens)))
        content = [at for at in behind if tokens[at].content][:1]
        verb = [at for at in behind[:1] if tokens[at].value not in _UNDENIED]
        for at in {*content, *verb}:
            tokens[at] = replace(tokens[at], denied=True)
