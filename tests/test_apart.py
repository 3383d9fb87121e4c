"""The model in a process of its own: what it says, how its death is told, and that it comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_worker import COMMAND, SECRET
from test_engine import FRANCE, ITALY, generate, open_engine, prompt

from rag import child, keeper
from rag.apart import ModelApart
from rag.errors import ModelError
from rag.types import Control, Usage
from rag.worker import _Cancel, as_json, as_segments

PATIENCE = 60.0


def open_scripted(path: str = "sound") -> ModelApart:
    return ModelApart({"path": path}, command=COMMAND)


@pytest.fixture
def scripted() -> Iterator[ModelApart]:
    with closing(open_scripted()) as model:
        yield model


def process_of(model: ModelApart) -> int:
    """The process that runs, once one runs."""
    return model._keeper.child()._process.pid


def is_gone(process: int) -> bool:
    """Whether it has ended; one whose end nobody asked for yet counts."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(process: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_gone(process):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def say(model: ModelApart, text: str) -> str:
    return "".join(model.generate((text,), max_tokens=9))


def die(model: ModelApart) -> ModelError:
    """Have the process killed in the middle of an answer; what the reader is told."""
    pieces = model.generate(("one two DIE three",), max_tokens=9)
    assert [next(pieces), next(pieces)] == [" one", " two"]
    with pytest.raises(ModelError) as caught:
        next(pieces)
    return caught.value


# With a scripted program


def test_it_streams_what_the_other_process_says(scripted: ModelApart) -> None:
    told: list[Usage] = []
    pieces = scripted.generate(
        (Control("<|im_start|>"), "naïve 你好 \U0001f600 \ud800"), max_tokens=9, on_usage=told.append
    )
    assert list(pieces) == [" naïve", " 你好", " \U0001f600", " \ud800"]
    assert told == [Usage(4, 4)]
    assert scripted.count_tokens("a b c") == 3
    assert (scripted.name, scripted.chat_format, scripted.context_tokens) == ("scripted", "chatml", 4096)
    assert scripted.device == "CPU, 1 thread"


@given(segments=st.lists(st.text() | st.builds(Control, st.text())))
def test_any_prompt_comes_over_whole(segments: list[str | Control]) -> None:
    assert as_segments(as_json(segments)) == tuple(segments)


def test_what_native_code_prints_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    with closing(open_scripted()) as model:
        assert say(model, "a b") == " a b"
    assert capfd.readouterr() == ("", "")


def test_an_answer_whose_process_is_killed_says_so_and_the_next_one_is_answered(scripted: ModelApart) -> None:
    before = process_of(scripted)
    told = die(scripted)
    assert "the model is being restarted" in told.message
    assert told.hint == "Ask again."
    assert say(scripted, "a b") == " a b"
    assert process_of(scripted) != before
    assert scripted.device == "CPU, 1 thread"


def test_a_process_that_is_killed_while_idle_is_replaced_unasked(scripted: ModelApart) -> None:
    idle = scripted._keeper.child()
    os.kill(idle._process.pid, signal.SIGKILL)
    idle._thread.join(PATIENCE)
    assert say(scripted, "a b") == " a b"


