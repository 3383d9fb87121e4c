"""What a model computed of a prompt's beginning, kept on disk: bounded, least recently used goes first.

An entry is one file: magic, key, sha256 of the payload, payload. One that is not exactly that is
deleted and counts as absent. Several processes may use one folder. Nothing here fails: what cannot
be read is absent, what cannot be written is not kept. Knows nothing of what a payload means. The
operating system's page cache is its memory: nothing is held here.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rag.stamps import current

MAGIC = b"VOUCHKV1"
HASH_BYTES = 32
HEADER_BYTES = len(MAGIC) + 2 * HASH_BYTES
ENTRY_SUFFIX = ".state"
PARTIAL_SUFFIX = ".partial"
# A model file without a recorded hash is known by its size, its time and so much of its beginning.
SAMPLED_BYTES = 1 << 20


def file_identity(path: Path) -> str:
    """What tells this model file from others. Raises OSError where it cannot be read."""
    if digest := current(path):
        return digest
    stat = path.stat()
    with path.open("rb") as file:
        beginning = hashlib.sha256(file.read(SAMPLED_BYTES)).hexdigest()
    return f"{stat.st_size} {stat.st_mtime_ns} {beginning}"


def prefix_keys(identity: str, batches: Iterable[Sequence[int]]) -> list[str]:
    """The key of each beginning of a prompt: of its first batch, its first two, and so on.

    `identity` stands for all that the state depends on beside the tokens and their borders.
    """
    digest = hashlib.sha256(hashlib.sha256(identity.encode()).digest())
    keys = []
    for batch in batches:
        digest.update(len(batch).to_bytes(4, "little") + array("i", batch).tobytes())
        keys.append(digest.hexdigest())
    return keys


@dataclass(frozen=True, slots=True)
class StateStore:
    """The entries of one folder, together at most `most_bytes`; the folder is made when needed."""

    folder: Path
    most_bytes: int

    def get(self, key: str) -> bytes | None:
        """The payload kept under this key, now the most recently used; None where there is none."""
        path = self._path(key)
        try:
            if not path.is_file():
                return None
            payload = _payload(path, key, self.most_bytes)
        except OSError:
            payload = None
        if payload is None:
            _delete(path)
            return None
        with suppress(OSError):
            os.utime(path)
        return payload

    def touch(self, key: str) -> bool:
        """Whether something is kept under this key, which counts as using it. It is not checked."""
        try:
            os.utime(self._path(key))
        except OSError:
            return False
        return True

    def put(self, key: str, payload: bytes, *, spared_since: float = float("inf")) -> bool:
        """Keep this, in the place of what was least recently used; whether it is kept now.

        What was used since `spared_since`, in seconds of `time.time`, is not pushed out for it.
        """
        header = MAGIC + bytes.fromhex(key) + hashlib.sha256(payload).digest()
        try:
            if not self._make_room(HEADER_BYTES + len(payload), spared_since):
                return False
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write(self._path(key), header, payload)
        except OSError:
            return False
        return True

    def usage(self) -> tuple[int, int]:
        """How many entries there are, and the bytes of all files."""
        files = self._files()
        return sum(path.suffix == ENTRY_SUFFIX for path, _ in files), sum(stat.st_size for _, stat in files)

    def check(self) -> tuple[int, int]:
        """How many entries there are, and how many of them are damaged; each is read, none deleted."""
        entries = [path for path, _ in self._files() if path.suffix == ENTRY_SUFFIX]
        return len(entries), sum(not self._sound(path) for path in entries)

    def _sound(self, path: Path) -> bool:
        try:
            return _payload(path, path.stem, self.most_bytes) is not None
        except (OSError, ValueError):
            return False

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{ENTRY_SUFFIX}"

    def _write(self, path: Path, header: bytes, payload: bytes) -> None:
        handle, name = tempfile.mkstemp(PARTIAL_SUFFIX, dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(header)
                file.write(payload)
            Path(name).replace(path)
        except BaseException:
            _delete(Path(name))
            raise

    def _make_room(self, wanted: int, spared_since: float) -> bool:
        """Delete the least recently used files, also those that a killed process left half written."""
        files = sorted(self._files(), key=lambda item: item[1].st_mtime_ns)
        surplus = sum(stat.st_size for _, stat in files) + wanted - self.most_bytes
        pushed_out = []
        for path, stat in files:
            if surplus <= 0 or stat.st_mtime >= spared_since:
                break
            pushed_out.append(path)
            surplus -= stat.st_size
        if surplus > 0:
            return False
        for path in pushed_out:
            _delete(path)
        return True

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        with suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith((ENTRY_SUFFIX, PARTIAL_SUFFIX)):
                    with suppress(OSError):  # another process deleted it
                        if entry.is_file(follow_symlinks=False):
                            found.append((Path(entry.path), entry.stat(follow_symlinks=False)))
        return found


def _payload(path: Path, key: str, most_bytes: int) -> bytes | None:
    """The payload of an entry; None where the file is not exactly an entry of this key."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > most_bytes:
            return None
        header, payload = file.read(HEADER_BYTES), file.read()
    expected = MAGIC + bytes.fromhex(key) + hashlib.sha256(payload).digest()
    return payload if header == expected else None


def _delete(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
