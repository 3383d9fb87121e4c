"""Exact answers about the collection: counts, lists and records, by database, never by a model.

Answers an Inquiry, or tells what the listing of a named paper prints. Every answer says how it was
counted, cites each paper that counts, and says what the listings do not let it know. Reads no
question: what was not understood as an Inquiry is refused here, since a wrong count is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag import tally
from rag.caveats import caveats
from rag.library import Library
from rag.scopes import category_name, day, scope_words
from rag.shown import shown
from rag.types import (
    Aim,
    Answer,
    Citation,
    Claim,
    Inquiry,
    Page,
    Paper,
    Plan,
    ProfileField,
    RecordField,
    Scope,
)

# Longer lists are folded: the rest is in the citations.
MOST_SHOWN = 10
MOST_NEAREST = 3

_REFUSAL = (
    "I found nothing that I can vouch for: of the shelf as a whole I can count, list, date and compare "
    "papers by page, author, year, category, affiliation and code, and this asks for something else."
)
_FIGURES: Mapping[ProfileField, str] = {
    "h_index": "an h-index of {}",
    "citations": "{} citations",
    "stated_papers": "{} papers",
    "novelty": "a novelty of {} %",
    "ai_score": "an AI score of {}",
}

_FIGURE_NAMES: Mapping[ProfileField, str] = {
    "h_index": "h-index",
    "citations": "citations",
    "stated_papers": "number of papers",
    "novelty": "novelty",
    "ai_score": "AI score",
}


@dataclass(frozen=True, slots=True)
class _Said:
    """One statement and the papers that it rests on."""

    text: str
    papers: tuple[Paper, ...] = ()


def answer(question: str, plan: Plan, *, library: Library) -> Answer:
    """What the question asks of the shelf or of a named paper's record, or a refusal."""
    if plan.record:
        papers = tuple(library.papers_by_id(plan.named).values())
        said = [_Said(_field(field, paper), (paper,)) for paper in papers for field in plan.record]
        return _answer(question, plan, said, marked=True)
    if plan.inquiry is None:
        return _refused(question, plan, _REFUSAL)
    inquiry = plan.inquiry
    if inquiry.trouble:
        return _refused(question, plan, f"I cannot count this. {inquiry.trouble}")
    return _TELLERS[inquiry.aim](question, plan, inquiry, library)


# --- counts and lists


