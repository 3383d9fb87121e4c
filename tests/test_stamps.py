"""Recorded hashes: believed while the file is not written again, and only if they are hashes."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import pytest

from rag.stamps import current, installed, recorded, sha256_of, stamp, stamp_path

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


@pytest.fixture
def package_file(tmp_path: Path) -> Path:
    """A file of an installed package, with the installer's record."""
    path = tmp_path / "weights_of" / "model" / "model.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"numbers")
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256_of(path))).decode().rstrip("=")
    record = tmp_path / "weights_of-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text(f"weights_of/__init__.py,,\nweights_of/model/model.safetensors,sha256={digest},7\n")
    return path


def test_the_installer_recorded_the_hash(package_file: Path) -> None:
    assert installed(package_file, "weights_of") == sha256_of(package_file)


def test_a_file_that_was_written_since_it_was_installed_is_not_believed(package_file: Path) -> None:
    later = time.time_ns() + 10**9
    os.utime(package_file, ns=(later, later))
    assert installed(package_file, "weights_of") is None


@pytest.mark.parametrize(
    "record", [b"", b"weights_of/model/model.safetensors,sha256=x,7\n", b"\xff", b'"', b"weights_of,md5=1,2"]
)
def test_a_record_that_says_nothing_of_it_is_not_believed(package_file: Path, record: bytes) -> None:
    (package_file.parents[2] / "weights_of-1.0.dist-info" / "RECORD").write_bytes(record)
    assert installed(package_file, "weights_of") is None


def test_of_a_file_of_no_package_nothing_is_recorded(tmp_path: Path) -> None:
    assert installed(tmp_path / "model.safetensors", "weights_of") is None
