"""Exact answers about the collection: counts, by database, never by a model.

Counts papers by page owner or printed author, year and code, and says how. What it does not
understand wholly it does not count: a wrong count is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.library import Library
from rag.types import Answer, Citation, Claim, Paper, Plan, Scope, Timings
from rag.words import content_words, words

_COUNT = re.compile(r"\bhow many\b.*\b(?:papers|publications|articles)\b", re.I)
# Words that a count of papers may hold beside what the scope has understood.
_COUNTING_WORDS = frozenset(
    "papers publications articles published publish wrote written listed list listing shelf library "
    "collection code released release public open total altogether dated available source year number count "
    "appeared come came included contain contains hold holds seeds pages page indexed".split()
)


def answer(question: str, plan: Plan, *, library: Library) -> Answer:
    """The count that the question asks for, or a refusal where it asks for something else."""
    if not _COUNT.search(question) or _not_understood(question, plan.scope):
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
    return Answer(
        question=question,
        understood_as=plan.understood_as,
        kind="catalogue",
        status="answered",
        text=text,
        claims=(Claim(text, numbers, "computed", "", None, 1.0),),
        citations=tuple(Citation(number, paper) for number, paper in zip(numbers, papers, strict=True)),
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


def _not_understood(question: str, scope: Scope) -> list[str]:
    """Content words that neither the scope nor the wording of a count accounts for."""
    of_scope = {word for name in scope.authors for word in words(name)} | set(map(str, scope.years))
    return [word for word in content_words(question) if word not in _COUNTING_WORDS | of_scope]


def _without_years(scope: Scope) -> Scope:
    return Scope(scope.authors, (), scope.categories, scope.has_code)
