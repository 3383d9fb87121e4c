"""What an answer is worth: pure functions of a text, of one `vouch ask --json` object or of figures.

Knows what was wanted (facts as patterns, titles) and nothing of how the answer was made.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from rag.sentences import sentences

Facts = Sequence[Sequence[str]]
"""Each wanted fact is a list of alternative patterns; one that is found is enough."""

Record = dict[str, Any]
"""The parts of a `vouch ask --json` object that a measure looks at; other systems' lack some."""

Forecast = tuple[float, bool]
"""A probability, and whether what it was told of came true."""

RESAMPLES = 2000
SEED = 20260101  # fixed, so that the same answers always give the same intervals
CALIBRATION_BINS = 10
# Of a normal distribution, 95 % lie within so many standard deviations.
NORMAL_95 = 1.959964
# A system that has no status says that it cannot answer within so many characters, or not at all.
OPENING = 240
_SOURCES = (
    r"\b(?:context|source|paper|text|abstract|information|passage|document|excerpt|citation|material|article)"
    r"s?\b"
)
# The sources themselves, not a word before another noun, as in `text encoder`.
_THE_SOURCES = (
    rf"{_SOURCES}(?! (?!(?:provided|given|above|available|shown|i|we|you|itself|do|does|did|don't|doesn't"
    r"|cannot|and|or|of|in|from|on|about|that|which|here|to|so|but|it)\b)\w)"
)
_CANNOT = r"(?:cannot|can't|can not|could not|couldn't)"
_UNABLE = rf"(?:{_CANNOT}|(?:am |are |is |was |'m )?(?:unable|not able|not possible|impossible) to)"
_TELLS = (
    r"(?:contain|provide|mention|state|specif|include|say|have|discuss|address|give|answer|cover|describe)"
)
_TOLD = r"(?:mentioned|stated|specified|provided|found|available|contained|discussed|answered|given)"
_END = r"\W*(?:$|\. )"
# Ways to say that nothing answers, in normalised text.
_REFUSAL = re.compile(
    "|".join(
        (
            rf"(?:\bi|\bwe|\bit|^|^sorry,|{_THE_SOURCES}) ?(?:also )?{_UNABLE} (?:be )?"
            r"(?:answer|determin|find|provide|locate|infer|confirm|identify)",
            rf"\b{_CANNOT} be answered\b",
            rf"\b{_CANNOT} be (?:determined|found|inferred|confirmed|identified)"
            rf"(?:{_END}|[^.]{{0,60}}{_THE_SOURCES})",
            r"\b(?:i|we) (?:do not|don't) (?:know|have)\b",
            rf"{_THE_SOURCES}[^.]{{0,60}}\b(?:do not|does not|don't|doesn't|did not) (?:\w+ )?{_TELLS}",
            r"(?:^|[.,:] |there (?:is|are) |that )(?:none of|no) (?:\w+ ){0,2}"
            rf"{_SOURCES} (?:\w+ ){{0,3}}{_TELLS}",
            rf"\bnot (?:\w+ )?{_TOLD} (?:anywhere )?(?:in|by|within)\b[^.]{{0,40}}{_THE_SOURCES}",
            rf"\b(?:is|are|was|were) not (?:\w+ )?(?:mentioned|stated|specified){_END}",
            r"\b(?:is|are|contains?|provides?|has|have|gives?|find|found) no (?:\w+ )?"
            r"(?:information|mention|answer)"
            rf"(?: (?:about|on|of|regarding|in|to|that|available|provided|given|here)\b|{_END})",
            r"\b(?:insufficient|not enough) (?:\w+ )?(?:information|evidence|context|details?)"
            rf"(?: (?:about|on|in|to|for|provided|given)\b|{_END})",
            r"^empty response",
        )
    )
)

_SPELLINGS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("‘’‚′", "'")
    | dict.fromkeys("“”„″«»", '"')
    | {"×": "x", "∼": "~", "≈": "~"}
)
_LATEX_SYMBOLS = {"times": "x", "sim": "~", "approx": "~", "sqrt": "√"}
_LATEX_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_CITATION_MARK = re.compile(r"\[\d+(?:, ?\d+)*\]")
_MARKS = re.compile(r"((?:\s*\[\d+(?:, ?\d+)*\])+)")
# A small letter behind them goes on with the sentence, as in `et al. [3] show`.
_MARKS_BEHIND_STOP = re.compile(rf"([.!?…]+[\"'”’»)]*){_MARKS.pattern}(?=\s*(?:$|[^a-z\s]))")
# What stands before a mark is a claim of its own from so many words on.
CLAUSE_WORDS = 4
_NUMBER = re.compile(r"\d+")
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


def patterns_found(text: str, patterns: Sequence[str]) -> list[str]:
    """Those of the patterns that `text` holds."""
    plain = normalise(text)
    return [pattern for pattern in patterns if re.search(pattern, plain, re.IGNORECASE)]


def cited_titles(record: Record) -> list[str]:
    """The titles of an answer's citations, in its order."""
    return [citation["title"] for citation in record["citations"]]


def title_recall(record: Record, papers: Collection[str]) -> float:
    """The share of the right titles that are cited. `papers` must not be empty."""
    wanted, cited = _normal(papers), _normal(cited_titles(record))
    return len(wanted & cited) / len(wanted)


