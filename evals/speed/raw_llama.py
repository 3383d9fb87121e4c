"""llama.cpp with nothing around it: the reference for reading and writing.

The plain loop of its examples through llama-cpp-python's low-level functions, in the same library, with
the same threads and batches. A reference may not be the product, so it shares no code with `rag.llama`.
"""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

BATCH = 512
COMPUTED = 256
# As Vouch does, and for the same reason: `rag.llama` tells it.
REPACKS = b"AMX_INT8 = 1" not in llama_cpp.llama_print_system_info()
ON_GPU = bool(llama_cpp.llama_supports_gpu_offload())


# Held for as long as the library may call it: by default it prints a thousand lines.
_silent = llama_cpp.llama_log_callback(lambda level, text, data: None)


class RawModel:
    """A model and a context of llama.cpp."""

    def __init__(self, path: Path, *, tokens: int, threads: int, as_vouch: bool = False) -> None:
        """`as_vouch`: attention in parts on a CPU, as `rag.llama` has it; else as llama.cpp decides."""
        llama_cpp.llama_log_set(_silent, None)
        model = llama_cpp.llama_model_default_params()
        model.use_extra_bufts = REPACKS
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(path), model)
        context = llama_cpp.llama_context_default_params()
        context.n_ctx, context.n_batch, context.n_ubatch = tokens, BATCH, COMPUTED
        context.n_threads = context.n_threads_batch = threads
        if as_vouch and not ON_GPU:
            context.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self._context = llama_cpp.llama_init_from_model(self._model, context)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._words = llama_cpp.llama_vocab_n_tokens(self._vocabulary)

    def tokens(self, text: str) -> list[int]:
        data = text.encode()
        room = (llama_cpp.llama_token * (len(data) + 8))()
        count = llama_cpp.llama_tokenize(self._vocabulary, data, len(data), room, len(room), False, False)
        return list(room[:count])

    def read(self, tokens: list[int]) -> float:
        """The seconds to read these from an empty context."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)
        start = time.perf_counter()
        for at in range(0, len(tokens), BATCH):
            self._decode(tokens[at : at + BATCH])
        self._likeliest()
        return time.perf_counter() - start

    def write(self, count: int) -> float:
        """The seconds to write so many tokens, one by one, after what was read."""
        start = time.perf_counter()
        for _ in range(count):
            self._decode([self._likeliest()])
        return time.perf_counter() - start

    def free(self) -> None:
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def _decode(self, tokens: list[int]) -> None:
        array: Any = (llama_cpp.llama_token * len(tokens))(*tokens)
        pointer = ctypes.cast(array, ctypes.POINTER(llama_cpp.llama_token))
        if llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(pointer, len(tokens))):
            raise RuntimeError("llama_decode failed")

    def _likeliest(self) -> int:
        row = llama_cpp.llama_get_logits_ith(self._context, -1)
        return int(np.ctypeslib.as_array(row, shape=(self._words,)).argmax())
