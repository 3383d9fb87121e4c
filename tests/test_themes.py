"""Groups of papers, and what their labels say."""

from __future__ import annotations

from datetime import date

import pytest
from fakes import make_paper
from hypothesis import given
from hypothesis import strategies as st

from rag.themes import FEWEST_PAPERS, group_by_theme, group_by_year
from rag.types import Paper
from rag.words import words

TITLES = (
    "OWL: Layerwise Pruning of Large Language Models",
    "Numerical Pruning for Fast Decoders",
    "Token Pruning in Transformers",
    "CommonKV: Compressing KV Cache by Sharing",
    "A Learned KV-Cache for Long Documents",
    "Counting Owls by Night",
)


def papers(titles: tuple[str, ...] = TITLES) -> list[Paper]:
    return [make_paper(title, "Nothing is said.") for title in titles]


def labels(found: list[Paper], topic: str = "") -> list[tuple[str, int]]:
    return [(theme.label, len(theme.papers)) for theme in group_by_theme(found, topic=topic)]


def test_papers_that_share_a_phrase_stand_together_the_others_last() -> None:
    assert labels(papers()) == [("Pruning", 3), ("KV cache", 2), ("", 1)]


def test_every_paper_is_in_one_group() -> None:
    told = [paper.id for theme in group_by_theme(papers()) for paper in theme.papers]
    assert sorted(told) == sorted(paper.id for paper in papers())


def test_few_papers_need_no_groups() -> None:
    assert labels(papers()[: FEWEST_PAPERS - 1]) == [("", FEWEST_PAPERS - 1)]


def test_papers_that_share_nothing_are_one_group_without_a_label() -> None:
    titles = ("Red owls", "Blue jays", "Green finches", "Grey herons", "White storks")
    assert labels(papers(titles)) == [("", 5)]


def test_what_all_are_about_is_no_theme() -> None:
    assert "Pruning" not in dict(labels(papers(), topic="pruning"))


def test_the_initials_of_the_topic_are_no_theme_either() -> None:
    titles = ("BNN one", "BNN two", "Owls", "Jays", "Storks", "Herons", "Finches")
    assert labels(papers(titles), topic="binary neural networks") == [("", 7)]
    assert labels(papers(titles))[0] == ("BNN", 2)


def test_a_passing_mention_makes_no_theme() -> None:
    passing = [make_paper(title, "Pruning is known.") for title in TITLES[3:]]
    assert dict(labels([*papers()[:3], *passing]))["Pruning"] == 3


def test_a_paper_that_speaks_of_it_again_and_again_belongs() -> None:
    keen = make_paper("Counting Owls by Night", "Pruning helps. Pruning is fast. So is pruning.")
    assert dict(labels([*papers()[:5], keen]))["Pruning"] == 4


def test_llm_is_a_language_model() -> None:
    titles = ("Small Language Models", "LLMs at home", "Owls", "Jays", "Storks", "Herons", "Finches")
    assert labels(papers(titles))[0] == ("Language models", 2)


@pytest.mark.parametrize("adjective", ["Efficient", "Novel", "Adaptive", "Towards", "Real-time"])
def test_what_only_qualifies_is_no_theme(adjective: str) -> None:
    titles = (f"{adjective} owls", f"{adjective} jays", f"{adjective} storks", "Herons", "Finches")
    assert labels(papers(titles)) == [("", 5)]


@given(st.lists(st.text(max_size=60), min_size=0, max_size=12))
def test_a_label_stands_in_each_paper_of_its_group(texts: list[str]) -> None:
    found = [make_paper(f"{text} pruning nets {place % 2}", text) for place, text in enumerate(texts)]
    for theme in group_by_theme(found):
        for paper in theme.papers:
            held = " ".join(words(f"{paper.title} {paper.abstract}".replace("-", " ")))
            assert not theme.label or words(theme.label)[0][:3] in held


def test_years_come_in_order_and_the_undated_last() -> None:
    dated = [
        make_paper("New", published=date(2024, 5, 1)),
        make_paper("Never", published=None),
        make_paper("Old", published=date(2020, 1, 1)),
        make_paper("Older", published=date(2019, 1, 1)),
    ]
    assert [theme.label for theme in group_by_year(dated)] == ["2019", "2020", "2024", ""]
    assert [theme.label for theme in group_by_year(dated, newest_first=True)] == ["2024", "2020", "2019", ""]
    assert [paper.title for paper in group_by_year(dated)[-1].papers] == ["Never"]
