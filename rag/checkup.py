"""Everything that Vouch keeps, read and checked to the last byte: what is wrong, and what would mend it.

Changes nothing. It takes seconds for a shelf and about a second for each GB of models and kept states.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from rag import shelves
from rag.config import Settings
from rag.doctor import Finding
from rag.errors import RagError
from rag.probes import probe_model, probe_vectors
from rag.sound import check_vectors
from rag.weights import Choice, choose, load_catalogue, present, verify
from rag.wiring import check_index, open_embedders, open_library, open_states, open_vectors


def check_all(settings: Settings) -> list[Finding]:
    """A finding for each thing that is kept, in the order in which one is made of another."""
    return [
        *_seals(settings),
        _looked("check: library", lambda: _library(settings)),
        _looked("check: vectors", lambda: _vectors(settings)),
        _states(settings),
        *_models(settings),
        _leftovers(settings),
        _private(settings),
    ]


def _looked(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except RagError as error:
        return Finding(subject, False, error.message, error.hint)


def _seals(settings: Settings) -> list[Finding]:
    found = []
    for place, shelf in enumerate(shelves.numbered(settings.home)):
        newest = place == 0
        faults = shelves.faults(shelf)
        subject = f"check: shelf {shelf.name}" + ("" if newest else ", the one before")
        if faults:
            cure = faults[0].hint if newest else "Nothing needs it: the next ingest but one deletes it."
            found.append(Finding(subject, False, _listed(faults), cure, optional=not newest))
        else:
            found.append(Finding(subject, True, "every file is what was sealed"))
    return found


def _listed(faults: Sequence[RagError]) -> str:
    more = f" So with {len(faults) - 1} more files." if len(faults) > 1 else ""
    return faults[0].message + more


def _library(settings: Settings) -> str:
    with closing(open_library(settings)) as library:
        library.check()
        return f"whole: {library.paper_count()} papers and {library.chunk_count()} chunks, each in its index"


def _vectors(settings: Settings) -> str:
    """Vectors that nobody sealed are opened by a child first; a crash is its own."""
    folder = settings.shelf_path
    unsealed = not settings.chroma_server and not shelves.is_sealed(folder)
    if unsealed and settings.vectors_path.is_dir() and (fault := probe_vectors(settings.vectors_path)):
        raise RagError(fault, hint="Run `vouch ingest`: it makes them anew.")
    with closing(open_library(settings, folder)) as library:
        vectors = open_vectors(settings, folder)
        check_index(library, vectors, open_embedders(settings))
        check_vectors(library, vectors)
        return f"{vectors.count()}, one for each chunk; searches find what they should"


def _states(settings: Settings) -> Finding:
    subject, states = "check: what was read", open_states(settings)
    count, bad = states.check() if states else (0, 0)
    if bad:
        cure = "Nothing to do: what is damaged is read again when it is needed."
        return Finding(subject, False, f"{bad} of {count} are damaged", cure, optional=True)
    return Finding(subject, True, f"{count}, all whole")


def _models(settings: Settings) -> list[Finding]:
    found = []
    for model in load_catalogue():
        if present(model, settings.models_path):

            def look(model=model) -> str:  # type: ignore[no-untyped-def]
                verify(model, settings.models_path)
                return "its sha256 is the recorded one"

            found.append(_looked(f"check: {model.name}", look))
    try:
        choice = choose(settings.model, load_catalogue(), settings.models_path)
    except RagError:
        return found  # told by `examine`
    if choice.model is None:
        found.append(_looked(f"check: {choice.name}", lambda: _own_model(choice)))
    return found


def _own_model(choice: Choice) -> str:
    probe_model(choice)
    return "a child process could load it"


def _leftovers(settings: Settings) -> Finding:
    """What an interrupted ingest left, and what was set aside."""
    folder = settings.home / shelves.SHELVES
    said = []
    if (folder / shelves.NEXT).is_dir():
        said.append("an ingest is running or was interrupted: the same command goes on with it")
    aside = sorted(path.name for path in folder.glob(f"{shelves.DAMAGED}*"))
    if aside:
        said.append(f"set aside as damaged, to be deleted by you: {', '.join(aside)}")
    return Finding("check: leftovers", True, "; ".join(said) or "none")


def _private(settings: Settings) -> Finding:
    """Whether others on this machine can read what is kept; in a closed folder no file's own mode counts."""
    home = settings.home
    if not _open_to_others(home):
        return Finding("check: access", True, "nobody else on this machine can look in")
    shown = sum(path.is_file() and _open_to_others(path) for path in _reachable(home))
    if shown:
        state = f"others on this machine may read {shown} files in {home}"
        return Finding("check: access", False, state, f"Run `chmod -R go= {home}`.", optional=True)
    return Finding("check: access", True, "nobody else on this machine can read what is kept")


def _open_to_others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _reachable(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        yield path
        if path.is_dir() and _open_to_others(path):
            yield from _reachable(path)
