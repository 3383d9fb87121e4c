"""The diary: conversations kept on this machine, one SQLite file apart from the library.

Knows questions, the Answers they got, and what a reader thought of them. Holds each Answer whole, as it
was shown, so that a paper that has left the shelf can still be read. Knows no page and no model.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rag.errors import DiaryError
from rag.types import Answer, Scope

SCHEMA_VERSION = 1
BUSY_SECONDS = 5.0
LONGEST_TITLE = 90  # characters of the first question that name a conversation
EVERYTHING = Scope()
MOST_LISTED = 200  # conversations that a list shows, the latest first

_SCHEMA = """
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, changed TEXT NOT NULL
) STRICT;
CREATE TABLE exchanges (
    conversation INTEGER NOT NULL REFERENCES conversations(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    question TEXT NOT NULL, answer TEXT, told TEXT NOT NULL, note TEXT NOT NULL, scope TEXT NOT NULL,
    settings TEXT NOT NULL, rating INTEGER NOT NULL DEFAULT 0, asked TEXT NOT NULL,
    PRIMARY KEY (conversation, position)
) STRICT;
"""

_TAKEN = "SELECT 1 FROM exchanges WHERE conversation = ? AND position = ?"
_BEGUN = "INSERT INTO conversations (title, changed) VALUES (?, ?)"
_COPIED = (
    "INSERT INTO exchanges SELECT ?, position, question, answer, told, note, scope, settings, 0, asked "
    "FROM exchanges WHERE conversation = ? AND position < ?"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One question and what came of it: an Answer, or a `note` on why there is none or no more of it.

    `scope` is what it was asked of, `settings` what answered; `rating` is 1, 0 or -1.
    """

    question: str
    answer: Answer | None = None
    note: str = ""
    scope: Scope = EVERYTHING
    settings: Mapping[str, str] = field(default_factory=dict)
    rating: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation in the list; `changed` in UTC."""

    id: int
    title: str
    changed: datetime
    questions: int


class Diary:
    """An open diary. Threads of one process may share it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path | None) -> Diary:
        """The diary at `path`, made where it is missing, for its owner's eyes alone; None: kept in memory.

        Raises DiaryError where it is damaged, from a newer Vouch, or cannot be written.
        """
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
                path.chmod(0o600)
            connection = sqlite3.connect(
                path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA foreign_keys = ON")
            connection.create_function("casefold", 1, str.casefold, deterministic=True)
            _prepare(connection, path)
        except (sqlite3.Error, OSError) as error:
            raise _diary_error(error) from error
        return cls(connection)

    def close(self) -> None:
        self._connection.close()

    def find(self, words: str = "") -> list[Kept]:
        """The latest conversations first: those whose title, questions or answers hold all the words."""
        held = (
            "(casefold(c.title) LIKE ?1 ESCAPE '!' OR EXISTS (SELECT 1 FROM exchanges x WHERE "
            "x.conversation = c.id AND casefold(x.question || ' ' || x.told) LIKE ?1 ESCAPE '!'))"
        )
        asked = [f"%{_literal(word)}%" for word in words.casefold().split()]
        where = " AND ".join(held.replace("?1", f"?{place}") for place in range(1, len(asked) + 1)) or "1"
        rows = self._run(
            "SELECT c.id, c.title, c.changed, (SELECT count(*) FROM exchanges e WHERE e.conversation = c.id) "
            f"FROM conversations c WHERE {where} ORDER BY c.changed DESC, c.id DESC LIMIT {MOST_LISTED}",
            asked,
        )
        return [Kept(row[0], row[1], datetime.fromisoformat(row[2]), row[3]) for row in rows]

    def entries(self, conversation: int) -> dict[int, Entry]:
        """A conversation's entries by their position, in order; empty where there is none such."""
        rows = self._run(
            "SELECT position, question, answer, note, scope, settings, rating FROM exchanges "
            "WHERE conversation = ? ORDER BY position",
            [conversation],
        )
        return {row[0]: _entry(row[1:]) for row in rows}

    def title(self, conversation: int) -> str:
        """The title; empty where there is no such conversation."""
        rows = self._run("SELECT title FROM conversations WHERE id = ?", [conversation])
        return str(rows[0][0]) if rows else ""

    def write(self, conversation: int | None, position: int, entry: Entry) -> int:
        """Keep an entry; the conversation's id, a new one for None or for one that was deleted meanwhile.

        Where another entry stands in its place, the conversation went on elsewhere: what both share is
        copied, unrated, to one of its own.
        """
        now = datetime.now(UTC).isoformat()
        with self._lock, self._connection:
            execute = self._connection.execute
            try:
                execute("BEGIN IMMEDIATE")
                kept = execute("SELECT title FROM conversations WHERE id = ?", [conversation]).fetchone()
                taken = execute(_TAKEN, [conversation, position]).fetchone()
                if not kept or taken:
                    title = _forked(kept[0]) if kept else _text(" ".join(entry.question.split()))
                    made = execute(_BEGUN, [title[:LONGEST_TITLE], now])
                    execute(_COPIED, [made.lastrowid, conversation, position])
                    conversation = made.lastrowid
                execute("UPDATE conversations SET changed = ? WHERE id = ?", [now, conversation])
                values = [conversation, position, *_row(entry), now]
                execute(f"INSERT INTO exchanges VALUES ({', '.join('?' * len(values))})", values)
            except sqlite3.Error as error:
                raise _diary_error(error) from error
        assert conversation is not None
        return conversation

    def rate(self, conversation: int, position: int, rating: int) -> None:
        """What the reader thinks of an answer: 1, -1, or 0 for nothing."""
        self._run(
            "UPDATE exchanges SET rating = ? WHERE conversation = ? AND position = ?",
            [max(-1, min(1, rating)), conversation, position],
        )

    def rename(self, conversation: int, title: str) -> None:
        """An empty title changes nothing."""
        if title := _text(" ".join(title.split()))[:LONGEST_TITLE]:
            self._run("UPDATE conversations SET title = ? WHERE id = ?", [title, conversation])

    def delete(self, conversation: int) -> None:
        self._run("DELETE FROM conversations WHERE id = ?", [conversation])

    def rated(self) -> list[tuple[tuple[str, ...], Entry]]:
        """Every rated entry, the oldest first, with the questions that were asked before it."""
        rows = self._run(
            "SELECT conversation, position FROM exchanges WHERE rating <> 0 ORDER BY conversation, position"
        )
        found = []
        for conversation, position in rows:
            entries = self.entries(conversation)
            before = tuple(entry.question for place, entry in entries.items() if place < position)
            found.append((before, entries[position]))
        return found

    def _run(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._lock:
                return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _diary_error(error) from error


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise DiaryError(
            f"{path} was made by a newer Vouch.", hint="Update Vouch, or set VOUCH_HOME to another folder."
        )
    if version == 0:
        connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


@lru_cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


@lru_cache
def _scopes() -> TypeAdapter[Scope]:
    return TypeAdapter(Scope)


def _row(entry: Entry) -> list[Any]:
    answer = _text(json.dumps(_answers().dump_python(entry.answer, mode="json"))) if entry.answer else None
    return [
        _text(entry.question),
        answer,
        _text(entry.answer.text if entry.answer else ""),
        _text(entry.note),
        json.dumps(_scopes().dump_python(entry.scope, mode="json")),
        json.dumps(dict(entry.settings)),
        entry.rating,
    ]


def _entry(row: Sequence[Any]) -> Entry:
    question, answer, note, scope, settings, rating = row
    try:
        return Entry(
            question,
            _answers().validate_python(json.loads(answer)) if answer else None,
            note,
            _scopes().validate_python(json.loads(scope)),
            json.loads(settings),
            rating,
        )
    except (ValidationError, ValueError):
        # Kept by another version, whose answers had another shape.
        return Entry(question, note=note or "This answer was kept by another version of Vouch.")


def _text(text: str) -> str:
    """Text that SQLite takes: halves of characters are replaced."""
    return text.encode("utf-8", "replace").decode()


def _forked(title: str) -> str:
    """`Owls (2)` of `Owls`, `Owls (3)` of `Owls (2)`."""
    counted = re.fullmatch(r"(.*) \((\d{1,3})\)", title)
    name, number = (counted[1], int(counted[2])) if counted else (title, 1)
    return f"{name[: LONGEST_TITLE - 6]} ({number + 1})"


def _literal(word: str) -> str:
    return "".join(f"!{sign}" if sign in "!%_" else sign for sign in _text(word))


def _diary_error(error: Exception) -> DiaryError:
    return DiaryError(
        f"The conversations cannot be kept or read: {error}.",
        hint="Check the data folder, or move diary.sqlite away.",
    )
