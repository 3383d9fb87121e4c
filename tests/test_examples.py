"""examples: made of any shelf's own data; on the shipped one the default model answers them all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import make_page, make_paper

from evals.examples import try_all
from rag.config import Settings
from rag.types import Paper
from ui.desk import Desk
from ui.examples import examples_of

OWL = make_paper("OWL: Layerwise Sparsity", "OWL prunes. OWL is quick.", authors=("Lu Yin",), has_code=True)
LATER = replace(OWL, id="later", title="NORM: Distillation", abstract="NORM distils.", index=1)
PLAIN = replace(OWL, id="plain", title="Sparsity: a Survey", abstract="Sparsity is told.", index=2)


def examples(papers: Sequence[Paper]) -> list[str]:
    page, _ = make_page(*papers)
    return [question for _, question in examples_of([page], papers)]


def test_a_page_is_asked_about_the_paper_that_speaks_most_of_its_name() -> None:
    assert examples([PLAIN, LATER, OWL])[0] == "How does OWL work?"


def test_a_name_of_two_papers_is_not_asked_about() -> None:
    assert examples([OWL, replace(OWL, id="other"), LATER])[0] == "How does NORM work?"


def test_a_page_without_names_is_asked_for_a_summary() -> None:
    assert examples([PLAIN])[0] == "Summarise “Sparsity: a Survey”."


def test_an_empty_shelf_has_none() -> None:
    assert examples_of((), ()) == ()


@pytest.mark.default_model
def test_every_example_is_answered(shelf: Settings, default_model_path: Path) -> None:
    model = {"model": "qwen2.5-coder-0.5b-instruct", "kept_states_mb": 0}
    with closing(Desk(shelf.model_copy(update=model))) as desk:
        assert desk._ready.wait(60)
        tried = try_all(desk)
    assert len(tried) == 6
    assert [(each.question, each.answer.status) for each in tried if not each.good] == []
