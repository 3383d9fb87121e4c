"""tally: papers are counted by author, year and category, and ties are kept."""

from __future__ import annotations

from datetime import date

from fakes import make_paper

from rag.tally import all_papers, by_author, by_category, by_year, count_unknown, extremes, top

ONE = make_paper("One", authors=("Ada", "Bob"), published=date(2023, 1, 1))
TWO = make_paper("Two", authors=("Bob", "Cid"), published=date(2024, 1, 1), category="CV")
THREE = make_paper("Three", authors=("BOB", "Cid"), published=None, category=None)
PAPERS = [ONE, TWO, THREE]


def test_authors_are_counted_in_any_spelling_once_a_paper() -> None:
    assert {name: len(papers) for name, papers in by_author(PAPERS).items()} == {"Bob": 3, "Cid": 2, "Ada": 1}
    assert list(by_author(PAPERS, first=True)) == ["Bob", "Ada"]
    assert list(by_author(PAPERS, besides=["bob"])) == ["Cid", "Ada"]


def test_what_is_not_printed_is_in_no_group() -> None:
    assert by_year(PAPERS) == {"2023": (ONE,), "2024": (TWO,)}
    assert by_category(PAPERS) == {"CV": (TWO,), "LG": (ONE,)}
    assert count_unknown(PAPERS, lambda paper: paper.date) == 1


def test_ties_are_kept() -> None:
    assert list(top(by_category(PAPERS), 1)) == ["CV", "LG"]
    assert list(top(by_author(PAPERS), 1, fewest=True)) == ["Ada"]
    assert top({}, 1) == {}
    same_day = make_paper("Four", published=date(2024, 1, 1))
    assert set(extremes([*PAPERS, same_day], most=1, latest=True)) == {TWO, same_day}
    assert extremes(PAPERS, most=5, latest=False) == (ONE, TWO)
    assert extremes([THREE], most=1, latest=False) == ()


def test_all_papers_are_told_once() -> None:
    assert set(all_papers(by_author(PAPERS))) == set(PAPERS)
    assert len(all_papers(by_author(PAPERS))) == 3
