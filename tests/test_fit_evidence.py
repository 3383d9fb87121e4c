"""fit_evidence: what holds the facts comes first, and a count of sentences is a count."""

from __future__ import annotations

import numpy as np

from evals.fit_evidence import UNIT, Example, fit_signs
from rag.evidence import SIGNS

SENTENCES = ("It was known.", "OWL gains 61 points.", "It rains.")


def example(telling: int, unit: float) -> Example:
    """Sentence `telling` alone holds the fact; it alone shares `unit` words with the question."""
    rows = np.zeros((3, len(SIGNS)))
    rows[telling, list(SIGNS).index(UNIT)] = unit
    rows[2, list(SIGNS).index("opening")] = 1
    texts = list(SENTENCES)
    texts[1], texts[telling] = texts[telling], texts[1]
    return Example((("61 points",),), tuple(texts), rows)


def test_the_sentence_that_holds_the_fact_is_known() -> None:
    assert example(0, 1.0).telling.tolist() == [True, False, False]


def test_the_weights_put_the_telling_sentence_first() -> None:
    rows = [example(place, 0.5 + place) for place in (0, 1, 0, 1)]
    weights = fit_signs(rows)
    assert weights[list(SIGNS).index(UNIT)] == 1
    assert weights[list(SIGNS).index("opening")] < 0
    assert all(row.answered(weights, 1) for row in rows)


def test_all_facts_must_stand_in_the_sentences_that_count() -> None:
    two = Example((("known",), ("rains",)), SENTENCES, np.array([[1.0], [0.5], [0.8]]))
    assert not two.answered(np.array([1.0]), 1)
    assert two.answered(np.array([1.0]), 2)
