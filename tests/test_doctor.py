"""doctor: what it finds on a whole and on a broken installation, without changing either."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import doctor
from rag.config import Settings
from rag.doctor import PACKAGES, Finding, examine
from rag.weights import load_catalogue
from rag.wiring import open_states


def by_subject(settings: Settings) -> dict[str, Finding]:
    findings = examine(settings)
    found = {finding.subject: finding for finding in findings}
    assert len(found) == len(findings)
    return found


def assert_sound(findings: dict[str, Finding]) -> None:
    """What is not in order says so, and says what to do."""
    for finding in findings.values():
        assert finding.subject
        assert finding.state
        assert finding.ok or finding.cure, finding
        assert "\n" not in finding.state + finding.cure
        assert json.loads(json.dumps(finding.record())) == finding.record()


def without(settings: Settings, home: Path) -> Settings:
    return settings.model_copy(update={"home": home})


def test_an_indexed_shelf_is_in_order(shelf: Settings) -> None:
    found = by_subject(shelf)
    assert_sound(found)
    for subject in (
        "Python",
        "cores",
        "disk",
        "seeds",
        "embeds sentences",
        "embeds abstracts",
        "library",
        "index",
        *PACKAGES,
    ):
        assert found[subject].ok, found[subject]
    assert found["library"].state.startswith("195 papers of 5 pages")
    assert found["seeds"].state == "5 pages, as shipped"
    assert str(shelf.home) in found["index"].state


def test_an_empty_home_is_told_to_ingest_and_stays_empty(settings: Settings) -> None:
    found = by_subject(settings)
    assert_sound(found)
    for subject in ("library", "index"):
        assert not found[subject].ok
        assert "vouch ingest" in found[subject].cure
    assert not settings.home.exists()


def test_without_models_it_says_which_to_fetch(settings: Settings, tmp_path: Path) -> None:
    found = by_subject(settings.model_copy(update={"cache": tmp_path / "none"}))
    assert_sound(found)
    missing = [finding for finding in found.values() if finding.optional]
    assert len(missing) == sum(model.role in ("default", "fallback", "encoder") for model in load_catalogue())
    for finding in missing:
        assert not finding.ok
        assert finding.cure.startswith("Run `vouch models pull ")
    assert not found["answers by"].ok


@pytest.mark.parametrize(
    ("name", "library"),
    [("not a database", b"hello"), ("an empty file", b""), ("half a header", b"SQLite format 3\x00" * 9)],
)
def test_a_damaged_library_is_a_finding(name: str, library: bytes, settings: Settings) -> None:
    settings.home.mkdir()
    settings.library_path.write_bytes(library)
    found = by_subject(settings)
    assert_sound(found)
    assert not found["library"].ok, name
    assert settings.library_path.read_bytes() == library


def test_a_home_below_a_file_is_a_finding(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        found = by_subject(without(settings, home))
        assert_sound(found)
        assert not found["library"].ok


@pytest.mark.parametrize("model", ["nosuch", "/none/there.gguf"])
def test_a_model_that_is_not_there_is_a_finding(model: str, settings: Settings) -> None:
    found = by_subject(settings.model_copy(update={"model": model}))
    assert_sound(found)
    assert not found["answers by"].ok


def test_an_embedder_that_is_not_there_is_a_finding(shelf: Settings, tmp_path: Path) -> None:
    found = by_subject(shelf.model_copy(update={"embedder": str(tmp_path)}))
    assert_sound(found)
    assert not found["embeds sentences"].ok
    assert not found["index"].ok


def test_a_package_that_is_missing_is_a_finding(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("surely-not-installed",))
    found = by_subject(settings)
    assert_sound(found)
    assert not found["surely-not-installed"].ok
    assert not found["surely-not-installed"].optional


def test_too_little_space_is_a_finding(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 1 << 60)
    found = by_subject(settings)
    assert not found["disk"].ok
    assert "VOUCH_HOME" in found["disk"].cure


@pytest.mark.parametrize("change", ["edited", "removed"])
def test_a_seed_that_was_changed_is_said(
    change: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = tmp_path / "page.txt"
    if change == "edited":
        seed.write_text("other words")
    monkeypatch.setattr(doctor, "seed_hashes", lambda: [(seed, "0" * 64)])
    found = by_subject(settings)
    assert_sound(found)
    assert "page.txt" in found["seeds"].state


def test_it_says_how_much_of_what_was_read_is_kept(settings: Settings) -> None:
    state = by_subject(settings)["what was read"].state
    assert state.startswith("beginnings of prompts: 0, 0 of at most 1000 MB, in ")
    states = open_states(settings)
    assert states is not None
    states.put("a" * 64, bytes(3_000_000))
    state = by_subject(settings)["what was read"].state
    assert state == f"beginnings of prompts: 1, 3 of at most 1000 MB, in {settings.home / 'states'}"
    off = settings.model_copy(update={"kept_states_mb": 0})
    assert "kept_states_mb is 0" in by_subject(off)["what was read"].state
