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
from evals.bench import read_bench
from evals.retrieval import RetrievalReport, run_retrieval
from evals.support import SupportReport, read_pairs, run_support
from rag.config import Settings
from rag.library import Library
from rag.wiring import ModelSlot, open_assistant, open_embedder, open_vectors, writer_lock

RESULTS_FOLDER = "results"
BENCHES_FOLDER = "benches"

AnyReport = Report | RetrievalReport | SupportReport
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


def run_bench(settings: Settings, folder: Path, *, split: str | None, progress: Progress) -> RetrievalReport:
    """Retrieval on a corpus in BEIR layout, indexed in a data folder of its own and kept there."""
    bench = read_bench(folder, split=split)
    kept = settings.home / "evals" / BENCHES_FOLDER / f"{bench.name}-{bench.sha256[:12]}"
    own = settings.model_copy(update={"home": kept, "chroma_server": ""})
    with writer_lock(own):
        library = Library.open(own.library_path, create=True)
        try:
            return run_retrieval(
                bench,
                library=library,
                vectors=open_vectors(own),
                embedder=open_embedder(own),
                progress=progress,
            )
        finally:
            library.close()


def run_pairs(settings: Settings, file: Path, *, progress: Progress) -> SupportReport:
    """The verifier on labelled pairs of claim and evidence, beside its baselines."""
    return run_support(
        read_pairs(file),
        embedder=open_embedder(settings),
        on_progress=lambda done, total: progress("Judging", done, total),
    )


def _report_progress(progress: Progress, name: str, done: int, total: int, _: Outcome) -> None:
    progress(name, done, total)
