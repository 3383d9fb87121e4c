"""Pieces of an HTML page: every text in them is escaped, and nothing in them is loaded.

A text is anybody's; what is called a body is HTML that stands here or was made here. Knows nothing
of evals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from evals.tables import Rows
from rag.cleaning import clean


def table(rows: Rows) -> str:
    """A table with headings above and to the left; where it is wide, it scrolls by itself."""
    heading, *body = rows
    head = "".join(f'<th scope="col">{text(cell)}</th>' for cell in heading)
    lines = "".join(map(_table_line, body))
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and their values."""
    items = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in pairs)
    return f'<dl class="facts">{items}</dl>'


def details(summary: str, body: str) -> str:
    """A body that opens on a click."""
    return f"<details><summary>{text(summary)}</summary>{body}</details>"


def listed(items: Iterable[str]) -> str:
    """A list; of nothing, nothing."""
    told = "".join(f"<li>{text(item)}</li>" for item in items)
    return told and f"<ul>{told}</ul>"


def text(value: object) -> str:
    """Any text, safe between tags and inside quotes."""
    return escape(clean(str(value)))


def _table_line(row: Sequence[str]) -> str:
    cells = "".join(f"<td>{text(cell)}</td>" for cell in row[1:])
    return f'<tr><th scope="row">{text(row[0])}</th>{cells}</tr>'
