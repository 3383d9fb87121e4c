"""Data folders of each format that was ever in use: opened, and taken over whole; newer ones are refused.

`formats/home-0.1.0.tar.gz` is a folder from before there were shelves: two papers, embedded by words.
A new format adds a file here and changes none.
"""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from fakes import WordEmbedder

from rag import shelves, wiring
from rag.checkup import check_all
from rag.config import Settings
from rag.errors import LibraryError
from rag.library import SCHEMA_VERSION
from rag.renewal import back_up, ensure_index, ingest_pages
from rag.wiring import open_assistant, open_library

FOLDERS = sorted(Path(__file__).with_name("formats").glob("home-*.tar.gz"))
TITLES = ["OWL: A Missing Secret", "LoRA"]


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    embedder = WordEmbedder()
    monkeypatch.setattr(wiring, "open_embedder", lambda settings: embedder)
    return embedder


@pytest.fixture(params=FOLDERS, ids=lambda path: path.name)
def older(request: pytest.FixtureRequest, settings: Settings, words: WordEmbedder) -> Settings:
    with tarfile.open(request.param) as archive:
        archive.extractall(settings.home, filter="data")
    return settings


def titles(settings: Settings) -> list[str]:
    with closing(open_library(settings)) as library:
        return [paper.title for paper in library.papers()]


def test_there_is_one_of_each_format() -> None:
    assert [path.name for path in FOLDERS] == ["home-0.1.0.tar.gz"]


def test_an_older_folder_is_read_as_it_is(older: Settings) -> None:
    assert titles(older) == TITLES
    assert open_assistant(older).search("low rank", count=1)[0].paper.title == "LoRA"


def test_an_older_folder_is_taken_over_without_embedding_anything(
    older: Settings, words: WordEmbedder, tmp_path: Path
) -> None:
    ensure_index(older)
    assert words.embedded == []
    assert shelves.is_sealed(older.shelf_path)
    assert titles(older) == TITLES
    assert open_assistant(older).search("low rank", count=1)[0].paper.title == "LoRA"
    assert [finding for finding in check_all(older) if "library" in finding.subject and not finding.ok] == []
    page = tmp_path / "other.txt"
    page.write_text("CLMar 3, 2024\nKV Caches of Two BitsZirui Liu, Jiayi Yuan\nCaches grow with text.\n")
    ingest_pages(older, [page])
    assert sorted(titles(older)) == sorted([*TITLES, "KV Caches of Two Bits"])
    assert not (older.home / "library.sqlite").exists(), "two shelves have come since"


@pytest.mark.parametrize("act", ["open", "ingest", "ensure", "back up"])
def test_a_newer_folder_is_refused_and_left_alone(older: Settings, act: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(older.library_path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = older.library_path.read_bytes()
    acts = {
        "open": lambda: open_library(older),
        "ingest": lambda: ingest_pages(older, ()),
        "ensure": lambda: ensure_index(older),
        "back up": lambda: back_up(older, tmp_path / "file"),
    }
    with pytest.raises(LibraryError, match="newer Vouch") as caught:
        acts[act]()
    assert "Update Vouch" in caught.value.hint
    assert older.library_path.read_bytes() == before
