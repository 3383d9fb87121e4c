"""A file of questions -> conversations: what `vouch ask --batch` reads.

One JSON object a line: `{"id", "question"}`, or `{"id", "turns": [..]}` for a conversation
whose last turn is answered. The whole file is checked before the first answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rag.errors import UsageError

_EXAMPLE = 'Each line is {"id": "1", "question": "What is OWL?"} or {"id": "2", "turns": ["..", ".."]}.'


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns of one line; the last is the one to answer."""

    id: str | int
    turns: tuple[str, ...]


def read_batch(path: Path) -> list[Conversation]:
    """The file's conversations. Raises UsageError naming file and line."""
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", hint="Name a file of questions."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", hint=_EXAMPLE) from error
    found = [_conversation(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise UsageError(f"{path} holds no question.", hint=_EXAMPLE)
    return found


def _conversation(line: str, where: str) -> Conversation:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: not a JSON object.", hint=_EXAMPLE) from error
    if not isinstance(value, dict) or type(value.get("id")) not in (str, int):
        raise UsageError(f"{where}: an object with an id is expected.", hint=_EXAMPLE)
    if ("question" in value) == ("turns" in value):
        raise UsageError(f"{where}: either a question or turns are expected.", hint=_EXAMPLE)
    turns = value.get("turns", [value.get("question")])
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, str) for turn in turns):
        raise UsageError(f"{where}: a question or a list of turns is expected.", hint=_EXAMPLE)
    return Conversation(value["id"], tuple(turns))
