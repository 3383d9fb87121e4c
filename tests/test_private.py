"""What is asked and what is read stays in the data folder: nothing of it in logs or temporary files,
and nothing that others on the machine could read.
"""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CANARY = "zanzibarquokka"
PAGE = f"""\
LGOct 8, 2023Code
OWL: A Missing SecretLu Yin, You Wu
Pruning removes weights. {CANARY.title()}paper sets a sparsity for each layer.
"""


@pytest.fixture
def ground(tmp_path: Path) -> dict[str, str]:
    """The environment of a reader whose home, cache, temporary and other folders are the test's own."""
    folders = {name: tmp_path / name for name in ("home", "data", "temporary", "cache", "work")}
    for folder in folders.values():
        folder.mkdir()
    return {
        **os.environ,
        "HOME": str(folders["home"]),
        "XDG_CACHE_HOME": str(folders["home"] / ".cache"),
        "VOUCH_HOME": str(folders["data"] / "vouch"),
        "TMPDIR": str(folders["temporary"]),
        "VOUCH_CACHE": str(folders["cache"]),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }


def vouch(ground: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from rag.cli import main; main()", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=ground, cwd=folder / "work", umask=0o022
    )
    assert done.returncode == (1 if "doctor" in arguments else 0), done.stderr  # no model is here
    return done


def holding(folder: Path, words: str) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if words.encode() in path.read_bytes().lower()]


def test_a_canary_stays_where_it_belongs(ground: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "work" / "page.txt"
    page.write_text(PAGE)
    vouch(ground, tmp_path, "ingest", str(page))
    page.unlink()
    asked = vouch(ground, tmp_path, "ask", f"What does {CANARY}question say of pruning by OWL?")
    vouch(ground, tmp_path, "search", f"{CANARY}question")
    vouch(ground, tmp_path, "backup", str(tmp_path / "data" / "shelf.tar"))
    vouch(ground, tmp_path, "restore", str(tmp_path / "data" / "shelf.tar"))
    checked = vouch(ground, tmp_path, "doctor", "--check")
    assert "-- " not in "".join(line for line in checked.stdout.splitlines() if "check:" in line)
    assert CANARY not in asked.stderr
    assert holding(tmp_path, f"{CANARY}question") == []
    paper = holding(tmp_path, f"{CANARY}paper")
    assert paper, "the library holds it"
    assert all(path.is_relative_to(tmp_path / "data") for path in paper)
    left = {path.name for path in (tmp_path / "temporary").iterdir()}
    # tiktoken's public vocabulary, and torch's empty folder.
    assert {name for name in left if not name.startswith(("data-gym-cache", "torchinductor"))} == set()
    assert list((tmp_path / "work").iterdir()) == []
    for path in (tmp_path / "data" / "vouch").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_a_question_that_breaks_something_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    from ui.conversation import Conversation, Errands

    class Broken:
        def stream(self, question, history, *, scope, pick):  # type: ignore[no-untyped-def]
            raise RuntimeError("inside")

        def cancel(self) -> None:
            pass

        def status(self) -> str:
            return "fine"

    with caplog.at_level(logging.DEBUG):
        errand = Errands(Broken()).begin(Conversation().ask(f"{CANARY}\x1b[2J\nowned?"))
        errand.start()
        assert errand.wait(60)
    assert errand.fault is not None
    assert "inside" in caplog.text
    assert CANARY not in caplog.text
    assert "\x1b" not in caplog.text
