"""Jobs on a data folder, each in a forked child that may be killed, starved of disk or refused.

    python worker.py    one JSON job a line on stdin, one JSON outcome a line on stdout

    {"act": "ingest", "home", "pages", "rebuild", "kill_at", "broken_at", "file_limit"}
    {"act": "look", "home"}            what a reader finds: papers, chunks, vectors, spot searches
    {"act": "restore", "home", "file"}
    {"act": "back_up", "home", "file"}
    {"act": "check", "home"}           what `vouch doctor --check` finds
    with "disk": {"at", "error", "reads", "once"}, where disk.c was loaded before all: the call that fails,
    of those on files in "below", by default the home; "unflushed": Python's flushes do nothing

The embedder is words, so that an ingest takes no second. An outcome: `signal` that ended the child,
`points` passed, `calls` that met the disk, `lost`: what a cut of the power would take, `error` and `hint` of
a RagError, `crash` of anything else, or `state`.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import chromadb  # noqa: F401 - imported once, before the forks
import numpy  # noqa: F401
from fakes import WordEmbedder

from rag import checkup, renewal, shelves, wiring
from rag.config import Settings
from rag.errors import RagError
from rag.library import Library
from rag.vectors import ChromaStore

WRITING_EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "os.utime"}
WRITING_EVENTS |= {"shutil.copyfile", "shutil.rmtree", "sqlite3.connect"}
HUNG_SECONDS = 120


class Points:
    """Counts what could fail, and kills this process at the one it was told, or has the disk fail there."""

    def __init__(self, kill_at: int | None, broken_at: int | None = None) -> None:
        self.passed = 0
        self._kill_at = kill_at
        self._broken_at = broken_at

    def passing(self) -> None:
        self.passed += 1
        if self.passed == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.passed == self._broken_at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def watch(self) -> None:
        """Every file written or moved, every SQL statement, every call of Chroma, every sync, before it."""
        sys.addaudithook(self._heard)
        os.fsync = self._before(os.fsync)
        for name in ("upsert", "delete", "reset", "close", "_open_collections"):
            setattr(ChromaStore, name, self._before(getattr(ChromaStore, name)))
        opened = Library.__init__

        def open_watched(library: Library, *arguments: Any) -> None:
            opened(library, *arguments)
            library._connection.set_trace_callback(lambda statement: self.passing())

        Library.__init__ = open_watched

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if writes or event in WRITING_EVENTS:
            self.passing()

    def _before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def passing(*arguments: Any, **options: Any) -> Any:
            self.passing()
            return function(*arguments, **options)

        return passing


def settings_of(job: dict[str, Any]) -> Settings:
    return Settings().model_copy(update={"home": Path(job["home"]), "cache": Path(job["home"]) / "no-cache"})


def ingest(job: dict[str, Any]) -> dict[str, Any]:
    points = Points(job.get("kill_at"), job.get("broken_at"))
    points.watch()
    if (limit := job.get("file_limit")) is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    report = renewal.ingest_pages(
        settings_of(job), [Path(page) for page in job["pages"]], rebuild=job.get("rebuild", False)
    )
    return {"points": points.passed, "papers": report.papers, "embedded": report.chunks_embedded}


def look(job: dict[str, Any]) -> dict[str, Any]:
    settings = settings_of(job)
    assistant = wiring.open_assistant(settings)
    library, vectors = assistant.library, assistant.vectors
    papers = library.papers()
    found = {paper.id: assistant.search(paper.title, count=1)[0].paper.title for paper in papers}
    rows = vectors.vectors_of(sorted(vectors.ids()), kind="sentence")
    return {
        "state": {
            "papers": [[p.id, p.title, list(p.authors), p.abstract, p.seed, p.index] for p in papers],
            "chunks": [[c.id, c.paper_id, c.text] for c in library.chunks()],
            "vectors": sorted(vectors.ids()),
            "rows": {name: [round(float(x), 4) for x in row] for name, row in sorted(rows.items())},
            "found": found,
        }
    }


def restore(job: dict[str, Any]) -> dict[str, Any]:
    points = Points(job.get("kill_at"))
    points.watch()
    renewal.restore(settings_of(job), Path(job["file"])).close()
    return {"points": points.passed}


def back_up(job: dict[str, Any]) -> dict[str, Any]:
    return {"size": renewal.back_up(settings_of(job), Path(job["file"]))}


def check(job: dict[str, Any]) -> dict[str, Any]:
    found = checkup.check_all(settings_of(job))
    return {"found": [[finding.subject, finding.ok, finding.state, finding.cure] for finding in found]}


class Disk:
    """The calls of this process and its libraries below a folder, by disk.c: counted, one made to fail, and
    what no flush has followed.
    """

    def __init__(self, below: Path, *, at: int = 0, error: int = 0, reads: bool = False, once: bool = True):
        self._native = ctypes.CDLL(None)
        self._native.disk_passed.restype = ctypes.c_long
        self._native.disk_arm(str(below.resolve()).encode(), ctypes.c_long(at), error, reads, once)
        self.lost: list[str] = []

    @property
    def calls(self) -> int:
        return int(self._native.disk_passed())

    def watch(self) -> None:
        """Whether all is flushed before a name says that it is whole: a plan, a shelf's number, a backup."""
        sys.addaudithook(self._heard)
        published = shelves.publish

        def publish(folder: Path, home: Path) -> Path:
            target = published(folder, home)
            self._see(target, target.parent, home)
            return target

        shelves.publish = publish

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and Path(str(arguments[0])).name == f"{shelves.PLAN}.partial":
            folder = Path(arguments[0]).parent
            self._see(folder, *folder.rglob("*"))
        if event == "os.rename" and Path(arguments[0]).name == shelves.NEXT:
            self._see(Path(arguments[0]), *Path(arguments[0]).rglob("*"))
        if event == "os.link":
            self._see(Path(arguments[0]))

    def _see(self, *paths: Path) -> None:
        for path in paths:
            state = path.stat()
            numbers = map(ctypes.c_ulonglong, (state.st_dev, state.st_ino))
            if not self._native.disk_flushed(*numbers):
                self.lost.append(str(path))


