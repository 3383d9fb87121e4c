"""The shelf as a page shows it: its papers listed, its pages' profiles, and when the papers appeared. Pure.

Knows papers and pages; knows nothing of where they are kept and of questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.types import Page, Paper
from ui.markup import act, counted, escape
from ui.sources import paper_details

MOST_ROWS = 300  # further papers are counted, not listed: a filter or a word finds them

SORTS: Mapping[str, str] = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "title": "Title",
    "page": "Page",
}
EXPORTS: Mapping[str, str] = {"markdown": "Markdown", "csv": "CSV", "bibtex": "BibTeX", "ris": "RIS"}

# The plot, in its own units; it scales with the page.
PLOT_WIDTH, PLOT_HEIGHT = 720, 190
PLOT_LEFT, PLOT_BOTTOM, PLOT_TOP = 34, 24, 14
MOST_SERIES = 6
UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the shelf is to show: the papers in scope, their order, the words they hold, which are pinned."""

    pages: tuple[Page, ...]
    papers: tuple[Paper, ...]
    sort: str = "newest"
    words: str = ""
    pinned: tuple[str, ...] = ()


def render_shelf(shown: Shown) -> str:
    """The whole view."""
    if not shown.pages:
        return (
            '<p class="waiting" role="status">The shelf is not open yet; this page shows it once it is.</p>'
        )
    found = find(shown.papers, shown.words)
    return (
        f'<h2 class="quiet">Shelf</h2><div class="overview">{render_plot(shown.pages, shown.papers)}'
        f'<ul class="profiles" aria-label="Author pages">{_profiles(shown)}</ul></div>'
        f"{_tools(shown)}"
        f'<p class="found" role="status">{_found(len(found), len(shown.papers))}</p>'
        f'<ol class="rows" aria-label="Papers">{_rows(found, shown)}</ol>'
    )


def find(papers: Sequence[Paper], words: str) -> tuple[Paper, ...]:
    """The papers that hold every word in title, authors, category or abstract."""
    asked = words.casefold().split()
    if not asked:
        return tuple(papers)
    return tuple(paper for paper in papers if all(word in _held(paper) for word in asked))


def in_order(papers: Sequence[Paper], sort: str) -> list[Paper]:
    """Sorted as SORTS names; the undated stand last in either direction."""
    if sort == "title":
        return sorted(papers, key=lambda paper: paper.title.casefold())
    if sort == "page":
        return sorted(papers, key=lambda paper: (paper.page_author, -_ordinal(paper)))
    sign = 1 if sort == "oldest" else -1
    return sorted(papers, key=lambda paper: (paper.date is None, sign * _ordinal(paper)))


def render_plot(pages: Sequence[Page], papers: Sequence[Paper]) -> str:
    """Papers by year, each bar stacked by page, as SVG that takes its colours from the page."""
    owners = [page.author for page in pages]
    counts = {
        owner: Counter(_year(paper) for paper in papers if paper.page_author == owner) for owner in owners
    }
    years = _years(papers)
    if not years:
        return ""
    totals = [sum(counts[owner][year] for owner in owners) for year in years]
    told = "; ".join(f"{year}: {total}" for year, total in zip(years, totals, strict=True))
    legend = "".join(
        f'<li><span class="key series-{place % MOST_SERIES}"></span>{escape(owner)}</li>'
        for place, owner in enumerate(owners)
    )
    return (
        '<figure class="plot"><figcaption>Papers by year and page</figcaption>'
        f'<svg viewBox="0 0 {PLOT_WIDTH} {PLOT_HEIGHT}" role="img" aria-label="Papers by year. {told}.">'
        f"{_grid(max(totals))}{_bars(years, owners, counts, max(totals))}</svg>"
        f'<ul class="legend">{legend}</ul></figure>'
    )


def _grid(highest: int) -> str:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if highest / step <= 5)
    lines = []
    for value in range(0, highest + 1, step):
        y = _y(value, highest)
        lines.append(f'<line class="rule" x1="{PLOT_LEFT}" x2="{PLOT_WIDTH}" y1="{y}" y2="{y}"></line>')
        lines.append(f'<text class="tick" x="{PLOT_LEFT - 8}" y="{y + 4}" text-anchor="end">{value}</text>')
    return "".join(lines)


def _bars(
    years: Sequence[str], owners: Sequence[str], counts: Mapping[str, Counter[str]], highest: int
) -> str:
    slot = (PLOT_WIDTH - PLOT_LEFT) / len(years)
    width = min(slot * 0.62, 64)
    drawn = []
    for place, year in enumerate(years):
        left = PLOT_LEFT + slot * place + (slot - width) / 2
        base = 0
        for series, owner in enumerate(owners):
            count = counts[owner][year]
            if not count:
                continue
            top, bottom = _y(base + count, highest), _y(base, highest)
            drawn.append(
                f'<rect class="series-{series % MOST_SERIES}" x="{left:.1f}" y="{top}" width="{width:.1f}"'
                f' height="{bottom - top:.1f}"><title>{escape(owner)}, {year}: {count}</title></rect>'
            )
            base += count
        middle = f"{left + width / 2:.1f}"
        drawn.append(
            f'<text class="tick" x="{middle}" y="{PLOT_HEIGHT - 6}" text-anchor="middle">{year}</text>'
        )
        drawn.append(
            f'<text class="sum" x="{middle}" y="{_y(base, highest) - 4}" text-anchor="middle">{base}</text>'
        )
    return "".join(drawn)


