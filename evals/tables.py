"""Rows of cells -> a table, as plain text or as Markdown: the first column to the left, numbers to the right.

Knows nothing of what the cells mean.
"""

from __future__ import annotations

from collections.abc import Sequence

Rows = Sequence[Sequence[str]]
"""A heading and its rows, all of one length."""


def plain(rows: Rows) -> str:
    """Columns set apart by two blanks."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    )


def markdown(rows: Rows) -> str:
    """A pipe table; a pipe inside a cell is escaped."""
    heading, *body = rows
    ruler = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in [heading, ruler, *body]
    )


def share(value: float | None, digits: int = 2) -> str:
    """A number with so many decimals; empty where there is none."""
    return "" if value is None else f"{value:.{digits}f}"


def between(interval: Sequence[float] | None, digits: int = 2) -> str:
    """An interval as `0.68-0.77`; empty where there is none."""
    return "" if interval is None else "-".join(f"{bound:.{digits}f}" for bound in interval)
