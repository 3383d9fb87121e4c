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
from rich.table import Table as Grid
from rich.text import Text

from rag.latex import readable
from rag.tables import cell_text, table_markdown
from rag.types import Answer, Claim, Table

# Narrower columns than this break words; six papers then stand one under the other.
NARROWEST_COLUMN = 20

# What a terminal obeys instead of printing, what reorders a line, and what no encoding can write.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def show_answers(answers: Iterator[Answer], console: Console | None = None) -> Answer:
    """Draw the answers as they come, on stdout; the last of them."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        answer = deque(answers, maxlen=1)[0]
        console.file.write(plain_text(answer) + "\n")
        return answer
    with Live(console=console, refresh_per_second=8, vertical_overflow="visible") as live:
        for answer in answers:
            live.update(_drawn(answer, console.width))
    return answer


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


def _drawn(answer: Answer, width: int) -> RenderableType:
    parts: list[RenderableType] = []
    if answer.draft:
        parts.append(Text(harmless(f"writing, not checked yet: {answer.draft}"), style="dim italic"))
    parts += _body(answer, width)
    if answer.citations:
        parts.append(Text("\nSources", style="bold"))
        parts += [Text(harmless(_source(answer, index))) for index in range(len(answer.citations))]
    if answer.model:
        parts.append(Text(f"\n{answer.model} · {answer.timings.total_s:.1f} s", style="dim"))
    return Group(*parts)


def _body(answer: Answer, width: int) -> list[RenderableType]:
    """The text; a table in it is drawn as one, or told row by row where its columns would be too narrow."""
    if answer.table is None:
        return [Markdown(_with_heads(answer))]
    before, _, after = answer.text.partition(table_markdown(answer.table))
    wide = width // (len(answer.table.columns) + 1) >= NARROWEST_COLUMN
    drawn = _table(answer.table) if wide else _rows(answer.table)
    return [*_markdown(before), drawn, *_markdown(after)]


def _markdown(text: str) -> list[RenderableType]:
    return [Markdown(_escaped(harmless(text)))] if text.strip() else []


def _table(table: Table) -> RenderableType:
    drawn = Grid(show_lines=True, expand=True)
    drawn.add_column("", min_width=max(len(row.aspect) for row in table.rows))
    for head in _heads(table):
        drawn.add_column(Text(head), ratio=4, overflow="fold")
    for row in table.rows:
        drawn.add_row(Text(row.aspect, style="bold"), *(_cell(cell) for cell in row.cells))
    return drawn


def _rows(table: Table) -> RenderableType:
    """Each aspect and what each paper says of it, one under the other."""
    lines: list[Text] = []
    for row in table.rows:
        lines.append(Text(row.aspect, style="bold"))
        for head, cell in zip(_heads(table), row.cells, strict=True):
            lines.append(Text.assemble("  ", (head, "cyan"), ": ", _cell(cell)))
    return Group(*lines)


def _heads(table: Table) -> list[str]:
    numbered = zip(table.heads, table.columns, strict=True)
    return [harmless(f"{head} [{column.number}]") for head, column in numbered]


def _cell(cell: Claim | None) -> Text:
    return Text(harmless(cell_text(cell)), style="" if cell else "dim")


def _source(answer: Answer, index: int) -> str:
    citation = answer.citations[index]
    paper = citation.paper
    names = ", ".join(paper.authors) + (" et al." if paper.et_al else "")
    dated = f", {paper.date.isoformat()}" if paper.date else ""
    return f"[{citation.number}] {readable(harmless(paper.title))} — {names}{dated}"


def _with_heads(answer: Answer) -> str:
    """The answer's text, nothing in it steering but quotation marks and the heads, which are bold."""
    heads = {f"**{claim.text}**" for claim in answer.claims if claim.head}
    lines = (
        f"**{_escaped(line[2:-2])}**" if line in heads else _escaped(line)
        for line in harmless(answer.text).split("\n")
    )
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Markdown that a paper's own signs cannot steer: only the answer's quotation marks stay."""
    for sign in ("\\", "`", "*", "_", "<", "#", "&", "~", "!["):
        text = text.replace(sign, "\\" + sign)
    return text.replace("[", "\\[")