def _y(value: int, highest: int) -> float:
    room = PLOT_HEIGHT - PLOT_BOTTOM - PLOT_TOP
    return round(PLOT_HEIGHT - PLOT_BOTTOM - room * value / highest, 1)


def _years(papers: Sequence[Paper]) -> list[str]:
    """Every year from the first to the last, and at the end the undated, where there are any."""
    dated = [paper.date.year for paper in papers if paper.date]
    years = [str(year) for year in range(min(dated), max(dated) + 1)] if dated else []
    return [*years, UNDATED] if len(dated) < len(papers) else years


def _year(paper: Paper) -> str:
    return str(paper.date.year) if paper.date else UNDATED


def _profiles(shown: Shown) -> str:
    return "".join(
        render_profile(page, [paper for paper in shown.papers if paper.page_author == page.author])
        for page in shown.pages
    )


def render_profile(page: Page, papers: Sequence[Paper]) -> str:
    """A page's card: what it states of its author, and apart from that what is counted here."""
    profile = page.profile
    stated = {
        "h-index": profile.h_index,
        "citations": profile.citations,
        "papers": profile.stated_papers,
        "novelty": f"{profile.novelty} %" if profile.novelty is not None else None,
        "AI score": profile.ai_score,
    }
    known = [paper for paper in papers if paper.has_code is not None]
    dated = sorted(paper.date.year for paper in papers if paper.date)
    years = f"{dated[0]}–{dated[-1]}" if dated else None
    here = {
        "papers": len(papers),
        "with code": f"{sum(bool(paper.has_code) for paper in known)} of {len(known)}" if known else None,
        "years": years if not dated or dated[0] != dated[-1] else str(dated[0]),
    }
    inferred = '<p class="inferred">The page does not print its owner; the name is inferred.</p>'
    only = act("only", "Ask this page", spoken=f"Ask only the page of {page.author}", owner=page.author)
    return (
        f'<li class="profile"><h3 dir="auto">{escape(page.author)}</h3>'
        f"{inferred if page.author_inferred else ''}"
        f'<div class="figures">{_figures("Stated on the page", stated)}{_figures("Counted here", here)}</div>'
        f'<p class="acts">{only}</p></li>'
    )


def _figures(label: str, figures: Mapping[str, object]) -> str:
    rows = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(_figure(value))}</dd></div>"
        for name, value in figures.items()
        if value is not None
    )
    body = f"<dl>{rows}</dl>" if rows else '<p class="none">nothing</p>'
    return f'<div><p class="label">{label}</p>{body}</div>'


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _tools(shown: Shown) -> str:
    sorts = "".join(
        f'<option value="{name}"{" selected" if name == shown.sort else ""}>{label}</option>'
        for name, label in SORTS.items()
    )
    exports = "".join(act("export", label, style=style) for style, label in EXPORTS.items())
    return (
        '<form class="tools" data-form="shelf" role="search" aria-label="Papers">'
        '<input type="search" name="words" aria-label="Search papers"'
        ' placeholder="Search titles, authors, abstracts">'
        f'<label>Sort <select name="sort">{sorts}</select></label></form>'
        '<div class="hand" role="toolbar" aria-label="Papers that are picked">'
        '<label class="all"><input type="checkbox" data-act="all">'
        ' <span data-told="picked">None picked</span></label>'
        f'<span class="acts">{act("compare", "Compare")}{act("summarise", "Summarise")}'
        f"{act('pin-picked', 'Pin')}</span>"
        f'<span class="acts exports"><span class="label">Export</span>{exports}</span></div>'
    )


def _found(count: int, of: int) -> str:
    told = counted(count) if count == of else f"{count:,} of {counted(of)}"
    return f"{told}; the first {MOST_ROWS} are listed" if count > MOST_ROWS else told


def _rows(found: Sequence[Paper], shown: Shown) -> str:
    listed = in_order(found, shown.sort)[:MOST_ROWS]
    return "".join(_row(paper, paper.id in shown.pinned) for paper in listed)


def _row(paper: Paper, pinned: bool) -> str:
    pin = '<span class="pin">pinned</span>' if pinned else ""
    identity = escape(paper.id)
    return (
        f'<li class="listed"><input type="checkbox" data-paper="{identity}"'
        f' aria-label="Pick {escape(paper.title)}">'
        f"{paper_details(paper, anchor=f'shelf-{identity}')}{pin}</li>"
    )


def _held(paper: Paper) -> str:
    return " ".join([paper.title, *paper.authors, paper.category or "", paper.abstract]).casefold()


def _ordinal(paper: Paper) -> int:
    return paper.date.toordinal() if paper.date else 0
