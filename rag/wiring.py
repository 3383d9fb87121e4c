"""The only place that names concrete classes: settings in, opened things out.

Heavy libraries are imported when a thing that needs them is opened, never before. Writes nothing but
which model file was proved.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rag import shelves
from rag.config import Settings, shipped
from rag.embed import SentenceEmbedder, packaged_folder
from rag.errors import (
    DamagedError,
    LibraryError,
    ModelError,
    StaleIndexError,
    UnreadableError,
)
from rag.ingest import index_fingerprint
from rag.library import Library
from rag.probes import probe_model, probe_vectors
from rag.prompt import load_prompt
from rag.protocols import Embedder, Embedders, LanguageModel, VectorStore, one_for_all
from rag.read import Reader
from rag.scratch import Scratch
from rag.states import StateStore
from rag.vectors import ChromaStore
from rag.verify import verify
from rag.weights import Choice, choose, find, load_catalogue, present, prove

if TYPE_CHECKING:
    from rag.assistant import Assistant

# Read by OpenMP when torch or llama.cpp bring it: how long a thread spins before it sleeps. By
# default it spins for milliseconds, on cores that others need: beside other work, writing fell
# to 2.9 tokens a second on 2 cores, with this setting to 10.2; alone it is 23.0 against 22.0.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# What the setting window_embedder says for: as `embedder`.
SAME = "same"
# Names the reader's own model file that a child process could load.
PROVED = "model.proved"


def open_library(settings: Settings, folder: Path | None = None) -> Library:
    """The library of this shelf, by default the newest. Raises LibraryError, also where it is damaged."""
    return Library.of_shelf(folder or settings.shelf_path)


def embedder_folder(settings: Settings) -> Path:
    return Path(settings.embedder).expanduser() if settings.embedder else packaged_folder()


def window_embedder_folder(settings: Settings) -> Path:
    """The folder of what embeds whole abstracts. Raises ModelError where a name is unknown or not here."""
    setting, catalogue = settings.window_embedder, load_catalogue()
    if setting == SAME or (not setting and settings.embedder):
        return embedder_folder(settings)
    if not setting:
        here = (
            model for model in catalogue if model.role == "encoder" and present(model, settings.models_path)
        )
        best = next(here, None)
        return settings.models_path / best.kept if best else embedder_folder(settings)
    if os.sep in setting or Path(setting).is_dir():
        return Path(setting).expanduser()
    model = find(catalogue, setting)
    if model.role != "encoder":
        raise ModelError(
            f"{model.name} writes and does not embed.", hint="Name an encoder in window_embedder."
        )
    if not present(model, settings.models_path):
        raise ModelError(
            f"The encoder {model.name} is not here.", hint=f"Run `vouch models pull {model.name}`."
        )
    return settings.models_path / model.kept


def open_embedder(settings: Settings) -> Embedder:
    return SentenceEmbedder(embedder_folder(settings), threads=settings.threads)


def open_embedders(settings: Settings) -> Embedders:
    """Who embeds what: sentences for what they say, whole abstracts for what they are about."""
    sentence, folder = open_embedder(settings), window_embedder_folder(settings)
    if folder == embedder_folder(settings):
        return one_for_all(sentence)
    return {"window": SentenceEmbedder(folder, threads=settings.threads), "sentence": sentence}


def open_vectors(settings: Settings, folder: Path | None = None) -> VectorStore:
    """The vectors of this shelf, by default the newest: of a sealed one a checked copy of this process's own,
    so that Chroma's native code opens nothing but what was written, and changes nothing that others read.

    Raises StaleIndexError where they are damaged, LibraryError where they cannot be opened.
    """
    folder = folder or settings.shelf_path
    if settings.chroma_server or not shelves.is_sealed(folder):
        return ChromaStore.open(folder / shelves.VECTORS, server=settings.chroma_server)
    with told_of_disk(settings.home):
        try:
            return _open_copy(folder, Scratch(settings.open_path))
        except (DamagedError, UnreadableError) as error:
            raise StaleIndexError(error.message, hint="Run `vouch ingest`: it makes them anew.") from error
        except (OSError, LibraryError):  # a full disk: there may be room among temporary files
            return _open_copy(folder, Scratch(None))


def _open_copy(shelf: Path, scratch: Scratch) -> VectorStore:
    """A shelf's vectors, copied as they were sealed.

    Raises DamagedError, UnreadableError, LibraryError, OSError.
    """
    try:
        shelves.copy_sealed(shelf, scratch.path, part=shelves.VECTORS)
        store = ChromaStore.open(scratch.path / shelves.VECTORS)
    except (DamagedError, UnreadableError):
        scratch.close()
        raise
    except LibraryError as error:
        scratch.close()
        hint = "Free some space; else run `vouch ingest --rebuild`."
        raise LibraryError(error.message, hint=hint) from error
    except BaseException:
        scratch.close()
        raise
    store.goes_with(scratch.close)
    return store


def open_states(settings: Settings) -> StateStore | None:
    """Where what the model has read is kept; None where that is switched off."""
    if not settings.kept_states_mb:
        return None
    return StateStore(settings.states_path, most_bytes=settings.kept_states_mb * 1_000_000)


@contextmanager
def told_of_disk(folder: Path) -> Iterator[None]:
    """What a disk refuses, as a LibraryError."""
    try:
        yield
    except OSError as error:
        raise LibraryError(
            f"{folder} cannot be written or read: {error.strerror or error}.",
            hint="Check its permissions and free space, or set VOUCH_HOME to another folder.",
        ) from error


def open_assistant(
    settings: Settings, *, slot: ModelSlot | None = None, embedders: Embedders | None = None
) -> Assistant:
    """An assistant over the newest shelf; without a slot for a model its answers are quotes.

    `embedders` are those that are open already.

    Raises LibraryError where there is no index, StaleIndexError where it does not fit.
    """
    # After the model was begun, which is opened while these are imported.
    from rag.assistant import Assistant
    from rag.gazetteer import build_gazetteer

    library, vectors = _open_shelf(settings)
    embedders = embedders or open_embedders(settings)
    check_index(library, vectors, embedders)
    return Assistant(
        library=library,
        vectors=vectors,
        embedders=embedders,
        gazetteer=build_gazetteer(
            library.papers(),
            lambda word: len(embedders["sentence"].piece_spans(word)) == 1,
            crawl_year=max((page.crawl_year for page in library.pages()), default=None),
        ),
        reader=slot or (lambda: None),
        papers_read=settings.papers_read,
        relevance_floor=settings.relevance_floor,
    )


def _open_shelf(settings: Settings) -> tuple[Library, VectorStore]:
    """Library and vectors of one shelf, the newest."""
    while True:
        folder = settings.shelf_path
        try:
            library = open_library(settings, folder)
            if not (settings.chroma_server or shelves.is_sealed(folder)):
                _try_unsealed(folder / shelves.VECTORS)
            return library, open_vectors(settings, folder)
        except LibraryError:
            # Two ingests that ended meanwhile have swept it: there is a newer one.
            if folder.is_dir() or folder == settings.shelf_path:
                raise


def _try_unsealed(folder: Path) -> None:
    """Raise StaleIndexError where vectors that nobody sealed cannot be read, or crash who reads them."""
    if folder.is_dir() and (fault := probe_vectors(folder)):
        raise StaleIndexError(fault, hint="Run `vouch ingest`: it makes them anew.")


def check_index(library: Library, vectors: VectorStore, embedders: Embedders) -> None:
    """Raise StaleIndexError unless the vectors are those of this library and these embedders."""
    made_by = vectors.fingerprint()
    if made_by is None:
        raise StaleIndexError("The vectors are missing.", hint="Run `vouch ingest`.")
    if not made_by == library.chunker() == index_fingerprint(embedders):
        raise StaleIndexError(
            "The index was made with another embedding model or an older Vouch.",
            hint="Run `vouch ingest --rebuild`.",
        )
    if vectors.count() != library.chunk_count():
        raise StaleIndexError(
            "The index is not complete: an ingest is running or was interrupted.",
            hint="Run `vouch ingest`.",
        )


class ModelSlot:
    """The model to read with now, opened at first use; None while only quotes can be given.

    Each call looks again at which models are there, so one that was fetched meanwhile takes over.
    """

    def __init__(
        self, settings: Settings, opener: Callable[[Settings, Choice], Reader] | None = None
    ) -> None:
        """`opener` loads a chosen model, by default `open_reader`."""
        self._settings = settings
        self._opener = opener
        self._lock = threading.Lock()
        self._open: tuple[Choice, Reader] | None = None

    def begin(self) -> None:
        """Open the model meanwhile, and have it read what all prompts begin with."""
        threading.Thread(target=self._begin, name="model").start()

    def _begin(self) -> None:
        with suppress(Exception):  # whoever asks for the reader is told
            if reader := self():
                reader.begin()

    def __call__(self) -> Reader | None:
        with self._lock:
            choice = self.choice()
            if choice is None or not choice.writes:
                return None
            if self._open is None or self._open[0] != choice:
                self._free()
                self._open = (choice, (self._opener or open_reader)(self._settings, choice))
            return self._open[1]

    def choice(self) -> Choice | None:
        """Which model would be used; None where none is there and none was asked for."""
        try:
            return choose(self._settings.model, load_catalogue(), self._settings.models_path)
        except ModelError:
            if self._settings.model:
                raise
            return None

    def status(self) -> str:
        """One line for people: what answers, and where it runs."""
        choice = self.choice()
        if choice is None:
            return "No language model is here: answers are quotes. `vouch models pull` fetches the default."
        if not choice.writes:
            return (
                f"{choice.name}: answers are quotes until `vouch models pull` has fetched the default model."
            )
        device = self._open[1].model.device if self._open and self._open[0] == choice else "not loaded yet"
        return f"{choice.name} · {device}"

    def cancel(self) -> None:
        """Stop what the model writes or reads now; from any thread."""
        if (opened := self._open) is not None:
            opened[1].model.cancel()

    def close(self) -> None:
        with self._lock:
            self._free()

    def _free(self) -> None:
        if self._open is not None:
            self._open[1].model.close()
            self._open = None


def open_reader(settings: Settings, choice: Choice) -> Reader:
    """Load the chosen model. Raises ModelError where it cannot be loaded."""
    from rag.engine import Engine

    return _reader(settings, choice, Engine.open)


def open_reader_apart(settings: Settings, choice: Choice) -> Reader:
    """As open_reader, with the model in a process of its own."""
    from rag.apart import ModelApart

    return _reader(settings, choice, ModelApart.open)


def _reader(settings: Settings, choice: Choice, open_model: Callable[..., LanguageModel]) -> Reader:
    _prove(settings, choice)
    model = open_model(
        choice.path,
        name=choice.name,
        context_tokens=settings.context_tokens,
        threads=settings.threads,
        gpu_layers=settings.gpu_layers,
        states=open_states(settings),
        drafting=settings.drafting,
    )
    return Reader(
        model=model,
        prompt=load_prompt(shipped("prompts") / "read.md"),
        verify=verify,
        max_tokens=settings.answer_tokens,
        max_seconds=settings.answer_seconds,
    )


def _prove(settings: Settings, choice: Choice) -> None:
    """A model file is loaded into this process only if its bytes are the catalogue's, or a child has loaded
    it first; a file that was proved is believed until it is written again. Raises ModelError.
    """
    if choice.model is not None and choice.model.sha256 is not None:
        prove(choice.model, settings.models_path)
        return
    record = settings.home / PROVED
    try:
        state = choice.path.stat()
    except OSError as error:
        raise ModelError(f"{choice.path} cannot be read: {error.strerror}.", hint="Name another.") from error
    mark = f"{choice.path.resolve()} {state.st_size} {state.st_mtime_ns}"
    with suppress(OSError, UnicodeDecodeError):
        if record.read_text("utf-8") == mark:
            return
    probe_model(choice)
    with suppress(OSError):  # a folder that cannot be written: the next start tries the file again
        record.touch(mode=0o600)
        record.write_text(mark, "utf-8")
