"""Measures of two classes: worked by hand, at their bounds, turned around, and against scikit-learn."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.classification import Confusion, auroc, auroc_interval, balanced_accuracy, confusion, macro_f1

# Few distinct scores, so that ties are common.
scored = st.lists(st.tuples(st.booleans(), st.sampled_from([-1.0, -0.25, 0.0, 0.5, 1.0])), max_size=40)
judged = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40)


def with_both_classes(cases: list[tuple[bool, float]]) -> tuple[list[bool], list[float]]:
    cases = [*cases, (True, 0.5), (False, 0.5)]
    return [truth for truth, _ in cases], [score for _, score in cases]


def counts_of(cases: list[tuple[bool, bool]]) -> Confusion:
    return confusion([truth for truth, _ in cases], [predicted for _, predicted in cases])


# Worked by hand


@pytest.mark.parametrize(
    ("positives", "negatives", "area"),
    [
        pytest.param([3, 4], [1, 2], 1.0, id="every pair won"),
        pytest.param([1, 2], [3, 4], 0.0, id="every pair lost"),
        pytest.param([1, 1], [1], 0.5, id="all tied"),
        pytest.param([1, 3], [2], 0.5, id="one won, one lost"),
        pytest.param([2, 3], [1, 2], 3.5 / 4, id="three won, one tied"),
        pytest.param([-1, 0.5], [-2, 0.5, 7], (1 + 1.5) / 6, id="2.5 of six"),
        pytest.param([float("inf")], [float("-inf")], 1.0, id="infinite scores"),
        pytest.param([1], [], None, id="no negatives"),
        pytest.param([], [1], None, id="no positives"),
        pytest.param([], [], None, id="nothing"),
    ],
)
def test_auroc_counts_the_pairs_that_a_positive_wins(positives, negatives, area):
    truth = [True] * len(positives) + [False] * len(negatives)
    assert auroc(truth, [*positives, *negatives]) == area


def test_confusion_balanced_accuracy_and_macro_f1():
    #       TP    TP    TP    FN     FP     TN
    truth = [True, True, True, True, False, False]
    predicted = [True, True, True, False, True, False]
    counts = confusion(truth, predicted)
    assert counts == Confusion(true_positives=3, false_positives=1, false_negatives=1, true_negatives=1)
    assert balanced_accuracy(counts) == (3 / 4 + 1 / 2) / 2
    assert macro_f1(counts) == (6 / 8 + 2 / 4) / 2


@pytest.mark.parametrize(
    ("counts", "accuracy", "f1"),
    [
        pytest.param(Confusion(5, 0, 0, 7), 1.0, 1.0, id="all right"),
        pytest.param(Confusion(0, 7, 5, 0), 0.0, 0.0, id="all wrong"),
        pytest.param(Confusion(3, 3, 0, 0), 0.5, (2 / 3 + 0) / 2, id="always yes"),
        pytest.param(Confusion(0, 0, 3, 3), 0.5, (0 + 2 / 3) / 2, id="always no"),
        pytest.param(Confusion(3, 0, 1, 0), None, None, id="no negatives"),
        pytest.param(Confusion(0, 1, 0, 3), None, None, id="no positives"),
        pytest.param(Confusion(0, 0, 0, 0), None, None, id="nothing"),
    ],
)
def test_measures_at_their_ends(counts, accuracy, f1):
    assert balanced_accuracy(counts) == accuracy
    assert macro_f1(counts) == f1


@pytest.mark.parametrize(
    ("truth", "scores"),
    [
        pytest.param([True, False], [1.0], id="lengths differ"),
        pytest.param([True, False], [1.0, float("nan")], id="NaN"),
    ],
)
def test_what_cannot_be_ranked_is_refused(truth, scores):
    with pytest.raises(ValueError, match=r"truths|NaN"):
        auroc(truth, scores)


def test_confusion_refuses_lengths_that_differ():
    with pytest.raises(ValueError, match="shorter"):
        confusion([True, False], [True])


# Bounds and symmetries


@settings(deadline=None)
@given(scored)
def test_turning_scores_or_classes_around_turns_the_area_around(cases):
    truth, scores = with_both_classes(cases)
    area = auroc(truth, scores)
    assert 0 <= area <= 1
    assert auroc(truth, [-score for score in scores]) == pytest.approx(1 - area)
    assert auroc([not each for each in truth], scores) == pytest.approx(1 - area)
    assert auroc(truth, [2 * score + 3 for score in scores]) == area
    assert auroc(truth[::-1], scores[::-1]) == area


@settings(deadline=None)
@given(judged)
def test_verdicts_are_counted_once_and_both_classes_weigh_the_same(cases):
    counts = counts_of(cases)
    turned = counts_of([(not truth, not predicted) for truth, predicted in cases])
    cells = (
        counts.true_positives,
        counts.false_positives,
        counts.false_negatives,
        counts.true_negatives,
    )
    assert sum(cells) == len(cases)
    assert balanced_accuracy(counts) == pytest.approx(balanced_accuracy(turned))
    assert macro_f1(counts) == pytest.approx(macro_f1(turned))
    for value in (balanced_accuracy(counts), macro_f1(counts)):
        assert value is None or 0 <= value <= 1


@settings(deadline=None)
@given(judged)
def test_balanced_accuracy_is_the_area_of_a_yes_or_no_score(cases):
    truth, predicted = [truth for truth, _ in cases], [predicted for _, predicted in cases]
    assert balanced_accuracy(confusion(truth, predicted)) == pytest.approx(
        auroc(truth, [float(each) for each in predicted])
    )


# Intervals


def test_the_interval_holds_the_area_is_repeatable_and_narrows_with_more_examples():
    truth, scores = [True, True, True, False, False, False], [3.0, 2.0, 0.0, 1.0, 0.0, -1.0]
    few = auroc_interval(truth, scores, seed=1)
    many = auroc_interval(truth * 50, scores * 50, seed=1)
    assert few == auroc_interval(truth, scores, seed=1)
    assert 0 <= few[0] < auroc(truth, scores) < few[1] <= 1
    assert many[1] - many[0] < (few[1] - few[0]) / 3


def test_a_score_that_always_tells_has_no_spread():
    assert auroc_interval([True, True, False], [2.0, 3.0, 1.0], seed=1) == (1.0, 1.0)


def test_the_interval_is_as_wide_as_theory_says():
    """One positive above 3 of 4 negatives: of 4 drawn negatives, won/4 is binomial(4, 3/4) / 4.

    Its 2.5 and 97.5 % points are 1/4 (P(won <= 1) = 0.051 > 0.025, P(won = 0) = 0.004) and 1.
    """
    assert auroc_interval([True, False, False, False, False], [3.0, 1, 2, 0, 9], seed=7) == (0.25, 1.0)


@pytest.mark.parametrize("truth", [[], [True, True], [False]])
def test_one_class_has_no_interval(truth):
    assert auroc_interval(truth, [1.0] * len(truth), seed=1) is None


# Against a reference


@pytest.fixture(scope="module")
def reference():
    return pytest.importorskip("sklearn.metrics")


@settings(deadline=None)
@given(scored)
def test_scikit_learn_agrees_on_ranking(reference, cases):
    truth, scores = with_both_classes(cases)
    assert auroc(truth, scores) == pytest.approx(reference.roc_auc_score(truth, scores))


@settings(deadline=None)
@given(judged)
def test_scikit_learn_agrees_on_verdicts(reference, cases):
    cases = [*cases, (True, True), (False, True)]
    truth, predicted = [truth for truth, _ in cases], [predicted for _, predicted in cases]
    counts = confusion(truth, predicted)
    assert balanced_accuracy(counts) == pytest.approx(reference.balanced_accuracy_score(truth, predicted))
    assert macro_f1(counts) == pytest.approx(
        reference.f1_score(truth, predicted, average="macro", zero_division=0)
    )
