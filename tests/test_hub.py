"""A real hub on loopback, and each way that it fails."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fetching import CONTENT, HALF, Hub, serving, target_in

from rag.errors import DownloadError
from rag.hub import HUB_TRIES, HubFile, fetch_hub_file

FILE = HubFile(repository="org/Tiny-GGUF", file="tiny q4.gguf")
PATH = "/org/Tiny-GGUF/resolve/main/tiny%20q4.gguf"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub(PATH, CONTENT)) as hub:
        yield hub


def test_a_hub_file_arrives_whole(hub: Hub, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = target_in(tmp_path, seen)
    fetch_hub_file(FILE, target, endpoint=hub.address)
    assert target.path.read_bytes() == CONTENT
    assert hub.asked == [(PATH, None)]
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
    assert len(hub.asked) == HUB_TRIES


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
    monkeypatch.setattr("rag.hub.CONNECT_SECONDS", 0.02)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **keywords: released.wait(60) and [])
    try:
        with pytest.raises(DownloadError, match=r"no connection within 0\.02 s"):
            fetch_hub_file(FILE, target_in(tmp_path), endpoint="http://hub.invalid")
    finally:
        released.set()


def test_only_web_addresses_are_hubs(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="not the address of a hub"):
        fetch_hub_file(FILE, target_in(tmp_path), endpoint=tmp_path.as_uri())