ACTS = {"ingest": ingest, "look": look, "restore": restore, "back_up": back_up, "check": check}


def done(job: dict[str, Any]) -> dict[str, Any]:
    if "disk" not in job:
        return ACTS[job["act"]](job)
    disk = Disk(Path(job.get("below", job["home"])), **job["disk"])
    disk.watch()
    if job.get("unflushed"):
        os.fsync = lambda handle: None
    try:
        outcome = ACTS[job["act"]](job)
    except RagError as error:
        outcome = told(error)
    return {**outcome, "calls": disk.calls, "lost": disk.lost}


def told(error: RagError) -> dict[str, Any]:
    return {"error": f"{type(error).__name__}: {error.message}", "hint": error.hint}


def in_child(job: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        outcome: dict[str, Any]
        try:
            signal.alarm(HUNG_SECONDS)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            outcome = done(job)
        except RagError as error:
            outcome = told(error)
        except BaseException:  # noqa: BLE001 - told to the test, which fails
            outcome = {"crash": traceback.format_exc()}
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.getrlimit(resource.RLIMIT_FSIZE)[1],) * 2)
        with os.fdopen(write, "w") as pipe:
            json.dump(outcome, pipe)
        os._exit(0)
    os.close(write)
    if (delay := job.get("kill_after")) is not None:
        import time

        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return json.loads(said)  # type: ignore[no-any-return]


def main() -> None:
    os.umask(0o077)
    words = WordEmbedder()
    wiring.open_embedder = lambda settings: words
    assert shelves.KEPT == 2
    for line in sys.stdin:
        print(json.dumps(in_child(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
