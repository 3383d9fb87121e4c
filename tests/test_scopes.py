"""scopes: every filter of a scope is said."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest

from rag.scopes import category_name, scope_words
from rag.types import Scope


def test_a_scope_is_said_part_by_part() -> None:
    scope = Scope(owners=("Zechun Liu",), years=(2023,), has_code=True)
    assert scope_words(scope) == ("Zechun Liu's page", "2023", "marked with code")
    assert scope_words(Scope()) == ()


def test_a_category_is_said_with_its_plain_name() -> None:
    assert category_name("as") == "AS (audio and speech)"
    assert category_name("zz") == "ZZ"


@pytest.mark.parametrize("name", [field.name for field in fields(Scope)])
def test_no_filter_goes_unsaid(name: str) -> None:
    empty = getattr(Scope(), name)
    values = {"since": date(2024, 1, 1), "until": date(2024, 1, 1), "within": Scope(years=(2024,))}
    numbers = name in ("years", "not_years")
    value = values.get(name, (2024,) if numbers else ("x",) if empty == () else False)
    scope = replace(Scope(), **{name: value})
    assert scope
    assert len(scope_words(scope)) == 1
