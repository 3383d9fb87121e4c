"""Where a title ends and its authors begin, and what a line of authors holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.bylines import MOST_GLUED_AUTHORS, Byline, read_byline, split_glued


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
    split = split_glued(line)
    assert split
    found, byline = split
    assert (found, "; ".join(byline.authors)) == (title, authors)
    assert byline.et_al == line.endswith("et al.")


@pytest.mark.parametrize(
    "line",
    ["", "Deep Nets", "Deep nets", "Deep Netsxuan shen", "Xuan Shen", "Xuan Shen, Yan Yan", "An abstract."],
)
def test_lines_that_are_no_glued_titles(line: str) -> None:
    assert split_glued(line) is None


@pytest.mark.parametrize(
    ("line", "byline"),
    [
        ("Xuan Shen", Byline(("Xuan Shen",), False, ())),
        ("Xuan Shen, Yan Yan", Byline(("Xuan Shen", "Yan Yan"), False, ())),
        ("Xuan Shen,  Yan Yan et al.", Byline(("Xuan Shen", "Yan Yan"), True, ())),
        ("Xuan Shen · harvard", Byline(("Xuan Shen",), False, ("harvard",))),
        ("Xuan Shen et al. · harvard, meta-ai", Byline(("Xuan Shen",), True, ("harvard", "meta-ai"))),
        ("Xuan Shen et al. · Harvard, ", Byline(("Xuan Shen",), True, ("Harvard",))),
    ],
)
def test_bylines(line: str, byline: Byline) -> None:
    assert read_byline(line) == byline


@pytest.mark.parametrize("line", ["", " et al.", "Mary, , Somerville", "Xuan Shen,", "A long sentence " * 9])
def test_lines_that_are_no_bylines(line: str) -> None:
    assert read_byline(line) is None


PIECES = [
    "A",
    "a",
    "é",
    "Xuan Shen",
    "Yann LeCun",
    "Nets",
    " ",
    ", ",
    "-",
    "'",
    ".",
    " et al.",
    " · ",
    "pku",
    "·",
]


@given(text=st.text() | st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_a_split_invents_nothing(text: str) -> None:
    """Title and names, put together again, begin the line."""
    split = split_glued(text)
    if split is None:
        return
    title, byline = split
    rest = text.removeprefix(title).lstrip()
    assert title
    assert text.startswith(title)
    assert 1 <= len(byline.authors) <= MOST_GLUED_AUTHORS
    assert rest.startswith(", ".join(byline.authors) + " et al." * byline.et_al)
    assert all(name in text for name in byline.affiliations)
