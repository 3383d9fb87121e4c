"""A zip archive of one folder -> that folder, whole or not at all.

Archives come from an index that is anyone's, so only plain files under the one folder are taken
from them. Knows nothing of what the files mean. Faults of the archive are DownloadErrors; faults
of the disk are left as OSErrors to the caller.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from rag.errors import DownloadError
from rag.target import BLOCK_BYTES, HINT_AGAIN


def unpack(archive: Path, folder: Path, *, needed: str = "") -> None:
    """Put the files under the archive's folder of the same name into `folder`, replacing it.

    An archive without the file `needed` changes nothing.
    """
    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=folder.parent) as unfinished:
        try:
            with zipfile.ZipFile(archive) as opened:
                _extract(opened, Path(unfinished), top=folder.name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise _damaged(archive, str(error) or type(error).__name__) from error
        except OSError as error:
            if error.errno != errno.EINVAL:  # what seeking to a place before the file's beginning gives
                raise
            raise _damaged(archive, "it points outside of itself") from error
        unpacked = Path(unfinished) / folder.name
        if not unpacked.is_dir():
            raise _damaged(archive, f"it holds no folder {folder.name}")
        if not (unpacked / needed).exists():
            raise _damaged(archive, f"it holds no {needed}")
        shutil.rmtree(folder, ignore_errors=True)
        unpacked.replace(folder)


def _extract(archive: zipfile.ZipFile, into: Path, *, top: str) -> None:
    for member in archive.infolist():
        parts = PurePosixPath(member.filename).parts
        if member.is_dir() or parts[:1] != (top,) or len(parts) == 1 or ".." in parts:
            continue
        path = into.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as data, path.open("wb") as file:
            shutil.copyfileobj(data, file, BLOCK_BYTES)


def _damaged(archive: Path, reason: str) -> DownloadError:
    return DownloadError(f"{archive.name} is damaged: {reason}.", hint=HINT_AGAIN)
