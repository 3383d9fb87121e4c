"""llama.cpp: a model file, its vocabulary, and the tokens that a context holds evaluated.

The last prompt stays evaluated, so one that begins like it costs only what differs, and is always
evaluated in the same batches: sums are rounded by batch, so only then is the text the same
whatever was read before. What else was read before is found again in a store, where there is one,
so that of a prompt about a paper once read only the question is evaluated. Nothing here is safe to
use from two threads but `Vocabulary` and `AbortFlag`. Knows nothing of queues, text to write or
budgets. The only module that imports llama_cpp.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from rag.cleaning import clean
from rag.draft import MOST_DRAFTED
from rag.errors import ModelError
from rag.states import StateStore, file_identity, prefix_keys
from rag.types import Control, Segment

# Tokens handed over and computed at once. Smaller is slower, larger only costs memory: with the
# default model on 2 cores 64, 128, 256 and 512 computed at once gave 190, 200, 209 and 217
# tokens a second, in 611, 616, 625 and 634 MB.
BATCH_TOKENS = 512
COMPUTED_TOKENS = 256
# A batch ends where text follows text, but not before it has this many tokens.
LEAST_TOKENS = 16

SEQUENCE = 0
DECODE_ABORTED = 2
LOG_LEVEL_ERROR = 4
GPU_TYPES = (1, 2)  # GGML_BACKEND_DEVICE_TYPE_GPU and _IGPU

_log_lines: deque[str] = deque(maxlen=8)


def _keep_error(level: int, text: bytes, _: object) -> None:
    if level == LOG_LEVEL_ERROR:
        _log_lines.append(text.decode("utf-8", "replace").strip())


# Held for as long as the library may call it.
_log_callback = llama_cpp.llama_log_callback(_keep_error)

_libc = ctypes.cdll.msvcrt if os.name == "nt" else ctypes.CDLL(None)
_strlen = ctypes.cast(_libc.strlen, llama_cpp.ggml_abort_callback)


class AbortedError(Exception):
    """The native computation was stopped by its flag."""


class AbortFlag:
    """Set from any thread to stop a computation.

    A C string, empty until set: the library calls strlen with its address before each of the
    ~500 operations of a step. A Python callback would wait for the interpreter's lock each time:
    with one other busy thread that slowed writing to 0.3 tokens a second, from 1.7.
    """

    def __init__(self) -> None:
        self._string = ctypes.create_string_buffer(2)
        self.address = ctypes.addressof(self._string)

    def set(self) -> None:
        self._string.value = b"x"

    def is_set(self) -> bool:
        return bool(self._string.value)


def uses_gpu(gpu_layers: int) -> bool:
    """Whether layers go to a GPU: the build has one and the setting wants it."""
    _start_library()
    return bool(llama_cpp.llama_supports_gpu_offload()) and gpu_layers != 0


class Model:
    """One model file, loaded, to be freed after its contexts."""

    def __init__(self, path: Path, *, gpu_layers: int) -> None:
        """`gpu_layers` -1: all, where the build has a GPU. Raises ModelError naming the file."""
        self._on_gpu = uses_gpu(gpu_layers)
        self.path = path
        self.pointer = _load(path, gpu_layers if self._on_gpu else 0)
        self.vocabulary = Vocabulary(self.pointer)

    @property
    def chat_template(self) -> str:
        """The file's own template; empty where it has none."""
        template: bytes = llama_cpp.llama_model_chat_template(self.pointer, None) or b""
        return template.decode("utf-8", "replace")

    @property
    def trained_tokens(self) -> int:
        """The longest context that the model was trained on."""
        return int(llama_cpp.llama_model_n_ctx_train(self.pointer))

    @property
    def gpu(self) -> str | None:
        """The GPU that it computes on; None for the CPU."""
        return _gpu_name() if self._on_gpu else None

    @property
    def identity(self) -> str:
        """What the numbers that it computes depend on: the file, the library and the processor."""
        try:
            file = file_identity(self.path)
        except OSError as error:
            raise ModelError(
                f"{self.path} cannot be read: {error.strerror}.", hint="Check its permissions."
            ) from error
        processor = self.gpu or llama_cpp.llama_print_system_info().decode("utf-8", "replace")
        return f"{file} | llama-cpp-python {llama_cpp.__version__} | {processor}"

    def free(self) -> None:
        llama_cpp.llama_model_free(self.pointer)


