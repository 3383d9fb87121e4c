"""A SELECT over papers, as a reader may type one -> an Inquiry. Nothing is run: what is not read is refused.

Reads one table, conditions joined by AND, ORDER BY date and LIMIT. Knows the names that the columns of a
shelf may well have.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from rag.authors import fold, nearest_names, resolve
from rag.marking import Shelf
from rag.types import Inquiry, Order, Scope

_SQL = re.compile(r"^\W*select\b.{1,300}?\bfrom\s+\w+", re.I | re.S)
_SELECT = re.compile(
    r"^\W*select\s+(?P<what>.+?)\s+from\s+(?P<table>papers?|publications|articles)(?:\s+where\s+(?P<where>.+?))?"
    r"(?:\s+order\s+by\s+(?:date|year|published)\s*(?P<order>asc|desc)?)?(?:\s+limit\s+(?P<limit>\d+))?\s*;?\s*$",
    re.I | re.S,
)
_COUNT = re.compile(r"^count\s*\(\s*(?:\*|1|id|distinct\s+(?:id|title))\s*\)(?:\s+as\s+\w+)?$", re.I)
_COLUMNS = re.compile(r"^(?:\*|(?:(?:id|title|titles|date|year|authors?|category|abstract)\s*,?\s*)+)$", re.I)
_CONDITION = re.compile(
    r"^\(?\s*(?P<column>\w+)\s*(?P<sign>=|==|!=|<>|>=|<=|>|<|like\b|is\s+not\b|is\b|in\b)\s*(?P<value>.+?)\s*\)?$",
    re.I | re.S,
)
Fields = dict[str, Any]
_REFUSAL = (
    "No SQL is run here. I read a SELECT of papers with conditions on author, year, date, category and code, "
    "joined by AND; this holds something else. Ask in words, such as: How many papers are from 2024?"
)


def is_sql(question: str) -> bool:
    return _SQL.search(question) is not None


def read_sql(question: str, shelf: Shelf) -> Inquiry:
    """What the SELECT asks for; an inquiry with its trouble where it is not all understood."""
    found = _SELECT.match(question)
    counted = bool(found and _COUNT.match(found["what"].strip()))
    if not found or not (counted or _COLUMNS.match(found["what"].strip())):
        return Inquiry("list", trouble=_REFUSAL)
    scope = Scope()
    for condition in re.split(r"\s+and\s+", found["where"] or "", flags=re.I):
        if not condition.strip():
            continue
        narrowed = _narrowed(scope, condition, shelf)
        if isinstance(narrowed, str):
            return Inquiry("list", trouble=narrowed)
        scope = narrowed
    if not found["limit"]:
        order: Order = (
            "theme" if not found["order"] else "newest" if found["order"].lower() == "desc" else "oldest"
        )
        return Inquiry("count" if counted else "list", scope, order=order)
    if counted or not found["order"] or int(found["limit"]) < 1:
        return Inquiry("list", trouble=_REFUSAL)
    return Inquiry(
        "latest" if found["order"].lower() == "desc" else "earliest", scope, most=int(found["limit"])
    )


def _narrowed(scope: Scope, condition: str, shelf: Shelf) -> Scope | str:
    """The scope with the condition, or why it cannot be read. No field is narrowed twice."""
    found = _CONDITION.match(condition.strip())
    if not found:
        return _REFUSAL
    sign = re.sub(r"\s+", " ", found["sign"].lower()).replace("==", "=").replace("<>", "!=")
    values = [value.strip(" '\"%()") for value in found["value"].split(",")]
    if len(values) > 1 and sign != "in":
        return _REFUSAL
    fields = _fields(found["column"].lower(), "=" if sign == "in" else sign, values, shelf)
    if isinstance(fields, str):
        return fields
    if fields is None or any(getattr(scope, name) not in ((), None) for name in fields):
        return _REFUSAL
    changed = {name: getattr(scope, name) for name in Scope.__dataclass_fields__} | fields
    return Scope(**changed)


def _fields(column: str, sign: str, values: list[str], shelf: Shelf) -> Fields | str | None:
    value = values[0]
    null = value.lower() == "null" and sign in ("is", "is not")
    if column == "year" and all(re.fullmatch(r"(?:19|20)\d\d", each) for each in values):
        return _years(sign, [int(each) for each in values])
    if column in ("year", "date") and null:
        return {"dated": sign == "is not"}
    if column in ("category", "categories"):
        if null:
            return {"categorised": sign == "is not"}
        codes = tuple(each.split(".")[-1].upper() for each in values)
        if not all(re.fullmatch(r"[A-Z]{2}", code) for code in codes):
            return None
        by_sign: dict[str, Fields] = {"=": {"categories": codes}, "!=": {"not_categories": codes}}
        return by_sign.get(sign)
    if column in ("code", "has_code") and null:
        return {"code_known": sign == "is not"}
    if (
        column in ("code", "has_code")
        and len(values) == 1
        and sign in ("=", "is")
        and value.lower() in _TRUTH
    ):
        return {"has_code": _TRUTH[value.lower()]}
    if (
        column in ("author", "authors", "page_author", "first_author")
        and sign in ("=", "like")
        and len(values) == 1
        and len(value.split()) > 1
    ):
        meant = resolve(value.split(), shelf.roster)
        if len(meant) != 1:
            near = meant or nearest_names([fold(word) for word in value.split()], shelf.roster)
            offer = f" The nearest names are {', '.join(near[:3])}." if near else ""
            return f"No one author “{value}” is on this shelf.{offer}"
        place = {"page_author": "owners", "first_author": "first_authors"}.get(column, "authors")
        return {place: meant}
    return None


_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _years(sign: str, years: list[int]) -> Fields | None:
    first = years[0]
    fields: dict[str, Fields] = {
        "=": {"years": tuple(sorted(years))},
        "!=": {"not_years": (first,)},
        ">": {"since": date(first + 1, 1, 1)},
        ">=": {"since": date(first, 1, 1)},
        "<": {"until": date(first - 1, 12, 31)},
        "<=": {"until": date(first, 12, 31)},
    }
    return fields.get(sign)
