"""What pictures show: the numbers of a run, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sample_results import sample_results

from evals.metrics import Bin
from evals.pictures import (
    calibrated,
    means,
    relevance_forecasts,
    right_shares,
    risk_curves,
    seconds_taken,
)
from evals.plots import selective_risk
from evals.runs import AnswersRun, read_run


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return sample_results(tmp_path_factory.mktemp("results"))


@pytest.fixture
def peers(results) -> AnswersRun:
    """One question: vouch is right, plain is wrong; 0.4 s to the first word, 1.5 s to the last."""
    run = read_run(results["peers"])
    assert isinstance(run, AnswersRun)
    return run


def test_shares_are_of_the_groups_that_are_wanted(peers):
    shares = right_shares(peers, lambda group: group == "total")
    assert {system: own["total"][0] for system, own in shares.items()} == {"vouch": 1.0, "plain": 0.0}
    assert all(low <= share <= high for own in shares.values() for share, low, high in own.values())
    assert right_shares(peers, lambda group: False) == {}


def test_a_curve_is_of_the_rows_that_tell_a_relevance(peers):
    vouch, plain = peers.rows
    refused = replace(vouch, status="not_found", relevance=0.1)
    run = replace(peers, rows=(vouch, refused, replace(plain, relevance=None)))
    assert risk_curves(run) == {"vouch": selective_risk([(0.9, True)], 2)}


def test_forecasts_are_of_the_rows_that_tell_the_relevance_and_the_truth(peers):
    vouch, plain = peers.rows
    rows = (
        replace(vouch, relevance=0.8, first_right=True),
        replace(vouch, relevance=0.1, first_right=False),
        replace(vouch, first_right=None),
        replace(vouch, relevance=None, first_right=True),
        replace(plain, relevance=None),
    )
    assert relevance_forecasts(replace(peers, rows=rows)) == {"vouch": [(0.8, True), (0.1, False)]}
    assert relevance_forecasts(replace(peers, rows=rows[2:])) == {}


def test_a_relevance_out_of_range_is_at_the_edge(peers):
    rows = [replace(peers.rows[0], relevance=relevance, first_right=True) for relevance in (-1.0, 1e308)]
    assert relevance_forecasts(replace(peers, rows=tuple(rows))) == {"vouch": [(0.0, True), (1.0, True)]}


def test_a_bin_is_drawn_where_it_lies():
    assert calibrated([Bin(4, 0.6, 0.5, (0.15, 0.85))]) == [(0.6, (0.5, 0.15, 0.85))]


def test_seconds_are_of_the_rows_that_were_timed(peers):
    vouch, plain = peers.rows
    run = replace(peers, rows=(vouch, replace(vouch, first_token_s=None), replace(plain, first_token_s=None)))
    assert seconds_taken(run) == {
        "vouch": {"whole answer": [1.5, 1.5], "first words": [0.4]},
        "plain": {"whole answer": [1.5], "first words": []},
    }
    untimed = tuple(replace(row, first_token_s=None, total_s=None) for row in peers.rows)
    assert seconds_taken(replace(peers, rows=untimed)) == {}


def test_means_are_of_one_measure(results):
    run = read_run(results["retrieval"])
    mean = {"all": (0.875, 0.811, 0.933)}
    assert means(run, "nDCG@10") == {"vouch": mean, "bm25": mean}
    assert means(run, "nothing") == {}
