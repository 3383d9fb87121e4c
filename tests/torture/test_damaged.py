"""One byte turned, a cut made or a file gone, anywhere in the data folder: made anew, or told."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from torture.conftest import Worker, rounds, tell

from rag.states import StateStore

PLACES = rounds(16, 300)
UNSEALED_PLACES = rounds(3, 120)

Damage = tuple[str, int]


def damages(home: Path, count: int, under: str) -> Iterator[tuple[Path, Damage]]:
    """Over all files, each at least once: a byte turned, a cut, and the file gone."""
    chance = random.Random(5)
    files = sorted(path for path in (home / under).rglob("*") if path.is_file())
    for at in range(max(count, len(files))):
        path = files[at % len(files)]
        size = path.stat().st_size
        kind = ("turned", "cut", "turned", "gone")[(at // len(files) + at) % 4]
        # Headers and ends are where formats break.
        places = (chance.randrange(max(1, size)), chance.randrange(min(size, 200) or 1), max(0, size - 1))
        yield path.relative_to(home), (kind, places[chance.randrange(3)])


def hurt(path: Path, damage: Damage) -> None:
    kind, at = damage
    content = bytearray(path.read_bytes())
    if kind == "gone":
        path.unlink()
    elif kind == "cut":
        path.write_bytes(content[:at])
    elif content:
        content[at] ^= 1 << (at % 8)
        path.write_bytes(content)


def test_a_damaged_shelf_is_never_read(
    worker: Worker, whole: Path, tmp_path: Path, pages: tuple[Path, Path, Path]
) -> None:
    right = worker.look(whole)
    home = tmp_path / "home"
    tried = told = 0
    (newest,) = (path.name for path in (whole / "shelves").iterdir() if path.name.endswith("2"))
    for file, damage in damages(whole, PLACES, f"shelves/{newest}"):
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(whole, home)
        hurt(home / file, damage)
        found = worker.look(home)
        if found != right:
            assert isinstance(found, tuple), (file, damage)
            assert "damaged" in found[0], (file, damage, found)
            assert "vouch ingest" in found[1]
            told += 1
        outcome = worker.ingest(home, *pages[1:])
        assert "error" not in outcome, (file, damage, outcome)
        assert worker.look(home) == right, (file, damage)
        tried += 1
    assert told > tried / 2
    tell("places of a sealed shelf damaged", tried)


def test_a_damaged_folder_of_an_older_vouch_kills_no_reader(
    worker: Worker, whole: Path, tmp_path: Path, pages: tuple[Path, Path, Path]
) -> None:
    """It has no seal: what reads its vectors first is a child, and every title is the right one."""
    right = worker.look(whole)
    old, home = tmp_path / "old", tmp_path / "home"
    old.mkdir()
    newest = max((whole / "shelves").iterdir())
    shutil.copy(newest / "library.sqlite", old)
    shutil.copytree(newest / "vectors", old / "vectors")
    tried = 0
    for file, damage in damages(old, UNSEALED_PLACES, "vectors"):
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(old, home)
        hurt(home / file, damage)
        found = worker.look(home)
        if isinstance(found, tuple):
            assert found[1], (file, damage)
        else:
            assert found["papers"] == right["papers"], (file, damage)
        assert "error" not in worker.ingest(home, *pages[1:]), (file, damage)
        found = worker.look(home)
        assert isinstance(found, dict), (file, damage, found)
        assert (found["papers"], found["vectors"]) == (right["papers"], right["vectors"]), (file, damage)
        tried += 1
    tell("places of an unsealed folder's vectors damaged", tried)


def test_a_damaged_state_is_absent(tmp_path: Path) -> None:
    """Every byte of a kept state counts: what is not whole is as if it had never been kept."""
    payload = random.Random(1).randbytes(2000)
    store = StateStore(tmp_path, most_bytes=1_000_000)
    tried = 0
    for at in range(0, 2000 + 72, 2072 // rounds(20, 2072)):
        for kind in ("turned", "cut"):
            assert store.put("a" * 64, payload)
            hurt(tmp_path / f"{'a' * 64}.state", (kind, at))
            assert store.get("a" * 64) is None, (kind, at)
            tried += 1
    tell("bytes of a kept state damaged", tried)
