"""The assistant behind the page: opened in the background, its faults told, its index mended."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes import WordEmbedder

from rag import wiring
from rag.config import Settings
from rag.errors import RagError
from rag.protocols import Vectors
from ui.desk import Desk

PATIENCE = 60.0


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    embedder = WordEmbedder()
    monkeypatch.setattr(wiring, "open_embedder", lambda settings: embedder)
    return embedder


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Settings:
    return settings.model_copy(update={"cache": tmp_path / "cache"})


def wait(desk: Desk) -> None:
    assert desk._ready.wait(PATIENCE)


def test_an_empty_home_is_indexed_and_answers_with_quotes(words: WordEmbedder, no_models: Settings) -> None:
    desk = Desk(no_models)
    answers = list(desk.stream("What does OWL do for pruning at high sparsity?"))
    assert answers[-1].model is None
    assert answers[-1].citations[0].paper.title.startswith("Outlier Weighed Layerwise Sparsity (OWL)")
    assert all(claim.support == "quoted" for claim in answers[-1].claims)
    assert "answers are quotes" in desk.status()
    desk.close()


def test_while_it_opens_it_says_what_it_waits_for(
    words: WordEmbedder, no_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    embed = words.embed_documents

    def slow(texts: Sequence[str]) -> Vectors:
        assert go_on.wait(PATIENCE)
        return embed(texts)

    monkeypatch.setattr(words, "embed_documents", slow)
    desk = Desk(no_models)
    assert desk.status().endswith("…")
    go_on.set()
    wait(desk)
    assert not desk.status().endswith("…")
    desk.close()


def test_what_kept_it_from_opening_is_told_to_who_asks(words: WordEmbedder, no_models: Settings) -> None:
    no_models.home.mkdir(parents=True, exist_ok=True)
    no_models.library_path.write_bytes(b"no database at all\n" * 100)
    desk = Desk(no_models)
    wait(desk)
    assert "damaged" in desk.status()
    with pytest.raises(RagError, match="damaged"):
        next(iter(desk.stream("What is OWL?")))
    desk.close()
