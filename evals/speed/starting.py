"""How long commands take from the start of the process, and which imports they pay for."""

from __future__ import annotations

import re
import subprocess
import sys

from evals.speed.figures import Figure, in_turns, seconds
from evals.speed.ground import Ground, child, vouch
from evals.speed.page import opened

PART = "start"
QUESTION = "How are redundant computations skipped in diffusion transformers?"
COMMANDS = {"--help": ("--help",), "papers": ("papers",), "search": ("search", QUESTION)}
DEAREST = 12
PAGE_TURNS = 3
_LINE = re.compile(r"import time:\s+\d+ \|\s+(\d+) \|( *)(\S+)")


def start_figures(ground: Ground) -> list[Figure]:
    """Each command against a Python that does nothing."""
    timed = {"nothing": lambda: seconds(lambda: child("-c", "pass", settings=ground.settings))}
    for name, arguments in COMMANDS.items():
        timed[name] = lambda arguments=arguments: seconds(  # type: ignore[misc]
            lambda: vouch(*arguments, settings=ground.settings)
        )
    found = in_turns(
        timed, turns=ground.turns, progress=lambda done, total: ground.progress("start", done, total)
    )
    return [
        *(
            Figure(PART, name, "s", "less", found[name], "python -c pass", found["nothing"])
            for name in COMMANDS
        ),
        *_page_figures(ground, found["nothing"]),
    ]


def _page_figures(ground: Ground, nothing: tuple[float, ...]) -> list[Figure]:
    """The page until it answers, and the first question asked of it, whose paper nobody read before."""
    turns = min(PAGE_TURNS, len(nothing))
    pages = []
    for turn in range(turns):
        pages.append(opened(ground.settings, QUESTION))
        ground.progress("page", turn + 1, turns)
    told = {
        "page answers": [page.page for page in pages],
        "page, first evidence after the question": [page.evidence for page in pages],
        "page, first answer after the question": [page.answer for page in pages],
        "page, from its start to the first answer": [page.page + page.answer for page in pages],
    }
    return [
        Figure(PART, what, "s", "less", tuple(values), "python -c pass", nothing[:turns])
        for what, values in told.items()
    ]


def import_costs(module: str) -> list[tuple[str, float]]:
    """The dearest imports of a module, each with all that it imports itself, in milliseconds."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return dearest(done.stderr)


def dearest(listing: str) -> list[tuple[str, float]]:
    """The DEAREST packages of a listing of `-X importtime`; of each package the dearest line."""
    costs: dict[str, float] = {}
    for microseconds, _, name in _LINE.findall(listing):
        package = name.split(".")[0]
        if package not in ("site", "encodings"):
            costs[package] = max(costs.get(package, 0.0), int(microseconds) / 1000)
    return sorted(costs.items(), key=lambda item: -item[1])[:DEAREST]
