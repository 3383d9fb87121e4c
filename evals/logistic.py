"""Ridge logistic regression, by Newton's method: a few features, a few thousand examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Newton's method converges in a few steps.
STEPS = 50

Vector = NDArray[np.float64]


def fit(rows: Vector, labels: NDArray[np.bool_], *, ridge: float) -> Vector:
    """Bias and weights. `ridge` is the strength of the pull of the weights towards zero."""
    inputs = np.c_[np.ones(len(rows)), rows]
    penalty = ridge * np.diag([0.0] + [1.0] * rows.shape[1])
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (chance - labels) + penalty @ weights
        hessian = inputs.T @ (inputs * (chance * (1 - chance))[:, None]) + penalty
        weights = weights - np.linalg.solve(hessian, gradient)
    return weights


def fit_standardised(rows: Vector, labels: NDArray[np.bool_], *, ridge: float) -> Vector:
    """Bias and weights for the rows as they are, pulled towards zero as if each feature varied alike."""
    centre, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    weights = fit((rows - centre) / scale, labels, ridge=ridge)
    slopes = weights[1:] / scale
    return np.concatenate([[weights[0] - slopes @ centre], slopes])


def chances(rows: Vector, weights: Vector) -> Vector:
    """The model's estimate for each row."""
    return np.asarray(1 / (1 + np.exp(-(weights[0] + rows @ weights[1:]))))
