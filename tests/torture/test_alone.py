"""All that a reader does, in a network namespace without a network: it works, nothing is tried beyond
loopback, by native code neither, and what was asked and read stays in the data folder.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from torture.conftest import compiled, tell

HERE = Path(__file__).parent
FOLDERS = ("home", "data", "temporary", "cache", "config", "state", "work", "logs")
STEPS = ("ingest", "ask", "search", "eval", "backup", "doctor", "chat")
SHUT = ("unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
PAPER_WORD, QUESTION_WORD = "zanzibarquokka", "timbuktuwombat"
TITLE = "OWL: A Missing Secret"
PAGE = f"""\
LGOct 8, 2023Code
{TITLE}Lu Yin, You Wu
OWL prunes the weights of large models. {PAPER_WORD.title()} sets a sparsity for each layer.
"""
QUESTION = f"What does OWL prune, {QUESTION_WORD}?"
# A public vocabulary, and folders that libraries leave empty.
OTHERS = ("data-gym-cache", "torchinductor", "gradio")


@dataclass(frozen=True)
class Day:
    folder: Path
    steps: dict[str, dict]
    shut: bool
    fenced: bool

    @property
    def data(self) -> Path:
        return self.folder / "data" / "vouch"


def shuts() -> bool:
    """Whether a namespace without a network may be made here."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run([*SHUT, "true"], capture_output=True, check=False).returncode == 0


def environment(folder: Path, model: Path, fence: Path | None) -> dict[str, str]:
    """As on a machine where Vouch was never used, and a reader's own model, which writes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOUCH_", "HF_"))}
    preloaded = {"LD_PRELOAD": str(fence), "NATIVE_ATTEMPTS": str(folder / "attempts")} if fence else {}
    return {
        **kept,
        **preloaded,
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": str(folder / "home" / ".cache"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "home" / ".local"),
        "XDG_STATE_HOME": str(folder / "state"),
        "TMPDIR": str(folder / "temporary"),
        "VOUCH_CACHE": str(folder / "cache"),
        "VOUCH_HOME": str(folder / "data" / "vouch"),
        "VOUCH_MODEL": str(model),
        "VOUCH_WINDOW_EMBEDDER": "same",
        "VOUCH_ANSWER_TOKENS": "24",
    }


@pytest.fixture(scope="module")
def day(smollm2_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Day:
    folder = tmp_path_factory.mktemp("day")
    for name in FOLDERS:
        (folder / name).mkdir()
    (folder / "page.txt").write_text(PAGE)
    (folder / "question.txt").write_text(QUESTION)
    asked = {"kind": "fact", "split": "dev", "papers": [TITLE], "facts": [["weights"]]}
    lines = [{"id": f"q{number}", "question": f"{QUESTION} {number}", **asked} for number in (1, 2)]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    fence, shut = compiled("fence.c", folder), shuts()
    command = [*(SHUT if shut else ()), sys.executable, str(HERE / "day.py"), str(folder)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=environment(folder, smollm2_path, fence),
    )
    assert done.returncode == 0, done.stderr
    steps = {said["step"]: said for said in map(json.loads, done.stdout.splitlines())}
    for name in ("page.txt", "question.txt", "questions.jsonl"):
        (folder / name).unlink()
    return Day(folder, steps, shut, fence is not None)


def test_all_of_it_works(day: Day) -> None:
    assert set(day.steps) == set(STEPS)
    for step in day.steps.values():
        assert step["code"] == 0, step
        assert "Traceback" not in step["err"], step
    assert "weights" in day.steps["ask"]["out"]
    assert "weights" in day.steps["chat"]["out"]
    assert TITLE in day.steps["search"]["out"]


def test_it_works_without_a_network(day: Day) -> None:
    if not day.shut:
        pytest.skip("a network namespace may not be made here")
    assert day.steps["chat"]["code"] == 0
    tell("steps of a reader's day without a network", len(day.steps))


def test_no_library_of_native_code_tries_a_socket_beyond_loopback(day: Day) -> None:
    if not day.fenced:
        pytest.skip("no C compiler is here for the fence around native code")
    attempts = day.folder / "attempts"
    assert not attempts.exists(), attempts.read_text()


def test_the_fence_around_native_code_holds(tmp_path: Path) -> None:
    fence = compiled("fence.c", tmp_path)
    if fence is None:
        pytest.skip("no C compiler is here for the fence around native code")
    code = "import ctypes, socket; s = socket.socket(); a = b'\\2\\0\\0\\x50\\xc0\\0\\2\\1' + bytes(8)\n"
    code += "assert ctypes.CDLL(None).connect(s.fileno(), a, 16) == -1"
    told = tmp_path / "attempts"
    variables = {**os.environ, "LD_PRELOAD": str(fence), "NATIVE_ATTEMPTS": str(told)}
    subprocess.run([sys.executable, "-c", code], check=True, env=variables)
    assert told.read_text() == "connect 192.0.2.1\n"


@pytest.mark.parametrize("word", [PAPER_WORD, QUESTION_WORD])
def test_what_was_asked_and_read_is_in_the_data_folder_alone(day: Day, word: str) -> None:
    files = [path for path in day.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    holding = [path for path in files if word.encode() in path.read_bytes().lower()]
    assert holding, "the data folder holds it"
    assert [path for path in holding if not path.is_relative_to(day.data)] == []
    left = {path.name for path in (day.folder / "temporary").iterdir()}
    assert {name for name in left if not name.startswith(OTHERS)} == set()
    assert list((day.folder / "work").iterdir()) == []
    tell(f"files looked through for a word of a {'paper' if word == PAPER_WORD else 'question'}", len(files))


@pytest.mark.parametrize("word", [PAPER_WORD, QUESTION_WORD])
def test_no_log_tells_what_was_asked_or_read(day: Day, word: str) -> None:
    for step in day.steps.values():
        assert word not in step["err"].lower(), step


def test_nobody_else_can_read_it(day: Day) -> None:
    paths = [day.data, *day.data.rglob("*")]
    for path in paths:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    tell("files and folders of the data folder that only their owner may read", len(paths))
