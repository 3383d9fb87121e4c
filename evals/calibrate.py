"""Fit the relevance model of rag/retrieve.py: `python -m evals.calibrate` prints its constants.

Learns from evals/questions/calibration.jsonl. A question whose paper was ranked first is an
example of an answer that is there. The same question with its papers taken off the shelf, and
every unanswerable question, is an example of one that is not. Tested on the answers suite.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.questions import Question, find_questions, load_questions
from rag.assistant import Assistant
from rag.config import load_settings
from rag.retrieve import FIELD, MOST_MISSING_NAMES, Ranked, best_similarity, rank, term_weights
from rag.wiring import open_assistant

FEATURES = ("similarity", "missing names", "standing out")
TRAINING = "calibration"
TEST = "answers"
# Strength of the pull towards zero, and steps of Newton's method, which converges in a few.
RIDGE = 0.1
STEPS = 50

Example = tuple[list[float], bool]


def examples(assistant: Assistant, questions: Sequence[Question]) -> Iterator[Example]:
    """What retrieval says of each question's first paper, and whether that paper answers."""
    for question in questions:
        plan = assistant.plan(question.question)
        ranked = rank(
            plan,
            library=assistant.library,
            vectors=assistant.vectors,
            embedder=assistant.embedder,
            weights=term_weights(plan.question, assistant.library),
        )
        others = [found for found in ranked if found.paper.title not in question.papers]
        if ranked:
            yield features(ranked), ranked[0].paper.title in question.papers
        if question.papers and others:
            yield features(others), False


def features(ranked: Sequence[Ranked]) -> list[float]:
    signals = ranked[0].signals
    field = float(np.mean([found.signals.score for found in ranked[1 : 1 + FIELD]] or [0.0]))
    return [
        best_similarity(signals),
        min(signals.missing_names, MOST_MISSING_NAMES),
        signals.score - field,
    ]


def fit(rows: Sequence[Example]) -> NDArray[np.float64]:
    """Bias and coefficients of a ridge logistic regression, by Newton's method."""
    inputs = np.array([[1.0, *row] for row, _ in rows])
    labels = np.array([label for _, label in rows], dtype=float)
    penalty = RIDGE * np.diag([0.0] + [1.0] * len(FEATURES))
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (chance - labels) + penalty @ weights
        hessian = inputs.T @ (inputs * (chance * (1 - chance))[:, None]) + penalty
        weights = weights - np.linalg.solve(hessian, gradient)
    return weights


def auroc(rows: Sequence[Example], weights: NDArray[np.float64]) -> float:
    """The chance that a right first paper scores above a wrong one; ties count half."""
    scored = [(float(np.dot(weights, [1.0, *row])), label) for row, label in rows]
    right = [score for score, label in scored if label]
    wrong = [score for score, label in scored if not label]
    wins = sum((a > b) + 0.5 * (a == b) for a in right for b in wrong)
    return wins / (len(right) * len(wrong)) if right and wrong else math.nan


def _retrieval_tells(question: Question) -> bool:
    """Whether finding its paper, or none, is all that the question wants of retrieval."""
    alone = len(question.turns) == 1 and question.kind != "metadata"
    return alone and (bool(question.papers) or question.kind == "not_on_shelf")


def main() -> None:
    assistant = open_assistant(load_settings())
    training = list(examples(assistant, load_questions(find_questions(TRAINING))))
    weights = fit(training)
    lines = [f"{name:>14}  {value:7.2f}" for name, value in zip(("bias", *FEATURES), weights, strict=True)]
    for split in ("dev", "held"):
        questions = load_questions(find_questions(TEST), split=split)
        rows = list(examples(assistant, [question for question in questions if _retrieval_tells(question)]))
        lines.append(f"AUROC on {split}: {auroc(rows, weights):.3f} ({len(rows)} examples)")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
