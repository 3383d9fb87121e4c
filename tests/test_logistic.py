"""Logistic regression: a known model is found again, and examples that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evals.logistic import chances, fit, fit_standardised


def test_a_known_model_is_found_again() -> None:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(4000, 2)) * [1, 5] + [3, 0]
    labels = chance.random(4000) < chances(rows, np.array([-4.0, 1.5, 0.2]))
    for found in (fit(rows, labels, ridge=0.1), fit_standardised(rows, labels, ridge=5.0)):
        assert found == pytest.approx([-4.0, 1.5, 0.2], abs=0.35)


def test_a_feature_that_never_changes_has_no_weight() -> None:
    rows = np.array([[0.0, 7], [1, 7], [2, 7], [3, 7]])
    weights = fit_standardised(rows, np.array([False, True, False, True]), ridge=5.0)
    assert weights[2] == pytest.approx(0)
    assert weights[1] > 0


def test_where_nothing_tells_the_fit_gives_the_base_rate() -> None:
    rows, labels = np.zeros((4, 2)), np.array([True, False, False, False])
    assert chances(rows, fit(rows, labels, ridge=0.1)) == pytest.approx([0.25] * 4)
