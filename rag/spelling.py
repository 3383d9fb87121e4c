"""Misspelt words of asking, put right: `papres publishd wihtout code`.

A word is only put right if no paper of the shelf and no name holds it, it is no English function word, and
one word of asking alone is a slip away. Knows no questions.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from rag.words import STOP_WORDS

_ASKING = tuple(
    """papers paper publications publication published publish articles author authors co-authors coauthors
without with code how many which what category categories citations newest oldest latest earliest
recent first second third title titles year years page pages date dates undated affiliation
affiliations together number list written wrote since before after between these those when where
about does compare difference former latter previous fourth fifth besides except available released
have from show count month collaborators""".split()
)
_SHORT = {
    "howmany": "how many", "hav": "have", "hwo": "how", "teh": "the", "pls": "please", "plz": "please",
    "u": "you", "wich": "which", "witch": "which", "wat": "what", "whos": "who is", "whats": "what is",
    "wiht": "with", "fom": "from", "frm": "from",
}  # fmt: skip
_ARE = re.compile(r" r (?=(?:there|you|u|by|from|in|on|the) )")
_LEAST = 4
_LONG = 8


def respelt(text: str, candidates: Collection[str], known: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Marked words with those of the candidates that are misspelt put right, and what was taken for what."""
    notes = []
    words = []
    for word in _ARE.sub(" are ", text).split():
        misspelt = word in candidates and word not in known
        right = _SHORT.get(word) or (_right(word) if misspelt else word)
        if right != word and word not in _SHORT:
            notes.append(f"“{word}” is taken for “{right}”")
        words.append(right)
    return f" {' '.join(words)} ", tuple(notes)


def respelt_question(question: str, known: Collection[str]) -> str:
    """A question as typed, with misspelt words of asking and pointing put right."""

    def put(found: re.Match[str]) -> str:
        word = found[0]
        return word if word in known else _SHORT.get(word) or _right(word)

    return re.sub(r"(?<![\w-])[a-z]{3,}(?![\w-])", put, question)


@lru_cache(maxsize=4096)
def _right(word: str) -> str:
    if len(word) < _LEAST or word in STOP_WORDS or word in _ASKING or not re.fullmatch(r"[a-z-]+", word):
        return word
    slips = 2 if len(word) >= _LONG else 1
    near = [known for known in _ASKING if known[0] == word[0] and _slips(word, known) <= slips]
    nearest = [known for known in near if _slips(word, known) == min(_slips(word, each) for each in near)]
    return nearest[0] if len(nearest) == 1 else word


def _slips(one: str, other: str) -> int:
    """Letters left out, put in, changed or swapped with the next, at least."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, known in enumerate(other, 1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != known))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == known:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, last = last, current
    return last[-1]
