"""Text -> sentence spans: English prose with LaTeX, addresses, abbreviations and version numbers.

All spans are character offsets, without the white space around them, in order. Knows nothing
of papers, chunks or tokenisers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_STOP = re.compile(r"[.!?…。！？]++[\"'”’»)\]}$*]*+")
_URL = re.compile(r"(?:https?://|www\.)\S+")
# As Pandoc reads it: no space inside the dollars' edges, no digit after the closing one.
_MATH = re.compile(r"\$\$[^$]{1,400}\$\$|\$(?![\s$])[^$]{0,400}(?<!\s)\$(?!\d)")
_PAIRS = {")": "(", "]": "[", "}": "{"}
# A longer parenthesis is text of its own, or never meant to be closed.
_LONGEST_PARENTHESIS = 400

_NEVER_END = frozenset(
    re.findall(r"\S+", "e.g i.e vs cf viz a.k.a w.r.t s.t approx ca resp dr prof mr mrs ms")
)
# Abbreviations, too, but a sentence may end with them: it does where a common first word follows.
_MAY_END = frozenset(
    re.findall(
        r"\w+",
        "al etc inc ltd co corp no nos fig figs eq eqs eqn sec sect ch app tab tbl ref refs st jr vol pp "
        "ver dept univ",
    )
)
_INITIALS = re.compile(r"(?:\w\.)*[A-Z]|(?:[A-Za-z]{1,2}\.)+[A-Za-z]{1,2}")
_COMMON_FIRST_WORDS = frozenset(
    re.findall(
        r"\w+",
        "The This These Those That There Here It Its We Our They In On At To For From By With Without As "
        "An And But Or If When While Where Since Because Although Though Despite Unlike However Moreover "
        "Furthermore Additionally Besides Therefore Thus Hence Then Finally First Second Specifically "
        "Notably Recently Existing Extensive Experiments Experimental Results Empirically Theoretically "
        "Evaluation Code Codes Source Project Both Such Through Using Based After Before During Instead "
        "Meanwhile Overall",
    )
)
_WORD = re.compile(r"\w+")
# Before a stop without a space, as in `for LLMs.The code is available`.
_GLUED_WORD = re.compile(r"[^\W\d_]{2,}[)\]]?")
_INNER_CAPITAL = re.compile(r"[a-z]+[A-Z]|[a-z]+-[A-Z]")
# Items told in prose: `two designs. i. Dynamic fusion ... ii. Restricted shift`.
_LIST_MARK = re.compile(r"[ivx]{1,4}|[0-9]{0,3}")
_LIST_ITEM = re.compile(r"[ivx]{1,4}\. +[A-Z]")
_OPENERS = "\"'“‘«`([{$\\"
_LONGEST_TOKEN = 40


def sentences(text: str) -> list[Span]:
    """The spans of the sentences; together they hold every character that is not white space."""
    spans = []
    start = 0
    for end in (*_sentence_ends(text), len(text)):
        if span := trimmed(text, start, end):
            spans.append(span)
        start = end
    return spans


def _sentence_ends(text: str) -> Iterator[int]:
    held = _held_together(text)
    start = 0
    for stop in _STOP.finditer(text):
        if not held[stop.end()] and _ends_sentence(text, start, stop):
            yield stop.end()
            start = stop.end()


def _ends_sentence(text: str, start: int, stop: re.Match[str]) -> bool:
    """Whether the sentence from `start` on ends at `stop`, by the words on both sides."""
    after = text[stop.end() : stop.end() + _LONGEST_TOKEN]
    rest = after.lstrip()
    word = _WORD.match(rest)
    common = word is not None and word[0] in _COMMON_FIRST_WORDS
    token = _token_before(text, start, stop.start())
    if stop[0][0] in "。！？":
        return True
    if after and rest == after:
        return common and stop[0] == "." and _GLUED_WORD.fullmatch(token) is not None
    if not _may_start(rest):
        return False
    if stop[0][0] in "!?":
        return True
    if stop[0].startswith(("..", "…")):
        return text[stop.start() - 1 : stop.start()].isalpha() and rest[:1].isupper()
    if token.lower() in _NEVER_END or _LIST_MARK.fullmatch(text[start : stop.start()].strip()):
        return False
    if token.lower() in _MAY_END:
        return common or (token == "etc" and rest[:1].isupper())
    return common or _INITIALS.fullmatch(token) is None


def _may_start(text: str) -> bool:
    """Whether a sentence may start so: no small letter, unless in a name such as iPhone or dTRPO."""
    if not text:
        return True
    first = text[0]
    if first.islower():
        return _INNER_CAPITAL.match(text) is not None or _LIST_ITEM.match(text) is not None
    return first.isalnum() or first in _OPENERS


def _token_before(text: str, start: int, stop: int) -> str:
    """The characters before `stop` back to white space or an opening mark."""
    return re.split(r"[\s(\[{\"'“‘/~]", text[max(start, stop - _LONGEST_TOKEN) : stop])[-1]


def _held_together(text: str) -> bytearray:
    """1 at each offset where no sentence may end: inside formulas, addresses and parentheses."""
    held = bytearray(len(text) + 1)
    for start, end in _held_spans(text):
        held[start + 1 : end] = b"\1" * max(end - start - 1, 0)
    return held


def _held_spans(text: str) -> Iterator[Span]:
    for match in _MATH.finditer(text):
        yield match.span()
    for match in _URL.finditer(text):
        yield match.start(), match.start() + len(match[0].rstrip(".,;:!?\"'”’)]}$"))
    opened: dict[str, list[int]] = {opening: [] for opening in _PAIRS.values()}
    for at, char in enumerate(text):
        if char in opened:
            opened[char].append(at)
        elif char in _PAIRS and opened[_PAIRS[char]]:
            start = opened[_PAIRS[char]].pop()
            if at - start < _LONGEST_PARENTHESIS:
                yield start, at + 1


def trimmed(text: str, start: int, end: int) -> Span | None:
    """The span without the white space at its ends; None where nothing is left."""
    part = text[start:end]
    if not part.strip():
        return None
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())
