"""Files that nobody vouches for, tried in a child process: what crashes native code ends only the child."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rag import shelves
from rag.errors import ModelError
from rag.weights import Choice

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
