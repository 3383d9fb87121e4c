"""catalogue: counts as a reader would recount them, and nothing counted that is not understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from rag import catalogue
from rag.config import Settings
from rag.library import Library
from rag.types import Answer, Paper
from rag.understand import Gazetteer, build_gazetteer, understand

Kept = Callable[[Paper], bool]


@pytest.fixture(scope="module")
def library(shelf: Settings) -> Iterator[Library]:
    opened = Library.open(shelf.library_path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def gazetteer(library: Library) -> Gazetteer:
    return build_gazetteer(library.papers(), lambda word: False)


def answered(question: str, library: Library, gazetteer: Gazetteer) -> Answer:
    return catalogue.answer(question, understand(question, (), gazetteer), library=library)


def by(name: str) -> Kept:
    return lambda paper: name in (*paper.authors, paper.page_author)


def of(*years: int) -> Kept:
    return lambda paper: paper.date is not None and paper.date.year in years


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("How many papers are there?", lambda paper: True),
        ("How many papers are on the shelf in total?", lambda paper: True),
        ("Can you tell me how many of the papers are listed here?", lambda paper: True),
        ("How many 2024 papers are there?", of(2024)),
        ("How many papers by Shiwei Liu?", by("Shiwei Liu")),
        ("How many Shiwei Liu papers are in the library?", by("Shiwei Liu")),
        ("How many papers are on Shiwei Liu's page?", by("Shiwei Liu")),
        ("how many papers did shiwei liu write", by("Shiwei Liu")),
        ("How many publications of Yuzhang Shang are listed?", by("Yuzhang Shang")),
        ("How many papers appeared in 2023?", of(2023)),
        ("How many papers are from 2024 or from 2025?", of(2024, 2025)),
        ("How many papers are there from 1999?", of(1999)),
        ("How many papers come with code?", lambda paper: paper.has_code is True),
        ("How many papers come without code?", lambda paper: paper.has_code is False),
        (
            "How many papers did Shiwei Liu publish in 2024?",
            lambda paper: by("Shiwei Liu")(paper) and of(2024)(paper),
        ),
        (
            "How many papers by Shiwei Liu from 2023 have code?",
            lambda paper: by("Shiwei Liu")(paper) and of(2023)(paper) and paper.has_code is True,
        ),
    ],
)
def test_a_count_is_what_recounting_gives(
    question: str, kept: Kept, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    expected = [paper for paper in library.papers() if kept(paper)]
    assert answer.status == "answered"
    assert answer.kind == "catalogue"
    assert answer.text.startswith(f"{len(expected)} paper{'s' * (len(expected) != 1)} on this shelf")
    assert [citation.paper for citation in answer.citations] == expected
    assert [citation.number for citation in answer.citations] == list(range(1, len(expected) + 1))
    (claim,) = answer.claims
    assert (claim.support, claim.text, claim.span) == ("computed", answer.text, None)
    assert claim.citations == tuple(range(1, len(expected) + 1))


def test_every_author_of_the_shelf_is_counted_right(library: Library, gazetteer: Gazetteer) -> None:
    papers = library.papers()
    for name in {author for paper in papers for author in (*paper.authors, paper.page_author)}:
        answer = answered(f"How many papers by {name}?", library, gazetteer)
        named = [author.lower() for author in understand(f"by {name}", (), gazetteer).scope.authors]
        expected = [
            paper
            for paper in papers
            if any(author.lower() in named for author in (*paper.authors, paper.page_author))
        ]
        assert [citation.paper for citation in answer.citations] == expected, name


def test_a_year_says_how_many_papers_have_no_date(library: Library, gazetteer: Gazetteer) -> None:
    undated = sum(paper.date is None for paper in library.papers())
    assert undated > 0
    text = answered("How many papers are from 2024?", library, gazetteer).text
    assert f"{undated} more print no date" in text


def test_an_author_says_that_listings_are_cut(library: Library, gazetteer: Gazetteer) -> None:
    assert "at most three names" in answered("How many papers by Shiwei Liu?", library, gazetteer).text


def test_the_count_says_what_was_counted(library: Library, gazetteer: Gazetteer) -> None:
    text = answered("How many papers by Shiwei Liu from 2023 have code?", library, gazetteer).text
    assert all(part in text for part in ("Shiwei Liu", "2023", "with code"))


@pytest.mark.parametrize(
    "question",
    [
        "How many papers are about pruning?",
        "How many papers by Albert Einstein?",
        "How many papers by Liu?",
        "How many papers cite OWL?",
        "How many papers has each author?",
        "How many papers are there per year?",
        "How many papers are there before 2020?",
        "How many papers are there after 2023?",
        "How many papers are there since 2023?",
        "How many papers are there until 2024?",
        "How many papers are between 2022 and 2024?",
        "How many papers are not from 2024?",
        "How many papers other than those from 2024 are there?",
        "How many papers by anyone but Shiwei Liu are there?",
        "How many papers aren't from 2024?",
        "How many papers do not have code?",
        "How many papers don't have code?",
        "How many papers were written by both Shiwei Liu and Lu Yin?",
        "How many papers did Shiwei Liu write without Lu Yin?",
        "How many papers did Shiwei Liu write together with Lu Yin?",
        "How many more papers has Shiwei Liu than Lu Yin?",
        "How many papers appeared in January 2024?",
        "How many papers are in category CV?",
        "How many authors are there?",
        "Which paper has the highest h-index?",
        "What is the h-index of Shiwei Liu?",
        "Who are the co-authors of Shiwei Liu?",
        "How many papers are shorter than ten pages?",
        "How many papers by one author are there?",
        "How many papers are dated?",
        "How many papers have open source datasets?",
        "How many papers have any code?",
        "How many papers do we know the code of?",
        "How many pages do the papers have?",
        "How many seeds hold papers?",
        "Tell me how many papers Shiwei Liu wrote and how many Lu Yin did not.",
        "什么 how many papers 剪枝?",
    ],
)
def test_what_is_not_wholly_understood_is_not_counted(
    question: str, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    assert answer.status == "not_found", answer.text
    assert (answer.claims, answer.citations, answer.model) == ((), (), None)
    assert answer.text.startswith("I found nothing that I can vouch for")
    assert answer.record()["kind"] == "catalogue"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who wrote LazyDiT?", "is by Xuan Shen, Zhao Song, Yufa Zhou et al."),
        ("first author of learn2pd", "is Wenrui Bao."),
        ("when did the OWL pruning paper appear", "is dated 8 October 2023 (2023-10-08)."),
        ("What year was ReActNet published, and who are the authors?", "is dated 7 March 2020"),
        ("Who is the lead author of STBLLM?", "is Peijie Dong."),
        ("when was PB-LLM published?", "prints no date."),
    ],
)
def test_a_named_papers_record_is_told(
    question: str, said: str, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    (citation,) = answer.citations
    assert said in answer.text
    assert answer.text.endswith("[1]")
    assert citation.paper.title in answer.text
    assert {claim.support for claim in answer.claims} == {"computed"}


@pytest.mark.parametrize(
    "question",
    [
        "How does OWL prune, and who wrote it?",
        "When does LazyDiT skip layers?",
        "Who uses LazyDiT?",
        "who wrote the opera Carmen?",
        "When was the first transformer built?",
    ],
)
def test_what_is_not_asked_of_a_record_is_left_to_reading(question: str, gazetteer: Gazetteer) -> None:
    assert understand(question, (), gazetteer).record == ()
