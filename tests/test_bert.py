"""The quick encoder: equal to sentence-transformers, and silent about models of another kind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from evals.questions import find_questions, load_questions
from rag.bert import ENCODER_MARKS, BertEncoder, distance_buckets, mapped_weights, open_encoder
from rag.embed import SentenceEmbedder, packaged_folder
from rag.protocols import Embedder

# Measured: 2.2e-7. What a cosine can bear is far more.
TOLERANCE = 1e-5
ODD = ["", " ", "OWL", "x" * 3000, "word " * 600, "请问什么是OWL?", "ü$D^2$-MoE\t\n", "[CLS] [SEP] [MASK]"]


@pytest.fixture(scope="module")
def encoder() -> BertEncoder:
    found = open_encoder(packaged_folder())
    assert found is not None
    return found


def texts() -> list[str]:
    return [*ODD, *(question.question for question in load_questions(find_questions("calibration")))]


def test_vectors_equal_those_of_sentence_transformers(encoder: BertEncoder, embedder: Embedder) -> None:
    assert isinstance(embedder, SentenceEmbedder)
    theirs = embedder.model.encode_query(texts(), normalize_embeddings=True, show_progress_bar=False)
    ours = np.stack([encoder.encode(text) for text in texts()])
    assert ours.dtype == np.float32
    assert np.abs(ours - theirs).max() < TOLERANCE


def test_documents_and_questions_share_one_space(embedder: Embedder) -> None:
    text = "OWL sets the sparsity of each layer."
    assert np.abs(embedder.embed_documents([text])[0] - embedder.embed_query(text)).max() < TOLERANCE


@pytest.mark.parametrize("text", ODD)
def test_pieces_equal_those_of_sentence_transformers(
    encoder: BertEncoder, embedder: Embedder, text: str
) -> None:
    assert isinstance(embedder, SentenceEmbedder)
    theirs = embedder.model.tokenizer(
        text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
    )["offset_mapping"]
    assert encoder.piece_spans(text) == [tuple(span) for span in theirs]


def test_size_and_limit_equal_those_of_sentence_transformers(
    encoder: BertEncoder, embedder: Embedder
) -> None:
    assert isinstance(embedder, SentenceEmbedder)
    assert encoder.dimension == embedder.model.get_embedding_dimension()
    assert encoder.limit == embedder.model.max_seq_length
    assert embedder.max_pieces == encoder.limit - ENCODER_MARKS


# MPNet: a tiny one with random weights, so that every test run can hold the formulas


@pytest.fixture(scope="module")
def mpnet_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder of an MPNet of two layers, that reads the packaged MiniLM's pieces."""
    import torch
    from transformers import MPNetConfig, MPNetModel

    folder = tmp_path_factory.mktemp("whole") / "tiny-mpnet"
    shutil.copytree(packaged_folder(), folder, ignore=shutil.ignore_patterns("config.json", "*.safetensors"))
    pooling = json.loads((packaged_folder() / "1_Pooling" / "config.json").read_text())
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling | {"word_embedding_dimension": 48}))
    torch.manual_seed(1)
    config = MPNetConfig(
        vocab_size=30522,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=514,
        initializer_range=0.5,
        pad_token_id=1,
    )
    MPNetModel(config).save_pretrained(folder)
    return folder


def test_mpnet_vectors_equal_those_of_sentence_transformers(mpnet_folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    encoder = open_encoder(mpnet_folder)
    assert encoder is not None
    model = SentenceTransformer(str(mpnet_folder), local_files_only=True)
    theirs = model.encode(texts(), normalize_embeddings=True, show_progress_bar=False)
    ours = np.stack([encoder.encode(text) for text in texts()])
    assert np.abs(ours - theirs).max() < TOLERANCE


def test_near_distances_have_buckets_of_their_own_and_far_ones_share() -> None:
    """32 buckets: 16 for what is before and here, 16 for what follows."""
    distances = np.array([0, -1, -7, 1, 7, -8, -9, 20, 127, 128, 5000, -5000])
    assert distance_buckets(distances, 32).tolist() == [0, 1, 7, 17, 23, 8, 8, 26, 31, 31, 31, 15]


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        ("config.json", "model_type", "roberta"),
        ("config.json", "hidden_act", "relu"),
        ("config.json", "position_embedding_type", "relative_key"),
        ("1_Pooling/config.json", "pooling_mode_cls_token", True),
        ("1_Pooling/config.json", "pooling_mode_mean_tokens", False),
    ],
)
def test_a_model_of_another_kind_is_left_to_sentence_transformers(
    tmp_path: Path, file: str, key: str, value: object
) -> None:
    folder = Path(shutil.copytree(packaged_folder(), tmp_path / "model", copy_function=_linked))
    changed = json.loads((folder / file).read_text()) | {key: value}
    (folder / file).unlink()
    (folder / file).write_text(json.dumps(changed))
    assert open_encoder(folder) is None


@pytest.mark.parametrize("file", ["config.json", "modules.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_is_left_to_sentence_transformers(tmp_path: Path, file: str) -> None:
    folder = Path(shutil.copytree(packaged_folder(), tmp_path / "model", copy_function=_linked))
    (folder / file).unlink()
    assert open_encoder(folder) is None


def test_mapped_weights_are_those_of_the_file() -> None:
    path = packaged_folder() / "model.safetensors"
    theirs = {name: values for name, values in load_file(path).items() if values.dtype == np.float32}
    ours = mapped_weights(path)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_weights_of_half_precision_are_widened_and_other_numbers_left_out(tmp_path: Path) -> None:
    half = np.array([[0.5, -2.0], [3.0, 1e-3]], dtype=np.float16)
    save_file({"half": half, "places": np.arange(3)}, tmp_path / "model.safetensors")
    weights = mapped_weights(tmp_path / "model.safetensors")
    assert list(weights) == ["half"]
    assert weights["half"].dtype == np.float32
    assert np.array_equal(weights["half"], half.astype(np.float32))


@pytest.mark.parametrize("kept", [0, 4, 60, -4])
def test_a_file_cut_short_is_no_model(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a": np.ones((8, 8), dtype=np.float32)}, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r".+"):
        mapped_weights(path)


def _linked(source: str, destination: str) -> str:
    Path(destination).symlink_to(source)
    return destination
