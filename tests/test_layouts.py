"""Every layout read, and every way for it to be broken named with its line."""

from __future__ import annotations

from datetime import date

import pytest
from sample_pages import DATED, MIXED, PROFILE, parse

from rag.errors import PageError
from rag.pages import paper_id
from rag.types import Paper, Profile


def test_profile_layout() -> None:
    page, (first, second) = parse(PROFILE)
    assert (page.layout, page.author, page.author_inferred) == ("profile", "Ada Lovelace", False)
    assert page.profile == Profile("CV", 7, 2, 1069, 53, 60)
    assert first == Paper(
        id=paper_id("First: A Title, with a Comma", ["Ada Lovelace", "Charles Babbage"]),
        title="First: A Title, with a Comma",
        authors=("Ada Lovelace", "Charles Babbage"),
        et_al=True,
        affiliations=("london",),
        category="CV",
        date=date(2023, 1, 24),
        has_code=True,
        score=None,
        abstract="The first abstract.",
        seed="page.txt",
        index=0,
        page_author="Ada Lovelace",
    )
    assert (second.authors, second.et_al, second.date, second.has_code) == (
        ("Mary Somerville",),
        False,
        date(2026, 2, 3),
        False,
    )


def test_dated_layout() -> None:
    page, (first, second) = parse(DATED)
    assert (page.layout, page.author, page.author_inferred) == ("dated", "Ada Lovelace", True)
    assert (first.title, first.affiliations, first.et_al) == ("First Title", ("london", "paris"), True)
    assert (second.title, second.abstract, second.et_al) == ("Second Title", "The second abstract.", False)


def test_mixed_layout() -> None:
    page, (first, second) = parse(MIXED)
    assert page.layout == "mixed"
    assert (first.category, first.date, first.has_code, first.score) == (None, None, None, None)
    assert (second.category, second.date, second.has_code, second.score) == (
        "LG",
        date(2024, 2, 3),
        False,
        12.8,
    )


@pytest.mark.parametrize(
    ("line", "category", "day", "code", "score"),
    [
        ("CVJan 24, 2023Code", "CV", date(2023, 1, 24), True, None),
        ("CVJan 24, 2023", "CV", date(2023, 1, 24), False, None),
        ("CVJun 1Code", "CV", date(2026, 6, 1), True, None),
        ("12.8CVSep 19, 2024", "CV", date(2024, 9, 19), False, 12.8),
        ("3LGMay 21Code", "LG", date(2026, 5, 21), True, 3.0),
        ("LGFeb 29, 2024", "LG", date(2024, 2, 29), False, None),
    ],
)
def test_header_lines(line: str, category: str, day: date, code: bool, score: float | None) -> None:
    _, (paper,) = parse(f"{line}\nDeep NetsYan Yan\nAn abstract.\n")
    assert (paper.category, paper.date, paper.has_code, paper.score) == (category, day, code, score)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "empty"),
        (" \n\n\t\n", 0, "empty"),
        ("a\nb\0c\n", 2, "binary"),
        ("hello\nworld\n", 1, "none of the known layouts"),
        ('{"title": "JSON"}\n', 1, "none of the known layouts"),
        (PROFILE.split("CVJan")[0], 10, "no paper"),
        (PROFILE.replace("h-index7", "h-index seven"), 4, "not known"),
        (PROFILE.replace("2papers", "2papers\n3papers"), 6, "twice"),
        (PROFILE.replace("LGFeb 3", "LGFeb 31"), 19, "no possible date"),
        (PROFILE.replace("LGFeb 3", "LGFeb 29"), 19, "no possible date"),
        (PROFILE.replace("LGFeb 3", "LGFeb 3, 0000"), 19, "no possible date"),
        (PROFILE.replace("LGFeb 3", "LGFeb 3, 20x3"), 19, "header line is expected"),
        (PROFILE.replace("LGFeb 3\n", ""), 19, "header line is expected"),
        (PROFILE.replace("LGFeb 3\n", "LGFeb 3\nLGFeb 4\n"), 20, "Two header lines"),
        (PROFILE.replace("The first abstract.\n", ""), 13, "no authors or no abstract"),
        (PROFILE.split("Ada Lovelace, Ch")[0] + "LGFeb 3\n", 13, "no authors and no abstract"),
        (PROFILE.replace("Mary Somerville", "Mary, , Somerville"), 22, "line of authors"),
        (PROFILE.replace("Mary Somerville", "A long sentence " * 9), 22, "line of authors"),
        (PROFILE.replace("first abstract.", "first abstract.\nIt goes on."), 18, "header line is expected"),
        (PROFILE + "LGFeb 3\n", 25, "no title"),
        (PROFILE + "LGFeb 3\nThird Title\n", 26, "no authors and no abstract"),
        (PROFILE + "LGFeb 3\nThird Title\n\nAda Lovelace\n", 26, "no authors or no abstract"),
        (DATED + "LGFeb 3\n", 7, "no title"),
        (DATED + "LGFeb 3\nLGFeb 4\nThird TitleAda Lovelace\n", 8, "Two header lines"),
        (DATED + "LGFeb 3\nThird TitleAda Lovelace\n", 8, "no abstract"),
        (DATED + "LGFeb 3\nThird title\nAn abstract.\n", 8, "no authors"),
        (DATED.replace("The first abstract.\n", ""), 2, "no abstract"),
        (MIXED.replace("The first abstract.\n", ""), 1, "no abstract"),
        (MIXED + MIXED.replace("The first abstract.\n12.8LGFeb 3, 2024\n", ""), 6, "no abstract"),
        (DATED.removesuffix("abstract.\n"), 6, "cut off"),
        (PROFILE.removesuffix("stract.\n"), 24, "cut off"),
    ],
)
def test_refusals(text: str, line: int, words: str) -> None:
    with pytest.raises(PageError) as caught:
        parse(text)
    assert (caught.value.file, caught.value.line) == ("page.txt", line)
    assert words in caught.value.message
    assert caught.value.hint
