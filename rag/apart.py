"""The language model in a process of its own, so that what ends it does not end this one.

Looks like any LanguageModel. A process that ends (a native crash, killed, out of memory) or hangs is started
again at once; the answer under way ends with a ModelError that says so, and the next one waits for it.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from rag.child import LATE_SECONDS, READING_SECONDS
from rag.keeper import Keeper
from rag.states import StateStore
from rag.types import Segment, Usage
from rag.worker import Message, as_json


class ModelApart:
    """A language model (`rag.protocols.LanguageModel`) in a process of its own."""

    def __init__(self, opening: Message, *, command: Sequence[str] = ()) -> None:
        """Start the process and open what `opening` says. Raises ModelError.

        `command` is the program, by default rag.worker with rag.engine.
        """
        self._keeper = Keeper(command or worker_command(), opening)
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
        seconds = None if max_seconds is None else max_seconds + LATE_SECONDS
        return self._pieces({"do": "generate", **prompt, **limits}, seconds, on_usage)

    def prepare(self, segments: Sequence[Segment]) -> bool:
        """Read ahead; see LanguageModel. While the process is restarted or rests, this waits for it."""
        child = self._keeper.patient_child()
        if child is None:
            return False
        message: Message = {"do": "prepare", "segments": as_json(segments)}
        with child.asking(message, seconds=READING_SECONDS) as answers:
            return bool(next(answers)["kept"])

    def interrupt(self) -> None:
        self._keeper.interrupt()

    def cancel(self) -> None:
        self._keeper.cancel("generate")

    def close(self) -> None:
        """End the process, whatever it does. Closing twice is harmless."""
        self._stop()

    def _pieces(
        self, message: Message, seconds: float | None, on_usage: Callable[[Usage], None] | None
    ) -> Generator[str, None, None]:
        with self._keeper.child().asking(message, seconds=seconds) as answers:
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
