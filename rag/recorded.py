"""What the listing of a named paper prints, told field by field; and whether it is as a question says.

Knows what a listing may leave out: what is not printed is said to be, never guessed. Reads no question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rag.scopes import category_name, day, scope_words
from rag.types import Page, Paper, RecordField, Scope


def field_of(field: RecordField, paper: Paper) -> str:
    """One field of the record, in a sentence."""
    return _FIELDS[field](paper)


def verdict(paper: Paper, scope: Scope, passes: bool, pages: Sequence[Page]) -> str:
    """Whether the paper is as the scope says, and what its listing prints of that."""
    fields = [field for field, filters in _FILTERS.items() if any(_set(scope, name) for name in filters)]
    if passes:
        start = "Yes"
    elif any(_silent(field, paper) for field in fields):
        start = "Its listing does not say"
    elif paper.et_al and (scope.authors or scope.printed or scope.together) and not _others(scope):
        start = "Not as far as its listing prints"
    else:
        start = "No"
    asked = " · ".join(scope_words(scope))
    told = " ".join(field_of(field, paper) for field in fields)
    inferred = any(page.author == paper.page_author and page.author_inferred for page in pages)
    owner = " The owner of that page is inferred." if inferred and "page" in fields else ""
    return f"{start} ({asked}). {told}{owner}"


def _set(scope: Scope, name: str) -> bool:
    return getattr(scope, name) not in ((), None)


def _others(scope: Scope) -> bool:
    """Whether more than names is asked for."""
    people = (*_FILTERS["authors"], "owners", "first_authors")
    return any(_set(scope, name) for name in Scope.__dataclass_fields__ if name not in people)


def _silent(field: RecordField, paper: Paper) -> bool:
    values = {"date": paper.date, "code": paper.has_code, "category": paper.category}
    return (field in values and values[field] is None) or (field == "affiliations" and not paper.affiliations)


# The filters that a field of the record decides.
_FILTERS: Mapping[RecordField, tuple[str, ...]] = {
    "authors": ("authors", "printed", "together", "not_authors"),
    "first author": ("first_authors",),
    "page": ("authors", "together", "not_authors", "owners", "seeds"),
    "date": ("years", "not_years", "since", "until", "dated"),
    "code": ("has_code", "code_known"),
    "category": ("categories", "not_categories", "categorised"),
    "affiliations": ("affiliations", "affiliated"),
}


def _authors(paper: Paper) -> str:
    others = " et al.; its listing prints no more names" if paper.et_al else ""
    return f"“{paper.title}” is by {', '.join(paper.authors)}{others}."


def _last_author(paper: Paper) -> str:
    if paper.et_al:
        return f"The last author of “{paper.title}” is not known: its listing cuts the names by “et al.”."
    return f"The last author of “{paper.title}” is {paper.authors[-1]}."


def _date(paper: Paper) -> str:
    if paper.date is None:
        return f"The listing of “{paper.title}” prints no date."
    return f"“{paper.title}” is dated {day(paper.date)} ({paper.date.isoformat()})."


def _code(paper: Paper) -> str:
    if paper.has_code is None:
        return f"The listing of “{paper.title}” prints no word on code, so it is not known."
    return f"The listing of “{paper.title}” is marked {'with' if paper.has_code else 'without'} code."


def _category(paper: Paper) -> str:
    if paper.category is None:
        return f"The listing of “{paper.title}” prints no category."
    return f"“{paper.title}” is in category {category_name(paper.category)}."


def _affiliations(paper: Paper) -> str:
    if not paper.affiliations:
        return f"The listing of “{paper.title}” prints no affiliation."
    return f"The listing of “{paper.title}” prints the affiliations {', '.join(paper.affiliations)}."


def _score(paper: Paper) -> str:
    if paper.score is None:
        return f"The listing of “{paper.title}” prints no score."
    return f"The listing of “{paper.title}” prints a score of {paper.score:g}."


_FIELDS: Mapping[RecordField, Callable[[Paper], str]] = {
    "first author": lambda paper: f"The first author of “{paper.title}” is {paper.authors[0]}.",
    "last author": _last_author,
    "authors": _authors,
    "date": _date,
    "code": _code,
    "category": _category,
    "affiliations": _affiliations,
    "page": lambda paper: f"“{paper.title}” is listed on {paper.page_author}'s page.",
    "score": _score,
}