def title_precision(record: Record, papers: Collection[str]) -> float | None:
    """The share of the cited titles that are right; None where none is cited."""
    wanted, cited = _normal(papers), _normal(cited_titles(record))
    return len(wanted & cited) / len(cited) if cited else None


def invented_citations(record: Record, shelf_titles: Collection[str]) -> list[str]:
    """What the answer cites and nobody has: titles that the shelf does not hold (cited, or named
    as nearest), and marks such as `[7]` in a text without a citation 7.
    """
    shelf = _normal(shelf_titles)
    titles = [*cited_titles(record), *record.get("nearest", [])]
    numbers = {citation["number"] for citation in record["citations"]}
    marks = [
        int(number) for mark in _CITATION_MARK.findall(record["text"]) for number in _NUMBER.findall(mark)
    ]
    return [title for title in titles if normalise(title) not in shelf] + [
        f"[{number}]" for number in dict.fromkeys(marks) if number not in numbers
    ]


def refused(record: Record) -> bool:
    """Whether the answer says that no paper answers: by its status; where that is none or "partly", by its
    first words.
    """
    if record.get("status", "partly") != "partly":
        return bool(record["status"] == "not_found")
    opening = normalise(record["text"])[:OPENING]
    return not opening or _REFUSAL.search(opening) is not None


def cited_sentences(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """The text's sentences that carry citation marks, without them, and the marks' numbers.

    Marks behind a full stop belong to the sentence before it. Where marks stand inside a sentence,
    each clause goes with its own; what follows the last marks belongs to the clause before them.
    """
    moved = _MARKS_BEHIND_STOP.sub(lambda found: " ".join(found[2].split()) + found[1], text)
    claims = [
        claim
        for line in moved.split("\n")
        for start, end in sentences(line)
        for claim in _clauses(line[start:end])
    ]
    return [(said, numbers) for said, numbers in claims if said and numbers]


def _clauses(sentence: str) -> list[tuple[str, tuple[int, ...]]]:
    *marked, rest = _MARKS.split(sentence)
    clauses: list[tuple[str, list[int]]] = []
    for words, marks in zip(marked[::2], marked[1::2], strict=True):
        numbers = [int(number) for number in _NUMBER.findall(marks)]
        if clauses and min(len(words.split()), len(clauses[-1][0].split())) < CLAUSE_WORDS:
            before, earlier = clauses.pop()
            words, numbers = before + words, earlier + numbers
        clauses.append((words, numbers))
    said, numbers = clauses.pop() if clauses else ("", [])
    clauses.append((said + rest, numbers))
    return [(said.strip(" >*-"), tuple(dict.fromkeys(numbers))) for said, numbers in clauses]


def f1(precision: float | None, recall: float | None) -> float | None:
    """The harmonic mean; None where either is not defined."""
    if precision is None or recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def bootstrap_interval(values: Sequence[float], seed: int) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval (Efron 1979) of the mean of one or more `values`."""
    sample = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(seed).integers(0, len(sample), size=(RESAMPLES, len(sample)))
    low, high = np.percentile(sample[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of one or more `values` lie, linear between neighbours."""
    return float(np.percentile(np.asarray(values, dtype=np.float64), percent))


@dataclass(frozen=True, slots=True)
class Bin:
    """Forecasts that are near each other: their mean, and the share that came true with its interval."""

    forecasts: int
    estimated: float
    observed: float
    interval: tuple[float, float]


def brier_score(forecasts: Sequence[Forecast]) -> float:
    """The mean squared error of one or more probabilities (Brier 1950): 0 is best, 0.25 says 0.5 of all."""
    return sum((estimate - came) ** 2 for estimate, came in forecasts) / len(forecasts)


def calibration_bins(forecasts: Sequence[Forecast], count: int = CALIBRATION_BINS) -> tuple[Bin, ...]:
    """At most `count` bins of equal count, the lowest first; equal probabilities share a bin."""
    ranked = sorted(forecasts, key=lambda forecast: forecast[0])
    bins: dict[int, list[Forecast]] = {}
    start = 0
    for _, equals in groupby(ranked, key=lambda forecast: forecast[0]):
        tied = list(equals)
        bins.setdefault(start * count // len(ranked), []).extend(tied)
        start += len(tied)
    return tuple(map(_bin, bins.values()))


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error (Naeini, Cooper, Hauskrecht 2015): the bins' mean distance between
    what was estimated and what came true, weighted by their forecasts.
    """
    distances = sum(each.forecasts * abs(each.observed - each.estimated) for each in bins)
    return distances / sum(each.forecasts for each in bins)


def share_interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % score interval (Wilson 1927) of a share; of all or of none it has a width, too."""
    share, spread = hits / count, NORMAL_95**2 / count
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def _bin(forecasts: Sequence[Forecast]) -> Bin:
    count, hits = len(forecasts), sum(came for _, came in forecasts)
    estimated = sum(estimate for estimate, _ in forecasts) / count
    return Bin(count, estimated, hits / count, share_interval(hits, count))


def _normal(titles: Iterable[str]) -> set[str]:
    return {normalise(title) for title in titles}
