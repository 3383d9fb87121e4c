"""A target: what is dropped and what stays, and a disk that is too small."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from rag.target import Target


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A target with everything beside it that a fetch leaves."""
    target = Target(path=tmp_path / "tiny.gguf.partial", size=10, progress=lambda done, total: None)
    target.path.write_bytes(b"half a")
    target.validator.write_text('"one"')
    target.parts.mkdir()
    (target.parts / "tiny-1.0-py3-none-any.whl").write_bytes(b"PK")
    (tmp_path / "other.gguf").write_bytes(b"another model")
    return target


def names(target: Target) -> list[str]:
    return sorted(path.name for path in target.path.parent.iterdir())


def test_cleaning_keeps_the_file_alone(target: Target) -> None:
    target.clean()
    assert names(target) == ["other.gguf", "tiny.gguf.partial"]
    assert target.bytes_here() == 6


def test_discarding_drops_all_that_was_fetched(target: Target) -> None:
    target.discard()
    assert names(target) == ["other.gguf"]
    assert target.bytes_here() == 0
    target.discard()


def test_a_full_disk_is_told_before_it_is_one(target: Target) -> None:
    free = shutil.disk_usage(target.path.parent).free
    target.require_room(0)
    with pytest.raises(OSError, match=r"MB are needed and .* MB are free") as caught:
        target.require_room(free * 2 + 10**12)
    assert caught.value.errno == errno.ENOSPC
