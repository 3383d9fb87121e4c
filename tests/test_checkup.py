"""doctor --check: what is whole is said to be, each kind of damage is found, and its cure works."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from fakes import WordEmbedder

from rag import wiring
from rag.checkup import check_all
from rag.config import Settings
from rag.doctor import Finding
from rag.renewal import ingest_pages, seed_paths
from rag.wiring import open_library, open_states


@pytest.fixture
def filled(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Two shelves, the newest of 57 papers, a kept state, and no model."""
    words = WordEmbedder()
    monkeypatch.setattr(wiring, "open_embedder", lambda settings: words)
    ingest_pages(settings, seed_paths()[4:])
    ingest_pages(settings, seed_paths()[3:])
    states = open_states(settings)
    assert states is not None
    assert states.put("a" * 64, b"what was read")
    return settings.model_copy(update={"cache": tmp_path / "no models"})


def wrong(settings: Settings) -> dict[str, Finding]:
    findings = check_all(settings)
    assert len({finding.subject for finding in findings}) == len(findings)
    for finding in findings:
        assert finding.ok or finding.cure, finding
        assert "\n" not in finding.state + finding.cure
        assert json.loads(json.dumps(finding.record())) == finding.record()
    return {finding.subject: finding for finding in findings if not finding.ok}


def turn(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


def test_what_is_whole_is_said_to_be(filled: Settings) -> None:
    assert wrong(filled) == {}
    states = [finding.state for finding in check_all(filled)]
    assert "1, all whole" in states
    assert any(state.startswith("whole: 57 papers and ") for state in states)


def test_an_empty_home_is_no_damage(settings: Settings, tmp_path: Path) -> None:
    found = wrong(settings.model_copy(update={"cache": tmp_path / "none"}))
    assert found.keys() == {"check: library", "check: vectors"}
    assert not settings.home.exists()


DAMAGES: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "a library": (lambda shelf: turn(shelf / "library.sqlite", 70_000), {"000002", "library", "vectors"}),
    "a seal": (lambda shelf: turn(shelf / "seal.json", 100), {"000002", "library", "vectors"}),
    "vectors": (lambda shelf: turn(shelf / "vectors" / "chroma.sqlite3", 9000), {"000002", "vectors"}),
    "an index": (lambda shelf: next(shelf.glob("vectors/*/*.bin")).unlink(), {"000002", "vectors"}),
    "no vectors": (lambda shelf: shutil.rmtree(shelf / "vectors"), {"000002", "vectors"}),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_the_cure_works(filled: Settings, name: str) -> None:
    hurt, subjects = DAMAGES[name]
    hurt(filled.shelf_path)
    found = wrong(filled)
    assert {subject.split(" ")[-1].rstrip(",") for subject in found} == subjects
    for finding in found.values():
        assert "vouch ingest" in finding.cure
    ingest_pages(filled, seed_paths()[3:])
    assert [finding for finding in wrong(filled).values() if not finding.optional] == []
    with closing(open_library(filled)) as library:
        assert library.paper_count() == 57


def test_damage_of_the_shelf_before_hurts_nobody(filled: Settings) -> None:
    turn(filled.home / "shelves" / "000001" / "library.sqlite", 70_000)
    (finding,) = wrong(filled).values()
    assert finding.optional


def test_a_damaged_state_is_found(filled: Settings) -> None:
    turn(filled.states_path / f"{'a' * 64}.state", 75)
    (finding,) = wrong(filled).values()
    assert finding.state == "1 of 1 are damaged"
    assert finding.optional


def test_files_that_others_may_read_are_found(filled: Settings) -> None:
    filled.home.chmod(0o755)
    assert wrong(filled).keys() <= {"check: access"}
    (filled.home / "shelves").chmod(0o755)
    filled.shelf_path.chmod(0o755)
    filled.library_path.chmod(0o644)
    assert "chmod" in wrong(filled)["check: access"].cure


def test_what_was_left_and_set_aside_is_told(filled: Settings) -> None:
    (filled.home / "shelves" / "next").mkdir()
    turn(filled.library_path, 70_000)
    ingest_pages(filled, seed_paths()[3:])
    (left,) = (finding for finding in check_all(filled) if finding.subject == "check: leftovers")
    assert left.state == "set aside as damaged, to be deleted by you: damaged-000002"


def test_a_folder_of_an_older_vouch_is_checked_too(filled: Settings, tmp_path: Path) -> None:
    old = filled.model_copy(update={"home": tmp_path / "old"})
    old.home.mkdir()
    shutil.copy(filled.library_path, old.home)
    shutil.copytree(filled.vectors_path, old.home / "vectors")
    assert wrong(old).keys() <= {"check: access"}
    content = (old.home / "vectors" / "chroma.sqlite3").read_bytes()
    (old.home / "vectors" / "chroma.sqlite3").write_bytes(content[: len(content) // 2])
    assert "check: vectors" in wrong(old)
