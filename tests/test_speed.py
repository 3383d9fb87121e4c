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
from evals.speed.__main__ import Bench, reason
from evals.speed.asking import Times, an_hour, peer_figures
from evals.speed.engine_turn import shortened
from evals.speed.figures import HEADINGS, Figure, in_turns, markdown, spread
from evals.speed.ground import spread_over
from evals.speed.guessing import figures_of
from evals.speed.llama_bench import built_llama_bench
from evals.speed.made import KIND, chunk_id, made_shelf, made_vectors
from evals.speed.page import first_and_last
from evals.speed.profiling import FIRST_WORD, OTHER, WHOLE, Recorder, TimedModel
from evals.speed.searching import Searched, search_figures
from evals.speed.spent import medians, profile_table
from evals.speed.stages import memory
from evals.speed.starting import dearest
from evals.speed.writing import timed
from rag.config import Settings
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


def test_a_fill_that_was_interrupted_goes_on_and_is_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("evals.speed.made.BATCH", 20)
    # The environment counts more than arguments.
    settings = Settings().model_copy(update={"home": tmp_path / "home", "cache": tmp_path / "cache"})
    real = np.eye(8, dtype=np.float32)
    shelf = made_shelf(settings, 50, made_from="test")

    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shelf.fill(settings, real, interrupt)
    assert shelf.filled == 20
    told: list[int] = []
    shelf.fill(settings, real, told.append)
    assert told == [40, 50]
    shelf.fill(settings, real, interrupt)  # nothing is left to do
    vectors = np.array(shelf.vectors())
    store = shelf.open(settings)
    assert store.count() == 50
    (nearest,) = store.search(vectors[45], count=1, kind=KIND)
    assert nearest.chunk_id == chunk_id(45)
    store.close()
    whole = made_shelf(settings, 50, made_from="another test")
    assert whole.folder != shelf.folder
    whole.fill(settings, real, told.append)
    assert np.array_equal(whole.vectors(), vectors)
    whole.delete()
    assert not whole.folder.exists()
    assert shelf.folder.exists()


class Clock:
    """Goes on by as much as it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stage_has_only_what_no_stage_within_it_has():
    clock = Clock()
    recorder = Recorder(clock)

    def inner() -> None:
        clock.now += 2

    inner = recorder.wrapped("search", inner)
    with recorder.stage("ranking"):
        clock.now += 1
        inner()
        inner()
    told = recorder.told(6)
    assert told == {"ranking": 1000, "search": 4000, OTHER: 1000, WHOLE: 6000}


def test_while_the_first_word_is_waited_for_what_the_model_does_is_told():
    clock = Clock()
    recorder = Recorder(clock)
    model = TimedModel(ScriptedModel({"Paris": "The capital of France."}), recorder)
    pieces = model.generate(("Where is Paris?",), max_tokens=9)
    assert next(pieces).startswith("The")
    list(pieces)
    recorder.seconds |= {FIRST_WORD: 5.0, "prompt read": 3.0}
    assert recorder.told(6) == pytest.approx(
        {FIRST_WORD: 2000, "prompt read": 3000, "writing: waited for": 0, OTHER: 1000, WHOLE: 6000}
    )


def test_the_profile_adds_up_to_the_whole():
    answers = [{"ranking": 2.0, "composing": 1.0, WHOLE: 5.0}, {"ranking": 4.0, WHOLE: 7.0}]
    found = medians(answers)
    assert found == {"ranking": 3.0, "composing": 0.5, OTHER: 2.5, WHOLE: 6.0}
    table = profile_table({"warm": found, "cold": {"imports": 1.0, OTHER: 0.0, WHOLE: 1.0}})
    assert "| imports |  | 1.0 |" in table
    assert table.splitlines()[-1] == "| whole | 6.0 | 1.0 |"
    assert profile_table({}) == ""


def test_of_the_page_the_first_sentence_and_the_end_are_timed():
    waiting = {"msg": "process_generating", "output": {"data": ["<p>reading</p>"]}}
    shown = {"msg": "process_generating", "output": {"data": ['<p class="claim quoted">OWL</p>']}}
    end = {"msg": "process_completed"}
    assert first_and_last([(1.0, waiting), (2.0, shown), (3.0, shown), (4.0, end)]) == (2.0, 4.0)
    assert first_and_last([(1.0, waiting), (4.0, end)]) == (4.0, 4.0)
    with pytest.raises(RuntimeError, match="without a word"):
        first_and_last([(1.0, waiting)])


def test_an_answer_that_lost_by_guesses_is_told():
    told = {each.what: each for each in figures_of((30.0, 18.0), (20.0, 20.0), 0.5)}
    assert told["mean gain of 2 answers"].ratios == pytest.approx([1.2])
    assert told["least gain of 2 answers"].ratios == pytest.approx([0.9])
    assert told["least gain of 2 answers"].reached is False
    assert told["0.95 times or more, of 2 answers"].values == (0.5,)


def test_questions_an_hour():
    assert an_hour([Times(0.1, 0.5, 2.0)], [Times(0.1, 1.5, 4.0)]).ratios == [2.0]
    assert an_hour([Times(0.1, 0.5, 2.0)], [Times(0.1, 1.5, 4.0)]).values == (1800.0,)


def test_as_many_words_as_fit():
    assert shortened(["one", "two", "three"], lambda text: len(text.split()), 2) == "one two"
    assert shortened(["one"], lambda text: len(text.split()), 2) == "one"
    assert shortened([], lambda text: len(text.split()), 2) == ""


def test_a_part_that_fails_is_told_in_a_line():
    child = subprocess.CalledProcessError(
        3, ["python", "-m", "evals.speed.stages"], stderr="a\nOut of luck\n"
    )
    assert reason(child).endswith("ended with 3: Out of luck")
    assert reason(UsageError("No model.", hint="Pull one.")) == "No model."
    assert reason(RuntimeError("no page")) == "RuntimeError: no page"
    assert "The part engine failed: no page" in Bench(failed={"engine": "no page"}).table()
