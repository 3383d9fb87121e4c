"""A sentence encoder's forward pass in numpy: one short text to one unit vector.

A question is embedded half a second after the start with this, where sentence-transformers
takes 7 s to import torch. Tests hold it equal to sentence-transformers within 1e-5. It reads
two kinds of model, with mean pooling and unit length: BERT (all-MiniLM, e5 and the like) and
MPNet (all-mpnet-base-v2); `open_encoder` gives None for others. Knows nothing of papers, chunks
or batches.

Source of the formulas: Devlin et al. 2018, BERT; the post-norm layer of Vaswani et al. 2017;
MPNet's relative positions are those of Raffel et al. 2020, T5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.protocols import Vectors

Weights = Mapping[str, NDArray[np.float32]]

# Pieces that the encoder puts around a text: [CLS] and [SEP].
ENCODER_MARKS = 2

# MPNet's positions count from the one after its padding's.
_MPNET_FIRST_POSITION = 2
# Distances from this on are one bucket.
_FARTHEST = 128
_MPNET_NAMES = (
    (".attention.attn.q.", ".attention.self.query."),
    (".attention.attn.k.", ".attention.self.key."),
    (".attention.attn.v.", ".attention.self.value."),
    (".attention.attn.o.", ".attention.output.dense."),
    (".attention.LayerNorm.", ".attention.output.LayerNorm."),
)

_LENGTH_BYTES = 8
_NUMBERS = {"F32": "<f4", "F16": "<f2"}

# Abramowitz and Stegun 1964, Handbook of Mathematical Functions, 7.1.26: p and a5 to a1.
_ERF_STEP = np.float32(0.3275911)
_ERF_FACTORS = tuple(map(np.float32, (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)))

_KINDS = ("bert", "mpnet")
_FILES = ("tokenizer.json", "model.safetensors", "sentence_bert_config.json")
_MODULES = ("Transformer", "Pooling", "Normalize")


@dataclass(frozen=True, slots=True)
class BertEncoder:
    """An open encoder. It reads at most `limit` pieces of a text, ENCODER_MARKS of them its own.

    `weights` have BERT's names. `distances`, shape (buckets, heads), is what attention adds for how
    far one piece is from another; None where the model knows positions alone.
    """

    tokenizer: Any
    weights: Weights
    limit: int
    layers: int
    heads: int
    epsilon: float
    distances: NDArray[np.float32] | None = None

    def encode(self, text: str) -> Vectors:
        """The text's unit vector, shape (dimension,)."""
        whole = self.tokenizer.encode(text).ids
        pieces = np.array([*whole[: self.limit - 1], whole[-1]] if len(whole) > self.limit else whole)
        hidden = self._embedded(pieces)
        bias = self._distance_bias(len(pieces))
        for layer in range(self.layers):
            hidden = self._layer(hidden, f"encoder.layer.{layer}", bias)
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

    def _distance_bias(self, length: int) -> Vectors | np.float32:
        """What attention adds, shape (heads, length, length), or nothing."""
        if self.distances is None:
            return np.float32(0)
        places = np.arange(length)
        buckets = distance_buckets(places[None, :] - places[:, None], len(self.distances))
        return self.distances[buckets].transpose(2, 0, 1)

    def _layer(self, hidden: Vectors, name: str, bias: Vectors | np.float32) -> Vectors:
        attended = self._attention(hidden, f"{name}.attention.self", bias)
        attended = self._dense(attended, f"{name}.attention.output.dense")
        hidden = self._normed(hidden + attended, f"{name}.attention.output.LayerNorm")
        wide = _gelu(self._dense(hidden, f"{name}.intermediate.dense"))
        return self._normed(hidden + self._dense(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, hidden: Vectors, name: str, bias: Vectors | np.float32) -> Vectors:
        length, width = hidden.shape
        query, key, value = (
            self._dense(hidden, f"{name}.{part}").reshape(length, self.heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(width / self.heads)) + bias
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
    kind = _kind(folder)
    if kind is None:
        return None
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text("utf-8"))
    limit = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))["max_seq_length"]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    weights = mapped_weights(folder / "model.safetensors")
    return BertEncoder(
        tokenizer=tokenizer,
        weights=_as_bert(weights) if kind == "mpnet" else weights,
        limit=limit,
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
        distances=weights["encoder.relative_attention_bias.weight"] if kind == "mpnet" else None,
    )


