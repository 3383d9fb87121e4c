"""The fit of the relevance model, on examples that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evals.calibrate import FEATURES, auroc, fit

NEAR = [0.8, 0.0, 0.3]
FAR = [0.2, 2.0, 0.0]


def test_the_fit_tells_right_from_wrong() -> None:
    rows = [(NEAR, True), (FAR, False)] * 10
    weights = fit(rows)
    assert weights.shape == (1 + len(FEATURES),)
    assert weights[1] > 0 > weights[2]  # similarity speaks for a paper, a missing name against it
    assert auroc(rows, weights) == 1.0


def test_where_nothing_tells_the_fit_gives_the_base_rate() -> None:
    rows = [([0.0] * len(FEATURES), label) for label in (True, False, False, False)]
    weights = fit(rows)
    assert 1 / (1 + np.exp(-weights[0])) == pytest.approx(0.25)
    assert auroc(rows, weights) == 0.5
