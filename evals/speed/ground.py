"""What the parts of the bench share: the settings, how much to measure, how to tell of progress."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.questions import Question, find_questions, load_questions
from rag.config import Settings

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Ground:
    """`turns` are the repeats of what is quick. `sizes` are chunks of the search, whose shelves
    of made vectors are kept or not; `soak` is questions."""

    settings: Settings
    progress: Progress
    turns: int
    questions: int
    soak: int
    sizes: tuple[int, ...]
    llama_bench: Path | None = None
    keep_made: bool = True

    def asked(self, count: int) -> list[Question]:
        """So many questions about one paper that the shelf answers, spread over the developers' half."""
        found = [
            question
            for question in load_questions(find_questions("answers"))
            if question.split == "dev" and question.kind in ("fact", "method") and len(question.turns) == 1
        ]
        return found[:: max(1, len(found) // count)][:count]


def environment(settings: Settings) -> dict[str, str]:
    """This process's, with these settings' folders."""
    return os.environ | {"VOUCH_HOME": str(settings.home), "VOUCH_CACHE": str(settings.cache)}


def child(*arguments: str, settings: Settings) -> str:
    """What a Python of its own prints, with these settings' folders. Raises CalledProcessError."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment(settings))
    return done.stdout


def vouch(*arguments: str, settings: Settings) -> str:
    """What the command prints."""
    return child("-c", "from rag.cli import main; main()", *arguments, settings=settings)


def spread_over(values: Sequence[float], share: float) -> float:
    """The value below which this share of them is."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
