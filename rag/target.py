"""The file that a fetch writes, and what lies beside it until it is whole.

Knows nothing of where the bytes come from (`rag.hub`, `rag.wheels`) or of which are the right ones.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[int, int | None], None]

BLOCK_BYTES = 1024 * 1024  # read and written at a time

HINT_AGAIN = "Run the command again: what has arrived is kept."


@dataclass(frozen=True, slots=True)
class Target:
    """The file to write, its size where known, and who hears of bytes done and bytes in all."""

    path: Path
    size: int | None
    progress: Progress

    @property
    def parts(self) -> Path:
        """The folder of finished wheels."""
        return self.path.with_name(f".partial-{self.path.stem}")

    @property
    def validator(self) -> Path:
        """Holds the ETag under which the bytes so far came; without it they are not continued."""
        return self.path.with_name(f"{self.path.name}.etag")

    def bytes_here(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def require_room(self, needed: int) -> None:
        """Raise an OSError as a full disk would, before it is one."""
        if needed > (free := shutil.disk_usage(self.path.parent).free):
            message = f"{needed / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB are free"
            raise OSError(errno.ENOSPC, message)

    def discard(self) -> None:
        """Drop everything fetched so far."""
        self.path.unlink(missing_ok=True)
        self.clean()

    def clean(self) -> None:
        """Drop everything but the file itself."""
        self.validator.unlink(missing_ok=True)
        shutil.rmtree(self.parts, ignore_errors=True)
