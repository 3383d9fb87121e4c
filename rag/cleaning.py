"""Text that others wrote, made safe: nothing invisible, nothing that crashes a tokeniser.

Knows nothing of what the text is.
"""

from __future__ import annotations

import re
import unicodedata

# Tokenisers built on std::regex recurse once a character and overflow the stack on runs of
# about 26,000 characters of one kind.
LONGEST_RUN = 1_000
# Marks on one letter: no script stacks so many, and piles of them cover the lines above and below.
MOST_MARKS = 8

_TERMINAL_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_LONG_WORD = re.compile(rf"(\S{{{LONGEST_RUN}}})(?=\S)")
_LONG_BLANK = re.compile(rf"\s{{{LONGEST_RUN},}}")


def clean(text: str) -> str:
    """`text` safe for native tokenisers: NFC, nothing invisible, no run above LONGEST_RUN, no pile of marks.

    Removes terminal escapes, lone surrogates and format characters (zero width, bidi overrides,
    tags); control characters other than newline and tab become spaces. Cleaning twice changes
    nothing.
    """
    unified = _TERMINAL_ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    visible = unicodedata.normalize("NFC", "".join(map(_visible, unified)))
    return _LONG_WORD.sub(r"\1 ", _LONG_BLANK.sub(_shortened, _without_piles(visible)))


def _visible(character: str) -> str:
    """The character; a space for a control character; nothing for what no reader sees."""
    match unicodedata.category(character):
        case "Cc":
            return character if character in "\n\t" else " "
        case "Cf" | "Cs":
            return ""
    return character


def _without_piles(text: str) -> str:
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _shortened(blank: re.Match[str]) -> str:
    return "\n\n" if "\n" in blank[0] else " "
