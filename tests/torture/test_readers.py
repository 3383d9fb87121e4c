"""Many readers of one assistant: none gets another's answer, and those who go leave nothing behind."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from torture.conftest import rounds, tell

from rag.errors import RagError
from rag.types import Answer, Pick, Scope, Timings, Turn
from ui.conversation import Conversation, Errands, converse

READERS = 20
QUESTIONS = 200  # of all readers together
DROPPED = rounds(20, 200)
IDLE_SECONDS = 2.0


def answer(question: str, text: str) -> Answer:
    return Answer(
        question=question,
        understood_as=question,
        kind="paper",
        status="answered",
        text=text,
        claims=(),
        citations=(),
        nearest=(),
        model=None,
        timings=Timings(0.0, None, 0.0, 0, 0),
    )


class Echo:
    """Answers with the question and how many were asked before it, word by word; counts who is inside."""

    def __init__(self) -> None:
        self.inside = self.most = self.ended = 0
        self.waits = threading.Event()
        self.waits.set()

    def stream(
        self, question: str, history: Sequence[Turn], *, scope: Scope, pick: Pick | None
    ) -> Iterator[Answer]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            if "fault" in question:
                raise RagError("It cannot be answered.", hint="Ask another.")
            for words in range(1, 4):
                assert self.waits.wait(60)
                yield answer(question, f"{question} after {len(history)}: {'word ' * words}")
        finally:
            self.inside -= 1
            self.ended += 1

    def cancel(self) -> None:
        pass

    def status(self) -> str:
        return "fine"


def ask(errands: Errands, conversation: Conversation, question: str) -> Conversation:
    begun = conversation.ask(question)
    *_, last = converse(errands.begin(begun), begun)
    return last


def talk(errands: Errands, reader: int, count: int) -> list[str]:
    conversation, shown = Conversation(), []
    for number in range(count):
        question = f"reader {reader} question {number}" + (" fault" if number % 7 == 3 else "")
        conversation = ask(errands, conversation, question)
        shown.append(conversation.current)
    return shown


def test_readers_at_once_get_what_they_get_alone() -> None:
    each = QUESTIONS // READERS
    alone = [talk(Errands(Echo()), reader, each) for reader in range(READERS)]
    echo = Echo()
    errands = Errands(echo)
    together: dict[int, list[str]] = {}

    def read(reader: int) -> None:
        together[reader] = talk(errands, reader, each)

    threads = [threading.Thread(target=read, args=(reader,)) for reader in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[reader] for reader in range(READERS)] == alone
    assert echo.most == 1, "one question is read at a time"
    tell(f"questions of {READERS} readers at once", each * READERS)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts file descriptors in /proc")
def test_those_who_leave_leave_nothing() -> None:
    """A stream that is dropped at any step, also while the assistant is silent: idle soon, nothing grows."""
    chance = random.Random(3)
    echo = Echo()
    errands = Errands(echo)
    ask(errands, Conversation(), "warm")
    gc.collect()
    files, threads = open_files(), threading.active_count()
    for number in range(DROPPED):
        if number % 3 == 0:
            echo.waits.clear()
        begun = Conversation().ask(f"question {number}")
        steps = converse(errands.begin(begun), begun)
        for _ in range(chance.randrange(1, 3)):
            next(steps, None)
        steps.close()
        echo.waits.set()
        assert errands._turns.take(errands._turns.join(), IDLE_SECONDS), number
        errands._turns.end()
    assert echo.inside == 0
    assert ask(errands, Conversation(), "after all").answer is not None
    gc.collect()
    assert open_files() <= files
    for thread in threading.enumerate():
        if thread.name == "errand":
            thread.join(IDLE_SECONDS)
    assert threading.active_count() <= threads
    tell("streams dropped", DROPPED)
