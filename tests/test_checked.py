"""JSON values, strictly read: what passes, and the sentence for what does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import TypeAdapter

from evals.checked import checked, one_line, part
from rag.errors import UsageError


@dataclass(frozen=True)
class Bird:
    name: str
    eggs: tuple[int, ...] = ()


BIRD = TypeAdapter(Bird)


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


def test_a_value_becomes_the_type() -> None:
    assert checked(BIRD, {"name": "owl", "eggs": [2, 3]}, "The nest") == Bird("owl", (2, 3))
    assert part({"bird": {"name": "owl"}}, "bird", BIRD, "The nest") == Bird("owl")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({}, "The nest: bird is missing."),
        ({"bird": {}}, "The nest: bird.name is missing."),
        ({"bird": {"name": 5}}, "The nest: bird.name is not right: input should be a valid string."),
        (
            {"bird": {"name": "owl", "eggs": [1, "2"]}},
            "The nest: bird.eggs[1] is not right: input should be a valid integer.",
        ),
        (
            {"bird": {"name": float("nan")}},
            "The nest: bird holds a number that is not finite, or is nested too deep.",
        ),
        (
            {"bird": nested(100_000)},
            "The nest: bird holds a number that is not finite, or is nested too deep.",
        ),
    ],
    ids=["no key", "no inner key", "another type", "text for a number", "not finite", "too deep"],
)
def test_what_is_wrong_is_one_sentence(value: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        part(value, "bird", BIRD, "The nest")
    assert raised.value.message == sentence
    assert "`vouch eval`" in raised.value.hint


def test_other_peoples_words_stay_on_one_line() -> None:
    assert one_line(" a\n\x1b[2Jb\u202e\tc ") == "a b c"
    with pytest.raises(UsageError) as raised:
        part({}, "a\nb", BIRD, "The\nnest")
    assert raised.value.message == "The nest: a b is missing."
