"""Papers read ahead while nobody asks, so that the first question to one is answered as soon as a later one.

The papers that answers named last come first, then the shelf in its order. Ends when all are read
or no more can be kept. Knows no thread: who runs it says how to wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rag.errors import RagError
from rag.read import Reader
from rag.types import Paper

# Nobody has asked for so long before a paper is read ahead: a reader may be about to ask on.
QUIET_SECONDS = 2.0


class Ahead:
    """Which paper to read next, and when. `run` belongs to one thread, the rest to any."""

    def __init__(
        self,
        papers: Sequence[Paper],
        reader: Callable[[], Reader | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._left = list(reversed(papers))  # the next one last
        self._known = {paper.id for paper in papers}
        self._reader = reader
        self._clock = clock
        self._lock = threading.Lock()
        self._asking = 0
        self._asked = 0
        self._quiet_since = clock()
        self._reads: Reader | None = None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Nothing is read ahead while this is entered; what is being read stops at once."""
        with self._lock:
            self._asking += 1
            self._asked += 1
            reads = self._reads
        if reads is not None:
            reads.model.interrupt()
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1
                self._quiet_since = self._clock()

    def named(self, papers: Sequence[Paper]) -> None:
        """An answer named these papers: of what is left, they are read first."""
        places = {paper.id: place for place, paper in enumerate(papers)}
        with self._lock:
            self._left.sort(key=lambda paper: -places.get(paper.id, len(places)))

    def add(self, papers: Sequence[Paper]) -> None:
        """Papers that are on the shelf now: those that are new are read before what is left."""
        with self._lock:
            new = [paper for paper in papers if paper.id not in self._known]
            self._left += reversed(new)
            self._known |= {paper.id for paper in new}

    def run(self, wait: Callable[[float], bool]) -> None:
        """Read on until all is read; `wait` pauses for so many seconds and says whether to stop."""
        pause: float | None = 0.0
        while pause is not None and not wait(pause):
            pause = self.step()

    def step(self) -> float | None:
        """Read one paper, unless somebody asks. The seconds until the next step; None: there is none."""
        with self._lock:
            pause = self._pause()
            if pause:
                return pause
            if not self._left:
                return None
            paper, asked = self._left[-1], self._asked
        done = self._prepared(paper)
        with self._lock:
            if done:
                self._left.remove(paper)
                return 0.0
            # Nothing but a question stops it, so without one no more can be kept.
            return QUIET_SECONDS if self._asked > asked else None

    def _pause(self) -> float:
        return QUIET_SECONDS if self._asking else max(0.0, self._quiet_since + QUIET_SECONDS - self._clock())

    def _prepared(self, paper: Paper) -> bool:
        """Whether it is read, or cannot be."""
        try:
            reader = self._reader()
            if reader is None:
                return False
            with self._lock:
                if self._asking:
                    return False
                self._reads = reader
            # The question stands after what is kept, so any will do.
            return reader.model.prepare(reader.segments(paper, "?"))
        except RagError:
            return True
        finally:
            self._reads = None
