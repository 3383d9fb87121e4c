"""Results -> the Markdown tables of a README.

What results hold is other people's text: none of it becomes HTML or breaks a table. Knows nothing
of how figures are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from evals import retrieval, support, tables
from evals.changes import comparisons, successive
from evals.checked import one_line
from evals.comparison import Comparison
from evals.questions import KINDS
from evals.results import Result
from evals.runs import (
    AnswersRun,
    RetrievalRun,
    Run,
    Source,
    SupportRun,
    TableRun,
    answers_table,
    read_run,
    totals,
)

MEASURES = ("nDCG@10", "MRR@10", "recall@5")
# Of `scores.HEADINGS`, those that a README has room for, and what they are called there.
COLUMNS = {
    "questions": "questions",
    "right": "right",
    "95 %": "95 %",
    "all facts": "all facts",
    "title R": "right titles",
    "F1": "refusal F1",
    "false refusals": "false refusals",
    "unsupported": "unsupported",
    "invented": "invented",
    "first s": "first s",
    "total s": "total s",
}


def markdown(results: Sequence[Result]) -> str:
    """The tables of a README. Raises UsageError for a result that is not as its suite writes it."""
    runs = [read_run(result) for result in results]
    parts = [part for run in runs for part in (_provenance_line(run.source), *_tables(run))]
    parts += [
        _sentence(system, compared, before, after)
        for before, after in successive(runs)
        for system, compared in comparisons(before, after)
    ]
    return "\n\n".join(parts) + "\n"


def _provenance_line(source: Source) -> str:
    return f"**{_inline(source.title)}**: {_inline(source.origin)}"


def _tables(run: Run) -> list[str]:
    match run:
        case AnswersRun():
            return [_answers(run)]
        case RetrievalRun():
            return [_inline(run.corpus), _retrieval(run)]
        case SupportRun():
            return [_pipes(support.view_rows(asdict(view))) for view in run.views]
        case TableRun():
            return [_pipes(run.rows)]


def _answers(run: AnswersRun) -> str:
    """Of one system its splits and kinds, of several each one's total."""
    if len(run.systems) > 1:
        rows = totals(run)
    else:
        groups = {"total", "dev", "held", *KINDS}
        rows = answers_table([summary for summary in run.summaries if summary.group in groups])
    places = [0, *(rows[0].index(heading) for heading in COLUMNS)]
    chosen = [[row[place] for place in places] for row in rows]
    return _pipes([[chosen[0][0], *COLUMNS.values()], *chosen[1:]])


def _retrieval(run: RetrievalRun) -> str:
    scores = {(score.system, score.measure): score for score in run.scores if score.group == retrieval.ALL}
    systems = list(dict.fromkeys(system for system, _ in scores))
    cells = [
        [f"{score.mean:.3f} ({tables.between(score.interval, 3)})" for score in map(scores.__getitem__, keys)]
        for keys in ([(system, measure) for measure in MEASURES] for system in systems)
    ]
    return _pipes([["", *MEASURES], *([system, *row] for system, row in zip(systems, cells, strict=True))])


def _sentence(system: str, compared: Comparison, before: Run, after: Run) -> str:
    suite, earlier, later = map(_inline, (after.source.title, before.source.commit, after.source.commit))
    return (
        f"**{suite}**, {_inline(system)}, commit {earlier} to {later}: of {compared.questions} questions "
        f"{len(compared.lost)} went from right to wrong, {len(compared.gained)} from wrong to right "
        f"(McNemar's exact p = {compared.p:.3g})."
    )


def _pipes(rows: tables.Rows) -> str:
    return tables.markdown([[_inline(cell) for cell in row] for row in rows])


def _inline(text: str) -> str:
    """Text that stays on its line and in which Markdown finds no HTML."""
    return escape(one_line(text), quote=False)