def mapped_weights(path: Path) -> Weights:
    """The tensors of a safetensors file, read from disk as they are used.

    Mapped, they cost memory only where they are touched, and the system may take it back: of a
    vocabulary a question touches a few rows. Others than float32 are converted and cost memory.
    Format: https://huggingface.co/docs/safetensors: the header's length, the header, the data.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        header = json.loads(file.read(length))
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
    weights = {}
    for name, entry in header.items():
        if name != "__metadata__" and (kind := _NUMBERS.get(entry["dtype"])):
            start, end = (_LENGTH_BYTES + length + offset for offset in entry["data_offsets"])
            count = (end - start) // np.dtype(kind).itemsize
            values = np.frombuffer(data, kind, count, start).reshape(entry["shape"])
            weights[name] = np.asarray(values, dtype=np.float32)
    return weights


def distance_buckets(distances: NDArray[np.int64], buckets: int) -> NDArray[np.int64]:
    """The bucket of each signed distance: half of them for pieces that follow; near ones have their
    own, those farther off share one with others of like size, on a logarithmic scale.
    """
    half = buckets // 2
    exact = half // 2
    far = np.abs(distances)
    shared = exact + (
        np.log(np.maximum(far, 1).astype(np.float32) / exact) / np.log(_FARTHEST / exact) * (half - exact)
    ).astype(np.int64)
    near = np.where(far < exact, far, np.minimum(shared, half - 1))
    return np.asarray(near + half * (distances > 0), dtype=np.int64)


def _as_bert(weights: Weights) -> Weights:
    """MPNet's weights under BERT's names; all its pieces are of one type."""
    renamed = {}
    for name, values in weights.items():
        for theirs, ours in _MPNET_NAMES:
            name = name.replace(theirs, ours)
        renamed[name] = values
    positions = renamed["embeddings.position_embeddings.weight"]
    renamed["embeddings.position_embeddings.weight"] = positions[_MPNET_FIRST_POSITION:]
    renamed["embeddings.token_type_embeddings.weight"] = np.zeros_like(positions[:1])
    return renamed


def _kind(folder: Path) -> str | None:
    """Which of the kinds computed here every file of the folder says that it is, if any."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        pooling = json.loads((folder / modules[1]["path"] / "config.json").read_text("utf-8"))
        kinds = tuple(module["type"].rpartition(".")[2] for module in modules)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    modes = {mode for mode, on in pooling.items() if mode.startswith("pooling_mode") and on}
    computed = (
        config.get("model_type") in _KINDS
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and kinds == _MODULES
        and modes == {"pooling_mode_mean_tokens"}
        and all((folder / name).is_file() for name in _FILES)
    )
    return config["model_type"] if computed else None


def _gelu(values: Vectors) -> Vectors:
    """x times the normal distribution's share below x.

    The error function is Abramowitz and Stegun's 7.1.26, off by 1.5e-7 at most, which is as near as
    float32 comes; scipy's takes 0.18 s to import, a tenth of the first answer.
    """
    size = np.abs(values) * np.float32(np.sqrt(0.5))
    step = 1 / (1 + _ERF_STEP * size)
    polynomial = np.zeros_like(step)
    for factor in _ERF_FACTORS:
        polynomial = (polynomial + factor) * step
    above = np.float32(0.5) * polynomial * np.exp(-size * size)
    return np.asarray(values * np.where(values < 0, above, 1 - above), dtype=np.float32)
