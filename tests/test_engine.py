"""The contract of a LanguageModel, on the fake and on the engine; and the engine with the real 135M model."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import ScriptedModel
from hypothesis import given
from hypothesis import strategies as st

from rag.apart import ModelApart
from rag.draft import MOST_DRAFTED
from rag.engine import Engine, _Job, _Text
from rag.errors import ModelError
from rag.llama import BATCH_TOKENS
from rag.prompt import Message, render
from rag.protocols import LanguageModel
from rag.states import StateStore
from rag.types import Control, Segment, Usage

PAPER = (
    "Paris is the capital of France. Rome is the capital of Italy. Bern is the capital of Switzerland. " * 8
)
FRANCE = "What is the capital of France?"
ITALY = "What is the capital of Italy?"


def prompt(question: str, paper: str = PAPER) -> tuple[Segment, ...]:
    messages = (
        Message("system", ("You answer in one sentence.",)),
        Message("user", (f"{paper}\n\n", question)),
    )
    return render(messages, "chatml")


def open_engine(path: Path, **changes: object) -> Engine:
    options = {"name": "smollm2", "context_tokens": 2048, "threads": 2, "gpu_layers": 0} | changes
    return Engine.open(path, **options)


@pytest.fixture(scope="module")
def engine(smollm2_path: Path) -> Iterator[Engine]:
    engine = open_engine(smollm2_path)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    return StateStore(tmp_path_factory.mktemp("states"), most_bytes=200_000_000)


@pytest.fixture(scope="module")
def storing(smollm2_path: Path, store: StateStore) -> Iterator[Engine]:
    """An engine that keeps what it reads."""
    engine = open_engine(smollm2_path, states=store)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def guessing(smollm2_path: Path) -> Iterator[Engine]:
    """An engine that guesses words, on a machine that is known to gain by it."""
    engine = open_engine(smollm2_path, drafting=True)
    engine._worker._machine.slope = 0.2
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def apart(smollm2_path: Path) -> Iterator[ModelApart]:
    """The engine in a process of its own."""
    model = ModelApart.open(smollm2_path, name="smollm2", context_tokens=2048, threads=2, gpu_layers=0)
    yield model
    model.close()


@pytest.fixture(params=["scripted", "engine", "guessing", "apart"])
def any_model(request: pytest.FixtureRequest) -> LanguageModel:
    if request.param != "scripted":
        return request.getfixturevalue(request.param)
    return ScriptedModel({FRANCE: "The capital of France is Paris.", ITALY: "It is Rome, of course."})


def generate(engine: LanguageModel, segments: tuple[Segment, ...], **options: object) -> str:
    return "".join(engine.generate(segments, **{"max_tokens": 24} | options))


def usage_of(engine: LanguageModel, segments: tuple[Segment, ...], **options: object) -> Usage:
    used: list[Usage] = []
    generate(engine, segments, on_usage=used.append, **options)
    (usage,) = used
    return usage


def test_any_model_streams_the_text_in_pieces(any_model):
    pieces = list(any_model.generate(prompt(FRANCE), max_tokens=24))
    assert len(pieces) > 3
    assert all(pieces)
    assert "".join(pieces) == generate(any_model, prompt(FRANCE))
    assert "Paris" in "".join(pieces)
    assert "Rome" in generate(any_model, prompt(ITALY))


@pytest.mark.parametrize("cut", [slice(0, 3), slice(2, 7), slice(9, 14), slice(14, 26), slice(15, 26)])
def test_any_model_ends_before_a_stop_string(any_model, cut):
    free = generate(any_model, prompt(FRANCE))
    stop = free[cut]
    assert len(stop) == cut.stop - cut.start
    assert generate(any_model, prompt(FRANCE), stop=("never said", stop)) == free[: free.index(stop)]


@pytest.mark.parametrize("most", [1, 3, 24])
def test_any_model_writes_at_most_so_many_tokens(any_model, most):
    free = generate(any_model, prompt(FRANCE), max_tokens=60)
    short = generate(any_model, prompt(FRANCE), max_tokens=most)
    used = usage_of(any_model, prompt(FRANCE), max_tokens=most)
    assert free.startswith(short)
    assert 0 < used.output_tokens <= most
    assert used.output_tokens == most or short == free


def test_any_model_tells_its_usage_once_at_the_end(any_model):
    told: list[Usage] = []
    pieces = any_model.generate(prompt(FRANCE), max_tokens=5, on_usage=told.append)
    for _ in pieces:
        assert told == []
    (usage,) = told
    assert usage.prompt_tokens > 0
    assert usage.output_tokens == 5


def test_closing_ends_any_model_without_usage(any_model):
    told: list[Usage] = []
    pieces = any_model.generate(prompt(FRANCE), max_tokens=1000, on_usage=told.append)
    assert next(pieces)
    pieces.close()
    assert list(pieces) == []
    assert told == []
    assert "Rome" in generate(any_model, prompt(ITALY))


def test_reading_ahead_changes_nothing_of_what_any_model_says(any_model):
    free = generate(any_model, prompt(FRANCE))
    assert any_model.prepare(prompt(FRANCE)) in (True, False)
    any_model.interrupt()
    assert generate(any_model, prompt(FRANCE)) == free


def test_any_model_refuses_a_prompt_that_does_not_fit_at_once(any_model):
    with pytest.raises(ModelError) as caught:
        any_model.generate(prompt(FRANCE), max_tokens=any_model.context_tokens)
    assert caught.value.hint


def rows_evaluated(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each step of writing evaluates, as they come."""
    rows: list[int] = []
    follow = engine._worker._context.follow
    monkeypatch.setattr(
        engine._worker._context, "follow", lambda tokens: rows.append(len(tokens)) or follow(tokens)
    )
    return rows


