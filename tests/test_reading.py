"""reading: acts come from a browser, so any act on any page leaves a page; what they name is looked up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading_room import OTHERS, PAPER, Scripted, growing, small_shelf

from rag.diary import Diary, Entry
from rag.types import Pick, Scope
from ui.conversation import Conversation
from ui.reading import MOST_COMPARED, Reading, Told

PARTS = ("scope", "shelf", "drawer", "welcome", "courier", "earlier", "current")
SHELF = small_shelf()
ANSWER = growing("Why?")[-1]


@pytest.fixture
def told() -> Told:
    return Told(
        Scripted(shelf=SHELF), Diary.open(None), (("", "Why?"), ("Ada Byron", "Who?"), ("Nobody", "No?"))
    )


ACTS = ("scope", "drop", "only", "pin", "shelf", "export", "diary", "open", "rename", "delete", "rate", "x")
KEYS = ("query", "field", "value", "owner", "papers", "sort", "words", "style", "kept", "title", "rating")


@given(st.sampled_from(ACTS), st.dictionaries(st.sampled_from(KEYS), st.text() | st.integers() | st.none()))
def test_any_act_leaves_a_page(name: str, data: Mapping[str, Any]) -> None:
    told = Told(Scripted(shelf=SHELF), Diary.open(None), ())
    now, changed = told.act(Reading(), {**data, "act": name})
    for part in changed:
        assert isinstance(told.draw(part, now), str)


def test_every_part_can_be_drawn(told: Told) -> None:
    now, changed = told.open(Reading(), "?author=Ada+Byron")
    assert set(changed) <= set(PARTS)
    drawn = {part: told.draw(part, now) for part in PARTS}
    assert "Ada Byron’s page" in drawn["scope"]
    assert "Who?" in drawn["welcome"]
    assert "No?" not in drawn["welcome"]  # its page is not on this shelf
    assert drawn["shelf"].count('class="listed"') == 5


def test_filters_leave_pins_alone(told: Told) -> None:
    now, _ = told.act(Reading(scope=Scope(papers=("q1",))), {"act": "scope", "query": "code=yes"})
    assert now.scope == Scope(has_code=True, papers=("q1",))


@pytest.mark.parametrize(
    ("wanted", "pick", "question"),
    [
        (
            {"aim": "compare", "papers": "q1 q2 q1 gone"},
            Pick("compare", ("q1", "q2")),
            "Compare these papers.",
        ),
        ({"aim": "summary", "papers": "p1"}, Pick("summary", ("p1",)), "Summarise these papers."),
        ({"aim": "like", "papers": "gone"}, None, ""),
        ({"aim": "burn", "papers": "p1"}, None, ""),
    ],
)
def test_picks_are_of_the_shelf(
    told: Told, wanted: Mapping[str, str], pick: Pick | None, question: str
) -> None:
    begun = told.ask(Reading(), "  ", wanted)
    assert (begun.pick if begun else None) == pick
    assert (begun.question if begun else "") == question


def test_a_comparison_is_of_few(told: Told) -> None:
    every = " ".join(paper.id for paper in (*OTHERS, PAPER))
    begun = told.ask(Reading(), "Compare", {"aim": "compare", "papers": every})
    assert begun
    assert begun.pick
    assert len(begun.pick.papers) <= MOST_COMPARED


def test_what_is_exported_travels_as_data(told: Told) -> None:
    now, changed = told.act(Reading(), {"act": "export", "style": "markdown", "papers": "p1"})
    assert changed == ("courier",)
    assert now.order
    assert now.order.name == "papers.md"
    assert json.loads(json.dumps(now.order.text)).startswith("- **")
    again, _ = told.act(now, {"act": "export", "style": "markdown", "papers": "p1"})
    assert told.draw("courier", again) != told.draw("courier", now)


def test_an_answer_is_kept_with_what_answered_and_can_be_rated() -> None:
    diary = Diary.open(None)
    told = Told(Scripted(shelf=SHELF), diary, ())
    begun = told.ask(Reading(scope=Scope(years=(2024,))), "Why?", {})
    assert begun
    done = told.keep(begun.show(ANSWER))
    assert done.kept
    told.act(Reading(conversation=done), {"act": "rate", "anchor": done.anchor, "rating": "1"})
    ((before, entry),) = diary.rated()
    assert before == ()
    assert entry == Entry("Why?", ANSWER, "", Scope(years=(2024,)), {"answered_by": "tiny"}, 1)


def test_a_new_page_forgets_the_conversation_but_not_its_count(told: Told) -> None:
    talked = replace(Reading(), conversation=Conversation().ask("Why?").show(ANSWER))
    now, changed = told.act(talked, {"act": "new"})
    assert now.conversation == Conversation(count=1)
    assert {"earlier", "current"} <= set(changed)


def test_the_open_conversation_goes_with_its_deletion() -> None:
    diary = Diary.open(None)
    kept = diary.write(None, 1, Entry("Why?", ANSWER))
    told = Told(Scripted(shelf=SHELF), diary, ())
    now, _ = told.act(Reading(), {"act": "open", "kept": str(kept)})
    assert "Why?" in now.conversation.current
    now, _ = told.act(now, {"act": "delete", "kept": str(kept)})
    assert now.conversation.current == ""
    assert told.act(now, {"act": "transcript", "kept": str(kept)})[1] == ("drawer",)
