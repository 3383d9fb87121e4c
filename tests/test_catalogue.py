"""catalogue: counts as a reader would recount them, and nothing counted that is not understood."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from rag import catalogue
from rag.gazetteer import Gazetteer, build_gazetteer
from rag.library import Library
from rag.pages import read_page
from rag.renewal import seed_paths
from rag.shown import shown as readable
from rag.types import Answer, Page, Paper, Scope, Turn
from rag.understand import understand

Kept = Callable[[Paper], bool]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    opened = Library.open(tmp_path_factory.mktemp("catalogue") / "library.sqlite", create=True)
    with opened.writing():
        for path in seed_paths():
            opened.put_page(*read_page(path))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def gazetteer(library: Library) -> Gazetteer:
    return build_gazetteer(library.papers(), lambda word: False, crawl_year=2026)


def answered(question: str, library: Library, gazetteer: Gazetteer, history: Sequence[Turn] = ()) -> Answer:
    return catalogue.answer(question, understand(question, history, gazetteer), library=library)


def by(*names: str) -> Kept:
    """Owner of the page or printed."""
    return lambda paper: bool({*paper.authors, paper.page_author} & set(names))


def on(owner: str) -> Kept:
    return lambda paper: paper.page_author == owner


def printed(name: str) -> Kept:
    return lambda paper: name in paper.authors


def first(name: str) -> Kept:
    return lambda paper: paper.authors[0] == name


def of(*years: int) -> Kept:
    return lambda paper: paper.date is not None and paper.date.year in years


def within(start: str, end: str) -> Kept:
    return lambda paper: paper.date is not None and start <= paper.date.isoformat() <= end


def filed(*categories: str) -> Kept:
    return lambda paper: paper.category in categories


def code(paper: Paper) -> bool:
    return paper.has_code is True


def no_code(paper: Paper) -> bool:
    return paper.has_code is False


def anything(paper: Paper) -> bool:
    return True


def both(*kept: Kept) -> Kept:
    return lambda paper: all(one(paper) for one in kept)


def neither(kept: Kept) -> Kept:
    return lambda paper: not kept(paper)


def titled(word: str) -> Kept:
    """A word of the title, in the singular or the plural."""
    return lambda paper: re.search(rf"(?<!\w){word}s?(?!\w)", paper.title, re.I) is not None


COUNTS: dict[str, Kept] = {
    "total papers?": anything,
    "how big is this library": anything,
    "size of the collection?": anything,
    "how many papers r there": anything,
    "howmany papers hav code": code,
    "how many have no category": lambda paper: paper.category is None,
    "how many papers have a category": lambda paper: paper.category is not None,
    "how many papers print no affiliation": lambda paper: not paper.affiliations,
    "how many have code": code,
    "how many are by Lu Yin": by("Lu Yin"),
    "How many titles mention pruning?": titled("pruning"),
    "has Lu Yin worked with Shiwei Liu?": both(by("Lu Yin"), by("Shiwei Liu")),
    "I was wondering whether you could tell me how many papers Lujun Li published in 2024. Thanks!": (
        both(by("Lujun Li"), of(2024))
    ),
    "select count(*) from papers where year = 2024": of(2024),
    "select count(*) from papers where has_code = 0 and year in (2023, 2024)": both(no_code, of(2023, 2024)),
    "How many papers are there?": anything,
    "How many papers are on the shelf in total?": anything,
    "Can you tell me how many of the papers are listed here?": anything,
    "How many 2024 papers are there?": of(2024),
    "How many papers by Shiwei Liu?": by("Shiwei Liu"),
    "How many Shiwei Liu papers are in the library?": by("Shiwei Liu"),
    "how many papers did shiwei liu write": by("Shiwei Liu"),
    "how many papers are on Lujun Li's page?": on("Lujun Li"),
    "how many papers on Lujun Li's page are from 2025?": both(on("Lujun Li"), of(2025)),
    "how many of the papers on Zechun Liu's page are from 2026?": both(on("Zechun Liu"), of(2026)),
    "how many papers print Zechun Liu?": printed("Zechun Liu"),
    "how many papers by Zechun Liu": by("Zechun Liu"),
    "how many papers have Zechun Liu as first author?": first("Zechun Liu"),
    "how many first-author papers does Xuan Shen have": first("Xuan Shen"),
    "How many publications of Yuzhang Shang are listed?": by("Yuzhang Shang"),
    "How many papers appeared in 2023?": of(2023),
    "How many papers are from 2024 or from 2025?": of(2024, 2025),
    "How many papers are there from 1999?": of(1999),
    "How many papers come with code?": code,
    "How many papers come without code?": no_code,
    "How many papers do not have code?": no_code,
    "How many papers don't have code?": no_code,
    "how many papers have unknown code?": lambda paper: paper.has_code is None,
    "How many papers did Shiwei Liu publish in 2024?": both(by("Shiwei Liu"), of(2024)),
    "How many papers by Shiwei Liu from 2023 have code?": both(by("Shiwei Liu"), of(2023), code),
    "how many of Zechun Liu's 2023 papers have code?": both(by("Zechun Liu"), of(2023), code),
    "number of papers in category LG over all pages": filed("LG"),
    "how many eess.AS papers are there": filed("AS"),
    "how many computer vision papers by Lujun Li": both(filed("CV"), by("Lujun Li")),
    "how many CV or LG papers are on Xuan Shen's page": both(filed("CV", "LG"), on("Xuan Shen")),
    "how many papers are not in category LG": lambda paper: paper.category not in (None, "LG"),
    "How many papers are there since 2023?": within("2023-01-01", "9999"),
    "How many papers are there after 2023?": within("2024-01-01", "9999"),
    "How many papers are there before 2021?": within("0", "2020-12-31"),
    "How many papers are there until 2021?": within("0", "2021-12-31"),
    "How many papers are between 2022 and 2024?": within("2022-01-01", "2024-12-31"),
    "how many papers by Lu Yin before March 2024": both(by("Lu Yin"), within("0", "2024-02-29")),
    "how many papers since March 2024": within("2024-03-01", "9999"),
    "how many papers after March 2024": within("2024-04-01", "9999"),
    "How many papers appeared in January 2024?": within("2024-01-01", "2024-01-31"),
    "how many papers this year": of(2026),
    "how many papers last year with code": both(of(2025), code),
    "How many papers are not from 2024?": lambda paper: paper.date is not None and paper.date.year != 2024,
    "How many papers other than those from 2024 are there?": (
        lambda paper: paper.date is not None and paper.date.year != 2024
    ),
    "How many papers are dated?": lambda paper: paper.date is not None,
    "How many papers carry no date?": lambda paper: paper.date is None,
    "How many papers did Shiwei Liu write without Lu Yin?": both(by("Shiwei Liu"), neither(by("Lu Yin"))),
    "how many papers by Lujun Li but not Peijie Dong": both(by("Lujun Li"), neither(by("Peijie Dong"))),
    "How many papers were written by both Shiwei Liu and Lu Yin?": both(by("Shiwei Liu"), by("Lu Yin")),
    "How many papers did Shiwei Liu write together with Lu Yin?": both(by("Shiwei Liu"), by("Lu Yin")),
    "how often did Zhenglun Kong and Peiyan Dong publish together?": both(
        by("Zhenglun Kong"), by("Peiyan Dong")
    ),
    "how many papers by Lu Yin or Peijie Dong in 2024": both(by("Lu Yin", "Peijie Dong"), of(2024)),
    "how many papers from harvard": lambda paper: "harvard" in paper.affiliations,
    "how many Meta AI papers since 2023": both(
        lambda paper: "meta-ai" in paper.affiliations, within("2023-01-01", "9999")
    ),
    "how many papers on page 003 from 2024": both(lambda paper: paper.seed.startswith("003"), of(2024)),
    "how many papers by zechun lui in 2022": both(by("Zechun Liu"), of(2022)),
    "how many papers by shang since 2024": both(by("Yuzhang Shang"), within("2024-01-01", "9999")),
    "how many papers by L. Yin": by("Lu Yin"),
    "how many lujun lis papers": by("Lujun Li"),
    "how many papers by Shih-yang Liu": by("Shih-yang Liu", "Shih-Yang Liu"),
}


@pytest.mark.parametrize("question", COUNTS)
def test_a_count_is_what_recounting_gives(question: str, library: Library, gazetteer: Gazetteer) -> None:
    answer = answered(question, library, gazetteer)
    expected = [paper for paper in library.papers() if COUNTS[question](paper)]
    assert (answer.status, answer.kind) == ("answered", "catalogue")
    assert answer.text.startswith(f"{len(expected)} paper{'s' * (len(expected) != 1)} on this shelf")
    assert f"{len(expected)} of " in answer.text
    assert [citation.paper for citation in answer.citations] == expected
    assert [citation.number for citation in answer.citations] == list(range(1, len(expected) + 1))
    (claim,) = answer.claims
    assert (claim.support, claim.text, claim.span) == ("computed", answer.text, None)
    assert claim.citations == tuple(range(1, len(expected) + 1))


LISTS: dict[str, Kept] = {
    "Is there a paper from 2019 on the shelf?": of(2019),
    "PAPERS WITHOUT DATE": lambda paper: paper.date is None,
    "papers from 2024 on": within("2024-01-01", "9999"),
    "papers 2023 up": within("2023-01-01", "9999"),
    "Lu Yin 2023": both(by("Lu Yin"), of(2023)),
    "Xuan Shen 2025": both(by("Xuan Shen"), of(2025)),
    "zechun liu, 2023, no code": both(by("Zechun Liu"), of(2023), no_code),
    "zechun liu papers cv": both(by("Zechun Liu"), filed("CV")),
    "papers lu yin 2024 code": both(by("Lu Yin"), of(2024), code),
    "papres by lu yin wihtout code": both(by("Lu Yin"), no_code),
    "papers by someone named Kong": by("Zhenglun Kong"),
    "papers with Zechun Liu as an author": by("Zechun Liu"),
    "papers by Lu Yin besides the ones with Shiwei Liu": both(by("Lu Yin"), neither(by("Shiwei Liu"))),
    "where is Peijie Dong first author?": first("Peijie Dong"),
    "of Xuan Shen's papers, which ones don't have code?": both(by("Xuan Shen"), no_code),
    "everything except 2024": lambda paper: paper.date is not None and paper.date.year != 2024,
    "what came out in june 2026": within("2026-06-01", "2026-06-30"),
    "papers from the first half of 2025 by Lujun Li": both(
        by("Lujun Li"), within("2025-01-01", "2025-06-30")
    ),
    "papers since Q3 2025": within("2025-07-01", "9999"),
    'show me titles with the word "sparse"': titled("sparse"),
    "what papers mention Transformers in the title": titled("transformer"),
    "titles containing 'binary' by Zechun Liu": both(by("Zechun Liu"), titled("binary")),
    "uncategorised papers": lambda paper: paper.category is None,
    "SELECT title FROM papers WHERE year = 2023 AND has_code = 1": both(of(2023), code),
    "select * from papers where author = 'Lu Yin' and year > 2023;": both(
        by("Lu Yin"), within("2024", "9999")
    ),
    "Which papers have Zimian Wei as first author?": first("Zimian Wei"),
    "Which papers from 2021 are on Lu Yin's page?": both(of(2021), on("Lu Yin")),
    "which 2022 papers of zechun liu come with code": both(of(2022), by("Zechun Liu"), code),
    "papers with Zhihang Yuan as 1st author?": first("Zhihang Yuan"),
    "papers by Lujun Li": by("Lujun Li"),
    "what did Geng Yuan publish in 2020": both(by("Geng Yuan"), of(2020)),
    "list the papers of 2019": of(2019),
    "undated papers": lambda paper: paper.date is None,
    "papers between 2021 and 2022 on Zechun Liu's page without code": both(
        on("Zechun Liu"), of(2021, 2022), no_code
    ),
    "which papers are in RO": filed("RO"),
    "is there any paper by Eric Xing?": by("Eric Xing"),
    "papers dated 2025-05-17": within("2025-05-17", "2025-05-17"),
    "joint papers of Lu Yin and Tianjin Huang": both(by("Lu Yin"), by("Tianjin Huang")),
}


@pytest.mark.parametrize("question", LISTS)
def test_a_list_holds_what_it_should(question: str, library: Library, gazetteer: Gazetteer) -> None:
    answer = answered(question, library, gazetteer)
    expected = [paper for paper in library.papers() if LISTS[question](paper)]
    assert expected
    assert [citation.paper for citation in answer.citations] == expected
    shown = [claim.text for claim in answer.claims[1:]]
    assert [readable(paper.title) in text for paper, text in zip(expected, shown, strict=False)] == [
        True
    ] * len(shown)
    assert len(shown) == min(len(expected), catalogue.MOST_SHOWN)
    assert ("more." in answer.text.rsplit("\n", 1)[-1]) == (len(expected) > catalogue.MOST_SHOWN)


def figures(text: str) -> dict[str, int]:
    """`a name: 3; another: 2.` -> a mapping, out of the statement before "Counted"."""
    listed = text.partition(" Counted")[0]
    listed = re.sub(r"^(?:\d+ [\w -]+?\.|The [^:;]+:) ", "", listed)
    return {name.strip(): int(count) for name, count in re.findall(r"([^:;]+): (\d+)", listed)}


def test_papers_by_year_sum_up(library: Library, gazetteer: Gazetteer) -> None:
    answer = answered("timeline of Lujun Li's papers", library, gazetteer)
    expected = Counter(str(p.date.year) for p in library.papers() if by("Lujun Li")(p) and p.date)
    assert figures(answer.text) == dict(expected)


@pytest.mark.parametrize(
    ("question", "kept", "years"),
    [
        ("which year has the most papers?", anything, ["2025"]),
        ("in which year did Zechun Liu publish most?", by("Zechun Liu"), None),
        ("which was Lujun Li's most productive year", by("Lujun Li"), ["2025"]),
    ],
)
def test_the_best_year(
    question: str, kept: Kept, years: list[str] | None, library: Library, gazetteer: Gazetteer
) -> None:
    counts = Counter(str(paper.date.year) for paper in library.papers() if kept(paper) and paper.date)
    best = {year: count for year, count in counts.items() if count == max(counts.values())}
    assert figures(answered(question, library, gazetteer).text) == best
    assert years is None or sorted(best) == years


def test_papers_per_category_sum_up(library: Library, gazetteer: Gazetteer) -> None:
    text = answered("how many papers in each category in 2025", library, gazetteer).text
    expected = Counter(paper.category for paper in library.papers() if of(2025)(paper))
    assert {name.split()[0]: count for name, count in figures(text).items()} == dict(expected)


@pytest.mark.parametrize(
    ("question", "kept", "first_alone"),
    [
        ("who published most?", anything, False),
        ("who has the most papers with code?", code, False),
        ("which author has the most CL papers since 2023", both(filed("CL"), within("2023", "9999")), False),
        ("who is first author most often?", anything, True),
        ("most prolific author on Xuan Shen's page", on("Xuan Shen"), False),
    ],
)
def test_the_most_printed_author(
    question: str, kept: Kept, first_alone: bool, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    counts = Counter(
        name
        for paper in library.papers()
        if kept(paper)
        for name in (paper.authors[:1] if first_alone else paper.authors)
    )
    most = max(counts.values())
    assert figures(answer.text) == {name: count for name, count in counts.items() if count == most}
    assert len(answer.citations) >= most


@pytest.mark.parametrize(
    ("question", "name", "besides", "most"),
    [
        ("Who are the co-authors of Shiwei Liu?", "Shiwei Liu", (), None),
        ("most frequent co-author of Lu Yin", "Lu Yin", (), 1),
        ("most frequent co-author of Lu Yin besides Shiwei Liu", "Lu Yin", ("Shiwei Liu",), 1),
        ("top 3 co-authors of Zechun Liu", "Zechun Liu", (), 3),
        ("with whom did Peijie Dong publish most?", "Peijie Dong", (), 1),
    ],
)
def test_co_authors_are_counted(
    question: str, name: str, besides: Sequence[str], most: int | None, library: Library, gazetteer: Gazetteer
) -> None:
    counts = Counter(
        author
        for paper in library.papers()
        if by(name)(paper)
        for author in paper.authors
        if author not in (name, *besides)
    )
    least = sorted(counts.values(), reverse=True)[(most or len(counts)) - 1]
    expected = {author: count for author, count in counts.items() if count >= least}
    found = figures(answered(question, library, gazetteer).text)
    found.pop("and 1 more", None)
    assert found.items() <= expected.items()
    assert len(found) == min(len(expected), catalogue.MOST_SHOWN)


@pytest.mark.parametrize(
    ("question", "kept", "latest", "most"),
    [
        ("oldest paper of Xuan Shen's page, title and year", on("Xuan Shen"), False, 1),
        ("newest paper with code by Zechun Liu", both(by("Zechun Liu"), code), True, 1),
        ("three oldest papers", anything, False, 3),
        ("when was Lu Yin's first paper published?", by("Lu Yin"), False, 1),
        ("what is the latest paper by Yuzhang Shang", by("Yuzhang Shang"), True, 1),
        ("earliest CV paper", filed("CV"), False, 1),
    ],
)
def test_first_and_last(
    question: str, kept: Kept, latest: bool, most: int, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    days = sorted((p.date for p in library.papers() if kept(p) and p.date), reverse=latest)[:most]
    assert sorted((c.paper.date or date.min for c in answer.citations), reverse=latest)[:most] == days
    assert all(kept(citation.paper) and citation.paper.title in answer.text for citation in answer.citations)
    assert str(days[0].year) in answer.text


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (
            "who has more papers in 2024, Lu Yin or Zechun Liu?",
            both(by("Lu Yin"), of(2024)),
            both(by("Zechun Liu"), of(2024)),
        ),
        ("does Geng Yuan have fewer papers than Zhenglun Kong?", by("Geng Yuan"), by("Zhenglun Kong")),
        ("how many more papers has Zechun Liu than Lujun Li", by("Zechun Liu"), by("Lujun Li")),
        (
            "who published more with code, Lu Yin or Lujun Li",
            both(by("Lu Yin"), code),
            both(by("Lujun Li"), code),
        ),
    ],
)
def test_two_authors_are_compared(
    question: str, one: Kept, other: Kept, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    sizes = [sum(map(kept, library.papers())) for kept in (one, other)]
    assert all(f"{size} paper" in claim.text for size, claim in zip(sizes, answer.claims[1:], strict=True))
    assert f"a difference of {abs(sizes[0] - sizes[1])}" in answer.claims[0].text


@pytest.mark.parametrize(
    ("question", "whole", "part"),
    [
        ("what share of papers on Zechun Liu's page come with code?", on("Zechun Liu"), code),
        ("how much of Lu Yin's work is from 2025", by("Lu Yin"), of(2025)),
        ("what percentage of the 2024 papers are in category LG", of(2024), filed("LG")),
        ("what fraction of papers by Lu Yin have Lu Yin as first author", by("Lu Yin"), first("Lu Yin")),
    ],
)
def test_a_share_is_a_part_of_a_whole(
    question: str, whole: Kept, part: Kept, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    of_whole = [paper for paper in library.papers() if whole(paper)]
    of_part = [paper for paper in of_whole if part(paper)]
    percent = round(100 * len(of_part) / len(of_whole))
    assert answer.text.startswith(f"{len(of_part)} of {len(of_whole)} papers ({percent} %).")
    assert [citation.paper for citation in answer.citations] == of_part


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is the h-index of Lu Yin?", "Lu Yin's page states an h-index of 49."),
        ("how often has Lu Yin been cited acording to the page", "1069 citations"),
        ("who has the highest h-index?", "Lu Yin, with an h-index of 49. 2 of the 5 pages state none."),
        ("which page owner has the fewest citations", "Lowest: Lujun Li, with 813 citations."),
        ("does Zechun Liu have more citations than Lu Yin?", "Highest: Zechun Liu, with 6533 citations."),
        ("how many papers does Lu Yin's page state", "Lu Yin's page states 70 papers and lists 50."),
        ("h-index of Xuan Shen", "Xuan Shen's page states no h-index; its owner is inferred, too."),
        ("whose pages are on the shelf", "5 author pages: Lujun Li (38 papers)"),
        (
            "Zhenyu Zhang turns up on the pages of two different people. Whose pages are they?",
            "Lu Yin's page: 3 papers; Zechun Liu's page: 3 papers.",
        ),
        (
            "How many papers carry no date, and on whose page do they sit?",
            "Listed on Yuzhang Shang’s page (15).",
        ),
        ("which affiliations are printed", "harvard: 14"),
        ("how many authors are there", "268 printed authors."),
        ("which page has the most papers?", "Lu Yin's page: 50 papers; Zechun Liu's page: 50 papers."),
    ],
)
def test_pages_and_profiles(question: str, said: str, library: Library, gazetteer: Gazetteer) -> None:
    answer = answered(question, library, gazetteer)
    assert answer.status == "answered"
    assert said in answer.text


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many papers by Shiwei Liu?", "at most three names"),
        ("How many papers are from 2024?", "15 more print no date and are not counted"),
        ("papers without code since 2023", "15 more print no date or no word on code and are not counted"),
        ("how many CV papers", "15 more print no category and are not counted"),
        ("How many papers are on Xuan Shen's page?", "is not printed on it; the name is inferred"),
        ("How many papers are on Lu Yin's page?", "states 70 papers and lists 50"),
        ("how many papers by Zechun Liu", "which lists 50 of them; 28 print the name"),
        ("how many papers from harvard", "more print no affiliation"),
        ("three oldest papers", "15 of them print no date"),
        ("papers per year", "15 more print no date"),
        ("who published most", "Lu Yin's page: 50"),
        ("papers by Zechun Liu and Lu Yin", "Of at least one of them: 100 papers."),
    ],
)
def test_what_cannot_be_known_is_said(
    question: str, said: str, library: Library, gazetteer: Gazetteer
) -> None:
    assert said in answered(question, library, gazetteer).text


def test_a_first_author_is_never_cut(library: Library, gazetteer: Gazetteer) -> None:
    assert "et al.” is not seen" not in answered("papers first-authored by Lu Yin", library, gazetteer).text


def test_the_count_says_how_it_was_counted(library: Library, gazetteer: Gazetteer) -> None:
    answer = answered("how many papers on Zechun Liu's page from 2023 have code?", library, gazetteer)
    assert "Counted: Zechun Liu's page · 2023 · marked with code · 4 of 50." in answer.text
    assert "Zechun Liu's page · 2023 · marked with code" in answer.understood_as


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many papers by Albert Einstein?", "No author “Albert Einstein” is on this shelf."),
        ("papers by Lujun Lee", "The nearest names are Lujun Li."),
        ("how many papers by Yang Liu", "The nearest names are Yang Li"),
        ("How many papers by Liu?", "“liu” may be Zechun Liu, Shiwei Liu"),
        ("how many papers in 3024", "can be dated 3024: its pages were fetched in 2026"),
        ("how many papers in 20244", "20244 is no year"),
        ("2025 papers from 2023", "No paper is from 2025 and from 2023 at once"),
        ("papers between 2024 and 2021", "No time lies between 2024 and 2021"),
        ("papers with code and without code", "both with and without code"),
        ("How many papers are on Shiwei Liu's page?", "Shiwei Liu has no page on this shelf"),
        ("h-index of Shiwei Liu", "Shiwei Liu has no page on this shelf"),
    ],
)
def test_what_cannot_be_counted_says_why(
    question: str, said: str, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    assert answer.status == "not_found"
    assert said in answer.text
    assert (answer.claims, answer.citations) == ((), ())


def test_an_empty_result_names_the_nearest_one(library: Library, gazetteer: Gazetteer) -> None:
    answer = answered("papers by Lu Yin in 2019", library, gazetteer)
    assert answer.text.startswith("0 papers on this shelf.")
    assert "Nearest: page of, or printed with, Lu Yin, 50 papers." in answer.text
    assert "dated 2019 to 2026" in answered("how many papers in 1999", library, gazetteer).text


def test_those_are_the_papers_of_the_last_answer(library: Library, gazetteer: Gazetteer) -> None:
    before = answered("papers by Lujun Li in 2025", library, gazetteer)
    answer = answered("how many of those have code?", library, gazetteer, [before.turn()])
    expected = [citation.paper for citation in before.citations if citation.paper.has_code]
    assert [citation.paper for citation in answer.citations] == expected
    assert f"{len(expected)} of {len(before.citations)}" in answer.text


def test_every_author_of_the_shelf_is_counted_right(library: Library, gazetteer: Gazetteer) -> None:
    papers = library.papers()
    for name in {author for paper in papers for author in (*paper.authors, paper.page_author)}:
        answer = answered(f"How many papers by {name}?", library, gazetteer)
        expected = [
            paper
            for paper in papers
            if name.lower() in (author.lower() for author in (*paper.authors, paper.page_author))
        ]
        assert [citation.paper for citation in answer.citations] == expected, name


@pytest.mark.parametrize(
    "question",
    [
        "How many papers are about pruning?",
        "How many papers cite OWL?",
        "How many papers has each author?",
        "How many papers by anyone younger than Shiwei Liu are there?",
        "How many authors wrote papers with Lu Yin?",
        "Which paper has the highest h-index?",
        "How many papers are shorter than ten pages?",
        "How many papers have open source datasets?",
        "How many papers do we know the code of?",
        "How many pages do the papers have?",
        "How many seeds hold papers?",
        "Tell me how many papers Shiwei Liu wrote and how many Lu Yin did not.",
        "How many papers does Lu Yin have in 2024 and Zechun Liu in 2023?",
        "papers by Lu Yin or with code",
        "papers by Zechun Liu without Lu Yin as first author",
        "how many papers in January or February 2024",
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


def test_a_paper_on_two_pages_is_listed_on_both(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A page lists a paper whose first listing is another page's."""
    opened = Library.open(tmp_path_factory.mktemp("shared") / "library.sqlite", create=True)
    one, papers = read_page(seed_paths()[0])
    other, _ = read_page(seed_paths()[1])
    shared: Page = replace(other, author="Ada Byron")
    with opened.writing():
        opened.put_page(one, papers)
        opened.put_page(shared, [replace(papers[3], seed=shared.seed, index=0, page_author="Ada Byron")])
    found = opened.papers(Scope(owners=("Ada Byron",)))
    gazetteer = build_gazetteer(opened.papers(), lambda word: False)
    assert [paper.id for paper in found] == [papers[3].id]
    text = answered("how many papers are on Lujun Li's page?", opened, gazetteer).text
    assert text.startswith("38 papers on this shelf")
    opened.close()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("anything from NeurIPS?", "print no venue"),
        ("how many pruning papers at ICML", "print no venue"),
        ("papers with more than three authors", "at most three names a paper"),
        ("How many papers by one author are there?", "at most three names a paper"),
        ("most cited paper", "not those of a paper"),
        ("how often has OWL been cited?", "not those of a paper"),
        ("what was published last month", "not the day, so it cannot count back"),
        ("papers from the last two years", "not the day, so it cannot count back"),
        ("papers in early 2024", "no exact start and end"),
        ("select max(date) from papers", "No SQL is run here"),
        ("select * from papers where year = 2023 or 1=1", "No SQL is run here"),
    ],
)
def test_what_no_listing_prints_is_said_to_be_unknown(
    question: str, said: str, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    assert (answer.status, answer.claims) == ("not_found", ())
    assert said in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "is the newest paper by Lu Yin",
        "does the oldest paper have code",
        "which of the 3 oldest papers has code",
        "how many papers does the most frequent co-author of Lu Yin have",
        "papers on Lu Yin's page but by Shiwei Liu",
        "how many papers have a code name",
        "papers with neither code nor date",
        "who are the authors on more than 10 papers",
    ],
)
def test_what_has_another_sense_is_not_counted(question: str, library: Library, gazetteer: Gazetteer) -> None:
    assert answered(question, library, gazetteer).status == "not_found"


