"""The summaries suite: one sentence about each article, held against what people wrote of it.

    Article (from `evals.articles`) -> Summary (a collaborator's) -> Row -> SummariesReport

The collaborator is `evals.one_sentence`, Vouch's own way. Beside it stand, in the same run,

    best quote      what Vouch says where no model is there
    lead sentence   the article's first
    title

Whether a summary is supported is the verifier's word, which has passed every sentence of a model
before: less than 1 is a fault in the stages, 1 says no more than the support suite says of the
verifier. Knows nothing of how a summary is made or where rows are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, get_args

from evals import tables
from evals.articles import LINE_HINT, Article
from evals.metrics import SEED, bootstrap_interval, percentile
from evals.one_sentence import QUESTION, Origin, Summary
from evals.rouge import Rouge, rouge
from rag.errors import UsageError
from rag.sentences import sentences
from rag.types import Paper, Quote
from rag.verify import verify

System = Literal["vouch", "best quote", "lead sentence", "title"]
SYSTEMS: tuple[System, ...] = get_args(System)
MEASURES: Mapping[str, Callable[[Rouge], float]] = {
    "ROUGE-1 F1": lambda found: found.rouge_1,
    "ROUGE-2 F1": lambda found: found.rouge_2,
    "ROUGE-L F1": lambda found: found.rouge_l,
}

Summarise = Callable[[Paper], Summary]
Progress = Callable[[int, int], None]
"""Called after each article: how many are done, of how many."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one system says of an article, and how near that comes to what people wrote."""

    system: System
    text: str
    rouge: Rouge


@dataclass(frozen=True, slots=True)
class Row:
    """One article, summarised and judged.

    `candidates` are in the order of SYSTEMS; the first is Vouch's. `supported` is the verifier's
    verdict on that one and `reason` what it finds wrong; `seconds` are those of making it.
    """

    id: str
    title: str
    origin: Origin
    supported: bool
    reason: str
    seconds: float
    candidates: tuple[Candidate, ...]

    @property
    def summary(self) -> str:
        return self.candidates[0].text

    def record(self) -> dict[str, Any]:
        """The row as JSON, as `run_summaries` takes it back."""
        return asdict(self) | {
            "summary": self.summary,
            "candidates": [asdict(candidate) for candidate in self.candidates],
        }


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one system: the mean over the articles and its bootstrap 95 % interval."""

    system: System
    measure: str
    mean: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SummariesReport:
    """A run's scores, system by system in the order of the measures, and its rows.

    `words` is each system's mean length. Of Vouch's summaries alone: the shares, 0 to 1, that are
    supported and that are the model's own words, not a quote; and the median of seconds.
    """

    suite: ClassVar[str] = "summaries"

    scores: tuple[Score, ...]
    words: Mapping[System, float]
    supported: float
    from_model: float
    seconds: float
    rows: tuple[Row, ...]

    def record(self) -> dict[str, Any]:
        """The object that `vouch eval summaries --json` prints."""
        return {
            "suite": self.suite,
            "question": QUESTION,
            "articles": len(self.rows),
            "scores": [asdict(score) for score in self.scores],
            "words": dict(self.words),
            "supported": self.supported,
            "from_model": self.from_model,
            "quoted": 1 - self.from_model,
            "seconds": self.seconds,
            "rows": [row.record() for row in self.rows],
        }

    def table(self) -> str:
        """The scores as plain text: a line a measure, a column a system."""
        return tables.plain(score_rows(self.record()))


def score_rows(record: Mapping[str, Any]) -> list[list[str]]:
    """A report's record as a table's rows, the heading first."""
    cells = {
        (score["measure"], score["system"]): f"{score['mean']:.3f} {tables.between(score['interval'], 3)}"
        for score in record["scores"]
    }
    of_vouch = {
        "supported by its abstract": tables.share(record["supported"]),
        "the model's own words": tables.share(record["from_model"]),
        "a quote": tables.share(record["quoted"]),
        "seconds, median": tables.share(record["seconds"]),
    }
    return [
        [f"{record['articles']} articles", *SYSTEMS],
        *([measure, *(cells[measure, system] for system in SYSTEMS)] for measure in MEASURES),
        ["words, mean", *(f"{record['words'][system]:.1f}" for system in SYSTEMS)],
        *([name, cell, *[""] * (len(SYSTEMS) - 1)] for name, cell in of_vouch.items()),
    ]


def run_summaries(
    articles: Sequence[Article],
    summarise: Summarise,
    *,
    done: Mapping[str, Mapping[str, Any]] | None = None,
    on_row: Callable[[Row], None] = lambda row: None,
    on_progress: Progress = lambda done, total: None,
) -> SummariesReport:
    """Summarise and judge every article, in order. Raises UsageError where there is none.

    `done` holds records of rows by the articles' ids; these are not made again, unless a record is
    none of today's. Each new row is handed to `on_row` as soon as it is made.
    """
    if not articles:
        raise UsageError("There are no articles to summarise.", hint=LINE_HINT)
    rows: list[Row] = []
    for article in articles:
        row = _row_of((done or {}).get(article.paper.id))
        if row is None:
            row = _made(article, summarise)
            on_row(row)
        rows.append(row)
        on_progress(len(rows), len(articles))
    return _report(rows)


def _made(article: Article, summarise: Summarise) -> Row:
    paper = article.paper
    started = time.perf_counter()
    summary = summarise(paper)
    seconds = time.perf_counter() - started
    spans = [Quote(paper.abstract[start:end], start, end, 0.0) for start, end in sentences(paper.abstract)]
    verdict = verify(summary.text, paper, spans)
    said: Mapping[System, str] = {
        "vouch": summary.text,
        "best quote": summary.quote,
        "lead sentence": spans[0].text,
        "title": paper.title,
    }
    return Row(
        id=paper.id,
        title=paper.title,
        origin=summary.origin,
        supported=verdict.supported,
        reason=verdict.reason,
        seconds=seconds,
        candidates=tuple(
            Candidate(system, said[system], rouge(said[system], article.targets)) for system in SYSTEMS
        ),
    )


def _row_of(record: Mapping[str, Any] | None) -> Row | None:
    """The row that gave this record; None where none of today's rows did."""
    if record is None:
        return None
    try:
        candidates = tuple(
            Candidate(each["system"], each["text"], Rouge(**each["rouge"])) for each in record["candidates"]
        )
        row = Row(
            **{name: record[name] for name in Row.__slots__ if name != "candidates"}, candidates=candidates
        )
    except (KeyError, TypeError):
        return None
    return row if tuple(each.system for each in candidates) == SYSTEMS else None


def _report(rows: Sequence[Row]) -> SummariesReport:
    scores = []
    words: dict[System, float] = {}
    for place, system in enumerate(SYSTEMS):
        candidates = [row.candidates[place] for row in rows]
        words[system] = _mean(len(candidate.text.split()) for candidate in candidates)
        for measure, value in MEASURES.items():
            values = [value(candidate.rouge) for candidate in candidates]
            scores.append(Score(system, measure, _mean(values), bootstrap_interval(values, SEED)))
    return SummariesReport(
        scores=tuple(scores),
        words=words,
        supported=_mean(row.supported for row in rows),
        from_model=_mean(row.origin == "model" for row in rows),
        seconds=percentile([row.seconds for row in rows], 50),
        rows=tuple(rows),
    )


def _mean(values: Iterable[float]) -> float:
    counted = list(values)
    return sum(counted) / len(counted)
