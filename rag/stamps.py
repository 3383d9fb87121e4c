"""A file's sha256, recorded beside it: read once, believed until the file is written again.

The record has the form that `sha256sum --check` reads. Of a package's file its installer has recorded it.
"""

from __future__ import annotations

import base64
import csv
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


def installed(path: Path, package: str) -> str | None:
    """The hash that an installer recorded of this file of a package, where it has not been written since.

    Format: https://packaging.python.org/specifications/recording-installed-packages
    """
    site = next((parent.parent for parent in path.parents if parent.name == package), None)
    for record in site.glob(f"{package}-*.dist-info/RECORD") if site else ():
        try:
            if record.stat().st_mtime_ns < path.stat().st_mtime_ns:
                continue
            rows = list(csv.reader(record.read_text("utf-8").splitlines()))
        except (OSError, UnicodeDecodeError, csv.Error):
            continue
        for name, digest, *_ in (row for row in rows if len(row) > 1):
            if name == path.relative_to(site or path).as_posix() and digest.startswith("sha256="):
                return _hexadecimal(digest.removeprefix("sha256="))
    return None


def _hexadecimal(encoded: str) -> str | None:
    """A hash in the RECORD's base64, which leaves out the padding; None where it is none."""
    try:
        digest = base64.urlsafe_b64decode(f"{encoded}=")
    except ValueError:
        return None
    return digest.hex() if len(digest) == hashlib.sha256().digest_size else None
