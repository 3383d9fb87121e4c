"""Archives: one folder comes out whole, or nothing does; nothing lands anywhere else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import DownloadError
from rag.unpack import unpack


def archive_of(tmp_path: Path, **members: bytes) -> Path:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_folder_comes_out_and_replaces_an_older_one(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "encoder"
    folder.mkdir(parents=True)
    (folder / "old").write_bytes(b"old")
    unpack(archive_of(tmp_path, **{"encoder/config.json": b"{}", "encoder/1/a": b"1"}), folder)
    assert files(tmp_path / "models") == {"encoder/config.json": b"{}", "encoder/1/a": b"1"}


@pytest.mark.parametrize("name", ["../out", "/out", "other/out", "encoder/../../out", "encoder/../out"])
def test_what_is_not_under_the_folder_is_left(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "models" / "encoder"
    folder.parent.mkdir()
    unpack(archive_of(tmp_path, **{"encoder/a": b"a", name: b"out"}), folder)
    assert files(tmp_path / "models") == {"encoder/a": b"a"}
    assert not list(tmp_path.rglob("out"))


@pytest.mark.parametrize("name", ["encoder", "other/a", "encoder/../a"])
def test_an_archive_without_the_folder_is_told(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "models" / "encoder"
    folder.parent.mkdir()
    with pytest.raises(DownloadError, match="holds no"):
        unpack(archive_of(tmp_path, **{name: b"a"}), folder)
    assert files(tmp_path / "models") == {}


@pytest.mark.parametrize("damage", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_a_damaged_archive_leaves_what_was_there(tmp_path: Path, damage: bytes) -> None:
    folder = tmp_path / "models" / "encoder"
    folder.mkdir(parents=True)
    (folder / "old").write_bytes(b"old")
    broken = tmp_path / "all.zip"
    broken.write_bytes(damage)
    with pytest.raises(DownloadError, match=r"all\.zip is damaged"):
        unpack(broken, folder)
    assert files(tmp_path / "models") == {"encoder/old": b"old"}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 250), byte=st.integers(0, 255))
def test_any_flipped_byte_is_told_or_harmless(tmp_path: Path, place: int, byte: int) -> None:
    folder = tmp_path / "models" / "encoder"
    folder.parent.mkdir(exist_ok=True)
    path = archive_of(tmp_path, **{"encoder/a": b"some data of one file"})
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(bytes(data))
    try:
        unpack(path, folder)
    except DownloadError:
        return
    assert all(name.startswith("encoder/") for name in files(folder.parent))
