"""Keeps one process of the model running: another one takes the place of one that has ended.

One that ends too often within a minute rests for a minute. Knows nothing of what a process computes.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from rag.child import QUICK_SECONDS, Child, EndedError
from rag.errors import ModelError
from rag.worker import Message

# So many ends within WINDOW_SECONDS, and it rests for REST_SECONDS.
MOST_ENDS = 3
WINDOW_SECONDS = 60.0
REST_SECONDS = 60.0
RESTARTING = "the model is being restarted"


class Keeper:
    """Has one process at most, and another one when that has ended."""

    def __init__(self, command: Sequence[str], opening: Message) -> None:
        self._command = command
        self._opening = opening
        self._changed = threading.Condition()
        self._child: Child | None = None
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
        except EndedError as error:
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

    def child(self) -> Child:
        """The process, once it runs. Raises ModelError where it rests or is closed."""
        with self._changed:
            while not (child := self._running()):
                if self._resting():
                    raise ModelError(self._resting_words())
                self._changed.wait()
            return child

    def patient_child(self) -> Child | None:
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
        with self.child().asking(message, seconds=QUICK_SECONDS) as answers:
            return next(answers)

    def interrupt(self) -> None:
        """What is read ahead is not wanted any more, nor waited for."""
        with self._changed:
            self._interrupts += 1
            self._changed.notify_all()
        self.cancel("prepare")

    def cancel(self, do: str) -> None:
        """What was asked with this `do` is not wanted any more."""
        with self._changed:
            child = self._child
        if child:
            child.cancel(do)

    def stop(self) -> None:
        with self._changed:
            self._closed = True
            child, self._child = self._child, None
            self._changed.notify_all()
        if child:
            child.stop()

    def _running(self) -> Child | None:
        """The process; where there is none and nothing forbids it, one is begun. Raises ModelError."""
        if self._closed:
            raise ModelError("The model was closed.", hint="Open it again.")
        if self._child is None and not self._reviving and not self._resting():
            self._reviving = True
            threading.Thread(target=self._revive, name="vouch-restart", daemon=True).start()
        return self._child

    def _resting(self) -> float:
        return max(0.0, self._rests_until - time.monotonic())

    def _opened(self) -> Child:
        child = Child(self._command, self._ended)
        try:
            child.open(self._opening)
        except BaseException:
            child.stop()
            raise
        return child

    def _ended(self, child: Child) -> str:
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
            what = "did not answer any more and was ended" if child.hung else "ended in the middle of this"
            return f"The model {what}; what stands above was checked. {next_step}"

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

    def _tried(self) -> tuple[Child | None, str]:
        """A process whose model is open; or why it must not be tried again soon, where that is known."""
        try:
            return self._opened(), ""
        except EndedError:
            return None, ""
        except ModelError as error:
            return None, f"{error.message} {error.hint}"
