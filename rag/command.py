"""How a command runs and ends: libraries keep quiet, and a fault is a sentence and a hint on stderr.

Exit codes: 0 done, 1 a RagError, 2 bad usage, 130 interrupted. Knows nothing of what commands do or
of how their lines are read.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper

from rag.errors import RagError, UsageError

INTERRUPTED = 130


@contextmanager
def as_command() -> Iterator[None]:
    """Around all that a process does: what a reader can understand ends it, never with a traceback."""
    _silence_libraries()
    _write_utf8()
    try:
        yield
        sys.stdout.flush()
    except RagError as error:
        _complain(error)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        say("Interrupted. Nothing is lost: run the same command again to go on.")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def say(line: str) -> None:
    """A line on stderr, beside what the command prints."""
    sys.stderr.write(f"{line}\n")


def _complain(error: RagError) -> None:
    say(f"vouch: {error.message}")
    if error.hint:
        say(f"       {error.hint}")


def _write_utf8() -> None:
    """Papers hold every alphabet, and a question any bytes: neither ends a command where it is printed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _silence_libraries() -> None:
    """No telemetry, no hub, no warnings of libraries on a reader's terminal."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    warnings.simplefilter("ignore")
