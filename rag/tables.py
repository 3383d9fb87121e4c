"""A Table of compared papers as Markdown and as CSV. Pure.

Cells are other people's text: nothing in them can end a cell or a row.
"""

from __future__ import annotations

import csv
import io

from rag.types import Claim, Table

NOT_STATED = "not stated in the abstract"


def cell_text(cell: Claim | None) -> str:
    """What a cell says, on one line."""
    return " ".join(cell.text.split()) if cell else NOT_STATED


def table_markdown(table: Table) -> str:
    """A Markdown table: aspects down, papers across, each head with its number."""
    heads = [f"{head} [{column.number}]" for head, column in zip(table.heads, table.columns, strict=True)]
    rows = [["", *heads], ["---"] * (len(heads) + 1)]
    rows += [[row.aspect, *(cell_text(cell) for cell in row.cells)] for row in table.rows]
    return "\n".join(f"| {' | '.join(map(_in_cell, row))} |" for row in rows)


def table_csv(table: Table) -> str:
    """The same as CSV, its columns headed by whole titles."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["aspect", *(column.paper.title for column in table.columns)])
    writer.writerows([row.aspect, *(cell_text(cell) for cell in row.cells)] for row in table.rows)
    return written.getvalue()


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|")
