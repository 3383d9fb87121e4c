"""A sealed shelf as one file: an uncompressed tar, its seal first, then every file that the seal names.

What comes out of an archive is somebody's bytes: only what its seal names, in the size and with the
hash that it names, as plain files below the folder. Knows nothing of what the files mean.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rag import shelves
from rag.errors import DamagedError, LibraryError, UsageError

MOST_SEAL_BYTES = 10_000_000
BLOCK_BYTES = 1 << 20


def pack(shelf: Path, target: Path) -> int:
    """Write a sealed shelf into a new file, whole or not at all; its size.

    Raises UsageError where the file is there already, DamagedError where the shelf is not as sealed,
    OSError where the file cannot be written.
    """
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} exists already.", hint="Name a new file.")
    seal = shelves.seal_of(shelf)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with shelves.private_file(partial) as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for name in (shelves.SEAL, *seal):
                    _add(archive, shelf, name)
            file.flush()
            os.fsync(file.fileno())
        # What was packed is read again: a file that changed meanwhile, or a disk that lied.
        with _opened(partial) as archive:
            for _ in _members(archive, partial):
                pass
        _put(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    shelves.sync(target.parent)
    return target.stat().st_size


def unpack(source: Path, folder: Path) -> None:
    """The files of an archive, checked, below `folder`. Raises LibraryError and OSError."""
    with _opened(source) as archive:
        for name, blocks in _members(archive, source):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with shelves.private_file(path) as file:
                for block in blocks:
                    file.write(block)


def _members(archive: tarfile.TarFile, source: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Name and content of each file that the seal names; each content is read before the next one."""
    first = archive.next()
    if first is None or first.name != shelves.SEAL or not _plain(first) or first.size > MOST_SEAL_BYTES:
        raise _refused(source, "it does not begin with a seal")
    seal = shelves.read_seal(b"".join(_blocks(archive, first)), str(source))
    wanted = sum(size for size, _ in seal.values())
    if wanted > source.stat().st_size:
        raise _refused(source, "it is cut short")
    left = dict(seal)
    while member := archive.next():
        if not _plain(member) or left.get(member.name, ("", ""))[0] != member.size:
            raise _refused(source, f"it holds {member.name!r}, which its seal does not name so")
        digest = hashlib.sha256()

        def told(member: tarfile.TarInfo = member, digest: hashlib._Hash = digest) -> Iterator[bytes]:
            for block in _blocks(archive, member):
                digest.update(block)
                yield block

        blocks = told()
        yield member.name, blocks
        for _ in blocks:  # whoever did not want them
            pass
        if digest.hexdigest() != left.pop(member.name)[1]:
            raise _refused(source, f"{member.name} is not what was packed")
    if left:
        raise _refused(source, f"{min(left)} is missing")


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, mode="r:") as archive:
            yield archive
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise _refused(path, str(error)) from error
    except DamagedError as error:
        raise _refused(path, "its seal is broken") from error


def _plain(member: tarfile.TarInfo) -> bool:
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse() and member.size >= 0


def _blocks(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    file: IO[bytes] | None = archive.extractfile(member)
    assert file is not None, "a plain file has content"
    left = member.size
    while left:
        block = file.read(min(BLOCK_BYTES, left))
        if not block:
            raise EOFError("the archive ends within a file")
        left -= len(block)
        yield block


def _add(archive: tarfile.TarFile, shelf: Path, name: str) -> None:
    """Neither owner nor time of this machine goes into an archive."""
    member = tarfile.TarInfo(name)
    with (shelf / name).open("rb") as file:
        member.size = os.fstat(file.fileno()).st_size
        member.mode = 0o600
        archive.addfile(member, file)


def _put(partial: Path, target: Path) -> None:
    """The finished file under its name; where links are known, never over another that came meanwhile."""
    try:
        os.link(partial, target)
    except FileExistsError as error:
        raise UsageError(f"{target} exists already.", hint="Name a new file.") from error
    except OSError:
        partial.rename(target)


def free_for(source: Path, folder: Path) -> bool:
    """Whether the disk of `folder` has room for what is in the archive."""
    return shutil.disk_usage(folder).free > source.stat().st_size


def _refused(source: Path, why: str) -> LibraryError:
    return LibraryError(
        f"{source} is not a whole backup of Vouch: {why}.",
        hint="Nothing was changed. Restore another backup, or run `vouch ingest` with the pages.",
    )
