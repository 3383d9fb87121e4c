"""The assistant behind the page: opened in the background, its faults told, its index mended."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from fakes import ScriptedModel, WordEmbedder
from scripted_worker import COMMAND

from rag import child, wiring
from rag.apart import ModelApart
from rag.config import Settings, shipped
from rag.errors import ModelError, RagError
from rag.prompt import load_prompt
from rag.protocols import Vectors
from rag.read import Reader
from rag.types import Answer, Paper, Segment
from rag.verify import verify
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
    assert desk._slot._opener is wiring.open_reader_apart, "a model that dies must not end the page"
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


class Opening:
    """Opens a scripted model in the place of a real one, and keeps it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, model: ScriptedModel) -> None:
        self.model = model
        reader = Reader(model, load_prompt(shipped("prompts") / "read.md"), verify, 96, 60.0)
        monkeypatch.setattr(wiring.ModelSlot, "__call__", lambda slot: reader)
        monkeypatch.setattr(wiring.ModelSlot, "begin", lambda slot: None)
        monkeypatch.setattr("rag.ahead.QUIET_SECONDS", 0.01)

    @property
    def papers(self) -> int:
        return len(set(self.model.prepared))


def test_while_nobody_asks_all_papers_are_read_ahead(
    words: WordEmbedder, no_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = Opening(monkeypatch, ScriptedModel(lambda prompt: "OWL prunes."))
    with closing(Desk(no_models)) as desk:
        wait(desk)
        while not desk._reading.is_alive() and not opening.model.prepared:
            pass
        desk._reading.join(PATIENCE)
        assert opening.papers == 195
        assert list(desk.stream("What does OWL do for pruning at high sparsity?"))


class Endless(ScriptedModel):
    """Reads ahead until it is interrupted."""

    def __init__(self) -> None:
        super().__init__(lambda prompt: "OWL prunes.")
        self.began = threading.Event()
        self.ended = threading.Event()

    def prepare(self, segments: Sequence[Segment]) -> bool:
        self.began.set()
        assert self.ended.wait(PATIENCE)
        return False

    def cancel(self) -> None:
        pass

    def interrupt(self) -> None:
        self.ended.set()


def test_a_question_interrupts_what_is_read_ahead(
    words: WordEmbedder, no_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = Opening(monkeypatch, model := Endless())
    with closing(Desk(no_models)) as desk:
        assert model.began.wait(PATIENCE)
        answers = desk.stream("What does OWL do for pruning at high sparsity?")
        assert next(iter(answers)).citations
        assert model.ended.is_set()
        del answers
    assert opening.papers == 0


def test_closing_the_page_ends_what_is_read_ahead(
    words: WordEmbedder, no_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Opening(monkeypatch, model := Endless())
    desk = Desk(no_models)
    assert model.began.wait(PATIENCE)
    desk.close()
    assert not desk._reading.is_alive()


def test_what_goes_wrong_while_reading_ahead_stays_there(
    words: WordEmbedder,
    no_models: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(ScriptedModel):
        def prepare(self, segments: Sequence[Segment]) -> bool:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    Opening(monkeypatch, Broken(lambda prompt: "OWL prunes."))
    with closing(Desk(no_models)) as desk:
        wait(desk)
        while not caplog.messages:
            pass
        assert "Reading ahead has ended" in caplog.text
        assert "Traceback" not in caplog.text
        assert list(desk.stream("What does OWL do for pruning at high sparsity?"))


@pytest.mark.parametrize(("fate", "seconds"), [("DIE", 60.0), ("NAP", 0.5)])
def test_a_model_process_that_dies_or_hangs_leaves_the_evidence_and_the_next_question(
    words: WordEmbedder, no_models: Settings, monkeypatch: pytest.MonkeyPatch, fate: str, seconds: float
) -> None:
    fates = [f" {fate}"]

    class Doomed(Reader):
        def segments(self, paper: Paper, question: str) -> tuple[Segment, ...]:
            return (*super().segments(paper, question), *fates)

    monkeypatch.setattr(child, "GIVE_UP_SECONDS", 0.2)
    monkeypatch.setattr(child, "LATE_SECONDS", 0.0)
    with closing(ModelApart({"path": "sound"}, command=COMMAND)) as model:
        reader = Doomed(model, load_prompt(shipped("prompts") / "read.md"), verify, 96, seconds)
        monkeypatch.setattr(wiring.ModelSlot, "__call__", lambda slot: reader)
        with closing(Desk(no_models)) as desk:
            shown: list[Answer] = []
            with pytest.raises(ModelError, match="being restarted"):
                shown.extend(desk.stream("How does OWL prune at high sparsity?"))
            assert all(claim.support == "quoted" for claim in shown[-1].claims)
            assert shown[-1].citations
            fates.clear()
            *_, last = desk.stream("How does OWL prune at high sparsity?")
            assert last.model == "scripted"
