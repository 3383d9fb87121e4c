"""A real pip on hand-made wheels, and each way that it and they fail."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fetching import CONTENT, HALF, target_in

from rag.errors import DownloadError
from rag.target import Target
from rag.wheels import Wheels, fetch_wheels, pip_download

PARTS = Wheels(requirements=("tiny-part1==1.0", "tiny.part2==1.0"), member="*/data/part*.bin")


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


def flip_bits(wheel: Path) -> None:
    data = bytearray(wheel.read_bytes())
    data[HALF] ^= 255
    wheel.write_bytes(data)


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
    if damage == "cut short":
        kept.write_bytes(kept.read_bytes()[:HALF])
    elif damage == "bits flipped":
        flip_bits(kept)
    else:
        kept.rename(target.parts / "tiny_part1-0.9-py3-none-any.whl")
    fetch_wheels(PARTS, target, download_wheel=shelf)
    assert target.path.read_bytes() == CONTENT
    assert shelf.asked == ["tiny-part1==1.0", "tiny.part2==1.0", "tiny-part1==1.0"]


def test_a_wheel_that_stays_damaged_is_given_up(shelf: Shelf, target: Target) -> None:
    wheel = shelf.folder / "tiny_part1-1.0-py3-none-any.whl"
    flip_bits(wheel)
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


# pip's own failures


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, last_words: str) -> None:
    """A Python whose pip fails with these words."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{last_words}\nEND\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


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
