"""Growing Answers -> a terminal: redrawn while they grow; elsewhere only the last is printed.

Shows an Answer and nothing else; knows nothing of how it was made.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from rag.latex import readable
from rag.types import Answer

# What a terminal obeys instead of printing, what reorders a line, and what no encoding can write.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


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
    return harmless("\n\n".join(parts))


def harmless(text: str) -> str:
    """`text` without the characters that steer a terminal; line ends and tabs stay."""
    return _STEERING.sub("", text)


def _drawn(answer: Answer) -> RenderableType:
    parts: list[RenderableType] = []
    if answer.draft:
        parts.append(Text(harmless(f"writing, not checked yet: {answer.draft}"), style="dim italic"))
    parts.append(Markdown(_escaped(harmless(answer.text))))
    if answer.citations:
        parts.append(Text("\nSources", style="bold"))
        parts += [Text(harmless(_source(answer, index))) for index in range(len(answer.citations))]
    if answer.model:
        parts.append(Text(f"\n{answer.model} · {answer.timings.total_s:.1f} s", style="dim"))
    return Group(*parts)


def _source(answer: Answer, index: int) -> str:
    citation = answer.citations[index]
    paper = citation.paper
    names = ", ".join(paper.authors) + (" et al." if paper.et_al else "")
    dated = f", {paper.date.isoformat()}" if paper.date else ""
    return f"[{citation.number}] {readable(harmless(paper.title))} — {names}{dated}"


def _escaped(text: str) -> str:
    """Markdown that a paper's own signs cannot steer: only the answer's quotation marks stay."""
    for sign in ("\\", "`", "*", "_", "<", "#", "&", "~", "!["):
        text = text.replace(sign, "\\" + sign)
    return text.replace("[", "\\[")