def test_where_an_answer_copies_several_words_are_found_at_once(guessing, monkeypatch):
    rows = rows_evaluated(guessing, monkeypatch)
    copying = (*prompt(FRANCE), "Paris is the capital of France. Rome is the capital of")
    used = usage_of(guessing, copying, max_tokens=40)
    assert used.output_tokens == 40
    assert len(rows) < 30
    assert max(rows) <= MOST_DRAFTED + 1


def test_without_guesses_each_word_is_evaluated_alone(engine, monkeypatch):
    rows = rows_evaluated(engine, monkeypatch)
    used = usage_of(engine, prompt(FRANCE))
    assert rows == [1] * (used.output_tokens - 1) or rows == [1] * used.output_tokens


def test_a_model_that_cannot_forget_does_not_guess(smollm2_path, monkeypatch):
    monkeypatch.setattr("llama_cpp.llama_model_is_recurrent", lambda model: True)
    engine = open_engine(smollm2_path, drafting=True)
    rows = rows_evaluated(engine, monkeypatch)
    generate(engine, prompt(FRANCE))
    engine.close()
    assert set(rows) == {1}


def test_it_says_what_it_is(engine):
    assert engine.name == "smollm2"
    assert engine.chat_format == "chatml"
    assert engine.context_tokens == 2048
    assert engine.device == "CPU, 2 threads"


def test_the_context_is_at_most_what_the_model_was_trained_on(smollm2_path):
    engine = open_engine(smollm2_path, context_tokens=131_072, threads=1)
    assert engine.context_tokens == 8192
    assert engine.device == "CPU, 1 thread"
    engine.close()


def test_it_answers_from_the_text_in_several_pieces_and_stops_by_itself(engine):
    pieces = list(engine.generate(prompt(FRANCE), max_tokens=60))
    assert len(pieces) > 3
    assert "Paris" in "".join(pieces)
    assert "<|im_end|>" not in "".join(pieces)
    assert usage_of(engine, prompt(FRANCE), max_tokens=60).output_tokens < 60


def test_the_same_prompt_gives_the_same_text(engine):
    first = generate(engine, prompt(FRANCE))
    generate(engine, prompt("Something else entirely.", paper="Another text."))
    assert generate(engine, prompt(FRANCE)) == first


