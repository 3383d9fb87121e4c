"""within: a question asked of a part of the shelf finds, counts, compares and cites nothing outside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fakes import MemoryStore, WordEmbedder, make_page, make_paper

from rag.assistant import Assistant
from rag.gazetteer import build_gazetteer
from rag.ingest import ingest
from rag.library import Library
from rag.protocols import one_for_all
from rag.scopes import scope_words
from rag.types import Answer, Inquiry, Pick, Plan, Scope, Turn
from rag.within import hold_within, spoken_of

OWL = make_paper(
    "OWL: Layerwise Sparsity",
    "Pruning removes weights from large models. OWL sets a sparsity for each layer by its outliers.",
    published=date(2023, 10, 8),
)
STBLLM = make_paper(
    "STBLLM: Below One Bit",
    "Weights of large models are stored below one bit. STBLLM keeps salient weights by a structured mask.",
    authors=("Peijie Dong",),
    published=date(2024, 8, 1),
    has_code=False,
)
WANDA = make_paper(
    "Wanda: Pruning by Activations",
    "Pruning removes weights. Wanda sets their scores by magnitude times activation.",
    authors=("Mingjie Sun",),
    published=date(2024, 2, 1),
)
Y2024 = Scope(years=(2024,))


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    path: Path = tmp_path_factory.mktemp("within") / "library.sqlite"
    library = Library.open(path, create=True)
    vectors, embedders = MemoryStore(), one_for_all(WordEmbedder())
    ingest([make_page(OWL, STBLLM, WANDA)], library=library, vectors=vectors, embedders=embedders)
    gazetteer = build_gazetteer(library.papers(), lambda word: False)
    yield Assistant(library, vectors, embedders, gazetteer, lambda: None, 3, 0.0)
    library.close()


def cited(answer: Answer) -> set[str]:
    return {citation.paper.id for citation in answer.citations}


def test_a_question_is_answered_from_its_scope_alone(assistant: Assistant) -> None:
    question = "Which papers prune weights of large models?"
    assert OWL.id in cited(assistant.ask(question))
    held = assistant.ask(question, scope=Y2024)
    assert cited(held)
    assert OWL.id not in cited(held)
    assert held.understood_as.endswith("2024")


def test_what_is_counted_is_counted_within(assistant: Assistant) -> None:
    everything, held = (
        assistant.ask("How many papers have code?", scope=scope) for scope in (Scope(), Y2024)
    )
    assert everything.text.startswith("2 papers")
    assert held.text.startswith("1 paper on this shelf")
    assert "1 of 2" in held.text
    assert cited(held) == {WANDA.id}


def test_pinned_papers_are_what_it_means(assistant: Assistant) -> None:
    answer = assistant.ask("What does it keep?", scope=Scope(papers=(STBLLM.id,)))
    assert cited(answer) == {STBLLM.id}
    assert "1 pinned paper" in answer.understood_as


def test_a_paper_outside_is_said_to_be_outside(assistant: Assistant) -> None:
    answer = assistant.ask("What does OWL set for each layer?", scope=Y2024)
    assert answer.status == "not_found"
    assert "outside what you ask of (2024)" in answer.text
    assert not answer.citations


def test_a_comparison_leaves_out_what_is_outside(assistant: Assistant) -> None:
    answer = assistant.ask("Compare OWL, STBLLM and Wanda.", scope=Y2024)
    assert cited(answer) == {STBLLM.id, WANDA.id}


def test_widening_frees_a_follow_up(assistant: Assistant) -> None:
    held = assistant.ask("How many papers are there?", scope=Y2024)
    history = (held.turn(),)
    assert "2024" not in assistant.ask("How many of those have code?", history).understood_as
    assert cited(assistant.ask("How many papers are there?", history)) == {OWL.id, STBLLM.id, WANDA.id}
    assert assistant.ask("How many of those have code?", history).text.startswith("2 papers")


def test_a_scope_that_holds_nothing_is_refused(assistant: Assistant) -> None:
    answer = assistant.ask("How are weights pruned?", scope=Scope(years=(1999,)))
    assert answer.status == "not_found"
    assert not answer.citations


def test_what_pages_state_is_not_filtered() -> None:
    plan = Plan("q", "catalogue", understood_as="q", inquiry=Inquiry("owners"))
    held = hold_within(plan, Y2024, set())
    assert held.inquiry == plan.inquiry
    assert held.understood_as == "q"


@pytest.mark.parametrize(
    ("told", "added"), [((), True), (("other",), True), (("pinned", "other"), False)], ids=str
)
def test_pins_are_spoken_of_unless_they_were_told_last(told: tuple[str, ...], added: bool) -> None:
    history = (Turn("?", told),)
    assert (len(spoken_of(history, ("pinned",))) == 2) is added
    assert spoken_of(history, ()) == history


def test_words_say_what_was_chosen() -> None:
    scope = Scope(categories=("CV",), within=Scope(papers=("a", "b"), years=(2024,)))
    assert scope_words(scope) == ("category CV (computer vision)", "2 pinned papers", "2024")


def test_what_is_picked_is_asked_about_whatever_the_scope(assistant: Assistant) -> None:
    def last(pick: Pick) -> Answer:
        *_, answer = assistant.stream("These?", scope=Y2024, pick=pick)
        return answer

    assert cited(last(Pick("compare", (OWL.id, WANDA.id)))) == {OWL.id, WANDA.id}
    assert cited(last(Pick("summary", (OWL.id, STBLLM.id)))) == {OWL.id, STBLLM.id}
    assert cited(last(Pick("like", (OWL.id,)))) == {STBLLM.id, WANDA.id}
    assert last(Pick("like", ("gone",))).status == "not_found"
