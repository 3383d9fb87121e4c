"""Changes: which runs are compared, and what became of the verdicts."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from sample_results import sample_results

from evals.changes import comparisons, successive
from evals.runs import Run, read_run


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return sample_results(tmp_path_factory.mktemp("results"))


def dated(result: dict[str, Any], date: str) -> Run:
    return read_run(result | {"date": date})


def test_runs_follow_each_other_by_date_within_their_suite(results):
    answers, support = results["answers"], results["support"]
    runs = [
        dated(answers, "2026-03-01"),
        dated(support, "2026-02-01"),
        dated(answers, "2026-01-01"),
        dated(results["peers"], "2026-02-02"),
        dated(answers, "2026-02-01"),
    ]
    assert successive(runs) == [(runs[2], runs[4]), (runs[4], runs[0])]


def test_runs_without_verdicts_are_not_compared(results):
    for suite in ("retrieval", "summaries"):
        assert successive([read_run(results[suite])] * 2) == []


def test_the_verdicts_of_a_system_are_compared(results):
    changed = copy.deepcopy(results["answers"])
    rows = {row["id"]: row for row in changed["rows"]}
    rows["right"]["right"], rows["refused"]["right"] = False, True
    changed["rows"].remove(rows["held"])
    ((system, compared),) = comparisons(read_run(results["answers"]), read_run(changed))
    assert system == "vouch"
    assert (compared.lost, compared.gained, compared.only_before) == (("right",), ("refused",), ("held",))


def test_the_verifiers_verdict_is_whether_it_agrees_with_people(results):
    changed = copy.deepcopy(results["support"])
    changed["rows"][0]["supported"] = not changed["rows"][0]["supported"]
    ((system, compared),) = comparisons(read_run(results["support"]), read_run(changed))
    assert (system, compared.lost, compared.questions) == ("verifier", ("a",), 2)


def test_systems_of_one_run_alone_are_left_out(results):
    other = copy.deepcopy(results["peers"])
    for row in other["rows"]:
        row["system"] = {"vouch": "vouch", "plain": "another"}[row["system"]]
    assert [name for name, _ in comparisons(read_run(results["peers"]), read_run(other))] == ["vouch"]
