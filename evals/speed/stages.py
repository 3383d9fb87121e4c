"""A program of its own that works through the stages of an answer and prints each stage's memory and time.

    python -m evals.speed.stages QUESTION...        the stages, then these questions one after the other

One JSON object a line: `stage`, `at` (seconds of time.time), `peak_mb`, `now_mb`, and `anonymous_mb`: what
no other process shares and the system cannot read again from a file; of this process and those that it
started, added up. `--page` loads the page's libraries first and has the model in a process of its own, as
the page has; `--ingest FOLDER` indexes that folder's author pages instead.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

SELF = Path("/proc/self")
FIELDS = {"VmHWM": "peak_mb", "VmRSS": "now_mb", "RssAnon": "anonymous_mb"}


def memory(status: str) -> dict[str, float]:
    """The fields of Linux's /proc/self/status, in MB; empty on other systems."""
    pairs = (line.partition(":")[::2] for line in status.splitlines())
    return {FIELDS[name]: int(rest.split()[0]) / 1000 for name, rest in pairs if name in FIELDS}


def tell(stage: str) -> None:
    held = Counter[str]()
    for process in (SELF, *_children()) if SELF.exists() else ():
        held.update(memory((process / "status").read_text("ascii")))
    sys.stdout.write(json.dumps({"stage": stage, "at": time.time()} | held) + "\n")
    sys.stdout.flush()


def _children() -> list[Path]:
    lists = SELF.glob("task/*/children")
    return [SELF.parent / child for each in lists for child in each.read_text("ascii").split()]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("questions", nargs="*")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--ingest", type=Path)
    options = parser.parse_args()
    tell("Python")
    from rag import renewal, wiring
    from rag.config import load_settings

    settings = load_settings()
    if options.page:
        import ui.app  # noqa: F401 - for what it costs
    tell("settings and page" if options.page else "settings")
    if options.ingest:
        renewal.ingest_pages(settings, sorted(options.ingest.glob("*.txt")))
        tell("ingest")
        return
    slot = wiring.ModelSlot(settings, wiring.open_reader_apart if options.page else None)
    assistant = wiring.open_assistant(settings, slot=slot)
    tell("library, vectors and encoders open")
    assistant.search(options.questions[0] if options.questions else "What is quantization?")
    tell("first search")
    slot()
    tell("model open")
    for question in options.questions:
        tell("asked")
        shown = wrote = False
        for answer in assistant.stream(question):
            if answer.claims and not shown:
                tell("evidence")
                shown = True
            if answer.timings.first_token_s is not None and not wrote:
                tell("first token")
                wrote = True
        tell("answered")
    slot.close()


if __name__ == "__main__":
    main()
