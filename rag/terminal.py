"""Growing Answers -> a terminal: redrawn while they grow; elsewhere only the last is printed.

Shows an Answer and nothing else; knows nothing of how it was made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from rag.types import Answer


def show_answers(answers: Iterator[Answer], console: Console | None = None) -> None:
    """Draw the answers as they come, on stdout."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.file.write(plain_text(deque(answers, maxlen=1)[0]) + "\n")
        return
    with Live(console=console, refresh_per_second=8, vertical_overflow="visible") as live:
        for answer in answers:
            live.update(_drawn(answer))


def plain_text(answer: Answer) -> str:
    """The answer and its sources as plain text."""
    parts = [answer.text]
    if answer.citations:
        parts.append(
            "\n".join(["Sources", *(_source(answer, index) for index in range(len(answer.citations)))])
        )
    return "\n\n".join(parts)


def _drawn(answer: Answer) -> RenderableType:
    parts: list[RenderableType] = []
    if answer.draft:
        parts.append(Text(f"writing, not checked yet: {answer.draft}", style="dim italic"))
    parts.append(Markdown(_escaped(answer.text)))
    if answer.citations:
        parts.append(Text("\nSources", style="bold"))
        parts += [Text(_source(answer, index)) for index in range(len(answer.citations))]
    if answer.model:
        parts.append(Text(f"\n{answer.model} · {answer.timings.total_s:.1f} s", style="dim"))
    return Group(*parts)


def _source(answer: Answer, index: int) -> str:
    citation = answer.citations[index]
    paper = citation.paper
    names = ", ".join(paper.authors) + (" et al." if paper.et_al else "")
    dated = f", {paper.date.isoformat()}" if paper.date else ""
    return f"[{citation.number}] {paper.title} — {names}{dated}"


def _escaped(text: str) -> str:
    """Markdown that a paper's own signs cannot steer: only the answer's quotation marks stay."""
    for sign in ("\\", "`", "*", "_", "<", "#", "!["):
        text = text.replace(sign, "\\" + sign)
    return text.replace("[", "\\[")
