"""Pages of others: every layout, every way to be broken, and only PageError comes out."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import pages
from rag.errors import PageError
from rag.pages import paper_id, parse_page, read_listings, read_page
from rag.types import Page, Paper, Profile

SEEDS = Path(__file__).parent.parent / "seeds"
SEED_TEXTS = [path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))]

PROFILE = """Ada Lovelace

CV
h-index7
2papers
1,069citations
Novelty53%
AI Score60

2 Papers

CVJan 24, 2023Code
First: A Title, with a Comma

Ada Lovelace, Charles Babbage et al. · london

The first abstract.

LGFeb 3
Second Title

Mary Somerville

The second abstract.
"""
DATED = """CVJan 24, 2023Code
First TitleAda Lovelace, Charles Babbage, Mary Somerville et al. · london, paris
The first abstract.
LGFeb 3
Second TitleAda Lovelace, Mary Somerville, Charles Babbage
The second abstract.
"""
MIXED = """First TitleAda Lovelace, Charles Babbage, Mary Somerville et al.
The first abstract.
12.8LGFeb 3, 2024
Second TitleAda Lovelace, Mary Somerville, Charles Babbage
The second abstract.
"""
LISTED = """[[page]]
file = "page.txt"
layout = "mixed"
author = "Mary Somerville"
author_inferred = true
crawl_year = 2020
sha256 = "{sha256}"
"""


def parse(text: str) -> tuple[Page, tuple[Paper, ...]]:
    return parse_page(text, seed="page.txt", crawl_year=2026)


def refused(text: str) -> tuple[int, str]:
    """Line and message of the refusal of `text`."""
    with pytest.raises(PageError) as caught:
        parse(text)
    assert caught.value.file == "page.txt"
    assert caught.value.hint
    return caught.value.line, caught.value.message


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
    abstract = "  Spaces,\ttabs,\u2028separators\x0band “quotes”.  "
    _, papers = parse(MIXED.replace("The first abstract.", abstract))
    assert papers[0].abstract == abstract


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


@pytest.mark.parametrize(
    ("line", "title", "authors"),
    [
        (
            "ReRAM-based Edge AIGeng Yuan, Yan Yan, Xu Dai et al.",
            "ReRAM-based Edge AI",
            "Geng Yuan; Yan Yan; Xu Dai",
        ),
        ("Deep NetsYann LeCun, Yan Yan, Xu Dai", "Deep Nets", "Yann LeCun; Yan Yan; Xu Dai"),
        ("Deep NetsYan Yan, Yann LeCun, Jane McDonald", "Deep Nets", "Yan Yan; Yann LeCun; Jane McDonald"),
        ("Deep NetsJane McDonald, Yann LeCun", "Deep Nets", "Jane McDonald; Yann LeCun"),
        ("Deep NetsYann LeCun Smith", "Deep Nets", "Yann LeCun Smith"),
        ("Deep NetsLudwig Kürzinger, Yan Yan", "Deep Nets", "Ludwig Kürzinger; Yan Yan"),
        ("Deep NetsÉric Dupont, Şen Öz", "Deep Nets", "Éric Dupont; Şen Öz"),
        ("Deep NetsE\u0301ric Dupont, Yan Yan", "Deep Nets", "E\u0301ric Dupont; Yan Yan"),
        ("Does It Work?Xuan Shen, Yan Yan", "Does It Work?", "Xuan Shen; Yan Yan"),
        ("Nets (OWL)Xuan Shen, Yan Yan", "Nets (OWL)", "Xuan Shen; Yan Yan"),
        ("Llama 3Xuan Shen, Yan Yan", "Llama 3", "Xuan Shen; Yan Yan"),
        ('On "Nets"Xuan Shen, Yan Yan', 'On "Nets"', "Xuan Shen; Yan Yan"),
        ("On 'Nets'Xuan Shen, Yan Yan", "On 'Nets'", "Xuan Shen; Yan Yan"),
        ("On $Δ$Xuan Shen, Yan Yan", "On $Δ$", "Xuan Shen; Yan Yan"),
        ("Nets on a MacXuan Shen, Yan Yan", "Nets on a Mac", "Xuan Shen; Yan Yan"),
        ("Deep NetsPin-Jie Lin, Miles O'Brien", "Deep Nets", "Pin-Jie Lin; Miles O'Brien"),
        ("Deep NetsD'Arcy O'Brien, Yan Yan", "Deep Nets", "D'Arcy O'Brien; Yan Yan"),
        ("Deep NetsNiccolo' Gentile, Yan Yan", "Deep Nets", "Niccolo' Gentile; Yan Yan"),
        ("Deep NetsJ.R. Smith, M. T. Jones", "Deep Nets", "J.R. Smith; M. T. Jones"),
        ("Deep NetsEdgar Ricardo Chavez Rosas", "Deep Nets", "Edgar Ricardo Chavez Rosas"),
        ("Deep NetsLaurens van der Maaten, Yan Yan", "Deep Nets", "Laurens van der Maaten; Yan Yan"),
        ("Deep NetsXuan Shen", "Deep Nets", "Xuan Shen"),
        ("Nets, Trees, and ForestsXuan Shen", "Nets, Trees, and Forests", "Xuan Shen"),
        ("Nets, Trees, and ForestsXuan Shen, Yan Yan", "Nets, Trees, and Forests", "Xuan Shen; Yan Yan"),
        (
            "Nets, Trees, and ForestsXuan Shen, Yan Yan, Xu Dai",
            "Nets, Trees, and Forests",
            "Xuan Shen; Yan Yan; Xu Dai",
        ),
        ("MobileNet Net, Quick TreesXuan Shen, Yan Yan", "MobileNet Net, Quick Trees", "Xuan Shen; Yan Yan"),
        ("Deep NetsXuan Shen, YuFeng Li, Yan Yan et al.", "Deep Nets", "Xuan Shen; YuFeng Li; Yan Yan"),
    ],
)
def test_glued_titles(line: str, title: str, authors: str) -> None:
    _, (paper,) = parse(f"CVJan 24, 2023\n{line}\nAn abstract.\n")
    assert (paper.title, "; ".join(paper.authors)) == (title, authors)


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
    found, message = refused(text)
    assert (found, words in message) == (line, True), message


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


@pytest.mark.parametrize(
    "text",
    [
        "page = 3",
        "page = [3]",
        "[[page]",
        "[[page]]\nfile = 'page.txt'",
        LISTED.replace("2020", '"2020"'),
        LISTED + "more = 1",
        "\udcff",
    ],
)
def test_a_broken_list_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, MIXED)
    (tmp_path / "seeds.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(PageError, match=r"seeds\.toml"):
        read_page(path)


def test_no_list_lists_nothing(tmp_path: Path) -> None:
    assert read_listings(tmp_path / "seeds.toml") == ()


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


@settings(deadline=None, max_examples=300)
@given(parts=st.lists(FRAGMENTS, max_size=30))
def test_any_mix_of_a_page_s_parts(parts: list[str]) -> None:
    only_page_errors("".join(parts))


@settings(deadline=None, max_examples=150)
@given(text=st.sampled_from(SEED_TEXTS), data=st.data())
def test_any_cut_of_a_real_page(text: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    only_page_errors(text[start:end])
    only_page_errors(text[:start] + text[end:])


@settings(deadline=None, max_examples=100)
@given(text=st.sampled_from([PROFILE, DATED, MIXED]), data=st.data())
def test_any_change_of_lines(text: str, data: st.DataObject) -> None:
    lines = data.draw(st.permutations(text.splitlines()))
    only_page_errors("\n".join(lines[: data.draw(st.integers(0, len(lines)))]))


@settings(deadline=None, max_examples=100)
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
