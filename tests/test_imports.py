"""The dependency graph: who may know whom, read from the source. A new module is entered here."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
VALUES = {"types", "errors"}

# Module: what it may import of Vouch at all, at its top or inside a function.
GRAPH: dict[str, set[str]] = {
    # values and seams
    "types": set(),
    "errors": set(),
    "protocols": {"types"},
    "config": {"errors", "shelves"},
    # text, pure
    "cleaning": set(),
    "latex": set(),
    "words": {"latex"},
    "sentences": set(),
    "shown": {"latex", "cleaning"},
    "orders": {"sentences"},
    "itself": set(),
    "evidence": {"words"},
    "quantities": {"words"},
    "opposites": {"words"},
    "statement": {"words", "quantities", "opposites"},
    "features": {"quantities", "opposites", "statement"},
    "faults": {"features", "opposites", "quantities", "statement", "words"},
    "support_model": {"statement", "features"},
    "bylines": set(),
    # a question about the collection, and what is told of it
    "scopes": {"types"},
    "authors": {"types"},
    "marking": {"types", "authors", "scopes", "words"},
    "phrases": set(),
    "wordings": {"types", "phrases"},
    "filters": {"types", "marking", "phrases"},
    "unknowable": {"phrases"},
    "sense": {"types", "marking", "filters", "phrases", "unknowable", "wordings"},
    "sense_authors": {"types", "filters", "marking", "phrases", "sense", "wordings"},
    "sense_against": {"types", "filters", "marking", "phrases", "sense", "wordings"},
    "senses": {
        "types",
        "marking",
        "filters",
        "phrases",
        "sense",
        "sense_authors",
        "sense_against",
        "wordings",
    },
    "spelling": {"words"},
    "sql": {"types", "authors", "marking"},
    "asked": {"types", "authors", "marking", "phrases", "sense", "senses", "spelling", "sql", "wordings"},
    "records": {"types", "filters", "marking", "phrases", "spelling", "unknowable", "wordings"},
    "briefs": {"types", "asked", "authors", "marking", "words"},
    "tally": {"types"},
    "caveats": {"types", "library"},
    # papers as text, and side by side
    "export": VALUES | {"words"},
    "tables": {"types"},
    "aspects": {"sentences"},
    "sides": {"types", "words"},
    "topics": {"words"},
    # adapters: a format, a library, a file; never each other, but for what they are made of
    "layouts": VALUES | {"bylines"},
    "listings": {"errors"},
    "pages": VALUES | {"cleaning", "layouts", "listings"},
    "shelves": {"errors"},
    "scratch": set(),
    "archive": {"errors", "shelves"},
    "library": VALUES | {"shelves"},
    "tokens": VALUES,
    "bert": {"protocols"},
    "embed": VALUES | {"protocols", "bert", "stamps"},
    "vectors": VALUES | {"protocols"},
    "gguf": {"errors"},
    "memory": {"errors", "gguf"},
    "target": set(),
    "hub": {"errors", "target"},
    "wheels": {"errors", "target"},
    "diary": VALUES,
    "stamps": set(),
    "unpack": {"errors", "target"},
    "weights": {"errors", "gguf", "target", "hub", "wheels", "stamps", "unpack"},
    "prompt": VALUES | {"cleaning"},
    "states": {"stamps"},
    "draft": set(),
    "llama": VALUES | {"prompt", "cleaning", "states", "draft"},
    "cores": set(),
    "engine": VALUES | {"llama", "prompt", "cores", "states", "draft", "memory"},
    # the engine in a process of its own: the program, one process of it, who keeps one, how it looks
    "worker": VALUES | {"engine", "states"},
    "child": {"errors", "worker"},
    "keeper": {"errors", "child", "worker"},
    "apart": {"types", "child", "keeper", "states", "worker"},
    # stages: they meet in types, never each other
    "chunk": {"types", "sentences"},
    "gazetteer": {"types", "words", "marking"},
    "focus": {"types"},
    "pointing": set(),
    "narrow": {"types", "asked", "marking"},
    "follow_wordings": {"types", "words"},
    "targets": {"words", "focus", "gazetteer", "pointing", "follow_wordings"},
    "reword": {"types", "words", "pointing", "targets", "follow_wordings"},
    "follow": {
        "types",
        "words",
        "asked",
        "records",
        "spelling",
        "wordings",
        "focus",
        "gazetteer",
        "narrow",
        "pointing",
        "targets",
        "reword",
    }
    | {"follow_wordings"},
    "within": {"types", "scopes"},
    "picked": {"types"},
    "question": {"errors", "cleaning", "words"},
    "understand": VALUES
    | {
        "words",
        "question",
        "asked",
        "briefs",
        "scopes",
        "sides",
        "topics",
        "gazetteer",
        "focus",
        "follow",
        "orders",
        "records",
    },
    "recorded": {"types", "scopes"},
    "telling": {"types", "library", "scopes", "tally", "caveats", "shown"},
    "groups": {"types", "library", "scopes", "tally", "telling"},
    "profiles": {"types", "library", "telling"},
    "catalogue": {"types", "library", "scopes", "tally", "groups", "profiles", "recorded", "telling"},
    "retrieve": {"types", "protocols", "library", "words", "evidence"},
    "read": {"types", "protocols", "prompt", "sentences", "orders"},
    "verify": {"types", "latex", "words", "quantities", "statement", "features", "faults", "support_model"},
    "compose": {"types", "words", "shown"},
    "wanted": {"types", "words", "evidence", "quantities"},
    "compare": {"types", "words", "sentences", "scopes", "aspects", "tables", "compose", "orders", "shown"},
    # a summary of several papers: which belong, in which groups, with which of their sentences
    "selection": {"types", "words"},
    "gist": {"types", "words"},
    "themes": {"types", "words"},
    "sections": {"types", "compose", "gist", "themes", "orders", "shown"},
    "summary": {"types", "protocols", "library", "telling", "retrieve", "scopes", "sections", "selection"},
    # pipelines
    "ingest": VALUES | {"protocols", "pages", "chunk", "library", "tokens"},
    "sound": VALUES | {"protocols", "library"},
    "ahead": VALUES | {"read"},
    "assistant": VALUES
    | {
        "protocols",
        "library",
        "understand",
        "gazetteer",
        "catalogue",
        "retrieve",
        "read",
        "verify",
        "compose",
    }
    | {"compare", "sections", "summary", "itself", "wanted", "within", "picked"},
    "probes": {"errors", "shelves", "weights"},
    # the wiring may import everything
    "renewal": VALUES
    | {"archive", "config", "ingest", "library", "listings", "pages", "probes", "protocols", "scratch"}
    | {"shelves", "sound", "wiring"},
    # doors
    "batch": {"errors"},
    "terminal": {"types", "tables", "latex"},
    "printed": VALUES | {"export", "tables"},
    "bars": set(),
    "command": {"errors"},
    "doctor": VALUES | {"config", "renewal", "wiring", "weights", "embed", "cores"},
    "checkup": VALUES | {"config", "doctor", "probes", "shelves", "sound", "weights", "wiring"},
    "cli": VALUES
    | {"config", "wiring", "probes", "renewal", "weights", "library", "question", "compose", "assistant"}
    | {"batch", "terminal", "printed", "export", "bars", "command", "doctor", "checkup"}
    | {"ui.app", "ui.desk", "evals.options", "evals.run"},
}
EVERYTHING = {"wiring"}
DOORS = {"cli", "batch", "terminal", "printed", "bars", "command", "doctor", "checkup"}

# Heavy library: the one module that imports it, and a metric that must stand apart.
HEAVY = {
    "chromadb": {"rag/vectors.py", "evals/speed/made.py"},  # the bench fills a store that writes more seldom
    "llama_cpp": {"rag/llama.py", "evals/speed/raw_llama.py"},  # a reference must not be the product
    "sentence_transformers": {"rag/embed.py"},
    "torch": {"rag/embed.py"},
    "gradio": {"ui/app.py"},
    "tiktoken": {"rag/tokens.py"},
    "snowballstemmer": {"rag/words.py", "evals/rouge.py"},  # a metric must not move with the product
    "typer": {"rag/cli.py"},
    "matplotlib": {"evals/plots.py"},
}
SOURCES = sorted(
    path
    for folder in ("rag", "ui", "evals")
    for path in (ROOT / folder).rglob("*.py")
    # Peers live in environments of their own.
    if path.name not in ("adapter.py", "contract.py") and ".venv" not in path.parts
)


def imported(path: Path) -> set[str]:
    """Every module that the file imports anywhere; of `from rag import x`, `rag.x`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names}
                if node.module in ("rag", "ui", "evals")
                else {node.module or ""}
            )
    return found


