"""The words of a follow-up that point back: "it", "the second one", "the latter", "the one about X".

Wordings alone, in the order in which they bind. Knows no papers and no conversation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Sort = Literal[
    "place", "last", "former", "latter", "other", "previous", "older", "newer", "described", "one", "several"
]  # fmt: skip

_ORDINALS = {
    word: place
    for place, words in enumerate(
        (
            "first 1st one",
            "second 2nd two",
            "third 3rd three",
            "fourth 4th four",
            "fifth 5th five",
            "sixth 6th six",
            "seventh 7th seven",
            "eighth 8th eight",
            "ninth 9th nine",
            "tenth 10th ten",
        ),
        1,
    )
    for word in words.split()
}
_NTH = r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d{1,2}(?:st|nd|rd|th)"
_THING = r"(?:one|paper|method|approach|work|article|study|publication|technique|framework|algorithm|system|survey)"
_OF_THEM = r"(?:\s+(?:of|in|from|among|on)\s+(?:these|those|them|(?:the|that|this|your)\s+(?:list|two|three|answer|lot|papers)))"
_AFTERWARDS = (
    r"(?=\W*$|\s*[,.;:!?)–-]|\s+(?:say|says|do|does|did|use|uses|get|gets|work|works|need|needs|is|was|has|have|had|reach"
    r"|reaches|achieve|achieves|compare|compares|claim|claims|report|reports|beat|beats|handle|handles|train|trains|save"
    r"|saves|give|gives|make|makes|take|takes|come|came|appear|appeared|propose|proposes|introduce|introduces|solve|solves"
    r"|again|instead|then|too|please|and|or|on|for|in|with|without|by|at|than|about|update|updates|run|runs|apply|applies"
    r"|require|requires|cost|costs|called|published|from)\b)"
)
# Behind these words the paper is described anew, and nothing points back.
_NOT_NEW = r"(?!\s+(?:to|that|which|on|about|by|for|of|whose|with)\b)"
_WHOLE = (
    rf"(?:\s+one(?:\s+back)?(?:{_OF_THEM}|(?!\s+(?:to|that|which|about|of|whose)\b))"
    rf"|\s+{_THING}s?(?:{_OF_THEM}|{_NOT_NEW})|{_OF_THEM}|{_AFTERWARDS})"
)
_DET = r"(?:the|that|this|and|your)\s+(?:very\s+)?"
_PLACE = re.compile(rf"\b(?:{_DET})?({_NTH}){_WHOLE}", re.I)
_NUMBERED = re.compile(
    r"(?:\b(?:number|nr\.?|no\.|paper|answer|source|citation|item)\s*|#\s*|\[)(\d{1,2}|one|two|three|four|five)\b\]?",
    re.I,
)
_DER = re.compile(
    r"\b(?:das|der|die|den)\s+(erste|zweite|dritte|vierte|fünfte)[nrs]?\b|\b(?:le|la)\s+"
    r"(premi(?:er|ère)|deuxième|second|troisième)\b",
    re.I,
)
_DER_PLACES = {"erste": 1, "zweite": 2, "dritte": 3, "vierte": 4, "fünfte": 5, "premier": 1, "première": 1,
               "deuxième": 2, "second": 2, "troisième": 3}  # fmt: skip
_LAST = re.compile(rf"\b{_DET}(?:last|final){_WHOLE}", re.I)
_FORMER = re.compile(rf"\b(?:the\s+)?former\b(?:\s+{_THING})?", re.I)
_LATTER = re.compile(rf"\b(?:the\s+)?latter\b(?:\s+{_THING})?", re.I)
_OTHER = re.compile(rf"\bthe\s+other(?:\s+{_THING}\b(?!s)|{_AFTERWARDS})", re.I)
_PREVIOUS = re.compile(
    rf"\b(?:the|that)\s+(?:previous|preceding|prior)\s+{_THING}|\bthe\s+{_THING}\s+before(?:\s+(?:that|this|it))?(?=\W*$|[,:.])"
    rf"|\bprevious\s+{_THING}\b",
    re.I,
)
_OLDER = re.compile(rf"\bthe\s+(?:older|oldest|earlier|earliest){_WHOLE}", re.I)
_NEWER = re.compile(
    rf"\bthe\s+(?:newer|newest|later|latest|more recent|most recent){_WHOLE}",
    re.I,
)
_STOP = (
    r"(?=\s*[,.:;?!]|\s+(?:how|what|which|who|when|where|why|does|did|is|was|can|has|again|instead)\b|\s*$)"
)
_DESCRIBED = (
    re.compile(
        rf"\b(?:the|that)\s+{_THING}\s+(?:about|on|with|for|that|which|using|from|doing|by|called|where)\s+(?:the\s+|a\s+)?"
        rf"((?!(?:these|those|them|this|that|it|above|before|page)\b)[\w-][^,.:;?!]*?)(?:\s+from\s+(?:before|earlier|above))?{_STOP}",
        re.I,
    ),
    re.compile(
        r"\b(?:the|that)\s+((?!(?:same|new|next|whole|main|only|proposed|other|best|full|previous|first|last|right|most|"
        r"more|second|third|latest|newest|oldest|older|newer|earlier|method|approach|technique|framework|algorithm|system)\b)[\w-]+(?:\s+[\w-]+){0,2}?)\s+(?:one|paper|work|article)\b"
        r"(?:\s+(?:from\s+)?(?:before|earlier|above))?(?!\s+(?:of|by)\b)",
        re.I,
    ),
)
_ANTECEDENT = (
    r"(?:paper|method|approach|work|article|study|technique|framework|algorithm|system|idea|proposal|thing)"
)
_ONE = re.compile(
    rf"\b(?:this|that|the|the same|said)\s+{_ANTECEDENT}\b(?!\s+(?:of|by|that|which|on|about|with|for|from)\b)"
    r"|\bit['’]s\b|\bits\b|\bit\b(?!\s+(?:is|was|be|['’]s)?\s*(?:possible|true|worth|better|easy|hard|necessary|known)\b)"
    r"|\bthe\s+(?:authors?|researchers|writers)\b|\b(?:this|that)\s+one\b|\bthe same\b(?=\W*$)"
    r"|\b(?:about|of|is|was|does|did|do|wrote|published|by|in|for|on|with|to|did|are|has|proposed|explain|summari[sz]e)\s+(?:this|that)\b"
    r"(?=\W*$|\s*[,.?!]|\s+(?:work|mean|help|compare|need|do|published|out|written|paper|give|have|run|use|beat|take|reach|hold|cost|save|different|differ|similar|better|worse|faster|slower|the same)\b)"
    r"|\b(?:explain|summari[sz]e)\s+(?:this|that)\b|\bthis\b(?=\W*$)|\b(?:in )?there\b(?=\W*$)|\bdabei\b|\bdamit\b",
    re.I,
)
_SEVERAL = re.compile(
    r"\b(?:all|both|each|any|some|none|which|either|one)?\s*(?:of\s+)?(?:these|those|them|the two|the three)\b(?:\s+(?:two|three|four|five))?"
    rf"(?:\s+{_THING}s)?|\bthe\s+(?:two|three|four|five|\d)\s+{_THING}s\b|\bthe\s+papers\b(?=\W*$)|\bboth(?:\s+{_THING}s)?\b"
    r"|\b(?:they|their|theirs)\b",
    re.I,
)
# Words that may be left out of what a follow-up asks once it is known of what.
EXPLETIVE = re.compile(
    r"\bis\s+it\s+(?:possible|true|worth|better|easy|hard|necessary|known)\b|\bdoes\s+it\s+(?:take|make\s+sense)\b"
    r"|\bwhat\s+does\s+it\s+take\b|\bit\s+(?:is|was)\s+(?:possible|known|true)\b",
    re.I,
)


_VERB_BEFORE = re.compile(r"^(?!the\b|this\b|that\b|said\b|its?\b|in\b)\w+\s+(?=th)", re.I)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Words that point back: `place` counts from 1, `words` describe."""

    sort: Sort
    start: int
    end: int
    text: str
    place: int = 0
    words: str = ""


