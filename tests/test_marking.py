"""marking: names, dates, categories and pages of a question become marks, and nothing else does."""

from __future__ import annotations

from datetime import date

import pytest
from fakes import make_paper
from hypothesis import given
from hypothesis import strategies as st

from rag.marking import Shelf, know_shelf, mark

SHELF: Shelf = know_shelf(
    [
        make_paper("One", authors=("Zechun Liu", "Lu Yin"), affiliations=("meta-ai",), seed="003_a.txt"),
        make_paper("Two", authors=("Niccolo' Gentile",), category="AS"),
    ],
    2026,
)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many of Zechun Liu's papers?", "how many of NAME0 's papers"),
        ("papers by LU YIN", "papers by NAME0"),
        ("lu yins papers", "NAME0 's papers"),
        ("niccolo gentile", "NAME0"),
        ("NAME0 by Lu Yin", "name0 by NAME0"),
        ("since March 2024", "since DATE0"),
        ("on 5 March 2024 or March 6th, 2024", "on DATE0 or DATE1"),
        ("2021-2023", "from YEAR0 to YEAR1"),
        ("in 2024 tokens 20244", "in YEAR0 tokens 20244"),
        ("from 20244", "from NEVER0"),
        ("31 February 2024", "31 february year-2024"),
        ("this year", "YEAR0"),
        ("LG papers", "CODE0 papers"),
        ("as first author", "as first author"),
        ("eess.AS papers", "CODE0 papers"),
        ("papers in category as", "papers in category CODE0"),
        ("machine learning papers", "FIELD0 papers"),
        ("papers from Meta AI", "papers from AFFIL0"),
        ("papers on page 003", "papers on the page SEED0"),
        ("they aren't his; don't", "they are not his ; do not"),
        ("", ""),
    ],
)
def test_what_is_marked(question: str, text: str) -> None:
    assert mark(question, SHELF).text.strip() == text


def test_marks_stand_for_days_and_names() -> None:
    marked = mark("Lu Yin's papers between March 2024 and 2025", SHELF)
    assert list(marked.values.values()) == ["Lu Yin"]
    assert list(marked.times.values()) == [
        (date(2024, 3, 1), date(2024, 3, 31)),
        (date(2025, 1, 1), date(2025, 12, 31)),
    ]


@given(st.text(max_size=80))
def test_every_capital_is_a_mark_of_its_own(question: str) -> None:
    marked = mark(question, SHELF)
    known = {*marked.values, *marked.times}
    assert {word for word in marked.text.split() if word[:4].isascii() and word[:4].isupper()} <= known | {
        word for word in marked.text.split() if not any(character.isalpha() for character in word)
    }
