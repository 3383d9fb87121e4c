"""The part of the shelf that questions go to: as a query string, as a line of chips, and as a form. Pure.

One query string says it everywhere: in the address bar, in the form, and to the server. What comes from an
address is other people's text: what names nothing that the shelf has is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import parse_qs, urlencode

from rag.latex import readable
from rag.scopes import CATEGORY_NAMES
from rag.types import Paper, Scope
from ui.markup import act, counted, escape

# All that an address may ask for; anything else (gradio reads `page`, `view`, `deep_link` and more) goes.
PARAMETERS = frozenset({"author", "from", "to", "category", "code", "paper"})
MOST_PINS = 20
LONGEST_QUERY = 4000
LONGEST_CHIP = 42  # characters of a pinned paper's title


@dataclass(frozen=True, slots=True)
class Choices:
    """What the shelf offers to filter by: its papers by id, page owners, years and categories."""

    papers: Mapping[str, Paper]
    owners: tuple[str, ...]
    years: tuple[int, ...]
    categories: tuple[str, ...]

    @classmethod
    def of(cls, papers: Sequence[Paper], owners: Sequence[str]) -> Choices:
        years = sorted({paper.date.year for paper in papers if paper.date})
        categories = sorted({paper.category for paper in papers if paper.category})
        return cls({paper.id: paper for paper in papers}, tuple(owners), tuple(years), tuple(categories))


def scope_of(query: str, choices: Choices) -> Scope:
    """The scope that a query string asks for, as far as the shelf knows its names."""
    try:
        asked = parse_qs(query.removeprefix("?")[:LONGEST_QUERY], max_num_fields=200)
    except ValueError:
        return Scope()
    first, last = _year(asked, "from"), _year(asked, "to")
    code = asked.get("code", [""])[0]
    return replace(
        _timed(first, last),
        owners=tuple(name for name in choices.owners if name in asked.get("author", [])),
        categories=tuple(code for code in choices.categories if code in asked.get("category", [])),
        has_code={"yes": True, "no": False}.get(code),
        papers=tuple(paper for paper in asked.get("paper", []) if paper in choices.papers)[:MOST_PINS],
    )


def query_of(scope: Scope) -> str:
    """The query string of a scope that `scope_of` gave; empty for the whole shelf."""
    first, last = _years(scope)
    pairs = [
        *(("author", owner) for owner in scope.owners),
        *([("from", str(first))] if first else []),
        *([("to", str(last))] if last else []),
        *(("category", category) for category in scope.categories),
        *([("code", "yes" if scope.has_code else "no")] if scope.has_code is not None else []),
        *(("paper", paper) for paper in scope.papers),
    ]
    return urlencode(pairs)


def without(scope: Scope, field: str, value: str) -> Scope:
    """The scope without one of its chips."""
    if field == "year":
        return replace(scope, years=(), since=None, until=None)
    if field == "code":
        return replace(scope, has_code=None)
    return replace(
        scope,
        owners=_but(scope.owners, value, field == "author"),
        categories=_but(scope.categories, value, field == "category"),
        papers=_but(scope.papers, value, field == "paper"),
    )


def pinned(scope: Scope, papers: Sequence[str]) -> Scope:
    """The scope with further pins; the oldest go where there are too many."""
    return replace(scope, papers=tuple(dict.fromkeys([*scope.papers, *papers]))[-MOST_PINS:])


def render_scope(scope: Scope, choices: Choices, count: int) -> str:
    """The line that says what is asked, `count` papers of it in all, and the form that changes it."""
    whole = len(choices.papers)
    chips = "".join(
        f'<button type="button" class="facet" data-act="drop" data-field="{field}"'
        f' data-value="{escape(value)}" aria-label="Remove {escape(label)}">'
        f'<span dir="auto">{escape(label)}</span>'
        '<span class="cross" aria-hidden="true">×</span></button>'
        for field, value, label in _chips(scope, choices)
    )
    size = counted(whole) if count == whole else f"{count:,} of {counted(whole)}"
    everything = act("everything", "Ask all") if scope else ""
    line = chips or '<span class="all">the whole shelf</span>'
    return (
        f'<div class="in-force" data-query="{escape(query_of(scope))}" role="group"'
        f' aria-label="What is asked">'
        f'<span class="label">Asking</span>{line}<span class="size" role="status">{size}</span>{everything}'
        f"{_form(scope, choices)}</div>"
    )


def _chips(scope: Scope, choices: Choices) -> list[tuple[str, str, str]]:
    """Field, value and words of each part of the scope."""
    chips = [("author", owner, f"{owner}’s page") for owner in scope.owners]
    first, last = _years(scope)
    if first or last:
        span = str(first) if first == last else f"{first or ''}–{last or ''}"
        words = span if first and last else f"since {first}" if first else f"until {last}"
        chips.append(("year", span, words))
    chips += [("category", code, _category(code)) for code in scope.categories]
    if scope.has_code is not None:
        chips.append(("code", "", "with code" if scope.has_code else "without code"))
    chips += [("paper", paper, _short(choices.papers[paper].title)) for paper in scope.papers]
    return chips


def _form(scope: Scope, choices: Choices) -> str:
    first, last = _years(scope)
    codes = {"": "any", "yes": "with code", "no": "without code"}
    chosen = {True: "yes", False: "no", None: ""}[scope.has_code]
    pages = "".join(_box("author", owner, owner, owner in scope.owners) for owner in choices.owners)
    categories = "".join(
        _box("category", code, code, code in scope.categories, CATEGORY_NAMES.get(code.upper(), ""))
        for code in choices.categories
    )
    marks = "".join(
        f'<label><input type="radio" name="code" value="{value}"{" checked" if value == chosen else ""}>'
        f" {label}</label>"
        for value, label in codes.items()
    )
    return (
        '<details class="menu" id="filters"><summary class="act">Filter</summary>'
        '<form class="filters" data-form="scope" aria-label="Filters">'
        f"<fieldset><legend>Author page</legend>{pages}</fieldset>"
        f"<fieldset><legend>Years</legend>{_select('from', first, choices.years)} to "
        f"{_select('to', last, choices.years)}</fieldset>"
        f'<fieldset class="tight"><legend>Category</legend>{categories}</fieldset>'
        f"<fieldset><legend>Code</legend>{marks}</fieldset></form></details>"
    )


def _box(name: str, value: str, label: str, checked: bool, title: str = "") -> str:
    told = f' title="{escape(title)}"' if title else ""
    return (
        f'<label dir="auto"{told}><input type="checkbox" name="{name}" value="{escape(value)}"'
        f"{' checked' if checked else ''}> {escape(label)}</label>"
    )


def _select(name: str, chosen: int | None, years: Sequence[int]) -> str:
    offered = sorted({*years, *([chosen] if chosen else [])})
    options = "".join(
        f'<option value="{year}"{" selected" if year == chosen else ""}>{year}</option>' for year in offered
    )
    label = {"from": "First year", "to": "Last year"}[name]
    return f'<select name="{name}" aria-label="{label}"><option value="">any</option>{options}</select>'


def _but(values: tuple[str, ...], value: str, meant: bool) -> tuple[str, ...]:
    return tuple(one for one in values if one != value) if meant else values


def _timed(first: int | None, last: int | None) -> Scope:
    if first and last:
        first, last = min(first, last), max(first, last)
    if first and first == last:
        return Scope(years=(first,))
    return Scope(since=date(first, 1, 1) if first else None, until=date(last, 12, 31) if last else None)


def _years(scope: Scope) -> tuple[int | None, int | None]:
    if scope.years:
        return scope.years[0], scope.years[-1]
    return scope.since.year if scope.since else None, scope.until.year if scope.until else None


def _year(asked: Mapping[str, Sequence[str]], name: str) -> int | None:
    value = asked.get(name, [""])[0]
    return int(value) if re.fullmatch("[0-9]{4}", value) and 1800 <= int(value) <= 2200 else None


def _category(code: str) -> str:
    name = CATEGORY_NAMES.get(code.upper())
    return f"{code}: {name}" if name else code


def _short(title: str) -> str:
    plain = " ".join(readable(title).split())
    return plain if len(plain) <= LONGEST_CHIP else f"{plain[: LONGEST_CHIP - 1].rstrip()}…"
