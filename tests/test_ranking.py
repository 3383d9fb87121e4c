"""The measures of rankings: examples worked by hand, their bounds, and a reference implementation beside."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evals.ranking import Gains, average_precision, ndcg_at, recall_at, reciprocal_rank, relevant

# Two relevant documents of three judged, one of them twice as good; the ranking has them at 2 and 4.
GAINS = {"good": 2, "fair": 1, "bad": 0}
RANKING = ("bad", "fair", "unjudged", "good")

DOCUMENTS = [f"d{number}" for number in range(12)]
judgements = st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(-1, 3), min_size=1).filter(relevant)
rankings = st.lists(st.sampled_from(DOCUMENTS), unique=True)
depths = st.integers(1, 15)


@pytest.fixture(scope="module")
def reference() -> Any:
    """ir-measures, which asks trec_eval's C code and, for RR@10, MS MARCO's script."""
    return pytest.importorskip("ir_measures", reason="ir-measures is absent.")


def every_measure(ranking: list[str], gains: Gains, depth: int) -> dict[str, float]:
    return {
        "recall": recall_at(ranking, gains, depth),
        "reciprocal rank": reciprocal_rank(ranking, gains, depth),
        "nDCG": ndcg_at(ranking, gains, depth),
        "average precision": average_precision(ranking, gains),
    }


@pytest.mark.parametrize(("depth", "recall"), [(1, 0), (2, 1 / 2), (3, 1 / 2), (4, 1), (100, 1)])
def test_recall_by_hand(depth, recall):
    assert recall_at(RANKING, GAINS, depth) == recall


@pytest.mark.parametrize(("depth", "value"), [(1, 0), (2, 1 / 2), (10, 1 / 2)])
def test_reciprocal_rank_by_hand(depth, value):
    assert reciprocal_rank(RANKING, GAINS, depth) == value


def test_ndcg_by_hand():
    """Reached: 1 / log2(3) + 2 / log2(5). Best: 2 / log2(2) + 1 / log2(3)."""
    reached, best = 1 / math.log2(3) + 2 / math.log2(5), 2 + 1 / math.log2(3)
    assert ndcg_at(RANKING, GAINS, 10) == pytest.approx(reached / best)
    assert ndcg_at(RANKING, GAINS, 2) == pytest.approx(1 / math.log2(3) / best)
    assert ndcg_at(RANKING, GAINS, 1) == 0
    assert ndcg_at(("fair",), GAINS, 1) == 1 / 2


def test_average_precision_by_hand():
    """Precision is 1/2 at rank 2 and 2/4 at rank 4."""
    assert average_precision(RANKING, GAINS) == (1 / 2 + 2 / 4) / 2
    assert average_precision(RANKING[:2], GAINS) == (1 / 2) / 2


def test_a_judgement_below_zero_takes_nothing_away():
    assert ndcg_at(("worse", "good"), {"good": 1, "worse": -2}, 10) == pytest.approx(1 / math.log2(3))
    assert relevant({"good": 1, "worse": -2, "bad": 0}) == {"good"}


def test_nothing_found_is_nothing_won():
    assert set(every_measure([], GAINS, 10).values()) == {0}


@given(rankings, judgements, depths)
def test_every_measure_is_between_0_and_1(ranking, gains, depth):
    assert all(0 <= value <= 1 for value in every_measure(ranking, gains, depth).values())


@given(judgements, st.integers(12, 20))
def test_a_perfect_ranking_is_worth_1(gains, depth):
    perfect = sorted(gains, key=lambda document: -gains[document])
    assert set(every_measure(perfect, gains, depth).values()) == {1}


@given(rankings, judgements, depths)
def test_what_comes_after_the_depth_does_not_count(ranking, gains, depth):
    cut = every_measure(ranking[:depth], gains, depth)
    whole = every_measure(ranking, gains, depth)
    assert {name for name in cut if cut[name] != whole[name]} <= {"average precision"}
    assert whole["average precision"] >= cut["average precision"]


@given(ranking=rankings, gains=judgements)
@example(ranking=DOCUMENTS, gains={DOCUMENTS[10]: 1})
@example(ranking=[], gains={"d0": 1})
def test_the_reference_implementation_agrees(reference, ranking, gains):
    measures = {
        reference.R @ 5: recall_at(ranking, gains, 5),
        reference.RR @ 10: reciprocal_rank(ranking, gains, 10),
        reference.nDCG @ 10: ndcg_at(ranking, gains, 10),
        reference.AP: average_precision(ranking, gains),
    }
    judged = [reference.Qrel("q", document, gain) for document, gain in gains.items()]
    run = [reference.ScoredDoc("q", document, -rank) for rank, document in enumerate(ranking)]
    found = reference.calc_aggregate(list(measures), judged, run)
    for measure, value in measures.items():
        assert value == pytest.approx(found[measure]), measure
