"""quantities: one number, however it is spelt."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.quantities import Quantity, comparable, quantities


def read(text: str) -> list[tuple[Fraction, str]]:
    return [(quantity.value, quantity.unit) for quantity in quantities(comparable(text))]


def only(text: str) -> Quantity:
    (quantity,) = quantities(comparable(text))
    return quantity


@pytest.mark.parametrize(
    "spelling", ["10%", "10\\%", "10 percent", "10 per cent", "ten percent", "10.0%", "$10$%"]
)
def test_a_share_in_all_its_spellings(spelling: str) -> None:
    assert read(f"by {spelling} of it") == [(10, "%")]


@pytest.mark.parametrize("spelling", ["2.5x", "2.5$\\times$", "2.5×", "2.5 times", "2.5-fold", "2.50X"])
def test_a_multiple_in_all_its_spellings(spelling: str) -> None:
    assert read(f"{spelling} faster") == [(Fraction(5, 2), "x")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/3 of all", Fraction(1, 3)),
        ("one third of all", Fraction(1, 3)),
        ("two-thirds of all", Fraction(2, 3)),
        ("half of all", Fraction(1, 2)),
        ("a quarter", Fraction(1, 4)),
        ("1,069 prompts", 1069),
        ("twenty-five methods", 25),
        ("7B parameters", 7 * 10**9),
        ("7 billion parameters", 7 * 10**9),
        ("12K tokens", 12000),
        ("4-bit weights", 4),
    ],
)
def test_a_number_alone(text: str, value: Fraction) -> None:
    assert read(text) == [(value, "")]


@pytest.mark.parametrize("text", ["10-15%", "10% to 15%", "10$\\sim$15%", "10 to 15 percent", "10\\%|15\\%"])
def test_a_range_shares_its_unit(text: str) -> None:
    assert read(text) == [(10, "%"), (15, "%")]


def test_twice_is_two_times() -> None:
    assert read("twice as fast, doubled") == [(2, "x"), (2, "x")]


@pytest.mark.parametrize("text", ["one of them", "as shown [3, 4]", "W4A16 and D2MoE", "none", ""])
def test_what_is_no_number(text: str) -> None:
    assert read(text) == []


def test_a_unit_left_out_agrees_with_any_but_two_units_do_not() -> None:
    assert only("2.5").agrees(only("2.5x"))
    assert only("2.5%").agrees(only("2.5"))
    assert not only("2.5%").agrees(only("2.5x"))
    assert not only("2.5x").agrees(only("26x"))


@given(st.text(max_size=200))
def test_every_span_lies_in_the_text_and_in_order(text: str) -> None:
    found = quantities(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_a_written_number_is_read_back(whole: int, hundredths: int) -> None:
    assert read(f"a {whole:,}.{hundredths:02} b") == [(Fraction(f"{whole}.{hundredths:02}"), "")]
