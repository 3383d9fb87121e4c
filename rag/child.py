"""One process of the model: what is asked of it, and what it answers, until it ends or is ended.

Whatever is asked has a time. When that is over it is cancelled, and a process that does not give up soon
hangs in native code: it is killed, and all who wait are told, as of one that ended by itself. Knows nothing
of what follows from an end.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue

from rag.errors import ModelError
from rag.worker import LAST_SECONDS, Message

# How long what was cancelled may go on. The library looks before each operation of a step of 256 tokens, of
# which the longest takes about a hundredth of the step: this is too short only for a machine that needs more
# than a quarter of an hour for one.
GIVE_UP_SECONDS = 10.0
# How long opening, reading ahead and quick questions may take. Text has a time of its own.
OPENING_SECONDS = 600.0
READING_SECONDS = 600.0
QUICK_SECONDS = 60.0
# An engine ends a text in time by itself, but for the batch that it reads then.
LATE_SECONDS = 5.0


class EndedError(ModelError):
    """The process ended before it answered."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Something that was asked: what, and what has come back."""

    do: str
    answers: SimpleQueue[Message] = field(default_factory=SimpleQueue)


class Child:
    """A process that does what rag.worker does."""

    def __init__(self, command: Sequence[str], on_end: Callable[[Child], str]) -> None:
        """`on_end` is told when it has ended by itself or hung, and says what to tell those who wait."""
        # A group of its own: Ctrl-C in a terminal is for this process alone, which ends the other.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._on_end = on_end
        self._numbers = count(1)
        self._writing = threading.Lock()
        self._lock = threading.Lock()
        self._asked = {0: _Asked("open")}
        self._last_words: Message | None = None
        self.about: Message = {}
        self.ended = False
        self.hung = False
        self._thread = threading.Thread(target=self._listen, name="vouch-model", daemon=True)
        self._thread.start()

    def open(self, opening: Message) -> None:
        """Have it open a model; it has told about itself then. Raises ModelError, EndedError."""
        self._send(opening)
        self.about = next(self._answers(0, OPENING_SECONDS))["opened"]

    @contextmanager
    def asking(self, message: Message, *, seconds: float | None) -> Iterator[Iterator[Message]]:
        """The answers to a message, as long as there are any. After `seconds` it is cancelled, and there
        are none; leaving earlier cancels it, too, and waits until it has given up.

        Raises ModelError where the answer is one, or the process ends.
        """
        asked = _Asked(message["do"])
        with self._lock:
            number = next(self._numbers)
            self._asked[number] = asked
            if self._last_words is not None:
                asked.answers.put(self._last_words)
        self._send({"number": number, **message})
        answers = self._answers(number, seconds)
        try:
            yield answers
        finally:
            self._cancel(number)
            with suppress(ModelError):
                deque(answers, maxlen=0)

    def cancel(self, do: str) -> None:
        """What was asked with this `do` is not wanted any more; from any thread."""
        with self._lock:
            numbers = [number for number, asked in self._asked.items() if asked.do == do]
        for number in numbers:
            self._cancel(number)

    def stop(self) -> None:
        """End the input and so the process; one that does not go is killed."""
        self._end_input()
        try:
            self._process.wait(LAST_SECONDS + 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _answers(self, number: int, seconds: float | None) -> Generator[Message, None, None]:
        """What comes for this number, up to its last answer."""
        asked = self._asked[number]
        due, cancelled, late = _in(seconds), False, False
        while True:
            try:
                answer = asked.answers.get(timeout=None if due is None else max(0.0, due - time.monotonic()))
            except Empty:
                if cancelled:
                    due = None
                    self._end()
                else:
                    late = True
                    self._cancel(number)
                continue
            if "cancelled" in answer:
                due, cancelled = due if cancelled else _in(GIVE_UP_SECONDS), True
            elif "piece" in answer:
                yield answer
            else:
                with self._lock:
                    del self._asked[number]
                if not (late and asked.do == "generate" and "error" in answer):
                    yield _checked(answer)
                return

    def _cancel(self, number: int) -> None:
        """Have the process give up what has this number, and who waits for it be impatient."""
        with self._lock:
            asked = self._asked.get(number)
        if asked is not None:
            asked.answers.put({"cancelled": True})
            self._send({"number": number, "do": "cancel"})

    def _end(self) -> None:
        """It does not give up."""
        self.hung = True
        self._process.kill()

    def _send(self, message: Message) -> None:
        """What cannot be sent is for a process that has ended, which its listener tells."""
        assert self._process.stdin
        with self._writing, suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(message).encode("ascii") + b"\n")
            self._process.stdin.flush()

    def _end_input(self) -> None:
        assert self._process.stdin
        with self._writing, suppress(OSError):
            self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines, suppress(ValueError):  # a line that was cut off is the last one
            for line in lines:
                answer = json.loads(line)
                with self._lock:
                    asked = self._asked.get(answer["number"])
                if asked is not None:
                    asked.answers.put(answer)
        self._process.wait()
        self._end_input()
        self.ended = True
        words = {"ended": self._on_end(self)}
        with self._lock:
            self._last_words = words
            waiting = list(self._asked.values())
        for asked in waiting:
            asked.answers.put(words)


def _in(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


def _checked(answer: Message) -> Message:
    """An answer that is one. Raises ModelError."""
    if (words := answer.get("ended")) is not None:
        raise EndedError(words, hint="Ask again.")
    if error := answer.get("error"):
        message, hint = error
        raise ModelError(message, hint=hint)
    return answer