def _count(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    if refusal := _pageless(question, plan, inquiry.scope.owners, library):
        return refusal
    found = tuple(library.papers(inquiry.scope))
    head = _counted(inquiry.scope, found, library)
    if not found:
        head += nearest_wider(inquiry.scope, library)
    said = [_Said(f"{head}{_pages_of(inquiry.scope, found, library)}{_told(inquiry, library)}", found)]
    for either in inquiry.sides:
        wider = tuple(library.papers(either))
        said.append(_Said(f"Of at least one of them: {_papers(len(wider))}.", wider))
    if inquiry.aim == "list":
        said += [_Said(_row(paper), (paper,)) for paper in found[:MOST_SHOWN]]
    return _answer(question, plan, said, more=len(found) - MOST_SHOWN if inquiry.aim == "list" else 0)


def _ends(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    if refusal := _pageless(question, plan, inquiry.scope.owners, library):
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
        return _answer(question, plan, [_Said(f"{none} Counted: {how}.{_told(inquiry, library)}")])
    word = "newest" if latest else "oldest"
    tied = " (of the same day)" if len(found) > (inquiry.most or 0) > 0 else ""
    one = f"The {word} paper is" if len(found) == 1 else f"The {len(found)} {word} papers{tied} are"
    undated = tally.count_unknown(papers, lambda paper: paper.date)
    missing = f" {undated} of them print no date, so they cannot be placed." if undated else ""
    if len(found) == 1:
        text = f"{one} {_row(found[0])}. Counted: {how}.{missing}{_told(inquiry, library)}"
        return _answer(question, plan, [_Said(text, found)])
    head = _Said(f"{one} listed here. Counted: {how}.{missing}{_told(inquiry, library)}", found)
    return _answer(question, plan, [head, *(_Said(_row(paper), (paper,)) for paper in found[:MOST_SHOWN])],
                   more=len(found) - MOST_SHOWN)  # fmt: skip


def _share(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    assert inquiry.part is not None
    if refusal := _pageless(question, plan, (*inquiry.scope.owners, *inquiry.part.owners), library):
        return refusal
    whole = library.papers(inquiry.scope)
    members = {paper.id for paper in library.papers(inquiry.part)}
    part = tuple(paper for paper in whole if paper.id in members)
    of = " · ".join(scope_words(inquiry.scope) or ("the whole shelf",))
    that = " · ".join(scope_words(inquiry.part))
    percent = f" ({100 * len(part) / len(whole):.0f} %)" if whole else ""
    told = _told(replace(inquiry, scope=_merged(inquiry.scope, inquiry.part)), library)
    text = f"{len(part)} of {_papers(len(whole))}{percent}. Counted: {of} · of these {that}.{told}"
    return _answer(question, plan, [_Said(text, part)])


def _compared(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    owners = tuple(name for side in inquiry.sides for name in side.owners)
    if refusal := _pageless(question, plan, owners, library):
        return refusal
    counts = {side.names[0]: tuple(library.papers(side)) for side in inquiry.sides}
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
        _Said(f"{_counted(side, papers, library)}", papers)
        for side, papers in zip(inquiry.sides, counts.values(), strict=True)
    ]
    every = replace(
        inquiry, scope=replace(inquiry.sides[0], owners=owners, authors=() if owners else tuple(counts))
    )
    return _answer(question, plan, [_Said(f"{head}{_told(every, library)}", ()), *said])


# --- groups


def _years(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    return _grouped(question, plan, inquiry, library, tally.by_year, str, "year")


def _categories(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    return _grouped(question, plan, inquiry, library, tally.by_category, category_name, "category")


def _affiliations(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    return _grouped(question, plan, inquiry, library, tally.by_affiliation, str, "affiliation")


def _authors(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    first = inquiry.aim == "first_authors"

    def grouped(papers: Sequence[Paper]) -> tally.Groups:
        return tally.by_author(papers, first=first, besides=inquiry.besides)

    told = _grouped(
        question, plan, inquiry, library, grouped, str, "first author" if first else "printed author"
    )
    owners = [page.author for page in library.pages() if page.author not in inquiry.besides]
    if first or told.status != "answered" or not owners:
        return told
    sizes = {owner: len(library.papers(replace(inquiry.scope, owners=(owner,)))) for owner in owners}
    pages = "; ".join(f"{owner}'s page: {size}" for owner, size in sizes.items())
    note = Claim(
        f"Pages list papers of their owners whose names may be cut: {pages}.", (), "computed", "", None, 1.0
    )
    return replace(told, text=f"{told.text}\n\n{note.text}", claims=(*told.claims, note))


def _coauthors(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
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
    if refusal := _pageless(question, plan, inquiry.scope.owners, library):
        return refusal
    papers = library.papers(inquiry.scope)
    groups = grouped(papers)
    chosen = tally.top(groups, inquiry.most, fewest=inquiry.fewest)
    shown = chosen if kind == "year" else dict(list(chosen.items())[:MOST_SHOWN])
    how = " · ".join([*(scope_words(inquiry.scope) or ["the whole shelf"]), _papers(len(papers))])
    besides = f" Left out: {', '.join(inquiry.besides)}." if inquiry.besides else ""
    if not papers:
        besides += nearest_wider(inquiry.scope, library)
    many = f"{len(groups)} {_plural(kind, len(groups))}."
    if inquiry.most is not None and chosen:
        word = "fewest" if inquiry.fewest else "most"
        tie = f", {len(chosen)} alike" if len(chosen) > inquiry.most else ""
        many = f"The {kind if len(chosen) == 1 else _plural(kind, 2)} with {word} papers{tie}:"
    listed = "; ".join(f"{named(name)}: {len(found)}" for name, found in shown.items())
    more = f"; and {len(chosen) - len(shown)} more" if len(chosen) > len(shown) else ""
    missing = _ungrouped(kind, papers)
    listed = f" {listed}{more}." if listed else ""
    told = _told(inquiry, library, names_matter="author" in kind)
    text = f"{many}{listed} Counted: {how}.{besides}{missing}{told}"
    return _answer(question, plan, [_Said(text, tally.all_papers(chosen))])


def _ungrouped(kind: str, papers: Sequence[Paper]) -> str:
    if kind == "year" and (undated := tally.count_unknown(papers, lambda paper: paper.date)):
        return f" {undated} more print no date."
    if kind == "category" and (unmarked := tally.count_unknown(papers, lambda paper: paper.category)):
        return f" {unmarked} more print no category."
    if kind == "affiliation":
        bare = sum(not paper.affiliations for paper in papers)
        return f" {bare} listings print no affiliation."
    return ""


# --- pages and profiles


def _pages(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    if refusal := _pageless(question, plan, inquiry.scope.owners, library):
        return refusal
    papers = library.papers(inquiry.scope)
    groups = _by_page(papers, library)
    chosen = tally.top(groups, inquiry.most, fewest=inquiry.fewest)
    how = " · ".join([*(scope_words(inquiry.scope) or ["the whole shelf"]), _papers(len(papers))])
    listed = "; ".join(f"{owner}'s page: {_papers(len(found))}" for owner, found in chosen.items())
    listed = listed or "No page lists such a paper"
    every = replace(inquiry, scope=replace(inquiry.scope, owners=tuple(chosen)))
    text = f"{listed}. Counted: {how}.{_told(every, library, names_matter=bool(inquiry.scope.names))}"
    return _answer(question, plan, [_Said(text, tally.all_papers(chosen))])


def _owners(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    if inquiry.scope:
        return _refused(question, plan, _REFUSAL)
    pages = library.pages()
    lines = [f"{page.author} ({_papers(len(library.papers(Scope(seeds=(page.seed,)))))})" for page in pages]
    every = replace(inquiry, scope=Scope(owners=tuple(page.author for page in pages)))
    text = f"{len(pages)} author {_plural('page', len(pages))}: {', '.join(lines)}.{_told(every, library)}"
    return _answer(question, plan, [_Said(text)])


def _profiles(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    owners = tuple(name for side in inquiry.sides for name in side.owners)
    if refusal := _pageless(question, plan, owners, library):
        return refusal
    pages = [page for page in library.pages() if not owners or page.author in owners]
    said = [_Said(_profile_line(page, field, library)) for field in inquiry.fields for page in pages]
    if inquiry.most is None and len(pages) == 1:
        return _answer(question, plan, said)
    heads = [
        _Said(text) for field in inquiry.fields if (text := _leader(pages, field, fewest=inquiry.fewest))
    ]
    return _answer(question, plan, [*heads, *said])


def _profile_line(page: Page, field: ProfileField, library: Library) -> str:
    value = getattr(page.profile, field)
    if value is None:
        inferred = "; its owner is inferred, too" if page.author_inferred else ""
        return f"{page.author}'s page states no {_FIGURE_NAMES[field]}{inferred}."
    listed = ""
    if field == "stated_papers":
        listed = f" and lists {len(library.papers(Scope(seeds=(page.seed,))))}"
    return f"{page.author}'s page states {_FIGURES[field].format(value)}{listed}."


def _leader(pages: Sequence[Page], field: ProfileField, *, fewest: bool) -> str:
    stated = {page.author: value for page in pages if (value := getattr(page.profile, field)) is not None}
    if not stated:
        return ""
    best = (min if fewest else max)(stated.values())
    first = " and ".join(name for name, value in stated.items() if value == best)
    silent = len(pages) - len(stated)
    left = f" {silent} of the {len(pages)} pages state none." if silent else ""
    return f"{'Lowest' if fewest else 'Highest'}: {first}, with {_FIGURES[field].format(best)}.{left}"


# --- words


def _counted(scope: Scope, found: Sequence[Paper], library: Library) -> str:
    """`4 papers on this shelf. Counted: Zechun Liu's page · 2023 · 4 of 50.`"""
    whole = len(library.papers(_of_whom(scope)))
    how = " · ".join([*(scope_words(scope) or ["the whole shelf"]), f"{len(found)} of {whole}"])
    return f"{_papers(len(found))} on this shelf. Counted: {how}."


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
            return f" Nearest: {' · '.join(scope_words(wider))}, {_papers(len(found))}."
    return ""


def _pages_of(scope: Scope, found: Sequence[Paper], library: Library) -> str:
    """On whose pages they are listed, where the question left that open."""
    if scope.owners or scope.seeds or not found:
        return ""
    pages = [f"{owner}’s page ({len(papers)})" for owner, papers in _by_page(found, library).items()]
    return f" Listed on {_and(pages)}."


def _told(inquiry: Inquiry, library: Library, *, names_matter: bool = False) -> str:
    """How names were taken, and what cannot be known."""
    said = [f"{note[:1].upper()}{note[1:]}." for note in inquiry.notes]
    said += caveats(inquiry.scope, library, names_matter=names_matter)
    return "".join(f" {sentence}" for sentence in said)


def _pageless(question: str, plan: Plan, owners: Sequence[str], library: Library) -> Answer | None:
    """A refusal where the page is asked for of somebody who has none here."""
    known = {page.author.casefold() for page in library.pages()}
    missing = [name for name in owners if name.casefold() not in known]
    if not missing:
        return None
    printed = library.papers(Scope(printed=(missing[0],)))
    pages = ", ".join(page.author for page in library.pages())
    others = f" {_papers(len(printed))} on other pages print the name." if printed else ""
    text = f"{missing[0]} has no page on this shelf, which holds the pages of {pages}.{others}"
    return _refused(question, plan, text, tuple(printed[:MOST_NEAREST]))


def _by_page(papers: Sequence[Paper], library: Library) -> tally.Groups:
    ids = {paper.id for paper in papers}
    groups = {
        page.author: tuple(paper for paper in library.papers(Scope(owners=(page.author,))) if paper.id in ids)
        for page in library.pages()
    }
    return dict(
        sorted(((owner, found) for owner, found in groups.items() if found), key=lambda item: -len(item[1]))
    )


def _merged(scope: Scope, part: Scope) -> Scope:
    fields = {
        name: value for name in Scope.__dataclass_fields__ if (value := getattr(part, name)) not in ((), None)
    }
    return replace(scope, **fields)


def _row(paper: Paper) -> str:
    names = ", ".join(paper.authors) + (" et al." if paper.et_al else "")
    dated = f"{paper.date.day} {paper.date:%B %Y} ({paper.date.isoformat()})" if paper.date else "no date"
    return f"“{paper.title}” by {names}, {dated}"


def _field(field: RecordField, paper: Paper) -> str:
    if field == "first author":
        return f"The first author of “{paper.title}” is {paper.authors[0]}."
    if field == "authors":
        others = " et al.; its listing prints no more names" if paper.et_al else ""
        return f"“{paper.title}” is by {', '.join(paper.authors)}{others}."
    if paper.date is None:
        return f"The listing of “{paper.title}” prints no date."
    return f"“{paper.title}” is dated {day(paper.date)} ({paper.date.isoformat()})."


def _papers(count: int) -> str:
    return f"{count} {_plural('paper', count)}"


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return f"{word[:-1]}ies" if word.endswith("ry") else f"{word}s"


def _and(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


# --- the answer


def _answer(
    question: str, plan: Plan, said: Sequence[_Said], *, more: int = 0, marked: bool = False
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


def _refused(question: str, plan: Plan, text: str, nearest: tuple[Paper, ...] = ()) -> Answer:
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind="catalogue",
        status="not_found",
        text=text,
        nearest=nearest,
    )


_TELLERS: Mapping[Aim, Callable[[str, Plan, Inquiry, Library], Answer]] = {
    "count": _count,
    "list": _count,
    "earliest": _ends,
    "latest": _ends,
    "years": _years,
    "categories": _categories,
    "share": _share,
    "profile": _profiles,
    "authors": _authors,
    "first_authors": _authors,
    "coauthors": _coauthors,
    "compare": _compared,
    "pages": _pages,
    "owners": _owners,
    "affiliations": _affiliations,
}
