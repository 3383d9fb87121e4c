"""The language model: token segments in, greedy text out, one generation after another.

One worker thread owns the context and frees it; callers queue, and their text streams to them.
Knows when a text ends: the end of the turn, a stop string, so many tokens, so many seconds.
Knows nothing of papers, of what prompts say, or of how tokens are computed.
"""

from __future__ import annotations

import codecs
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from rag.cores import usable_cores
from rag.draft import Drafter, Machine, held
from rag.errors import ModelError
from rag.llama import COMPUTED_TOKENS, AbortedError, AbortFlag, Context, Model, Vocabulary, uses_gpu
from rag.memory import check_memory
from rag.prompt import CHAT_FORMATS, detect_chat_format
from rag.states import StateStore
from rag.types import Segment, Usage


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
        states: StateStore | None = None,
        drafting: bool = False,
    ) -> Engine:
        """Load a model. `threads` 0: all cores; `gpu_layers` -1: all, where the build has a GPU.

        The context is at most what the model was trained on. Without `chat_format` the file's
        own template decides. `states` keeps what was read before a prompt's last part. With
        `drafting`, words are guessed from the prompt and checked, which is quicker where answers copy.
        Raises ModelError naming the file, also where it would not fit into memory.
        """
        threads = threads or usable_cores()
        if not uses_gpu(gpu_layers):
            check_memory(path, context_tokens=context_tokens, computed_tokens=COMPUTED_TOKENS)
        model = Model(path, gpu_layers=gpu_layers)
        try:
            chat_format = _chat_format(model, chat_format)
            context_tokens = min(context_tokens, model.trained_tokens)
            device = model.gpu or f"CPU, {threads} thread{'s' if threads > 1 else ''}"
            context = Context(model, tokens=context_tokens, threads=threads, states=states)
        except BaseException:
            model.free()
            raise
        worker = _Worker(model, context, drafting=drafting and context.forgets)
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
        on_begin: Callable[[Callable[[], None]], None] | None = None,
    ) -> Generator[str, None, None]:
        """Greedy text, piece by piece; see LanguageModel. Raises before the first piece if it cannot.

        `on_begin` is given what cancels it from any thread: then it ends with a ModelError.
        """
        batches = self._batches(segments, max_tokens)
        job = _Job(batches, max_tokens, tuple(filter(None, stop)), max_seconds)
        if on_begin:
            on_begin(job.flag.set)
        return self._pieces(job, on_usage)

    def prepare(
        self,
        segments: Sequence[Segment],
        *,
        on_begin: Callable[[Callable[[], None]], None] | None = None,
    ) -> bool:
        """Read all but a prompt's last part ahead; whether it is kept now. See LanguageModel.

        `on_begin` is given what cancels it from any thread.
        """
        job = _Job(self._batches(segments, 0), 0, (), None, ahead=True)
        if on_begin:
            on_begin(job.flag.set)
        self._worker.submit(job)
        item = job.output.get()
        if isinstance(item, Exception) and not job.flag.is_set():
            raise item
        return job.kept

    def interrupt(self) -> None:
        """Stop what `prepare` reads, so that it returns at once."""
        self._worker.interrupt()

    def cancel(self) -> None:
        """Stop what is written now, from any thread and also while a prompt is read: its reader is told."""
        self._worker.cancel()

    def close(self) -> None:
        """Cancel what runs, wait for the worker and free the memory. Closing twice is harmless."""
        self._stop()

    def _batches(self, segments: Sequence[Segment], max_tokens: int) -> list[list[int]]:
        """The prompt's tokens. Raises ModelError where there are none or too many."""
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
        return batches

    def _pieces(self, job: _Job, on_usage: Callable[[Usage], None] | None) -> Generator[str, None, None]:
        # Submitted here, at the first piece asked for: a generator that was never started is
        # never closed either, and its job would run for nobody.
        self._worker.submit(job)
        try:
            while isinstance(item := job.output.get(), str):
                yield item
        finally:
            job.flag.set()
        if isinstance(item, Exception):
            raise item
        if on_usage:
            on_usage(item)


@dataclass(eq=False, slots=True)
class _Job:
    """One generation: what to read, when to end, and where its pieces go.

    One that only reads `ahead` gives way to any that begins otherwise, and says whether what it read is
    `kept`.
    """

    batches: list[list[int]]
    max_tokens: int
    stop: tuple[str, ...]
    max_seconds: float | None
    ahead: bool = False
    kept: bool = False
    output: SimpleQueue[str | Usage | Exception] = field(default_factory=SimpleQueue)
    flag: AbortFlag = field(default_factory=AbortFlag)


