"""Answer -> HTML, one string an answer. Pure.

Every character of other people's text is shown as written (ui.markup), and nothing is fetched for it.
Knows the class names that style.css dresses and what page.js is told in data attributes; knows nothing
of gradio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from rag.compose import NEAREST_LEAD
from rag.tables import NOT_STATED
from rag.types import Answer, Claim, Row, Support, Table, Timings
from ui.markup import act, escape, read
from ui.sources import render_nearest, render_sources, source_id

# What stands behind a sentence, as its chip tells it.
VERDICTS: Mapping[Support, str] = {
    "supported": "Supported by the paper’s words",
    "quoted": "Quoted word for word",
    "computed": "Computed from the listings",
}
RATINGS = ((1, "Good answer"), (-1, "Poor answer"))

# More sources of one claim are folded.
MOST_CHIPS = 12


def render_masthead() -> str:
    """The page's name, its two views, and the drawer of conversations."""
    tabs = "".join(
        f'<button type="button" role="tab" id="tab-{view}" data-act="view" data-view="{view}"'
        f' aria-controls="{view}-view" aria-selected="{_spoken(view == "ask")}">{label}</button>'
        for view, label in (("ask", "Ask"), ("shelf", "Shelf"))
    )
    return (
        f'<div class="head"><h1>Vouch</h1><div class="tabs" role="tablist" aria-label="Views">{tabs}</div>'
        '<button type="button" class="act" id="drawer-toggle" data-act="drawer" aria-expanded="false"'
        ' aria-controls="drawer">Conversations</button></div>'
    )


def render_welcome(examples: Sequence[tuple[str, str]]) -> str:
    """What stands on an empty page: what it is for, questions to begin with, and whose page each asks."""
    asked = "".join(
        f'<li><button type="button" class="example" data-act="ask" data-question="{escape(question)}">'
        f'<span class="owner">{escape(owner)}</span> <span>{escape(question)}</span></button></li>'
        for owner, question in examples
    )
    listed = f'<ul class="examples" aria-label="Example questions">{asked}</ul>' if examples else ""
    return (
        '<p class="motto">Ask the papers on this shelf.</p><p class="promise">Every sentence of an answer is '
        "checked against the paper that it names. Open a source to read the words it rests on.</p>"
        f"{listed}"
    )


def render_exchange(question: str, body: str, *, anchor: str, asked_of: Sequence[str] = ()) -> str:
    """A question and what stands under it, both in one section.

    `asked_of` says which part of the shelf it was asked of, where that was not all.
    """
    part = f'<p class="asked-of">Asked of {escape(" · ".join(asked_of))}</p>' if asked_of else ""
    return (
        f'<section class="exchange" id="{escape(anchor)}" aria-labelledby="{escape(anchor)}-question">'
        f'<h2 class="question" id="{escape(anchor)}-question" dir="auto">{escape(question)}</h2>{part}'
        f"{body}</section>"
    )


def _rating(anchor: str, rating: int) -> str:
    buttons = "".join(
        f'<button type="button" class="act" data-act="rate" data-anchor="{escape(anchor)}"'
        f' data-rating="{value}" aria-pressed="{_spoken(value == rating)}">{label}</button>'
        for value, label in RATINGS
    )
    return f'<p class="acts rating" role="group" aria-label="Rate this answer">{buttons}</p>'


def render_waiting() -> str:
    """What stands under a question until its first Answer comes."""
    return '<p class="waiting" role="status">Looking along the shelf …</p>'


def _spoken(value: bool) -> str:
    return "true" if value else "false"


def render_note(note: str) -> str:
    """How an answer ended before its end: stopped, or by a fault and what to do about it."""
    return f'<p class="note" role="status">{escape(note)}</p>'


def render_status(text: str) -> str:
    """The line about model and device."""
    return f'<p class="status" role="status">{escape(text)}</p>'


def render_answer(answer: Answer, *, anchor: str, rating: int | None = None, cut: bool = False) -> str:
    """The whole answer; once it can be rated, with its rating. One that was `cut` off is not as it would be.

    `anchor` starts every id, so it must differ between answers of a page.
    """
    # An answer that grows may not know yet that it is none; what it holds already is shown.
    refused = answer.status == "not_found" and not answer.claims and not answer.draft
    said = [
        _understood(answer),
        _refusal(answer) if refused else _claims(answer, anchor),
        _draft(answer.draft),
        _footer(answer, cut),
        "" if rating is None else _rating(anchor, rating),
    ]
    beside = render_sources(answer.citations, answer.claims, anchor) if answer.citations else ""
    return (
        f'<div class="answer"><div class="said">{"".join(said)}</div>'
        f'<aside class="beside" aria-label="Sources of this answer">{beside}</aside></div>'
    )


