"""Reading ahead: which paper comes when, that questions come first, and when it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes import ScriptedModel, make_paper

from rag.ahead import QUIET_SECONDS, Ahead
from rag.config import shipped
from rag.errors import ModelError
from rag.prompt import load_prompt
from rag.read import Reader
from rag.types import Segment
from rag.verify import verify

PAPERS = tuple(make_paper(title=f"Paper {letter}") for letter in "ABCDE")


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Preparing(ScriptedModel):
    """Does something while it reads ahead, and says what that returns."""

    meanwhile: Callable[[], bool] = lambda: True

    def prepare(self, segments: Sequence[Segment]) -> bool:
        super().prepare(segments)
        return self.meanwhile()


@dataclass
class Scene:
    """A shelf of five papers, read ahead by a scripted model, and a clock."""

    model: Preparing = field(default_factory=Preparing)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.reader: Reader | None = Reader(
            self.model, load_prompt(Path(shipped("prompts")) / "read.md"), verify, 96, 60.0
        )
        self.ahead = Ahead(PAPERS, lambda: self.reader, clock=self.clock)
        self.clock.now += QUIET_SECONDS

    def wait(self, seconds: float) -> bool:
        """Time passes; nobody stops it."""
        self.clock.now += seconds
        return False

    @property
    def read(self) -> str:
        """The letters of the papers that were read, in order."""
        return "".join(prompt.split("Paper: Paper ")[1][0] for prompt in self.model.prepared)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_shelf_is_read_in_its_order_and_then_it_ends(scene):
    scene.ahead.run(scene.wait)
    assert scene.read == "ABCDE"
    assert scene.ahead.step() is None


def test_it_reads_what_a_question_will_be_asked_of(scene):
    scene.ahead.step()
    asked = scene.reader.segments(PAPERS[0], "How many?")
    spelled = "".join(part if isinstance(part, str) else part.token for part in asked)
    (prepared,) = scene.model.prepared
    assert prepared.partition("Question:")[0] == spelled.partition("Question:")[0]


def test_what_answers_named_last_is_read_first(scene):
    scene.ahead.named([PAPERS[3]])
    scene.ahead.named([PAPERS[4], PAPERS[2], make_paper(title="Of another shelf")])
    scene.ahead.run(scene.wait)
    assert scene.read == "ECDAB"


def test_what_was_named_again_is_not_read_again(scene):
    scene.ahead.step()
    scene.ahead.named([PAPERS[0], PAPERS[1]])
    scene.ahead.run(scene.wait)
    assert scene.read == "ABCDE"


def test_nothing_is_read_while_somebody_asks_and_a_while_after(scene):
    with scene.ahead.asking():
        assert scene.ahead.step() == QUIET_SECONDS
        with scene.ahead.asking():
            scene.clock.now += 99
        assert scene.ahead.step() == QUIET_SECONDS
        scene.clock.now += 99
    scene.clock.now += 0.5
    assert scene.ahead.step() == QUIET_SECONDS - 0.5
    assert scene.read == ""
    scene.clock.now += QUIET_SECONDS
    assert scene.ahead.step() == 0.0
    assert scene.read == "A"


def test_it_begins_when_it_was_quiet_for_a_while():
    ahead = Ahead(PAPERS, lambda: None, clock=Clock())
    assert ahead.step() == QUIET_SECONDS


def test_a_question_stops_what_is_read_and_the_paper_is_read_later(scene):
    def ask() -> bool:
        with scene.ahead.asking():
            return scene.model.interrupted == 0

    scene.model.meanwhile = ask
    assert scene.ahead.step() == QUIET_SECONDS
    assert scene.model.interrupted == 1
    scene.model.meanwhile = lambda: True
    scene.ahead.run(scene.wait)
    assert scene.read == "AABCDE"


def test_a_question_while_nothing_is_read_interrupts_nothing(scene):
    scene.ahead.step()
    with scene.ahead.asking():
        pass
    assert scene.model.interrupted == 0


def test_a_question_while_the_model_is_opened_comes_first(scene):
    def opened() -> Reader | None:
        stack.enter_context(ahead.asking())
        return scene.reader

    ahead = Ahead(PAPERS, opened, clock=scene.clock)
    scene.clock.now += QUIET_SECONDS
    with ExitStack() as stack:
        assert ahead.step() == QUIET_SECONDS
    assert scene.read == ""


def test_it_ends_where_no_more_can_be_kept(scene):
    scene.model.meanwhile = lambda: len(scene.model.prepared) < 3
    scene.ahead.run(scene.wait)
    assert scene.read == "ABC"


def test_without_a_model_it_ends(scene):
    scene.reader = None
    scene.ahead.run(scene.wait)
    assert scene.read == ""


def test_a_paper_that_cannot_be_read_is_passed_over(scene):
    def fail() -> bool:
        if scene.read.endswith("B"):
            raise ModelError("The prompt does not fit.")
        return True

    scene.model.meanwhile = fail
    scene.ahead.run(scene.wait)
    assert scene.read == "ABCDE"


def test_it_stops_when_it_is_told_while_it_waits(scene):
    scene.ahead.run(lambda seconds: len(scene.model.prepared) == 2)
    assert scene.read == "AB"


def test_questions_of_many_threads_leave_it_reading_all(scene):
    def ask() -> None:
        for paper in PAPERS:
            with scene.ahead.asking():
                scene.ahead.named([paper])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    scene.ahead.run(scene.wait)
    for thread in threads:
        thread.join()
    scene.ahead.run(scene.wait)
    assert sorted(set(scene.read)) == list("ABCDE")
