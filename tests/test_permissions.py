"""What this user may not read or write is told in a sentence, and what he may is done all the same.

Nothing holds root; where the tests run as root, the commands run without the two capabilities that let it
pass by permissions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMMAND = "import sys; from rag.cli import main; sys.exit(main())"
HELD = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
PAGE = """\
LGOct 8, 2023Code
OWL: A Missing SecretLu Yin, You Wu
Pruning removes weights. OWL sets a sparsity.
"""
Forbid = Callable[[Path], None]


def held() -> tuple[str, ...] | None:
    """What a command is put behind so that permissions hold it; None where nothing does."""
    if os.name != "posix":
        return None
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        return None
    tried = subprocess.run([*HELD, "true"], capture_output=True, check=False)
    return HELD if tried.returncode == 0 else None


@pytest.fixture(scope="module")
def prefix() -> tuple[str, ...]:
    found = held()
    if found is None:
        pytest.skip("these tests run as root, and setpriv, which would hold it to permissions, is not here")
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, prefix: tuple[str, ...]) -> Path:
    """A folder with a page and, beside it, a data folder that holds it."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "page.txt").write_text(PAGE)
    done = vouch(folder, (), "ingest", str(folder / "page.txt"))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def ground(whole: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy, to be forbidden; what was forbidden is allowed again at the end, so that it can be deleted."""
    folder = tmp_path / "ground"
    shutil.copytree(whole, folder)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o700)
    for path in folder.rglob("*"):
        path.chmod(0o700)


def vouch(folder: Path, prefix: tuple[str, ...], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "VOUCH_HOME": str(folder / "data"),
        "VOUCH_CACHE": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [*prefix, sys.executable, "-c", COMMAND, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


def forbid(name: str, mode: int) -> Forbid:
    def change(folder: Path) -> None:
        for path in sorted(folder.glob(name)):
            path.chmod(mode)

    return change


def make(name: str, mode: int) -> Forbid:
    def change(folder: Path) -> None:
        (folder / name).mkdir()
        (folder / name).chmod(mode)

    return change


def write(name: str, text: str) -> Forbid:
    def change(folder: Path) -> None:
        (folder / name).write_text(text)
        (folder / name).chmod(0)

    return change


MORE = PAGE.replace("OWL", "LORA")
REFUSED: dict[str, tuple[Forbid, tuple[str, ...]]] = {
    "shelves not to be written: ingest": (forbid("data/shelves", 0o500), ("ingest",)),
    "a data folder not to be read: ingest": (forbid("data", 0), ("ingest",)),
    "a data folder not to be read: ask": (forbid("data", 0), ("ask", "What does OWL prune?")),
    "a data folder not to be read: papers": (forbid("data", 0), ("papers",)),
    "a data folder not to be read: backup": (forbid("data", 0), ("backup", "shelf.tar")),
    "a data folder not to be read: chat": (forbid("data", 0), ("chat", "--port", "1")),
    "a library not to be read: ask": (forbid("data/shelves/*/library.sqlite", 0), ("ask", "Why?")),
    "a library not to be read: papers": (forbid("data/shelves/*/library.sqlite", 0), ("papers",)),
    "a library not to be read: ingest": (forbid("data/shelves/*/library.sqlite", 0), ("ingest", "page.txt")),
    "vectors not to be read: search": (forbid("data/shelves/*/vectors", 0), ("search", "pruning")),
    "a shelf not to be read: search": (forbid("data/shelves/*", 0), ("search", "pruning")),
    "settings not to be read: papers": (write("data/vouch.toml", "papers_read = 2"), ("papers",)),
    "settings not to be written: models use": (forbid("data", 0o500), ("models", "use", "auto")),
    "a page not to be read: ingest": (write("other.txt", MORE), ("ingest", "other.txt")),
    "a folder not to be written: backup": (make("shut", 0o500), ("backup", "shut/shelf.tar")),
    "a backup not to be read: restore": (write("shelf.tar", "x"), ("restore", "shelf.tar")),
    "questions not to be read: batch": (write("asked.jsonl", "{}"), ("ask", "--batch", "asked.jsonl")),
    "questions not to be read: eval": (write("asked.jsonl", "{}"), ("eval", "asked.jsonl")),
    "a model not to be read: models use": (write("own.gguf", "GGUF"), ("models", "use", "./own.gguf")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_allowed_is_told(ground: Path, prefix: tuple[str, ...], case: str) -> None:
    change, arguments = REFUSED[case]
    change(ground)
    done = vouch(ground, prefix, *arguments)
    assert done.returncode in (1, 2), (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert 1 <= len(done.stderr.strip().splitlines()) <= 3, done.stderr
    assert not list(ground.glob("data/shelves/damaged-*")), "what cannot be read now is not damaged"


DONE: dict[str, tuple[Forbid, tuple[str, ...]]] = {
    "a data folder not to be written: ask": (forbid("data", 0o500), ("ask", "What does OWL set?")),
    "a data folder not to be written: papers": (forbid("data", 0o500), ("papers",)),
    "no place for copies in the data folder: search": (forbid("data/open", 0o500), ("search", "OWL")),
    "a cache not to be written: ask": (make("cache", 0o500), ("ask", "What does OWL set?")),
    "a cache not to be read: ask": (make("cache", 0), ("ask", "What does OWL set?")),
}


@pytest.mark.parametrize("case", DONE)
def test_what_is_allowed_is_done(ground: Path, prefix: tuple[str, ...], case: str) -> None:
    change, arguments = DONE[case]
    change(ground)
    done = vouch(ground, prefix, *arguments)
    assert done.returncode == 0, done.stderr
    assert "OWL" in done.stdout
    assert "Traceback" not in done.stderr


def test_vectors_not_to_be_read_are_made_again(ground: Path, prefix: tuple[str, ...]) -> None:
    forbid("data/shelves/*/vectors/*", 0)(ground)
    done = vouch(ground, prefix, "ingest", "page.txt")
    assert done.returncode == 0, done.stderr
    assert "OWL" in vouch(ground, prefix, "search", "pruning").stdout


@pytest.mark.parametrize("mode", [0o500, 0])
def test_a_doctor_says_what_is_not_allowed(ground: Path, prefix: tuple[str, ...], mode: int) -> None:
    (ground / "data").chmod(mode)
    done = vouch(ground, prefix, "doctor", "--check")
    assert done.returncode in (1, 2), done.stdout
    assert "-- " in done.stdout or str(ground / "data") in done.stderr
    assert "Traceback" not in done.stderr
