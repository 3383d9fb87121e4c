"""`vouch eval`: suites by name, asked of the assistant that a reader gets, results written.

The only module of evals that opens anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from evals.answers import (
    QUESTIONS_FOLDER,
    Outcome,
    Report,
    find_suite,
    load_questions,
    run_answers,
    write_result,
)
from rag.config import Settings
from rag.wiring import ModelSlot, open_assistant

RESULTS_FOLDER = "results"

Progress = Callable[[str, int, int], None]


def run_suites(settings: Settings, names: Sequence[str], *, progress: Progress) -> list[tuple[Report, Path]]:
    """Run the named suites, or all, and write each result under the data folder."""
    paths = [find_suite(name) for name in names] or sorted(QUESTIONS_FOLDER.glob("*.jsonl"))
    suites = [(path.stem, load_questions(path)) for path in paths]
    slot = ModelSlot(settings)
    assistant = open_assistant(settings, slot=slot)
    titles = [paper.title for paper in assistant.library.papers()]
    choice = slot.choice()
    told = {
        "model": choice.name if choice else None,
        "writes": bool(choice and choice.writes),
        "embedder": assistant.embedder.name,
        **settings.model_dump(mode="json", exclude={"home", "cache", "model"}),
    }
    found = []
    for name, questions in suites:
        report = run_answers(
            lambda question: assistant.ask(question).record(),
            questions,
            titles,
            partial(_report_progress, progress, name),
            suite=name,
        )
        found.append((report, write_result(report, settings.home / "evals" / RESULTS_FOLDER, settings=told)))
    return found


def _report_progress(progress: Progress, name: str, done: int, total: int, _: Outcome) -> None:
    progress(name, done, total)
