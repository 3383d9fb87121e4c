"""The assistant behind the page: opened in the background, so that the page is up at once.

Indexes the seeds where there is no index yet, brings a stale index up to date, and says
meanwhile what it waits for. While nobody asks, papers are read ahead.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from rag.ahead import Ahead
from rag.assistant import Assistant
from rag.config import Settings
from rag.errors import RagError
from rag.types import Answer, Turn
from rag.wiring import ModelSlot, ensure_index, open_assistant

LAST_PAPER_SECONDS = 5.0  # what is read ahead when the page closes stops within one native step

log = logging.getLogger(__name__)


class Desk:
    """What the page asks. Questions that come early wait until the models are loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slot = ModelSlot(settings)
        self._state = "Loading the embedding model (about 10 seconds)"
        self._ready = threading.Event()
        self._assistant: Assistant | None = None
        self._shelf: Path | None = None
        self._renewing = threading.Lock()
        self._ahead = Ahead((), self._slot)
        self._closing = threading.Event()
        self._fault: RagError | None = None
        self._reading = threading.Thread(target=self._read_ahead, name="ahead", daemon=True)
        threading.Thread(target=self._open, name="desk", daemon=True).start()

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Answer]:
        """The assistant's growing answers. Raises RagError, also what kept it from opening."""
        self._ready.wait()
        if self._assistant is None:
            raise self._fault or RagError("Vouch could not start.", hint="Run `vouch doctor`.")
        with self._ahead.asking(), closing(self._newest().stream(question, history)) as answers:
            for answer in answers:
                self._ahead.named([citation.paper for citation in answer.citations])
                yield answer

    def status(self) -> str:
        """One line: what is being waited for, or what answers."""
        if not self._ready.is_set():
            return f"{self._state} …"
        return self._complaint() or self._slot.status()

    def close(self) -> None:
        self._closing.set()
        with self._ahead.asking():
            if self._reading.is_alive():
                self._reading.join(LAST_PAPER_SECONDS)
        self._slot.close()

    def _newest(self) -> Assistant:
        """The assistant over the newest shelf: another process may have made one since."""
        with self._renewing:
            shelf = self._settings.shelf_path
            if shelf != self._shelf and self._assistant is not None:
                try:
                    self._assistant = open_assistant(
                        self._settings, slot=self._slot, embedders=self._assistant.embedders
                    )
                    self._ahead.add(self._assistant.library.papers())
                except RagError as error:
                    log.warning("The new shelf is not read, the one before it is: %s", error.message)
                self._shelf = shelf
            assert self._assistant is not None
            return self._assistant

    def _complaint(self) -> str:
        return f"{self._fault.message} {self._fault.hint}" if self._fault else ""

    def _open(self) -> None:
        """Evidence can be found as soon as the assistant is open; the model follows."""
        try:
            ensure_index(self._settings, progress=self._progress)
            self._shelf = self._settings.shelf_path
            self._assistant = open_assistant(self._settings, slot=self._slot)
            self._ahead = Ahead(self._assistant.library.papers(), self._slot)
            self._ready.set()
            self._slot()
            self._reading.start()
        except RagError as error:
            self._fault = error
        except Exception as error:
            self._fault = RagError(f"Vouch could not start: {error}.", hint="Run `vouch doctor`.")
            raise
        finally:
            self._ready.set()

    def _read_ahead(self) -> None:
        try:
            self._ahead.run(self._closing.wait)
        except Exception as error:  # noqa: BLE001 - answers do not need it
            log.warning("Reading ahead has ended: %r", error)

    def _progress(self, stage: str, done: int, total: int) -> None:
        self._state = f"{stage} the papers: {done} of {total}"
