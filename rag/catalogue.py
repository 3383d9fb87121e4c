"""Exact answers about the collection: counts, lists and records, by database, never by a model.

Answers an Inquiry, or tells what the listing of a named paper prints. Every answer says how it was
counted, cites each paper that counts, and says what the listings do not let it know. Reads no
question: what was not understood as an Inquiry is refused here, since a wrong count is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from rag import groups, tally
from rag.library import Library
from rag.profiles import profiles
from rag.recorded import field_of, verdict
from rag.scopes import scope_words
from rag.telling import (
    REFUSAL,
    Said,
    answered,
    by_date,
    counted,
    how_many,
    nearest_wider,
    pageless,
    pages_of,
    refused,
    row,
    told,
)
from rag.types import Aim, Answer, Inquiry, Plan, Scope

# Longer lists are folded: the rest is in the citations.
MOST_SHOWN = groups.MOST_SHOWN


def answer(question: str, plan: Plan, *, library: Library) -> Answer:
    """What the question asks of the shelf or of a named paper's record, or a refusal."""
    if plan.record:
        papers = tuple(library.papers_by_id(plan.named).values())
        said = [Said(field_of(field, paper), (paper,)) for paper in papers for field in plan.record]
        return answered(question, plan, said, marked=True)
    if plan.inquiry is None:
        return refused(question, plan, REFUSAL)
    inquiry = plan.inquiry
    if inquiry.trouble:
        return refused(question, plan, f"I cannot count this. {inquiry.trouble}")
    return _TELLERS[inquiry.aim](question, plan, inquiry, library)


