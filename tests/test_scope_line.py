"""scope: one query string says it in the address, the form and the line; nothing hostile comes out of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from fakes import make_paper
from hypothesis import given
from hypothesis import strategies as st
from test_render import HOSTILE, Shown

from rag.types import Scope
from ui.scope import MOST_PINS, Choices, pinned, query_of, render_scope, scope_of, without

OWL = make_paper("OWL: A Missing Secret")
LARKS = make_paper("Larks", category="CV", published=date(2021, 2, 3))
CHOICES = Choices.of([OWL, LARKS], ["Lu Yin", "Ada & Byron"])
EVERYTHING = st.builds(
    Scope,
    owners=st.sampled_from([(), ("Lu Yin",), ("Lu Yin", "Ada & Byron")]),
    years=st.sampled_from([(), (2021,)]),
    categories=st.sampled_from([(), ("CV",), ("CV", "LG")]),
    has_code=st.sampled_from([None, True, False]),
    papers=st.sampled_from([(), (OWL.id,), (LARKS.id, OWL.id)]),
)


@given(EVERYTHING)
def test_a_scope_reads_back_from_its_query(scope: Scope) -> None:
    assert scope_of(query_of(scope), CHOICES) == scope
    ranged = replace(scope, years=(), since=date(2020, 1, 1), until=date(2021, 12, 31))
    assert scope_of(f"?{query_of(ranged)}", CHOICES) == ranged


@given(st.text())
def test_any_query_gives_a_scope_of_the_shelf(query: str) -> None:
    scope = scope_of(query, CHOICES)
    assert set(scope.owners) <= set(CHOICES.owners)
    assert set(scope.papers) <= set(CHOICES.papers)
    Shown(render_scope(scope, CHOICES, 2))


@pytest.mark.parametrize(
    ("query", "scope"),
    [
        ("from=2024&to=2021", Scope(since=date(2021, 1, 1), until=date(2024, 12, 31))),
        ("from=2021&to=2021", Scope(years=(2021,))),
        ("from=99999&to=-1", Scope()),
        ("from=٢٠٢١", Scope()),
        ("code=maybe", Scope()),
        ("author=%3Cscript%3E", Scope()),
        ("category=cv", Scope()),
        ("&".join(f"x{number}=1" for number in range(300)), Scope()),
    ],
)
def test_what_an_odd_query_means(query: str, scope: Scope) -> None:
    assert scope_of(query, CHOICES) == scope


def test_every_chip_takes_its_own_part_away() -> None:
    scope = Scope(("x",), (2021,), ("CV", "LG"), True, ("Lu Yin",), papers=(OWL.id, LARKS.id))
    assert without(scope, "year", "2021") == replace(scope, years=())
    assert without(scope, "code", "") == replace(scope, has_code=None)
    assert without(scope, "category", "CV") == replace(scope, categories=("LG",))
    assert without(scope, "author", "Lu Yin") == replace(scope, owners=())
    assert without(scope, "paper", OWL.id) == replace(scope, papers=(LARKS.id,))
    assert without(scope, "unheard-of", "x") == scope


def test_pins_are_few_and_the_latest_stay() -> None:
    names = [f"p{number}" for number in range(MOST_PINS + 2)]
    assert pinned(Scope(papers=("p1",)), names).papers == tuple(names[-MOST_PINS:])


def test_the_line_says_the_whole_shelf_or_each_part() -> None:
    assert "the whole shelf" in Shown(render_scope(Scope(), CHOICES, 2)).text
    scope = Scope(owners=("Lu Yin",), has_code=False, papers=(OWL.id,))
    shown = Shown(render_scope(scope, CHOICES, 1))
    for part in ("Lu Yin’s page", "without code", OWL.title, "1 of 2 papers"):
        assert part in shown.text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_names_stay_text(text: str) -> None:
    paper = make_paper(text, category=text)
    choices = Choices.of([paper], [text])
    scope = Scope(owners=(text,), categories=(text,), papers=(paper.id,))
    shown = Shown(render_scope(scope, choices, 1))
    assert text in shown.text
    assert {"script", "img", "a", "b"}.isdisjoint(shown.tags)
