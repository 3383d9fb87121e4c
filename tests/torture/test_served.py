"""The page as it runs, with the small model, and many visitors: each gets his own answers, those who go
leave nothing behind, and it holds no more of the machine after many questions than after few.
"""

from __future__ import annotations

import random
import shutil
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from torture.conftest import rounds, tell
from visiting import LARGEST_POOL, RefusedError, Served, Use, Visitor, serving, words_of

from rag.config import Settings
from rag.diary import MOST_LISTED, Diary, Entry
from ui.app import MOST_SESSIONS

VISITORS = 20
AT_ONCE = rounds(VISITORS, 200)  # questions of all visitors together
LEAVING = rounds(4, 200)  # of each kind
MANY = rounds(20, 1000)
REST_SECONDS = rounds(2, 14)
FLOOD = 60  # more than are answered and may wait
IDLE_SECONDS = 2.0
MOST_KILOBYTES_PER_100 = 1000.0
LEAST_FOR_A_SLOPE = 200  # questions; fewer say nothing of memory
GROWN_KILOBYTES = 50_000  # more than this is no noise of an allocator

# Each a conversation: about papers, about the shelf, and what follows from the question before.
TALKS = (
    ("What does OWL prune in large language models?", "How many papers of 2019 are on the shelf?"),
    ("How many papers does Xuan Shen have?", "How does LazyDiT make diffusion transformers faster?"),
    ("What does LLM-QAT quantize besides weights?", "When was it published?"),
    ("Summarise RD-NAS.", "Who wrote PB-LLM?"),
    ("What is the boiling point of tin?", "What does BiT binarize?"),
)
QUICK = "When was PB-LLM published?"
PREFILLED = (
    *("What does OWL prune?", "How does LazyDiT skip computation?", "What is LLM-QAT?", "What is RD-NAS?"),
    *("How does PB-LLM keep salient weights?", "What is SpinQuant?", "What does MobileLLM share?"),
)

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="reads /proc")


