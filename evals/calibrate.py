"""Fit the relevance model of rag/retrieve.py: `python -m evals.calibrate` prints its constants.

Learns from evals/questions/calibration.jsonl and the dev halves of the other suites; tested on the
held halves. A question whose paper was ranked first is an example of an answer that is there, any
other question one of an answer that is not.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.classification import auroc
from evals.logistic import chances, fit
from evals.metrics import Forecast, brier_score, calibration_bins, calibration_error
from evals.questions import Question, find_questions, load_questions
from rag.assistant import Assistant
from rag.command import as_command
from rag.config import load_settings
from rag.retrieve import FIELD, MOST_MISSING_NAMES, Ranked, rank, term_weights
from rag.wiring import open_assistant

FEATURES = ("window", "sentence", "missing names", "standing out")
CALIBRATION = "calibration"
SUITES = ("answers", "paraphrases")
RIDGE = 0.1

Example = tuple[list[float], bool]


def examples(assistant: Assistant, questions: Sequence[Question]) -> Iterator[Example]:
    """What retrieval says of each question's first paper, and whether that paper answers."""
    for question in questions:
        plan = assistant.plan(question.question)
        ranked = rank(
            plan,
            library=assistant.library,
            vectors=assistant.vectors,
            embedders=assistant.embedders,
            weights=term_weights(plan.question, assistant.library),
        )
        if ranked:
            yield features(ranked), ranked[0].paper.title in question.papers


def features(ranked: Sequence[Ranked]) -> list[float]:
    signals = ranked[0].signals
    field = float(np.mean([found.signals.score for found in ranked[1 : 1 + FIELD]] or [0.0]))
    return [
        signals.window,
        signals.sentence,
        min(signals.missing_names, MOST_MISSING_NAMES),
        signals.score - field,
    ]


def forecasts(rows: Sequence[Example], weights: NDArray[np.float64]) -> list[Forecast]:
    """The probability that the weights give each example, and its label."""
    estimates = chances(np.array([row for row, _ in rows]), weights)
    return [(float(estimate), label) for estimate, (_, label) in zip(estimates, rows, strict=True)]


def _retrieval_tells(question: Question) -> bool:
    """Whether finding its paper, or none, is all that the question wants of retrieval."""
    alone = len(question.turns) == 1 and question.kind != "metadata"
    return alone and (bool(question.papers) or question.kind == "not_on_shelf")


def calibrated(assistant: Assistant) -> str:
    """The constants, a line each, and how well they tell on the held questions."""
    training = list(examples(assistant, [*_questions(CALIBRATION), *_questions(*SUITES, split="dev")]))
    labels = np.array([label for _, label in training])
    weights = fit(np.array([row for row, _ in training]), labels, ridge=RIDGE)
    lines = [f"{name:>14}  {value:7.2f}" for name, value in zip(("bias", *FEATURES), weights, strict=True)]
    held = forecasts(list(examples(assistant, _questions(*SUITES, split="held"))), weights)
    ranked = auroc([label for _, label in held], [estimate for estimate, _ in held]) or math.nan
    lines.append(
        f"held: {len(held)} questions, AUROC {ranked:.3f}, Brier {brier_score(held):.3f}, "
        f"calibration error {calibration_error(calibration_bins(held)):.3f}"
    )
    return "\n".join(lines) + "\n"


def _questions(*suites: str, split: str = "") -> list[Question]:
    found = (question for name in suites for question in load_questions(find_questions(name), split=split))
    return [question for question in found if _retrieval_tells(question)]


def main() -> None:
    """Print the constants and how well they tell; a fault ends it as it ends the `vouch` command."""
    with as_command():
        sys.stdout.write(calibrated(open_assistant(load_settings())))


if __name__ == "__main__":
    main()
