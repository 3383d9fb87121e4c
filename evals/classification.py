"""How well scores and verdicts tell two classes apart: pure functions of numbers and booleans.

Knows neither claims nor papers. "Positive" is the class that `truth` marks True. A measure that
the data do not define is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000

_Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each verdict was given on each class."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


def confusion(truth: Sequence[bool], predicted: Sequence[bool]) -> Confusion:
    """The counts of the four cases. Raises ValueError where the lengths differ."""
    cases = list(zip(truth, predicted, strict=True))
    return Confusion(
        true_positives=cases.count((True, True)),
        false_positives=cases.count((False, True)),
        false_negatives=cases.count((True, False)),
        true_negatives=cases.count((False, False)),
    )


def balanced_accuracy(counts: Confusion) -> float | None:
    """(TP / (TP + FN) + TN / (TN + FP)) / 2: the mean recall of the two classes.

    0.5 for a verdict that never changes. None where a class is absent.
    """
    positives = counts.true_positives + counts.false_negatives
    negatives = counts.true_negatives + counts.false_positives
    if not positives or not negatives:
        return None
    return (counts.true_positives / positives + counts.true_negatives / negatives) / 2


def macro_f1(counts: Confusion) -> float | None:
    """(2 TP / (2 TP + FP + FN) + 2 TN / (2 TN + FP + FN)) / 2: the mean F1 of the two classes.

    A class that is there and never found counts 0. None where a class is absent.
    """
    right = (counts.true_positives, counts.true_negatives)
    wrong = counts.false_positives + counts.false_negatives
    if balanced_accuracy(counts) is None:
        return None
    return sum(2 * each / (2 * each + wrong) if each else 0.0 for each in right) / 2


def auroc(truth: Sequence[bool], scores: Sequence[float]) -> float | None:
    """The chance that a positive scores above a negative, a tie counting half (Mann-Whitney U).

    (pairs won + pairs tied / 2) / (positives * negatives): the area under the ROC curve. None
    where a class is absent. Raises ValueError where the lengths differ or a score is NaN.
    """
    positive, negative = _counts_by_score(truth, scores)
    return _area(positive, negative) if positive.sum() and negative.sum() else None


def auroc_interval(
    truth: Sequence[bool], scores: Sequence[float], *, seed: int
) -> tuple[float, float] | None:
    """The 95 % percentile bootstrap interval of `auroc`; None where a class is absent.

    Positives and negatives are drawn anew each by themselves, so both keep their number (the
    stratified bootstrap of Robin et al. 2011). Examples are taken to be independent.
    """
    positive, negative = _counts_by_score(truth, scores)
    if not positive.sum() or not negative.sum():
        return None
    generator = np.random.default_rng(seed)
    areas = [_area(_redrawn(positive, generator), _redrawn(negative, generator)) for _ in range(RESAMPLES)]
    low, high = np.percentile(areas, [2.5, 97.5])
    return float(low), float(high)


def _counts_by_score(truth: Sequence[bool], scores: Sequence[float]) -> tuple[_Counts, _Counts]:
    """How many positives and how many negatives have each distinct score, lowest score first."""
    if len(truth) != len(scores):
        raise ValueError(f"{len(truth)} truths and {len(scores)} scores")
    values = np.asarray(scores, dtype=np.float64)
    if np.isnan(values).any():
        raise ValueError("a score is NaN")
    is_positive = np.asarray(truth, dtype=np.bool_)
    distinct, place = np.unique(values, return_inverse=True)
    positive = np.bincount(place[is_positive], minlength=len(distinct))
    negative = np.bincount(place[~is_positive], minlength=len(distinct))
    return positive, negative


def _area(positive: _Counts, negative: _Counts) -> float:
    won = positive @ (np.cumsum(negative) - negative)
    tied = positive @ negative
    return float((won + tied / 2) / (positive.sum() * negative.sum()))


def _redrawn(counts: _Counts, generator: np.random.Generator) -> _Counts:
    total = counts.sum()
    return generator.multinomial(total, counts / total)
