"""Two writers and two chats on one data folder, again and again: a second writer is told, the chats find
each new shelf without a restart, and no vector is lost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from torture.conftest import Worker, rounds, tell

ROUNDS = rounds(3, 100)
PAGES = 6
TOLD_SECONDS = 2.0
CHATTING = Path(__file__).with_name("chatting.py")
PAGE = """\
LGOct 8, 2023Code
{title}Lu Yin, You Wu
{name} prunes the weights of models. It sets a sparsity for layer {number}.
"""


@dataclass
class Chat:
    process: subprocess.Popen[str]

    def ask(self, question: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"question": question}) + "\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@dataclass
class Shelf:
    """The pages as they were last written: in each file one paper, with the number of its round."""

    folder: Path
    held: dict[int, int]

    def change(self, file: int, number: int) -> Path:
        self.held[file] = number
        path = self.folder / f"page{file}.txt"
        name = self.name(file)
        path.write_text(PAGE.format(title=self.title(file), name=name, number=number))
        return path

    def name(self, file: int) -> str:
        return f"OWL{file}x{self.held[file]}"

    def title(self, file: int) -> str:
        return f"{self.name(file)}: A Missing Secret"

    @property
    def titles(self) -> list[str]:
        return sorted(self.title(file) for file in self.held)


@pytest.fixture
def writers() -> Iterator[tuple[Worker, Worker]]:
    both = (Worker(), Worker())
    yield both
    for worker in both:
        worker.close()


@pytest.fixture
def shelf(tmp_path: Path, writers: tuple[Worker, Worker]) -> Shelf:
    shelf = Shelf(tmp_path, {})
    writers[0].ingest(tmp_path / "home", shelf.change(0, 0))
    return shelf


@pytest.fixture
def chats(shelf: Shelf) -> Iterator[tuple[Chat, Chat]]:
    root = CHATTING.parent.parent.parent
    environment = {**os.environ, "PYTHONPATH": f"{root}:{os.environ.get('PYTHONPATH', '')}"}

    def chat() -> Chat:
        command = [sys.executable, str(CHATTING), str(shelf.folder / "home")]
        pipe = subprocess.PIPE
        return Chat(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=root))

    both = (chat(), chat())
    yield both
    for each in both:
        each.close()


def test_two_writers_and_two_chats_lose_nothing(
    writers: tuple[Worker, Worker], chats: tuple[Chat, Chat], shelf: Shelf
) -> None:
    home = shelf.folder / "home"
    told: list[float] = []

    def write(worker: Worker, page: Path) -> None:
        while True:
            begun = time.monotonic()
            outcome = worker.ingest(home, page)
            if "error" not in outcome:
                return
            assert outcome["error"].startswith("LockedError"), outcome
            told.append(time.monotonic() - begun)
            time.sleep(0.05)

    def look_on(chat: Chat, ended: threading.Event, before: list[str]) -> None:
        while not ended.is_set():
            said = chat.ask("What does OWL prune?")
            assert "error" not in said, said
            assert len(said["titles"]) >= len(before), said

    for number in range(1, ROUNDS + 1):
        before, ended = shelf.titles, threading.Event()
        files = [(2 * number + at) % PAGES for at in (0, 1)]
        pages = [shelf.change(file, number) for file in files]
        readers = [Kept(look_on, chat, ended, before) for chat in chats]
        writing = [Kept(write, worker, page) for worker, page in zip(writers, pages, strict=True)]
        for each in writing:
            each.end()
        ended.set()
        for each in readers:
            each.end()
        state = writers[0].look(home)
        assert sorted(title for _, title, *_ in state["papers"]) == shelf.titles
        assert state["vectors"] == sorted(name for name, *_ in state["chunks"])
        assert sorted(state["found"].values()) == shelf.titles
        for chat, file in zip(chats, files, strict=True):
            said = chat.ask(f"What does {shelf.name(file)} prune?")
            assert said["titles"] == shelf.titles
            assert shelf.title(file) in said["cited"], (number, said)
    assert told, "no writer met another"
    assert max(told) < TOLD_SECONDS
    tell(f"rounds of two writers, {len(told)} told within {max(told):.2f} s, and two chats", ROUNDS)


class Kept:
    """A thread whose fault is the test's."""

    def __init__(self, work: Any, *arguments: Any) -> None:
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work, *arguments))
        self._thread.start()

    def _run(self, work: Any, *arguments: Any) -> None:
        try:
            work(*arguments)
        except BaseException as error:  # noqa: BLE001 - raised again by `end`
            self._fault = error

    def end(self) -> None:
        self._thread.join()
        if self._fault:
            raise self._fault
