"""Runs -> those that follow each other in a suite, and what changed from one to the next.

Knows nothing of how a change is shown. Verdicts are compared in `evals.comparison`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from evals.comparison import Comparison, Verdicts, compare
from evals.runs import AnswersRun, Run, SupportRun


def successive(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Each run with verdicts and the next of its suite on the same data, by date."""
    dated = sorted(
        (run for run in runs if _verdicts(run)), key=lambda run: (run.source.title, run.source.date)
    )
    return [(one, next_) for one, next_ in pairwise(dated) if one.source.title == next_.source.title]


def comparisons(before: Run, after: Run) -> list[tuple[str, Comparison]]:
    """Each system that both runs have, and what became of its verdicts."""
    earlier, later = _verdicts(before), _verdicts(after)
    return [(system, compare(earlier[system], later[system])) for system in earlier if system in later]


def _verdicts(run: Run) -> dict[str, Verdicts]:
    """System -> its verdicts; of a suite that has none, nothing."""
    match run:
        case AnswersRun():
            systems = dict.fromkeys(row.system for row in run.rows)
            return {
                system: {row.id: row.right for row in run.rows if row.system == system} for system in systems
            }
        case SupportRun():
            return {"verifier": {row.id: row.supported == (row.label == "SUPPORT") for row in run.rows}}
    return {}
