"""Answer -> HTML, one string an answer. Pure.

Titles, abstracts, questions and a model's words are other people's text: every character of
them is shown as written, never read as HTML, Markdown, mathematics or a link, and nothing is
fetched for them. Knows the class names that style.css dresses; knows nothing of gradio.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from html import escape as escape_html
from itertools import groupby

from rag.latex import readable
from rag.tables import NOT_STATED
from rag.types import Answer, Citation, Claim, Paper, Row, Table, Timings

Span = tuple[int, int]

# More sources of one claim are folded.
MOST_CHIPS = 12

# Code points that are no text in HTML (a browser drops or replaces them) or no text at all.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def render_masthead() -> str:
    """What stands over the page."""
    return (
        "<h1>Vouch</h1><p>Answers from the papers on this shelf. Every sentence is checked against "
        "the paper that it names; open a source to read the words it rests on.</p>"
    )


def render_exchange(question: str, body: str, *, anchor: str) -> str:
    """A question and what stands under it, both in one section."""
    return (
        f'<section class="exchange" id="{escape(anchor)}">'
        f'<h2 class="question" dir="auto">{escape(question)}</h2>{body}</section>'
    )


def render_waiting() -> str:
    """What stands under a question until its first Answer comes."""
    return '<p class="waiting" role="status">Looking along the shelf …</p>'


def render_stopped() -> str:
    """What stands under an answer that the reader stopped."""
    return '<p class="note" role="status">Stopped.</p>'


def render_problem(message: str, hint: str = "") -> str:
    """One sentence on what went wrong, and what to do."""
    remedy = f' <span class="hint">{escape(hint)}</span>' if hint else ""
    return f'<p class="problem" role="alert">{escape(message)}{remedy}</p>'


def render_status(text: str) -> str:
    """The line about model and device."""
    return f'<p class="status" role="status">{escape(text)}</p>'


def render_answer(answer: Answer, *, anchor: str) -> str:
    """The whole answer. `anchor` starts every id, so it must differ between answers of a page."""
    # An answer that grows may not know yet that it is none; what it holds already is shown.
    refused = answer.status == "not_found" and not answer.claims and not answer.draft
    parts = [
        _understood(answer),
        _refusal(answer) if refused else _claims(answer, anchor),
        _draft(answer.draft),
        _sources(answer, anchor),
        _footer(answer),
    ]
    return f'<div class="answer">{"".join(parts)}</div>'


def escape(text: str) -> str:
    """`text` as HTML that a browser shows character by character, also inside an attribute."""
    return escape_html(UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text))


def evidence_spans(abstract: str, number: int, claims: Iterable[Claim]) -> list[Span]:
    """Where in `abstract` stand the words that claims quote from source `number`; sorted, merged.

    A span that does not hold its quote is looked for by its words; words that the abstract does
    not hold mark nothing.
    """
    found = []
    for claim in claims:
        if number not in claim.citations or not claim.quote:
            continue
        start = claim.span[0] if claim.span else -1
        if start < 0 or not abstract.startswith(claim.quote, start):
            start = abstract.find(claim.quote)
        if start >= 0:
            found.append((start, start + len(claim.quote)))
    return merge(found)


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
        parts.append(f"{_read(text[done:start])}<mark>{_read(text[start:end])}</mark>")
        done = end
    return "".join([*parts, _read(text[done:])])


def _read(text: str) -> str:
    return escape(readable(text))


def _understood(answer: Answer) -> str:
    if not answer.understood_as or _plain(answer.understood_as) == _plain(answer.question):
        return ""
    return f'<p class="understood" dir="auto">Understood as: {escape(answer.understood_as)}</p>'


def _plain(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip("?!. ")


def _claims(answer: Answer, anchor: str) -> str:
    if not answer.claims:
        return f'<p class="claim" dir="auto">{escape(answer.text)}</p>' if answer.text else ""
    titles = {citation.number: citation.paper.title for citation in answer.citations}
    if answer.table is None or not answer.table.claims:
        return _lines(answer.claims, titles, anchor)
    start = answer.claims.index(answer.table.claims[0])
    after = start + len(answer.table.claims)
    before, behind = answer.claims[:start], answer.claims[after:]
    table = _table(answer.table, titles, anchor)
    return f"{_lines(before, titles, anchor)}{table}{_lines(behind, titles, anchor)}"


def _table(table: Table, titles: dict[int, str], anchor: str) -> str:
    """Papers side by side; where they do not fit, the table scrolls in a box of its own."""
    heads = "".join(
        f'<th scope="col" dir="auto">{escape(head)}{_chip(column.number, titles, anchor)}</th>'
        for head, column in zip(table.heads, table.columns, strict=True)
    )
    rows = "".join(_row(row) for row in table.rows)
    return (
        '<div class="compared" role="region" aria-label="Comparison" tabindex="0">'
        f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(row: Row) -> str:
    cells = "".join(_cell(cell) for cell in row.cells)
    return f'<tr><th scope="row">{escape(row.aspect)}</th>{cells}</tr>'


def _cell(cell: Claim | None) -> str:
    if cell is None:
        return f'<td class="gap">{NOT_STATED}</td>'
    words = f"<q>{_read(cell.text)}</q>" if cell.support == "quoted" else escape(cell.text)
    return f'<td dir="auto">{words}</td>'


def _lines(claims: Sequence[Claim], titles: dict[int, str], anchor: str) -> str:
    return "".join(_block(list(line), titles, anchor) for _, line in groupby(claims, _line))


def _line(claim: Claim) -> object:
    """What shares a line: a model's sentences, quotations of one paper; what was computed stands alone."""
    if claim.support == "quoted":
        return claim.citations
    return claim.support if claim.support == "supported" else id(claim)


