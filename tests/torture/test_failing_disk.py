"""A disk that fails below SQLite, Chroma and Python alike, and what a cut of the power would take.

disk.c stands before the C library's calls: it counts those that read or write below the data folder, and has
one of them fail, or all from it on.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from torture.conftest import Worker, compiled, sample, tell
from torture.test_killed import SCENARIOS, Ground

FEW = 3  # calls of each scenario, in the short run
WRITES = ((errno.EIO, True), (errno.EIO, False), (errno.ENOSPC, False))
READS = ((errno.EIO, True), (errno.EIO, False))


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    library = compiled("disk.c", tmp_path_factory.mktemp("disk"))
    if library is None:
        pytest.skip("no C compiler is here for a disk that fails")
    worker = Worker(library)
    yield worker
    worker.close()


@pytest.fixture(params=SCENARIOS)
def ground(
    request: pytest.FixtureRequest, worker: Worker, tmp_path: Path, pages: tuple[Path, Path, Path]
) -> Ground:
    return Ground(worker, tmp_path, pages, SCENARIOS[request.param])


def faults(calls: int, *, reads: bool = False) -> list[dict[str, Any]]:
    """A fault at each of the calls in turn, or at a few, of each kind in turn."""
    kinds = READS if reads else WRITES
    assert calls > FEW
    tried = []
    for number, at in enumerate(sample(range(1, calls + 1), FEW)):
        error, once = kinds[number % len(kinds)]
        tried.append({"at": at, "error": error, "once": once, "reads": reads})
    return tried


def is_told(outcome: dict[str, Any], fault: dict[str, Any]) -> bool:
    """Whether the fault was told, in a sentence and with what to do; nothing else may come of it."""
    assert "signal" not in outcome, fault
    if "error" not in outcome:
        return False
    assert outcome["hint"], (fault, outcome)
    assert "Traceback" not in outcome["error"]
    return True


def test_an_ingest_on_a_failing_disk_is_told_or_done(ground: Ground) -> None:
    for reads in (False, True):
        ground.again()
        calls = ground.ingest(disk={"reads": reads})["calls"]
        tried = faults(calls, reads=reads)
        told = sum(is_told_or_done(ground, fault) for fault in tried)
        assert told
        what = "reads" if reads else "writes and flushes"
        tell(f"an ingest whose disk fails at each of {calls} {what}, {told} of them told", len(tried))


def is_told_or_done(ground: Ground, fault: dict[str, Any]) -> bool:
    """Whether it was told; nothing is lost, and nothing is left."""
    ground.again()
    outcome = ground.ingest(disk=fault)
    found, told = ground.look(), is_told(outcome, fault)
    assert found == ground.new or (told and found == ground.old), (fault, outcome)
    if told:
        assert not (ground.home / "shelves" / "next").exists(), (fault, outcome)
    ground.finish()
    return told


def test_a_reader_on_a_failing_disk_is_told_or_right(worker: Worker, whole: Path) -> None:
    right = worker.run("look", whole, disk={"reads": True})
    told, tried = 0, faults(right["calls"], reads=True)
    for fault in tried:
        outcome = worker.run("look", whole, disk=fault)
        if is_told(outcome, fault):
            told += 1
        else:
            assert outcome["state"] == right["state"], fault
        assert worker.look(whole) == right["state"], fault
    assert told
    tell(f"a reader whose disk fails at each of {right['calls']} reads, {told} of them told", len(tried))


@pytest.mark.parametrize("reads", [False, True], ids=["writes", "reads"])
def test_a_backup_on_a_failing_disk_is_whole_or_not_there(
    worker: Worker, whole: Path, tmp_path: Path, *, reads: bool
) -> None:
    right, target = worker.look(whole), tmp_path / "backups" / "shelf.tar"
    target.parent.mkdir()
    job = {"file": str(target), "below": str(tmp_path)}
    calls = worker.run("back_up", whole, **job, disk={"reads": reads})["calls"]
    told, tried = 0, faults(calls, reads=reads)
    for fault in tried:
        target.unlink(missing_ok=True)
        outcome = worker.run("back_up", whole, **job, disk=fault)
        if is_told(outcome, fault):
            told += 1
            assert {path.name for path in target.parent.iterdir()} <= {target.name}, fault
        if target.exists():
            assert "error" not in worker.run("restore", tmp_path / "again", file=str(target)), fault
            assert worker.look(tmp_path / "again") == right, fault
            shutil.rmtree(tmp_path / "again")
        assert worker.look(whole) == right, fault
    assert told
    tell(f"a backup whose disk fails at each of {calls} {'reads' if reads else 'writes'}", len(tried))


@pytest.mark.parametrize("reads", [False, True], ids=["writes", "reads"])
def test_a_restore_on_a_failing_disk_changes_all_or_nothing(
    worker: Worker, whole: Path, tmp_path: Path, pages: tuple[Path, Path, Path], *, reads: bool
) -> None:
    new, backup = worker.look(whole), tmp_path / "shelf.tar"
    worker.run("back_up", whole, file=str(backup))
    before, home = tmp_path / "before", tmp_path / "home"
    worker.ingest(before, pages[0])
    old, job = worker.look(before), {"file": str(backup), "below": str(tmp_path)}
    shutil.copytree(before, home)
    calls = worker.run("restore", home, **job, disk={"reads": reads})["calls"]
    told, tried = 0, faults(calls, reads=reads)
    for fault in tried:
        shutil.rmtree(home)
        shutil.copytree(before, home)
        outcome = worker.run("restore", home, **job, disk=fault)
        if is_told(outcome, fault):
            told += 1
            assert worker.look(home) in (old, new), (fault, outcome)
            assert not (home / "shelves" / "next").exists(), fault
        else:
            assert worker.look(home) == new, fault
        assert "error" not in worker.run("restore", home, **job), fault
        assert worker.look(home) == new, fault
    assert told
    tell(f"a restore whose disk fails at each of {calls} {'reads' if reads else 'writes'}", len(tried))


def test_a_check_on_a_failing_disk_tells_it(worker: Worker, whole: Path) -> None:
    right = worker.look(whole)
    calls = worker.run("check", whole, disk={"reads": True})["calls"]
    tried = faults(calls, reads=True)
    found = 0
    for fault in tried:
        outcome = worker.run("check", whole, disk=fault)
        if not is_told(outcome, fault):
            wrong = [cure for _, ok, _, cure in outcome["found"] if not ok]
            assert all(wrong), (fault, outcome)
            found += bool(wrong)
        assert worker.look(whole) == right, fault
    assert found
    tell(f"a check whose disk fails at each of {calls} reads, {found} of them found", len(tried))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_is_named_whole_is_on_the_disk(
    worker: Worker, tmp_path: Path, pages: tuple[Path, Path, Path], scenario: str
) -> None:
    """At the moment in which a plan, or a shelf's number, says of files that they are whole."""
    shelf, given, rebuild = SCENARIOS[scenario]
    shelf(worker, tmp_path / "home", pages)
    outcome = worker.ingest(tmp_path / "home", *(pages[at] for at in given), rebuild=rebuild, disk={})
    assert outcome["lost"] == []


def test_a_backup_and_what_it_restores_are_on_the_disk(worker: Worker, whole: Path, tmp_path: Path) -> None:
    job = {"file": str(tmp_path / "shelf.tar"), "below": str(tmp_path)}
    assert worker.run("back_up", whole, **job, disk={})["lost"] == []
    assert worker.run("restore", tmp_path / "again", **job, disk={})["lost"] == []


def test_the_disk_that_fails_sees_what_was_not_flushed(
    worker: Worker, tmp_path: Path, pages: tuple[Path, Path, Path]
) -> None:
    """The tests above could not fail if disk.c saw nothing: native code's files and Python's, and folders."""
    lost = worker.ingest(tmp_path / "home", pages[0], disk={}, unflushed=True)["lost"]
    assert {"data_level0.bin", "seal.json", "next", "shelves"} <= {Path(path).name for path in lost}
