"""What the listings do not let a count know, said in sentences: cut names, missing marks, inferred owners.

Knows what a page leaves out; knows nothing of questions or answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.library import Library
from rag.types import Page, Paper, Scope


def caveats(scope: Scope, library: Library, *, names_matter: bool = False) -> list[str]:
    """What stays unknown of the papers in scope. `names_matter` where names themselves are counted."""
    return [
        *_missing_marks(scope, library),
        *_pages(scope, library),
        *_ownership(scope, library),
        *_cut_names(scope, names_matter),
    ]


def _missing_marks(scope: Scope, library: Library) -> list[str]:
    """Papers that may fit and are not counted, because their listing does not print what is asked for."""
    asked = [
        field for field in _FIELDS if any(getattr(scope, name) not in ((), None) for name in field.filters)
    ]
    wider = scope
    for field in asked:
        wider = _without(wider, field)
    candidates = library.papers(wider) if asked else []
    passing = {
        field.missing: {paper.id for paper in library.papers(_only(scope, asked, field))} for field in asked
    }
    unknown = [
        paper
        for paper in candidates
        if all(field.value(paper) is None or paper.id in passing[field.missing] for field in asked)
        and any(field.value(paper) is None for field in asked)
    ]
    if not unknown:
        return []
    missing = [field.missing for field in asked if any(field.value(paper) is None for paper in unknown)]
    return [f"{len(unknown)} more print no {' or no '.join(missing)} and are not counted."]


@dataclass(frozen=True, slots=True)
class _Field:
    """Something that a listing may leave out, and the filters that need it."""

    missing: str
    filters: tuple[str, ...]
    value: Callable[[Paper], object]


_FIELDS = (
    _Field("date", ("years", "not_years", "since", "until"), lambda paper: paper.date),
    _Field("word on code", ("has_code",), lambda paper: paper.has_code),
    _Field("category", ("categories", "not_categories"), lambda paper: paper.category),
    _Field("affiliation", ("affiliations",), lambda paper: paper.affiliations or None),
)


def _without(scope: Scope, field: _Field) -> Scope:
    empty = Scope()
    return replace(scope, **{name: getattr(empty, name) for name in field.filters})


def _only(scope: Scope, asked: Sequence[_Field], kept: _Field) -> Scope:
    for field in asked:
        scope = scope if field is kept else _without(scope, field)
    return scope


def _pages(scope: Scope, library: Library) -> list[str]:
    """Pages that list fewer papers than they state, and pages whose owner is inferred."""
    said = []
    for page in _pages_asked(scope, library):
        listed = len(library.papers(Scope(seeds=(page.seed,))))
        if page.profile.stated_papers is not None and page.profile.stated_papers > listed:
            said.append(
                f"{page.author}'s page states {page.profile.stated_papers} papers and lists {listed}."
            )
        if page.author_inferred:
            said.append(f"The owner of {page.author}'s page is not printed on it; the name is inferred.")
    return said


def _pages_asked(scope: Scope, library: Library) -> list[Page]:
    names = {name.casefold() for name in (*scope.owners, *scope.authors, *scope.together)}
    return [page for page in library.pages() if page.author.casefold() in names or page.seed in scope.seeds]


def _ownership(scope: Scope, library: Library) -> list[str]:
    """For papers "by" a page's owner: how many of them print the name."""
    owners = {page.author.casefold(): page.author for page in library.pages()}
    asked = [owners[name.casefold()] for name in scope.authors if name.casefold() in owners]
    said = []
    for name in asked:
        rest = replace(scope, authors=())
        listed = len(library.papers(replace(rest, owners=(name,))))
        printed = len(library.papers(replace(rest, printed=(name,))))
        said.append(f"{name} owns a page, which lists {listed} of them; {printed} print the name.")
    return said


def _cut_names(scope: Scope, names_matter: bool) -> list[str]:
    """First authors and page owners are always known; other names may be cut."""
    asked = (scope.authors, scope.printed, scope.together, scope.not_authors)
    if names_matter or any(asked):
        return ["Listings print at most three names a paper, so a name behind “et al.” is not seen."]
    return []
