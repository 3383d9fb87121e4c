"""One file of a hub repository, streamed over HTTP; a stream that breaks off is gone on from.

Knows nothing of hashes, names or what the bytes mean. Faults of the hub are DownloadErrors;
faults of the disk are left as OSErrors to the caller.
"""

from __future__ import annotations

import http.client
import os
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rag.errors import DownloadError
from rag.target import BLOCK_BYTES, HINT_AGAIN, Target

HUB = "https://huggingface.co"
CONNECT_SECONDS = 3.0  # name, TCP and TLS together; a machine without network must not wait long
READ_SECONDS = 30.0
HUB_TRIES = 5  # each but the first goes on where the last broke off, and only if that got further

HINT_NETWORK = "Check the network, or set HF_ENDPOINT to a mirror; a GGUF file in hand needs no pull."
HINT_BROWSER = "Fetch the file in a browser, then name it: `vouch models use PATH`."


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a hub repository."""

    repository: str
    file: str

    def __str__(self) -> str:
        return f"the hub ({self.repository})"


class _BrokeOffError(DownloadError):
    """The hub stopped in the middle."""


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


# The file


def _bytes_kept(target: Target) -> int:
    """How many bytes of the file are here and can be gone on from."""
    return target.bytes_here() if target.validator.is_file() else 0


def _stream(url: str, target: Target) -> None:
    done = _bytes_kept(target)
    if done and done == target.size:
        return
    try:
        response = _open(url, _headers(target, done))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and done:  # nothing lies behind what is here: it is not that file
            target.discard()
            return _stream(url, target)
        raise DownloadError(f"{url} answered {error.code} {error.reason}.", hint=HINT_BROWSER) from error
    with response:
        done = done if response.status == 206 else 0
        total = _total(response, done, url, target)
        target.require_room((total or done) - done)
        done = _write(response, done, total, url, target)
    if total is not None and done < total:
        raise _BrokeOffError(f"{url} broke off after {done:,} of {total:,} bytes.", hint=HINT_AGAIN)


def _headers(target: Target, done: int) -> dict[str, str]:
    headers = {"User-Agent": "vouch", "Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-", "If-Range": target.validator.read_text("utf-8")}
    return headers


def _total(response: http.client.HTTPResponse, done: int, url: str, target: Target) -> int | None:
    """The whole file's size, which is the target's if both are known."""
    total = _announced(response, done, url)
    if total is not None and target.size not in (None, total):
        raise DownloadError(
            f"{url} has {total:,} bytes instead of the catalogue's {target.size:,}.", hint=HINT_NETWORK
        )
    return total or target.size


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


def _write(response: http.client.HTTPResponse, done: int, total: int | None, url: str, target: Target) -> int:
    """Append what comes to the `done` bytes that are here; how many are here then."""
    with target.path.open("ab" if done else "wb") as file:
        _remember_validator(response, target)
        for block in _blocks(response, url):
            file.write(block)
            done += len(block)
            if total is not None and done > total:
                target.discard()
                raise DownloadError(f"{url} sends more than {total:,} bytes.", hint=HINT_NETWORK)
            target.progress(done, total)
    return done


def _remember_validator(response: http.client.HTTPResponse, target: Target) -> None:
    etag = response.headers.get("ETag", "")
    if etag.startswith('"'):  # a weak one (W/) promises no equal bytes
        target.validator.write_text(etag, "utf-8")
    else:
        target.validator.unlink(missing_ok=True)


def _blocks(response: http.client.HTTPResponse, url: str) -> Iterator[bytes]:
    try:
        while block := response.read(BLOCK_BYTES):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise _BrokeOffError(f"{url} broke off: {error}.", hint=HINT_AGAIN) from error


# The connection


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
