"""A disk that is full as a whole, at every size: only where a file system in memory can be mounted."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from torture.conftest import Worker, sample, tell

KILOBYTE = 1024


@contextmanager
def disk(folder: Path, kilobytes: int) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=700", "vouch-test", str(folder)],
        check=True,
        capture_output=True,
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def can_mount(folder: Path) -> bool:
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    try:
        with disk(folder, 64):
            return True
    except subprocess.CalledProcessError:
        return False


def test_a_full_disk_leaves_the_old_shelf(
    worker: Worker, tmp_path: Path, pages: tuple[Path, Path, Path]
) -> None:
    if not can_mount(tmp_path / "probe"):
        pytest.skip("mounting a file system in memory needs root and the right to mount")
    before, home = tmp_path / "before", tmp_path / "disk"
    worker.ingest(before, pages[0])
    old = worker.look(before)
    used = sum(path.stat().st_size for path in before.rglob("*") if path.is_file()) // KILOBYTE
    refused = done = 0
    sizes = sample(range(used + 40, 4 * used + 1000, 16), 8)
    for size in sizes:
        with disk(home, size):
            shutil.copytree(before, home, dirs_exist_ok=True)
            outcome = worker.ingest(home, *pages[1:])
            assert "signal" not in outcome, size
            found = worker.look(home)
            if "error" in outcome:
                refused += 1
                assert outcome["hint"], (size, outcome)
                assert found == old, (size, outcome)
                assert not (home / "shelves" / "next").exists()
            else:
                done += 1
                assert isinstance(found, dict), (size, found)
                assert found != old
    assert refused
    assert done
    tell("a disk full as a whole", len(sizes))