def test_a_prompt_that_begins_alike_costs_only_what_differs(engine):
    engine._worker._context.clear()
    whole = usage_of(engine, prompt(FRANCE), max_tokens=1)
    again = usage_of(engine, prompt(FRANCE), max_tokens=1)
    other = usage_of(engine, prompt(ITALY), max_tokens=1)
    assert whole.prompt_tokens > 150
    assert again.prompt_tokens == other.prompt_tokens < 20


def test_another_text_under_the_same_rules_costs_the_text(engine):
    rules = "You answer in one sentence. You say nothing that the text does not say. You use its own words."
    messages = [
        render((Message("system", (rules,)), Message("user", (f"{paper}\n\n", ITALY))), "chatml")
        for paper in (PAPER, "Rome, again, is the capital of Italy. " * 8)
    ]
    engine._worker._context.clear()
    usage_of(engine, messages[0], max_tokens=1)
    warm = usage_of(engine, messages[1], max_tokens=1)
    engine._worker._context.clear()
    cold = usage_of(engine, messages[1], max_tokens=1)
    assert cold.prompt_tokens - warm.prompt_tokens == engine.count_tokens(rules) + 8


def test_a_prompt_of_several_batches_is_read_whole(engine):
    segments = prompt("What is the sky?", paper="The sky is blue and wide. " * 150)
    engine._worker._context.clear()
    used = usage_of(engine, segments, max_tokens=1)
    assert used.prompt_tokens > BATCH_TOKENS
    assert engine._worker._context._held == batches(engine, segments)
    assert max(map(len, batches(engine, segments))) == BATCH_TOKENS


def batches(engine: Engine, segments: tuple[Segment, ...]) -> list[list[int]]:
    with engine._worker.vocabulary() as vocabulary:
        return vocabulary.prompt(segments)


@pytest.mark.parametrize("token", ["<|no_such_token|>", "word", "two words", ""])
def test_only_a_control_token_can_be_a_control(engine, token):
    with pytest.raises(ModelError, match="no control token"):
        engine.generate((Control(token),), max_tokens=1)


@pytest.mark.parametrize(
    "text", ["x" * 50_000, " " * 50_000, "!\n" * 25_000, "\u3000" * 50_000, "\ud800" * 9]
)
def test_no_text_crashes_the_tokeniser(engine, text):
    assert engine.count_tokens(text) >= 0


@pytest.mark.parametrize("text", ["", "Hello, world.", "naïve – 你好 \U0001f600", "$11$ of \\url{x}"])
def test_a_text_has_as_many_tokens_as_it_costs_in_a_prompt(engine, text):
    assert engine.count_tokens(text) == sum(map(len, batches(engine, (text,))))


def test_a_prompt_that_does_not_fit_is_refused_at_once(engine):
    with pytest.raises(ModelError, match="reads at most 2048") as caught:
        engine.generate(("word " * 2040,), max_tokens=24)
    assert caught.value.hint


def test_a_prompt_that_just_fits_is_written_to_its_end(smollm2_path):
    engine = open_engine(smollm2_path, context_tokens=512)
    room = 512 - engine.count_tokens("word " * 450)
    assert usage_of(engine, ("word " * 450,), max_tokens=room).prompt_tokens == 512 - room
    with pytest.raises(ModelError):
        engine.generate(("word " * 450,), max_tokens=room + 1)
    engine.close()


@pytest.mark.parametrize("segments", [(), ("",)])
def test_an_empty_prompt_is_refused(engine, segments):
    with pytest.raises(ModelError, match="empty"):
        engine.generate(segments, max_tokens=1)
    with pytest.raises(ModelError, match="empty"):
        engine.prepare(segments)


def test_a_paper_read_once_costs_every_engine_only_the_question(engine, storing, store, smollm2_path):
    expected = generate(engine, prompt(ITALY))
    assert generate(storing, prompt(FRANCE))
    generate(storing, prompt("What is it?", paper="Another text, of something else."))
    assert usage_of(storing, prompt(ITALY)).prompt_tokens < 20
    assert generate(storing, prompt(ITALY)) == expected
    late = open_engine(smollm2_path, states=store)
    assert usage_of(late, prompt(ITALY), max_tokens=1).prompt_tokens < 20
    assert generate(late, prompt(ITALY)) == expected
    late.close()


