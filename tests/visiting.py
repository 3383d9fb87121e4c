"""The real chat page in a process of its own, and visitors who speak to it over HTTP as a browser does.

Knows gradio's queue: an event is posted, and its news come as a stream of lines. What the page's process
uses is read from /proc.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 120
COMMAND = "import sys; from rag.cli import main; sys.exit(main())"
JSON = {"Content-Type": "application/json"}


class RefusedError(Exception):
    """The page took no more questions; holds its status and what it said."""


# Chroma's native part opens its database again as it needs, each time with a thread and a file of its own.
POOL_THREAD, POOL_FILE, LARGEST_POOL = "sqlx-sqlite", "/chroma.sqlite3", 10


@dataclass(frozen=True)
class Use:
    """What a process holds of the machine, without `pooled`: connections of Chroma to its database."""

    threads: int
    files: int
    pooled: int
    kilobytes: int  # of memory that is its own


@dataclass
class Site:
    """The page at a port of this machine."""

    port: int

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        with closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), JSON)
            answer = connection.getresponse()
            return answer.status, answer.read()

    @cached_property
    def config(self) -> dict[str, Any]:
        return dict(json.loads(self.send("GET", "/config")[1]))

    def part(self, name: str) -> int:
        """The number of a part of the page."""
        (found,) = (each["id"] for each in self.config["components"] if each["props"].get("elem_id") == name)
        return int(found)

    def click(self, name: str, event: str = "click") -> dict[str, Any]:
        """What the page does when a part of it is used."""
        wanted = [self.part(name), event]
        (found,) = (each for each in self.config["dependencies"] if wanted in each["targets"])
        return dict(found)


@dataclass
class Served(Site):
    """`vouch chat` as it runs."""

    process: subprocess.Popen[str]
    log: Path

    def use(self) -> Use:
        folder = Path(f"/proc/{self.process.pid}")
        said = dict(
            line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line
        )
        threads = [name for name in map(_thread_name, (folder / "task").iterdir()) if name]
        files = [name for name in map(_target, (folder / "fd").iterdir()) if name]
        own = [name for name in threads if not name.startswith(POOL_THREAD)]
        others = [name for name in files if not name.endswith(POOL_FILE)]
        return Use(len(own), len(others), len(threads) - len(own), int(said["RssAnon"].split()[0]))


def _thread_name(task: Path) -> str:
    """Empty where it has ended."""
    with suppress(OSError):
        return (task / "comm").read_text().strip()
    return ""


def _target(link: Path) -> str:
    """What a file descriptor is of; empty where it was closed."""
    with suppress(OSError):
        return str(link.readlink())
    return ""


@dataclass
class Visitor:
    """One browser session."""

    served: Site
    session: str = field(default_factory=lambda: secrets.token_hex(8))

    def join(self, question: str) -> None:
        """Ask, and do not wait. Raises RefusedError."""
        event = self.served.click("ask")
        body = {
            "data": [question, None, None],
            "fn_index": event["id"],
            "session_hash": self.session,
            "trigger_id": self.served.part("ask"),
        }
        status, told = self.served.send("POST", "/gradio_api/queue/join", body)
        if status != 200:
            raise RefusedError(status, told.decode())

    @contextmanager
    def news(self) -> Iterator[Iterator[dict[str, Any]]]:
        """The stream of what happens; left early, it is dropped as by a browser that is closed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=PATIENCE_SECONDS)
        with closing(connection):
            connection.request("GET", f"/gradio_api/queue/data?session_hash={self.session}")
            with connection.getresponse() as stream:
                yield (json.loads(line[6:]) for line in stream if line.startswith(b"data: "))

    def ask(self, question: str) -> str:
        """The HTML of the whole answer."""
        self.join(question)
        at = self.served.click("ask")["outputs"].index(self.served.part("current"))
        with self.news() as news:
            for said in news:
                if said["msg"] == "process_completed":
                    assert said["success"], said
                    return str(said["output"]["data"][at])
        raise AssertionError("the stream ended before the answer")

    def stop(self) -> None:
        self._press("stop", 1)

    def new(self) -> None:
        """Begin another conversation."""
        self._press("clear", 2)

    def _press(self, name: str, inputs: int) -> None:
        event = self.served.click(name)
        body = {
            "data": [None] * inputs,  # what the page keeps for this session
            "fn_index": event["id"],
            "session_hash": self.session,
            "trigger_id": self.served.part(name),
        }
        status, told = self.served.send("POST", "/gradio_api/run/predict", body)
        assert status == 200, told


@contextmanager
def serving(folder: Path, home: Path, **variables: str) -> Iterator[Served]:
    """`vouch chat` over this data folder, until the block ends; what it says goes to `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = folder / "page.log"
    environment = {
        **os.environ,
        "VOUCH_HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        **variables,
    }
    with log.open("w") as said:
        command = [sys.executable, "-c", COMMAND, "chat", "--port", str(port)]
        process = subprocess.Popen(command, stdout=said, stderr=said, text=True, env=environment, cwd=folder)
    served = Served(port, process, log)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "Vouch is open" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield served
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def words_of(html: str) -> str:
    """What a reader reads, less how long it took."""
    parser = _Words()
    parser.feed(html)
    return re.sub(r"\d+(\.\d+)?\s*(ms|s|seconds?|tokens? a second)\b", "TIME", " ".join(parser.words))
