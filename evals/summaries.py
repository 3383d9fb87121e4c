"""The summaries suite: one sentence about each article, held against what people wrote of it.

    articles.jsonl -> Article -> Summary (a collaborator's) -> Row -> SummariesReport

`summarise` is Vouch's own way: the first claim of an answer, made by the stages that make answers.
Beside it stand, in the same run,

    best quote      what Vouch says where no model is there
    lead sentence   the article's first
    title

Whether a summary is supported is the verifier's word, which has passed every sentence of a model
before: less than 1 is a fault in the stages, 1 says no more than the support suite says of the
verifier. Knows nothing of where rows are kept.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from evals import tables
from evals.lines import read_lines
from evals.metrics import SEED, bootstrap_interval, percentile
from evals.papers import bare_paper
from evals.rouge import Rouge, rouge
from rag.chunk import chunk_paper
from rag.cleaning import clean
from rag.compose import compose
from rag.errors import UsageError
from rag.evidence import score_sentences
from rag.protocols import Embedder
from rag.read import Reader, quote, read
from rag.sentences import sentences
from rag.types import Paper, Passage, Plan, Quote, Reading, Timings
from rag.verify import verify
from rag.words import content_stems

QUESTION = "In one short sentence, what does this paper do?"
PLAN = Plan(QUESTION, kind="paper")

# Where a paper says what it does; the first such sentence is the best quote. Chosen among a dozen
# rankings (by a question, the title, the centroid, such words) on the first 309 articles of SciTLDR's
# test set, ROUGE-1 0.43; on the other 309 it has 0.40, the lead sentence 0.32, and the ranking of
# `rag.evidence` alone 0.38 for the question that suits it best, the title 0.41.
_PRESENTING = re.compile(
    r"\b(?:here,? we\b|in this (?:paper|work)\b"
    r"|(?:we|(?:this|our) (?:paper|work|article|study)) (?:\w+ )?(?:propose|present|introduce|show|develop"
    r"|describe|demonstrate|study|investigate|provide|design|address|explore|analy[sz]e|prove)(?:s|es)?\b)",
    re.I,
)
_HINT = 'A line is {"id", "title", "text" or "sentences", "targets": [texts]}; see evals/summaries.py.'

Origin = Literal["model", "quote"]
System = Literal["vouch", "best quote", "lead sentence", "title"]
SYSTEMS: tuple[System, ...] = get_args(System)
MEASURES: Mapping[str, Callable[[Rouge], float]] = {
    "ROUGE-1 F1": lambda found: found.rouge_1,
    "ROUGE-2 F1": lambda found: found.rouge_2,
    "ROUGE-L F1": lambda found: found.rouge_l,
}


@dataclass(frozen=True, slots=True)
class Article:
    """An article, and the summaries that people wrote of it: at least one."""

    paper: Paper
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A sentence about a paper, the model's own or the paper's; and the paper's best one alone."""

    text: str
    origin: Origin
    quote: str


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


def read_articles(path: Path) -> tuple[Article, ...]:
    """The articles of a JSONL file; blank lines and other keys are skipped.

    Where a line has `text` and `sentences`, the text counts. Raises UsageError naming file and
    line for a line that is not so, and for a file that holds no articles.
    """
    return read_lines(path, _article, hint=_HINT, identity=lambda article: article.paper.id)


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
        raise UsageError("There are no articles to summarise.", hint=_HINT)
    rows: list[Row] = []
    for article in articles:
        row = _row_of((done or {}).get(article.paper.id))
        if row is None:
            row = _made(article, summarise)
            on_row(row)
        rows.append(row)
        on_progress(len(rows), len(articles))
    return _report(rows)


def summarise(paper: Paper, *, reader: Reader | None, embedder: Embedder) -> Summary:
    """One sentence in Vouch's way: the model's first that the verifier passes, else the best quote."""
    quoted = quote(as_passage(paper, embedder), count=1)
    reading = _read(quoted, reader) if reader else quoted
    claim = compose(QUESTION, PLAN, [reading], model=None, timings=Timings()).claims[0]
    return Summary(claim.text, "quote" if claim.support == "quoted" else "model", quoted.quotes[0].text)


def as_passage(paper: Paper, embedder: Embedder) -> Passage:
    """The paper as if it had been retrieved for QUESTION.

    The first sentence in which it says what it does is the best; the others are ranked as for any
    question.
    """
    chunks = [
        chunk
        for chunk in chunk_paper(paper, piece_spans=embedder.piece_spans, max_pieces=embedder.max_pieces)
        if chunk.kind == "sentence"
    ]
    texts = [chunk.text for chunk in chunks]
    similarities = embedder.embed_documents(texts) @ embedder.embed_query(QUESTION)
    # Without a shelf no word is rarer than another.
    weights = dict.fromkeys(content_stems(QUESTION), 1.0)
    scores = score_sentences(QUESTION, paper.title, texts, similarities.tolist(), weights)
    for place, text in enumerate(texts):
        if _PRESENTING.search(text):
            scores[place] = 1.0
            break
    quotes = (
        Quote(chunk.text, chunk.start, chunk.end, score) for chunk, score in zip(chunks, scores, strict=True)
    )
    ranked = sorted(quotes, key=lambda quote: (-quote.score, quote.start))
    return Passage(paper, score=1.0, relevance=1.0, sentences=tuple(ranked))


def _read(reading: Reading, reader: Reader) -> Reading:
    """The reading as far as the model's first verified sentence; more would not be shown."""
    found = reading
    for found in read(reading, QUESTION, reader=reader):
        if found.sentences:
            break
    return found


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


def _article(line: str, number: int) -> Article:
    """Raises ValueError with what is wrong with the line. Without an id it has its line's number."""
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    title = value.get("title")
    if not isinstance(title, str) or not clean(title).strip():
        raise ValueError("title is not a text")
    given = value.get("id")
    paper = bare_paper(str(number if given is None else given), clean(title).strip(), _abstract(value))
    return Article(paper, _texts(value.get("targets"), "targets"))


def _abstract(value: Mapping[str, Any]) -> str:
    text = value.get("text")
    if text is None:
        text = " ".join(_texts(value.get("sentences"), "sentences"))
    if not isinstance(text, str) or not clean(text).strip():
        raise ValueError("text is not a text")
    return clean(text)


def _texts(value: object, name: str) -> tuple[str, ...]:
    """The texts of a list that are not blank."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{name} is not a list of texts")
    filled = tuple(text.strip() for text in value if text.strip())
    if not filled:
        raise ValueError(f"{name} holds no text")
    return filled