def test_a_paper_prepared_costs_only_the_question(engine, storing):
    paper = "Lima is the capital of Peru. Oslo is the capital of Norway. " * 8
    expected = generate(engine, prompt("What is the capital of Peru?", paper=paper))
    assert storing.prepare(prompt("?", paper=paper))
    assert storing.prepare(prompt("Whatever?", paper=paper))
    used = usage_of(storing, prompt("What is the capital of Peru?", paper=paper), max_tokens=1)
    assert used.prompt_tokens < 20
    assert generate(storing, prompt("What is the capital of Peru?", paper=paper)) == expected


def test_without_a_store_nothing_is_prepared(engine):
    assert not engine.prepare(prompt(FRANCE))


def test_what_does_not_fit_cannot_be_prepared(storing):
    with pytest.raises(ModelError, match="reads at most 2048"):
        storing.prepare(("word " * 2100,))


def start_preparing(engine: Engine, paper: str, results: list[bool]) -> threading.Thread:
    """Begin to read a long paper ahead; returns once the worker is at it."""
    segments = prompt("?", paper=paper)
    assert sum(map(len, batches(engine, segments))) > 1000
    thread = threading.Thread(target=lambda: results.append(engine.prepare(segments)))
    thread.start()
    while engine._worker._current is None:
        assert thread.is_alive()
    return thread


def test_a_generation_interrupts_what_is_prepared(engine, storing):
    sky = "The sky is blue and wide. " * 180
    results: list[bool] = []
    preparing = start_preparing(storing, sky, results)
    assert generate(storing, prompt(ITALY)) == generate(engine, prompt(ITALY))
    preparing.join()
    assert results == [False]
    assert storing._worker._pending == set()
    storing._worker._context.clear()
    assert usage_of(storing, prompt("Why?", paper=sky), max_tokens=1).prompt_tokens > 1000


def test_what_waits_to_be_prepared_gives_way_too(storing):
    ahead = _Job(batches(storing, prompt("?", paper="The sea is deep. " * 9)), 0, (), None, ahead=True)
    later = _Job(batches(storing, prompt(ITALY)), 1, (), None)
    with storing._worker._lock:  # the worker begins nothing meanwhile
        storing._worker.submit(ahead)
        assert not ahead.flag.is_set()
        storing._worker.submit(later)
        assert ahead.flag.is_set()
    assert isinstance(ahead.output.get(), ModelError)
    assert not ahead.kept
    assert isinstance(later.output.get(), str)


def test_what_a_generation_begins_with_is_read_to_its_end(engine, storing):
    grass = "The grass is high and dry. " * 180
    results: list[bool] = []
    preparing = start_preparing(storing, grass, results)
    used = usage_of(storing, prompt("Why?", paper=grass), max_tokens=1)
    preparing.join()
    assert results == [True]
    assert used.prompt_tokens < 20


def test_what_waits_for_a_reading_ahead_is_cancelled_too(storing):
    ahead = _Job(batches(storing, prompt("?", paper="The hill is steep. " * 9)), 0, (), None, ahead=True)
    same = _Job(batches(storing, prompt("Why?", paper="The hill is steep. " * 9)), 9, (), None)
    with storing._worker._lock:  # the worker begins nothing meanwhile
        storing._worker.submit(ahead)
        storing._worker.submit(same)
        storing._worker._current = ahead
        storing.cancel()
    assert not ahead.flag.is_set()
    assert isinstance(same.output.get(), ModelError)


def test_it_is_interrupted_by_a_word_too(storing):
    results: list[bool] = []
    preparing = start_preparing(storing, "The grass is green and soft. " * 180, results)
    storing.interrupt()
    preparing.join()
    assert results == [False]
    assert "Rome" in generate(storing, prompt(ITALY))


def test_what_reads_a_long_prompt_is_cancelled_from_another_thread(engine):
    pieces = engine.generate(prompt("Why?", paper="The rain is grey and cold. " * 220), max_tokens=400)
    told: list[ModelError] = []

    def listen() -> None:
        try:
            list(pieces)
        except ModelError as error:
            told.append(error)

    listening = threading.Thread(target=listen)
    listening.start()
    while listening.is_alive():
        engine.cancel()
    assert told
    assert "Rome" in generate(engine, prompt(ITALY))


