"""shelf: papers in order, what a page states apart from what is counted, a plot that sums up."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from fakes import make_page, make_paper
from hypothesis import given
from hypothesis import strategies as st
from test_render import HOSTILE, Shown

from rag.types import Profile
from ui import shelf
from ui.sources import bibtex, citation_text

OLD = make_paper("Beta owls", published=date(2019, 1, 1), has_code=None)
NEW = make_paper("alpha $\\Delta$", published=date(2021, 6, 1), has_code=True)
UNDATED = make_paper("Gamma", published=None, has_code=False)
PAGE, PAPERS = make_page(
    OLD, NEW, UNDATED, profile=Profile(h_index=12, stated_papers=1730, novelty=0), author="Lu Yin"
)


@pytest.mark.parametrize(
    ("sort", "titles"),
    [
        ("newest", [NEW.title, OLD.title, UNDATED.title]),
        ("oldest", [OLD.title, NEW.title, UNDATED.title]),
        ("title", [NEW.title, OLD.title, UNDATED.title]),
        ("page", [NEW.title, OLD.title, UNDATED.title]),
    ],
)
def test_in_order(sort: str, titles: list[str]) -> None:
    assert [paper.title for paper in shelf.in_order(PAPERS, sort)] == titles


@pytest.mark.parametrize(("words", "count"), [("", 3), ("OWLS beta", 1), ("yin", 3), ("lg", 3), ("<b>", 0)])
def test_find(words: str, count: int) -> None:
    assert len(shelf.find(PAPERS, words)) == count


def test_the_plot_sums_up_and_shows_empty_years() -> None:
    plot = shelf.render_plot([PAGE], PAPERS)
    assert 'aria-label="Papers by year. 2019: 1; 2020: 0; 2021: 1; undated: 1."' in plot
    assert plot.count("<rect") == 3
    tops = [float(top) for top in re.findall(r'<rect[^>]* y="([0-9.]+)"', plot)]
    assert all(0 <= top <= shelf.PLOT_HEIGHT for top in tops)
    assert shelf.render_plot([PAGE], ()) == ""


def test_the_bars_of_a_year_fill_its_sum() -> None:
    other, more = make_page(replace(NEW, id="x"), replace(NEW, id="y"), author="Ada Byron", seed="b.txt")
    plot = shelf.render_plot([PAGE, other], [*PAPERS, *more])
    heights = [float(height) for height in re.findall(r'height="([0-9.]+)"', plot)]
    assert heights[1] * 2 == pytest.approx(heights[2], abs=0.2)  # one of Lu Yin's in 2021, two of Ada Byron's


def test_a_profile_keeps_stated_and_counted_apart() -> None:
    stated, counted = Shown(shelf.render_profile(PAGE, PAPERS)).text.split("Counted here")
    assert "h-index12" in stated
    assert "papers1,730" in stated
    assert "novelty0 %" in stated
    assert "citations" not in stated
    assert "papers3" in counted
    assert "with code1 of 2" in counted
    assert "2019–2021" in counted


def test_an_inferred_owner_is_said_to_be_so() -> None:
    assert "inferred" in shelf.render_profile(replace(PAGE, author_inferred=True, profile=Profile()), ())
    assert "inferred" not in shelf.render_profile(PAGE, ())


def test_a_shelf_that_is_not_open_says_so() -> None:
    assert "not open yet" in shelf.render_shelf(shelf.Shown((), ()))


def test_a_long_shelf_is_cut_and_says_so() -> None:
    many = [replace(OLD, id=f"{number}") for number in range(shelf.MOST_ROWS + 1)]
    page = shelf.render_shelf(shelf.Shown((PAGE,), tuple(many)))
    assert page.count('class="listed"') == shelf.MOST_ROWS
    assert f"the first {shelf.MOST_ROWS} are listed" in page


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_papers_stay_text(text: str) -> None:
    page, papers = make_page(make_paper(text, text, authors=(text,), category=text), author=text)
    shown = Shown(shelf.render_shelf(shelf.Shown((page,), papers, words="")))
    assert {"script", "img", "a", "b"}.isdisjoint(shown.tags)
    assert not {"src", "href", "onerror", "onclick", "onmouseover"} & shown.attributes


@given(st.text(min_size=1), st.text())
def test_any_text_keeps_the_shelf_whole(title: str, words: str) -> None:
    page, papers = make_page(make_paper(title, words or "x"), author=title)
    Shown(shelf.render_shelf(shelf.Shown((page,), papers, words=words)))


def test_what_is_copied_is_a_citation() -> None:
    assert citation_text(OLD) == "Lu Yin, You Wu. Beta owls. 1 January 2019."
    assert citation_text(replace(UNDATED, title="Why?", et_al=True)) == "Lu Yin, You Wu et al. Why? undated."
    assert "abstract" not in bibtex(OLD)
