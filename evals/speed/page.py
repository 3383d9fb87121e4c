"""The page as a browser meets it: how long until it answers, and until the first question's answer.

Asks over HTTP, by the page's own events. On a copy of the data folder without what was read before, so
that nothing is kept in the reader's own conversations.
"""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from evals.speed.ground import environment
from rag.config import Settings

LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.02
SESSION = "bench"
BOX = "question"
# What the page shows of an answer: a sentence with its evidence.
CLAIM = 'class=\\"claim'


@dataclass(frozen=True, slots=True)
class Opened:
    """Seconds from the start of the process, and from the question on."""

    page: float
    evidence: float
    answer: float


def opened(settings: Settings, question: str) -> Opened:
    """Open the page in a new process and ask."""
    with own_home(settings) as own:
        port = _free_port()
        code = "from rag.cli import main; main()"
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", code, "chat", "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(own),
        )
        try:
            _wait(port, process)
            page = time.perf_counter() - start
            events = _events(port, question)
            asked = time.perf_counter()
            evidence, answer = first_and_last((time.perf_counter() - asked, event) for event in events)
        finally:
            process.terminate()
            process.wait()
    return Opened(page, evidence, answer)


def first_and_last(events: Iterable[tuple[float, dict[str, Any]]]) -> tuple[float, float]:
    """When the first sentence with evidence came, and when the answer was done."""
    evidence = None
    for moment, event in events:
        if evidence is None and CLAIM in json.dumps(event):
            evidence = moment
        if event.get("msg") == "process_completed":
            return moment if evidence is None else evidence, moment
    raise RuntimeError("the page ended its answer without a word")


@contextmanager
def own_home(settings: Settings) -> Iterator[Settings]:
    """These settings with a copy of the shelf alone."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        shelf = home / settings.shelf_path.relative_to(settings.home)
        left_out = (settings.states_path, settings.open_path, settings.diary_path, settings.lock_path)
        names = (*(path.name for path in left_out), "evals")
        shutil.copytree(settings.shelf_path, shelf, ignore=shutil.ignore_patterns(*names))
        yield settings.model_copy(update={"home": home})


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the page answers. Raises RuntimeError where it does not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if _sent(port, "GET", "/")[0] == HTTPStatus.OK:
                return
        except OSError:
            time.sleep(PAUSE_SECONDS)
    raise RuntimeError(f"the page did not open; its process ended with {process.poll()}")


def _events(port: int, question: str) -> Iterator[dict[str, Any]]:
    """Ask by the box of the page; what the page is told then, as it comes."""
    page = json.loads(_sent(port, "GET", "/config")[1])
    box = next(part["id"] for part in page["components"] if part["props"].get("elem_id") == BOX)
    event = next(each for each in page["dependencies"] if [box, "submit"] in each["targets"])
    inputs = [question, *[None] * (len(event["inputs"]) - 1)]
    body = {"data": inputs, "fn_index": event["id"], "session_hash": SESSION, "trigger_id": box}
    _sent(port, "POST", "/gradio_api/queue/join", json.dumps(body))
    return _told(port)


def _told(port: int) -> Iterator[dict[str, Any]]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_SECONDS)
    connection.request("GET", f"/gradio_api/queue/data?session_hash={SESSION}")
    try:
        for line in connection.getresponse():
            if line.startswith(b"data:"):
                yield json.loads(line.removeprefix(b"data:"))
    finally:
        connection.close()


def _sent(port: int, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port