def test_cancelling_where_nothing_is_written_changes_nothing(engine):
    engine.cancel()
    assert "Rome" in generate(engine, prompt(ITALY))


def test_an_engine_that_closes_prepares_no_more(smollm2_path, tmp_path):
    engine = open_engine(smollm2_path, states=StateStore(tmp_path, most_bytes=10**9))
    results: list[bool] = []
    preparing = start_preparing(engine, "The wind is cold. " * 220, results)
    engine.close()
    preparing.join()
    assert results == [False]
    with pytest.raises(ModelError, match="closed"):
        engine.prepare(prompt(FRANCE))
    assert list(tmp_path.iterdir()) == []


def test_a_stop_string_ends_the_text_and_is_not_in_it(engine):
    free = generate(engine, prompt(FRANCE))
    stop = free[9:14]
    assert generate(engine, prompt(FRANCE), stop=("never seen", stop)) == free[: free.index(stop)]


def test_no_token_is_written_beyond_the_budget(engine):
    assert usage_of(engine, prompt(FRANCE), max_tokens=3).output_tokens == 3


def test_no_time_gives_no_text(engine):
    engine._worker._context.clear()
    assert generate(engine, prompt(FRANCE), max_seconds=0) == ""
    assert "Paris" in generate(engine, prompt(FRANCE), max_seconds=600)


def test_closing_in_the_middle_leaves_the_next_answer_right(engine):
    expected = generate(engine, prompt(ITALY))
    pieces = engine.generate(prompt(FRANCE), max_tokens=1000)
    next(pieces)
    pieces.close()
    assert list(pieces) == []
    assert generate(engine, prompt(ITALY)) == expected


def test_dropping_the_iterator_cancels_too(engine):
    pieces = engine.generate(prompt("Count up from one, for ever."), max_tokens=1500)
    next(pieces)
    job = engine._worker._current
    del pieces
    gc.collect()
    assert job is None or job.flag.is_set()
    assert "Rome" in generate(engine, prompt(ITALY))


def test_an_iterator_that_is_never_started_runs_nothing(engine):
    before = generate(engine, prompt(ITALY))
    engine.generate(prompt(FRANCE), max_tokens=1000)
    assert usage_of(engine, prompt(ITALY)).prompt_tokens < 20
    assert generate(engine, prompt(ITALY)) == before


def test_cancelling_while_the_prompt_is_read_leaves_the_next_answer_right(engine):
    context = engine._worker._context
    context.clear()
    job = _Job(batches(engine, ("word " * 1500,)), 10, (), None)
    engine._worker.submit(job)
    while engine._worker._current is not job:
        pass
    job.flag.set()
    assert isinstance(job.output.get(), ModelError)
    assert context._length < 1500
    assert "Rome" in generate(engine, prompt(ITALY))


