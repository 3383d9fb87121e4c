"""The list of pages: read whole, found beside a page, and refused where it is broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_pages import LISTED

from rag.errors import PageError
from rag.listings import SEEDS_FILE, Listing, find_listing, read_listings

ENTRY = LISTED.format(sha256="00")
LISTING = Listing("page.txt", "mixed", "Mary Somerville", True, 2020, "00")


def write(folder: Path, text: str) -> Path:
    path = folder / SEEDS_FILE
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def test_a_list_is_read_in_its_order(tmp_path: Path) -> None:
    path = write(tmp_path, ENTRY + ENTRY.replace("page.txt", "a.txt"))
    assert [listing.file for listing in read_listings(path)] == ["page.txt", "a.txt"]
    assert read_listings(path)[0] == LISTING


def test_no_list_lists_nothing(tmp_path: Path) -> None:
    assert read_listings(tmp_path / SEEDS_FILE) == ()
    assert read_listings(write(tmp_path, "")) == ()


def test_a_page_s_listing_is_the_one_of_its_name(tmp_path: Path) -> None:
    assert find_listing(tmp_path / "page.txt") is None
    write(tmp_path, ENTRY)
    assert find_listing(tmp_path / "page.txt") == LISTING
    assert find_listing(tmp_path / "other.txt") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("page = 3", "cannot be read"),
        ("page = [3]", "not listed as tables"),
        ("[[page]", "cannot be read"),
        ("[[page]]\nfile = 'page.txt'", "no usable layout"),
        (ENTRY.replace("2020", '"2020"'), "no usable crawl_year"),
        (ENTRY.replace("2020", "true"), "no usable crawl_year"),
        (ENTRY + "more = 1", "states more, which is not known"),
        ("\udcff", "cannot be read"),
    ],
)
def test_a_broken_list_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    for read in (lambda: read_listings(path), lambda: find_listing(tmp_path / "page.txt")):
        with pytest.raises(PageError, match=r"seeds\.toml") as caught:
            read()
        assert said in caught.value.message
        assert caught.value.hint
