"""Other people's words as an answer shows them: readable, visible, and without effect as Markdown.

    text -> clean -> readable -> inert, on one line

What a link, an image, HTML or a citation mark would need is taken apart; every word stays. Knows nothing
of answers or papers.
"""

from __future__ import annotations

import re

from rag.cleaning import clean
from rag.latex import readable

# [7], [3, 4], [^2]: in an answer such a mark is the answer's own.
_MARK = re.compile(r"\[\s*(\^?\d+(?:\s*[,;–-]\s*\d+)*)\s*\]")
# Where Markdown starts an image, a link's address or its definition, or a name for a character.
_IMAGE = re.compile(r"!+(?=\[)")
_LINK = re.compile(r"\](?=[(\[:])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_BLOCK = re.compile(r"^(?:(?:[>|+*=#-]+|```+|~~~+)\s+)+")


def shown(text: str) -> str:
    """The words on one line."""
    return inert(" ".join(readable(clean(text)).split()))


def inert(line: str) -> str:
    """A line that Markdown shows as it stands; inert twice is inert once."""
    line = _MARK.sub(r"(\1)", line)
    line = _LINK.sub("] ", _IMAGE.sub("", line))
    return _BLOCK.sub("", _ENTITY.sub("& ", _TAG.sub("< ", line)))
