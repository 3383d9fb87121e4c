"""rag.worker with a scripted model, so that its process can be made to die: a prompt's words say how.

DIE     two words, then the process is killed
WAIT    two words, then nothing until it is cancelled
NAP     two words, then nothing, whatever comes
FAIL    two words, then a fault that nobody foresaw
else    the prompt's last words, one by one

Opening a path that ends in `crash` kills it, `refuse` is refused, `hang` never ends, `frail` kills it where
that file exists.
`count_tokens` counts words; of "cancelled" it tells how many answers were cancelled.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from rag.errors import ModelError
from rag.types import Control, Segment, Usage
from rag.worker import Message, private_pipes, serve

COMMAND = [
    sys.executable,
    "-c",
    f"import sys; sys.path[:] = {[str(Path(__file__).parent), *sys.path]!r}\n"
    "from scripted_worker import main; main()",
]
SECRET = "zanzibarquokka"


class Scripted:
    name = "scripted"
    chat_format = "chatml"
    context_tokens = 4096
    device = "CPU, 1 thread"

    def __init__(self) -> None:
        self.cancelled = 0

    def count_tokens(self, text: str) -> int:
        return self.cancelled if text == "cancelled" else len(text.split())

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
        words = "".join(part for part in segments if not isinstance(part, Control)).split()
        if len(words) + max_tokens > self.context_tokens:
            raise ModelError("The prompt does not fit.", hint="Ask a shorter question.")
        cancelled = threading.Event()
        if on_begin:
            on_begin(cancelled.set)
        return self._speak(words[-max_tokens:], cancelled, on_usage)

    def prepare(
        self, segments: Sequence[Segment], *, on_begin: Callable[[Callable[[], None]], None] | None = None
    ) -> bool:
        cancelled = threading.Event()
        if on_begin:
            on_begin(cancelled.set)
        if "NAP" in segments:
            threading.Event().wait()
        if "WAIT" in segments:
            cancelled.wait()
            return False
        return True

    def close(self) -> None:
        """Nothing is held open."""

    def _speak(
        self, words: list[str], cancelled: threading.Event, on_usage: Callable[[Usage], None] | None
    ) -> Generator[str, None, None]:
        for place, word in enumerate(words):
            if place == 2 and "DIE" in words:
                os.kill(os.getpid(), signal.SIGKILL)
            if place == 2 and "NAP" in words:
                threading.Event().wait()
            if place == 2 and "WAIT" in words:
                cancelled.wait()
            if place == 2 and "FAIL" in words:
                raise RuntimeError(SECRET)
            if cancelled.is_set():
                self.cancelled += 1
                raise ModelError("The model was closed.")
            yield f" {word}"
        if on_usage:
            on_usage(Usage(len(words), len(words)))


def open_scripted(opening: Message) -> Scripted:
    path = str(opening["path"])
    print(SECRET, flush=True)
    print(SECRET, file=sys.stderr, flush=True)
    if path.endswith("crash") or (path.endswith("frail") and Path(path).exists()):
        os.kill(os.getpid(), signal.SIGKILL)
    if path.endswith("hang"):
        threading.Event().wait()
    if path.endswith("refuse"):
        raise ModelError("It is refused.", hint="Name another.")
    return Scripted()


def main() -> None:
    serve(open_scripted, *private_pipes())