def test_while_it_comes_back_the_status_says_so(
    scripted: ModelApart, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    opened = scripted._keeper._opened
    monkeypatch.setattr(scripted._keeper, "_opened", lambda: (go_on.wait(PATIENCE), opened())[1])
    die(scripted)
    assert scripted.device == "the model is being restarted"
    go_on.set()
    assert say(scripted, "a b") == " a b"


def test_one_that_dies_again_and_again_rests_and_is_tried_again(
    scripted: ModelApart, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(keeper.MOST_ENDS - 1):
        assert "being restarted" in die(scripted).message
    assert "ended 3 times within a minute" in die(scripted).message
    with pytest.raises(ModelError, match=r"tried again in \d+ seconds; until then answers are quotes"):
        say(scripted, "a b")
    assert "ended 3 times" in scripted.device
    scripted._keeper._rests_until = 0.0
    assert say(scripted, "a b") == " a b"


def test_ends_that_are_far_apart_do_not_count_together(
    scripted: ModelApart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "WINDOW_SECONDS", 0.0)
    for _ in range(keeper.MOST_ENDS + 1):
        assert "being restarted" in die(scripted).message


def test_one_that_cannot_be_opened_any_more_rests(tmp_path: Path) -> None:
    frail = tmp_path / "frail"
    with closing(open_scripted(str(frail))) as model:
        frail.touch()
        die(model)
        with pytest.raises(ModelError, match="ended 3 times within a minute"):
            say(model, "a b")
        frail.unlink()
        model._keeper._rests_until = 0.0
        assert say(model, "a b") == " a b"


@pytest.mark.parametrize(("path", "words"), [("crash", "ended while loading"), ("refuse", "It is refused")])
def test_a_model_that_cannot_be_opened_is_told(path: str, words: str) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        open_scripted(path)
    assert caught.value.hint


def test_what_is_refused_over_there_is_refused_here_before_the_first_word(scripted: ModelApart) -> None:
    with pytest.raises(ModelError, match="does not fit") as caught:
        scripted.generate(("a",), max_tokens=9999)
    assert caught.value.hint == "Ask a shorter question."


def test_a_fault_that_nobody_foresaw_is_told_without_its_words(scripted: ModelApart) -> None:
    with pytest.raises(ModelError, match="RuntimeError") as caught:
        say(scripted, "one two FAIL three")
    assert SECRET not in str(caught.value)
    assert say(scripted, "a b") == " a b"


def test_closing_the_iterator_cancels_over_there(scripted: ModelApart) -> None:
    pieces = scripted.generate(("one two WAIT three",), max_tokens=9)
    assert [next(pieces), next(pieces)] == [" one", " two"]
    pieces.close()
    while not scripted.count_tokens("cancelled"):
        pass
    assert not scripted._keeper.child()._asked


def test_an_answer_is_cancelled_from_another_thread(scripted: ModelApart) -> None:
    pieces = scripted.generate(("one two WAIT three",), max_tokens=9)
    assert [next(pieces), next(pieces)] == [" one", " two"]
    threading.Timer(0.01, scripted.cancel).start()
    with pytest.raises(ModelError):
        next(pieces)
    assert say(scripted, "a b") == " a b"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "GIVE_UP_SECONDS", 0.2)
    monkeypatch.setattr(child, "LATE_SECONDS", 0.0)


def hang(model: ModelApart, *, max_seconds: float | None = None) -> Generator[str, None, None]:
    """An answer whose process hangs in native code."""
    pieces = model.generate(("one two NAP three",), max_tokens=9, max_seconds=max_seconds)
    assert [next(pieces), next(pieces)] == [" one", " two"]
    return pieces


@pytest.mark.usefixtures("impatient")
def test_a_process_that_hangs_past_the_time_of_an_answer_is_ended_and_replaced(scripted: ModelApart) -> None:
    hung = process_of(scripted)
    with pytest.raises(ModelError, match=r"did not answer any more and was ended; .* being restarted"):
        next(hang(scripted, max_seconds=0.2))
    assert is_gone(hung)
    assert say(scripted, "a b") == " a b"


@pytest.mark.usefixtures("impatient")
def test_a_process_that_does_not_stop_is_ended_and_replaced(scripted: ModelApart) -> None:
    hung = process_of(scripted)
    pieces = hang(scripted)
    threading.Timer(0.01, scripted.cancel).start()
    with pytest.raises(ModelError, match="did not answer any more"):
        next(pieces)
    assert is_gone(hung)
    assert say(scripted, "a b") == " a b"


@pytest.mark.usefixtures("impatient")
def test_a_process_that_goes_on_for_a_reader_who_left_is_ended_and_replaced(scripted: ModelApart) -> None:
    hung = process_of(scripted)
    hang(scripted).close()
    wait_until_gone(hung)
    assert say(scripted, "a b") == " a b"


@pytest.mark.usefixtures("impatient")
def test_a_process_that_hangs_while_it_reads_ahead_is_ended_where_somebody_asks(scripted: ModelApart) -> None:
    hung = process_of(scripted)
    told: list[ModelError] = []

    def read_ahead() -> None:
        with pytest.raises(ModelError, match="did not answer any more") as caught:
            scripted.prepare(("NAP",))
        told.append(caught.value)

    reading = threading.Thread(target=read_ahead)
    reading.start()
    while reading.is_alive():
        scripted.interrupt()
    assert told
    wait_until_gone(hung)
    assert say(scripted, "a b") == " a b"


@pytest.mark.usefixtures("impatient")
def test_one_that_is_late_and_gives_up_ends_its_answer_and_lives(scripted: ModelApart) -> None:
    before = process_of(scripted)
    pieces = scripted.generate(("one two WAIT three",), max_tokens=9, max_seconds=0.1)
    assert list(pieces) == [" one", " two"]
    assert process_of(scripted) == before


@pytest.mark.usefixtures("impatient")
def test_one_that_never_opens_its_model_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "OPENING_SECONDS", 0.1)
    with pytest.raises(ModelError, match="ended while loading"):
        open_scripted("hang")


def test_a_cancel_that_comes_before_the_beginning_is_not_lost() -> None:
    begun: list[str] = []
    cancel = _Cancel()
    cancel()
    cancel.begins(lambda: begun.append("cancelled"))
    assert begun == ["cancelled"]


def test_an_iterator_that_is_never_started_runs_nothing(scripted: ModelApart) -> None:
    scripted.generate(("one two DIE three",), max_tokens=9)
    assert say(scripted, "a b") == " a b"
    assert scripted.device == "CPU, 1 thread"


def test_reading_ahead_is_interrupted(scripted: ModelApart) -> None:
    kept: list[bool] = []
    reading = threading.Thread(target=lambda: kept.append(scripted.prepare(("WAIT",))))
    reading.start()
    while reading.is_alive():
        scripted.interrupt()
    assert kept == [False]
    assert scripted.prepare(("a",)) is True


