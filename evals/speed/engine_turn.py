"""A program of its own: one turn of reading and writing, by Vouch's engine or by a plain loop.

    python -m evals.speed.engine_turn ours|plain MODEL WORDS READ WRITTEN

One JSON object: tokens read, and written, a second. Two contexts in one process take memory and time from
each other, so each turn has a process. What comes first reads the file and is not counted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from evals.speed.raw_llama import RawModel
from evals.speed.writing import timed
from rag.config import Settings, load_settings
from rag.cores import usable_cores
from rag.wiring import ModelSlot

WARMING = 4


def main() -> None:
    whose, model, words, read, written = sys.argv[1:]
    turn = {"ours": ours, "plain": plain}[whose]
    found = turn(load_settings(), Path(model), words.split(), int(read), int(written))
    sys.stdout.write(json.dumps(dict(zip(("read", "write"), found, strict=True))))


def ours(settings: Settings, path: Path, words: list[str], read: int, written: int) -> tuple[float, float]:
    """The engine as answers use it, its store of prefixes and its guesses off."""
    changes = {"kept_states_mb": 0, "drafting": False, "model": str(path)}
    with closing(ModelSlot(settings.model_copy(update=changes))) as slot:
        reader = slot()
        if reader is None:
            raise RuntimeError("no model")
        text = shortened(words, reader.model.count_tokens, read - 1)
        # Another first word, so that nothing of what was read before is read again.
        timed(reader.model, (f"0 {text}",), WARMING)
        return timed(reader.model, (f"1 {text}",), written)


def plain(settings: Settings, path: Path, words: list[str], read: int, written: int) -> tuple[float, float]:
    threads = settings.threads or usable_cores()
    raw = RawModel(path, tokens=settings.context_tokens, threads=threads, as_vouch=True)
    tokens = raw.tokens(shortened(words, lambda text: len(raw.tokens(text)), read))
    raw.read(tokens)
    raw.write(WARMING)
    rates = len(tokens) / raw.read(tokens), written / raw.write(written)
    raw.free()
    return rates


def shortened(words: list[str], count: Callable[[str], int], most: int) -> str:
    """As many of the words as have at most so many tokens."""
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(" ".join(words[:middle])) <= most else (low, middle - 1)
    return " ".join(words[:low])


if __name__ == "__main__":
    main()
