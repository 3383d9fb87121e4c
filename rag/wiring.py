"""The only place that names concrete classes: settings in, opened things out.

Heavy libraries are imported when a thing that needs them is opened, never before.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rag import __version__, shelves
from rag.archive import free_for, pack, unpack
from rag.assistant import Assistant
from rag.config import Settings, shipped
from rag.embed import SentenceEmbedder, packaged_folder
from rag.errors import (
    DamagedError,
    LibraryError,
    LockedError,
    MissingLibraryError,
    ModelError,
    PageError,
    StaleIndexError,
    UsageError,
)
from rag.gazetteer import build_gazetteer
from rag.ingest import IngestReport, Progress, index_fingerprint, ingest
from rag.library import Library
from rag.listings import SEEDS_FILE, read_listings
from rag.pages import read_page
from rag.prompt import load_prompt
from rag.protocols import Embedder, Embedders, VectorStore, one_for_all
from rag.read import Reader
from rag.scratch import Scratch
from rag.sound import check_vectors
from rag.states import StateStore
from rag.types import Page, Paper
from rag.vectors import ChromaStore
from rag.verify import verify
from rag.weights import Choice, choose, find, load_catalogue, present, prove

# Read by OpenMP when torch or llama.cpp bring it: how long a thread spins before it sleeps. By
# default it spins for milliseconds, on cores that others need: beside other work, writing fell
# to 2.9 tokens a second on 2 cores, with this setting to 10.2; alone it is 23.0 against 22.0.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# What the setting window_embedder says for: as `embedder`.
SAME = "same"
# Names the reader's own model file that a child process could load.
PROVED = "model.proved"
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

# All that a reader makes Chroma do, on a folder that nobody vouches for.
_VECTORS_PROBE = f"""
import sys
from pathlib import Path
from rag.errors import RagError
from rag.vectors import ChromaStore
try:
    ChromaStore.open(Path(sys.argv[1])).exercise()
except RagError as error:
    sys.exit(print(error.message, file=sys.stderr) or {PROBE_REFUSED})