def imported_of_vouch(path: Path) -> set[str]:
    """Modules of Vouch: `types` for rag.types, `ui.app` for the other packages'."""
    ours = {name for name in imported(path) if name.split(".")[0] in ("rag", "ui", "evals")}
    return {name.removeprefix("rag.") for name in ours} - {"__version__"}


def test_every_module_is_in_the_table():
    modules = {path.stem for path in (ROOT / "rag").glob("*.py")} - {"__init__"}
    assert modules == GRAPH.keys() | EVERYTHING


@pytest.mark.parametrize("module", GRAPH)
def test_a_module_imports_only_what_it_may(module):
    assert imported_of_vouch(ROOT / "rag" / f"{module}.py") <= GRAPH[module]


def test_doors_are_imported_by_doors_alone():
    inner = GRAPH.keys() - DOORS | EVERYTHING
    assert {module for module in inner if imported_of_vouch(ROOT / "rag" / f"{module}.py") & DOORS} == set()


def test_the_package_knows_neither_page_nor_evals_but_at_its_door():
    knowing = {
        path.stem
        for path in (ROOT / "rag").glob("*.py")
        if any(name.startswith(("ui.", "evals.")) for name in imported_of_vouch(path))
    }
    assert knowing == {"cli"}


@pytest.mark.parametrize("library", HEAVY)
def test_one_module_imports_each_heavy_library(library):
    importing = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if any(name.split(".")[0] == library for name in imported(path))
    }
    assert importing == HEAVY[library]


