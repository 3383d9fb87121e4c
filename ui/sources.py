"""Papers as a reader meets them beside an answer or on the shelf: what is known of one, and what to do next.

Pure. Knows papers and which of their words are quoted; knows nothing of how they were found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.export import export_papers
from rag.latex import readable
from rag.scopes import CATEGORY_NAMES
from rag.types import Citation, Claim, Paper
from ui.markup import Span, act, escape, heading, mark, merge, names

# Further sources are folded.
MOST_SOURCES = 12


def render_sources(citations: Sequence[Citation], claims: Sequence[Claim], anchor: str) -> str:
    """The numbered sources of an answer, whose quoted words are marked."""
    items = [_source(citation, claims, anchor) for citation in citations]
    label = "Source" if len(items) == 1 else "Sources"
    head = f'<p class="label">{label}</p><ol class="sources" aria-label="{label}">'
    shown, folded = "".join(items[:MOST_SOURCES]), "".join(items[MOST_SOURCES:])
    if not folded:
        return f"{head}{shown}</ol>"
    more = f"{len(items) - MOST_SOURCES} more sources"
    return (
        f'{head}{shown}</ol><details class="more" id="{escape(anchor)}-more"><summary>{more}</summary>'
        f'<ol class="sources" aria-label="More sources">{folded}</ol></details>'
    )


def source_id(anchor: str, number: int) -> str:
    return f"{escape(anchor)}-source-{number}"


def paper_details(paper: Paper, *, anchor: str, number: str = "", spans: Sequence[Span] = ()) -> str:
    """A paper that opens: closed its title and marks, open its abstract and what to do with it."""
    badge = f'<span class="number">{escape(number)}</span> ' if number else ""
    return (
        f'<details class="paper" id="{anchor}"><summary>{badge}<span>{heading(paper)}{_marks(paper)}</span>'
        f'</summary><p class="abstract" dir="auto">{mark(paper.abstract, spans)}</p>{_next_steps(paper)}'
        "</details>"
    )


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


def citation_text(paper: Paper) -> str:
    """`Yuzhang Shang, Zhihang Yuan et al. PB-LLM: Partially Binarized LLMs. 29 September 2023.`"""
    dated = f"{paper.date.day} {paper.date:%B %Y}" if paper.date else "undated"
    parts = (names(paper), " ".join(readable(paper.title).split()), dated)
    return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts)


def bibtex(paper: Paper) -> str:
    """The paper's BibTeX entry, without the abstract."""
    return export_papers([replace(paper, abstract="")], "bibtex")


def render_nearest(paper: Paper) -> str:
    """A paper that a refusal names, and the two questions that may come next."""
    title = readable(paper.title)
    summary = act(
        "ask", "Summarise it", spoken=f"Summarise {title}", aim="summary", papers=paper.id,
        question=f"Summarise “{title}”.",
    )  # fmt: skip
    pin = act("pin", "Ask about it", spoken=f"Ask about {title}", papers=paper.id)
    return f'<li>{heading(paper)}<p class="acts">{summary}{pin}</p></li>'


def _source(citation: Citation, claims: Sequence[Claim], anchor: str) -> str:
    spans = evidence_spans(citation.paper.abstract, citation.number, claims)
    known = paper_details(
        citation.paper, anchor=source_id(anchor, citation.number), number=str(citation.number), spans=spans
    )
    return f"<li>{known}</li>"


def _marks(paper: Paper) -> str:
    """Category, code mark and page owner, as far as the listing prints them."""
    parts = []
    if paper.category:
        name = CATEGORY_NAMES.get(paper.category.upper(), "")
        title = f' title="{escape(name)}"' if name else ""
        parts.append(f'<span class="category"{title}>{escape(paper.category)}</span>')
    if paper.has_code:
        parts.append('<span class="code">code</span>')
    parts.append(f'<span class="owner" dir="auto">{escape(paper.page_author)}’s page</span>')
    return f'<span class="marks">{" ".join(parts)}</span>'


def _next_steps(paper: Paper) -> str:
    title = readable(paper.title)
    return (
        '<p class="acts">'
        + act("pin", "Ask about this paper", spoken=f"Ask about this paper: {title}", papers=paper.id)
        + act(
            "ask", "More like this", spoken=f"More like {title}", aim="like", papers=paper.id,
            question=f"More like “{title}”",
        )
        + act("copy", "Copy citation", spoken=f"Copy citation of {title}", text=citation_text(paper))
        + act("copy", "BibTeX", spoken=f"Copy BibTeX of {title}", text=bibtex(paper))
        + "</p>"
    )  # fmt: skip