class Vocabulary:
    """The model's tokens. Safe to read from any thread while the model is not freed."""

    def __init__(self, model: Any) -> None:
        self._pointer = llama_cpp.llama_model_get_vocab(model)
        self.size: int = llama_cpp.llama_vocab_n_tokens(self._pointer)
        self._adds_beginning = bool(llama_cpp.llama_vocab_get_add_bos(self._pointer))

    def prompt(self, segments: Sequence[Segment]) -> list[list[int]]:
        """The token ids of a prompt in batches; what is before a border is likely to be read again.

        Begins with the beginning-of-text token where the model wants one.
        """
        batches: list[list[int]] = [[]]
        if self._adds_beginning and segments:
            batches[0].append(llama_cpp.llama_vocab_bos(self._pointer))
        before: Segment = Control("")
        for segment in segments:
            border = isinstance(before, str) and isinstance(segment, str)
            if border and len(batches[-1]) >= LEAST_TOKENS:
                batches.append([])
            for token in [self.control(segment)] if isinstance(segment, Control) else self.text(segment):
                if len(batches[-1]) == BATCH_TOKENS:
                    batches.append([])
                batches[-1].append(token)
            before = segment
        return [batch for batch in batches if batch]

    def text(self, text: str) -> list[int]:
        """Ids of plain text: never of a control token, whatever the text spells."""
        return self._tokenised(clean(text), special=False)

    def control(self, control: Control) -> int:
        """The one id of a control token. Raises ModelError where the vocabulary has none."""
        tokens = self._tokenised(control.token, special=True)
        if len(tokens) != 1 or not llama_cpp.llama_vocab_is_control(self._pointer, tokens[0]):
            raise ModelError(
                f"The model's vocabulary has no control token {control.token}.",
                hint="Choose a model of another chat format: `vouch models` lists some.",
            )
        return tokens[0]

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; a control token stands for none."""
        length = 32
        while True:
            buffer = ctypes.create_string_buffer(length)
            written = llama_cpp.llama_token_to_piece(self._pointer, token, buffer, length, 0, False)
            if written >= 0:
                return buffer.raw[:written]
            length = -written

    def ends(self, token: int) -> bool:
        return bool(llama_cpp.llama_vocab_is_eog(self._pointer, token))

    def _tokenised(self, text: str, *, special: bool) -> list[int]:
        data = text.encode()
        room = len(data) + 8
        while True:
            buffer = (llama_cpp.llama_token * room)()
            written = llama_cpp.llama_tokenize(self._pointer, data, len(data), buffer, room, False, special)
            if written >= 0:
                return list(buffer[:written])
            room = -written


class Context:
    """The native context: the tokens that it holds, and what it expects after the last one."""

    def __init__(self, model: Model, *, tokens: int, threads: int, states: StateStore | None = None) -> None:
        """Room for so many tokens, prompt and text together. Raises ModelError where memory is short.

        Beginnings of prompts are kept in `states`, where there are any.
        """
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = tokens
        parameters.n_batch = BATCH_TOKENS
        parameters.n_ubatch = COMPUTED_TOKENS
        parameters.n_seq_max = 1
        parameters.n_outputs_max = 1
        parameters.n_threads = parameters.n_threads_batch = threads
        # Sliding-window models forget what lies outside of the window unless told to keep it;
        # then a kept prefix would lack its beginning.
        parameters.swa_full = True
        # The fused attention's rows cost more on a CPU the more was read: with the default model on 2
        # cores it writes 20.6 instead of 23.8 tokens a second behind 512, and judges eight guessed
        # words in 153 instead of 99 ms; it reads 3 to 10 % faster.
        if not model.gpu:
            parameters.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self._states = states
        self._identity = f"{model.identity} | {_numbers(parameters)}" if states else ""
        # Room for the rows of logits that are asked for, not for one per token: saves 260 MB with
        # 151,936 words. It changes no result, so states are kept under the same name.
        parameters.n_outputs_max = MOST_DRAFTED + 1
        self._opened = time.time()
        self._pointer = llama_cpp.llama_init_from_model(model.pointer, parameters)
        if not self._pointer:
            raise ModelError(
                f"{model.path} needs more memory than there is: {_last_error()}.",
                hint="Set context_tokens lower, or choose a smaller model.",
            )
        self._memory = llama_cpp.llama_get_memory(self._pointer)
        self._batch = llama_cpp.llama_batch_init(BATCH_TOKENS, 0, 1)
        self._size = model.vocabulary.size
        # Recurrent and hybrid models cannot forget a part of what they hold.
        kinds = (llama_cpp.llama_model_is_recurrent, llama_cpp.llama_model_is_hybrid)
        self.forgets = not any(is_kind(model.pointer) for is_kind in kinds)
        self._held: list[list[int]] = []  # the batches evaluated, in order
        self.abort_on(AbortFlag())

    def abort_on(self, flag: AbortFlag) -> None:
        """From now on, computing stops with AbortedError once this flag is set."""
        self._flag = flag
        llama_cpp.llama_set_abort_callback(self._pointer, _strlen, flag.address)

    def read(self, batches: Sequence[list[int]]) -> Iterator[int]:
        """Evaluate a prompt, keeping the batches with which the last one began too.

        Where the store has a longer beginning, that is restored. Yields, after each batch, how many
        tokens were evaluated so far.
        """
        read = 0
        for place in range(self._recall(batches), len(batches)):
            last = place == len(batches) - 1
            self._evaluate(batches[place], outputs=int(last))
            if not last and place in _kept_places(batches):
                self._save()
            read += len(batches[place])
            yield read

    def prepare(self, batches: Sequence[list[int]]) -> bool:
        """Have all of a prompt but its last batch in the store; whether it is there now.

        Nothing that was used since this context was made is pushed out for it. Without a store it is
        only evaluated, for the next prompt may begin with it, too.
        """
        *first, _ = batches or [[]]
        if not first:
            return False
        if self._states is not None and self._states.touch(prefix_keys(self._identity, first)[-1]):
            return True
        for place in range(self._recall(batches), len(first)):
            self._evaluate(batches[place], outputs=0)
            if place == 0 and len(first) > 1:
                self._save(spared_since=self._opened)
        return self._save(spared_since=self._opened)

    def state(self) -> bytes:
        """What was computed of the tokens held, for a context of the same model and kind."""
        buffer = (ctypes.c_uint8 * llama_cpp.llama_state_seq_get_size(self._pointer, SEQUENCE))()
        written = llama_cpp.llama_state_seq_get_data(self._pointer, buffer, len(buffer), SEQUENCE)
        return bytes(memoryview(buffer)[:written])

    def restore(self, batches: Sequence[list[int]], state: bytes) -> bool:
        """Hold these batches by the state that they once gave. False, and empty, where it does not fit.

        The state must be one that `state` gave: the library checks its shape, not its numbers.
        """
        self.clear()
        data = ctypes.cast(ctypes.c_char_p(state), ctypes.POINTER(ctypes.c_uint8))
        taken = llama_cpp.llama_state_seq_set_data(self._pointer, data, len(state), SEQUENCE)
        end = llama_cpp.llama_memory_seq_pos_max(self._memory, SEQUENCE) + 1
        if taken != len(state) or end != sum(map(len, batches)):
            _log_lines.clear()
            self.clear()
            return False
        self._held = [list(batch) for batch in batches]
        return True

    def follow(self, tokens: Sequence[int]) -> list[int]:
        """Evaluate these, at most MOST_DRAFTED + 1, at once; the likeliest token after each of them."""
        self._evaluate(tokens, outputs=len(tokens))
        return [int(self.logits(row).argmax()) for row in range(len(tokens))]

    def forget(self, count: int) -> None:
        """Hold the last `count` tokens of what was evaluated last no more. Only where it `forgets`."""
        if count:
            del self._held[-1][-count:]
            if not llama_cpp.llama_memory_seq_rm(self._memory, SEQUENCE, self._length, -1):
                raise ModelError("The model cannot forget words.", hint="Set drafting = false.")

    def logits(self, row: int = -1) -> NDArray[np.float32]:
        """What the model expects after the last token, or after that of a row that was asked for.

        Shape (vocabulary size,). A view: copy to keep.
        """
        found = llama_cpp.llama_get_logits_ith(self._pointer, row)
        if not found:
            raise ModelError("The model gave no result.", hint="Run `vouch models verify`.")
        return np.ctypeslib.as_array(found, shape=(self._size,))

    def likeliest(self) -> int:
        return int(self.logits().argmax())

    def clear(self) -> None:
        """Forget all tokens."""
        llama_cpp.llama_memory_clear(self._memory, True)
        self._held = []

    def free(self) -> None:
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._pointer)

    @property
    def _length(self) -> int:
        return sum(map(len, self._held))

    def _recall(self, batches: Sequence[list[int]]) -> int:
        """Hold as much of the prompt's beginning as can be had unread; return how many batches."""
        held = self._keep(batches)
        if self._states is not None and held < len(batches) - 1:
            keys = prefix_keys(self._identity, batches[:-1])
            for count in range(len(keys), held, -1):
                state = self._states.get(keys[count - 1])
                if state is not None and self.restore(batches[:count], state):
                    break
        return len(self._held)

    def _save(self, *, spared_since: float = float("inf")) -> bool:
        if self._states is None:
            return False
        key = prefix_keys(self._identity, self._held)[-1]
        return self._states.put(key, self.state(), spared_since=spared_since)

    def _keep(self, batches: Sequence[list[int]]) -> int:
        """Drop what differs; return how many batches are held. The last is left to evaluate."""
        pairs = zip(self._held, batches[:-1], strict=False)
        kept = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        del self._held[kept:]
        self._cut()
        return len(self._held)

    def _cut(self) -> None:
        """Drop what was evaluated behind the batches held."""
        # Recurrent and hybrid models cannot drop a part: they answer False.
        if not (self._held and llama_cpp.llama_memory_seq_rm(self._memory, SEQUENCE, self._length, -1)):
            self.clear()

    def _evaluate(self, tokens: Sequence[int], *, outputs: int) -> None:
        """Hold these, too, and give the logits of the last `outputs` of them."""
        if self._flag.is_set():
            raise AbortedError
        batch, start = self._batch, self._length
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = start + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = SEQUENCE
            batch.logits[index] = index >= len(tokens) - outputs
        result = llama_cpp.llama_decode(self._pointer, batch)
        if result == DECODE_ABORTED and self.forgets:
            self._cut()  # an unknown part of the batch was evaluated
            raise AbortedError
        if result:
            self.clear()
            if result == DECODE_ABORTED:
                raise AbortedError
            raise ModelError(
                f"The model failed while reading (code {result}): {_last_error()}.",
                hint="Run `vouch models verify`; set context_tokens lower if memory is short.",
            )
        self._held.append(list(tokens))


