"""Misses: why a miss is one, and which are the worst."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sample_results import sample_results

from evals.misses import MISSES_SHOWN, faults, why, worst_misses
from evals.runs import read_run


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    return read_run(sample_results(tmp_path_factory.mktemp("results"))["answers"]).rows


@pytest.mark.parametrize(
    ("miss", "sentence"),
    [
        ("invented", "It cites what nobody has: [7]."),
        ("forbidden", "It says what only a wrong answer says: 75."),
        ("undeclined", "Nothing on the shelf answers this, and it was answered."),
        ("premise", "The question assumes what is not so, and it was neither declined nor put right."),
        ("title", "It cites no right paper."),
        ("titles", "It cites fewer than half of the right papers."),
        ("no facts", "2 of 2 wanted facts missing."),
        ("half", "1 of 2 wanted facts missing."),
        ("refused", "It was declined, though the shelf answers it."),
        ("failed", "It could not be asked."),
    ],
)
def test_a_miss_tells_why_in_a_sentence(rows, miss, sentence):
    row = next(row for row in rows if row.id == miss)
    assert why(row) == sentence


def test_every_reason_is_told_worst_first(rows):
    invented, forbidden = (next(row for row in rows if row.id == name) for name in ("invented", "forbidden"))
    both = replace(forbidden, invented=invented.invented, facts_held=0.5)
    assert why(both) == (
        "It cites what nobody has: [7]. It says what only a wrong answer says: 75. "
        "1 of 2 wanted facts missing."
    )
    assert faults(both) == sorted(faults(both))


def test_a_miss_without_a_reason_says_so(rows):
    right = next(row for row in rows if row.id == "right")
    assert why(replace(right, right=False)) == "It was judged wrong, and the row does not tell why."


def test_misses_stand_worst_first_and_leave_out_what_is_right_or_held(rows):
    assert [row.id for row in worst_misses(rows)] == [
        *("invented", "forbidden", "premise", "undeclined", "titles", "title"),
        *("no facts", "half", "refused", "failed"),
    ]


def test_only_the_worst_are_shown(rows):
    refused, title = (next(row for row in rows if row.id == name) for name in ("refused", "title"))
    many = [refused] * MISSES_SHOWN + [title] * 5
    assert worst_misses(many) == [title] * 5 + [refused] * (MISSES_SHOWN - 5)
