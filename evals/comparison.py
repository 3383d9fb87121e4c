"""Two runs on the same questions: whose verdicts changed, and would chance alone change as many.

A run is its verdicts by question id. Knows nothing of what makes an answer right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy.stats import binomtest

Verdicts = Mapping[str, bool]
"""Question id -> whether it was answered right."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Question ids by what became of them, each in its run's order.

    `lost` were right and are wrong, `gained` the reverse. `p` is McNemar's, over the questions
    of both runs; those that only one run has stand apart.
    """

    lost: tuple[str, ...]
    gained: tuple[str, ...]
    right: int
    wrong: int
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    p: float

    @property
    def questions(self) -> int:
        """How many both runs have."""
        return len(self.lost) + len(self.gained) + self.right + self.wrong


def compare(before: Verdicts, after: Verdicts) -> Comparison:
    """What changed from one run to the other."""
    both = [name for name in before if name in after]
    lost = tuple(name for name in both if before[name] and not after[name])
    gained = tuple(name for name in both if after[name] and not before[name])
    return Comparison(
        lost=lost,
        gained=gained,
        right=sum(before[name] and after[name] for name in both),
        wrong=sum(not before[name] and not after[name] for name in both),
        only_before=tuple(name for name in before if name not in after),
        only_after=tuple(name for name in after if name not in before),
        p=mcnemar(len(lost), len(gained)),
    )


def mcnemar(lost: int, gained: int) -> float:
    """The exact two-sided p of McNemar's test (Psychometrika 12, 1947, 153-157).

    If a change is as likely for the worse as for the better, `lost` is binomial with one half of
    `lost + gained`. Where nothing changed, 1.
    """
    changed = lost + gained
    return float(binomtest(lost, changed, 0.5).pvalue) if changed else 1.0
