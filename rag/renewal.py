"""The next shelf: made of pages or a backup, checked, sealed, then taken into use; and put by as one file.

One writer at a time, beside the shelf that is read meanwhile; what fails leaves that one as it was.
Knows how a shelf is made whole, not how its parts are read and written.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rag import __version__, shelves
from rag.archive import free_for, pack, unpack
from rag.config import Settings, shipped
from rag.errors import (
    DamagedError,
    LibraryError,
    LockedError,
    MissingLibraryError,
    PageError,
    StaleIndexError,
    UnreadableError,
    UsageError,
)
from rag.ingest import IngestReport, Progress, index_fingerprint, ingest
from rag.library import Library
from rag.listings import SEEDS_FILE, read_listings
from rag.pages import read_page
from rag.probes import probe_vectors
from rag.protocols import Embedders
from rag.scratch import Scratch
from rag.sound import check_vectors
from rag.types import Page, Paper
from rag.wiring import check_index, open_embedders, open_library, open_vectors, told_of_disk

log = logging.getLogger(__name__)


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
        except (DamagedError, UnreadableError):  # they are made again
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
