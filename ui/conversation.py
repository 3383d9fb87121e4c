"""A reader's conversation, and the errands that take questions to the assistant. Knows no gradio.

A question is read in a thread of its own, so that a page can look for the newest Answer and
stop whenever it likes, also while the model is silent; the assistant's iterator is stepped and
closed in that thread alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakSet

from rag.errors import RagError
from rag.types import Answer, Turn
from ui import render

KEPT_TURNS = 50  # earlier questions that a conversation remembers
FRAME_SECONDS = 0.1  # between two pictures: each costs some of the cores that the model writes with
HEARTBEAT_SECONDS = 0.5  # between two looks at whether the page is still there

log = logging.getLogger(__name__)


class Asking(Protocol):
    """What the page needs of an assistant. It reads one question at a time."""

    def stream(self, question: str, history: Sequence[Turn]) -> Iterator[Answer]:
        """Growing Answers. Closing the iterator cancels; stepped and closed in one thread."""
        ...

    def status(self) -> str:
        """A line for people about model and device. Quick, never fails, called from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class Conversation:
    """One browser session: the finished exchanges as turns and as HTML, and the one being written."""

    turns: tuple[Turn, ...] = ()
    earlier: str = ""
    count: int = 0
    question: str = ""
    answer: Answer | None = None
    current: str = ""

    def ask(self, question: str) -> Conversation:
        """The exchange before is finished, `question` begun."""
        opened = replace(
            self,
            turns=self._finished_turns(),
            earlier=self.earlier + self.current,
            count=self.count + 1,
            question=question,
            answer=None,
        )
        return opened._with_body(render.render_waiting())

    def show(self, answer: Answer) -> Conversation:
        """`answer` stands under the current question."""
        return replace(self, answer=answer)._with_body(render.render_answer(answer, anchor=self._anchor))

    def end(self, note: str) -> Conversation:
        """What the current answer holds stays, unchecked words go, and `note` (HTML) stands below."""
        if self.answer is None:
            return self._with_body(note)
        answer = replace(self.answer, draft="")
        body = render.render_answer(answer, anchor=self._anchor) + note
        return replace(self, answer=answer)._with_body(body)

    def clear(self) -> Conversation:
        """Nothing is left but the count, so that no id is given twice."""
        return Conversation(count=self.count)

    @property
    def _anchor(self) -> str:
        return f"exchange-{self.count}"

    def _with_body(self, body: str) -> Conversation:
        return replace(self, current=render.render_exchange(self.question, body, anchor=self._anchor))

    def _finished_turns(self) -> tuple[Turn, ...]:
        if self.answer is None:
            return self.turns
        return (*self.turns, replace(self.answer.turn(), question=self.question))[-KEPT_TURNS:]


class Errand:
    """One question on its way, made by `Errands.begin`: its newest Answer, and how it ended."""

    def __init__(
        self, assistant: Asking, turn: threading.Lock, question: str, history: Sequence[Turn]
    ) -> None:
        self.newest: Answer | None = None
        self.fault: RagError | None = None
        self._assistant = assistant
        self._turn = turn
        self._question = question
        self._history = history
        self._news = threading.Event()
        self._ended = threading.Event()
        self._stopped = threading.Event()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def start(self) -> None:
        threading.Thread(target=self._read, name="errand", daemon=True).start()

    def stop(self) -> None:
        """The assistant is cancelled at its next step, and who waits is told at once."""
        self._stopped.set()
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
            with self._turn:
                if not self.stopped:
                    self._step_through()
        except RagError as error:
            self.fault = error
        except Exception:
            log.exception("A question of %d characters could not be answered.", len(self._question))
            self.fault = RagError(
                "Something went wrong inside Vouch.", hint="Ask again; what happened stands in its terminal."
            )
        finally:
            self._ended.set()
            self._news.set()

    def _step_through(self) -> None:
        answers = self._assistant.stream(self._question, self._history)
        try:
            for answer in answers:
                self.newest = answer
                self._news.set()
                if self.stopped:
                    break
        finally:
            close = getattr(answers, "close", None)
            if close is not None:
                close()


class Errands:
    """All readers' questions to one assistant, read one at a time."""

    def __init__(self, assistant: Asking) -> None:
        self._assistant = assistant
        self._turn = threading.Lock()
        self._errands: WeakSet[Errand] = WeakSet()

    def status(self) -> str:
        return self._assistant.status()

    def begin(self, conversation: Conversation) -> Errand:
        """The errand of the conversation's current question."""
        errand = Errand(self._assistant, self._turn, conversation.question, conversation.turns)
        self._errands.add(errand)
        return errand

    def close(self, *, seconds: float) -> bool:
        """Stops what runs and begins nothing more. False where a step still ran after `seconds`."""
        for errand in list(self._errands):
            errand.stop()
        return self._turn.acquire(timeout=seconds)


def converse(errand: Errand, conversation: Conversation) -> Generator[Conversation]:
    """The conversation as its current question is answered, again and again the same while nothing is new.

    Ends with what went wrong where something does, or with a note where the errand was stopped.
    Closing it stops the errand.
    """
    errand.start()
    try:
        ended = False
        while not ended:
            ended = errand.wait(HEARTBEAT_SECONDS)
            if errand.stopped:
                yield conversation.end(render.render_stopped())
                return
            if errand.newest and errand.newest is not conversation.answer:
                conversation = conversation.show(errand.newest)
            yield conversation
            errand.rest(0 if ended else FRAME_SECONDS)
        if errand.fault:
            yield conversation.end(render.render_problem(errand.fault.message, errand.fault.hint))
    finally:
        errand.stop()
