"""What the pictures of a run show: its figures as `evals.plots` draws them.

Knows nothing of how they are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from evals.metrics import Bin, Forecast
from evals.plots import Calibrated, Estimate, Point, selective_risk
from evals.runs import AnswersRun, RetrievalRun


def right_shares(run: AnswersRun, wanted: Callable[[str], bool]) -> dict[str, dict[str, Estimate]]:
    """Of each system, the share answered right in each group that is wanted."""
    shares: dict[str, dict[str, Estimate]] = {}
    for summary in run.summaries:
        if wanted(summary.group):
            shares.setdefault(summary.system, {})[summary.group] = (summary.right, *summary.interval)
    return shares


def risk_curves(run: AnswersRun) -> dict[str, list[Point]]:
    """Risk against coverage of the systems that tell a relevance, over the questions for which they do."""
    curves = {}
    for system in dict.fromkeys(row.system for row in run.rows):
        told = [row for row in run.rows if row.system == system and row.relevance is not None]
        answered = [
            (cast(float, row.relevance), row.right) for row in told if row.status in ("answered", "partly")
        ]
        if answered:
            curves[system] = selective_risk(answered, len(told))
    return curves


def relevance_forecasts(run: AnswersRun) -> dict[str, list[Forecast]]:
    """Of each system, the relevance told of the first paper and whether that was the right one.

    Only of questions for which both are known.
    """
    forecasts: dict[str, list[Forecast]] = {}
    for row in run.rows:
        if row.relevance is not None and row.first_right is not None:
            probability = min(max(row.relevance, 0.0), 1.0)
            forecasts.setdefault(row.system, []).append((probability, row.first_right))
    return forecasts


def calibrated(bins: Sequence[Bin]) -> list[Calibrated]:
    """Bins as a picture's points."""
    return [(each.estimated, (each.observed, *each.interval)) for each in bins]


def seconds_taken(run: AnswersRun) -> dict[str, dict[str, list[float]]]:
    """Of each system that was timed, the seconds of every question."""
    seconds = {}
    for system in dict.fromkeys(row.system for row in run.rows):
        own = [row for row in run.rows if row.system == system]
        timed = {
            "whole answer": [row.total_s for row in own if row.total_s is not None],
            "first words": [row.first_token_s for row in own if row.first_token_s is not None],
        }
        if any(timed.values()):
            seconds[system] = timed
    return seconds


def means(run: RetrievalRun, measure: str) -> dict[str, dict[str, Estimate]]:
    """Of each system, the mean of one measure in each group."""
    shares: dict[str, dict[str, Estimate]] = {}
    for score in run.scores:
        if score.measure == measure:
            shares.setdefault(score.system, {})[score.group] = (score.mean, *score.interval)
    return shares
