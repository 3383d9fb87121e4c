"""A folder of this process's own, which goes with it; those of processes that died are swept.

Each folder `NAME` has beside it `NAME.lock`, held while the process lives. Knows nothing of what is
put into the folder.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

# A lock file younger than this may be one that its owner has made and not locked yet.
SETTLED_SECONDS = 60.0


class Scratch:
    """The folder `path`, until `close`: below `parent`, or where that cannot be, among temporary files.

    Raises OSError where it can be made in neither place.
    """

    def __init__(self, parent: Path | None) -> None:
        self._lock: FileLock | None = None
        if parent is None:
            self.path = Path(tempfile.mkdtemp(prefix="vouch-"))
            return
        try:
            parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            name = f"{os.getpid()}-{secrets.token_hex(4)}"
            self._lock = FileLock(parent / f"{name}.lock", timeout=0, mode=0o600)
            self._lock.acquire()
            self.path = parent / name
            self.path.mkdir(mode=0o700)
        except OSError:
            self.close()
            self.path = Path(tempfile.mkdtemp(prefix="vouch-"))
        else:
            sweep(parent)

    def close(self) -> None:
        """The folder and its lock go. May be called again."""
        shutil.rmtree(getattr(self, "path", ""), ignore_errors=True)
        if self._lock is not None:
            with suppress(OSError):
                Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock.release()


def sweep(parent: Path) -> None:
    """Delete the folders whose processes have died."""
    with suppress(OSError):
        for path in parent.glob("*.lock"):
            if time.time() - path.stat().st_mtime < SETTLED_SECONDS:
                continue
            lock = FileLock(path, timeout=0)
            with suppress(Timeout, OSError), lock:
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                path.unlink(missing_ok=True)