def _understood(answer: Answer) -> str:
    if not answer.understood_as or _plain(answer.understood_as) == _plain(answer.question):
        return ""
    alone = answer.plan.question if answer.plan else answer.question
    edit = act("edit", "Edit", spoken="Edit this question and ask again", question=alone)
    return f'<p class="understood" dir="auto">Understood as: {escape(answer.understood_as)} {edit}</p>'


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
        f'<th scope="col" dir="auto">{escape(head)}{_chip(column.number, titles, anchor, None)}</th>'
        for head, column in zip(table.heads, table.columns, strict=True)
    )
    rows = "".join(_row(row, titles, anchor) for row in table.rows)
    return (
        '<div class="compared" role="region" aria-label="Comparison" tabindex="0">'
        f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(row: Row, titles: dict[int, str], anchor: str) -> str:
    cells = "".join(_cell(cell, titles, anchor) for cell in row.cells)
    return f'<tr><th scope="row">{escape(row.aspect)}</th>{cells}</tr>'


def _cell(cell: Claim | None, titles: dict[int, str], anchor: str) -> str:
    if cell is None:
        return f'<td class="gap">{NOT_STATED}</td>'
    words = f"<q>{read(cell.text)}</q>" if cell.support == "quoted" else escape(cell.text)
    return f'<td dir="auto">{words}{_chips(cell, titles, anchor)}</td>'


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
        return f"<p><q>{read(words)}</q>{chips}</p>"
    return f"{escape(claim.text)}{chips}"


def _chips(claim: Claim, titles: dict[int, str], anchor: str) -> str:
    chips = "".join(_chip(number, titles, anchor, claim) for number in claim.citations)
    if len(claim.citations) <= MOST_CHIPS:
        return chips
    return f'<details class="chips"><summary>{len(claim.citations)} sources</summary>{chips}</details>'


def _chip(number: int, titles: dict[int, str], anchor: str, claim: Claim | None) -> str:
    """The mark that a sentence ends in; page.js shows its data in a card beside it."""
    if number not in titles:
        return f' <span class="chip">[{number}]</span>'
    title = read(titles[number])
    verdict = VERDICTS[claim.support] if claim else ""
    quote = read(claim.quote) if claim else ""
    support = claim.support if claim else "computed"
    spoken = f". {verdict}" if verdict else ""
    return (
        f' <button type="button" class="chip {support}" data-source="{source_id(anchor, number)}"'
        f' data-title="{title}" data-quote="{quote}" data-verdict="{verdict}"'
        f' aria-label="Source {number}: {title}{spoken}">[{number}]</button>'
    )


def _refusal(answer: Answer) -> str:
    # The titles that the text names stand below it, as what may come next.
    text = answer.text.partition(NEAREST_LEAD)[0] or "The papers on this shelf do not answer this."
    told = f'<p class="verdict">No answer</p><p dir="auto">{escape(text)}</p>'
    if not answer.nearest:
        return f'<div class="refusal">{told}</div>'
    nearest = "".join(map(render_nearest, answer.nearest))
    return (
        f'<div class="refusal">{told}'
        f'<p class="label">Nearest on the shelf</p><ul class="nearest">{nearest}</ul></div>'
    )


def _draft(draft: str) -> str:
    if not draft:
        return ""
    return (
        '<p class="draft" aria-live="off"><span class="label">writing, not checked yet</span> '
        f'<em dir="auto">{escape(draft)}</em></p>'
    )


def _footer(answer: Answer, cut: bool) -> str:
    # An answer that took no time at all is one whose clock has not been read yet.
    if answer.draft or not answer.timings.total_s:
        return ""
    told = " · ".join(filter(None, (escape(_writers(answer, cut)), _timings(answer.timings))))
    return f'<p class="footer">{told}</p>'


def _writers(answer: Answer, cut: bool) -> str:
    """Whose words the answer is made of; of one that was `cut` off no more than that."""
    told = {claim.support for claim in answer.claims if not claim.head}
    if answer.model and "supported" in told:
        return f"written by {answer.model}, checked" + (" · the rest quoted" if "quoted" in told else "")
    if "quoted" in told:
        if cut:
            return "quoted; the model did not finish" if answer.model else "quoted"
        return (
            f"quoted; nothing that {answer.model} wrote is shown"
            if answer.model
            else "quoted without a model"
        )
    return "computed from the listings" if told else ""


def _timings(timings: Timings) -> str:
    parts = [f"papers found in {timings.retrieve_s:.2f} s"]
    if timings.first_token_s is not None:
        parts.append(f"first words after {timings.first_token_s:.2f} s")
    if speed := timings.tokens_per_second:
        parts.append(f"{speed:.0f} tokens a second")
    return " · ".join([*parts, f"{timings.total_s:.1f} s in all"])
