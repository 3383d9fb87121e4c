"""Marked words -> a Scope: the phrases that narrow the shelf, each taken whole or not at all.

A phrase that is understood is wiped from the Slate, so that what is left shows what was not. Knows
how filters are worded; knows nothing of what is asked about the papers that pass them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from rag.marking import Marked, Span, marks_of
from rag.types import Scope

PAPERS = r"(?:papers?|publications?|articles?|works?|preprints?|entries|titles?)"
_AND = r"(?:, (?:and |or )?|and |or |& |plus |nor )"
_WHO = r"(?:the )?(?:(?:authors?|researchers?|dr|prof|professor|page owners?) )?"


def a_list(kind: str) -> str:
    return rf"{kind}\d+(?: {_AND}(?:by |of |from |in |the )?{kind}\d+)*"


NAMES = f"{_WHO}{a_list('NAME')}"
TIME = r"(?:YEAR|DATE)\d+"
_FIRST = r"(?:first|lead|1st|leading)(?: |-)author"
_CODE = (
    r"(?:(?:any|the|their|its|some|public|publicly|open|open-source|source|released|available|official|"
    r"published|accompanying) )*(?:source-?)?code(?:base)?(?: (?:available|released|online|published|mark))?"
)
_HAVE = (
    r"(?:(?:that|which|who|and|but|do|does|did|is|are|were|was|has|have|having|had|come|comes|came|coming|with|"
    r"release|releases|released|releasing|provide|provides|share|shares|shared|offer|offers|include|includes|"
    r"publish|publishes|published|marked|also|listed|as|got|a|any|public|open|made|yet) )"
)
_DATED = r"(?:(?:publication )?dates?|dated)"
_OUT = (
    r"(?:(?:that|which|were|was|are|is|have|published|dated|released|appeared|appearing|appear|out|posted|"
    r"written|came|come|put|made|listed) )*"
)
_BREAK = "#"


def phrase(pattern: str) -> re.Pattern[str]:
    """A pattern that starts and ends at a word's edge."""
    return re.compile(rf"(?<!\S)(?:{pattern})(?!\S)")


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

    scope: Scope = Scope()
    either: tuple[str, ...] = ()
    clashes: list[str] = field(default_factory=list)
    broken: bool = False  # two phrases of one kind, of which no one sense can be made


