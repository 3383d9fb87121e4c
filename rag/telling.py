"""Statements and the papers they rest on -> an Answer, and the words that all counts share.

Says how something was counted, on whose pages it stands, what there is where nothing fits. Reads no question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag import tally
from rag.caveats import caveats
from rag.library import Library
from rag.scopes import scope_words
from rag.shown import shown
from rag.types import Answer, Citation, Claim, Inquiry, Paper, Plan, Scope

MOST_NEAREST = 3
REFUSAL = (
    "I found nothing that I can vouch for: of the shelf as a whole I can count, list, date and compare "
    "papers by page, author, year, category, affiliation and code, and this asks for something else."
)


@dataclass(frozen=True, slots=True)
class Said:
    """One statement and the papers that it rests on."""

    text: str
    papers: tuple[Paper, ...] = ()


def answered(
    question: str, plan: Plan, said: Sequence[Said], *, more: int = 0, marked: bool = False
) -> Answer:
    """Statements as an Answer: every paper they rest on is cited; marks stand where they are few."""
    papers = tuple({paper.id: paper for one in said for paper in one.papers}.values())
    numbers = {paper.id: number for number, paper in enumerate(papers, 1)}
    claims = tuple(
        Claim(
            shown(one.text),
            tuple(sorted(numbers[paper.id] for paper in one.papers)),
            "computed",
            "",
            None,
            1.0,
        )
        for one in said
    )
    lines = [
        f"{claim.text} [{claim.citations[0]}]"
        if marked or (place and len(claim.citations) == 1)
        else claim.text
        for place, claim in enumerate(claims)
    ]
    if more > 0:
        lines.append(f"… and {more} more.")
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind="catalogue",
        status="answered",
        text="\n\n".join(lines),
        claims=claims,
        citations=tuple(Citation(number, paper) for number, paper in enumerate(papers, 1)),
    )


def refused(question: str, plan: Plan, text: str, nearest: tuple[Paper, ...] = ()) -> Answer:
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind="catalogue",
        status="not_found",
        text=text,
        nearest=nearest,
    )


def counted(scope: Scope, found: Sequence[Paper], library: Library) -> str:
    """`4 papers on this shelf. Counted: Zechun Liu's page · 2023 · 4 of 50.`"""
    whole = len(library.papers(_of_whom(scope)))
    how = " · ".join([*(scope_words(scope) or ["the whole shelf"]), f"{len(found)} of {whole}"])
    return f"{how_many(len(found))} on this shelf. Counted: {how}."


def _of_whom(scope: Scope) -> Scope:
    """The part of a scope that says whose papers are meant; the rest is counted out of these."""
    return Scope(
        authors=scope.authors,
        owners=scope.owners,
        printed=scope.printed,
        seeds=scope.seeds,
        papers=scope.papers,
        within=scope.within,
    )


def nearest_wider(scope: Scope, library: Library) -> str:
    """What there is where one filter less is asked for: the first that leaves any paper."""
    fields = [name for name in Scope.__dataclass_fields__ if getattr(scope, name) not in ((), None)]
    if len(fields) < 2:
        newest = sorted(paper.date for paper in library.papers() if paper.date)
        timed = {"years", "since", "until"} & set(fields)
        return (
            f" The papers here are dated {newest[0].year} to {newest[-1].year}." if newest and timed else ""
        )
    empty = Scope()
    for name in sorted(fields, key=lambda name: name in ("authors", "owners", "printed", "together")):
        wider = replace(scope, **{name: getattr(empty, name)})
        if found := library.papers(wider):
            return f" Nearest: {' · '.join(scope_words(wider))}, {how_many(len(found))}."
    return ""


def pages_of(scope: Scope, found: Sequence[Paper], library: Library) -> str:
    """On whose pages they are listed, where the question left that open."""
    if scope.owners or scope.seeds or not found:
        return ""
    pages = [f"{owner}’s page ({len(papers)})" for owner, papers in by_page(found, library).items()]
    return f" Listed on {and_list(pages)}."


def told(inquiry: Inquiry, library: Library, *, names_matter: bool = False) -> str:
    """How names were taken, and what cannot be known."""
    said = [f"{note[:1].upper()}{note[1:]}." for note in inquiry.notes]
    said += caveats(inquiry.scope, library, names_matter=names_matter)
    return "".join(f" {sentence}" for sentence in said)


def pageless(question: str, plan: Plan, owners: Sequence[str], library: Library) -> Answer | None:
    """A refusal where the page is asked for of somebody who has none here."""
    known = {page.author.casefold() for page in library.pages()}
    missing = [name for name in owners if name.casefold() not in known]
    if not missing:
        return None
    printed = library.papers(Scope(printed=(missing[0],)))
    pages = ", ".join(page.author for page in library.pages())
    others = f" {how_many(len(printed))} on other pages print the name." if printed else ""
    text = f"{missing[0]} has no page on this shelf, which holds the pages of {pages}.{others}"
    return refused(question, plan, text, tuple(printed[:MOST_NEAREST]))


def by_date(papers: Sequence[Paper], *, newest: bool) -> tuple[Paper, ...]:
    """The papers by date, those without one last."""
    dated = sorted(
        (paper for paper in papers if paper.date), key=lambda paper: str(paper.date), reverse=newest
    )
    return (*dated, *(paper for paper in papers if not paper.date))


def by_page(papers: Sequence[Paper], library: Library) -> tally.Groups:
    ids = {paper.id for paper in papers}
    groups = {
        page.author: tuple(paper for paper in library.papers(Scope(owners=(page.author,))) if paper.id in ids)
        for page in library.pages()
    }
    return dict(
        sorted(((owner, found) for owner, found in groups.items() if found), key=lambda item: -len(item[1]))
    )


def row(paper: Paper) -> str:
    names = ", ".join(paper.authors) + (" et al." if paper.et_al else "")
    dated = f"{paper.date.day} {paper.date:%B %Y} ({paper.date.isoformat()})" if paper.date else "no date"
    return f"“{paper.title}” by {names}, {dated}"


def how_many(count: int) -> str:
    return f"{count} {plural('paper', count)}"


def plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return f"{word[:-1]}ies" if word.endswith("ry") else f"{word}s"


def and_list(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)
