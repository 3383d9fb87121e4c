"""Other systems, each in a process and a virtual environment of its own, asked through pipes.

A peer is a folder beside this file: `requirements.txt`, pinned, and `adapter.py`, which says what
it reads and prints. Knows nothing of how answers are judged.
"""

from __future__ import annotations

import hashlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from evals.answers import Ask
from evals.metrics import Record
from evals.questions import Question
from evals.results import CHECKOUT
from rag.errors import QuestionError, UsageError
from rag.types import Paper, Timings

FOLDER = Path(__file__).parent
# A peer may compile, download and load before its first question, and think long about each.
READY_SECONDS = 900.0
ANSWER_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A system: the folder that it lives in and what its adapter is told beside the shelf and the model."""

    name: str
    folder: str
    arguments: tuple[str, ...] = ()


PEERS = MappingProxyType(
    {
        peer.name: peer
        for peer in (
            Peer("plain", "plain"),
            Peer("llamaindex", "llamaindex"),
            Peer("paperqa_fast", "paperqa", ("--profile", "fast")),
            Peer("paperqa", "paperqa", ("--profile", "full")),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What all systems stand on: files of model and papers, the embedder's folder, threads (0: all cores)."""

    model: Path
    embedder: Path
    papers: Path
    threads: int


class _Process:
    """A running peer, to be asked once it is ready."""

    def __init__(self, peer: Peer, ground: Ground, log: Path) -> None:
        self.name = peer.name
        command: list[str] = [
            str(_python(FOLDER / peer.folder)),
            str(FOLDER / peer.folder / "adapter.py"),
            *("--model", str(ground.model)),
            *("--embedder", str(ground.embedder)),
            *("--papers", str(ground.papers)),
            *(("--threads", str(ground.threads)) if ground.threads else ()),
            *peer.arguments,
        ]
        with log.open("a", encoding="utf-8") as errors:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                errors="replace",
            )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_until_ready(self) -> None:
        self._next(READY_SECONDS)

    def ask(self, question: Question) -> Record:
        stdin = _pipe(self._child.stdin)
        stdin.write(json.dumps({"id": question.id, "turns": question.turns}) + "\n")
        stdin.flush()
        record = self._next(ANSWER_SECONDS)
        if not (record.get("error") or _is_answer(record)):
            raise ValueError(f"{self.name} printed no answer")
        return record

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        with suppress(OSError):  # what it did not read any more
            _pipe(self._child.stdin).close()

    def _listen(self) -> None:
        with _pipe(self._child.stdout) as printed:
            for line in printed:
                self._lines.put(line)
        self._lines.put("")

    def _next(self, seconds: float) -> Record:
        """The next line's object. Raises queue.Empty where it takes too long, ValueError for no object."""
        value = json.loads(self._lines.get(timeout=seconds))
        if not isinstance(value, dict):
            raise ValueError(f"{self.name} printed no object")
        return value


@contextmanager
def asking(peer: Peer, ground: Ground, *, log: Path) -> Iterator[Ask]:
    """A function that asks the peer; its process is started by the first question.

    What the peer prints on standard error is added to `log`. A question that it fails, or that
    takes it too long, is a QuestionError; where it has ended, the next question starts it anew.
    """
    running: list[_Process] = []

    def ask(question: Question) -> Record:
        try:
            if not running:
                running.append(_Process(peer, ground, log))
                running[0].wait_until_ready()
            record = running[0].ask(question)
        except (OSError, ValueError, RecursionError, queue.Empty) as error:
            while running:
                running.pop().close()
            what = "took too long" if isinstance(error, queue.Empty) else "ended without an answer"
            raise QuestionError(f"{peer.name} {what}.", hint=f"See {log}.") from error
        if record.get("error"):
            raise QuestionError(f"{peer.name}: {record['error']}", hint=f"See {log}.")
        return record

    try:
        yield ask
    finally:
        while running:
            running.pop().close()


def prepare(peer: Peer, *, log: Path) -> None:
    """Make the peer's virtual environment, unless it is there with the same requirements.

    Raises UsageError where it cannot be installed.
    """
    folder = FOLDER / peer.folder
    requirements = folder / "requirements.txt"
    stamp = folder / ".venv" / "requirements.sha256"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == digest:
        return
    pinned = CHECKOUT / "constraints.txt"  # which a wheel does not hold
    constraints = ("--constraint", str(pinned)) if pinned.is_file() else ()
    install = [str(_python(folder)), "-m", "pip", "install", "--quiet", *constraints]
    with log.open("w", encoding="utf-8") as output:
        for command in (
            [sys.executable, "-m", "venv", str(folder / ".venv")],
            [*install, "torch"],  # first, so that the constraint chooses its build
            [*install, "--requirement", str(requirements)],
        ):
            try:
                subprocess.run(command, check=True, stdout=output, stderr=subprocess.STDOUT)
            except (OSError, subprocess.CalledProcessError) as error:
                raise UsageError(f"{peer.name} cannot be installed.", hint=f"See {log}.") from error
    stamp.write_text(digest, "utf-8")


def find_peers(names: Sequence[str]) -> tuple[Peer, ...]:
    """The peers of these names, or all. Raises UsageError for another name."""
    for name in names:
        if name not in PEERS:
            raise UsageError(f"There is no peer {name}.", hint=f"There are: {', '.join(PEERS)}.")
    return tuple(PEERS[name] for name in names or PEERS)


def write_papers(papers: Sequence[Paper], path: Path) -> None:
    """The papers as `vouch papers --json` prints them, in ASCII: what an adapter reads line by line."""
    lines = [json.dumps(paper.record()) for paper in papers]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _is_answer(record: Record) -> bool:
    """Whether it holds what a measure looks at."""
    citations, timings = record.get("citations"), record.get("timings")
    return (
        isinstance(record.get("text"), str)
        and isinstance(citations, list)
        and all(isinstance(each, dict) and {"number", "title"} <= each.keys() for each in citations)
        and isinstance(timings, dict)
        and {field.name for field in fields(Timings)} <= timings.keys()
    )


def _python(folder: Path) -> Path:
    return folder / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _pipe(pipe: IO[Any] | None) -> IO[str]:
    assert pipe is not None  # asked for when the child was started
    return pipe
