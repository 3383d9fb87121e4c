"""The data folder's shelves: numbered folders, each written once, sealed, and never changed again.

    shelves/000007/   library.sqlite, vectors/... and the seal: size and sha256 of every file
    shelves/next/     the one that is being made; `plan` says of what
    shelves/damaged-000006/   one that is not as it was sealed, set aside

The highest number is what is read. A shelf appears by one rename, so that a reader finds the old one
or the new one, whole. The one before the newest stays: for those who still read it, and to go back to.
A data folder from before there were shelves holds library.sqlite and vectors/ itself and no seal.

Knows files and hashes, and nothing of what they mean. The caller holds the writer's lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from rag.errors import DamagedError, LibraryError, UnreadableError

LIBRARY = "library.sqlite"
VECTORS = "vectors"
SEAL = "seal.json"
PLAN = "plan"
SHELVES = "shelves"
NEXT = "next"
DAMAGED = "damaged-"
KEPT = 2  # the newest and the one before it
COPIED_BYTES = 1 << 20

# A file that is not there is damage; one that is there and is not given is none yet.
GONE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)

Seal = Mapping[str, tuple[int, str]]
_NUMBER = re.compile(r"\d{6,12}")
# What a seal may name: nothing above its folder, nothing hidden.
_MEMBER = re.compile(r"library\.sqlite|vectors(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){1,4}")


def numbered(home: Path) -> list[Path]:
    """The shelves, the newest first."""
    try:
        found = [path for path in (home / SHELVES).iterdir() if _NUMBER.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(found, key=lambda path: int(path.name), reverse=True)


def place(home: Path) -> Path:
    """The folder that holds what is read: the newest shelf, or the data folder itself."""
    return next(iter(numbered(home)), home)


def is_sealed(folder: Path) -> bool:
    """Whether the folder is a shelf, whose files must be as its seal says."""
    return folder.parent.name == SHELVES and _NUMBER.fullmatch(folder.name) is not None


def read_seal(text: bytes, where: str) -> Seal:
    """What a seal says. Raises DamagedError where it is not exactly a seal."""
    try:
        said = json.loads(text)
        files = {name: (size, digest) for name, (size, digest) in said["files"].items()}
        sound = said["sha256"] == _digest_of(files) and all(
            _MEMBER.fullmatch(name) and type(size) is int and size >= 0 for name, (size, _) in files.items()
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound, files = False, {}
    if not sound or LIBRARY not in files:
        raise damaged(where)
    return files


def seal_text(files: Seal) -> bytes:
    return json.dumps({"files": files, "sha256": _digest_of(files)}, indent=1).encode()


def seal_of(folder: Path) -> Seal:
    """The seal of a shelf. Raises DamagedError where it is missing or damaged, UnreadableError."""
    with _reading(folder, SEAL):
        text = (folder / SEAL).read_bytes()
    return read_seal(text, f"{folder / SEAL}")


def check_file(folder: Path, name: str, seal: Seal) -> None:
    """Raises DamagedError unless the file is what was sealed, UnreadableError."""
    with _reading(folder, name), (folder / name).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        right = size == seal[name][0] and hashlib.file_digest(file, "sha256").hexdigest() == seal[name][1]
    if not right:
        raise damaged(f"{folder / name}")


def faults(folder: Path) -> list[LibraryError]:
    """What of a shelf is not as it was sealed, or cannot be read."""
    try:
        seal = seal_of(folder)
    except LibraryError as error:
        return [error]
    found = []
    for name in seal:
        try:
            check_file(folder, name, seal)
        except LibraryError as error:
            found.append(error)
    return found


def copy_sealed(folder: Path, target: Path, *, part: str) -> None:
    """Copy the files of one part (the library, or all vectors) below `target`, checked as they are read.

    Raises DamagedError where one is not what was sealed, UnreadableError, and OSError where one cannot be
    written; what was copied by then is left.
    """
    seal = seal_of(folder)
    for name, (size, digest) in seal.items():
        wanted = name == part or name.startswith(f"{part}/")
        if wanted and _copied(folder, name, target / name) != (size, digest):
            raise damaged(f"{folder / name}")


def seal(folder: Path) -> None:
    """Seal what is in the folder, and see to it that it is on the disk.

    Raises OSError, and DamagedError where a database is still being written.
    """
    files = {}
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if name.startswith(f"{LIBRARY}-"):  # a journal: its database was not closed
            raise damaged(f"{folder / LIBRARY}")
        if _MEMBER.fullmatch(name) and not path.is_symlink():
            path.chmod(0o600)
            files[name] = (path.stat().st_size, _synced_digest(path))
        else:
            path.unlink()
    _write_synced(folder / SEAL, seal_text(files))
    for holding in {path.parent for path in _files(folder)} | {folder}:
        holding.chmod(0o700)
        sync(holding)


def begin(home: Path, plan: str) -> tuple[Path, bool]:
    """The folder for the next shelf, and whether it holds what an interrupted run of this plan left.

    A new one is empty, and becomes resumable by `planned`. Raises OSError.
    """
    folder = home / SHELVES / NEXT
    try:
        resumed = (folder / PLAN).read_text("utf-8") == plan
    except (OSError, UnicodeDecodeError):
        resumed = False
    if not resumed:
        discard(folder)
        folder.mkdir(parents=True, mode=0o700)
    return folder, resumed


def planned(folder: Path, plan: str) -> None:
    """From now on an interrupted run of this plan goes on from what is in the folder: all of it is on the
    disk before, for who goes on takes it for whole.
    """
    for path in (*folder.rglob("*"), folder):
        sync(path)
    _write_synced(folder / PLAN, plan.encode())


def publish(folder: Path, home: Path) -> Path:
    """Seal the folder and make it the newest shelf: the moment from which readers find it."""
    (folder / PLAN).unlink(missing_ok=True)
    seal(folder)
    # Also above what was set aside: no number means two shelves.
    used = (path.name.removeprefix(DAMAGED) for path in (home / SHELVES).iterdir())
    number = max((int(name) for name in used if _NUMBER.fullmatch(name)), default=0) + 1
    target = home / SHELVES / f"{number:06}"
    folder.rename(target)
    for holding in (target.parent, home):
        sync(holding)
    with suppress(OSError):  # it may not be ours to read
        sync(home.parent)
    return target


def set_aside(folder: Path) -> Path:
    """A damaged shelf stays, under a name that nothing reads."""
    target = folder.with_name(f"{DAMAGED}{folder.name}")
    discard(target)
    return folder.rename(target)


def sweep(home: Path) -> None:
    """Delete the shelves before the one before the newest; what cannot be deleted stays."""
    shelves = numbered(home)
    for old in shelves[KEPT:]:
        discard(old)
    if len(shelves) >= KEPT:  # what was here before there were shelves is two versions old now
        (home / LIBRARY).unlink(missing_ok=True)
        discard(home / VECTORS)


def discard(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def damaged(what: str) -> DamagedError:
    return DamagedError(
        f"{what} is damaged: it is not what was written.",
        hint="Run `vouch ingest`: it makes the shelf anew from what is sound.",
    )


def sync(path: Path) -> None:
    """See to it that a file's content, or a folder's names, are on the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest_of(files: Seal) -> str:
    lines = sorted(f"{digest} {size} {name}\n" for name, (size, digest) in files.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink())


