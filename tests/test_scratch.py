"""A process's own folder: there while it lives, gone with it, and swept where it died."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

from rag.scratch import SETTLED_SECONDS, Scratch, sweep


def test_it_is_there_until_it_is_closed(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "open")
    assert scratch.path.parent == tmp_path / "open"
    assert scratch.path.stat().st_mode & 0o777 == 0o700
    (scratch.path / "file").write_text("x")
    scratch.close()
    scratch.close()
    assert list((tmp_path / "open").iterdir()) == []


def aged(folder: Path) -> None:
    for lock in folder.glob("*.lock"):
        long_ago = lock.stat().st_mtime - 2 * SETTLED_SECONDS
        os.utime(lock, (long_ago, long_ago))


def test_what_the_dead_left_is_swept_and_the_living_keep_theirs(tmp_path: Path) -> None:
    code = "import os, sys\nfrom pathlib import Path\nfrom rag.scratch import Scratch\n"
    code += "s = Scratch(Path(sys.argv[1])); (s.path / 'file').write_text('x'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, cwd=Path(__file__).parent.parent)
    living = Scratch(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4, "what is young may be another's that is just being made"
    aged(tmp_path)
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {living.path.name, f"{living.path.name}.lock"}
    living.close()


def test_where_the_folder_cannot_be_written_it_is_a_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    scratch = Scratch(tmp_path / "file" / "open")
    assert scratch.path.is_dir()
    assert not scratch.path.is_relative_to(tmp_path / "file")
    scratch.close()
    assert not scratch.path.exists()


def test_a_held_lock_is_nobodys_to_sweep(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with FileLock(tmp_path / "mine.lock"):
        aged(tmp_path)
        sweep(tmp_path)
        assert (tmp_path / "mine").is_dir()
