"""What is installed, what is missing and what to do; nothing is changed and nothing is fetched.

Looks at files and versions only, so it answers at once and also when much is broken.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rag.config import Settings
from rag.cores import usable_cores
from rag.embed import model_identity
from rag.errors import PageError, RagError
from rag.renewal import seed_hashes
from rag.weights import Model, choose, load_catalogue, present
from rag.wiring import (
    check_index,
    embedder_folder,
    open_embedders,
    open_library,
    open_states,
    open_vectors,
    window_embedder_folder,
)

PACKAGES = ("llama-cpp-python", "chromadb", "sentence-transformers", "torch", "gradio", "tiktoken")
# Free space that an ingest and a model of the default's size need.
MIN_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `cure` says what to do; optional things may be missing."""

    subject: str
    ok: bool
    state: str
    cure: str = ""
    optional: bool = False

    def record(self) -> dict[str, Any]:
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Everything that answering needs, in the order in which it is set up."""
    findings = [_python(), *(_package(name) for name in PACKAGES)]
    findings += [Finding("cores", True, str(usable_cores())), _disk(settings)]
    findings += [
        _found("seeds", _seeds),
        _found("embeds sentences", lambda: model_identity(embedder_folder(settings))),
        _found("embeds abstracts", lambda: model_identity(window_embedder_folder(settings))),
    ]
    findings += [
        _model(model, settings)
        for model in load_catalogue()
        if model.role in ("default", "fallback", "encoder")
    ]
    findings += [_found("answers by", lambda: _choice(settings))]
    findings += [_found("library", lambda: _library(settings)), _found("index", lambda: _index(settings))]
    findings += [Finding("what was read", True, _states(settings))]
    return findings


def _found(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except RagError as error:
        return Finding(subject, False, error.message, error.hint)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python", sys.version_info >= (3, 11), version, "" if sys.version_info >= (3, 11) else "Use 3.11+."
    )


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, "not installed", "Run `make chat`, or install Vouch again with pip.")


def _disk(settings: Settings) -> Finding:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    cure = (
        ""
        if free >= MIN_FREE_BYTES
        else "Free some space, or set VOUCH_HOME and VOUCH_CACHE to another disk."
    )
    return Finding("disk", not cure, f"{free / 1e9:.1f} GB free for {settings.home}", cure)


def _seeds() -> str:
    known = seed_hashes()
    for path, _ in known:
        if not path.is_file():
            raise PageError("the shipped page is missing.", file=path.name, hint="Install Vouch again.")
    changed = [
        path.name for path, recorded in known if hashlib.sha256(path.read_bytes()).hexdigest() != recorded
    ]
    return f"{len(known)} pages" + (f"; edited: {', '.join(changed)}" if changed else ", as shipped")


def _model(model: Model, settings: Settings) -> Finding:
    there = present(model, settings.models_path)
    state = "present" if there else "not here"
    without = {
        "encoder": "a question in other words than a paper's finds it less often",
    }.get(model.role, "answers are quotes")
    cure = "" if there else f"Run `vouch models pull {model.name}`; until then {without}."
    noun = "" if model.role == "encoder" else " model"
    return Finding(f"{model.role}{noun} {model.name}", there, state, cure, optional=True)


def _choice(settings: Settings) -> str:
    choice = choose(settings.model, load_catalogue(), settings.models_path)
    return f"{choice.name} ({'sentences and quotes' if choice.writes else 'quotes only'})"


def _library(settings: Settings) -> str:
    library = open_library(settings)
    return f"{library.paper_count()} papers of {len(library.pages())} pages in {settings.library_path}"


def _index(settings: Settings) -> str:
    library, vectors = open_library(settings), open_vectors(settings)
    check_index(library, vectors, open_embedders(settings))
    return f"{vectors.count()} chunks in {settings.vectors_path}"


def _states(settings: Settings) -> str:
    states = open_states(settings)
    if states is None:
        return "nothing is kept: kept_states_mb is 0"
    count, size = states.usage()
    most = f"{size / 1e6:.0f} of at most {settings.kept_states_mb} MB"
    return f"beginnings of prompts: {count}, {most}, in {settings.states_path}"
