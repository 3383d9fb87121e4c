"""Pages of others: files and texts of any kind, and only PageError comes out."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from fuzzing import at_least
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_pages import DATED, LISTED, MIXED, PROFILE, parse

from rag import pages
from rag.errors import PageError
from rag.pages import paper_id, parse_page, read_page

SEEDS = Path(__file__).parent.parent / "seeds"
SEED_TEXTS = [path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))]


@pytest.mark.parametrize("text", [PROFILE, DATED, MIXED])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n \n\n",
    ],
    ids=["crlf", "mark", "blank lines", "no line end", "more line ends"],
)
def test_form_does_not_count(text: str, change: Callable[[str], str]) -> None:
    page, papers = parse(text)
    changed_page, changed_papers = parse(change(text))
    assert changed_papers == papers
    assert dataclasses.replace(changed_page, sha256=page.sha256) == page


def test_an_abstract_is_kept_to_the_byte() -> None:
    abstract = "  Spaces,\ttabs,\u2028separators and “quotes”.  "
    _, papers = parse(MIXED.replace("The first abstract.", abstract))
    assert papers[0].abstract == abstract


def test_what_nobody_sees_and_what_steers_a_terminal_stays_out() -> None:
    hostile = "A\u200b \x1b[2Jti\u202etle\x07 of" + " x\u0301" + "\u0300" * 500
    _, papers = parse(MIXED.replace("The first abstract.", f"{hostile} {'y' * 50_000}."))
    abstract = papers[0].abstract
    assert abstract.startswith("A title  of x\u0301")
    assert abstract.count("\u0300") < 8 + 1
    assert max(map(len, abstract.split())) <= 1_000
    assert abstract.count("y") == 50_000


def test_a_paper_listed_twice_is_kept_once() -> None:
    again = "Third TitleAda Lovelace, Mary Somerville\nThe third abstract.\n"
    _, papers = parse(
        MIXED + "First  titleAda Lovelace, Charles Babbage, Mary Somerville et al.\nOther.\n" + again
    )
    assert [(paper.index, paper.abstract) for paper in papers] == [
        (0, "The first abstract."),
        (1, "The second abstract."),
        (3, "The third abstract."),
    ]


def test_paper_id_is_pinned() -> None:
    """Libraries hold these ids: they may not change."""
    wanted = hashlib.sha256(b"a title\nada lovelace, mary somerville").hexdigest()[:12]
    assert paper_id("A  Title", ["Ada Lovelace", "Mary Somerville"]) == wanted
    assert paper_id("A Title", ["Ada Lovelace"]) != wanted


def test_an_unknown_layout_name_is_refused() -> None:
    with pytest.raises(PageError, match="not a layout"):
        parse_page(DATED, seed="page.txt", crawl_year=2026, layout="cards")


@pytest.mark.parametrize(
    "end", ["a.", "a!", 'a."', "a.)", "at https://x.org/y", r"at \url{https://x.org}", "a?  ", "好。"]
)
def test_whole_ends(end: str) -> None:
    _, papers = parse(DATED.removesuffix("abstract.\n") + end)
    assert papers[-1].abstract == "The second " + end


# Files


def write(folder: Path, text: str, *, listed: str | None = None) -> Path:
    path = folder / "page.txt"
    path.write_bytes(text.encode())
    if listed is not None:
        digest = hashlib.sha256(listed.encode()).hexdigest()
        (folder / "seeds.toml").write_text(LISTED.format(sha256=digest), "utf-8")
    return path


def test_a_page_without_a_list(tmp_path: Path) -> None:
    page, papers = read_page(write(tmp_path, MIXED))
    assert (page.author, page.author_inferred, page.crawl_year) == ("Ada Lovelace", True, date.today().year)
    assert page.sha256 == hashlib.sha256(MIXED.encode()).hexdigest()
    assert [paper.seed for paper in papers] == ["page.txt"] * 2


def test_arguments_count_more_than_the_list(tmp_path: Path) -> None:
    path = write(tmp_path, MIXED.replace(", 2024", ""), listed=MIXED)
    page, papers = read_page(path)
    assert (page.author, page.author_inferred, page.crawl_year) == ("Mary Somerville", True, 2020)
    assert papers[1].date == date(2020, 2, 3)
    page, papers = read_page(path, crawl_year=2021, author="Ada Lovelace")
    assert (page.author, page.author_inferred, page.crawl_year) == ("Ada Lovelace", False, 2021)
    assert papers[1].date == date(2021, 2, 3)


def test_the_list_names_the_layout(tmp_path: Path) -> None:
    page, _ = read_page(write(tmp_path, DATED, listed=DATED))
    assert page.layout == "mixed"


def test_an_edited_page_is_read(tmp_path: Path) -> None:
    _, papers = read_page(write(tmp_path, MIXED.replace("first abstract", "new abstract"), listed=MIXED))
    assert papers[0].abstract == "The new abstract."


def test_an_edited_page_needs_no_final_line_end(tmp_path: Path) -> None:
    edited = MIXED.rstrip("\n").replace("first abstract", "new abstract")
    assert len(read_page(write(tmp_path, edited, listed=MIXED))[1]) == 2


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    for data, line in [
        (b"a\nb\n\xff\n", 3),
        (b"\x00", 1),
        (DATED.encode("utf-16"), 1),
        (b"a\nK\xfcrzinger", 2),
    ]:
        path.write_bytes(data)
        with pytest.raises(PageError) as caught:
            read_page(path)
        assert caught.value.line == line


def test_paths_that_are_no_pages(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("", "utf-8")
    for path in [
        tmp_path,
        tmp_path / "missing.txt",
        tmp_path / "plain" / "page.txt",
        Path("a\0b"),
        Path("x" * 5000),
    ]:
        with pytest.raises(PageError) as caught:
            read_page(path)
        assert caught.value.hint


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: str = "r") -> None:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, DATED)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PageError, match="Permission denied"):
        read_page(path)


def test_a_page_of_absurd_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", 1024 * 1024)
    path = tmp_path / "page.txt"
    path.write_bytes(b"a" * (1024 * 1024 + 1))
    with pytest.raises(PageError, match="larger than 1 MiB"):
        read_page(path)


def test_a_broken_list_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, MIXED)
    (tmp_path / "seeds.toml").write_text("[[page]", "utf-8")
    with pytest.raises(PageError, match=r"seeds\.toml"):
        read_page(path)


# Other people's bytes


def fault(read: Callable[[], object]) -> PageError | None:
    """The PageError that reading gives, if any; any other exception comes through."""
    try:
        read()
    except PageError as error:
        return error
    return None


def only_page_errors(text: str) -> None:
    error = fault(lambda: parse(text))
    if error is not None:
        assert error.hint
        assert 0 <= error.line <= text.count("\n") + 1
        return
    page, papers = parse(text)
    assert page.author
    assert papers
    assert all(paper.title and paper.authors and paper.abstract in text for paper in papers)


FRAGMENTS = st.sampled_from(
    [
        *(
            "\n",
            "\n\n",
            "\r",
            "\ufeff",
            "CVJan 24, 2023Code",
            "9.9LGFeb 30",
            "h-index9",
            "3 Papers",
            "5papers",
        ),
        *("Title", "Ada Lovelace", ", ", " et al.", " · ", "harvard", "An abstract.", "É", "$", "'", "-"),
        "99999999999999999999citations",
    ]
)


@settings(deadline=None)
@given(text=st.text())
def test_any_text(text: str) -> None:
    only_page_errors(text)


@settings(deadline=None, max_examples=at_least(300))
@given(parts=st.lists(FRAGMENTS, max_size=30))
def test_any_mix_of_a_page_s_parts(parts: list[str]) -> None:
    only_page_errors("".join(parts))


@settings(deadline=None, max_examples=at_least(150))
@given(text=st.sampled_from(SEED_TEXTS), data=st.data())
def test_any_cut_of_a_real_page(text: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    only_page_errors(text[start:end])
    only_page_errors(text[:start] + text[end:])


@settings(deadline=None, max_examples=at_least(100))
@given(text=st.sampled_from([PROFILE, DATED, MIXED]), data=st.data())
def test_any_change_of_lines(text: str, data: st.DataObject) -> None:
    lines = data.draw(st.permutations(text.splitlines()))
    only_page_errors("\n".join(lines[: data.draw(st.integers(0, len(lines)))]))


@settings(deadline=None, max_examples=at_least(100))
@given(data=st.binary(max_size=200), mark=st.sampled_from([b"", b"\xef\xbb\xbf", b"CVJan 1\n"]))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes, mark: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(mark + data)
    error = fault(lambda: read_page(path))
    assert error is None or error.hint


@pytest.mark.parametrize(
    "unit", ["A", "Aa ", "Aa, ", "aA", " · ", "(", "://", ").", " et al.", "CVJan 1\n", "1"]
)
def test_a_megabyte_of_one_thing(unit: str) -> None:
    many = unit * (1_000_000 // len(unit))
    only_page_errors(many)
    only_page_errors(f"CVJan 1\n{many}\n{many}\n")
    only_page_errors(f"h-index3\nCVJan 1\nTitle\n{many}\n{many}")
