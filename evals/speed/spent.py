"""Where each millisecond of a warm and of a cold answer goes: medians over questions, as a table."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from statistics import median

from evals.speed.ground import Ground, child
from evals.speed.profiling import FIRST_WORD, LATER_WORDS, OTHER, START, WHOLE, Stages

PROGRAM = "evals.speed.profiling"
MOST_COLD = 3
# In the order of an answer.
STAGES = (
    START,
    "imports",
    "opening: settings, library, vectors",
    "opening: encoders",
    "opening: names and checks",
    "opening: model",
    "understanding",
    "embedding: sentence encoder",
    "embedding: window encoder",
    "Chroma: search",
    "Chroma: vectors of the candidates",
    "SQLite: full text and records",
    "ranking",
    "evidence: sentences scored",
    "choosing papers, quotes",
    "prompt",
    "kept state: read and checked",
    "kept state: restored",
    "kept state: saved",
    "prompt read",
    FIRST_WORD,
    LATER_WORDS,
    "verification",
    "composing",
)


def profiles(ground: Ground) -> dict[str, Stages]:
    """One answer whose paper was read before by a model that is open, and the first one of a process that
    keeps nothing: milliseconds by stage.
    """
    questions = [question.question for question in ground.asked(ground.questions)]
    warm = child("-m", PROGRAM, "warm", *questions, settings=ground.settings).splitlines()
    cold: list[str] = []
    for question in questions[:MOST_COLD]:
        cold += child("-m", PROGRAM, repr(time.time()), question, settings=ground.settings).splitlines()
        ground.progress("profile", len(cold), min(MOST_COLD, len(questions)))
    return {
        "warm": medians([json.loads(line) for line in warm]),
        "cold": medians([json.loads(line) for line in cold]),
    }


def medians(answers: Sequence[Stages]) -> Stages:
    """Of each stage and of the whole; `other` is what of the whole's the stages' do not add up to."""
    told = {
        name: median(answer.get(name, 0.0) for answer in answers)
        for name in STAGES
        if any(name in answer for answer in answers)
    }
    whole = median(answer[WHOLE] for answer in answers)
    return told | {OTHER: whole - sum(told.values()), WHOLE: whole}


def profile_table(found: Mapping[str, Stages]) -> str:
    """A line a stage, in Markdown; empty where nothing was profiled."""
    if not found:
        return ""
    names = [name for name in (*STAGES, OTHER, WHOLE) if any(name in stages for stages in found.values())]
    rows = [["where a millisecond goes", *found], ["---", *("---:" for _ in found)]]
    for name in names:
        cells = (f"{stages[name]:.1f}" if name in stages else "" for stages in found.values())
        rows.append([name, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
