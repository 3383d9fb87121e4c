"""A result's object -> Run, checked.

Results may come from anybody's files: every value is checked, nothing is converted, and whatever
is not as its suite writes it is one sentence that names the place. Knows nothing of how a run is
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from evals import retrieval, summaries, support
from evals.checked import checked, missing, part
from evals.questions import REFUSABLE
from evals.results import Result
from evals.scores import HEADINGS, Summary, cells
from rag.types import ChunkKind

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a result came from."""

    suite: str
    commit: str
    date: str
    settings: dict[str, Any]
    model: dict[str, Any]
    libraries: dict[str, Any]
    machine: dict[str, Any]
    on: str = ""

    @property
    def title(self) -> str:
        """The suite and the data that it ran on."""
        return f"{self.suite}: {self.on}" if self.on else self.suite

    @property
    def name(self) -> str:
        return f"{self.title} of {self.date[:10]}, commit {self.commit}"

    @property
    def origin(self) -> str:
        """Date, commit, model and machine in a line."""
        told = (
            self.date[:10],
            f"commit {self.commit}",
            self.model.get("name") or "no model",
            self.machine.get("processor"),
            f"{self.machine['cores']} cores" if "cores" in self.machine else None,
        )
        return ", ".join(str(each) for each in told if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A paper that retrieval had in hand."""

    title: str
    relevance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question of one system: the verdict and the figures. Older results tell no `first_right`."""

    id: str
    kind: str
    system: str
    status: str
    right: bool
    declined: bool
    facts_held: Share | None
    title_recall: Share | None
    relevance: float | None
    first_right: bool | None = None
    first_token_s: float | None
    total_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow(Row):
    """A row that tells what was asked and said; of held questions there is none."""

    turns: tuple[str, ...]
    papers: tuple[str, ...]
    facts: tuple[tuple[str, ...], ...]
    text: str
    titles: tuple[str, ...]
    forbidden: tuple[str, ...]
    invented: tuple[str, ...]
    unsupported: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    @property
    def answerable(self) -> bool:
        return self.kind not in REFUSABLE and bool(self.papers or self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A pair of the support suite: people's label and the verifier's word."""

    id: str
    label: str
    supported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SummariesFigures:
    """What the summaries suite found."""

    articles: int
    scores: tuple[summaries.Score, ...]
    words: dict[summaries.System, float]
    supported: float
    from_model: float
    quoted: float
    seconds: float


@dataclass(frozen=True, slots=True)
class AnswersRun:
    source: Source
    summaries: tuple[Summary, ...]
    rows: tuple[Row, ...]

    @property
    def systems(self) -> list[str]:
        return list(dict.fromkeys(summary.system for summary in self.summaries))


@dataclass(frozen=True, slots=True)
class RetrievalRun:
    """`groups` are tables, the heading first, in the order of the scores.

    `approximate` is, for each kind of chunk, the share of the exact nearest that the vector store's
    search finds; older results do not tell it.
    """

    source: Source
    corpus: str
    scores: tuple[retrieval.Score, ...]
    groups: tuple[list[list[str]], ...]
    approximate: dict[ChunkKind, Share]


@dataclass(frozen=True, slots=True)
class SupportRun:
    source: Source
    views: tuple[support.View, ...]
    rows: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class TableRun:
    """`rows` are the figures as a table, the heading first."""

    source: Source
    rows: list[list[str]]


Run = AnswersRun | RetrievalRun | SupportRun | TableRun

SOURCE = TypeAdapter(Source)
ROWS = TypeAdapter(list[dict[str, Any]])
ROW = TypeAdapter(Row)
SHOWN_ROW = TypeAdapter(ShownRow)
ANSWERS_SUMMARIES = TypeAdapter(tuple[Summary, ...])
RETRIEVAL_SCORES = TypeAdapter(tuple[retrieval.Score, ...])
RECALLS = TypeAdapter(dict[ChunkKind, Share])
SUPPORT_VIEWS = TypeAdapter(tuple[support.View, ...])
SUPPORT_ROWS = TypeAdapter(tuple[Judged, ...])
SUMMARIES_FIGURES = TypeAdapter(SummariesFigures)
TABLE = TypeAdapter(list[list[str]])
TEXT = TypeAdapter(str)
COUNT = TypeAdapter(int)


def read_run(result: Result) -> Run:
    """A result, checked. Raises UsageError with one sentence that names what is wrong."""
    source = checked(SOURCE, _keys_of(Source, result), "A result")
    match source.suite:
        case "retrieval":
            return _retrieval_run(source, result)
        case "support":
            return SupportRun(
                source,
                part(result, "views", SUPPORT_VIEWS, source.name),
                part(result, "rows", SUPPORT_ROWS, source.name),
            )
        case "summaries":
            figures = checked(SUMMARIES_FIGURES, _keys_of(SummariesFigures, result), source.name)
            return TableRun(source, _scored(summaries.score_rows, asdict(figures), source.name))
        case "injection":
            return TableRun(source, part(result, "scores", TABLE, source.name))
        case _:
            records = part(result, "rows", ROWS, source.name)
            return AnswersRun(
                source,
                part(result, "summaries", ANSWERS_SUMMARIES, source.name),
                tuple(_row(row, f"{source.name}: rows[{place}]") for place, row in enumerate(records)),
            )


def _row(record: dict[str, Any], what: str) -> Row:
    return checked(SHOWN_ROW, record, what) if "text" in record else checked(ROW, record, what)


def _retrieval_run(source: Source, result: Result) -> RetrievalRun:
    bench, split = (part(result, name, TEXT, source.name) for name in ("bench", "split"))
    documents, queries = (part(result, name, COUNT, source.name) for name in ("documents", "queries"))
    scores = part(result, "scores", RETRIEVAL_SCORES, source.name)
    approximate = part({"approximate": {}} | result, "approximate", RECALLS, source.name)
    groups: dict[str, list[dict[str, Any]]] = {}
    for score in scores:
        groups.setdefault(score.group, []).append(asdict(score))
    rows = tuple(_scored(retrieval.score_rows, group, source.name) for group in groups.values())
    corpus = f"{bench}{split and f' {split}'}: {documents} documents, {queries} queries"
    return RetrievalRun(source, corpus, scores, rows, approximate)


def _scored(make: Callable[[Any], list[list[str]]], record: object, what: str) -> list[list[str]]:
    """A suite's own table of its scores."""
    try:
        return make(record)
    except KeyError as error:
        name = " of ".join(error.args[0]) if isinstance(error.args[0], tuple) else error.args[0]
        raise missing(name, what) from error


def _keys_of(kind: type[Source | SummariesFigures], result: Result) -> Result:
    return {each.name: result[each.name] for each in fields(kind) if each.name in result}


def answers_table(chosen: Iterable[Summary], corner: str = "") -> list[list[str]]:
    """Summaries as rows of plain text, the heading first."""
    return [[corner, *HEADINGS], *(cells(asdict(summary)) for summary in chosen)]


def totals(run: AnswersRun) -> list[list[str]]:
    """An `answers_table` of a line a system."""
    chosen = [summary for summary in run.summaries if summary.group == "total"]
    heading, *rows = answers_table(chosen)
    return [heading, *([total.system, *row[1:]] for total, row in zip(chosen, rows, strict=True))]