def test_two_threads_at_once_both_get_their_own_answers(engine):
    answers: dict[str, str] = {}

    def ask(question: str) -> None:
        answers[question] = generate(engine, prompt(question))

    threads = [threading.Thread(target=ask, args=(question,)) for question in (FRANCE, ITALY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "Paris" in answers[FRANCE]
    assert "Rome" in answers[ITALY]


def test_two_interleaved_iterators_do_not_mix(engine):
    france, italy = generate(engine, prompt(FRANCE)), generate(engine, prompt(ITALY))
    first, second = (engine.generate(prompt(question), max_tokens=24) for question in (FRANCE, ITALY))
    texts = ["", ""]
    for one, other in zip(first, second, strict=False):
        texts[0] += one
        texts[1] += other
    assert france.startswith(texts[0]) or texts[0].startswith(france)
    assert italy.startswith(texts[1]) or texts[1].startswith(italy)


def test_what_goes_wrong_in_the_worker_reaches_the_caller(engine, monkeypatch):
    def fail(_: int) -> bytes:
        raise MemoryError("no room for a piece")

    with monkeypatch.context() as patch:
        patch.setattr(engine._worker._model.vocabulary, "piece", fail)
        with pytest.raises(MemoryError, match="no room for a piece"):
            generate(engine, prompt(FRANCE))
    assert "Paris" in generate(engine, prompt(FRANCE))


def test_a_closed_engine_refuses_and_never_crashes(smollm2_path):
    engine = open_engine(smollm2_path)
    started = engine.generate(prompt(FRANCE), max_tokens=1000)
    next(started)
    waiting = engine.generate(prompt(ITALY), max_tokens=5)
    engine.close()
    engine.close()
    with pytest.raises(ModelError, match="closed"):
        list(started)
    with pytest.raises(ModelError, match="closed"):
        next(waiting)
    with pytest.raises(ModelError, match="closed"):
        engine.count_tokens("text")
    with pytest.raises(ModelError, match="closed"):
        engine.generate(prompt(FRANCE), max_tokens=5)


def test_a_dropped_engine_ends_its_worker(smollm2_path):
    engine = open_engine(smollm2_path)
    thread = engine._worker._thread
    del engine
    gc.collect()
    thread.join()
    assert not thread.is_alive()


@pytest.mark.parametrize("kept", [None, 0, 4, 100_000, 5_000_000])
def test_a_file_that_is_no_whole_model_is_named(tmp_path, smollm2_path, kept, capfd):
    path = tmp_path / "strange.gguf"
    with smollm2_path.open("rb") as whole:
        path.write_bytes(b"This is not a model." * 50 if kept is None else whole.read(kept))
    with pytest.raises(ModelError, match=r"strange\.gguf cannot be loaded: .+") as caught:
        open_engine(path)
    assert "no reason" not in caught.value.message
    assert caught.value.hint
    assert capfd.readouterr() == ("", "")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"absent\.gguf is not a file"):
        open_engine(tmp_path / "absent.gguf")


@pytest.mark.parametrize("chat_format", ["gemma", "llama3", "mistral", "alpaca"])
def test_a_chat_format_that_the_vocabulary_cannot_spell_is_refused(smollm2_path, chat_format):
    with pytest.raises(ModelError, match=smollm2_path.name) as caught:
        open_engine(smollm2_path, chat_format=chat_format)
    assert "chatml, qwen3, llama3, gemma, mistral" in caught.value.hint


def written(pieces: list[bytes], stop: tuple[str, ...] = ()) -> list[str]:
    """What is yielded for token bytes, the held ending last."""
    text = _Text(stop)
    out = []
    for piece in pieces:
        out.append(text.feed(piece))
        if text.stopped:
            break
    return [piece for piece in [*out, text.held] if piece]


@pytest.mark.parametrize(
    ("pieces", "stop", "expected"),
    [
        ([b"a", b"b"], (), ["a", "b"]),
        ([b"K\xc3", b"\xbcrz"], (), ["K", "ürz"]),
        ([b"\xf0\x9f", b"\x98", b"\x80!"], (), ["\U0001f600!"]),
        ([b"cut \xf0\x9f"], (), ["cut "]),
        ([b"bad \xff byte"], (), ["bad  byte"]),
        ([b"one\n", b"\ntwo"], ("\n\n",), ["one"]),
        ([b"one\n", b"two"], ("\n\n",), ["one", "\ntwo"]),
        ([b"one\n"], ("\n\n",), ["one", "\n"]),
        ([b"x END y"], ("END", "x "), []),
        ([b"EN", b"EN", b"D!"], ("END",), ["EN"]),
        ([b"aab", b"c"], ("aabc", "bd"), []),
    ],
)
def test_pieces_become_text(pieces, stop, expected):
    assert written(pieces, stop) == expected


@given(
    st.text("abé\n😀", max_size=30), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3), st.data()
)
def test_however_the_bytes_are_cut_the_text_ends_before_the_first_stop(text, stop, data):
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    result = "".join(written(pieces, tuple(stop)))
    assert text.startswith(result)
    assert not any(string in result for string in stop)
    assert result == text or any(string in text for string in stop)
