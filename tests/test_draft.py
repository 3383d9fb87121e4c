"""Guesses: what followed before, how long a guess pays, and when none is made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.draft import (
    ALIKE,
    LEAST_TOKENS,
    MOST_DRAFTED,
    MOST_LOST,
    SLOPE,
    STEPS_MEASURED,
    Drafter,
    Machine,
    held,
    worthwhile,
)

few_tokens = st.lists(st.integers(0, 3), max_size=40)


def guess(tokens: list[int]) -> list[int]:
    return Drafter(tokens, Machine()).guess()


def test_what_followed_the_same_tokens_is_guessed():
    assert guess([1, 2, 3, 4, 5, 9, 1, 2]) == [3, 4, 5, 9, 1, 2]


def test_the_longest_ending_that_stood_before_counts():
    assert guess([7, 1, 2, 5, 8, 1, 2, 6, 7, 1, 2])[:1] == [5]


def test_of_equal_ones_the_last_counts():
    assert guess([1, 2, 5, 8, 1, 2, 6, 9, 1, 2])[:1] == [6]


@pytest.mark.parametrize("tokens", [[], [1], [1, 2], [1, 2, 3, 4], [5, 1, 6, 1]])
def test_where_nothing_stood_before_nothing_is_guessed(tokens):
    assert guess(tokens) == []


@given(few_tokens)
def test_a_guess_is_a_stretch_that_follows_the_same_tokens(tokens):
    found = guess(tokens)
    assert len(found) <= MOST_DRAFTED
    if found:
        shortest = min(ALIKE)
        stretch = tokens[-shortest:] + found
        places = range(len(tokens) - shortest)
        assert any(tokens[place : place + len(stretch)] == stretch for place in places)


@given(few_tokens, few_tokens)
def test_a_text_may_grow_in_any_pieces(before, after):
    grown = Drafter(before, Machine())
    grown.add(after)
    assert grown.guess() == guess(before + after)


def test_the_surer_the_longer():
    lengths = [worthwhile(chance / 100) for chance in range(101)]
    assert lengths == sorted(lengths)
    assert lengths[0] == lengths[20] == 0
    assert lengths[-1] == MOST_DRAFTED


def test_a_text_whose_guesses_fail_gets_none_until_they_would_hold_again():
    drafter = Drafter([], Machine())
    assert drafter.worth > 1
    for _ in range(20):
        drafter.checked([1], [2])
    assert drafter.worth == 0
    for _ in range(20):
        drafter.checked([1], [1])
    assert drafter.worth > 1


def test_only_what_was_found_is_counted():
    """Of a guess, what stands behind the first wrong token was never checked."""
    one, other = Drafter([], Machine()), Drafter([], Machine())
    for _ in range(3):
        one.checked([1, 2, 3], [1, 5])
        other.checked([1, 2], [1, 5])
    assert one.worth == other.worth


@pytest.mark.parametrize(("dearer", "pays"), [(0.2, True), (0.9, False)])
def test_where_rows_are_dear_nothing_is_guessed(dearer, pays):
    machine = Machine()
    for step in range(STEPS_MEASURED):
        machine.saw(1, 0.5 if step else 9.0)  # the first one is slow: pages of the model are read
        machine.saw(4, 0.5 * (1 + 3 * dearer))
    assert machine.slope == pytest.approx(dearer)
    assert machine.pays == pays
    assert bool(Drafter([], machine).worth) == pays


def test_until_it_is_measured_a_machine_pays():
    machine = Machine()
    for _ in range(STEPS_MEASURED - 1):
        machine.saw(1, 1.0)
        machine.saw(4, 100.0)
    assert machine.pays


@pytest.mark.parametrize(
    ("tried", "found", "right"),
    [([], [5], 0), ([1, 2], [1, 2, 3], 2), ([1, 2], [1, 9, 3], 1), ([1, 2], [9, 2, 3], 0)],
)
def test_a_guess_holds_up_to_its_first_wrong_token(tried, found, right):
    assert held(tried, found) == right


def written(holding: list[int], count: int) -> tuple[int, float]:
    """Tokens found and rows paid for, when so many tokens of each guess hold, the last ever after."""
    drafter, found, rows = Drafter([], Machine()), 0, 0.0
    for step in range(count):
        tried = drafter.worth
        right = min(tried, holding[min(step, len(holding) - 1)])
        guess = [1] * MOST_DRAFTED
        drafter.checked(guess, [1] * right + [1 if right == tried else 2], tried=tried)
        found += right + 1
        rows += 1 + SLOPE * tried
    return found, rows


@given(st.lists(st.integers(0, MOST_DRAFTED), min_size=1, max_size=60), st.integers(1, 60))
def test_no_text_costs_much_more_than_without_guesses(holding, count):
    found, rows = written(holding, count)
    assert rows * (1 - MOST_LOST) <= found + MOST_LOST * max(0, LEAST_TOKENS - found) + 1e-9


def test_a_text_whose_guesses_all_fail_loses_a_little_and_one_whose_guesses_hold_gains():
    found, rows = written([0], 40)
    assert 1 < rows / found <= 1 / (1 - MOST_LOST)
    found, rows = written([MOST_DRAFTED], 10)
    assert found / rows > 2


def test_at_the_beginning_of_a_text_guesses_are_tried():
    assert Drafter([], Machine()).worth >= 3