@pytest.mark.parametrize(
    ("question", "first_said", "sizes"),
    [
        ("are there more CV or LG papers", "LG (machine learning) has the most", (filed("CV"), filed("LG"))),
        ("LG vs CV: which has more papers", "LG (machine learning) has the most", (filed("LG"), filed("CV"))),
        ("were there more papers in 2023 or in 2024?", "2024 has the most papers", (of(2023), of(2024))),
        ("how many LG papers have code vs not", "marked without code has the most", (
            both(filed("LG"), code), both(filed("LG"), no_code))),
        ("more papers by Lu Yin in 2024 or 2025?", "2025 has the most papers", (
            both(by("Lu Yin"), of(2024)), both(by("Lu Yin"), of(2025)))),
    ],
)  # fmt: skip
def test_years_and_categories_are_set_against_each_other(
    question: str, first_said: str, sizes: tuple[Kept, ...], library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    assert answer.text.startswith(first_said)
    counted = [sum(map(kept, library.papers())) for kept in sizes]
    assert [len(claim.citations) for claim in answer.claims[1:]] == counted


def test_papers_by_month_sum_up(library: Library, gazetteer: Gazetteer) -> None:
    answer = answered("which months of 2024 had papers by Zechun Liu", library, gazetteer)
    kept = [p for p in library.papers() if by("Zechun Liu")(p) and of(2024)(p)]
    assert figures(answer.text) == dict(Counter(f"{p.date:%B %Y}" for p in kept))


def test_the_average_is_over_all_years_from_the_first_to_the_last(
    library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered("average number of papers per year by Lu Yin", library, gazetteer)
    years = [p.date.year for p in library.papers() if by("Lu Yin")(p) and p.date]
    span = max(years) - min(years) + 1
    assert answer.text.startswith(
        f"{len(years) / span:.1f} papers a year: {len(years)} papers in the {span} years"
    )


def test_a_list_is_told_in_the_order_asked_for(library: Library, gazetteer: Gazetteer) -> None:
    answer = answered("Lujun Li's papers, newest first", library, gazetteer)
    dates = [citation.paper.date for citation in answer.citations]
    assert dates == sorted(dates, key=str, reverse=True)
    assert len(dates) == sum(map(by("Lujun Li"), library.papers()))


def test_so_many_are_shown_as_are_asked_for(library: Library, gazetteer: Gazetteer) -> None:
    answer = answered("name 3 papers by Lu Yin", library, gazetteer)
    assert len(answer.claims) == 1 + 3
    assert len(answer.citations) == sum(map(by("Lu Yin"), library.papers()))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("does PB-LLM have code?", "Its listing does not say (marked with code)."),
        ("does OWL have code?", "Yes (marked with code)."),
        ("is OWL by Lu Yin?", "Yes (page of, or printed with, Lu Yin)."),
        ("is Lujun Li an author of OWL?", "Not as far as its listing prints"),
        ("is Lujun Li the first author of OWL?", "No (first author Lujun Li)."),
        ("Is LazyDiT from 2024?", "Yes (2024)."),
        ("is OWL older than 2023?", "No (until 31 December 2022)."),
        ("is PB-LLM from 2023", "Its listing does not say (2023)."),
        ("is OWL a CV paper", "No (category CV (computer vision))."),
        ("what category is LazyDiT in", "is in category LG (machine learning)."),
        ("on whose page is LazyDiT?", "is listed on Xuan Shen's page."),
        ("affiliatons of LazyDiT", "prints no affiliation."),
        ("score of OWL", "prints no score."),
        ("who's the last author of OWL", "is not known: its listing cuts the names"),
    ],
)
def test_a_record_is_told_and_checked(
    question: str, said: str, library: Library, gazetteer: Gazetteer
) -> None:
    answer = answered(question, library, gazetteer)
    assert said in answer.text
    assert len(answer.citations) == 1


