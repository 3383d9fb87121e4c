"""Memory by stage, and whether it and the speed stay the same over many questions."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from evals.speed.figures import Figure
from evals.speed.ground import Ground, child
from rag.renewal import seed_paths

LIMIT_MB = 1200.0
STAGES = "evals.speed.stages"
Line = dict[str, Any]


def memory_figures(ground: Ground) -> list[Figure]:
    """The peak after each stage of the command and of the page, and of an ingest, against the limit."""
    asked = [question.question for question in ground.asked(2)]
    figures = []
    for told, options in (("ask", ()), ("page", ("--page",))):
        lines = _lines(ground, *options, *asked)
        last = {line["stage"]: line for line in lines}
        figures += [_peak(f"{told}: {stage}", line) for stage, line in last.items() if stage != "asked"]
        ground.progress("memory", len(figures), 0)
    with tempfile.TemporaryDirectory() as folder:
        pages, home = Path(folder) / "pages", Path(folder) / "home"
        pages.mkdir()
        shutil.copy(min(seed_paths(), key=lambda path: path.stat().st_size), pages)
        figures.append(_peak("ingest of one page", _lines(ground, "--ingest", str(pages), home=home)[-1]))
    return figures


def soak_figures(ground: Ground) -> list[Figure]:
    """The last third of many questions against the first: seconds an answer, and memory of its own."""
    known = [question.question for question in ground.asked(min(ground.soak, 60))]
    lines = _lines(ground, *(known[place % len(known)] for place in range(ground.soak)))
    starts = [line["at"] for line in lines if line["stage"] == "asked"]
    ends = [line for line in lines if line["stage"] == "answered"]
    third = max(1, len(ends) // 3)
    took = [end["at"] - start for start, end in zip(starts, ends, strict=True)]
    own = [end.get("anonymous_mb", 0.0) for end in ends]
    return [
        Figure(
            "soak",
            f"{what}, last third of {ground.soak}",
            unit,
            "less",
            (median(values[-third:]),),
            "first third",
            (median(values[:third]),),
            goal,
        )
        for what, unit, values, goal in (("an answer", "s", took, None), ("own memory", "MB", own, 0.95))
    ]


def _peak(what: str, line: Line) -> Figure:
    """A system that tells no memory has peaks of nearly nothing."""
    return Figure(
        "memory", what, "MB", "less", (line.get("peak_mb", 0.001),), "the limit", (LIMIT_MB,), goal=1
    )


def _lines(ground: Ground, *arguments: str, home: Path | None = None) -> list[Line]:
    settings = ground.settings.model_copy(update={"home": home}) if home else ground.settings
    return [json.loads(line) for line in child("-m", STAGES, *arguments, settings=settings).splitlines()]