_NOT_AUTHORS = phrase(
    rf"(?:but not|and not|not|besides|except|except for|excluding|other than|apart from|aside from|minus|but|"
    rf"without)(?: (?:those|the ones|{PAPERS}|ones|anyone|anything|co-?authored|authored|written|published|"
    rf"including|counting))*(?: (?:by|of|from|with))? ({NAMES})(?! 's| as| is| was)"
)
_OWNERS = phrase(
    rf"(?:(?:are |is )?(?:listed |shown |found |printed |stand |stands |sit )?(?:on|in|of|from|at|over) )?({NAMES})"
    rf"(?: 's)?(?: (?:own|author|whole|entire))* (?:pages?|profile|listing|shelf|list)"
    rf"|(?:listed |shown |found )?(?:on|in|of|from|at) (?:the )?(?:author )?(?:pages?|profiles?|listings?) of ({NAMES})"
)
_FIRST_AUTHORS = phrase(
    rf"(?:(?:with|where|have|has|having|for which|in which|that|which) )?({NAMES})"
    rf"(?: (?:is|are|was|were|be|as|being|listed|printed|named|did|write|wrote|published?|has|have))*"
    rf" (?:the |a |an )?{_FIRST}"
    rf"|(?:with |whose |where |and |the )*{_FIRST}(?:ed)?(?: {PAPERS})?(?: (?:is|was|are|being|by|of))? ({NAMES})(?! 's)"
    rf"|(?:(?:by|of|from) )?({NAMES})(?: 's)? {_FIRST}(?:ed)?(?= {PAPERS})"
)
_FIRST_PAPERS = phrase(rf"(?:as )?(?:the )?{_FIRST}(?:ed)?(?= {PAPERS})|as (?:the |a )?{_FIRST}")
_PRINTED = phrase(
    rf"(?:that |which )?(?:print|prints|printed|printing|naming|names?)(?: with)?(?: the)?"
    rf"(?: names?(?: of)?)? ({NAMES})"
    rf"|(?:(?:with|where|have|has) )?({NAMES}) (?:is |are |was )?(?:printed|named|credited)"
    rf"(?: as)?(?: an| a)?(?: (?:co-?)?authors?)?"
)
_TOGETHER = phrase(
    r"(?:together|jointly|joint|(?:by |of |from |with )?both(?: of)?|shared|collaborative|in common|share|with each other|as co-?authors)"
)
_WROTE_WITH = phrase(r"co-?author(?:ed)?|co-?writ(?:e|ten)|co-?wrote|collaborat(?:e|ed)(?: on)?")
_WITH = phrase(rf"(?:together |jointly |along |and )?with ({NAMES})(?: 's)?")
_AUTHORS = phrase(
    rf"(?:(?:authored|written|published|made|produced|done|put out) )?(?:by|of|from|involving|featuring|including"
    rf"|for|between)(?: either| any of)? ({NAMES})(?: 's)?"
    rf"|(?:(?:did|does|do|has|have|had|is|was|are|were|either) )*({NAMES})(?: 's)?"
)
_SINCE = phrase(
    rf"(?:{_OUT})(?:ever )?(?:since|starting in|starting from|starting|no earlier than|not before) (?:the year )?({TIME})"
    rf"|(?:(?:from|in) )?({TIME}) (?:on|onwards?|and later|or later|and after|or newer|and newer|upwards?)"
)
_AFTER = phrase(
    rf"(?:{_OUT})(?:after|later than|newer than|more recent than|younger than) (?:the year )?({TIME})"
)
_BEFORE = phrase(rf"(?:{_OUT})(?:before|prior to|earlier than|older than) (?:the year )?({TIME})")
_UNTIL = phrase(
    rf"(?:{_OUT})(?:until|till|up to|up until|through|no later than|not after)(?: and including)? (?:the )?"
    rf"(?:end of )?({TIME})|({TIME}) (?:or earlier|and earlier|and before|or before|or older)"
)
_BETWEEN = phrase(
    rf"(?:{_OUT})(?:(?:in )?between (?:the years )?({TIME}) and|from ({TIME}) (?:to|until|till|through|up to)) ({TIME})"
)
_NEVER = phrase(
    rf"{_OUT}(?:(?:in|from|of|since|before|after|until|till|during|dated) )?(?:the )?(?:year )?NEVER\d+"
)
_TIMES = rf"{TIME}(?: {_AND}(?:from |in |of )?{TIME})*"
_NOT_TIMES = phrase(
    rf"(?:but not|not|other than|except|except for|besides|excluding|outside|outside of)"
    rf"(?: (?:those|the ones|{PAPERS}|ones|published|dated))*(?: (?:from|in|of|dated|during))? ({_TIMES})"
)
_IN = phrase(
    rf"{_OUT}(?:(?:in|from|of|during|for|dated|within|on|of the|for the|in the) )?(?:either )?(?:the )?(?:years? )?({_TIMES})"
)
_NO_CODE = phrase(
    rf"{_HAVE}*(?:without|no|lack|lacks|lacking|not)(?: (?:have|has|having|come|comes|coming|with|release|"
    rf"released|releases|provide|publish|published|share|offer))* {_CODE}"
)
_CODE_UNKNOWN = phrase(
    rf"(?:{_HAVE}|whose |where |of )*(?:the )?code (?:status |mark |availability )?(?:is |being )?"
    r"(?:unknown|not known|unclear|not stated|unstated)|(?:with|have|of) (?:an )?unknown code(?: status)?"
)
_WITH_CODE = phrase(rf"{_HAVE}+{_CODE}|(?:whose )?code (?:is|was) (?:available|released|public|open|online)")
_NO_DATE = phrase(
    rf"undated|{_HAVE}*(?:(?:carry|carries|print|prints|show|shows|bear|give|state|have|has) )*"
    rf"(?:no|without|without a|without any|lack|lacking|lack a|missing|missing a|not)"
    rf"(?: (?:carry|have|print|show|bear|give|state|a|any))* {_DATED}"
)
_A_DATE = phrase(
    rf"{_HAVE}*(?:carry|print|show|bear|have|with|has|are|is)(?: a| any)? {_DATED}|dated(?= {PAPERS})"
)
_CODES = a_list("CODE")
_FIELDS = a_list("FIELD")
_IN_CATEGORY = (
    r"(?:(?:filed|listed|classed|classified|categori[sz]ed|labell?ed|marked|tagged) )?(?:(?:in|of|from|under|with|as|to|for) )?"
    r"(?:the )?(?:arxiv )?(?:(?:primary )?categor(?:y|ies)|class|subject|label|tag) (?:is |of )?(?:the )?"
)
_NOT_CATEGORIES = phrase(
    rf"(?:are |is )?(?:but not|not|other than|except|outside)(?: (?:in|from|of))?(?: the)?(?: categor(?:y|ies))? ({_CODES})"
    rf"(?: categor(?:y|ies))?"
)
_CATEGORIES = phrase(
    rf"{_IN_CATEGORY}((?:{_CODES})|(?:{_FIELDS}))(?: categor(?:y|ies))?"
    rf"|(?:(?:filed|listed|classed|classified|categori[sz]ed|marked|tagged) )?(?:(?:in|of|from|under|as) )?(?:the )?({_CODES})(?: categor(?:y|ies))?"
    rf"|(?:in|under|from) (?:the )?(?:field of )?({_FIELDS})(?: categor(?:y|ies))?"
    rf"|({_FIELDS})(?: categor(?:y|ies))?(?= {PAPERS})"
)
_AFFILIATIONS = phrase(
    rf"(?:(?:with|have|has|an?|that|which|are|is|whose) )*(?:(?:affiliated|affiliations?|associated) (?:is |of )?)?"
    rf"(?:(?:with|from|at|by|of|in|for|to) )?(?:the )?({a_list('AFFIL')})"
    rf"(?: (?:affiliations?|affiliated|authors?|researchers?|people))*"
)
_SEEDS = phrase(
    rf"(?:(?:on|in|from|of) )?(?:the pages? )?({a_list('SEED')}|SEED\d+ (?:and|or) the page SEED\d+)"
)
_BEFORE_ANSWER = phrase(r"(?:(?:of|among|out of|from|in) )?(?:those|these|them)(?= |$)")