class _Worker:
    """The thread that owns the context. Frees everything native when it ends."""

    def __init__(self, model: Model, context: Context, *, drafting: bool) -> None:
        self._model = model
        self._context = context
        self._drafting = drafting
        self._machine = Machine()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.RLock()
        self._closed = False
        self._current: _Job | None = None
        self._pending: set[_Job] = set()
        self._thread = threading.Thread(target=self._run, name="vouch-engine", daemon=True)
        self._thread.start()

    @contextmanager
    def vocabulary(self) -> Iterator[Vocabulary]:
        """The vocabulary, kept from being freed meanwhile. Raises ModelError when closed."""
        with self._lock:
            if self._closed:
                raise _closed_error()
            yield self._model.vocabulary

    def submit(self, job: _Job) -> None:
        with self._lock:
            if self._closed:
                raise _closed_error()
            if not job.ahead:
                self._give_way(job)
            self._pending.add(job)
            self._jobs.put(job)

    def _give_way(self, job: _Job) -> None:
        """Stop what is read ahead, unless this job would have to read it, too."""
        for ahead in self._read_ahead():
            *first, _ = ahead.batches
            if job.batches[: len(first)] != first:
                ahead.flag.set()

    def _read_ahead(self) -> list[_Job]:
        return [job for job in self._pending if job.ahead]

    def interrupt(self) -> None:
        with self._lock:
            for job in self._read_ahead():
                job.flag.set()

    def cancel(self) -> None:
        with self._lock:
            waited_for = self._current is not None and self._current.ahead
            for job in self._pending:
                if not job.ahead and (waited_for or job is self._current):
                    job.flag.set()

    def stop(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
            if self._current:
                self._current.flag.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while job := self._jobs.get():
            job.output.put(self._served(job))
        self._context.free()
        self._model.free()

    def _served(self, job: _Job) -> Usage | Exception:
        with self._lock:
            if self._closed:
                return _closed_error()
            self._current = job
        try:
            self._context.abort_on(job.flag)
            if job.ahead:
                job.kept = self._context.prepare(job.batches)
                return Usage(0, 0)
            return self._write(job)
        except AbortedError:
            return _closed_error()  # where the caller cancelled, nobody listens any more
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            self._context.clear()
            return error
        finally:
            with self._lock:
                self._current = None
                self._pending.discard(job)

    def _write(self, job: _Job) -> Usage:
        deadline = time.monotonic() + (float("inf") if job.max_seconds is None else job.max_seconds)
        read = written = 0
        for read in self._context.read(job.batches):
            if time.monotonic() > deadline:
                return Usage(read, 0)
        text = _Text(job.stop)
        for token in self._tokens(job, deadline):
            written += 1
            if piece := text.feed(self._model.vocabulary.piece(token)):
                job.output.put(piece)
            if text.stopped:
                return Usage(read, written)
        if text.held:
            job.output.put(text.held)
        return Usage(read, written)

    def _tokens(self, job: _Job, deadline: float) -> Iterator[int]:
        """The likeliest tokens up to the end of the turn; the last one is never evaluated."""
        drafter = None
        if self._drafting:
            drafter = Drafter((token for batch in job.batches for token in batch), self._machine)
        found: list[int] = []
        left = job.max_tokens
        while left > 0 and time.monotonic() <= deadline:
            found = self._next(found, drafter, left) if found else [self._context.likeliest()]
            for token in found:
                if self._model.vocabulary.ends(token):
                    return
                yield token
            left -= len(found)

    def _next(self, found: list[int], drafter: Drafter | None, left: int) -> list[int]:
        """At most `left` tokens that follow those found last, of which the last is still to be evaluated."""
        if drafter is None:
            return self._context.follow(found[-1:])
        drafter.add(found)
        guess = drafter.guess()
        tried = guess[: min(drafter.worth, left - 1)]
        start = time.perf_counter()
        found = self._context.follow([found[-1], *tried])
        self._machine.saw(len(found), time.perf_counter() - start)
        right = held(tried, found)
        self._context.forget(len(tried) - right)
        drafter.checked(guess, found[: right + 1], tried=len(tried))
        return found[: right + 1]


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


def _chat_format(model: Model, wanted: str | None) -> str:
    """The chat format to use, checked against the vocabulary. Raises ModelError naming the file."""
    found = wanted or detect_chat_format(model.chat_template)
    hint = f"Vouch knows the chat formats {', '.join(CHAT_FORMATS)}."
    if found is None or found not in CHAT_FORMATS:
        raise ModelError(f"{model.path} has a chat format that Vouch does not know.", hint=hint)
    for control in CHAT_FORMATS[found].controls:
        try:
            model.vocabulary.control(control)
        except ModelError as error:
            raise ModelError(f"{model.path} cannot be used as {found}: {error.message}", hint=hint) from error
    return found


def _closed_error() -> ModelError:
    return ModelError("The model was closed.", hint="Open it again.")
