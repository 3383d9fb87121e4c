"""The sentences that tell what a paper does."""

from __future__ import annotations

import pytest
from fakes import make_paper

from rag.gist import gist, story
from rag.sentences import sentences
from rag.types import Paper, Quote

PROBLEM = "However, large models are costly and hard to run on a small machine at home."
IDEA = "We propose OWL, a rule that prunes each layer of a model by its own share."
RESULT = "Experiments show that OWL outperforms others by 61.22 points of perplexity on LLaMA."
CODE = "Our code is available at https://example.org/owl."
PAPER = make_paper(
    "OWL: Pruning each layer of a model",
    f"Models are everywhere these days, be it at work or at home. {PROBLEM} {IDEA} "
    f"It needs no training and little memory in all our settings. {RESULT} {CODE}",
)


def quotes(paper: Paper) -> tuple[Quote, ...]:
    return tuple(
        Quote(paper.abstract[start:end], start, end, 0.0) for start, end in sentences(paper.abstract)
    )


def texts(found: tuple[Quote, ...]) -> list[str]:
    return [quote.text for quote in found]


def test_the_gist_says_what_is_proposed() -> None:
    best = gist(PAPER, quotes(PAPER))
    assert best is not None
    assert best.text == IDEA


def test_the_order_in_which_sentences_are_given_does_not_matter() -> None:
    assert gist(PAPER, quotes(PAPER)[::-1]) == gist(PAPER, quotes(PAPER))
    assert story(PAPER, quotes(PAPER)[::-1], count=3) == story(PAPER, quotes(PAPER), count=3)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, []), (1, [IDEA]), (2, [IDEA, RESULT]), (3, [PROBLEM, IDEA, RESULT])],
)
def test_a_story_is_idea_result_and_problem_in_the_papers_order(count: int, expected: list[str]) -> None:
    assert texts(story(PAPER, quotes(PAPER), count=count)) == expected


def test_a_story_has_four_sentences_at_most_and_no_address() -> None:
    told = texts(story(PAPER, quotes(PAPER), count=9))
    assert len(told) == 4
    assert CODE not in told


def test_a_short_abstract_is_told_as_far_as_it_goes() -> None:
    paper = make_paper("Owls", "We count owls.")
    assert texts(story(paper, quotes(paper), count=3)) == ["We count owls."]


def test_without_sentences_there_is_none() -> None:
    assert gist(PAPER, ()) is None
    assert story(PAPER, (), count=3) == ()


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("We introduce a rule for owls that sleep.", "Owls sleep as a rule all day in woods."),
        ("This paper studies why owls sleep by day.", "Recently owls have become a matter of study here."),
        (
            "In this work, owls are counted while asleep.",
            "See https://example.org for all the owls we counted.",
        ),
        ("We count the sleeping owls of many woods.", "We count."),
    ],
)
def test_what_makes_a_better_gist(better: str, worse: str) -> None:
    paper = make_paper("Asleep", f"{worse} {better}")
    best = gist(paper, quotes(paper))
    assert best is not None
    assert best.text == better
