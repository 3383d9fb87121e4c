"""An ingest that is killed, refused or starved: the reader has the old shelf or the new one, never a part."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from torture.conftest import Worker, rounds, sample, tell

Pages = tuple[Path, Path, Path]
Shelf = Callable[[Worker, Path, Pages], None]


def nothing(worker: Worker, home: Path, pages: Pages) -> None:
    home.mkdir()


def a_page(worker: Worker, home: Path, pages: Pages) -> None:
    worker.ingest(home, pages[0])


def unsealed(worker: Worker, home: Path, pages: Pages) -> None:
    """A data folder as Vouch made it before there were shelves."""
    worker.ingest(home, pages[0])
    (shelf,) = (home / "shelves").iterdir()
    (shelf / "library.sqlite").rename(home / "library.sqlite")
    (shelf / "vectors").rename(home / "vectors")
    shutil.rmtree(home / "shelves")


SCENARIOS: dict[str, tuple[Shelf, tuple[int, ...], bool]] = {
    "the first page": (nothing, (0,), False),
    "a page changed and one more": (a_page, (1, 2), False),
    "all made anew": (a_page, (0,), True),
    "a folder of an older Vouch": (unsealed, (0, 2), False),
}
KILLS = 4  # of each scenario, in the short run
RANDOM_KILLS = rounds(4, 200)


@pytest.fixture(params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> tuple[Shelf, tuple[int, ...], bool]:
    return SCENARIOS[request.param]


class Ground:
    """A data folder before and after an undisturbed ingest; `again` gives a new copy of the one before."""

    def __init__(
        self, worker: Worker, tmp_path: Path, pages: Pages, scenario: tuple[Shelf, tuple[int, ...], bool]
    ):
        shelf, given, self.rebuild = scenario
        self.worker = worker
        self.given = [pages[at] for at in given]
        self.before, self.home = tmp_path / "before", tmp_path / "home"
        shelf(worker, self.before, pages)
        self.again()
        self.old = self.look()
        self.points = self.ingest()["points"]
        self.new = self.look()
        assert isinstance(self.new, dict)

    def again(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.before, self.home)

    def ingest(self, **job: object) -> dict:
        return self.worker.ingest(self.home, *self.given, rebuild=self.rebuild, **job)

    def look(self) -> object:
        said = self.worker.look(self.home)
        if isinstance(said, tuple):  # the one thing that may be said: there is nothing yet
            assert said[0].startswith("MissingLibraryError"), said
        return said

    def finish(self) -> None:
        """The next run goes on, and its end is that of an undisturbed one, with nothing left over."""
        assert "error" not in self.ingest()
        assert self.look() == self.new
        left = {path.name for path in (self.home / "shelves").iterdir()}
        assert all(name.isdigit() for name in left), left
        assert len(left) <= 2


@pytest.fixture
def ground(
    worker: Worker, tmp_path: Path, pages: Pages, scenario: tuple[Shelf, tuple[int, ...], bool]
) -> Ground:
    return Ground(worker, tmp_path, pages, scenario)


def test_killed_at_every_point(ground: Ground) -> None:
    seen = set()
    points = sample(range(1, ground.points + 1), KILLS)
    for point in points:
        ground.again()
        assert ground.ingest(kill_at=point) == {"signal": signal.SIGKILL}, point
        found = ground.look()
        assert found in (ground.old, ground.new), point
        seen.add(found == ground.new)
        ground.finish()
    assert False in seen or ground.old == ground.new, "no kill came before the end"
    tell(f"killed at each of {ground.points} points", len(points))


def test_killed_at_random(worker: Worker, tmp_path: Path, pages: Pages) -> None:
    ground = Ground(worker, tmp_path, pages, SCENARIOS["a page changed and one more"])
    chance = random.Random(9)
    for _ in range(RANDOM_KILLS):
        ground.again()
        ground.ingest(kill_after=chance.uniform(0, 0.6))
        assert ground.look() in (ground.old, ground.new)
        if chance.random() < 0.3:  # and while it goes on
            ground.ingest(kill_after=chance.uniform(0, 0.6))
            assert ground.look() in (ground.old, ground.new)
        ground.finish()
    tell("killed at random", RANDOM_KILLS)


def test_a_disk_that_fails_is_told(ground: Ground) -> None:
    """EIO once, from each file operation and call of Chroma in turn: told, or done without."""
    told = 0
    points = sample(range(1, ground.points + 1), KILLS)
    for point in points:
        ground.again()
        outcome = ground.ingest(broken_at=point)
        assert "signal" not in outcome, point
        if "error" in outcome:
            told += 1
            assert outcome["hint"], (point, outcome)
        assert ground.look() in (ground.old, ground.new), (point, outcome)
        ground.finish()
    tell(f"a disk that fails at each of {ground.points} points, {told} of them told", len(points))


def test_no_file_may_grow(ground: Ground) -> None:
    """The disk is full at each size: a sentence and a hint, the old shelf, and no half file."""
    largest = max(path.stat().st_size for path in ground.home.rglob("*") if path.is_file())
    limits = [0, 1, 100, *sample(range(4096, largest + 4096, 4096), 3)]
    refused = 0
    for limit in limits:
        ground.again()
        outcome = ground.ingest(file_limit=limit)
        assert "signal" not in outcome, limit
        if "error" in outcome:
            refused += 1
            assert outcome["hint"], outcome
            assert "Traceback" not in outcome["error"]
            assert ground.look() == ground.old, (limit, outcome)
            assert not (ground.home / "shelves" / "next").exists()
        else:
            assert ground.look() == ground.new, limit
        ground.finish()
    assert refused
    tell("a disk full at a size", len(limits))
