"""Who comes next: one at a time, in the order in which they joined. Knows nothing of what is done in a turn.

A `threading.Lock` would let the one in whom the system wakes first.
"""

from __future__ import annotations

import threading


class Turns:
    """A line that is joined from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._line: list[object] = []
        self._taken = False

    def join(self) -> object:
        """A place behind all others."""
        place = object()
        with self._changed:
            self._line.append(place)
        return place

    def take(self, place: object, seconds: float | None = None) -> bool:
        """Wait for the turn of a place, which `end` ends. False where it left before, or after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_next(place) or place not in self._line, seconds)
            came = self._is_next(place)
            self._taken = self._taken or came
            self.leave(place)
            return came

    def leave(self, place: object) -> None:
        """Wait no longer; a turn that was taken goes on."""
        with self._changed:
            if place in self._line:
                self._line.remove(place)
                self._changed.notify_all()

    def end(self) -> None:
        """The turn that was taken is over."""
        with self._changed:
            self._taken = False
            self._changed.notify_all()

    def _is_next(self, place: object) -> bool:
        return not self._taken and self._line[:1] == [place]
