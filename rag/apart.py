"""The language model in a process of its own, so that what ends it does not end this one.

Looks like any LanguageModel. A process that ends (a native crash, killed, out of memory) is started again
at once; the answer under way ends with a ModelError that says so, and the next one waits for it. One that
ends too often within a minute rests for a minute. Knows how to keep a process, not what one computes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from queue import SimpleQueue

from rag.errors import ModelError
from rag.states import StateStore
from rag.types import Segment, Usage
from rag.worker import LAST_SECONDS, Message, as_json

# So many ends within WINDOW_SECONDS, and it rests for REST_SECONDS.
MOST_ENDS = 3
WINDOW_SECONDS = 60.0
REST_SECONDS = 60.0
RESTARTING = "the model is being restarted"


class ModelApart:
    """A language model (`rag.protocols.LanguageModel`) in a process of its own."""

    def __init__(self, opening: Message, *, command: Sequence[str] = ()) -> None:
        """Start the process and open what `opening` says. Raises ModelError.

        `command` is the program, by default rag.worker with rag.engine.
        """
        self._keeper = _Keeper(command or worker_command(), opening)
        self._stop = weakref.finalize(self, self._keeper.stop)
        about = self._keeper.start()
        self.name: str = about["name"]
        self.chat_format: str = about["chat_format"]
        self.context_tokens: int = about["context_tokens"]

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        name: str,
        context_tokens: int,
        threads: int,
        gpu_layers: int,
        states: StateStore | None = None,
        drafting: bool = False,
    ) -> ModelApart:
        """As Engine.open, elsewhere."""
        kept = {"folder": str(states.folder), "most_bytes": states.most_bytes} if states else None
        return cls(
            {
                "path": str(path),
                "name": name,
                "context_tokens": context_tokens,
                "threads": threads,
                "gpu_layers": gpu_layers,
                "drafting": drafting,
                "states": kept,
            }
        )

    @property
    def device(self) -> str:
        """Where it runs, or why it does not run now."""
        return self._keeper.state()

    def count_tokens(self, text: str) -> int:
        return int(self._keeper.asked({"do": "count", "text": text})["count"])

    def generate(
        self,
        segments: Sequence[Segment],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        max_seconds: float | None = None,
        on_usage: Callable[[Usage], None] | None = None,
    ) -> Generator[str, None, None]:
        """Greedy text, piece by piece; see LanguageModel. Raises before the first piece if it cannot."""
        prompt: Message = {"segments": as_json(segments), "max_tokens": max_tokens}
        self._keeper.asked({"do": "check", **prompt})
        limits = {"stop": list(stop), "max_seconds": max_seconds}
        return self._pieces({"do": "generate", **prompt, **limits}, on_usage)

    def prepare(self, segments: Sequence[Segment]) -> bool:
        """Read ahead; see LanguageModel. While the process is restarted or rests, this waits for it."""
        child = self._keeper.patient_child()
        if child is None:
            return False
        with child.asking({"do": "prepare", "segments": as_json(segments)}) as answers:
            return bool(next(answers)["kept"])

    def interrupt(self) -> None:
        self._keeper.interrupt()

    def cancel(self) -> None:
        self._keeper.cancel()

    def close(self) -> None:
        """End the process, whatever it does. Closing twice is harmless."""
        self._stop()

    def _pieces(
        self, message: Message, on_usage: Callable[[Usage], None] | None
    ) -> Generator[str, None, None]:
        with self._keeper.child().asking(message) as answers:
            for answer in answers:
                if (usage := answer.get("usage")) is None:
                    yield answer["piece"]
                    continue
                if on_usage:
                    on_usage(Usage(*usage))
                return


def worker_command() -> list[str]:
    """This Python, finding modules where this process finds them, as rag.worker."""
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path[:] = {sys.path!r}; from rag.worker import main; main()",
    ]


class _Child:
    """One process: what is asked of it, and the answers, until it ends."""

    def __init__(self, command: Sequence[str], on_end: Callable[[_Child], str]) -> None:
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
        self._waiting: dict[int, SimpleQueue[Message]] = {0: SimpleQueue()}
        self._last_words: Message | None = None
        self.about: Message = {}
        self.ended = False
        self._thread = threading.Thread(target=self._listen, name="vouch-model", daemon=True)
        self._thread.start()

    def open(self, opening: Message) -> None:
        """Have it open a model; it has told about itself then. Raises ModelError, _EndedError."""
        self.send(opening)
        self.about = _checked(self._waiting[0].get())["opened"]

    @contextmanager
    def asking(self, message: Message) -> Iterator[Iterator[Message]]:
        """The answers to a message, as long as there are any; leaving earlier cancels what was asked.

        Raises ModelError where the answer is one, or the process ends.
        """
        queue: SimpleQueue[Message] = SimpleQueue()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = queue
            if self._last_words is not None:
                queue.put(self._last_words)
        self.send({"number": number, **message})
        try:
            yield (_checked(queue.get()) for _ in count())
        finally:
            with self._lock:
                del self._waiting[number]
            if message["do"] == "generate":
                self.send({"number": number, "do": "cancel"})

    def send(self, message: Message) -> None:
        """What cannot be sent is for a process that has ended, which its listener tells."""
        assert self._process.stdin
        with self._writing, suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(message).encode("ascii") + b"\n")
            self._process.stdin.flush()

    def stop(self) -> None:
        """End the input and so the process; one that does not go is killed."""
        self._end_input()
        try:
            self._process.wait(LAST_SECONDS + 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if threading.current_thread() is not self._thread:
            self._thread.join()

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
                    queue = self._waiting.get(answer["number"])
                if queue is not None:
                    queue.put(answer)
        self._process.wait()
        self._end_input()
        self.ended = True
        words = {"ended": self._on_end(self)}
        with self._lock:
            self._last_words = words
            waiting = list(self._waiting.values())
        for queue in waiting:
            queue.put(words)


class _Keeper:
    """Has one process at most, and another one when that has ended."""

    def __init__(self, command: Sequence[str], opening: Message) -> None:
        self._command = command
        self._opening = opening
        self._changed = threading.Condition()
        self._child: _Child | None = None
        self._reviving = False
        self._closed = False
        self._interrupts = 0
        self._ends: deque[float] = deque(maxlen=MOST_ENDS)
        self._rests_until = 0.0
        self._why = ""

    def start(self) -> Message:
        """The first process, and what it tells about its model. Raises ModelError."""
        try:
            self._child = child = self._opened()
        except _EndedError as error:
            raise ModelError(
                f"{self._opening.get('path', 'The model')} cannot be used: llama.cpp ended while loading it.",
                hint="Set context_tokens lower, or use another GGUF file.",
            ) from error
        if child.ended:
            self._ended(child)
        return child.about

    def state(self) -> str:
        """For people: where the model runs, or what it waits for."""
        with self._changed:
            if self._closed:
                return "closed"
            if child := self._running():
                return str(child.about["device"])
            return self._resting_words() if self._resting() else RESTARTING

    def child(self) -> _Child:
        """The process, once it runs. Raises ModelError where it rests or is closed."""
        with self._changed:
            while not (child := self._running()):
                if self._resting():
                    raise ModelError(self._resting_words())
                self._changed.wait()
            return child

    def patient_child(self) -> _Child | None:
        """The process, once it runs, also after its rest; None where `interrupt` is called before."""
        with self._changed:
            before = self._interrupts
            while not (child := self._running()):
                self._changed.wait(self._resting() or None)
                if self._interrupts != before:
                    return None
            return child

    def asked(self, message: Message) -> Message:
        """The one answer to a message. Raises ModelError."""
        with self.child().asking(message) as answers:
            return next(answers)

    def interrupt(self) -> None:
        with self._changed:
            self._interrupts += 1
            self._changed.notify_all()
            child = self._child
        if child:
            child.send({"number": 0, "do": "interrupt"})

    def cancel(self) -> None:
        with self._changed:
            child = self._child
        if child:
            child.send({"number": 0, "do": "stop"})

    def stop(self) -> None:
        with self._changed:
            self._closed = True
            child, self._child = self._child, None
            self._changed.notify_all()
        if child:
            child.stop()

    def _running(self) -> _Child | None:
        """The process; where there is none and nothing forbids it, one is begun. Raises ModelError."""
        if self._closed:
            raise ModelError("The model was closed.", hint="Open it again.")
        if self._child is None and not self._reviving and not self._resting():
            self._reviving = True
            threading.Thread(target=self._revive, name="vouch-restart", daemon=True).start()
        return self._child

    def _resting(self) -> float:
        return max(0.0, self._rests_until - time.monotonic())

    def _opened(self) -> _Child:
        child = _Child(self._command, self._ended)
        try:
            child.open(self._opening)
        except BaseException:
            child.stop()
            raise
        return child

    def _ended(self, child: _Child) -> str:
        """A process has ended by itself: another one takes its place, unless too many did. What to tell."""
        with self._changed:
            if child is not self._child:
                return "The model was closed."  # or never opened its file
            self._child = None
            self._count()
            if not self._closed:
                self._running()
            self._changed.notify_all()
            next_step = self._resting_words() if self._resting() else f"Now {RESTARTING}."
            return f"The model ended in the middle of this; what stands above was checked. {next_step}"

    def _count(self) -> None:
        now = time.monotonic()
        self._ends.append(now)
        if len(self._ends) == MOST_ENDS and now - self._ends[0] < WINDOW_SECONDS:
            self._rest(f"The model ended {MOST_ENDS} times within a minute.")

    def _rest(self, why: str) -> None:
        self._ends.clear()
        self._rests_until = time.monotonic() + REST_SECONDS
        self._why = why

    def _resting_words(self) -> str:
        return (
            f"{self._why} It is tried again in {self._resting():.0f} seconds; until then answers are quotes."
        )

    def _revive(self) -> None:
        """Open until a process runs, rests or is closed."""
        while self._reviving:
            child, why = self._tried()
            with self._changed:
                if child and not child.ended and not self._closed:
                    self._child, child = child, None
                elif why:
                    self._rest(why)
                else:
                    self._count()
                self._reviving = not (self._closed or self._child or self._resting())
                self._changed.notify_all()
            if child:
                child.stop()

    def _tried(self) -> tuple[_Child | None, str]:
        """A process whose model is open; or why it must not be tried again soon, where that is known."""
        try:
            return self._opened(), ""
        except _EndedError:
            return None, ""
        except ModelError as error:
            return None, f"{error.message} {error.hint}"


class _EndedError(ModelError):
    """The process ended before it answered."""


def _checked(answer: Message) -> Message:
    """An answer that is one. Raises ModelError."""
    if (words := answer.get("ended")) is not None:
        raise _EndedError(words, hint="Ask again.")
    if error := answer.get("error"):
        message, hint = error
        raise ModelError(message, hint=hint)
    return answer
