"""Results on disk: a run's report with where it came from, written once and read again.

`<suite>-<commit>.json` holds the report's record and `on` (the data, in words), `commit`, `date`,
`settings`, `model`, `libraries`, `machine`. Knows nothing of what a report measures.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from rag.cores import usable_cores
from rag.errors import UsageError

CHECKOUT = Path(__file__).parent.parent
LIBRARIES = (
    "vouch",
    "llama-cpp-python",
    "chromadb",
    "sentence-transformers",
    "torch",
    "numpy",
    "gradio",
    "tiktoken",
)
Result = dict[str, Any]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


class Report(Protocol):
    """What every suite makes."""

    @property
    def suite(self) -> str: ...

    def record(self) -> dict[str, Any]:
        """What `vouch eval --json` prints: figures, and `rows`, one a question."""
        ...

    def table(self) -> str:
        """The figures as plain text."""
        ...


def check_folder(folder: Path) -> None:
    """Raise UsageError where the folder of results can be neither written nor made; makes nothing."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise UsageError(
            f"Results cannot be written to {folder}.", hint="Name another folder with --results."
        )


def write_result(
    report: Report, folder: Path, *, settings: Mapping[str, Any], model: Mapping[str, Any], on: str = ""
) -> Path:
    """Write the report and its provenance; the file's path.

    An earlier result is never overwritten: a second one of the same name ends in `-2`.
    Raises UsageError where the folder cannot be written.
    """
    commit = code_version()
    result = {
        "suite": report.suite,
        "on": on,
        "commit": commit,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": dict(settings),
        "model": dict(model),
        "libraries": libraries(),
        "machine": machine(),
    } | report.record()
    text = json.dumps(result, indent=1, default=str) + "\n"
    stem, copy = f"{report.suite}-{commit}", 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = folder / (f"{stem}.json" if copy == 1 else f"{stem}-{copy}.json")
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
                return path
            except FileExistsError:
                copy += 1
    except OSError as error:
        hint = "Check the folder's permissions and the free space."
        raise UsageError(
            f"The result cannot be written to {folder}: {error.strerror or error}.", hint=hint
        ) from error


def read_result(path: Path) -> Result:
    """A result's object. Raises UsageError for a file that is none."""
    hint = "Name a file that `vouch eval` wrote."
    try:
        result = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a JSON file.", hint=hint) from error
    if not _is_result(result):
        raise UsageError(f"{path} is not a result of an eval.", hint=hint)
    return dict(result)


def newest_results(folder: Path, *, say: Callable[[str], None] = _say) -> list[Path]:
    """The newest result of each suite on the same data in the folder. Raises UsageError where there is none.

    Other JSON files are left out, such as results of older versions; `say` is told their names.
    """
    newest: dict[tuple[str, str], tuple[str, Path]] = {}
    others: list[str] = []
    for path in sorted(folder.glob("*.json")):
        try:
            result = read_result(path)
        except UsageError:
            others.append(path.name)
            continue
        key = (result["suite"], str(result.get("on", "")))
        newest[key] = max(newest.get(key, ("", path)), (result["date"], path))
    if others:
        say(f"Left out, as not readable as results of this version: {', '.join(others)}.")
    if not newest:
        raise UsageError(f"{folder} holds no results.", hint="Run `vouch eval` first, or name result files.")
    return [path for _, path in newest.values()]


def code_version() -> str:
    """The commit of the checkout, `-changed` where files differ from it; else the installed version."""
    try:
        if not (CHECKOUT / ".git").exists():
            raise FileNotFoundError
        commit = _git("rev-parse", "--short=12", "HEAD")
        return f"{commit}-changed" if _git("status", "--porcelain", "-uno") else commit
    except (OSError, subprocess.SubprocessError):
        return importlib.metadata.version("vouch")


def code_fingerprint() -> str:
    """The code version, and a hash of what differs from its commit."""
    version = code_version()
    if not version.endswith("-changed"):
        return version
    return f"{version} {hashlib.sha256(_git('diff', 'HEAD').encode()).hexdigest()}"


def libraries() -> dict[str, str]:
    """The installed versions of what the figures depend on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory, system, Python."""
    return {
        "processor": _processor(),
        "cores": usable_cores(),
        "memory_gb": _memory_gb(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _is_result(value: object) -> bool:
    texts = ("suite", "commit", "date")
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), str) for name in texts)
        and isinstance(value.get("rows"), list)
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").split("\n")
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration, UnicodeDecodeError):
        return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(CHECKOUT), *arguments]
    return (
        subprocess.run(command, capture_output=True, check=True, timeout=10)
        .stdout.decode("utf-8", "replace")
        .strip()
    )
