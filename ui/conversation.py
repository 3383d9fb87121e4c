"""A reader's conversation, and the errands that take questions to the assistant. Knows no gradio.

A question is read in a thread of its own, so that a page can look for the newest Answer and
stop whenever it likes, also while the model is silent; the assistant's iterator is stepped and
closed in that thread alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakSet

from rag.diary import Entry
from rag.errors import RagError
from rag.scopes import chosen_words
from rag.types import Answer, Page, Paper, Pick, Scope, Turn
from ui import render
from ui.thrift import give_back_memory
from ui.turns import Turns

KEPT_TURNS = 50  # earlier questions that a conversation remembers
FRAME_SECONDS = 0.1  # between two pictures: each costs some of the cores that the model writes with
HEARTBEAT_SECONDS = 0.5  # between two looks at whether the page is still there
AGAIN_SECONDS = 0.05  # between two cancels of an answer that goes on

EVERYTHING = Scope()
STOPPED = "Stopped."
LEFT = "The page was closed while this was answered."

log = logging.getLogger(__name__)


class Asking(Protocol):
    """What the page needs of an assistant and its shelf. It reads one question at a time."""

    def stream(
        self, question: str, history: Sequence[Turn], *, scope: Scope, pick: Pick | None
    ) -> Iterator[Answer]:
        """Growing Answers. Closing the iterator cancels; stepped and closed in one thread."""
        ...

    def cancel(self) -> None:
        """The answer that is made now is not wanted any more: its next step may fail. From any thread."""
        ...

    def status(self) -> str:
        """A line for people about model and device. Quick, never fails, called from any thread."""
        ...

    def settings(self) -> Mapping[str, str]:
        """What answers now, to be kept with an answer."""
        ...

    def pages(self) -> Sequence[Page]:
        """The author pages; none while there is no shelf. Never fails."""
        ...

    def papers(self, scope: Scope) -> Sequence[Paper]:
        """The papers in scope; none while there is no shelf. Never fails."""
        ...


@dataclass(frozen=True, slots=True)
class Conversation:
    """One browser session: the finished exchanges as turns and as HTML, and the one being written.

    `kept` is its number in the diary, where `count` is the current exchange's place. `scope` and `pick` are
    what the current question is asked of; it can be rated once it has a `rating`.
    """

    turns: tuple[Turn, ...] = ()
    earlier: str = ""
    count: int = 0
    question: str = ""
    answer: Answer | None = None
    current: str = ""
    note: str = ""
    scope: Scope = EVERYTHING
    pick: Pick | None = None
    rating: int | None = None
    kept: int | None = None

    def ask(self, question: str, *, scope: Scope = EVERYTHING, pick: Pick | None = None) -> Conversation:
        """The exchange before is finished, `question` begun."""
        opened = replace(
            self,
            turns=self._finished_turns(),
            earlier=self.earlier + self.current,
            count=self.count + 1,
            question=question,
            answer=None,
            note="",
            scope=scope,
            pick=pick,
            rating=None,
        )
        return opened._drawn(render.render_waiting())

    def show(self, answer: Answer) -> Conversation:
        """`answer` stands under the current question."""
        return replace(self, answer=answer)._drawn()

    def end(self, note: str) -> Conversation:
        """What the current answer holds stays, unchecked words go, and `note` stands below."""
        answer = replace(self.answer, draft="") if self.answer else None
        return replace(self, answer=answer, note=note)._drawn()

    def finish(self, *, kept: int | None, rating: int = 0) -> Conversation:
        """The current exchange is over: it is kept in the diary, and can be rated."""
        return replace(self, kept=kept, rating=rating if self.answer else None)._drawn()

    def clear(self) -> Conversation:
        """Nothing is left but the count, so that no id is given twice."""
        return Conversation(count=self.count)

    def entry(self, settings: Mapping[str, str]) -> Entry:
        """The current exchange, as the diary keeps it."""
        return Entry(self.question, self.answer, self.note, self.scope, settings, self.rating or 0)

    @property
    def anchor(self) -> str:
        return f"exchange-{self.count}"

    def _drawn(self, body: str = "") -> Conversation:
        if self.answer:
            cut = bool(self.note)
            body = render.render_answer(self.answer, anchor=self.anchor, rating=self.rating, cut=cut)
        if self.note:
            body += render.render_note(self.note)
        drawn = render.render_exchange(
            self.question,
            body,
            anchor=self.anchor,
            asked_of=() if self.pick else chosen_words(self.scope),
        )
        return replace(self, current=drawn)

    def _finished_turns(self) -> tuple[Turn, ...]:
        if self.answer is None:
            return self.turns
        return (*self.turns, replace(self.answer.turn(), question=self.question))[-KEPT_TURNS:]


def reopen(kept: int, entries: Mapping[int, Entry]) -> Conversation:
    """A conversation of the diary as it stood."""
    conversation = Conversation(kept=kept)
    for position, entry in entries.items():
        conversation = replace(conversation, count=position - 1).ask(entry.question, scope=entry.scope)
        if entry.answer:
            conversation = conversation.show(entry.answer)
        if entry.note:
            conversation = conversation.end(entry.note)
        conversation = conversation.finish(kept=kept, rating=entry.rating)
    return conversation


class Errand:
    """One question on its way, from `Errands.begin` on: its newest Answer, and how it ended."""

    def __init__(self, assistant: Asking, turns: Turns, asked: Conversation) -> None:
        self.newest: Answer | None = None
        self.fault: RagError | None = None
        self._assistant = assistant
        self._turns = turns
        self._place = turns.join()
        self._asked = asked
        self._news = threading.Event()
        self._ended = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._answered = False  # this one and no other is, by the assistant

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def start(self) -> None:
        """Its place in the line is that of its making."""
        try:
            threading.Thread(target=self._read, name="errand", daemon=True).start()
        except RuntimeError:  # the system gives no more threads
            self._turns.leave(self._place)
            raise

    def stop(self) -> None:
        """The assistant is cancelled, and who waits is told at once."""
        first = not self.stopped
        self._stopped.set()
        self._turns.leave(self._place)
        if self._cancel() and first:
            threading.Thread(target=self._insist, name="errand", daemon=True).start()
        self._news.set()

    def wait(self, seconds: float) -> bool:
        """Waits for news, at most `seconds`. True where `newest` and `fault` are the last ones."""
        self._news.wait(seconds)
        self._news.clear()
        return self._ended.is_set()

    def rest(self, seconds: float) -> None:
        """Waits `seconds`, less where it is stopped."""
        self._stopped.wait(seconds)

    def _read(self) -> None:
        try:
            if self._turns.take(self._place):
                try:
                    self._step_through()
                finally:
                    self._turns.end()
        except RagError as error:
            if not self.stopped:  # else it is what cancelling says
                self.fault = error
        except Exception:
            log.exception("A question of %d characters could not be answered.", len(self._asked.question))
            self.fault = RagError(
                "Something went wrong inside Vouch.", hint="Ask again; what happened stands in its terminal."
            )
        finally:
            self._ended.set()
            self._news.set()
            give_back_memory()

    def _step_through(self) -> None:
        asked = self._asked
        answers = self._assistant.stream(asked.question, asked.turns, scope=asked.scope, pick=asked.pick)
        try:
            self._is_answered(True)
            while not self.stopped and (answer := next(answers, None)):
                self.newest = answer
                self._news.set()
        finally:
            self._is_answered(False)
            close = getattr(answers, "close", None)
            if close is not None:
                close()

    def _is_answered(self, now: bool) -> None:
        with self._lock:
            self._answered = now

    def _cancel(self) -> bool:
        """Whether there is something to cancel."""
        with self._lock:
            if self._answered:
                self._assistant.cancel()
            return self._answered

    def _insist(self) -> None:
        """A cancel is lost on a model that has not begun: one follows the other until the answer ends."""
        while self._cancel():
            self._ended.wait(AGAIN_SECONDS)


class Errands:
    """All readers' questions to one assistant, read one at a time, in the order in which they came."""

    def __init__(self, assistant: Asking) -> None:
        self._assistant = assistant
        self._turns = Turns()
        self._errands: WeakSet[Errand] = WeakSet()

    @property
    def assistant(self) -> Asking:
        return self._assistant

    def status(self) -> str:
        return self._assistant.status()

    def begin(self, conversation: Conversation) -> Errand:
        """The errand of the conversation's current question: it goes to wait for its turn."""
        errand = Errand(self._assistant, self._turns, conversation)
        self._errands.add(errand)
        errand.start()
        return errand

    def close(self, *, seconds: float) -> bool:
        """Stops what runs and begins nothing more. False where a step still ran after `seconds`."""
        for errand in list(self._errands):
            errand.stop()
        return self._turns.take(self._turns.join(), seconds)


def converse(errand: Errand, conversation: Conversation) -> Generator[Conversation]:
    """The conversation as its current question is answered, again and again the same while nothing is new.

    Ends with what went wrong where something does, or with a note where the errand was stopped.
    Closing it stops the errand.
    """
    try:
        ended = False
        while not ended:
            ended = errand.wait(HEARTBEAT_SECONDS)
            if errand.stopped:
                yield conversation.end(STOPPED)
                return
            if errand.newest and errand.newest is not conversation.answer:
                conversation = conversation.show(errand.newest)
            yield conversation
            errand.rest(0 if ended else FRAME_SECONDS)
        if errand.fault:
            yield conversation.end(f"{errand.fault.message} {errand.fault.hint}".strip())
    finally:
        errand.stop()
