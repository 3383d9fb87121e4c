"""The bench: figures, ratios and tables from known numbers; its parts on small, quick things."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import ScriptedModel
from hypothesis import given
from hypothesis import strategies as st

from evals.speed import llama_bench
from evals.speed.__main__ import Bench
from evals.speed.asking import peer_figures
from evals.speed.figures import HEADINGS, Figure, in_turns, markdown, spread
from evals.speed.ground import spread_over
from evals.speed.llama_bench import built_llama_bench
from evals.speed.made import made_vectors
from evals.speed.searching import Searched, search_figures
from evals.speed.stages import memory
from evals.speed.starting import dearest
from evals.speed.writing import timed
from rag.errors import UsageError

positive = st.floats(0.01, 1000)


def figure(**changes: object) -> Figure:
    values = {
        "part": "engine",
        "what": "text written",
        "unit": "tokens/s",
        "better": "more",
        "values": (20.0, 30.0, 10.0),
        "reference": "plain",
        "references": (10.0, 10.0, 10.0),
        "goal": None,
    }
    return Figure(**(values | changes))


def test_a_ratio_is_how_many_times_better_turn_by_turn():
    assert figure().ratios == [2.0, 3.0, 1.0]
    assert figure(better="less", unit="s").ratios == pytest.approx([1 / 2, 1 / 3, 1.0])


@pytest.mark.parametrize(("goal", "reached"), [(None, None), (2.0, True), (2.1, False)])
def test_the_median_reaches_the_goal_or_not(goal, reached):
    assert figure(goal=goal).reached is reached


def test_the_table_says_what_was_missed():
    table = markdown([figure(goal=2.0), figure(goal=5.0)])
    head, _, first, second = table.splitlines()
    assert head.split(" | ")[1:-1] == list(HEADINGS[1:-1])
    assert first == "| engine | text written | 20 (10-30) tokens/s | 2 (1-3) | plain: 10 tokens/s | >= 2 |"
    assert second.endswith("| missed: >= 5 |")


@given(st.lists(positive, min_size=1))
def test_the_spread_holds_the_middle(values):
    low, high = spread(values)
    assert min(values) <= low <= sorted(values)[len(values) // 2] <= high <= max(values)


def test_the_spread_of_many_are_the_quartiles():
    assert spread(range(101)) == (25, 75)


def test_what_is_timed_takes_turns_and_no_place_is_favoured():
    order: list[str] = []

    def call(name: str):
        return lambda: order.append(name) or float(len(order))

    given_back = in_turns({"a": call("a"), "b": call("b")}, turns=3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert given_back == {"a": (1.0, 4.0, 5.0), "b": (2.0, 3.0, 6.0)}


def test_a_share_of_the_values():
    values = [5.0, 1.0, 3.0, 2.0, 4.0]
    assert spread_over(values, 0.5) == 3.0
    assert spread_over(values, 0.95) == 5.0
    assert spread_over([1.0], 0.95) == 1.0


def test_memory_is_read_from_what_linux_tells():
    status = "Name:\tpython\nVmHWM:\t  2000 kB\nVmRSS:\t 1000 kB\nRssAnon:\t 500 kB\nThreads:\t3\n"
    assert memory(status) == {"peak_mb": 2.0, "now_mb": 1.0, "anonymous_mb": 0.5}
    assert memory("") == {}


def test_the_dearest_line_of_each_package_counts():
    listing = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:       100 |        300 |   numpy.core\n"
        "import time:       200 |        900 | numpy\n"
        "import time:        50 |        950 | rag.words\n"
    )
    assert dearest(listing) == [("rag", 0.95), ("numpy", 0.9)]


def test_made_vectors_are_near_real_ones_and_the_same_each_time():
    real = np.eye(64, dtype=np.float32)[:5]
    made = made_vectors(real, 200, seed=1)
    assert made.shape == (200, 64)
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    assert (made @ real.T).max(axis=1).mean() > 0.5
    assert np.array_equal(made, made_vectors(real, 200, seed=1))
    assert not np.array_equal(made, made_vectors(real, 200, seed=2))


def test_a_search_is_held_against_the_exact_one_and_against_the_limit():
    times = tuple(float(time) for time in range(1, 101))
    figures = search_figures([Searched(2_000, times, tuple(2 * time for time in times), 0.99, 1.0, 3.0)])
    told = {(each.what, each.reference): each.ratios[0] for each in figures}
    assert told["p50, 2,000 chunks", "exact, numpy"] == 2
    assert told["p95, 2,000 chunks", "the limit"] == pytest.approx(100 / 96)
    assert told["recall@10, 2,000 chunks", "exact"] == 0.99


def test_peers_are_compared_question_by_question():
    rows = [
        {"system": "vouch", "id": "a", "first_token_s": 1.0, "total_s": 2.0},
        {"system": "vouch", "id": "b", "first_token_s": None, "total_s": 2.0},
        {"system": "plain", "id": "a", "first_token_s": 10.0, "total_s": 12.0},
        {"system": "plain", "id": "b", "first_token_s": 10.0, "total_s": 10.0},
    ]
    first, answer = peer_figures(rows)
    assert first.ratios == [10.0]
    assert answer.ratios == [6.0, 5.0]
    assert peer_figures([]) == []


def test_a_model_is_timed_by_what_it_read_and_wrote():
    model = ScriptedModel({"Paris": "It is the capital of France, and large."})
    written: list[str] = []
    read, wrote = timed(model, ("Where is Paris?",), 20, written)
    assert read > 0
    assert wrote > 0
    assert "".join(written).startswith("It is the capital")


def test_the_record_is_plain_json():
    bench = Bench(
        [figure(goal=2.0)], [Searched(10, (1.0,), (2.0,), 1.0, 0.1, 0.2)], {"rag.cli": [("typer", 3.0)]}
    )
    record = json.loads(json.dumps(bench.record()))
    assert record["figures"][0]["ratio"] == 2.0
    assert record["sizes"][0]["chunks"] == 10
    assert "typer 3" in bench.table()


def test_without_cmake_llama_bench_is_refused_with_a_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="cmake") as caught:
        built_llama_bench(tmp_path)
    assert caught.value.hint


def test_a_llama_bench_that_is_there_is_taken(tmp_path):
    program = tmp_path / "llama-bench" / llama_bench.importlib.metadata.version("llama-cpp-python")
    (program / "bin").mkdir(parents=True)
    (program / "bin" / "llama-bench").touch()
    assert built_llama_bench(tmp_path) == program / "bin" / "llama-bench"


def test_an_unknown_part_is_named(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "evals.speed", "speeed", "--results", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert done.returncode == 1
    assert "speeed" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