@pytest.mark.parametrize(
    "wording",
    [
        "how many {filed} papers {by} {when} {code}",
        "list {filed} papers {code} {by} {when}",
        "{filed} papers {when} {by} {code}",
        "are there {filed} papers {when} {code} {by} on the shelf?",
    ],
)
def test_filters_are_read_in_any_order(wording: str, library: Library, gazetteer: Gazetteer) -> None:
    people = {"": anything, "by Lu Yin": by("Lu Yin"), "by Shiwei Liu": by("Shiwei Liu")}
    times = {
        "in 2023": of(2023), "since 2024": within("2024", "9999"), "from 2024 on": within("2024", "9999"),
        "before 2022": within("0", "2021-12-31"), "after 2024": within("2025", "9999"),
        "not from 2025": lambda paper: paper.date is not None and paper.date.year != 2025,
    }  # fmt: skip
    marks = {"": anything, "with code": code, "without code": no_code}
    for (who, by_whom), (when, then), (mark, marked), category in product(
        people.items(), times.items(), marks.items(), ("", "LG")
    ):
        question = " ".join(wording.format(filed=category, by=who, when=when, code=mark).split())
        kept = both(by_whom, then, marked, filed(category) if category else anything)
        answer = answered(question, library, gazetteer)
        assert answer.status == "answered", question
        cited = [citation.paper for citation in answer.citations]
        assert cited == list(filter(kept, library.papers())), question
