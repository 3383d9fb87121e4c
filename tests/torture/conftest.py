"""A worker whose children may be killed, and how much of each loop is done.

`make test` takes a few rounds of each loop; `make torture` (TORTURE=all) all of them, TORTURE=60 at most 60,
and both print what they did.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
AMOUNT = os.environ.get("TORTURE", "")
WORKER = Path(__file__).with_name("worker.py")

PAGE_A = """\
LGOct 8, 2023Code
OWL: A Missing SecretLu Yin, You Wu
Pruning removes weights. OWL sets a sparsity for each layer.
CVJan 24, 2023
LoRA: Low Rank UpdatesEd Hu, Yelong Shen
We adapt large models. The updates have low rank.
"""
PAGE_A_LATER = PAGE_A.replace("low rank", "a rank of four").replace(
    "CVJan 24, 2023\nLoRA: Low Rank UpdatesEd Hu, Yelong Shen",
    "CVJan 24, 2023\nQLoRA: Updates of Four BitsTim Dettmers, Ed Hu",
)
PAGE_B = """\
CLMar 3, 2024
KV Caches of Two BitsZirui Liu, Jiayi Yuan
Caches grow with text. We quantise them to 2 bits.
"""


class Worker:
    """Runs one job at a time; see worker.py. A library may be loaded before all others."""

    def __init__(self, preloaded: Path | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=WORKER.parent.parent.parent,
            env={
                **os.environ,
                **({"LD_PRELOAD": str(preloaded)} if preloaded else {}),
                "PYTHONPATH": f"{WORKER.parent.parent.parent}:{os.environ.get('PYTHONPATH', '')}",
            },
        )

    def run(self, act: str, home: Path, **job: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"act": act, "home": str(home), **job}) + "\n")
        self._process.stdin.flush()
        outcome = json.loads(self._process.stdout.readline())
        assert "crash" not in outcome, outcome["crash"]
        assert isinstance(outcome, dict)
        return outcome

    def ingest(self, home: Path, *pages: Path, **job: Any) -> dict[str, Any]:
        return self.run("ingest", home, pages=[str(page) for page in pages], **job)

    def look(self, home: Path) -> Any:
        """What a reader finds, or the sentence and hint that he is told."""
        outcome = self.run("look", home)
        assert "signal" not in outcome, "the reader's process died"
        return outcome.get("state") or (outcome["error"], outcome["hint"])

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture
def pages(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A page, the same page later, and another one."""
    (tmp_path / "later").mkdir()
    files = (tmp_path / "a.txt", tmp_path / "later" / "a.txt", tmp_path / "b.txt")
    for file, text in zip(files, (PAGE_A, PAGE_A_LATER, PAGE_B), strict=True):
        file.write_text(text)
    return files


def compiled(source: str, folder: Path) -> Path | None:
    """A library made of a C file beside this one, to be loaded before all others; None where it cannot be."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    library = (folder / source).with_suffix(".so")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(WORKER.parent / source), "-ldl"]
    return library if subprocess.run(command, capture_output=True, check=False).returncode == 0 else None


@pytest.fixture
def whole(worker: Worker, tmp_path: Path, pages: tuple[Path, Path, Path]) -> Path:
    """A data folder with two shelves."""
    home = tmp_path / "whole"
    worker.ingest(home, pages[0])
    worker.ingest(home, *pages[1:])
    return home


def rounds(few: int, all_of_them: int) -> int:
    """How many rounds of a loop are done."""
    if AMOUNT == "all":
        return all_of_them
    return min(all_of_them, max(2, int(AMOUNT))) if AMOUNT.isdigit() else few


def sample(items: Sequence[T], few: int) -> list[T]:
    """As many of them as there are rounds, evenly spread, with both ends."""
    count = rounds(few, len(items))
    if count >= len(items):
        return list(items)
    return [items[round(at * (len(items) - 1) / (count - 1))] for at in range(count)]


def tell(what: str, tried: int) -> None:
    """What the long run prints: none of n failed, so with 95 % confidence fewer than 3 in n do."""
    print(f"TORTURE {what}: {tried} tried, 0 failed, 95 % bound {min(1, 3 / max(1, tried)):.4f}")
