"""The store of states: what it gives back, what it throws away, what it refuses, and that it never fails."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.stamps import stamp
from rag.states import HEADER_BYTES, MAGIC, StateStore, file_identity, prefix_keys

KEY, OTHER, THIRD = ("a" * 64, "b" * 64, "c" * 64)
PAYLOAD = bytes(range(256)) * 4
ENTRY_BYTES = HEADER_BYTES + len(PAYLOAD)


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "states", most_bytes=10 * ENTRY_BYTES)


def entry(store: StateStore, key: str = KEY) -> Path:
    return store.folder / f"{key}.state"


def age(store: StateStore, key: str, seconds: float) -> None:
    """Make an entry one that was used at this time."""
    os.utime(entry(store, key), (seconds, seconds))


def names(store: StateStore) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir())


def test_what_was_put_is_got_by_its_key_alone(store):
    assert store.get(KEY) is None
    assert store.put(KEY, PAYLOAD)
    assert store.get(KEY) == PAYLOAD
    assert store.get(OTHER) is None
    assert store.usage() == (1, ENTRY_BYTES)
    assert entry(store).read_bytes().startswith(MAGIC)


def test_a_later_payload_takes_the_place_of_the_first(store):
    store.put(KEY, PAYLOAD)
    store.put(KEY, b"later")
    assert store.get(KEY) == b"later"
    assert names(store) == [entry(store).name]


def test_looking_makes_no_folder(store):
    assert store.get(KEY) is None
    assert not store.touch(KEY)
    assert store.usage() == (0, 0)
    assert not store.folder.exists()


def test_only_its_owner_may_read_the_entries(store):
    store.put(KEY, PAYLOAD)
    if os.name == "posix":
        assert entry(store).stat().st_mode & 0o077 == 0
        assert store.folder.stat().st_mode & 0o077 == 0


def test_two_stores_on_one_folder_see_each_others_entries(store):
    other = StateStore(store.folder, most_bytes=store.most_bytes)
    store.put(KEY, PAYLOAD)
    assert other.get(KEY) == PAYLOAD
    other.put(KEY, b"newer")
    assert store.get(KEY) == b"newer"
    entry(store).unlink()
    assert other.get(KEY) is None
    assert other.put(KEY, PAYLOAD)


@given(at=st.integers(0, ENTRY_BYTES - 1), flip=st.integers(1, 255))
def test_a_change_of_any_byte_is_found_and_the_entry_deleted(at, flip):
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder), most_bytes=10**6)
        store.put(KEY, PAYLOAD)
        data = bytearray(entry(store).read_bytes())
        data[at] ^= flip
        entry(store).write_bytes(data)
        assert store.get(KEY) is None
        assert names(store) == []


@given(foreign=st.binary(max_size=300) | st.integers(0, ENTRY_BYTES - 1))
def test_what_is_no_whole_entry_is_deleted(foreign):
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder), most_bytes=10**6)
        store.put(KEY, PAYLOAD)
        whole = entry(store).read_bytes()
        entry(store).write_bytes(whole[:foreign] if isinstance(foreign, int) else whole + foreign + b"x")
        assert store.get(KEY) is None
        assert names(store) == []


@given(payload=st.binary(max_size=500))
def test_any_payload_comes_back(payload):
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder), most_bytes=10**6)
        assert store.put(KEY, payload)
        assert store.get(KEY) == payload


def test_an_entry_under_another_ones_name_is_foreign(store):
    store.put(KEY, PAYLOAD)
    entry(store).rename(entry(store, OTHER))
    assert store.get(OTHER) is None
    assert names(store) == []


def test_an_entry_larger_than_all_may_be_is_not_even_read(store):
    store.put(KEY, PAYLOAD)
    small = StateStore(store.folder, most_bytes=ENTRY_BYTES - 1)
    assert small.get(KEY) is None
    assert names(store) == []


def test_a_folder_in_the_place_of_an_entry_is_absent(store):
    entry(store).mkdir(parents=True)
    assert store.get(KEY) is None
    assert not store.put(KEY, PAYLOAD)
    assert names(store) == [entry(store).name]


def test_the_least_recently_used_goes_first(tmp_path):
    store = StateStore(tmp_path, most_bytes=3 * ENTRY_BYTES)
    for seconds, key in enumerate((KEY, OTHER, THIRD), 1):
        store.put(key, PAYLOAD)
        age(store, key, seconds)
    assert store.get(KEY) == PAYLOAD
    assert store.put("d" * 64, PAYLOAD)
    assert names(store) == [f"{letter * 64}.state" for letter in "acd"]
    age(store, KEY, 4)
    assert store.touch(THIRD)
    assert store.put("e" * 64, PAYLOAD)
    assert names(store) == [f"{letter * 64}.state" for letter in "cde"]
    assert store.usage() == (3, 3 * ENTRY_BYTES)


def test_what_alone_is_too_large_pushes_nothing_out(tmp_path):
    store = StateStore(tmp_path, most_bytes=ENTRY_BYTES)
    store.put(KEY, PAYLOAD)
    assert not store.put(OTHER, PAYLOAD + b"x")
    assert store.get(KEY) == PAYLOAD


def test_what_was_used_since_is_spared(tmp_path):
    store = StateStore(tmp_path, most_bytes=2 * ENTRY_BYTES)
    for seconds, key in ((100, KEY), (200, OTHER)):
        store.put(key, PAYLOAD)
        age(store, key, seconds)
    assert not store.put(THIRD, PAYLOAD, spared_since=100)
    assert not store.put(THIRD, PAYLOAD + PAYLOAD, spared_since=150)
    assert names(store) == [entry(store, KEY).name, entry(store, OTHER).name]
    assert store.put(THIRD, PAYLOAD, spared_since=150)
    assert names(store) == [entry(store, OTHER).name, entry(store, THIRD).name]


def test_what_a_killed_process_left_counts_and_goes_in_its_turn(tmp_path):
    store = StateStore(tmp_path, most_bytes=2 * ENTRY_BYTES)
    left = tmp_path / "tmpx.partial"
    left.write_bytes(bytes(ENTRY_BYTES))
    os.utime(left, (1, 1))
    store.put(KEY, PAYLOAD)
    assert store.usage() == (1, 2 * ENTRY_BYTES)
    store.put(OTHER, PAYLOAD)
    assert not left.exists()
    assert store.get(KEY) == PAYLOAD


def test_files_of_others_in_its_folder_stay(tmp_path):
    store = StateStore(tmp_path, most_bytes=ENTRY_BYTES)
    (tmp_path / "notes.txt").write_text("mine")
    store.put(KEY, PAYLOAD)
    store.put(OTHER, PAYLOAD)
    assert names(store) == [entry(store, OTHER).name, "notes.txt"]
    assert store.usage() == (1, ENTRY_BYTES)


class FullDisk:
    """A file on a disk that is full."""

    def __init__(self, handle: int, mode: str) -> None:
        self.handle = handle

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.handle)

    def write(self, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_only_keeps_nothing(store, monkeypatch):
    store.put(KEY, PAYLOAD)
    monkeypatch.setattr(os, "fdopen", FullDisk)
    assert not store.put(OTHER, PAYLOAD)
    assert not store.put(KEY, b"later")
    assert names(store) == [entry(store).name]
    assert store.get(KEY) == PAYLOAD


def test_a_disk_that_cannot_be_written_still_gives(store, monkeypatch):
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    store.put(KEY, PAYLOAD)
    with monkeypatch.context() as patch:
        for name in ("utime", "unlink"):
            patch.setattr(os, name, refuse)
        patch.setattr(tempfile, "mkstemp", refuse)
        assert store.get(KEY) == PAYLOAD
        assert not store.touch(KEY)
        assert not store.put(OTHER, PAYLOAD)
        entry(store).write_bytes(b"damaged")
        assert store.get(KEY) is None


def test_a_folder_that_cannot_be_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("a file")
    store = StateStore(tmp_path / "file" / "states", most_bytes=10**6)
    assert not store.put(KEY, PAYLOAD)
    assert store.get(KEY) is None
    assert not store.touch(KEY)
    assert store.usage() == (0, 0)


def test_there_is_a_key_for_each_beginning():
    keys = prefix_keys("model", [[1, 2], [3], [4]])
    assert len(set(keys)) == 3
    assert prefix_keys("model", [[1, 2], [3]]) == keys[:2]
    assert all(len(bytes.fromhex(key)) == 32 for key in keys)


@pytest.mark.parametrize(
    ("identity", "batches"),
    [
        ("another", [[1, 2], [3]]),
        ("model", [[1], [2, 3]]),
        ("model", [[1, 2, 3]]),
        ("model", [[1], [2], [3]]),
        ("model", [[1, 2], [4]]),
        ("model", [[2, 1], [3]]),
        ("model", [[1, 2 << 24], [3]]),
    ],
)
def test_another_model_other_tokens_or_borders_are_another_key(identity, batches):
    assert prefix_keys(identity, batches)[-1] not in prefix_keys("model", [[1, 2], [3]])


BATCHES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3), max_size=3)


@given(one=BATCHES, other=BATCHES)
def test_only_equal_beginnings_share_a_key(one, other):
    alike = [first == second for first, second in zip(one, other, strict=False)]
    shared = alike.index(False) if False in alike else len(alike)
    assert len(set(prefix_keys("model", one)) & set(prefix_keys("model", other))) == shared


def test_a_model_file_is_known_by_what_it_holds(tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"weights")
    os.utime(model, (5, 5))
    first = file_identity(model)
    assert file_identity(model) == first
    os.utime(model, (6, 6))
    assert file_identity(model) != first
    model.write_bytes(b"Weights")
    os.utime(model, (5, 5))
    assert file_identity(model) != first
    model.write_bytes(b"weights and more")
    os.utime(model, (5, 5))
    assert file_identity(model) != first


def test_a_recorded_hash_is_the_identity(tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"weights")
    os.utime(model, (5, 5))
    stamp(model, "e" * 64)
    assert file_identity(model) == "e" * 64
    with pytest.raises(OSError, match=r"absent\.gguf"):
        file_identity(tmp_path / "absent.gguf")
