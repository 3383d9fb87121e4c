"""spelling: words of asking put right, and no word that the shelf or English knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag.spelling import respelt, respelt_question


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("papres", "papers"),
        ("wihtout", "without"),
        ("publshed", "published"),
        ("secnd", "second"),
        ("authers", "authors"),
        ("thsoe", "those"),
        ("owl", "owl"),
        ("sparse", "sparse"),
        ("there", "there"),
        ("paper", "paper"),
    ],
)
def test_a_slip_is_put_right(typed: str, right: str) -> None:
    assert respelt_question(typed, ()) == right


def test_a_word_that_is_known_stays() -> None:
    assert respelt_question("coden papres", ("coden",)) == "coden papers"


def test_only_candidates_are_put_right_and_it_is_said() -> None:
    text, notes = respelt(" howmany papres by autors ", ("papres",), ())
    assert text == " how many papers by autors "
    assert notes == ("“papres” is taken for “papers”",)


@given(st.text(max_size=80))
@hypothesis_settings(deadline=None)
def test_no_text_breaks_it(text: str) -> None:
    put_right = respelt_question(text, ())
    assert [letter for letter in put_right if not letter.isalpha() and letter != " "] == [
        letter for letter in text if not letter.isalpha() and letter != " "
    ]
