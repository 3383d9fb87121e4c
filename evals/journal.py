"""What a long run has so far, on disk: one line an item, so that an interrupted run goes on.

A journal belongs to one `setting` (suite, commit, model, questions and so on): another setting is
another file. A line that was cut off by a crash is dropped. Knows nothing of what the items are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from filelock import FileLock, Timeout

from rag.errors import LockedError, UsageError

Item = dict[str, Any]


class Journal:
    """The items of one run, by key. Made by `open_journal`."""

    def __init__(self, file: TextIO, items: dict[str, Item]) -> None:
        self._file = file
        self._items = items

    def items(self) -> Mapping[str, Item]:
        return dict(self._items)

    def add(self, key: str, item: Item) -> None:
        """Keep an item; the system has it when this returns. Raises UsageError where the disk is full."""
        try:
            self._file.write(json.dumps({"key": key, "item": item}) + "\n")
            self._file.flush()
        except OSError as error:
            raise _unwritable(Path(self._file.name), error) from error
        self._items[key] = item


@contextmanager
def open_journal(folder: Path, setting: Mapping[str, Any]) -> Iterator[Journal]:
    """The journal of that setting in `folder`; it is deleted where the block ends without an error.

    Raises LockedError where another run has it open, UsageError where the folder cannot be written.
    """
    digest = hashlib.sha256(json.dumps(setting, sort_keys=True, default=str).encode()).hexdigest()
    path = folder / f"{digest[:16]}.jsonl"
    lock = FileLock(path.with_suffix(".lock"), timeout=0)
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(lock)
            items = _read(path)
            file = held.enter_context(path.open("a", encoding="utf-8"))
            file.write("\n")  # ends a line that a crash cut off
            file.flush()
        except Timeout as error:
            raise LockedError("The same eval is running already.", hint="Wait until it is done.") from error
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield Journal(file, items)
        file.close()
        path.unlink()


def _read(path: Path) -> dict[str, Item]:
    if not path.exists():
        return {}
    found = {}
    for line in path.read_bytes().decode("utf-8", "replace").split("\n"):
        try:
            value = json.loads(line)
            found[str(value["key"])] = dict(value["item"])
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return found


def _unwritable(path: Path, error: OSError) -> UsageError:
    hint = "Check the folder's permissions and the free space."
    return UsageError(f"{path} cannot be written: {error.strerror or error}.", hint=hint)