def _kept_places(batches: Sequence[list[int]]) -> tuple[int, int]:
    """The batches after which the state is kept: what all prompts share, and all but the question."""
    return 0, len(batches) - 2


def _numbers(parameters: Any) -> str:
    """A context's parameters, but for addresses and for threads, which change no result."""
    values = {name: getattr(parameters, name) for name, *_ in parameters._fields_ if "threads" not in name}
    return " ".join(f"{name}={value}" for name, value in values.items() if isinstance(value, int | float))


@cache
def _start_library() -> None:
    llama_cpp.llama_log_set(_log_callback, None)
    llama_cpp.llama_backend_init()


def _load(path: Path, gpu_layers: int) -> Any:
    """The native model. Raises ModelError naming the file."""
    if not path.is_file():
        raise ModelError(f"{path} is not a file.", hint="Fetch a model: `vouch models pull`.")
    parameters = llama_cpp.llama_model_default_params()
    parameters.n_gpu_layers = gpu_layers
    parameters.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP
    # The AMX kernels of this library configure their tiles from memory that the compiler
    # leaves unset (llama.cpp pull request 26954, open) and kill the process on Xeons that have
    # AMX. They come with the weights' extra buffer types, as does repacking, which works.
    parameters.use_extra_bufts = b"AMX_INT8 = 1" not in llama_cpp.llama_print_system_info()
    _log_lines.clear()
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), parameters)
    if not model:
        raise ModelError(
            f"{path} cannot be loaded: {_last_error()}.",
            hint="Run `vouch models verify`, or fetch it again: `vouch models pull`.",
        )
    return model


def _gpu_name() -> str:
    """The first device that is a GPU, as its driver calls it."""
    library = llama_cpp.llama_cpp._lib
    try:
        library.ggml_backend_dev_get.restype = ctypes.c_void_p
        library.ggml_backend_dev_description.restype = ctypes.c_char_p
        for index in range(library.ggml_backend_dev_count()):
            device = ctypes.c_void_p(library.ggml_backend_dev_get(ctypes.c_size_t(index)))
            if library.ggml_backend_dev_type(device) in GPU_TYPES:
                return str(library.ggml_backend_dev_description(device).decode("utf-8", "replace"))
    except AttributeError:  # a platform where a library does not lend its dependencies' names
        pass
    return "GPU"


def _last_error() -> str:
    return _log_lines[0].rstrip(".") if _log_lines else "the library gave no reason"
