"""What a command prints of an answer in a format, and the file of papers that it writes.

A file is written whole or not at all, and never over another one: a bibliography may hold more than
Vouch knows of.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeGuard

from rag.errors import UsageError
from rag.export import FORMATS, Format, export_papers, format_of
from rag.tables import table_csv
from rag.types import Answer, Paper


def is_format(style: str) -> TypeGuard[Format]:
    return style in FORMATS


def check_style(style: str, allowed: Sequence[str]) -> None:
    """Raise UsageError for a format that is not one of these; no format is fine."""
    if style and style not in allowed:
        raise UsageError(f"--format cannot be {style}.", hint=f"The formats are {', '.join(allowed)}.")


def answer_in(answer: Answer, style: str) -> str:
    """An answer as `markdown`, its text and sources, or as `csv`: its table, without one the papers cited."""
    papers = [citation.paper for citation in answer.citations]
    if style == "csv":
        return table_csv(answer.table) if answer.table else export_papers(papers, "csv")
    sources = f"\n## Sources\n\n{export_papers(papers, 'markdown')}" if papers else ""
    return f"{answer.text}\n{sources}"


def check_target(path: Path) -> None:
    """Raise UsageError for a file that cannot be the target of `save_papers`."""
    format_of(path.name)
    if path.exists():
        raise UsageError(f"{path} exists already.", hint="Name another file, or move this one away.")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder.", hint="Make it first, or name another one.")


def save_papers(papers: Sequence[Paper], path: Path) -> str:
    """Write the papers in the format of the file's ending; the line that says so. Raises UsageError."""
    check_target(path)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(export_papers(papers, format_of(path.name)), "utf-8", newline="")
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise UsageError(
            f"{path} cannot be written: {error.strerror}.", hint="Name another file or folder."
        ) from error
    return f"{len(papers)} {'paper' if len(papers) == 1 else 'papers'} written to {path}."
