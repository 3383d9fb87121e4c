"""The assistant behind the page: opened in the background, so that the page is up at once.

Indexes the seeds where there is no index yet, brings a stale index up to date, and says
meanwhile what it waits for. While nobody asks, papers are read ahead.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from rag import __version__
from rag.ahead import Ahead
from rag.assistant import Assistant
from rag.config import Settings
from rag.diary import Diary
from rag.errors import DiaryError, LibraryError, RagError
from rag.library import Library
from rag.renewal import ensure_index
from rag.types import Answer, Page, Paper, Pick, Scope, Turn
from rag.wiring import ModelSlot, open_assistant, open_library, open_reader_apart

LAST_PAPER_SECONDS = 5.0  # what is read ahead when the page closes stops within one native step

EVERYTHING = Scope()
Held = TypeVar("Held")

log = logging.getLogger(__name__)


class Desk:
    """What the page asks. Questions that come early wait until the models are loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slot = ModelSlot(settings, open_reader_apart)
        self._state = "Loading the embedding model (about 10 seconds)"
        self._ready = threading.Event()
        self._assistant: Assistant | None = None
        self._shelf: Path | None = None
        self._renewing = threading.Lock()
        self._ahead = Ahead((), self._slot)
        self._library: Library | None = None
        self._speed = 0.0
        self._closing = threading.Event()
        self._fault: RagError | None = None
        self._reading = threading.Thread(target=self._read_ahead, name="ahead", daemon=True)
        threading.Thread(target=self._open, name="desk", daemon=True).start()

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        scope: Scope = EVERYTHING,
        pick: Pick | None = None,
    ) -> Iterator[Answer]:
        """The assistant's growing answers. Raises RagError, also what kept it from opening."""
        self._ready.wait()
        if self._assistant is None:
            raise self._fault or RagError("Vouch could not start.", hint="Run `vouch doctor`.")
        answering = self._newest().stream(question, history, scope=scope, pick=pick)
        with self._ahead.asking(), closing(answering) as answers:
            for answer in answers:
                self._ahead.named([citation.paper for citation in answer.citations])
                self._speed = answer.timings.tokens_per_second or self._speed
                yield answer

    def cancel(self) -> None:
        """Stop what the model reads or writes for the question that is answered now."""
        self._slot.cancel()

    def status(self) -> str:
        """One line: what is being waited for, or what answers."""
        if not self._ready.is_set():
            return f"{self._state} …"
        speed = f" · {self._speed:.0f} tokens a second" if self._speed else ""
        return self._complaint() or f"{self._slot.status()}{speed}"

    def settings(self) -> Mapping[str, str]:
        """What answers now, to be kept with an answer."""
        kept = ("papers_read", "relevance_floor", "context_tokens", "answer_tokens", "window_embedder")
        told = {name: str(getattr(self._settings, name)) for name in kept}
        return {"answered_by": self._slot.status(), "vouch": __version__, **told}

    def pages(self) -> Sequence[Page]:
        """The author pages; none while there is no index."""
        return self._held(Library.pages)

    def papers(self, scope: Scope) -> Sequence[Paper]:
        """The papers in scope; none while there is no index."""
        return self._held(lambda library: library.papers(scope))

    def open_diary(self) -> Diary:
        """The kept conversations; in memory alone where they cannot be kept, which is said once."""
        try:
            return Diary.open(self._settings.diary_path)
        except DiaryError as error:
            log.warning("%s %s Until the page is closed they stay in memory.", error.message, error.hint)
            return Diary.open(None)

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

    def _held(self, read: Callable[[Library], Sequence[Held]]) -> Sequence[Held]:
        """What the newest library holds, also before the assistant is open."""
        try:
            if self._assistant is not None:
                return read(self._newest().library)
            self._library = self._library or open_library(self._settings)
            return read(self._library)
        except LibraryError:
            return ()

    def _complaint(self) -> str:
        return f"{self._fault.message} {self._fault.hint}" if self._fault else ""

    def _open(self) -> None:
        """Evidence can be found as soon as the assistant is open; the model follows."""
        try:
            ensure_index(self._settings, progress=self._progress)
            self._slot.begin()
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
