"""Recorded hashes: believed while the file is not written again, and only if they are hashes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.stamps import current, recorded, stamp, stamp_path

DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(b"1")
    return path


def test_a_stamp_counts_until_the_file_is_written_again(file: Path) -> None:
    assert recorded(file) is current(file) is None
    stamp(file, DIGEST)
    assert recorded(file) == current(file) == DIGEST
    later = stamp_path(file).stat().st_mtime_ns + 1_000_000
    os.utime(file, ns=(later, later))
    assert recorded(file) == DIGEST
    assert current(file) is None


@pytest.mark.parametrize(
    "text", [b"", b"no hash", b"\xff\xfe", DIGEST[:-1].encode(), DIGEST.upper().encode()]
)
def test_what_is_no_hash_is_none(file: Path, text: bytes) -> None:
    stamp_path(file).write_bytes(text)
    assert recorded(file) is current(file) is None


def test_a_stamp_reads_as_sha256sum_writes_it(file: Path) -> None:
    stamp(file, DIGEST)
    assert stamp_path(file).read_text() == f"{DIGEST}  weights\n"