@pytest.fixture(scope="module")
def served(shelf: Settings, smollm2_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Nothing that the model has read is kept, so that each question about a paper has it read. The list of
    conversations is as long as it gets, so that it does not grow.
    """
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(shelf.home, folder / "home")
    with closing(Diary.open(folder / "home" / shelf.diary_path.name)) as diary:
        for number in range(MOST_LISTED):
            diary.write(None, 1, Entry(f"What is told of paper number {number} of the shelf?"))
    settings = {
        "VOUCH_MODEL": str(smollm2_path),  # by its path it is a reader's own and writes
        "VOUCH_ANSWER_TOKENS": "12",
        "VOUCH_PAPERS_READ": "1",
        "VOUCH_KEPT_STATES_MB": "0",
    }
    with serving(folder, folder / "home", **settings) as page:
        Visitor(page).ask(PREFILLED[0])  # the model is loaded
        yield page
        assert "Traceback" not in page.log.read_text()


def talk(served: Served, questions: tuple[str, ...]) -> list[str]:
    visitor = Visitor(served)
    return [words_of(visitor.ask(question)) for question in questions]


def script(visitor: int) -> tuple[str, ...]:
    talks = [TALKS[(visitor + at) % len(TALKS)] for at in range(len(TALKS))]
    return tuple(question for each in talks for question in each)[: max(1, AT_ONCE // VISITORS)]


def together(served: Served, scripts: Sequence[tuple[str, ...]]) -> list[list[str]]:
    said: dict[int, list[str]] = {}

    def visit(visitor: int) -> None:
        said[visitor] = talk(served, scripts[visitor])

    threads = [threading.Thread(target=visit, args=(visitor,)) for visitor in range(len(scripts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [said.get(visitor, []) for visitor in range(len(scripts))]


def test_visitors_at_once_are_told_what_each_is_told_alone(served: Served) -> None:
    alone = [talk(served, script(visitor)) for visitor in range(len(TALKS))]
    assert len({tuple(each) for each in alone}) == len(TALKS), "all talks differ"
    for visitor, said in enumerate(together(served, [script(visitor) for visitor in range(VISITORS)])):
        assert said == alone[visitor % len(TALKS)], visitor
    tell(f"questions of {VISITORS} visitors of the page at once", AT_ONCE)


def test_more_than_can_wait_are_turned_away_and_the_others_are_served(served: Served) -> None:
    waiting, refused = [], []
    for number in range(FLOOD):
        visitor = Visitor(served)
        try:
            visitor.join(PREFILLED[number % len(PREFILLED)])
            waiting.append(visitor)
        except RefusedError as error:
            refused.append(error.args)
    assert refused
    assert all(status == 503 and "full" in told for status, told in refused)
    for visitor in waiting[1:]:
        with visitor.news() as news:
            next(news)
    with waiting[0].news() as news:
        assert any(said["msg"] == "process_completed" and said["success"] for said in news)
    assert "PB-LLM" in Visitor(served).ask(QUICK)


def leave(served: Served, question: str, kind: str, chance: random.Random) -> None:
    visitor = Visitor(served)
    visitor.join(question)
    with visitor.news() as news:
        for said in news:
            if said["msg"] in ("process_starts", "process_generating"):
                break
        time.sleep(chance.uniform(0, 0.5))  # while evidence is found, a paper is read, or words are written
        if kind == "stopped":
            visitor.stop()
            assert any(said["msg"] == "process_completed" for said in news)


@pytest.mark.parametrize("kind", ["dropped", "stopped"])
def test_those_who_leave_leave_nothing(served: Served, kind: str) -> None:
    """At once idle again: the next visitor waits for nobody. What he is told alone takes its time, too, the
    longer the more others use the machine: so it is measured before all, and again after each who left.
    """
    chance = random.Random(kind)
    together(served, [(QUICK,)] * VISITORS)  # as many threads as there will be
    for _ in range(min(2 * LEAVING, MOST_SESSIONS)):  # and sessions
        Visitor(served).new()
    alone = statistics.median(taken(served) for _ in range(5))
    before = at_rest(served)
    slowest = 0.0
    for number in range(LEAVING):
        leave(served, PREFILLED[number % len(PREFILLED)], kind, chance)
        slowest = max(slowest, taken(served) - max(alone, taken(served)))
        assert slowest < IDLE_SECONDS, number
    after = at_rest(served)
    assert after.files <= before.files + 2, (before, after)  # connections that are closing
    assert after.threads <= before.threads, (before, after)
    assert after.pooled <= LARGEST_POOL
    assert after.kilobytes < before.kilobytes + GROWN_KILOBYTES, (before, after)
    tell(f"streams {kind}; the next visitor waited at most {slowest:.2f} s more; {before} {after}", LEAVING)


def at_rest(served: Served) -> Use:
    """What it uses with the fewest threads seen over some seconds: anyio ends one that had nothing to do
    for ten when it needs one again.
    """
    uses = []
    for _ in range(REST_SECONDS):
        taken(served)
        uses.append(served.use())
        time.sleep(1)
    return min(uses, key=lambda use: use.threads)


def taken(served: Served) -> float:
    begun = time.monotonic()
    assert "PB-LLM" in Visitor(served).ask(QUICK)
    return time.monotonic() - begun


def test_many_questions_need_no_more_of_the_machine(served: Served) -> None:
    """Visitors who begin anew after some questions, as they do over days."""
    visitors = [Visitor(served) for _ in range(5)]
    questions = [question for each in TALKS for question in each] + [QUICK] * 10
    uses = []
    for number in range(MANY):
        visitor = visitors[number % len(visitors)]
        visitor.ask(questions[number % len(questions)])
        if number // len(visitors) % 4 == 3:
            visitor.new()
        uses.append(served.use())
    warming, settled = uses[: len(uses) // 4], uses[len(uses) // 4 :]
    slope = 100 * statistics.linear_regression(range(len(settled)), [use.kilobytes for use in settled]).slope
    first, last = settled[0], settled[-1]
    assert last.files <= max(use.files for use in warming) + 2, (first, last)
    assert last.threads <= max(use.threads for use in warming), (first, last)
    assert last.pooled <= LARGEST_POOL
    if MANY >= LEAST_FOR_A_SLOPE:
        assert slope < MOST_KILOBYTES_PER_100, (slope, first, last)
    tell(f"questions in a row; {slope:.0f} kB more for each hundred; {first} {last}", MANY)
