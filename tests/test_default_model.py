"""The default model on real questions: floors against a collapse; `vouch eval` reports the scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.answers import find_suite, load_questions, run_answers
from rag.config import Settings
from rag.wiring import ModelSlot, open_assistant

# Every fourth question of the suite: facts, methods, other words and unanswerable ones.
EVERY = 4


@pytest.mark.default_model
def test_answers_have_not_collapsed(shelf: Settings, default_model_path: Path) -> None:
    settings = shelf.model_copy(update={"model": "qwen2.5-coder-0.5b-instruct"})
    slot = ModelSlot(settings)
    assistant = open_assistant(settings, slot=slot)
    titles = {paper.title for paper in assistant.library.papers()}
    questions = load_questions(find_suite("spine"))[::EVERY]
    report = run_answers(lambda question: assistant.ask(question).record(), questions, titles, suite="spine")
    slot.close()
    told = [outcome for outcome in report.outcomes if outcome.question.kind in ("fact", "method")]
    assert len(told) >= 7
    assert sum(bool(outcome.all_facts) for outcome in told) >= len(told) / 2
    assert sum(bool(outcome.title_cited) for outcome in told) >= len(told) * 0.7
    assert all(set(outcome.titles) <= titles for outcome in report.outcomes)
