"""Marked words -> a Scope: the phrases that narrow the shelf, each taken whole or not at all.

A phrase that is understood is wiped from the Slate, so that what is left shows what was not. Knows
how filters are worded; knows nothing of what is asked about the papers that pass them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from rag import phrases
from rag.marking import Marked, Span, marks_of
from rag.types import Scope

_BREAK = "#"


@dataclass
class Slate:
    """The words of a question, of which those that are understood are wiped; the places stay."""

    text: str

    def take(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """What matches, wiped."""
        found = []
        while match := pattern.search(self.text):
            found.append(match)
            start, end = match.span()
            self.text = self.text[:start] + _BREAK * (end - start) + self.text[end:]
        return found

    def left(self) -> list[str]:
        return [word for word in self.text.split() if _BREAK not in word]


@dataclass
class Filters:
    """What the filters of a question say. `either` holds the names of "A and B", which may mean both
    together or any of the two; `clashes` are filters that exclude each other or cannot be.
    """

    scope: Scope = field(default_factory=Scope)
    either: tuple[str, ...] = ()
    clashes: list[str] = field(default_factory=list)
    broken: bool = False  # two phrases of one kind, of which no one sense can be made


def take_filters(slate: Slate, marked: Marked, *, before: Sequence[str] = ()) -> Filters:
    """The filters that the slate holds, wiped from it. `before` are papers that "those" points at."""
    filters = Filters()
    if before and slate.take(phrases.BEFORE_ANSWER):
        filters.scope = replace(filters.scope, papers=tuple(before))
    _take_unmarked(slate, marked, filters)
    _take_categories(slate, marked, filters)
    _take_people(slate, marked, filters)
    _take_times(slate, marked, filters)
    _take_code(slate, filters)
    _take_dated(slate, filters)
    filters.broken |= len(slate.take(phrases.phrase(r"either"))) > 1
    return filters


def _groups(found: Sequence[re.Match[str]]) -> list[str]:
    return [next(group for group in match.groups() if group) for match in found]


def _values(kind: str, groups: Sequence[str], marked: Marked, filters: Filters) -> tuple[str, ...]:
    """What the marks stand for; two groups are two filters of one kind, of which nothing is made."""
    filters.broken |= len(groups) > 1
    return tuple(dict.fromkeys(marked.values[name] for group in groups for name in marks_of(kind, group)))


def _take_people(slate: Slate, marked: Marked, filters: Filters) -> None:
    def names(pattern: re.Pattern[str]) -> tuple[str, ...]:
        return _values("NAME", _groups(slate.take(pattern)), marked, filters)

    def add(**fields: tuple[str, ...]) -> None:
        filters.scope = replace(filters.scope, **fields)  # type: ignore[arg-type]

    add(
        not_authors=names(phrases.NOT_AUTHORS),
        owners=names(phrases.OWNERS),
        first_authors=names(phrases.FIRST_AUTHORS),
    )
    printed = _groups(slate.take(phrases.PRINTED))
    filters.broken |= any(" and " in group for group in printed)
    add(printed=_values("NAME", printed, marked, filters))
    affiliations = _groups(slate.take(phrases.AFFILIATIONS))
    filters.broken |= any(" and " in group for group in affiliations)
    add(affiliations=_values("AFFIL", affiliations, marked, filters))
    add(seeds=_values("SEED", _groups(slate.take(phrases.SEEDS)), marked, filters))
    as_first = bool(slate.take(phrases.FIRST_PAPERS))
    together = bool(slate.take(phrases.TOGETHER))
    wrote_with = bool(slate.take(phrases.WROTE_WITH))
    beside = _groups(slate.take(phrases.WITH))
    by = _groups(slate.take(phrases.AUTHORS))
    groups = [*by, *beside]
    filters.broken |= len(by) > 1 or len(beside) > 1
    asked = tuple(dict.fromkeys(marked.values[name] for group in groups for name in marks_of("NAME", group)))
    any_of = any(" or " in group for group in groups)
    together |= wrote_with and len(asked) + len(filters.scope.owners) > 1
    _place(asked, filters, as_first=as_first, together=together or (bool(by) and bool(beside)), any_of=any_of)


def _place(asked: tuple[str, ...], filters: Filters, *, as_first: bool, together: bool, any_of: bool) -> None:
    """Puts the names where the question means them."""
    scope = filters.scope
    if as_first:
        filters.broken |= together or bool(scope.first_authors)
        filters.scope = replace(scope, first_authors=asked or scope.owners)
        filters.broken |= not filters.scope.first_authors
    elif together and len(asked) + len(scope.owners) > 1:
        filters.broken |= any_of
        filters.scope = replace(scope, together=asked)
    elif together:
        filters.broken = True
    elif len(asked) > 1 and not any_of:
        filters.scope, filters.either = replace(scope, together=asked), asked
    else:
        filters.scope = replace(scope, authors=asked)


def _take_times(slate: Slate, marked: Marked, filters: Filters) -> None:
    def spans(pattern: re.Pattern[str]) -> list[list[Span]]:
        found = slate.take(pattern)
        return [[marked.times[name] for name in re.findall(phrases.TIME, match.group())] for match in found]

    def end(pattern: re.Pattern[str], which: Callable[[Span], date]) -> list[date]:
        return [which(group[0]) for group in spans(pattern)]

    slate.take(phrases.NEVER)
    between = spans(phrases.BETWEEN)
    one_day = timedelta(days=1)
    since = [group[0][0] for group in between] + end(phrases.SINCE, lambda span: span[0])
    until = [group[1][1] for group in between] + end(phrases.UNTIL, lambda span: span[1])
    since += end(phrases.AFTER, lambda span: span[1] + one_day)
    until += end(phrases.BEFORE, lambda span: span[0] - one_day)
    excluded = spans(phrases.NOT_TIMES)
    within = spans(phrases.IN)
    filters.broken |= len(since) > 1 or len(until) > 1 or len(excluded) > 1
    filters.scope = replace(
        filters.scope, since=max(since, default=None), until=min(until, default=None),
        not_years=tuple(sorted({span[0].year for group in excluded for span in group})),
    )  # fmt: skip
    filters.broken |= any(span[0].year != span[1].year or span[0].month != 1 or span[1].month != 12
                          for group in excluded for span in group)  # fmt: skip
    _place_within(within, filters)
    asked = [span for group in (*within, *between) for span in group]
    _check_times(asked, filters)


def _place_within(within: list[list[Span]], filters: Filters) -> None:
    """The years, or the one stretch of days, that papers are to be from."""
    groups = [frozenset(group) for group in within]
    if len(set(groups)) > 1:
        said = [" or ".join(dict.fromkeys(str(span[0].year) for span in sorted(group))) for group in groups]
        shared = frozenset.intersection(*groups)
        filters.broken |= bool(shared)
        filters.clashes.append(f"No paper is from {' and from '.join(dict.fromkeys(said))} at once.")
    if not groups:
        return
    whole = [span for span in groups[0] if (span[0].month, span[1].month, span[0].day) == (1, 12, 1)]
    if len(whole) == len(groups[0]):
        filters.scope = replace(filters.scope, years=tuple(sorted({span[0].year for span in whole})))
    elif len(groups[0]) == 1 and not (filters.scope.since or filters.scope.until):
        (span,) = groups[0]
        filters.scope = replace(filters.scope, since=span[0], until=span[1])
    else:
        filters.broken = True


def _check_times(asked: Sequence[Span], filters: Filters) -> None:
    scope = filters.scope
    if scope.since and scope.until and scope.since > scope.until:
        filters.clashes.append(
            f"No time lies between {scope.since.year} and {scope.until.year} in that order."
        )
    outside = [
        year for year in scope.years
        if (scope.since and year < scope.since.year) or (scope.until and year > scope.until.year)
        or year in scope.not_years
    ]  # fmt: skip
    if scope.years and len(outside) == len(scope.years):
        filters.clashes.append(f"{scope.years[0]} is left out by the other dates of the question.")


def _take_code(slate: Slate, filters: Filters) -> None:
    unknown = slate.take(phrases.CODE_UNKNOWN)
    without = slate.take(phrases.NO_CODE)
    having = slate.take(phrases.WITH_CODE)
    if having and without:
        filters.clashes.append("No paper is marked both with and without code.")
    filters.broken |= bool(unknown) and bool(having or without)
    has_code = True if having else False if without else None
    filters.scope = replace(filters.scope, has_code=has_code, code_known=False if unknown else None)


def _take_dated(slate: Slate, filters: Filters) -> None:
    without, having = slate.take(phrases.NO_DATE), slate.take(phrases.A_DATE)
    filters.broken |= bool(without and having)
    if without or having:
        filters.scope = replace(filters.scope, dated=bool(having))


def _take_unmarked(slate: Slate, marked: Marked, filters: Filters) -> None:
    """Words of titles, and what listings print nothing of."""
    titled = tuple(marked.values[name] for name in _groups(slate.take(phrases.TITLED)))
    uncategorised, categorised = slate.take(phrases.NO_CATEGORY), slate.take(phrases.A_CATEGORY)
    unaffiliated, affiliated = slate.take(phrases.NO_AFFILIATION), slate.take(phrases.AN_AFFILIATION)
    filters.broken |= bool((uncategorised and categorised) or (unaffiliated and affiliated))
    filters.scope = replace(
        filters.scope,
        titled=titled,
        categorised=_either(categorised, uncategorised),
        affiliated=_either(affiliated, unaffiliated),
    )


def _either(having: Sequence[object], lacking: Sequence[object]) -> bool | None:
    return True if having else False if lacking else None


def _take_categories(slate: Slate, marked: Marked, filters: Filters) -> None:
    turned = _values("CODE", _groups(slate.take(phrases.NOT_CATEGORIES)), marked, filters)
    groups = _groups(slate.take(phrases.CATEGORIES))
    asked = tuple(
        dict.fromkeys(
            marked.values[name] for group in groups for name in re.findall(r"(?:CODE|FIELD)\d+", group)
        )
    )
    if len(groups) > 1:
        filters.clashes.append(f"A listing prints one category a paper, not {' and '.join(asked)} at once.")
    filters.scope = replace(filters.scope, categories=asked, not_categories=turned)
