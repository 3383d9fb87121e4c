"""A language model in a process of its own: JSON lines in, JSON lines out, to whoever started it.

The first line says which model to open, each further one what to do; answers carry the number of what
they answer. When its input ends, so does it, whatever it is doing. It writes nothing else anywhere: what
native code prints goes nowhere. Knows nothing of papers, and trusts whoever started it.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from rag.errors import RagError
from rag.types import Control, Segment, Usage

# How long a model may take to stop when the input has ended; then the process goes without it.
LAST_SECONDS = 3.0
# Where memory runs out, the system ends this process before those that are as large.
OOM_SCORE = "500"

Message = dict[str, Any]


class Worked(Protocol):
    """What is needed of a language model here; see rag.protocols.LanguageModel."""

    name: str
    chat_format: str
    context_tokens: int
    device: str

    def count_tokens(self, text: str) -> int: ...

    def generate(
        self,
        segments: Sequence[Segment],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        max_seconds: float | None = None,
        on_usage: Callable[[Usage], None] | None = None,
        on_begin: Callable[[Callable[[], None]], None] | None = None,
    ) -> Generator[str, None, None]:
        """`on_begin` is given what cancels, from any thread."""
        ...

    def prepare(
        self, segments: Sequence[Segment], *, on_begin: Callable[[Callable[[], None]], None] | None = None
    ) -> bool:
        """`on_begin` as for `generate`."""
        ...

    def close(self) -> None: ...


def as_json(segments: Sequence[Segment]) -> list[str | list[str]]:
    """A prompt's segments: text as it is, a control token in a list of its own."""
    return [[segment.token] if isinstance(segment, Control) else segment for segment in segments]


def as_segments(found: Sequence[str | list[str]]) -> tuple[Segment, ...]:
    """What `as_json` gave, read again."""
    return tuple(part if isinstance(part, str) else Control(part[0]) for part in found)


def main() -> None:
    """The program: opens what the first line says, and serves until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started it
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    with suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold papers and questions
    serve(open_engine, *private_pipes())


def private_pipes() -> tuple[IO[str], IO[str]]:
    """Input and output for this module alone; what others read is empty and what they print is gone."""
    pipes = os.fdopen(os.dup(0), "r", encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return pipes


def open_engine(opening: Message) -> Worked:
    """The engine with what it was told to open. Raises ModelError."""
    from rag.engine import Engine
    from rag.states import StateStore

    path, states = Path(opening.pop("path")), opening.pop("states")
    store = StateStore(Path(states["folder"]), most_bytes=states["most_bytes"]) if states else None
    return Engine.open(path, states=store, **opening)


def serve(open_model: Callable[[Message], Worked], reading: IO[str], writing: IO[str]) -> None:
    """Open a model and do what the lines say until they end; then leave, which ends the process."""
    lock = threading.Lock()

    def tell(message: Message) -> None:
        with lock, suppress(OSError, ValueError):  # nobody listens any more
            writing.write(json.dumps(message) + "\n")
            writing.flush()

    model: Worked | None = None
    try:
        model = open_model(json.loads(reading.readline()))
    except Exception as error:  # noqa: BLE001 - told to who started this
        tell({"number": 0, "error": told(error)})
        return
    about = {name: getattr(model, name) for name in ("name", "chat_format", "context_tokens", "device")}
    tell({"number": 0, "opened": about})
    desk = Desk(model, tell)
    for line in reading:
        desk.do(json.loads(line))
    leave(model)


def leave(model: Worked) -> None:
    """Stop the model; a native call that does not end keeps the process for so long at most."""
    last = threading.Timer(LAST_SECONDS, os._exit, (0,))
    last.daemon = True
    last.start()
    model.close()
    os._exit(0)  # threads that speak to nobody are not waited for


def told(error: Exception) -> list[str]:
    """A fault as message and hint; of one that was not foreseen only its kind, since it may hold words."""
    if isinstance(error, RagError):
        return [error.message, error.hint]
    return [f"The model failed ({type(error).__name__}).", "Run `vouch doctor --check`."]


class Desk:
    """What is asked of one model, and what runs."""

    def __init__(self, model: Worked, tell: Callable[[Message], None]) -> None:
        self._model = model
        self._tell = tell
        self._cancels: dict[int, _Cancel] = {}

    def do(self, message: Message) -> None:
        """Begin what a message says; what takes long goes on in a thread."""
        number = message["number"]
        match message["do"]:
            case "cancel":
                if cancel := self._cancels.get(number):
                    cancel()
            case "count":
                self._answer(number, lambda: {"count": self._model.count_tokens(message["text"])})
            case "check":
                self._answer(number, lambda: self._check(message))
            case "generate":
                self._begin(number, message)
            case "prepare":
                cancel = self._cancels[number] = _Cancel()
                segments = as_segments(message["segments"])
                self._go_on(number, lambda: {"kept": self._model.prepare(segments, on_begin=cancel.begins)})

    def _answer(self, number: int, work: Callable[[], Message]) -> None:
        try:
            answer = work()
        except Exception as error:  # noqa: BLE001 - told to who asked
            answer = {"error": told(error)}
        self._cancels.pop(number, None)
        self._tell({"number": number, **answer})

    def _go_on(self, number: int, work: Callable[[], Message]) -> None:
        threading.Thread(target=self._answer, args=(number, work), daemon=True).start()

    def _check(self, message: Message) -> Message:
        """Whether a generation could begin: one that is not stepped runs nothing."""
        self._model.generate(as_segments(message["segments"]), max_tokens=message["max_tokens"])
        return {"fits": True}

    def _begin(self, number: int, message: Message) -> None:
        """A generation, from here on to be cancelled by its number."""
        usage: list[Usage] = []
        cancel = self._cancels[number] = _Cancel()
        try:
            pieces = self._model.generate(
                as_segments(message["segments"]),
                max_tokens=message["max_tokens"],
                stop=message["stop"],
                max_seconds=message["max_seconds"],
                on_usage=usage.append,
                on_begin=cancel.begins,
            )
        except Exception as error:  # noqa: BLE001 - told to who asked
            del self._cancels[number]
            self._tell({"number": number, "error": told(error)})
            return

        def write() -> Message:
            for piece in pieces:
                self._tell({"number": number, "piece": piece})
            return {"usage": [usage[0].prompt_tokens, usage[0].output_tokens]}

        self._go_on(number, write)


class _Cancel:
    """Cancels what has begun, or else as soon as it begins."""

    def __init__(self) -> None:
        self._wanted = False
        self._cancel: Callable[[], None] | None = None

    def __call__(self) -> None:
        self._wanted = True
        if self._cancel:
            self._cancel()

    def begins(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        if self._wanted:
            cancel()


if __name__ == "__main__":
    main()
