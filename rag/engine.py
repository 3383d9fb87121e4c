"""llama.cpp: holds one model file open; token segments in, greedy text out.

One worker thread owns the native context and frees it; callers queue. The last prompt stays
evaluated, so one that begins like it costs only what differs, and is always evaluated in the
same batches: sums are rounded by batch, so only then is the text the same whatever was read
before. Knows nothing of papers or of what prompts say. The only module that imports llama_cpp.
"""

from __future__ import annotations

import codecs
import ctypes
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.prompt import CHAT_FORMATS, clean, detect_chat_format
from rag.types import Control, Segment, Usage

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

# A job's flag is a C string: empty until cancelled, so strlen, called by the library with the
# flag's address before each of the ~500 operations of a step, answers "cancelled?". A Python
# callback would wait for the interpreter's lock each time: with one other busy thread that
# slowed writing to 0.3 tokens a second, from 1.7.
_libc = ctypes.cdll.msvcrt if os.name == "nt" else ctypes.CDLL(None)
_is_raised = ctypes.cast(_libc.strlen, llama_cpp.ggml_abort_callback)
_never = llama_cpp.ggml_abort_callback()


class _CancelledError(Exception):
    """The native computation was stopped by its job's flag."""


class Engine:
    """A language model (`rag.protocols.LanguageModel`) in one GGUF file."""

    def __init__(
        self, worker: _Worker, *, name: str, chat_format: str, context_tokens: int, device: str
    ) -> None:
        self._worker = worker
        self._stop = weakref.finalize(self, worker.stop)
        self.name = name
        self.chat_format = chat_format
        self.context_tokens = context_tokens
        self.device = device

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        name: str,
        context_tokens: int,
        threads: int,
        gpu_layers: int,
        chat_format: str | None = None,
    ) -> Engine:
        """Load a model. `threads` 0: all cores; `gpu_layers` -1: all, where the build has a GPU.

        The context is at most what the model was trained on. Without `chat_format` the file's
        own template decides. Raises ModelError naming the file.
        """
        _start_library()
        threads = threads or _usable_cores()
        on_gpu = bool(llama_cpp.llama_supports_gpu_offload()) and gpu_layers != 0
        model = _load(path, gpu_layers if on_gpu else 0)
        try:
            vocabulary = _Vocabulary(model)
            chat_format = _chat_format(model, vocabulary, path, chat_format)
            context_tokens = min(context_tokens, llama_cpp.llama_model_n_ctx_train(model))
            context = _Context(model, vocabulary.size, context_tokens, threads, path)
        except BaseException:
            llama_cpp.llama_model_free(model)
            raise
        device = _gpu_name() if on_gpu else f"CPU, {threads} thread{'s' if threads > 1 else ''}"
        worker = _Worker(model, vocabulary, context)
        return cls(worker, name=name, chat_format=chat_format, context_tokens=context_tokens, device=device)

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, as `generate` would read it."""
        with self._worker.vocabulary() as vocabulary:
            return len(vocabulary.text(text))

    def generate(
        self,
        segments: Sequence[Segment],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        max_seconds: float | None = None,
        on_usage: Callable[[Usage], None] | None = None,
    ) -> Generator[str, None, None]:
        """Greedy text, piece by piece; see LanguageModel. Raises before the first piece if it cannot."""
        with self._worker.vocabulary() as vocabulary:
            batches = vocabulary.prompt(segments)
        count = sum(map(len, batches))
        if not count:
            raise ModelError("The prompt is empty.", hint="Restore the files in prompts/.")
        if count + max_tokens > self.context_tokens:
            raise ModelError(
                f"The prompt has {count} tokens and {max_tokens} are to be written, "
                f"but {self.name} reads at most {self.context_tokens} together.",
                hint="Ask a shorter question, or set context_tokens higher where the model allows it.",
            )
        job = _Job(batches, max_tokens, tuple(filter(None, stop)), max_seconds)
        return self._pieces(job, on_usage)

    def close(self) -> None:
        """Cancel what runs, wait for the worker and free the memory. Closing twice is harmless."""
        self._stop()

    def _pieces(self, job: _Job, on_usage: Callable[[Usage], None] | None) -> Generator[str, None, None]:
        # Submitted here, at the first piece asked for: a generator that was never started is
        # never closed either, and its job would run for nobody.
        self._worker.submit(job)
        try:
            while isinstance(item := job.output.get(), str):
                yield item
        finally:
            job.cancel()
        if isinstance(item, Exception):
            raise item
        if on_usage:
            on_usage(item)


@dataclass(eq=False, slots=True)
class _Job:
    """One generation: what to read, when to end, and where its pieces go."""

    batches: list[list[int]]
    max_tokens: int
    stop: tuple[str, ...]
    max_seconds: float | None
    output: SimpleQueue[str | Usage | Exception] = field(default_factory=SimpleQueue)
    flag: ctypes.Array[ctypes.c_char] = field(default_factory=lambda: ctypes.create_string_buffer(2))

    def cancel(self) -> None:
        self.flag.value = b"x"

    @property
    def cancelled(self) -> bool:
        return bool(self.flag.value)


class _Worker:
    """The thread that owns the context. Frees everything native when it ends."""

    def __init__(self, model: Any, vocabulary: _Vocabulary, context: _Context) -> None:
        self._model = model
        self._vocabulary = vocabulary
        self._context = context
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.RLock()
        self._closed = False
        self._current: _Job | None = None
        self._thread = threading.Thread(target=self._run, name="vouch-engine", daemon=True)
        self._thread.start()

    @contextmanager
    def vocabulary(self) -> Iterator[_Vocabulary]:
        """The vocabulary, kept from being freed meanwhile. Raises ModelError when closed."""
        with self._lock:
            if self._closed:
                raise _closed_error()
            yield self._vocabulary

    def submit(self, job: _Job) -> None:
        with self._lock:
            if self._closed:
                raise _closed_error()
            self._jobs.put(job)

    def stop(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
            if self._current:
                self._current.cancel()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while job := self._jobs.get():
            job.output.put(self._served(job))
        self._context.free()
        llama_cpp.llama_model_free(self._model)

    def _served(self, job: _Job) -> Usage | Exception:
        with self._lock:
            if self._closed:
                return _closed_error()
            self._current = job
        try:
            with self._context.cancelled_by(job):
                return self._write(job)
        except _CancelledError:
            return _closed_error()  # where the caller cancelled, nobody listens any more
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            self._context.clear()
            return error
        finally:
            with self._lock:
                self._current = None

    def _write(self, job: _Job) -> Usage:
        deadline = time.monotonic() + (float("inf") if job.max_seconds is None else job.max_seconds)
        read = written = 0
        for read in self._context.read(job.batches):
            if time.monotonic() > deadline:
                return Usage(read, 0)
        text = _Text(job.stop)
        for token in self._tokens(job.max_tokens, deadline):
            written += 1
            if piece := text.feed(self._vocabulary.piece(token)):
                job.output.put(piece)
            if text.stopped:
                return Usage(read, written)
        if text.held:
            job.output.put(text.held)
        return Usage(read, written)

    def _tokens(self, count: int, deadline: float) -> Iterator[int]:
        """The likeliest tokens up to the end of the turn; the last one is never evaluated."""
        token = 0
        for position in range(count):
            if position:
                self._context.append(token)
            if time.monotonic() > deadline:
                return
            token = self._context.likeliest()
            if self._vocabulary.ends(token):
                return
            yield token


class _Vocabulary:
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


class _Context:
    """The native context: the tokens that it holds, and what it expects after the last one."""

    def __init__(self, model: Any, vocabulary_size: int, tokens: int, threads: int, path: Path) -> None:
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = tokens
        parameters.n_batch = BATCH_TOKENS
        parameters.n_ubatch = COMPUTED_TOKENS
        parameters.n_seq_max = 1
        # Room for one row of logits, not for one per token: saves 260 MB with 151,936 words.
        parameters.n_outputs_max = 1
        parameters.n_threads = parameters.n_threads_batch = threads
        # Sliding-window models forget what lies outside of the window unless told to keep it;
        # then a kept prefix would lack its beginning.
        parameters.swa_full = True
        self._pointer = llama_cpp.llama_init_from_model(model, parameters)
        if not self._pointer:
            raise ModelError(
                f"{path} needs more memory than there is: {_last_error()}.",
                hint="Set context_tokens lower, or choose a smaller model.",
            )
        self._memory = llama_cpp.llama_get_memory(self._pointer)
        self._batch = llama_cpp.llama_batch_init(BATCH_TOKENS, 0, 1)
        self._size = vocabulary_size
        self._held: list[list[int]] = []  # the batches evaluated, in order
        self._job: _Job | None = None

    @contextmanager
    def cancelled_by(self, job: _Job) -> Iterator[None]:
        """Meanwhile, computing stops with _CancelledError once the job is cancelled."""
        self._job = job
        llama_cpp.llama_set_abort_callback(self._pointer, _is_raised, ctypes.addressof(job.flag))
        try:
            yield
        finally:
            llama_cpp.llama_set_abort_callback(self._pointer, _never, None)
            self._job = None

    def read(self, batches: Sequence[list[int]]) -> Iterator[int]:
        """Evaluate a prompt, keeping the batches with which the last one began too.

        Yields, after each batch, how many tokens were evaluated so far.
        """
        read = 0
        for batch in batches[self._keep(batches) :]:
            self._evaluate(batch, last=batch is batches[-1])
            read += len(batch)
            yield read

    def append(self, token: int) -> None:
        """Evaluate one more token."""
        self._evaluate([token], last=True)

    def logits(self) -> NDArray[np.float32]:
        """What the model expects after the last token; shape (vocabulary size,). A view: copy to keep."""
        row = llama_cpp.llama_get_logits_ith(self._pointer, -1)
        if not row:
            raise ModelError("The model gave no result.", hint="Run `vouch models verify`.")
        return np.ctypeslib.as_array(row, shape=(self._size,))

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

    def _keep(self, batches: Sequence[list[int]]) -> int:
        """Drop what differs; return how many batches are held. The last is left to evaluate."""
        pairs = zip(self._held, batches[:-1], strict=False)
        kept = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        del self._held[kept:]
        # Recurrent and hybrid models cannot drop a part: they answer False.
        if kept and llama_cpp.llama_memory_seq_rm(self._memory, SEQUENCE, self._length, -1):
            return kept
        self.clear()
        return 0

    def _evaluate(self, tokens: Sequence[int], *, last: bool) -> None:
        if self._job and self._job.cancelled:
            raise _CancelledError
        batch, start = self._batch, self._length
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = start + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = SEQUENCE
            batch.logits[index] = False
        batch.logits[len(tokens) - 1] = last
        result = llama_cpp.llama_decode(self._pointer, batch)
        if result:
            self.clear()  # an unknown part of the batch was evaluated
            if result == DECODE_ABORTED:
                raise _CancelledError
            raise ModelError(
                f"The model failed while reading (code {result}): {_last_error()}.",
                hint="Run `vouch models verify`; set context_tokens lower if memory is short.",
            )
        self._held.append(list(tokens))


class _Text:
    """Token bytes to text, up to a stop string.

    Holds back incomplete characters, and an ending that may be the beginning of a stop string.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = stop
        self._decode = codecs.getincrementaldecoder("utf-8")("ignore").decode
        self.held = ""
        self.stopped = False

    def feed(self, data: bytes) -> str:
        """The text that is now certain."""
        text = self.held + self._decode(data)
        found = [at for string in self._stop if (at := text.find(string)) >= 0]
        if found:
            self.stopped = True
            self.held = ""
            return text[: min(found)]
        certain = len(text) - max((_overlap(text, string) for string in self._stop), default=0)
        self.held = text[certain:]
        return text[:certain]


def _overlap(text: str, stop: str) -> int:
    """The length of the longest ending of `text` that begins `stop`."""
    lengths = range(min(len(text), len(stop) - 1), 0, -1)
    return next((length for length in lengths if text.endswith(stop[:length])), 0)


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


def _chat_format(model: Any, vocabulary: _Vocabulary, path: Path, wanted: str | None) -> str:
    """The chat format to use, checked against the vocabulary. Raises ModelError naming the file."""
    template: bytes = llama_cpp.llama_model_chat_template(model, None) or b""
    found = wanted or detect_chat_format(template.decode("utf-8", "replace"))
    hint = f"Vouch knows the chat formats {', '.join(CHAT_FORMATS)}."
    if found is None or found not in CHAT_FORMATS:
        raise ModelError(f"{path} has a chat format that Vouch does not know.", hint=hint)
    for control in CHAT_FORMATS[found].controls:
        try:
            vocabulary.control(control)
        except ModelError as error:
            raise ModelError(f"{path} cannot be used as {found}: {error.message}", hint=hint) from error
    return found


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def _closed_error() -> ModelError:
    return ModelError("The model was closed.", hint="Open it again.")
