"""opposites: which words point in opposite ways."""

from __future__ import annotations

import pytest

from rag.opposites import are_opposites, tells_direction
from rag.words import stem

PAIRS = [
    ("outperforms", "underperforms"),
    ("increases", "decreases"),
    ("improves", "reduced"),
    ("higher", "lower"),
    ("above", "below"),
    ("more", "fewer"),
    ("faster", "slower"),
    ("efficient", "inefficient"),
    ("stable", "unstable"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_opposites_both_ways_round(one: str, other: str) -> None:
    assert are_opposites(stem(one), stem(other))
    assert are_opposites(stem(other), stem(one))
    assert tells_direction(stem(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [("increases", "improves"), ("faster", "lower"), ("higher", "higher"), ("form", "inform")],
)
def test_no_opposites(one: str, other: str) -> None:
    assert not are_opposites(stem(one), stem(other))


def test_most_words_tell_no_direction() -> None:
    assert not any(map(tells_direction, map(stem, ["network", "owl", "sparsity", "the"])))
