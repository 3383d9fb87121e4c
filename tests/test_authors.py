"""authors: whom a typed name means, and whom it does not."""

from __future__ import annotations

import pytest
from fakes import make_paper
from hypothesis import given
from hypothesis import strategies as st

from rag.authors import build_roster, fold, nearest_names, resolve

ROSTER = build_roster(
    [
        make_paper(
            "One", authors=("Zechun Liu", "Shiwei Liu", "Decebal Constantin Mocanu"), page_author="Zechun Liu"
        ),
        make_paper("Two", authors=("Lu Yin", "Lei Lu", "Ludwig Kürzinger"), page_author="Lu Yin"),
        make_paper("Three", authors=("Yang Li", "Liu Yang", "Shih-Yang Liu"), page_author="Lu Yin"),
        make_paper("Four", authors=("Shih-yang Liu", "Yuzhang Shang", "Lu Yin"), page_author="Lu Yin"),
    ]
)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("Zechun Liu", ["Zechun Liu"]),
        ("ZECHUN LIU", ["Zechun Liu"]),
        ("zechunliu", ["Zechun Liu"]),
        ("Kurzinger", ["Ludwig Kürzinger"]),
        ("decebal mocanu", ["Decebal Constantin Mocanu"]),
        ("shang", ["Yuzhang Shang"]),
        ("Zechun", ["Zechun Liu"]),
        ("L. Yin", ["Lu Yin"]),
        ("S. Liu", ["Shiwei Liu"]),
        ("shih yang liu", ["Shih-Yang Liu"]),
        ("zechun lui", ["Zechun Liu"]),
        ("Yuzang Shang", ["Yuzhang Shang"]),
        ("Liu Zechun", ["Zechun Liu"]),
        ("lu", ["Lu Yin", "Lei Lu"]),
        ("liu", ["Zechun Liu", "Shiwei Liu", "Liu Yang", "Shih-Yang Liu"]),
        # all of these words are names, so none is a slip of the pen
        ("Yang Liu", []),
        ("Li Yin", []),
        ("Shiwei Lu", []),
        ("Lujun Lee", []),
        ("pruning", []),
        ("", []),
        ("?", []),
    ],
)
def test_whom_a_name_means(typed: str, names: list[str]) -> None:
    assert sorted(resolve(typed.split(), ROSTER)) == sorted(names)


def test_two_spellings_are_one_author() -> None:
    assert [name for name in ROSTER.names.values() if fold(name) == "shihyangliu"] == ["Shih-Yang Liu"]


def test_page_owners_come_first() -> None:
    assert list(ROSTER.names.values())[:2] == ["Zechun Liu", "Lu Yin"]


def test_the_nearest_names_are_offered() -> None:
    assert nearest_names(["yang", "liu"], ROSTER)[0] == "Yang Li"
    assert nearest_names(["albert", "einstein"], ROSTER) == ()


@given(st.lists(st.text(max_size=12), max_size=5))
def test_no_words_break_it(words: list[str]) -> None:
    assert set(resolve(words, ROSTER)) <= set(ROSTER.names.values())
