"""Papers in groups, told by their size: by year, month, category, affiliation, author, co-author and page.

Counts by `tally` and says how; reads no question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from rag import tally
from rag.library import Library
from rag.scopes import category_name, scope_words
from rag.telling import (
    REFUSAL,
    Said,
    answered,
    by_page,
    how_many,
    nearest_wider,
    pageless,
    plural,
    refused,
    told,
)
from rag.types import Answer, Claim, Inquiry, Paper, Plan, Scope

# Longer lists are folded: the rest is in the citations.
MOST_SHOWN = 10


def years(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    return _grouped(question, plan, inquiry, library, tally.by_year, str, "year")


def months(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    return _grouped(question, plan, inquiry, library, tally.by_month, _month, "month")


def _month(key: str) -> str:
    """`May 2024` of `2024-05`."""
    return f"{date.fromisoformat(f'{key}-01'):%B %Y}"


def average(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    """Papers a year, over all years from the first to the last with a paper."""
    if refusal := pageless(question, plan, inquiry.scope.owners, library):
        return refusal
    papers = library.papers(inquiry.scope)
    groups = tally.by_year(papers)
    dated = tally.all_papers(groups)
    how = " · ".join([*(scope_words(inquiry.scope) or ["the whole shelf"]), how_many(len(papers))])
    missing = _ungrouped("year", papers)
    if not dated:
        none = "No dated paper, so no average."
        return answered(question, plan, [Said(f"{none} Counted: {how}.{missing}{told(inquiry, library)}")])
    first, last = int(min(groups)), int(max(groups))
    years_counted = last - first + 1
    listed = "; ".join(f"{year}: {len(found)}" for year, found in groups.items())
    text = (
        f"{len(dated) / years_counted:.1f} papers a year: {how_many(len(dated))} in the {years_counted} "
        f"{plural('year', years_counted)} from {first} to {last} ({listed}). Counted: {how}.{missing}"
    )
    return answered(question, plan, [Said(f"{text}{told(inquiry, library)}", dated)])


def categories(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    return _grouped(question, plan, inquiry, library, tally.by_category, category_name, "category")


def affiliations(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    return _grouped(question, plan, inquiry, library, tally.by_affiliation, str, "affiliation")


def authors(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    first = inquiry.aim == "first_authors"

    def grouped(papers: Sequence[Paper]) -> tally.Groups:
        return tally.by_author(papers, first=first, besides=inquiry.besides)

    all_told = _grouped(
        question, plan, inquiry, library, grouped, str, "first author" if first else "printed author"
    )
    page_owners = [page.author for page in library.pages() if page.author not in inquiry.besides]
    if first or all_told.status != "answered" or not page_owners:
        return all_told
    sizes = {owner: len(library.papers(replace(inquiry.scope, owners=(owner,)))) for owner in page_owners}
    pages = "; ".join(f"{owner}'s page: {size}" for owner, size in sizes.items())
    note = Claim(
        f"Pages list papers of their owners whose names may be cut: {pages}.", (), "computed", "", None, 1.0
    )
    return replace(all_told, text=f"{all_told.text}\n\n{note.text}", claims=(*all_told.claims, note))


def coauthors(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    scope = replace(inquiry.scope, authors=(inquiry.subject,))
    besides = (inquiry.subject, *inquiry.besides)

    def grouped(papers: Sequence[Paper]) -> tally.Groups:
        return tally.by_author(papers, besides=besides)

    return _grouped(question, plan, replace(inquiry, scope=scope), library, grouped, str, "co-author")


def _grouped(
    question: str,
    plan: Plan,
    inquiry: Inquiry,
    library: Library,
    grouped: Callable[[Sequence[Paper]], tally.Groups],
    named: Callable[[str], str],
    kind: str,
) -> Answer:
    """How many papers each group holds; the first of them where only those are asked for."""
    if refusal := pageless(question, plan, inquiry.scope.owners, library):
        return refusal
    papers = library.papers(inquiry.scope)
    groups = grouped(papers)
    chosen = tally.top(groups, inquiry.most, fewest=inquiry.fewest)
    shown = chosen if kind in ("year", "month") else dict(list(chosen.items())[:MOST_SHOWN])
    how = " · ".join([*(scope_words(inquiry.scope) or ["the whole shelf"]), how_many(len(papers))])
    besides = f" Left out: {', '.join(inquiry.besides)}." if inquiry.besides else ""
    if not papers:
        besides += nearest_wider(inquiry.scope, library)
    many = f"{len(groups)} {plural(kind, len(groups))}."
    if inquiry.most is not None and chosen:
        word = "fewest" if inquiry.fewest else "most"
        tie = f", {len(chosen)} alike" if len(chosen) > inquiry.most else ""
        of_those = ", of those with any" if inquiry.fewest and kind in ("year", "month") else ""
        many = f"The {kind if len(chosen) == 1 else plural(kind, 2)} with {word} papers{of_those}{tie}:"
    listed = "; ".join(f"{named(name)}: {len(found)}" for name, found in shown.items())
    more = f"; and {len(chosen) - len(shown)} more" if len(chosen) > len(shown) else ""
    missing = _ungrouped(kind, papers)
    listed = f" {listed}{more}." if listed else ""
    left_open = told(inquiry, library, names_matter="author" in kind)
    text = f"{many}{listed} Counted: {how}.{besides}{missing}{left_open}"
    return answered(question, plan, [Said(text, tally.all_papers(chosen))])


def _ungrouped(kind: str, papers: Sequence[Paper]) -> str:
    if kind in ("year", "month") and (undated := tally.count_unknown(papers, lambda paper: paper.date)):
        return f" {undated} more print no date."
    if kind == "category" and (unmarked := tally.count_unknown(papers, lambda paper: paper.category)):
        return f" {unmarked} more print no category."
    if kind == "affiliation":
        bare = sum(not paper.affiliations for paper in papers)
        return f" {bare} listings print no affiliation."
    return ""


def pages(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    if refusal := pageless(question, plan, inquiry.scope.owners, library):
        return refusal
    papers = library.papers(inquiry.scope)
    groups = by_page(papers, library)
    chosen = tally.top(groups, inquiry.most, fewest=inquiry.fewest)
    how = " · ".join([*(scope_words(inquiry.scope) or ["the whole shelf"]), how_many(len(papers))])
    listed = "; ".join(f"{owner}'s page: {how_many(len(found))}" for owner, found in chosen.items())
    listed = listed or "No page lists such a paper"
    every = replace(inquiry, scope=replace(inquiry.scope, owners=tuple(chosen)))
    text = f"{listed}. Counted: {how}.{told(every, library, names_matter=bool(inquiry.scope.names))}"
    return answered(question, plan, [Said(text, tally.all_papers(chosen))])


def owners(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    if inquiry.scope:
        return refused(question, plan, REFUSAL)
    listed = library.pages()
    lines = [f"{page.author} ({how_many(len(library.papers(Scope(seeds=(page.seed,)))))})" for page in listed]
    every = replace(inquiry, scope=Scope(owners=tuple(page.author for page in listed)))
    text = f"{len(listed)} author {plural('page', len(listed))}: {', '.join(lines)}.{told(every, library)}"
    return answered(question, plan, [Said(text)])
