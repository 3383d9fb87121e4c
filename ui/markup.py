"""Other people's text -> HTML that shows it and nothing more, and the page's smallest parts. Pure.

Titles, abstracts, questions and a model's words are shown character by character, never read as
HTML, Markdown, mathematics or a link. Knows nothing of answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from html import escape as escape_html

from rag.latex import readable
from rag.types import Paper

Span = tuple[int, int]

# Code points that are no text in HTML (a browser drops or replaces them) or no text at all.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def escape(text: str) -> str:
    """`text` as HTML that a browser shows character by character, also inside an attribute."""
    return escape_html(UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text))


def read(text: str) -> str:
    """A paper's text, its LaTeX readable."""
    return escape(readable(text))


def merge(spans: Iterable[Span]) -> list[Span]:
    """Sorted spans, those that overlap or touch made one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def mark(text: str, spans: Sequence[Span]) -> str:
    """`text`, its LaTeX readable, with its `spans` (sorted, apart) marked."""
    parts, done = [], 0
    for start, end in spans:
        parts.append(f"{read(text[done:start])}<mark>{read(text[start:end])}</mark>")
        done = end
    return "".join([*parts, read(text[done:])])


def act(name: str, label: str, *, kind: str = "act", spoken: str = "", **data: str) -> str:
    """A button that page.js knows by `name`, with what it needs in `data`."""
    told = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
    aria = f' aria-label="{escape(spoken)}"' if spoken else ""
    return f'<button type="button" class="{kind}" data-act="{name}"{told}{aria}>{escape(label)}</button>'


def heading(paper: Paper) -> str:
    """Title, authors and date."""
    return (
        f'<span class="heading"><cite dir="auto">{read(paper.title)}</cite> '
        f'<span class="byline" dir="auto">{escape(names(paper))} · {day(paper.date)}</span></span>'
    )


def names(paper: Paper) -> str:
    return ", ".join(paper.authors) + (" et al." if paper.et_al else "")


def day(value: date | None) -> str:
    if value is None:
        return "undated"
    return f'<time datetime="{value.isoformat()}">{value.day} {value:%B %Y}</time>'


def counted(count: int, noun: str = "paper") -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"