@contextmanager
def _reading(folder: Path, name: str) -> Iterator[None]:
    """What the disk says of a shelf's file, as a DamagedError or an UnreadableError."""
    try:
        yield
    except GONE as error:
        raise damaged(f"{folder / name}") from error
    except OSError as error:
        raise UnreadableError(
            f"{folder / name} cannot be read: {error.strerror or error}.",
            hint=f"Check its permissions and the disk, then try again: nothing was changed. If it is lost, "
            f"move {folder} away and run `vouch ingest`.",
        ) from error


def _copied(folder: Path, name: str, target: Path) -> tuple[int, str]:
    """Size and sha256 of what was read and written."""
    digest, size = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _reading(folder, name):
        reading = (folder / name).open("rb")
    with reading, private_file(target) as writing:
        while block := _block(reading, folder, name):
            digest.update(block)
            size += writing.write(block)
    return size, digest.hexdigest()


def _block(reading: BinaryIO, folder: Path, name: str) -> bytes:
    with _reading(folder, name):
        return reading.read(COPIED_BYTES)


def _synced_digest(path: Path) -> str:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_synced(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    with private_file(partial) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync(path.parent)


def private_file(path: Path) -> BinaryIO:
    """A file that nobody else reads, opened for writing."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return cast(BinaryIO, os.fdopen(handle, "wb"))