"""

log = logging.getLogger(__name__)


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
        except DamagedError as error:
            raise StaleIndexError(error.message, hint="Run `vouch ingest`: it makes them anew.") from error
        except (OSError, LibraryError):  # a full disk: there may be room among temporary files
            return _open_copy(folder, Scratch(None))


def _open_copy(shelf: Path, scratch: Scratch) -> VectorStore:
    """A shelf's vectors, copied as they were sealed. Raises DamagedError, LibraryError, OSError."""
    try:
        shelves.copy_sealed(shelf, scratch.path, part=shelves.VECTORS)
        store = ChromaStore.open(scratch.path / shelves.VECTORS)
    except DamagedError:
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
def writer_lock(settings: Settings) -> Iterator[None]:
    """Held while writing: a second writer is told at once."""
    with told_of_disk(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(settings.lock_path, timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout as error:
            raise LockedError("Another `vouch ingest` is running.", hint="Wait until it is done.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def told_of_disk(folder: Path) -> Iterator[None]:
    """What a disk refuses, as a LibraryError."""
    try:
        yield
    except OSError as error:
        raise LibraryError(
            f"{folder} cannot be written: {error.strerror or error}.",
            hint="Check its permissions and free space, or set VOUCH_HOME to another folder.",
        ) from error


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
    """The next shelf, beside the one that is read meanwhile; nothing where nothing is new."""
    with writer_lock(settings), told_of_disk(settings.home):
        embedders = open_embedders(settings)
        if not rebuild and (report := _unchanged(settings, pages, embedders)):
            return report
        plan = _plan(settings, pages, embedders, rebuild=rebuild)
        folder, resumed = shelves.begin(settings.home, plan)
        working = settings.model_copy(update={"home": folder})
        try:
            if resumed:
                _drop_unsound_vectors(working.vectors_path)
            else:
                _lay_base(settings, folder)
                shelves.planned(folder, plan)
            report = _fill(working, pages, embedders, rebuild=rebuild, progress=progress)
            shelves.publish(folder, settings.home)
        except Exception:  # an interrupt leaves what the next run goes on from, a fault leaves nothing
            shelves.discard(folder)
            raise
        shelves.sweep(settings.home)
        return report


def _fill(
    working: Settings,
    pages: Sequence[tuple[Page, Sequence[Paper]]],
    embedders: Embedders,
    *,
    rebuild: bool,
    progress: Progress,
) -> IngestReport:
    """Ingest into a folder that nobody reads, and see that what was written can be read again."""
    library = Library.open(working.library_path, create=True)
    try:
        with closing(open_vectors(working)) as vectors:
            report = ingest(
                pages,
                library=library,
                vectors=vectors,
                embedders=embedders,
                rebuild=rebuild,
                progress=progress,
            )
        with closing(open_vectors(working)) as again:
            check_index(library, again, embedders)
            check_vectors(library, again)
    finally:
        library.close()
    return report


def _unchanged(
    settings: Settings, pages: Sequence[tuple[Page, Sequence[Paper]]], embedders: Embedders
) -> IngestReport | None:
    """The report where the newest shelf is sound and holds these pages as they are; else None."""
    if not shelves.is_sealed(folder := settings.shelf_path):
        return None
    try:
        with closing(open_library(settings, folder)) as library:
            vectors = open_vectors(settings, folder)
            check_index(library, vectors, embedders)
            held = {chunk.id for chunk in library.chunks()} == vectors.ids()
            if not held or {page for page, _ in pages} - set(library.pages()):
                return None
            return IngestReport(len(pages), 0, library.paper_count(), 0, vectors.count(), 0, 0, 0)
    except (DamagedError, StaleIndexError):
        return None


def _plan(
    settings: Settings,
    pages: Sequence[tuple[Page, Sequence[Paper]]],
    embedders: Embedders,
    *,
    rebuild: bool,
) -> str:
    """What an ingest is about: an interrupted one goes on only where this is the same."""
    of_pages = sorted(f"{page.seed} {page.sha256} {page.crawl_year}" for page, _ in pages)
    base = settings.shelf_path.name if shelves.is_sealed(settings.shelf_path) else ""
    return json.dumps([__version__, base, rebuild, index_fingerprint(embedders), of_pages])


def _lay_base(settings: Settings, folder: Path) -> None:
    """What is sound of the newest shelf: all of it, or its library alone; else of the one before it."""
    for shelf in shelves.numbered(settings.home):
        try:
            shelves.copy_sealed(shelf, folder, part=shelves.LIBRARY)
        except DamagedError as error:
            log.warning("%s It is set aside as %s.", error.message, shelves.set_aside(shelf).name)
            (folder / shelves.LIBRARY).unlink(missing_ok=True)
            continue
        try:
            shelves.copy_sealed(shelf, folder, part=shelves.VECTORS)
        except DamagedError:
            shelves.discard(folder / shelves.VECTORS)
        return
    if (settings.home / shelves.LIBRARY).is_file():
        _lay_unsealed(settings.home, folder)


def _lay_unsealed(home: Path, folder: Path) -> None:
    """A library from before there were shelves: copied as SQLite copies, checked, its vectors tried first."""
    with closing(Library.open(home / shelves.LIBRARY)) as library:
        library.check()
        library.copy_to(folder / shelves.LIBRARY)
    if (home / shelves.VECTORS).is_dir():
        shutil.copytree(home / shelves.VECTORS, folder / shelves.VECTORS, copy_function=shutil.copyfile)
        _drop_unsound_vectors(folder / shelves.VECTORS)


def _drop_unsound_vectors(folder: Path) -> None:
    """Vectors that cannot be read, or crash who opens them, go: they are made again from the library."""
    if folder.is_dir() and (fault := probe_vectors(folder)):
        log.warning("%s They are made again.", fault)
        shelves.discard(folder)


def back_up(settings: Settings, target: Path) -> int:
    """The newest shelf as one new file; its size in bytes. Raises LibraryError, UsageError."""
    folder = settings.shelf_path
    with told_of_disk(target.parent):
        if shelves.is_sealed(folder):
            return pack(folder, target)
        scratch = Scratch(settings.open_path)
        try:
            _lay_unsealed(folder, scratch.path)
            shelves.seal(scratch.path)
            return pack(scratch.path, target)
        finally:
            scratch.close()


def restore(settings: Settings, source: Path) -> Library:
    """Make what a backup holds the newest shelf; the one before stays. The library, open.

    Raises LibraryError where it is no whole backup of this Vouch or an older one; nothing is changed then.
    """
    with writer_lock(settings), told_of_disk(settings.home):
        folder, _ = shelves.begin(settings.home, "")
        try:
            _unpack(source, folder)
            with closing(Library.open(folder / shelves.LIBRARY, sealed=True)) as library:
                library.check()
            _drop_unsound_vectors(folder / shelves.VECTORS)
            shelves.publish(folder, settings.home)
        except BaseException:
            shelves.discard(folder)
            raise
        shelves.sweep(settings.home)
    return open_library(settings)


def _unpack(source: Path, folder: Path) -> None:
    try:
        if not free_for(source, folder):
            raise LibraryError(f"The disk of {folder} has no room for {source}.", hint="Free some space.")
    except OSError as error:
        raise UsageError(
            f"{source} cannot be read: {error.strerror or error}.", hint="Name a backup."
        ) from error
    unpack(source, folder)


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
    folder = settings.shelf_path
    try:
        library = open_library(settings, folder)
        if not shelves.is_sealed(folder) and os.access(settings.home, os.W_OK):
            raise StaleIndexError("The library is one of an older Vouch.", hint="Run `vouch ingest`.")
        check_index(library, open_vectors(settings, folder), open_embedders(settings))
    except MissingLibraryError:
        ingest_pages(settings, (), progress=progress)
    except StaleIndexError:
        _ingest(settings, (), rebuild=False, progress=progress)


def open_assistant(
    settings: Settings, *, slot: ModelSlot | None = None, embedders: Embedders | None = None
) -> Assistant:
    """An assistant over the newest shelf; without a slot for a model its answers are quotes.

    `embedders` are those that are open already.

    Raises LibraryError where there is no index, StaleIndexError where it does not fit.
    """
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

    def cancel(self) -> None:
        """Stop what the model writes or reads now; from any thread."""
        if (opened := self._open) is not None:
            opened[1].model.cancel()

    def close(self) -> None:
        if self._open is not None:
            self._open[1].model.close()
            self._open = None


def open_reader(settings: Settings, choice: Choice) -> Reader:
    """Load the chosen model. Raises ModelError where it cannot be loaded."""
    from rag.engine import Engine

    _prove(settings, choice)
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


def probe_vectors(folder: Path) -> str:
    """What is wrong with these vectors, found out by a child process on a copy; empty: nothing."""
    with tempfile.TemporaryDirectory(prefix="vouch-") as copies:
        copy = shutil.copytree(folder, Path(copies) / shelves.VECTORS, copy_function=shutil.copyfile)
        command = [sys.executable, "-c", _VECTORS_PROBE, str(copy)]
        try:
            child = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=PROBE_SECONDS
            )
        except subprocess.TimeoutExpired:
            return f"The vectors in {folder} were not read within {PROBE_SECONDS} seconds."
    if not child.returncode:
        return ""
    said = child.stderr.strip().splitlines() if child.returncode == PROBE_REFUSED else []
    return said[-1].replace(str(copy), str(folder)) if said else f"Chroma ended while reading {folder}."


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
