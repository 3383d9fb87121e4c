"""The only place that names concrete classes: settings in, opened things out.

Heavy libraries are imported when a thing that needs them is opened, never before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rag.assistant import Assistant
from rag.config import Settings, shipped
from rag.embed import SentenceEmbedder, packaged_folder
from rag.errors import LibraryError, LockedError, MissingLibraryError, ModelError, PageError, StaleIndexError
from rag.gazetteer import build_gazetteer
from rag.ingest import IngestReport, Progress, index_fingerprint, ingest
from rag.library import Library
from rag.listings import SEEDS_FILE, read_listings
from rag.pages import read_page
from rag.prompt import load_prompt
from rag.protocols import Embedder, Embedders, VectorStore, one_for_all
from rag.read import Reader
from rag.states import StateStore
from rag.types import Page, Paper
from rag.vectors import ChromaStore
from rag.verify import verify
from rag.weights import Choice, choose, find, load_catalogue, present

# Read by OpenMP when torch or llama.cpp bring it: how long a thread spins before it sleeps. By
# default it spins for milliseconds, on cores that others need: beside other work, writing fell
# to 2.9 tokens a second on 2 cores, with this setting to 10.2; alone it is 23.0 against 22.0.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# What the setting window_embedder says for: as `embedder`.
SAME = "same"
PROBE_SECONDS = 300
PROBE_REFUSED = 3
_PROBE = f"""
import sys
from pathlib import Path
from rag.engine import Engine
from rag.errors import RagError
try:
    Engine.open(Path(sys.argv[1]), name="probe", context_tokens=512, threads=1, gpu_layers=0).close()
except RagError as error:
    sys.exit(print(error.message, file=sys.stderr) or {PROBE_REFUSED})
"""


def open_library(settings: Settings) -> Library:
    return Library.open(settings.library_path)


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


def open_vectors(settings: Settings) -> VectorStore:
    return ChromaStore.open(settings.vectors_path, server=settings.chroma_server)


def open_states(settings: Settings) -> StateStore | None:
    """Where what the model has read is kept; None where that is switched off."""
    if not settings.kept_states_mb:
        return None
    return StateStore(settings.states_path, most_bytes=settings.kept_states_mb * 1_000_000)


@contextmanager
def writer_lock(settings: Settings) -> Iterator[None]:
    """Held while writing: a second writer is told at once."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(settings.lock_path, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise LockedError("Another `vouch ingest` is running.", hint="Wait until it is done.") from error
    except OSError as error:
        raise LibraryError(
            f"{settings.home} cannot be written: {error.strerror or error}.",
            hint="Check its permissions and free space, or set VOUCH_HOME to another folder.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def ingest_pages(
    settings: Settings,
    paths: Sequence[Path],
    *,
    crawl_year: int | None = None,
    rebuild: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> IngestReport:
    """Read these pages (the shipped seeds if none are named) and index them.

    All pages are read before anything is written: one that cannot be read changes nothing.
    """
    pages = [read_page(path, crawl_year=crawl_year) for path in paths or seed_paths()]
    return _ingest(settings, pages, rebuild=rebuild, progress=progress)


def _ingest(
    settings: Settings, pages: Sequence[tuple[Page, Sequence[Paper]]], *, rebuild: bool, progress: Progress
) -> IngestReport:
    with writer_lock(settings):
        library = Library.open(settings.library_path, create=True)
        try:
            return ingest(
                pages,
                library=library,
                vectors=open_vectors(settings),
                embedders=open_embedders(settings),
                rebuild=rebuild,
                progress=progress,
            )
        finally:
            library.close()


def seed_hashes() -> list[tuple[Path, str]]:
    """The shipped pages and the sha256 that each was shipped with. Raises PageError."""
    folder = shipped("seeds")
    listings = read_listings(folder / SEEDS_FILE)
    if not listings:
        raise PageError("No shipped page is listed.", file=SEEDS_FILE, hint="Install Vouch again.")
    return [(folder / listing.file, listing.sha256) for listing in listings]


def seed_paths() -> list[Path]:
    """The author pages that ship with Vouch."""
    return sorted(shipped("seeds").glob("*.txt"))


def ensure_index(settings: Settings, *, progress: Progress = lambda stage, done, total: None) -> None:
    """Index the seeds where there is no index, and bring one that does not fit up to date."""
    try:
        check_index(open_library(settings), open_vectors(settings), open_embedders(settings))
    except MissingLibraryError:
        ingest_pages(settings, (), progress=progress)
    except StaleIndexError:
        _ingest(settings, (), rebuild=False, progress=progress)


def open_assistant(settings: Settings, *, slot: ModelSlot | None = None) -> Assistant:
    """An assistant over the indexed shelf; without a slot for a model its answers are quotes.

    Raises LibraryError where there is no index, StaleIndexError where it does not fit.
    """
    library = open_library(settings)
    vectors = open_vectors(settings)
    embedders = open_embedders(settings)
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

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: tuple[Choice, Reader] | None = None

    def __call__(self) -> Reader | None:
        with self._lock:
            choice = self.choice()
            if choice is None or not choice.writes:
                return None
            if self._open is None or self._open[0] != choice:
                self.close()
                self._open = (choice, open_reader(self._settings, choice))
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

    def close(self) -> None:
        if self._open is not None:
            self._open[1].model.close()
            self._open = None


def open_reader(settings: Settings, choice: Choice) -> Reader:
    """Load the chosen model. Raises ModelError where it cannot be loaded."""
    from rag.engine import Engine

    engine = Engine.open(
        choice.path,
        name=choice.name,
        context_tokens=settings.context_tokens,
        threads=settings.threads,
        gpu_layers=settings.gpu_layers,
        states=open_states(settings),
        drafting=settings.drafting,
    )
    return Reader(
        model=engine,
        prompt=load_prompt(shipped("prompts") / "read.md"),
        verify=verify,
        max_tokens=settings.answer_tokens,
        max_seconds=settings.answer_seconds,
    )


def probe_model(choice: Choice) -> None:
    """Load the model once in a child process: a file that crashes llama.cpp crashes only that.

    Raises ModelError with what the child said.
    """
    command = [sys.executable, "-c", _PROBE, str(choice.path)]
    try:
        child = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"{choice.path} was not loaded within {PROBE_SECONDS} seconds.", hint="Use another GGUF file."
        ) from error
    if child.returncode:
        said = child.stderr.strip().splitlines()
        reason = (
            said[-1] if said and child.returncode == PROBE_REFUSED else "llama.cpp ended while loading it."
        )
        raise ModelError(f"{choice.path} cannot be used: {reason}", hint="Use another GGUF file.")
