"""A file's sha256, recorded beside it: read once, believed until the file is written again.

The record has the form that `sha256sum --check` reads.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path


def sha256_of(path: Path) -> str:
    """The file's hash. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def stamp(path: Path, digest: str) -> None:
    """Record the hash seen. Raises OSError where the folder cannot be written."""
    stamp_path(path).write_text(f"{digest}  {path.name}\n", "utf-8")


def recorded(path: Path) -> str | None:
    """The hash recorded, whether or not the file was written since."""
    try:
        digest = stamp_path(path).read_text("utf-8").partition(" ")[0]
    except (OSError, UnicodeDecodeError):
        return None
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else None


def current(path: Path) -> str | None:
    """The hash recorded, where the file has not been written since."""
    digest = recorded(path)
    if digest is None or stamp_path(path).stat().st_mtime_ns < path.stat().st_mtime_ns:
        return None
    return digest
