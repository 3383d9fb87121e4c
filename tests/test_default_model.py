"""The default model on real questions: floors against a collapse; `vouch eval` reports the scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.options import Options
from evals.run import run_questions
from rag.config import Settings
from rag.wiring import ModelSlot

QUESTIONS = 12


@pytest.mark.default_model
def test_answers_have_not_collapsed(shelf: Settings, default_model_path: Path) -> None:
    settings = shelf.model_copy(update={"model": "qwen2.5-coder-0.5b-instruct"})
    slot = ModelSlot(settings)
    report = run_questions(
        settings, "answers", Options(split="dev", sample=QUESTIONS), slot, progress=lambda *told: None
    )
    slot.close()
    told = [outcome for outcome in report.outcomes if outcome.question.kind in ("fact", "method")]
    assert len(told) >= QUESTIONS // 4
    assert sum(bool(outcome.all_facts) for outcome in told) >= len(told) / 2
    assert sum(bool(outcome.title_recall) for outcome in told) >= len(told) * 0.7
    assert not any(outcome.invented or outcome.broken_quotes for outcome in report.outcomes)
    assert not any(outcome.unsupported for outcome in report.outcomes)
