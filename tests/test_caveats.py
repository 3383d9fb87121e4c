"""caveats: what the listings leave out is said, where it matters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fakes import make_page, make_paper

from rag.caveats import caveats
from rag.library import Library
from rag.types import Profile, Scope

BARE = make_paper("Bare", authors=("Cid",), category=None, published=None, has_code=None)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library.open(tmp_path / "library.sqlite", create=True)
    dated = make_paper("Dated", authors=("Lu Yin",), published=date(2023, 1, 1), has_code=False)
    with opened.writing():
        opened.put_page(*make_page(dated, seed="a.txt", author="Lu Yin", profile=Profile(stated_papers=9)))
        opened.put_page(*make_page(BARE, seed="b.txt", author="Ada Byron", author_inferred=True))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope(), []),
        (Scope(years=(2024,)), ["1 more print no date and are not counted."]),
        (Scope(has_code=True), ["1 more print no word on code and are not counted."]),
        # a paper that fails on two unknown things is still one that may fit
        (
            Scope(since=date(2023, 1, 1), has_code=True),
            ["1 more print no date or no word on code and are not counted."],
        ),
        (Scope(years=(2024,), first_authors=("Lu Yin",)), []),
        (Scope(owners=("Lu Yin",)), ["Lu Yin's page states 9 papers and lists 1."]),
        (
            Scope(owners=("Ada Byron",)),
            ["The owner of Ada Byron's page is not printed on it; the name is inferred."],
        ),
    ],
)
def test_what_is_said(scope: Scope, said: list[str], library: Library) -> None:
    assert caveats(scope, library) == said


def test_an_owner_is_told_apart_from_a_printed_author(library: Library) -> None:
    said = caveats(Scope(authors=("Ada Byron",)), library)
    assert "Ada Byron owns a page, which lists 1 of them; 0 print the name." in said
    assert said[-1].startswith("Listings print at most three names")