def _block(claims: Sequence[Claim], titles: dict[int, str], anchor: str) -> str:
    if claims[0].head:
        return f'<h3 class="theme" dir="auto">{escape(claims[0].text)}</h3>'
    support = claims[0].support
    folded = any(len(claim.citations) > MOST_CHIPS for claim in claims)  # a paragraph holds no fold
    element = "blockquote" if support == "quoted" else "div" if folded else "p"
    told = " ".join(_claim(claim, titles, anchor) for claim in claims)
    return f'<{element} class="claim {support}" dir="auto">{told}</{element}>'


def _claim(claim: Claim, titles: dict[int, str], anchor: str) -> str:
    chips = _chips(claim, titles, anchor)
    if claim.support == "quoted":
        words = claim.quote or claim.text.strip(' "“”')
        return f"<q>{_read(words)}</q>{chips}"
    return f"{escape(claim.text)}{chips}"


def _chips(claim: Claim, titles: dict[int, str], anchor: str) -> str:
    chips = "".join(_chip(number, titles, anchor) for number in claim.citations)
    if len(claim.citations) <= MOST_CHIPS:
        return chips
    return f'<details class="chips"><summary>{len(claim.citations)} sources</summary>{chips}</details>'


def _chip(number: int, titles: dict[int, str], anchor: str) -> str:
    if number not in titles:
        return f' <span class="chip">[{number}]</span>'
    return (
        f' <button type="button" class="chip" data-source="{_source_id(anchor, number)}"'
        f' title="{_read(titles[number])}" aria-label="Source {number}: {_read(titles[number])}">'
        f"[{number}]</button>"
    )


def _source_id(anchor: str, number: int) -> str:
    return f"{escape(anchor)}-source-{number}"


def _refusal(answer: Answer) -> str:
    text = answer.text or "The papers on this shelf do not answer this."
    if not answer.nearest:
        return f'<div class="refusal"><p dir="auto">{escape(text)}</p></div>'
    nearest = "".join(f"<li>{_heading(paper)}</li>" for paper in answer.nearest)
    return (
        f'<div class="refusal"><p dir="auto">{escape(text)}</p>'
        f'<p class="label">Nearest on the shelf</p><ul class="nearest">{nearest}</ul></div>'
    )


def _draft(draft: str) -> str:
    if not draft:
        return ""
    return (
        '<p class="draft" aria-live="off"><span class="label">writing, not checked yet</span> '
        f'<em dir="auto">{escape(draft)}</em></p>'
    )


def _sources(answer: Answer, anchor: str) -> str:
    if not answer.citations:
        return ""
    items = "".join(_source(citation, answer.claims, anchor) for citation in answer.citations)
    label = "Source" if len(answer.citations) == 1 else "Sources"
    return f'<p class="label">{label}</p><ol class="sources" aria-label="{label}">{items}</ol>'


def _source(citation: Citation, claims: Sequence[Claim], anchor: str) -> str:
    abstract = citation.paper.abstract
    marked = mark(abstract, evidence_spans(abstract, citation.number, claims))
    return (
        f'<li><details id="{_source_id(anchor, citation.number)}">'
        f'<summary><span class="number">{citation.number}</span> {_heading(citation.paper)}</summary>'
        f'<p class="abstract" dir="auto">{marked}</p></details></li>'
    )


def _heading(paper: Paper) -> str:
    authors = ", ".join(paper.authors) + (" et al." if paper.et_al else "")
    return (
        f'<span class="heading"><cite dir="auto">{_read(paper.title)}</cite> '
        f'<span class="byline" dir="auto">{escape(authors)} · {_date(paper.date)}</span></span>'
    )


def _date(day: date | None) -> str:
    if day is None:
        return "undated"
    return f'<time datetime="{day.isoformat()}">{day.day} {day:%B} {day.year}</time>'


def _footer(answer: Answer) -> str:
    # An answer that took no time at all is one whose clock has not been read yet.
    if answer.draft or not answer.timings.total_s:
        return ""
    model = escape(answer.model or "quoted without a model")
    return f'<p class="footer">{model} · {_timings(answer.timings)}</p>'


def _timings(timings: Timings) -> str:
    parts = [f"papers found in {timings.retrieve_s:.2f} s"]
    if timings.first_token_s is not None:
        parts.append(f"first words after {timings.first_token_s:.2f} s")
    return " · ".join([*parts, f"{timings.total_s:.1f} s in all"])
