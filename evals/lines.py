"""A file of JSON objects, one a line -> what each line holds; a bad line is told by file and number.

Knows nothing of what the lines hold.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rag.errors import UsageError

Held = TypeVar("Held")


def read_lines(
    path: Path,
    read: Callable[[str, int], Held],
    *,
    hint: str,
    identity: Callable[[Held], str] | None = None,
) -> tuple[Held, ...]:
    """What `read` makes of each line and its number, blank lines skipped; at least one.

    `read` raises ValueError with what is wrong. Raises UsageError for a file that cannot be read or
    holds nothing, for a line that `read` refuses, and for a second line of one `identity`.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", hint=hint) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", hint=hint) from error
    found: list[Held] = []
    identities: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(read(line, number))
            if identity:
                name = identity(found[-1])
                if name in identities:
                    raise ValueError(f"the id {name!r} is used twice")
                identities.add(name)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}:{number}: {error}.", hint=hint) from error
    if not found:
        raise UsageError(f"{path} holds nothing.", hint=hint)
    return tuple(found)
