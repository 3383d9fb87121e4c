"""What was timed, beside a reference timed in the same run: medians, spread, ratios, tables.

A machine that other work slows slows both, so the two are measured in turns and each turn gives one
ratio. Above 1 is better than the reference. Knows nothing of what is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Better = Literal["more", "less"]
HEADINGS = ("part", "what", "median (spread)", "ratio (spread)", "reference", "goal")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: `values` in `unit`, one a turn, and the reference's of the same turns.

    `better` says whether more or less of the unit is. `goal` is the least ratio that is wanted.
    """

    part: str
    what: str
    unit: str
    better: Better
    values: tuple[float, ...]
    reference: str
    references: tuple[float, ...]
    goal: float | None = None

    @property
    def ratios(self) -> list[float]:
        """How many times better than the reference, turn by turn."""
        pairs = zip(self.values, self.references, strict=True)
        return [ours / theirs if self.better == "more" else theirs / ours for ours, theirs in pairs]

    @property
    def reached(self) -> bool | None:
        return None if self.goal is None else median(self.ratios) >= self.goal

    def record(self) -> dict[str, Any]:
        return asdict(self) | {
            "median": median(self.values),
            "ratio": median(self.ratios),
            "ratio_spread": spread(self.ratios),
            "reached": self.reached,
        }

    def cells(self) -> list[str]:
        """The line of the table, under HEADINGS."""
        goal = "" if self.goal is None else f"{'' if self.reached else 'missed: '}>= {self.goal:g}"
        return [
            self.part,
            self.what,
            f"{_told(self.values)} {self.unit}",
            _told(self.ratios),
            f"{self.reference}: {median(self.references):.3g} {self.unit}",
            goal,
        ]


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The quartiles; of fewer than four values, the least and the most."""
    ranked = sorted(values)
    cut = len(ranked) // 4
    return ranked[cut], ranked[len(ranked) - 1 - cut]


def in_turns(
    timed: Mapping[str, Callable[[], float]],
    *,
    turns: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, tuple[float, ...]]:
    """Each of these, turn after turn, every second turn backwards; what each gave."""
    given: dict[str, list[float]] = {name: [] for name in timed}
    for turn in range(turns):
        for name in list(timed)[:: -1 if turn % 2 else 1]:
            given[name].append(timed[name]())
        progress(turn + 1, turns)
    return {name: tuple(values) for name, values in given.items()}


def seconds(call: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def markdown(figures: Sequence[Figure]) -> str:
    """The table."""
    rows: list[list[str]] = [list(HEADINGS), ["---"] * len(HEADINGS), *(each.cells() for each in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _told(values: Sequence[float]) -> str:
    low, high = spread(values)
    middle = f"{median(values):.3g}"
    return middle if len(values) == 1 else f"{middle} ({low:.3g}-{high:.3g})"
