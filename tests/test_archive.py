"""Backups: one file, whole or not at all; what others made of one is refused and writes nothing."""

from __future__ import annotations

import io
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from fakes import WordEmbedder
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag import renewal, shelves, wiring
from rag.archive import pack, unpack
from rag.config import Settings
from rag.errors import DamagedError, LibraryError, RagError, UsageError
from rag.library import SCHEMA_VERSION
from rag.renewal import back_up, ingest_pages, restore
from rag.wiring import open_assistant, open_library

PAGE = """\
LGOct 8, 2023Code
OWL: A Missing SecretLu Yin, You Wu
Pruning removes weights. OWL sets a sparsity for each layer.
"""
LATER = PAGE.replace("OWL: A Missing Secret", "LoRA: Low Rank Updates")


@pytest.fixture
def filled(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a data folder with one shelf of one paper."""
    words = WordEmbedder()
    monkeypatch.setattr(wiring, "open_embedder", lambda settings: words)
    (tmp_path / "page.txt").write_text(PAGE)
    ingest_pages(settings, [tmp_path / "page.txt"])
    return settings


def titles(settings: Settings) -> list[str]:
    with closing(open_library(settings)) as library:
        return [paper.title for paper in library.papers()]


def test_a_backup_comes_back_as_it_was(filled: Settings, tmp_path: Path) -> None:
    sealed = shelves.seal_of(filled.shelf_path)
    size = back_up(filled, tmp_path / "shelf.tar")
    assert size == (tmp_path / "shelf.tar").stat().st_size
    assert (tmp_path / "shelf.tar").stat().st_mode & 0o777 == 0o600
    (tmp_path / "page.txt").write_text(LATER)
    ingest_pages(filled, [tmp_path / "page.txt"])
    assert titles(filled) == ["LoRA: Low Rank Updates"]
    restore(filled, tmp_path / "shelf.tar").close()
    assert titles(filled) == ["OWL: A Missing Secret"]
    assert shelves.seal_of(filled.shelf_path) == sealed
    assert open_assistant(filled).search("sparsity", count=1)[0].paper.title == "OWL: A Missing Secret"
    other = filled.model_copy(update={"home": tmp_path / "another"})
    restore(other, tmp_path / "shelf.tar").close()
    assert shelves.seal_of(other.shelf_path) == sealed


def test_a_folder_of_an_older_vouch_can_be_backed_up(filled: Settings, tmp_path: Path) -> None:
    old = filled.model_copy(update={"home": tmp_path / "old"})
    old.home.mkdir()
    shutil.copy(filled.library_path, old.home)
    shutil.copytree(filled.vectors_path, old.home / "vectors")
    back_up(old, tmp_path / "old.tar")
    shutil.rmtree(old.home)
    restore(old, tmp_path / "old.tar").close()
    assert titles(old) == titles(filled)


def test_nothing_is_written_over(filled: Settings, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.write_text("precious")
    with pytest.raises(UsageError, match="exists"):
        back_up(filled, target)
    assert target.read_text() == "precious"


def test_a_damaged_shelf_is_not_backed_up(filled: Settings, tmp_path: Path) -> None:
    damage(filled.library_path, at=5000)
    with pytest.raises(LibraryError):
        back_up(filled, tmp_path / "shelf.tar")
    assert not list(tmp_path.glob("*shelf.tar*"))


def test_without_a_shelf_there_is_nothing_to_back_up(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no index"):
        back_up(settings, tmp_path / "shelf.tar")


@pytest.mark.parametrize("source", ["missing", "folder", "text", "empty"])
def test_what_is_no_backup_is_refused(filled: Settings, tmp_path: Path, source: str) -> None:
    path = tmp_path / source
    if source == "folder":
        path.mkdir()
    elif source != "missing":
        path.write_text("no archive\n" * (source == "text"))
    assert_refused(filled, path)


def damage(path: Path, *, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def assert_refused(settings: Settings, path: Path) -> None:
    """A sentence and a hint, and all stands as it stood."""
    before = sorted(settings.home.rglob("*"))
    with pytest.raises(RagError) as caught:
        restore(settings, path)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert titles(settings) == ["OWL: A Missing Secret"]
    assert sorted(settings.home.rglob("*")) == before


def member(name: str, content: bytes = b"x", **changes: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in changes.items():
        setattr(info, key, value)
    return info, content


HOSTILE = {
    "a path above": member("../../owned"),
    "an absolute path": member("/tmp/owned"),
    "a link": member("vectors/link", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a hard link": member("vectors/hard", b"", type=tarfile.LNKTYPE, linkname="library.sqlite"),
    "a device": member("vectors/null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "a folder": member("vectors/folder", b"", type=tarfile.DIRTYPE),
    "a pipe": member("vectors/pipe", b"", type=tarfile.FIFOTYPE),
    "a file too many": member("vectors/more"),
    "a second library": member("library.sqlite"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_member_is_refused(filled: Settings, tmp_path: Path, name: str) -> None:
    back_up(filled, tmp_path / "good.tar")
    info, content = HOSTILE[name]
    with tarfile.open(tmp_path / "good.tar", "a:") as archive:
        archive.addfile(info, io.BytesIO(content))
    assert_refused(filled, tmp_path / "good.tar")
    assert not (tmp_path / "owned").exists()
    assert not Path("/tmp/owned").exists()


@pytest.mark.parametrize(
    "name", ["../library.sqlite", "vectors/../../x", "/library.sqlite", ".hidden", "vectors/.x"]
)
def test_a_seal_that_names_what_it_must_not_is_none(name: str) -> None:
    files = {"library.sqlite": (1, "a" * 64), name: (1, "a" * 64)}
    text = shelves.seal_text(files)
    with pytest.raises(DamagedError):
        shelves.read_seal(text, "here")
    del files[name]
    assert shelves.read_seal(shelves.seal_text(files), "here") == files


@pytest.fixture
def sealed_with(filled: Settings, tmp_path: Path) -> Callable[[Callable[[sqlite3.Connection], object]], Path]:
    """A whole backup whose library somebody changed first, and sealed."""

    def made(change: Callable[[sqlite3.Connection], object]) -> Path:
        folder = tmp_path / "forged" / "shelves" / "000001"
        shutil.copytree(filled.shelf_path, folder)
        connection = sqlite3.connect(folder / shelves.LIBRARY, isolation_level=None)
        change(connection)
        connection.close()
        (folder / shelves.SEAL).unlink()
        shelves.seal(folder)
        pack(folder, tmp_path / "forged.tar")
        return tmp_path / "forged.tar"

    return made


FORGERIES = {
    "a newer library": f"PRAGMA user_version = {SCHEMA_VERSION + 1}",
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM pages; END",
    "a view of another making": "DROP VIEW papers; CREATE VIEW papers AS SELECT 1",
    "a table too many": "CREATE TABLE more (x)",
    "a lost full text": "DELETE FROM paper_text",
    "a chunk of no paper": "INSERT INTO chunks VALUES ('c', 'nobody', 'window', 0, 1, 'x')",
    "authors that are no list": "UPDATE listings SET authors = 'nobody'",
    "a date that is none": "UPDATE listings SET date = 'soon'",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_library_that_is_not_one_of_this_vouch_is_refused(
    filled: Settings, sealed_with: Callable[..., Path], forgery: str
) -> None:
    path = sealed_with(lambda connection: connection.executescript(FORGERIES[forgery]))
    assert_refused(filled, path)


def test_vectors_that_crash_their_reader_are_left_out(
    filled: Settings, sealed_with: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sealed_with(lambda connection: None)
    monkeypatch.setattr(renewal, "probe_vectors", lambda folder: "Chroma ended.")
    restore(filled, path).close()
    assert not filled.vectors_path.exists()
    renewal.ensure_index(filled)
    assert open_assistant(filled).search("sparsity", count=1)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.floats(0, 1),
)
def test_mutated_archives_write_what_is_whole_or_nothing_outside(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[float, int]], cut: float
) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    shelf = folder / "shelves" / "000001"
    (shelf / "vectors").mkdir(parents=True)
    (shelf / "library.sqlite").write_bytes(b"library" * 100)
    (shelf / "vectors" / "one.bin").write_bytes(b"vectors")
    shelves.seal(shelf)
    pack(shelf, folder / "good.tar")
    content = bytearray((folder / "good.tar").read_bytes())
    whole = bytes(content)
    for at, value in places:
        content[int(at * (len(content) - 1))] = value
    if cut < 0.3:
        del content[int(cut / 0.3 * len(content)) :]
    (folder / "bad.tar").write_bytes(content)
    target = folder / "out" / "in"
    target.mkdir(parents=True)
    refused = False
    try:
        unpack(folder / "bad.tar", target)
    except LibraryError:
        refused = True
    if not refused:
        assert (target / "library.sqlite").read_bytes() == b"library" * 100
        assert (target / "vectors" / "one.bin").read_bytes() == b"vectors"
    assert [path.name for path in (folder / "out").iterdir()] == ["in"]
    assert (folder / "good.tar").read_bytes() == whole
    shutil.rmtree(folder)