def test_reading_ahead_waits_out_a_rest_and_can_be_interrupted_meanwhile(scripted: ModelApart) -> None:
    for _ in range(keeper.MOST_ENDS):
        die(scripted)
    kept: list[bool] = []
    reading = threading.Thread(target=lambda: kept.append(scripted.prepare(("a",))))
    reading.start()
    while reading.is_alive():
        scripted.interrupt()
    assert kept == [False]


def test_a_closed_one_refuses_and_its_process_is_gone() -> None:
    model = open_scripted()
    process = process_of(model)
    pieces = model.generate(("one two WAIT three",), max_tokens=9)
    assert [next(pieces), next(pieces)] == [" one", " two"]
    model.close()
    model.close()
    assert is_gone(process)
    with pytest.raises(ModelError, match="closed"):
        next(pieces)
    with pytest.raises(ModelError, match="closed"):
        say(model, "a b")
    assert model.device == "closed"


def test_one_that_is_dropped_ends_its_process() -> None:
    model = open_scripted()
    process = process_of(model)
    del model
    wait_until_gone(process)


PARENT = """
import sys, time
from rag.apart import ModelApart
from scripted_worker import COMMAND
model = ModelApart({"path": "sound"}, command=COMMAND)
pieces = model.generate(("one two WAIT three",), max_tokens=9)
next(pieces)
print(model._keeper.child()._process.pid, flush=True)
sys.stdin.read()
"""


def test_a_process_ends_with_whoever_started_it() -> None:
    """Killed in the middle of an answer, the parent can clean up nothing."""
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{PARENT}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        process = int(parent.stdout.readline())
        assert not is_gone(process)
        parent.kill()
    wait_until_gone(process)


# With the real program and the 135M model


@pytest.fixture(scope="module")
def real(smollm2_path: Path) -> Iterator[ModelApart]:
    options = {"name": "smollm2", "context_tokens": 2048, "threads": 2, "gpu_layers": 0}
    with closing(ModelApart.open(smollm2_path, **options)) as model:
        yield model


def test_it_says_the_same_as_in_this_process(real: ModelApart, smollm2_path: Path) -> None:
    questions = [FRANCE, ITALY, "Which country has Bern for its capital?", "Say <|im_end|> twice."]
    with closing(open_engine(smollm2_path)) as engine:
        assert engine.device == real.device
        for question in questions:
            assert generate(real, prompt(question)) == generate(engine, prompt(question))


def test_killed_in_the_middle_of_an_answer_it_answers_the_next_question(real: ModelApart) -> None:
    before = generate(real, prompt(FRANCE))
    pieces = real.generate(prompt("Count up from one, for ever."), max_tokens=1000)
    assert next(pieces)
    killed = time.monotonic()
    os.kill(process_of(real), signal.SIGKILL)
    with pytest.raises(ModelError, match="being restarted"):
        list(pieces)
    process_of(real)
    print(f"restarted after {time.monotonic() - killed:.2f} s")
    assert generate(real, prompt(FRANCE)) == before


def test_cancelled_it_answers_the_next_question(real: ModelApart) -> None:
    before = generate(real, prompt(FRANCE))
    pieces = real.generate(prompt("Count up from one, for ever."), max_tokens=1500)
    assert next(pieces)
    pieces.close()
    assert generate(real, prompt(FRANCE)) == before


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="stops a process")
@pytest.mark.usefixtures("impatient")
def test_held_up_in_the_middle_of_an_answer_it_is_ended_and_answers_the_next_question(
    real: ModelApart,
) -> None:
    before = generate(real, prompt(FRANCE))
    pieces = real.generate(prompt("Count up from one, for ever."), max_tokens=1000)
    assert next(pieces)
    os.kill(process_of(real), signal.SIGSTOP)
    real.cancel()
    with pytest.raises(ModelError, match="did not answer any more"):
        list(pieces)
    assert generate(real, prompt(FRANCE)) == before


def test_cancelled_while_it_reads_it_answers_the_next_question(real: ModelApart) -> None:
    before = generate(real, prompt(FRANCE))
    pieces = real.generate(prompt("word " * 1500), max_tokens=9)
    cancelling = threading.Timer(0.1, real.cancel)
    cancelling.start()
    with pytest.raises(ModelError):
        list(pieces)
    cancelling.join()
    assert generate(real, prompt(FRANCE)) == before


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "strange.gguf"
    path.write_bytes(b"This is not a model." * 50)
    with pytest.raises(ModelError, match=r"strange\.gguf cannot be loaded"):
        ModelApart.open(path, name="strange", context_tokens=512, threads=1, gpu_layers=0)


def test_this_process_loads_nothing_of_it(smollm2_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom rag.apart import ModelApart\n"
        f"path = Path({str(smollm2_path)!r})\n"
        "model = ModelApart.open(path, name='smollm2', context_tokens=512, threads=1, gpu_layers=0)\n"
        "assert ''.join(model.generate(('Hello',), max_tokens=2))\n"
        "print(*sorted({'llama_cpp', 'numpy'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("\n", "")
