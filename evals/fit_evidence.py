"""Fit the choice of sentences (rag/evidence.py): `python -m evals.fit_evidence` prints its weights.

    questions with known facts -> signs of their paper's sentences -> weights that put a fact first

Learns from calibration.jsonl and the dev halves of the other suites; tested on the held halves. Needs
the papers' index. An example is the difference between a sentence that holds a fact of the question and
one of the same abstract that holds none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.logistic import Vector, fit_standardised
from evals.metrics import facts_held, normalise
from evals.questions import find_questions, load_questions
from rag.assistant import QUOTES_FROM_BEST, Assistant
from rag.chunk import chunk_paper
from rag.command import as_command
from rag.config import load_settings
from rag.evidence import SIGNS, signs
from rag.retrieve import term_weights
from rag.wiring import open_assistant

SUITES = ("calibration", "answers", "stated")
KINDS = ("fact", "method", "paraphrase")
UNIT = "words"
RIDGE = 5.0


@dataclass(frozen=True, slots=True)
class Example:
    """A question's facts, and the sentences of its paper with their signs."""

    facts: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...]
    signs: Vector

    @property
    def telling(self) -> NDArray[np.bool_]:
        """Which sentences hold a fact."""
        return np.array([facts_held(text, self.facts) > 0 for text in self.sentences], dtype=bool)

    def answered(self, weights: Vector, count: int) -> bool:
        """Whether the best `count` sentences hold all facts."""
        best = np.argsort(-self.signs @ weights, kind="stable")[:count]
        return facts_held(" ".join(self.sentences[place] for place in best), self.facts) == 1


def examples(assistant: Assistant, *, held: bool) -> Iterator[Example]:
    """The questions about one paper whose facts are known."""
    papers = {normalise(paper.title): paper for paper in assistant.library.papers()}
    embedder = assistant.embedders["sentence"]
    for suite in SUITES:
        for question in load_questions(find_questions(suite)):
            if (question.split == "held") != held or question.kind not in KINDS:
                continue
            if len(question.turns) > 1 or len(question.papers) != 1 or not question.facts:
                continue
            paper = papers[normalise(question.papers[0])]
            chunks = chunk_paper(
                paper, "sentence", piece_spans=embedder.piece_spans, max_pieces=embedder.max_pieces
            )
            texts = tuple(chunk.text for chunk in chunks)
            cosines = embedder.embed_documents(texts) @ embedder.embed_query(question.question)
            weights = term_weights(question.question, assistant.library)
            rows = signs(question.question, paper.title, texts, cosines.tolist(), weights)
            yield Example(question.facts, texts, np.array(rows))


def fit_signs(rows: Sequence[Example]) -> Vector:
    """The signs' weights, in units of UNIT's."""
    pairs = [
        (example.signs[example.telling][:, None] - example.signs[~example.telling][None]).reshape(
            -1, len(SIGNS)
        )
        for example in rows
    ]
    ahead = np.concatenate(pairs)
    labels = np.repeat([True, False], len(ahead))
    weights = fit_standardised(np.concatenate([ahead, -ahead]), labels, ridge=RIDGE)[1:]
    return np.asarray(weights / weights[list(SIGNS).index(UNIT)])


def report(assistant: Assistant) -> str:
    """The weights, a line each, and the share of questions whose facts stand all in the best sentences."""
    training, held = (list(examples(assistant, held=part)) for part in (False, True))
    weights = fit_signs(training)
    lines = [f'    "{name}": {weight:.2f},' for name, weight in zip(SIGNS, weights, strict=True)]
    for name, rows in (("training", training), ("held", held)):
        shares = [
            np.mean([example.answered(weights, count) for example in rows])
            for count in range(1, QUOTES_FROM_BEST + 1)
        ]
        told = ", ".join(f"{share:.2f}" for share in shares)
        lines.append(f"{name}: {len(rows)} questions; all facts in the best 1 to {QUOTES_FROM_BEST}: {told}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the weights and how well they tell; a fault ends it as it ends the `vouch` command."""
    with as_command():
        sys.stdout.write(report(open_assistant(load_settings())))


if __name__ == "__main__":
    main()
