"""Exact answers about the collection: counts and records, by database, never by a model.

Counts papers by page owner or printed author, year and code, and says how. What it does not
understand wholly it does not count: a wrong count is worse than none. Of a named paper it tells
the authors and the date that its listing prints.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.library import Library
from rag.types import Answer, Citation, Claim, Paper, Plan, RecordField, Scope, Timings
from rag.words import words

_COUNT = re.compile(r"\bhow many\b(.*?)\b(?:papers|publications|articles)\b", re.I)
_DETERMINERS = frozenset("of the these those your our all".split())
# The only words that a count may hold: one more, such as "not" or "since", and it asks for something else.
_COUNTING_WORDS = _DETERMINERS | frozenset(
    "how many papers publications articles a an i we you me us it this that s and or in on at by from to "
    "with is are was were be been do does did has have had there here please can could tell say know "
    "publish published write wrote written list lists listed shelf library collection vouch total altogether "
    "during appear appeared appears come comes came include includes included contain contains hold holds "
    "seeds page pages indexed count number".split()
)
# Words that count only where the scope has understood them.
_AUTHOR_WORDS = frozenset("author authored".split())
_YEAR_WORDS = frozenset("year dated".split())
_CODE_WORDS = frozenset("code open public released release releases source available".split())
_WITHOUT_WORDS = frozenset("no without".split())


def answer(question: str, plan: Plan, *, library: Library) -> Answer:
    """The count or record that the question asks for, or a refusal where it asks for something else."""
    if plan.record:
        return _told(question, plan, list(library.papers_by_id(plan.named).values()))
    if not _understood(question, plan.scope):
        return Answer(
            question=question,
            understood_as=plan.understood_as,
            kind="catalogue",
            status="not_found",
            text=(
                "I found nothing that I can vouch for: about the shelf as a whole I can count papers by "
                "author, year and code, and this asks for something else."
            ),
        )
    papers = library.papers(plan.scope)
    undated = sum(paper.date is None for paper in library.papers(_without_years(plan.scope)))
    text = _sentence(papers, plan.scope)
    if plan.scope.years and undated:
        text += f" {undated} more print no date and are not counted."
    if plan.scope.authors:
        text += " Listings print at most three names a paper, so a name behind “et al.” is not seen."
    numbers = tuple(range(1, len(papers) + 1))
    return _answer(question, plan, text, [(text, numbers)], papers)


def _told(question: str, plan: Plan, papers: Sequence[Paper]) -> Answer:
    """What the listings print of each paper."""
    claims = [
        (_field(field, paper), (number,)) for number, paper in enumerate(papers, 1) for field in plan.record
    ]
    text = "\n\n".join(f"{said} [{number}]" for said, (number,) in claims)
    return _answer(question, plan, text, claims, papers)


def _field(field: RecordField, paper: Paper) -> str:
    if field == "first author":
        return f"The first author of “{paper.title}” is {paper.authors[0]}."
    if field == "authors":
        others = " et al.; its listing prints no more names" if paper.et_al else ""
        return f"“{paper.title}” is by {', '.join(paper.authors)}{others}."
    if paper.date is None:
        return f"The listing of “{paper.title}” prints no date."
    return f"“{paper.title}” is dated {paper.date.day} {paper.date:%B %Y} ({paper.date.isoformat()})."


def _answer(
    question: str,
    plan: Plan,
    text: str,
    claims: Sequence[tuple[str, tuple[int, ...]]],
    papers: Sequence[Paper],
) -> Answer:
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind="catalogue",
        status="answered",
        text=text,
        claims=tuple(Claim(said, numbers, "computed", "", None, 1.0) for said, numbers in claims),
        citations=tuple(Citation(number, paper) for number, paper in enumerate(papers, 1)),
        timings=Timings(),
    )


def _sentence(papers: Sequence[Paper], scope: Scope) -> str:
    parts = [f"{len(papers)} {'paper' if len(papers) == 1 else 'papers'} on this shelf"]
    if scope.authors:
        parts.append(f"on the page of, or printed with, {' or '.join(scope.authors)}")
    if scope.years:
        parts.append(f"dated {' or '.join(map(str, scope.years))}")
    if scope.has_code is not None:
        parts.append("marked with code" if scope.has_code else "marked without code")
    return ", ".join(parts) + "."


def _understood(question: str, scope: Scope) -> bool:
    """Whether the question is a count and each of its words is accounted for, by the scope or the wording."""
    count = _COUNT.search(question)
    if count is None:
        return False
    of_scope = {word for name in scope.authors for word in words(name)} | set(map(str, scope.years))
    known = _COUNTING_WORDS | of_scope
    known |= _AUTHOR_WORDS if scope.authors else frozenset()
    known |= _YEAR_WORDS if scope.years else frozenset()
    known |= _CODE_WORDS if scope.has_code is not None else frozenset()
    known |= _WITHOUT_WORDS if scope.has_code is False else frozenset()
    counted = set(words(count[1])) <= _DETERMINERS | of_scope
    return counted and set(words(question)) <= known


def _without_years(scope: Scope) -> Scope:
    return Scope(scope.authors, (), scope.categories, scope.has_code)