def places(question: str) -> list[int]:
    """All places that the question counts: "the first and the third"."""
    return [_nth(found) for found in _PLACE.finditer(question)]


def find_pointer(question: str) -> Pointer | None:
    """What the question points back with, if it does; the most telling wording first."""
    for sort, pattern in _PATTERNS:
        if found := pattern.search(question):
            return _pointer(sort, found)
    if EXPLETIVE.search(question):
        return None
    for sort, pattern in _PRONOUNS:
        if found := pattern.search(question):
            return _pointer(sort, found)
    return None


def _pointer(sort: Sort, found: re.Match[str]) -> Pointer:
    text = found[0].strip()
    if sort == "one":
        text = _VERB_BEFORE.sub("", text)
    start = found.start() + found[0].rindex(text)
    read = _PLACES.get(found.re)
    place = read(found) if read else 0
    words = found[1] if sort == "described" else ""
    return Pointer(sort, start, start + len(text), text, place, words)


def _nth(found: re.Match[str]) -> int:
    word = found[1].lower()
    return _ORDINALS.get(word) or int(re.sub(r"\D", "", word) or 0)


def _foreign_nth(found: re.Match[str]) -> int:
    return _DER_PLACES[(found[1] or found[2]).lower()]


_PLACES: dict[re.Pattern[str], Callable[[re.Match[str]], int]] = {
    _PLACE: _nth,
    _NUMBERED: _nth,
    _DER: _foreign_nth,
}
_PATTERNS: tuple[tuple[Sort, re.Pattern[str]], ...] = (
    ("place", _PLACE), ("place", _NUMBERED), ("place", _DER), ("last", _LAST), ("former", _FORMER),
    ("latter", _LATTER), ("other", _OTHER), ("previous", _PREVIOUS), ("older", _OLDER), ("newer", _NEWER),
    ("described", _DESCRIBED[0]), ("described", _DESCRIBED[1]),
)  # fmt: skip
_PRONOUNS: tuple[tuple[Sort, re.Pattern[str]], ...] = (("one", _ONE), ("several", _SEVERAL))