def take_filters(slate: Slate, marked: Marked, *, before: Sequence[str] = ()) -> Filters:
    """The filters that the slate holds, wiped from it. `before` are papers that "those" points at."""
    filters = Filters()
    if before and slate.take(_BEFORE_ANSWER):
        filters.scope = replace(filters.scope, papers=tuple(before))
    _take_categories(slate, marked, filters)
    _take_people(slate, marked, filters)
    _take_times(slate, marked, filters)
    _take_code(slate, filters)
    _take_dated(slate, filters)
    filters.broken |= len(slate.take(phrase(r"either"))) > 1
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

    add(not_authors=names(_NOT_AUTHORS), owners=names(_OWNERS), first_authors=names(_FIRST_AUTHORS))
    printed = _groups(slate.take(_PRINTED))
    filters.broken |= any(" and " in group for group in printed)
    add(printed=_values("NAME", printed, marked, filters))
    affiliations = _groups(slate.take(_AFFILIATIONS))
    filters.broken |= any(" and " in group for group in affiliations)
    add(affiliations=_values("AFFIL", affiliations, marked, filters))
    add(seeds=_values("SEED", _groups(slate.take(_SEEDS)), marked, filters))
    as_first = bool(slate.take(_FIRST_PAPERS))
    together = bool(slate.take(_TOGETHER))
    wrote_with = bool(slate.take(_WROTE_WITH))
    beside = _groups(slate.take(_WITH))
    by = _groups(slate.take(_AUTHORS))
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
        return [[marked.times[name] for name in re.findall(TIME, match.group())] for match in found]

    def end(pattern: re.Pattern[str], which: Callable[[Span], date]) -> list[date]:
        return [which(group[0]) for group in spans(pattern)]

    slate.take(_NEVER)
    between = spans(_BETWEEN)
    one_day = timedelta(days=1)
    since = [group[0][0] for group in between] + end(_SINCE, lambda span: span[0])
    until = [group[1][1] for group in between] + end(_UNTIL, lambda span: span[1])
    since += end(_AFTER, lambda span: span[1] + one_day)
    until += end(_BEFORE, lambda span: span[0] - one_day)
    excluded = spans(_NOT_TIMES)
    within = spans(_IN)
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
    unknown = slate.take(_CODE_UNKNOWN)
    without = slate.take(_NO_CODE)
    having = slate.take(_WITH_CODE)
    if having and without:
        filters.clashes.append("No paper is marked both with and without code.")
    filters.broken |= bool(unknown) and bool(having or without)
    has_code = True if having else False if without else None
    filters.scope = replace(filters.scope, has_code=has_code, code_known=False if unknown else None)


def _take_dated(slate: Slate, filters: Filters) -> None:
    without, having = slate.take(_NO_DATE), slate.take(_A_DATE)
    filters.broken |= bool(without and having)
    if without or having:
        filters.scope = replace(filters.scope, dated=bool(having))


def _take_categories(slate: Slate, marked: Marked, filters: Filters) -> None:
    turned = _values("CODE", _groups(slate.take(_NOT_CATEGORIES)), marked, filters)
    groups = _groups(slate.take(_CATEGORIES))
    asked = tuple(
        dict.fromkeys(
            marked.values[name] for group in groups for name in re.findall(r"(?:CODE|FIELD)\d+", group)
        )
    )
    if len(groups) > 1:
        filters.clashes.append(f"A listing prints one category a paper, not {' and '.join(asked)} at once.")
    filters.scope = replace(filters.scope, categories=asked, not_categories=turned)
