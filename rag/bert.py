"""A small BERT sentence encoder's forward pass in numpy: one short text to one unit vector.

A question is embedded half a second after the start with this, where sentence-transformers
takes 7 s to import torch. Tests hold it equal to sentence-transformers within 1e-5. It reads
models of one kind only (BERT, mean pooling, unit length: all-MiniLM, bge, e5 and the like);
`open_encoder` gives None for others. Knows nothing of papers, chunks or batches.

Source of the formulas: Devlin et al. 2018, BERT; the post-norm layer of Vaswani et al. 2017.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.protocols import Vectors

Weights = Mapping[str, NDArray[np.float32]]

# Pieces that the encoder puts around a text: [CLS] and [SEP].
ENCODER_MARKS = 2

_PLAIN_BERT = {"model_type": "bert", "hidden_act": "gelu"}
_FILES = ("tokenizer.json", "model.safetensors", "sentence_bert_config.json")
_MODULES = ("Transformer", "Pooling", "Normalize")


@dataclass(frozen=True, slots=True)
class BertEncoder:
    """An open encoder. It reads at most `limit` pieces of a text, ENCODER_MARKS of them its own."""

    tokenizer: Any
    weights: Weights
    limit: int
    layers: int
    heads: int
    epsilon: float

    def encode(self, text: str) -> Vectors:
        """The text's unit vector, shape (dimension,)."""
        whole = self.tokenizer.encode(text).ids
        pieces = np.array([*whole[: self.limit - 1], whole[-1]] if len(whole) > self.limit else whole)
        hidden = self._embedded(pieces)
        for layer in range(self.layers):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        pooled = hidden.mean(axis=0)
        return np.asarray(pooled / np.linalg.norm(pooled), dtype=np.float32)

    def piece_spans(self, text: str) -> list[tuple[int, int]]:
        """The character span of each word piece of the whole text, without the encoder's marks."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).offsets)

    @property
    def dimension(self) -> int:
        return int(self.weights["embeddings.LayerNorm.weight"].shape[0])

    def _embedded(self, pieces: NDArray[np.int64]) -> Vectors:
        weights = self.weights
        summed = (
            weights["embeddings.word_embeddings.weight"][pieces]
            + weights["embeddings.position_embeddings.weight"][: len(pieces)]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        return self._normed(summed, "embeddings.LayerNorm")

    def _layer(self, hidden: Vectors, name: str) -> Vectors:
        attended = self._attention(hidden, f"{name}.attention.self")
        attended = self._dense(attended, f"{name}.attention.output.dense")
        hidden = self._normed(hidden + attended, f"{name}.attention.output.LayerNorm")
        wide = _gelu(self._dense(hidden, f"{name}.intermediate.dense"))
        return self._normed(hidden + self._dense(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, hidden: Vectors, name: str) -> Vectors:
        length, width = hidden.shape
        query, key, value = (
            self._dense(hidden, f"{name}.{part}").reshape(length, self.heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(width / self.heads))
        exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = exponents / exponents.sum(axis=-1, keepdims=True)
        return np.asarray((shares @ value).transpose(1, 0, 2).reshape(length, width))

    def _dense(self, hidden: Vectors, name: str) -> Vectors:
        return np.asarray(hidden @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"])

    def _normed(self, hidden: Vectors, name: str) -> Vectors:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(self.epsilon))
        return np.asarray(centred / scale * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])


def open_encoder(folder: Path) -> BertEncoder | None:
    """The encoder in a sentence-transformers folder; None where it is of another kind."""
    if not _is_plain_bert(folder):
        return None
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text("utf-8"))
    limit = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))["max_seq_length"]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return BertEncoder(
        tokenizer=tokenizer,
        weights=load_file(folder / "model.safetensors"),
        limit=limit,
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
    )


def _is_plain_bert(folder: Path) -> bool:
    """Whether every file says that this is the one kind of model that is computed here."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        pooling = json.loads((folder / modules[1]["path"] / "config.json").read_text("utf-8"))
        kinds = tuple(module["type"].rpartition(".")[2] for module in modules)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False
    modes = {mode for mode, on in pooling.items() if mode.startswith("pooling_mode") and on}
    return (
        all(config.get(key) == value for key, value in _PLAIN_BERT.items())
        and config.get("position_embedding_type", "absolute") == "absolute"
        and kinds == _MODULES
        and modes == {"pooling_mode_mean_tokens"}
        and all((folder / name).is_file() for name in _FILES)
    )


def _gelu(values: Vectors) -> Vectors:
    from scipy.special import erf

    return np.asarray(values * np.float32(0.5) * (1 + erf(values / np.float32(np.sqrt(2)))), dtype=np.float32)
