"""conversation: what is told of earlier questions, how one ends, and that one is read at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest

from rag.errors import ModelError
from rag.types import Answer, Citation, Claim, Page, Paper, Pick, Scope, Timings, Turn
from ui.conversation import KEPT_TURNS, Conversation, Errands, converse, reopen

PATIENCE_SECONDS = 20  # how long a test waits before it fails

PAPER = Paper("p1", "A Title", ("A. Author",), False, (), None, None, None, None, "A quote.", "s.txt", 0, "A")
CLAIM = Claim("A quote.", (1,), "quoted", "A quote.", (0, 8), 0.9)
QUOTED = Answer("?", "?", "paper", "answered", "", claims=(CLAIM,), citations=(Citation(1, PAPER),))
DRAFTED = replace(QUOTED, draft="Half a sent")
WHOLE = replace(QUOTED, claims=(CLAIM, replace(CLAIM, text="Checked words.", support="supported")))


@dataclass
class Scripted:
    """An assistant whose questions hold what it is to do: `wait`, `missing` or `crash`.

    At `wait` it stays silent after the draft until `gate` opens.
    """

    asked: list[tuple[str, tuple[Turn, ...]]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    unwanted: threading.Event = field(default_factory=threading.Event)
    threads: set[int] = field(default_factory=set)
    scopes: list[tuple[Scope, Pick | None]] = field(default_factory=list)

    def cancel(self) -> None:
        self.unwanted.set()

    def status(self) -> str:
        return "scripted"

    def settings(self) -> Mapping[str, str]:
        return {}

    def pages(self) -> Sequence[Page]:
        return ()

    def papers(self, scope: Scope) -> Sequence[Paper]:
        return ()

    def stream(
        self, question: str, history: Sequence[Turn], *, scope: Scope, pick: Pick | None
    ) -> Iterator[Answer]:
        self.scopes.append((scope, pick))
        self.asked.append((question, tuple(history)))
        if "missing" in question:
            raise ModelError("The model is missing.", hint="Run vouch models pull.")
        try:
            for answer in (QUOTED, DRAFTED):
                self.threads.add(threading.get_ident())
                yield answer
            if "crash" in question:
                raise ZeroDivisionError
            if "wait" in question:
                assert self.gate.wait(PATIENCE_SECONDS)
            yield WHOLE
        except GeneratorExit:
            self.threads.add(threading.get_ident())
            self.cancelled.set()
            raise


def steps(errands: Errands, question: str, before: Conversation = Conversation()) -> list[Conversation]:  # noqa: B008
    begun = before.ask(question)
    return [begun, *converse(errands.begin(begun), begun)]


def test_a_question_stands_before_its_answer() -> None:
    first, *_, last = steps(Errands(Scripted()), "Why <b>?")
    assert "Why &lt;b&gt;?" in first.current
    assert "Looking" in first.current
    assert "Checked words." in last.current
    assert last.answer == WHOLE


def test_what_is_new_is_shown_while_the_assistant_is_silent() -> None:
    assistant = Scripted()
    begun = Conversation().ask("Will you wait?")
    answering = converse(Errands(assistant).begin(begun), begun)
    assert any(step.answer == DRAFTED for step in answering)
    assistant.gate.set()
    assert list(answering)[-1].answer == WHOLE


def test_earlier_questions_and_the_papers_they_cited_are_told() -> None:
    assistant = Scripted()
    errands = Errands(assistant)
    conversation = steps(errands, "First?")[-1]
    conversation = steps(errands, "Is it missing?", conversation)[-1]
    conversation = steps(errands, "Third?", conversation)[-1]
    told = (Turn("First?", ("p1",), told=("A quote.",)),)
    # a question that failed has no papers to speak of
    assert [history for _, history in assistant.asked] == [(), told, told]
    assert "First?" in conversation.earlier
    assert "The model is missing." in conversation.earlier
    assert "Third?" in conversation.current


def test_the_memory_of_a_conversation_is_bounded() -> None:
    conversation = Conversation()
    for number in range(KEPT_TURNS + 3):
        conversation = conversation.ask(f"{number}?").show(QUOTED)
    assert len(conversation.turns) == KEPT_TURNS
    assert conversation.turns[-1].question == f"{KEPT_TURNS + 1}?"


def test_a_known_fault_is_one_sentence_and_a_hint() -> None:
    last = steps(Errands(Scripted()), "Is it missing?")[-1]
    assert "The model is missing." in last.current
    assert "Run vouch models pull." in last.current


def test_an_unknown_fault_is_logged_and_keeps_what_was_checked(caplog: pytest.LogCaptureFixture) -> None:
    last = steps(Errands(Scripted()), "Will it crash?")[-1]
    assert "Something went wrong" in last.current
    assert "<blockquote" in last.current
    assert "Half a sent" not in last.current
    assert "ZeroDivisionError" not in last.current
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("question", ["Is it missing?", "Will it crash?", "Does it answer?"])
def test_after_every_question_the_next_is_read(question: str) -> None:
    errands = Errands(Scripted())
    steps(errands, question)
    assert steps(errands, "And this?")[-1].answer == WHOLE


def test_a_stop_is_told_at_once_and_cancels_at_the_next_step() -> None:
    assistant = Scripted()
    begun = Conversation().ask("Will you wait?")
    errand = Errands(assistant).begin(begun)
    answering = converse(errand, begun)
    assert any(step.answer == DRAFTED for step in answering)
    errand.stop()
    *_, last = [*answering]
    assert "Stopped." in last.current
    assert "<blockquote" in last.current
    assert "Half a sent" not in last.current
    assert not assistant.cancelled.is_set()  # it is still silent
    assistant.gate.set()
    assert assistant.cancelled.wait(PATIENCE_SECONDS)
    assert last.ask("And?").turns == (Turn("Will you wait?", ("p1",), told=("A quote.",)),)


def test_an_assistant_is_stepped_and_closed_in_one_thread() -> None:
    assistant = Scripted()
    begun = Conversation().ask("Will you wait?")
    errand = Errands(assistant).begin(begun)
    assert any(step.answer == DRAFTED for step in converse(errand, begun))  # left, so closed
    assistant.gate.set()
    assert assistant.cancelled.wait(PATIENCE_SECONDS)
    assert len(assistant.threads) == 1
    assert threading.get_ident() not in assistant.threads


def test_the_second_question_waits_for_the_first() -> None:
    assistant = Scripted()
    errands = Errands(assistant)
    first, second = Conversation().ask("Will you wait?"), Conversation().ask("Second?")
    answering = converse(errands.begin(first), first)
    assert any(step.answer == DRAFTED for step in answering)
    waiting = converse(errands.begin(second), second)
    assert "Looking" in next(waiting).current
    assert [question for question, _ in assistant.asked] == ["Will you wait?"]
    assistant.gate.set()
    assert list(waiting)[-1].answer == WHOLE
    assert list(answering)[-1].answer == WHOLE


class Late(threading.Thread):
    """A thread that the system wakes after those that were started later."""

    held: ClassVar[list[Late]] = []

    def start(self) -> None:
        self.held.append(self)


def test_questions_are_answered_in_the_order_in_which_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    assistant = Scripted()
    errands = Errands(assistant)
    questions = [f"Number {number}?" for number in range(9)]
    with monkeypatch.context() as patch:
        patch.setattr(threading, "Thread", Late)
        begun = [errands.begin(Conversation().ask(question)) for question in questions]
    for thread in reversed(Late.held):
        threading.Thread.start(thread)
    for errand in begun:
        while not errand.wait(PATIENCE_SECONDS):
            pass
    assert [question for question, _ in assistant.asked] == questions


def test_without_threads_left_no_place_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assistant = Scripted()
    errands = Errands(assistant)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            errands.begin(Conversation().ask("First?"))
    assert steps(errands, "Second?")[-1].answer == WHOLE


class Deaf(Scripted):
    """Hears a cancel only while it is silent, and not the one that came before."""

    def stream(
        self, question: str, history: Sequence[Turn], *, scope: Scope, pick: Pick | None
    ) -> Iterator[Answer]:
        yield QUOTED
        assert self.gate.wait(PATIENCE_SECONDS)
        self.unwanted.clear()
        if self.unwanted.wait(PATIENCE_SECONDS):
            self.cancelled.set()


def test_a_stop_that_comes_before_the_model_has_begun_is_not_lost() -> None:
    assistant = Deaf()
    begun = Conversation().ask("Why?")
    errand = Errands(assistant).begin(begun)
    while not errand.newest:
        errand.wait(PATIENCE_SECONDS)
    errand.stop()
    assert assistant.unwanted.is_set()
    assistant.gate.set()
    while not errand.wait(PATIENCE_SECONDS):
        pass
    assert assistant.cancelled.is_set()


def test_a_question_that_was_stopped_while_it_waited_is_never_asked() -> None:
    assistant = Scripted()
    errands = Errands(assistant)
    first, second = Conversation().ask("Will you wait?"), Conversation().ask("Second?")
    answering = converse(errands.begin(first), first)
    assert any(step.answer == DRAFTED for step in answering)
    errand = errands.begin(second)
    waiting = converse(errand, second)
    next(waiting)
    errand.stop()
    assert "Stopped." in list(waiting)[-1].current
    assistant.gate.set()
    list(answering)
    assert steps(errands, "Third?")[-1].answer == WHOLE
    assert [question for question, _ in assistant.asked] == ["Will you wait?", "Third?"]


def test_after_closing_no_step_runs() -> None:
    assistant = Scripted()
    errands = Errands(assistant)
    begun = Conversation().ask("Will you wait?")
    answering = converse(errands.begin(begun), begun)
    assert any(step.answer == DRAFTED for step in answering)
    assert not errands.close(seconds=0)  # it is still silent
    assistant.gate.set()
    assert errands.close(seconds=PATIENCE_SECONDS)
    assert assistant.cancelled.is_set()
    assert "Stopped." in list(answering)[-1].current


def test_clearing_forgets_all_but_never_gives_an_id_twice() -> None:
    cleared = Conversation().ask("Why?").show(QUOTED).clear()
    assert (cleared.turns, cleared.earlier, cleared.current) == ((), "", "")
    assert 'id="exchange-2"' in cleared.ask("Again?").current


def test_scope_and_pick_reach_the_assistant_and_the_scope_is_shown() -> None:
    assistant = Scripted()
    scope, pick = Scope(years=(2024,)), Pick("compare", ("p1", "p2"))
    begun = Conversation().ask("Why?", scope=scope)
    list(converse(Errands(assistant).begin(begun), begun))
    picked = Conversation().ask("These?", scope=scope, pick=pick)
    list(converse(Errands(assistant).begin(picked), picked))
    assert assistant.scopes == [(scope, None), (scope, pick)]
    assert "Asked of 2024" in begun.current
    assert "Asked of" not in picked.current


def test_where_the_model_did_not_finish_the_footer_does_not_judge_it() -> None:
    quoted = replace(QUOTED, model="tiny", timings=Timings(0.1, None, 0.5))
    assert "nothing that tiny wrote is shown" in Conversation().ask("Why?").show(quoted).current
    ended = Conversation().ask("Why?").show(quoted).end("The model ended.").current
    assert "quoted; the model did not finish" in ended
    assert "tiny" not in ended


def test_only_a_finished_answer_can_be_rated() -> None:
    shown = Conversation().ask("Why?").show(WHOLE)
    assert "Good answer" not in shown.current
    assert "Good answer" in shown.finish(kept=3).current
    assert "Good answer" not in Conversation().ask("Why?").end("It failed.").finish(kept=3).current


def test_a_kept_conversation_stands_as_it_stood() -> None:
    first = Conversation().ask("First?", scope=Scope(years=(2024,))).show(WHOLE).finish(kept=3, rating=1)
    second = first.ask("Second?").show(QUOTED).end("Stopped.").finish(kept=3)
    entries = {1: first.entry({}), 2: second.entry({})}
    again = reopen(3, entries)
    assert (again.earlier, again.current, again.count) == (second.earlier, second.current, 2)
    assert again.ask("Third?").turns == second.ask("Third?").turns


def test_stopping_reaches_an_assistant_that_is_silent_and_no_other_s_answer() -> None:
    assistant = Scripted()
    errands = Errands(assistant)
    begun, waiting = Conversation().ask("wait"), Conversation().ask("another")
    silent, later = errands.begin(begun), errands.begin(waiting)
    while not assistant.asked:
        silent.wait(PATIENCE_SECONDS)
    later.stop()
    assert not assistant.unwanted.is_set()
    while not silent.newest:
        silent.wait(PATIENCE_SECONDS)
    silent.stop()
    assert assistant.unwanted.is_set()
    assistant.gate.set()
    while not silent.wait(PATIENCE_SECONDS):
        pass
    assert silent.fault is None