def test_only_the_wiring_names_the_adapters():
    naming = {
        adapter: {path.stem for path in SOURCES if adapter in imported_of_vouch(path)}
        for adapter in ("engine", "apart", "vectors")
    }
    # The program of the process apart is a wiring of its own; the bench's made shelves are named by the
    # store's settings.
    assert naming == {
        "engine": EVERYTHING | {"worker"},
        "apart": EVERYTHING,
        "vectors": EVERYTHING | {"made"},
    }


def test_only_the_engine_names_the_native_layer():
    assert {path.stem for path in SOURCES if "llama" in imported_of_vouch(path)} == {
        "engine",
        "profiling",
    }


def test_there_is_no_drawer_for_everything():
    assert {path.stem for path in SOURCES} & {"utils", "util", "common", "helpers", "misc", "models"} == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["ask", "--help"], ["models", "--help"]])
def test_the_command_line_loads_nothing_heavy(arguments):
    """For `--help` and the like: what is slow is imported by the command that needs it."""
    heavy = {"torch", "chromadb", "llama_cpp", "gradio", "sentence_transformers", "transformers", "numpy"}
    code = (
        "import sys\nfrom rag.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"sys.stderr.write(','.join(sorted({heavy!r} & sys.modules.keys())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout


@pytest.mark.parametrize(
    "module", ["rag.config", "rag.library", "rag.embed", "rag.vectors", "rag.tokens", "ui.render"]
)
def test_importing_an_adapter_loads_no_library(module):
    heavy = {"torch", "chromadb", "llama_cpp", "gradio", "sentence_transformers", "tiktoken"}
    code = f"import sys, {module}\nprint(*sorted({heavy!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
