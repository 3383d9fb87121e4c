"""What an answer is worth: pure functions of a text or of one `vouch ask --json` object.

Knows what was wanted (facts as patterns, titles) and nothing of how the answer was made.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

Facts = Sequence[Sequence[str]]
"""Each wanted fact is a list of alternative patterns; one that is found is enough."""

RESAMPLES = 2000

_SPELLINGS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("‘’‚′", "'")
    | dict.fromkeys("“”„″«»", '"')
    | {"×": "x", "∼": "~", "≈": "~"}
)
_LATEX_SYMBOLS = {"times": "x", "sim": "~", "approx": "~", "sqrt": "√"}
_LATEX_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_CITATION_MARK = re.compile(r"\[\d+(?:, ?\d+)*\]")
_THOUSANDS_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def normalise(text: str) -> str:
    """One spelling for what reads the same: case, dashes, quotes, LaTeX, `1,730`, marks `[1]`, Markdown."""
    plain = _CITATION_MARK.sub(" ", text.translate(_SPELLINGS))
    plain = _LATEX_COMMAND.sub(lambda command: _LATEX_SYMBOLS.get(command[1], ""), plain)
    plain = re.sub(r"``|''", '"', plain)
    plain = re.sub(r"[$\\{}*`]", "", plain)
    plain = re.sub(r"-{2,}", "-", plain)
    return " ".join(_THOUSANDS_COMMA.sub("", plain).casefold().split())


def facts_held(text: str, facts: Facts) -> float:
    """The share of the wanted facts that `text` holds. `facts` must not be empty."""
    plain = normalise(text)
    held = [any(re.search(pattern, plain, re.IGNORECASE) for pattern in fact) for fact in facts]
    return sum(held) / len(held)


def all_facts(text: str, facts: Facts) -> bool:
    """Whether `text` holds every wanted fact."""
    return facts_held(text, facts) == 1


def cited_titles(record: dict[str, Any]) -> list[str]:
    """The titles of an answer's citations, in its order."""
    return [citation["title"] for citation in record["citations"]]


def title_cited(record: dict[str, Any], papers: Collection[str]) -> bool:
    """Whether any right title is among the citations."""
    wanted = {normalise(title) for title in papers}
    return any(normalise(title) in wanted for title in cited_titles(record))


def cited_first(record: dict[str, Any], papers: Collection[str]) -> bool:
    """Whether the first citation is a right title."""
    return title_cited(record | {"citations": record["citations"][:1]}, papers)


def invented_titles(record: dict[str, Any], shelf_titles: Collection[str]) -> list[str]:
    """Titles that the answer cites, or names as nearest, and that the shelf does not hold."""
    shelf = {normalise(title) for title in shelf_titles}
    return [title for title in [*cited_titles(record), *record["nearest"]] if normalise(title) not in shelf]


def refused(record: dict[str, Any]) -> bool:
    """Whether the answer says that no paper answers."""
    return bool(record["status"] == "not_found")


def bootstrap_interval(values: Sequence[float], seed: int) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval (Efron 1979) of the mean of one or more `values`."""
    sample = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(seed).integers(0, len(sample), size=(RESAMPLES, len(sample)))
    low, high = np.percentile(sample[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of one or more `values` lie, linear between neighbours."""
    return float(np.percentile(np.asarray(values, dtype=np.float64), percent))