def _count(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    if refusal := pageless(question, plan, inquiry.scope.owners, library):
        return refusal
    found = tuple(library.papers(inquiry.scope))
    head = counted(inquiry.scope, found, library)
    if not found:
        head += nearest_wider(inquiry.scope, library)
    if inquiry.order != "theme":
        found = by_date(found, newest=inquiry.order == "newest")
    said = [Said(f"{head}{pages_of(inquiry.scope, found, library)}{told(inquiry, library)}", found)]
    for either in inquiry.sides:
        wider = tuple(library.papers(either))
        said.append(Said(f"Of at least one of them: {how_many(len(wider))}.", wider))
    if inquiry.aim == "list":
        shown = min(inquiry.most or MOST_SHOWN, MOST_SHOWN)
        said += [Said(row(paper), (paper,)) for paper in found[:shown]]
        return answered(question, plan, said, more=len(found) - shown)
    return answered(question, plan, said)


def _ends(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    if refusal := pageless(question, plan, inquiry.scope.owners, library):
        return refusal
    papers = tuple(library.papers(inquiry.scope))
    latest = inquiry.aim == "latest"
    found = tally.extremes(papers, most=inquiry.most or MOST_SHOWN, latest=latest)
    how = " · ".join([*(scope_words(inquiry.scope) or ["the whole shelf"]), f"{len(papers)} papers"])
    if not found:
        none = (
            "None of them prints a date."
            if papers
            else f"No paper fits.{nearest_wider(inquiry.scope, library)}"
        )
        return answered(question, plan, [Said(f"{none} Counted: {how}.{told(inquiry, library)}")])
    word = "newest" if latest else "oldest"
    tied = " (of the same day)" if len(found) > (inquiry.most or 0) > 0 else ""
    one = f"The {word} paper is" if len(found) == 1 else f"The {len(found)} {word} papers{tied} are"
    undated = tally.count_unknown(papers, lambda paper: paper.date)
    missing = f" {undated} of them print no date, so they cannot be placed." if undated else ""
    if len(found) == 1:
        text = f"{one} {row(found[0])}. Counted: {how}.{missing}{told(inquiry, library)}"
        return answered(question, plan, [Said(text, found)])
    head = Said(f"{one} listed here. Counted: {how}.{missing}{told(inquiry, library)}", found)
    return answered(question, plan, [head, *(Said(row(paper), (paper,)) for paper in found[:MOST_SHOWN])],
                   more=len(found) - MOST_SHOWN)  # fmt: skip


def _share(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    assert inquiry.part is not None
    if refusal := pageless(question, plan, (*inquiry.scope.owners, *inquiry.part.owners), library):
        return refusal
    whole = library.papers(inquiry.scope)
    members = {paper.id for paper in library.papers(inquiry.part)}
    part = tuple(paper for paper in whole if paper.id in members)
    of = " · ".join(scope_words(inquiry.scope) or ("the whole shelf",))
    that = " · ".join(scope_words(inquiry.part))
    percent = f" ({100 * len(part) / len(whole):.0f} %)" if whole else ""
    left_open = told(replace(inquiry, scope=_merged(inquiry.scope, inquiry.part)), library)
    text = f"{len(part)} of {how_many(len(whole))}{percent}. Counted: {of} · of these {that}.{left_open}"
    return answered(question, plan, [Said(text, part)])


def _compared(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    owners = tuple(name for side in inquiry.sides for name in side.owners)
    if refusal := pageless(question, plan, owners, library):
        return refusal
    counts = {_label(side, inquiry.scope): tuple(library.papers(side)) for side in inquiry.sides}
    sizes = sorted((len(papers) for papers in counts.values()), reverse=not inquiry.fewest)
    first = [name for name, papers in counts.items() if len(papers) == sizes[0]]
    word = "fewest" if inquiry.fewest else "most"
    if len(first) == len(counts):
        head = f"{' and '.join(first)} have the same number of papers: {sizes[0]}."
    elif len(first) > 1:
        head = f"{' and '.join(first)} have the {word} papers, {sizes[0]} each."
    else:
        head = f"{first[0]} has the {word} papers: {sizes[0]}."
    if len(counts) == 2:
        head = f"{head[:-1]} against {sizes[1]}, a difference of {abs(sizes[0] - sizes[1])}."
    said = [
        Said(f"{counted(side, papers, library)}", papers)
        for side, papers in zip(inquiry.sides, counts.values(), strict=True)
    ]
    every = replace(
        inquiry,
        scope=replace(
            inquiry.sides[0],
            owners=owners,
            authors=() if owners or not inquiry.sides[0].names else tuple(counts),
        ),
    )
    return answered(question, plan, [Said(f"{head}{told(every, library)}", ()), *said])


def _label(side: Scope, common: Scope) -> str:
    """What tells a side of a comparison from the others: a name, or its own filter in words."""
    if names := [name for name in side.names if name not in common.names]:
        return names[0]
    own = [part for part in scope_words(side) if part not in scope_words(common)]
    return " · ".join(own).removeprefix("category ")


def _check(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    """Whether the papers named are as asked: yes, no, or that their listing does not say."""
    assert inquiry.part is not None
    papers = library.papers(inquiry.part)
    passing = {paper.id for paper in library.papers(replace(inquiry.scope, papers=inquiry.part.papers))}
    said = [
        Said(verdict(paper, inquiry.scope, paper.id in passing, library.pages()), (paper,))
        for paper in papers
    ]
    return answered(question, plan, said, marked=True)


def _merged(scope: Scope, part: Scope) -> Scope:
    fields = {
        name: value for name in Scope.__dataclass_fields__ if (value := getattr(part, name)) not in ((), None)
    }
    return replace(scope, **fields)


_TELLERS: Mapping[Aim, Callable[[str, Plan, Inquiry, Library], Answer]] = {
    "count": _count,
    "list": _count,
    "earliest": _ends,
    "latest": _ends,
    "years": groups.years,
    "months": groups.months,
    "average": groups.average,
    "check": _check,
    "categories": groups.categories,
    "share": _share,
    "profile": profiles,
    "authors": groups.authors,
    "first_authors": groups.authors,
    "coauthors": groups.coauthors,
    "compare": _compared,
    "pages": groups.pages,
    "owners": groups.owners,
    "affiliations": groups.affiliations,
}
