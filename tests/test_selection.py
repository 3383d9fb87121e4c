"""Where a set of papers ends."""

from __future__ import annotations

import pytest
from fakes import make_paper

from rag.selection import members, together
from rag.types import Passage, Quote, Signal

WEIGHTS = {"diffus": 3.0, "languag": 1.0}


def passage(
    name: str, score: float, text: str = "Nothing.", *, title: str = "", window: float = 0.1
) -> Passage:
    quote = Quote(text, 0, len(text), 0.5)
    return Passage(make_paper(f"{title} {name}", text), score, 0.5, (quote,), (Signal("window", window, 1),))


NEAR = passage("A", 1.5, "A diffusion language one.")
FAR = passage("B", 0.9, "A diffusion language two.")
OFF = passage("C", 1.4, "A language of owls.")


@pytest.mark.parametrize(
    ("passages", "expected"),
    [
        ([], []),
        ([NEAR], [NEAR]),
        ([NEAR, FAR], [NEAR]),
        ([NEAR, OFF], [NEAR]),
        ([OFF], []),
        ([FAR], [FAR]),
        ([passage("D", 1.2, window=0.6)], [passage("D", 1.2, window=0.6)]),
        ([OFF, FAR], [FAR]),
    ],
)
def test_which_belong(passages: list[Passage], expected: list[Passage]) -> None:
    assert list(members(passages, WEIGHTS)) == expected


def test_words_count_together_only_within_a_sentence_or_the_title() -> None:
    assert together(passage("A", 1, "A diffusion language one."), WEIGHTS) == 1
    assert together(passage("A", 1, "All languages."), WEIGHTS) == 0.25
    assert together(passage("A", 1, title="Diffusion"), WEIGHTS) == 0.75
    apart = Passage(make_paper("A", "x"), 1, 1, (Quote("Diffusion.", 0, 1, 0), Quote("Language.", 1, 2, 0)))
    assert together(apart, WEIGHTS) == 0.75


def test_a_topic_without_a_telling_word_is_told_by_meaning_alone() -> None:
    assert members([NEAR], {}) == ()
