"""Results of eval runs -> one HTML page, or Markdown tables for a README.

    Result -> Run (read and checked) -> sections: tables, pictures, the worst misses
    two Runs of one suite -> what changed

The page stands alone: no script, no address, nothing loaded. Results may come from anybody's
files, and what they hold is other people's text: every value is checked, every text escaped.
Knows nothing of how figures are made or pictures drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import Field, TypeAdapter, ValidationError

from evals import answers, plots, retrieval, summaries, support, tables
from evals.comparison import Comparison, Verdicts, compare
from evals.questions import KINDS, REFUSABLE
from evals.results import Result
from rag.cleaning import clean
from rag.errors import UsageError

MISSES_SHOWN = 15
TITLE = "Vouch: results of the evals"
# Nothing but the page itself: its style, and its pictures, which stand in it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
PICTURED_MEASURE = "nDCG@10"
README_MEASURES = (PICTURED_MEASURE, "MRR@10", "recall@5")
# Of `answers.HEADINGS`, those that a README has room for, and what they are called there.
README_COLUMNS = {
    "questions": "questions",
    "right": "right",
    "95 %": "95 %",
    "all facts": "all facts",
    "title R": "right titles",
    "F1": "refusal F1",
    "false refusals": "false refusals",
    "unsupported": "unsupported",
    "invented": "invented",
    "first s": "first s",
    "total s": "total s",
}
_HINT = "Name a file that `vouch eval` of this version wrote, or run the suite again."

Share = Annotated[float, Field(ge=0, le=1)]
Value = TypeVar("Value")


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

    @property
    def name(self) -> str:
        return f"{self.suite} of {self.date[:10]}, commit {self.commit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A paper that retrieval had in hand."""

    title: str
    relevance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question of one system: the verdict and the figures."""

    id: str
    kind: str
    system: str
    status: str
    right: bool
    declined: bool
    facts_held: Share | None
    title_recall: Share | None
    relevance: float | None
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
    summaries: tuple[answers.Summary, ...]
    rows: tuple[Row, ...]

    @property
    def systems(self) -> list[str]:
        return list(dict.fromkeys(summary.system for summary in self.summaries))


@dataclass(frozen=True, slots=True)
class RetrievalRun:
    """`groups` are tables, the heading first, in the order of the scores."""

    source: Source
    corpus: str
    scores: tuple[retrieval.Score, ...]
    groups: tuple[list[list[str]], ...]


@dataclass(frozen=True, slots=True)
class SupportRun:
    source: Source
    views: tuple[support.View, ...]
    rows: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class SummariesRun:
    """`rows` are the figures as a table, the heading first."""

    source: Source
    rows: list[list[str]]


Run = AnswersRun | RetrievalRun | SupportRun | SummariesRun

SOURCE = TypeAdapter(Source)
ROWS = TypeAdapter(list[dict[str, Any]])
ROW = TypeAdapter(Row)
SHOWN_ROW = TypeAdapter(ShownRow)
ANSWERS_SUMMARIES = TypeAdapter(tuple[answers.Summary, ...])
RETRIEVAL_SCORES = TypeAdapter(tuple[retrieval.Score, ...])
SUPPORT_VIEWS = TypeAdapter(tuple[support.View, ...])
SUPPORT_ROWS = TypeAdapter(tuple[Judged, ...])
SUMMARIES_FIGURES = TypeAdapter(SummariesFigures)
TEXT = TypeAdapter(str)
COUNT = TypeAdapter(int)


def html(results: Sequence[Result]) -> str:
    """The page. Raises UsageError for a result that is not as its suite writes it."""
    runs = [read_run(result) for result in results]
    style = Path(__file__).with_name("report.css").read_text("utf-8")
    sections = [_section(run, f"run-{place}") for place, run in enumerate(runs, start=1)]
    sections += [_comparison_section(before, after) for before, after in _successive(runs)]
    links = [
        f'<a href="#run-{place}">{_text(run.source.suite)}</a>' for place, run in enumerate(runs, start=1)
    ]
    without = "" if plots.installed() else f"<p>{_text(plots.HOW_TO_GET)}</p>"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{TITLE}</title><style>\n{style}</style></head>\n"
        f"<body><header><h1>{TITLE}</h1><nav>{' '.join(links)}</nav>{without}</header>\n"
        f"<main>{''.join(sections)}</main></body></html>\n"
    )


def markdown(results: Sequence[Result]) -> str:
    """The tables of a README. Raises UsageError as `html` does."""
    runs = [read_run(result) for result in results]
    parts = [part for run in runs for part in (_provenance_line(run.source), *_readme_tables(run))]
    parts += [
        _sentence(system, compared, before, after)
        for before, after in _successive(runs)
        for system, compared in _comparisons(before, after)
    ]
    return "\n\n".join(parts) + "\n"


# Reading


def read_run(result: Result) -> Run:
    """A result, checked. Raises UsageError with one sentence that names what is wrong."""
    source = _checked(SOURCE, _keys_of(Source, result), "A result")
    match source.suite:
        case "retrieval":
            return _retrieval_run(source, result)
        case "support":
            return SupportRun(
                source,
                _part(result, "views", SUPPORT_VIEWS, source.name),
                _part(result, "rows", SUPPORT_ROWS, source.name),
            )
        case "summaries":
            figures = _checked(SUMMARIES_FIGURES, _keys_of(SummariesFigures, result), source.name)
            return SummariesRun(source, _scored(summaries.score_rows, asdict(figures), source.name))
        case _:
            records = _part(result, "rows", ROWS, source.name)
            return AnswersRun(
                source,
                _part(result, "summaries", ANSWERS_SUMMARIES, source.name),
                tuple(_row(row, f"{source.name}: rows[{place}]") for place, row in enumerate(records)),
            )


def _row(record: dict[str, Any], what: str) -> Row:
    return _checked(SHOWN_ROW, record, what) if "text" in record else _checked(ROW, record, what)


def _retrieval_run(source: Source, result: Result) -> RetrievalRun:
    bench, split = (_part(result, name, TEXT, source.name) for name in ("bench", "split"))
    documents, queries = (_part(result, name, COUNT, source.name) for name in ("documents", "queries"))
    scores = _part(result, "scores", RETRIEVAL_SCORES, source.name)
    groups: dict[str, list[dict[str, Any]]] = {}
    for score in scores:
        groups.setdefault(score.group, []).append(asdict(score))
    rows = tuple(_scored(retrieval.score_rows, group, source.name) for group in groups.values())
    corpus = f"{bench}{split and f' {split}'}: {documents} documents, {queries} queries"
    return RetrievalRun(source, corpus, scores, rows)


def _scored(make: Callable[[Any], list[list[str]]], record: object, what: str) -> list[list[str]]:
    """A suite's own table of its scores."""
    try:
        return make(record)
    except KeyError as error:
        missing = " of ".join(error.args[0]) if isinstance(error.args[0], tuple) else error.args[0]
        raise UsageError(f"{_line(what)}: {_line(missing)} is missing.", hint=_HINT) from error


def _keys_of(kind: type[Source | SummariesFigures], result: Result) -> Result:
    return {each.name: result[each.name] for each in fields(kind) if each.name in result}


def _part(result: Result, name: str, adapter: TypeAdapter[Value], what: str) -> Value:
    if name not in result:
        raise UsageError(f"{_line(what)}: {name} is missing.", hint=_HINT)
    return _checked(adapter, result[name], f"{what}: {name}")


def _checked(adapter: TypeAdapter[Value], value: object, what: str) -> Value:
    """The value as the adapter's type, nothing converted: JSON in, strictly."""
    try:
        return adapter.validate_json(json.dumps(value, allow_nan=False), strict=True)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
        told = "is missing" if fault["type"] == "missing" else f"is not right: {fault['msg'].lower()}"
        raise UsageError(f"{_line(what)}{_line(place)} {told}.", hint=_HINT) from error
    except (ValueError, RecursionError) as error:
        told = "holds a number that is not finite, or is nested too deep"
        raise UsageError(f"{_line(what)} {told}.", hint=_HINT) from error


# What a miss is


def faults(row: ShownRow) -> list[tuple[float, str]]:
    """Why a row counts as wrong, worst first: how bad it is, small numbers worst, and a sentence."""
    found: list[tuple[float, str]] = []
    if row.invented:
        found.append((0, f"It cites what nobody has: {'; '.join(row.invented)}."))
    if row.forbidden:
        found.append((1, f"It says what only a wrong answer says: {'; '.join(row.forbidden)}."))
    if row.status == "failed":
        found.append((6, "It could not be asked."))
    elif not row.answerable:
        if not row.declined:
            found.append(
                (2, _UNDECLINED.get(row.kind, "Nothing on the shelf answers this, and it was answered."))
            )
    elif row.declined:
        found.append((5, "It was declined, though the shelf answers it."))
    else:
        found += _shortcomings(row)
    return found or [(7, "It was judged wrong, and the row does not tell why.")]


_UNDECLINED = {
    "false_premise": "The question assumes what is not so, and it was neither declined nor put right.",
}


def _shortcomings(row: ShownRow) -> list[tuple[float, str]]:
    """What an answer to an answerable question lacks."""
    found: list[tuple[float, str]] = []
    if row.title_recall == 0:
        found.append((3, "It cites no right paper."))
    elif row.title_recall is not None and row.title_recall < 0.5 and row.kind == "several":
        found.append((3, "It cites fewer than half of the right papers."))
    if row.facts_held is not None and row.facts_held < 1:
        missing = round((1 - row.facts_held) * len(row.facts))
        found.append((4 + row.facts_held / 2, f"{missing} of {len(row.facts)} wanted facts missing."))
    return found


def worst_misses(rows: Iterable[Row]) -> list[ShownRow]:
    """The rows that are not right and may be shown, worst first, at most MISSES_SHOWN."""
    wrong = [row for row in rows if isinstance(row, ShownRow) and not row.right]
    return sorted(wrong, key=lambda row: faults(row)[0][0])[:MISSES_SHOWN]


# What changed


def _successive(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Each run with verdicts and the next of its suite, by date."""
    dated = sorted(
        (run for run in runs if _verdicts(run)), key=lambda run: (run.source.suite, run.source.date)
    )
    return [(one, next_) for one, next_ in pairwise(dated) if one.source.suite == next_.source.suite]


def _verdicts(run: Run) -> dict[str, Verdicts]:
    """System -> its verdicts; of a suite that has none, nothing."""
    match run:
        case AnswersRun():
            systems = dict.fromkeys(row.system for row in run.rows)
            return {
                system: {row.id: row.right for row in run.rows if row.system == system} for system in systems
            }
        case SupportRun():
            return {"verifier": {row.id: row.supported == (row.label == "SUPPORT") for row in run.rows}}
    return {}


def _comparisons(before: Run, after: Run) -> list[tuple[str, Comparison]]:
    earlier, later = _verdicts(before), _verdicts(after)
    return [(system, compare(earlier[system], later[system])) for system in earlier if system in later]


# Markdown


def _provenance_line(source: Source) -> str:
    return f"**{_inline(source.suite)}**: {_inline(_origin(source))}"


def _readme_tables(run: Run) -> list[str]:
    match run:
        case AnswersRun():
            return [_readme_answers(run)]
        case RetrievalRun():
            return [_inline(run.corpus), _readme_retrieval(run)]
        case SupportRun():
            return [_pipes(support.view_rows(asdict(view))) for view in run.views]
        case SummariesRun():
            return [_pipes(run.rows)]


def _readme_answers(run: AnswersRun) -> str:
    """Of one system its splits and kinds, of several each one's total."""
    if len(run.systems) > 1:
        rows = _totals(run)
    else:
        groups = {"total", "dev", "held", *KINDS}
        rows = _answers_table([summary for summary in run.summaries if summary.group in groups], "")
    places = [0, *(rows[0].index(heading) for heading in README_COLUMNS)]
    chosen = [[row[place] for place in places] for row in rows]
    return _pipes([[chosen[0][0], *README_COLUMNS.values()], *chosen[1:]])


def _readme_retrieval(run: RetrievalRun) -> str:
    scores = {(score.system, score.measure): score for score in run.scores if score.group == retrieval.ALL}
    systems = list(dict.fromkeys(system for system, _ in scores))
    cells = [
        [f"{score.mean:.3f} ({tables.between(score.interval, 3)})" for score in map(scores.__getitem__, keys)]
        for keys in ([(system, measure) for measure in README_MEASURES] for system in systems)
    ]
    return _pipes(
        [["", *README_MEASURES], *([system, *row] for system, row in zip(systems, cells, strict=True))]
    )


def _pipes(rows: tables.Rows) -> str:
    return tables.markdown([[_inline(cell) for cell in row] for row in rows])


def _inline(text: str) -> str:
    """Text that stays on its line and in which Markdown finds no HTML."""
    return escape(_line(text), quote=False)


# Tables that HTML and Markdown share, as rows of plain text


def _answers_table(chosen: Iterable[answers.Summary], corner: str) -> list[list[str]]:
    return [[corner, *answers.HEADINGS], *(answers.cells(asdict(summary)) for summary in chosen)]


def _totals(run: AnswersRun) -> list[list[str]]:
    """A line a system."""
    totals = [summary for summary in run.summaries if summary.group == "total"]
    heading, *rows = _answers_table(totals, "")
    return [heading, *([total.system, *row[1:]] for total, row in zip(totals, rows, strict=True))]


def _sentence(system: str, compared: Comparison, before: Run, after: Run) -> str:
    suite, earlier, later = map(_inline, (after.source.suite, before.source.commit, after.source.commit))
    return (
        f"**{suite}**, {_inline(system)}, commit {earlier} to {later}: of {compared.questions} questions "
        f"{len(compared.lost)} went from right to wrong, {len(compared.gained)} from wrong to right "
        f"(McNemar's exact p = {compared.p:.3g})."
    )


def _origin(source: Source) -> str:
    """Date, commit, model and machine in a line."""
    told = (
        source.date[:10],
        f"commit {source.commit}",
        source.model.get("name") or "no model",
        source.machine.get("processor"),
        f"{source.machine['cores']} cores" if "cores" in source.machine else None,
    )
    return ", ".join(str(each) for each in told if each)


# HTML


def _section(run: Run, name: str) -> str:
    match run:
        case AnswersRun():
            body = _answers_body(run, name)
        case RetrievalRun():
            body = _retrieval_body(run, name)
        case SupportRun():
            body = "".join(_table(support.view_rows(asdict(view))) for view in run.views)
        case SummariesRun():
            body = _table(run.rows)
    source = run.source
    return f'<section id="{name}"><h2>{_text(source.suite)}</h2>{_provenance(source)}{body}</section>\n'


def _provenance(source: Source) -> str:
    sha256 = source.model.get("sha256")
    parts = [("model", source.model), ("machine", source.machine)]
    parts += [("libraries", source.libraries), ("settings", source.settings)]
    told = "".join(
        f"<h3>{name}</h3>{_definitions([(key, _plain(value)) for key, value in values.items()])}"
        for name, values in parts
        if values
    )
    hashed = f'<p class="origin">Model sha256 <code>{_text(sha256)}</code></p>' if sha256 else ""
    return f'<p class="origin">{_text(_origin(source))}</p>{hashed}{_details("Where it ran, and how", told)}'


def _answers_body(run: AnswersRun, name: str) -> str:
    parts = [_table(_totals(run))] if len(run.systems) > 1 else []
    for system in run.systems:
        own = [summary for summary in run.summaries if summary.system == system]
        table = _table(_answers_table(own, system))
        parts.append(
            table if len(run.systems) == 1 else _details(f"{system}, by split, kind and page", table)
        )
    parts += _answers_pictures(run, name)
    for system in dict.fromkeys(row.system for row in run.rows):
        misses = worst_misses(row for row in run.rows if row.system == system)
        if misses:
            heading, shown = _misses_heading(system, misses, run), "".join(map(_miss, misses))
            alone = len(run.systems) == 1
            parts.append(f"<h3>{_text(heading)}</h3>{shown}" if alone else _details(heading, shown))
    return "".join(parts)


def _misses_heading(system: str, misses: Sequence[ShownRow], run: AnswersRun) -> str:
    wrong = [row for row in run.rows if row.system == system and not row.right]
    hidden = sum(not isinstance(row, ShownRow) for row in wrong)
    held = f", {hidden} of them held and not shown" if hidden else ""
    return f"{system}: the worst {len(misses)} of {len(wrong)} misses{held}"


def _answers_pictures(run: AnswersRun, name: str) -> list[str]:
    by_kind = _right_shares(run, lambda group: group in KINDS)
    by_page = _right_shares(run, lambda group: group.startswith("page "))
    curves, seconds = _curves(run), _seconds(run)
    label = "share answered right"
    risk = (
        "Risk against coverage: were only the questions of the highest relevance answered, how many "
        "answers would not be right? A mark stands where the refusal as shipped does."
    )
    return [
        _figure(by_kind, lambda: plots.bars(by_kind, name=f"{name}-kinds", label=label), "Right, by kind"),
        _figure(by_page, lambda: plots.bars(by_page, name=f"{name}-pages", label=label), "Right, by page"),
        _figure(curves, lambda: plots.risk_coverage(curves, name=f"{name}-risk"), risk),
        _figure(seconds, lambda: plots.latency(seconds, name=f"{name}-latency"), "Seconds to an answer"),
    ]


def _right_shares(run: AnswersRun, wanted: Callable[[str], bool]) -> dict[str, dict[str, plots.Estimate]]:
    shares: dict[str, dict[str, plots.Estimate]] = {}
    for summary in run.summaries:
        if wanted(summary.group):
            shares.setdefault(summary.system, {})[summary.group] = (summary.right, *summary.interval)
    return shares


def _curves(run: AnswersRun) -> dict[str, list[plots.Point]]:
    """Of the systems that tell a relevance, over the questions for which they do."""
    curves = {}
    for system in dict.fromkeys(row.system for row in run.rows):
        told = [row for row in run.rows if row.system == system and row.relevance is not None]
        answered = [
            (cast(float, row.relevance), row.right) for row in told if row.status in ("answered", "partly")
        ]
        if answered:
            curves[system] = plots.selective_risk(answered, len(told))
    return curves


def _seconds(run: AnswersRun) -> dict[str, dict[str, list[float]]]:
    seconds = {}
    for system in dict.fromkeys(row.system for row in run.rows):
        own = [row for row in run.rows if row.system == system]
        timed = {
            "whole answer": [row.total_s for row in own if row.total_s is not None],
            "first words": [row.first_token_s for row in own if row.first_token_s is not None],
        }
        if any(timed.values()):
            seconds[system] = timed
    return seconds


def _retrieval_body(run: RetrievalRun, name: str) -> str:
    shares: dict[str, dict[str, plots.Estimate]] = {}
    for score in run.scores:
        if score.measure == PICTURED_MEASURE:
            shares.setdefault(score.system, {})[score.group] = (score.mean, *score.interval)
    return "".join(
        [
            f"<p>{_text(run.corpus)}</p>",
            _figure(
                shares,
                lambda: plots.bars(shares, name=f"{name}-ndcg", label=PICTURED_MEASURE),
                f"{PICTURED_MEASURE}, by system and group",
            ),
            *map(_table, run.groups[:1]),
            _details("Group by group", "".join(map(_table, run.groups[1:]))) if run.groups[1:] else "",
        ]
    )


def _miss(row: ShownRow) -> str:
    *earlier, question = row.turns or ("",)
    evidence = [["title", "relevance"]]
    evidence += [[paper.title, f"{paper.relevance:.3f}"] for paper in row.evidence]
    told = [
        ("earlier turns", _list(earlier)),
        ("said", f'<div class="said">{_text(row.text)}</div>'),
        ("cited", _list(row.titles)),
        ("invented", _list(row.invented)),
        ("unsupported", _list(row.unsupported)),
        ("wanted titles", _list(row.papers)),
        ("wanted facts", _list(" or ".join(fact) for fact in row.facts)),
        ("evidence in hand", _table(evidence) if row.evidence else ""),
    ]
    items = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in told if value)
    return (
        f'<article class="miss"><h4>{_text(question)}</h4>'
        f'<p class="origin">{_text(row.id)}, {_text(row.kind)}</p>'
        f'<p class="why">{_text(_why(row))}</p><dl>{items}</dl></article>\n'
    )


def _why(row: ShownRow) -> str:
    return " ".join(sentence for _, sentence in faults(row))


def _comparison_section(before: Run, after: Run) -> str:
    compared = _comparisons(before, after)
    heading = f"{after.source.suite}: what changed"
    runs = _definitions([("before", _origin(before.source)), ("after", _origin(after.source))])
    parts = [_table(_comparison_table(compared))] if compared else ["<p>No system is in both runs.</p>"]
    for system, each in compared:
        parts += [
            _changed(f"{system}: right before, wrong now", each.lost, system, after),
            _changed(f"{system}: wrong before, right now", each.gained, system, before),
            _changed(f"{system}: only before", each.only_before, system, before),
            _changed(f"{system}: only after", each.only_after, system, after),
        ]
    return (
        f"<section><h2>{_text(heading)}</h2>{runs}{''.join(parts)}"
        "<p>p is McNemar's, exact and two-sided: how often chance alone would split the changed questions "
        "at least so unevenly.</p></section>\n"
    )


def _comparison_table(compared: Iterable[tuple[str, Comparison]]) -> list[list[str]]:
    heading = ["", "in both", "right in both", "right to wrong", "wrong to right", "wrong in both"]
    return [[*heading, "only before", "only after", "p"]] + [
        [
            system,
            *map(str, (each.questions, each.right, len(each.lost), len(each.gained), each.wrong)),
            *map(str, (len(each.only_before), len(each.only_after))),
            f"{each.p:.3g}",
        ]
        for system, each in compared
    ]


def _changed(heading: str, ids: Sequence[str], system: str, wrong_in: Run) -> str:
    """The questions of those ids; of a miss that may be shown, what was asked and why it is wrong."""
    rows = {}
    if isinstance(wrong_in, AnswersRun):
        rows = {row.id: row for row in wrong_in.rows if row.system == system and isinstance(row, ShownRow)}
    told = []
    for name in ids:
        row = rows.get(name)
        asked = f": {' / '.join(row.turns)}" if row else ""
        why = f"\n{_why(row)}" if row and not row.right else ""
        told.append(f"{name}{asked}{why}")
    return _details(f"{heading} ({len(ids)})", _list(told)) if ids else ""


def _figure(numbers: object, draw: Callable[[], str], caption: str) -> str:
    if not numbers or not plots.installed():
        return ""
    return f'<figure><figcaption>{_text(caption)}</figcaption><div class="wide">{draw()}</div></figure>'


def _table(rows: tables.Rows) -> str:
    heading, *body = rows
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in heading)
    lines = "".join(map(_table_line, body))
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _table_line(row: Sequence[str]) -> str:
    cells = "".join(f"<td>{_text(cell)}</td>" for cell in row[1:])
    return f'<tr><th scope="row">{_text(row[0])}</th>{cells}</tr>'


def _definitions(pairs: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in pairs)
    return f'<dl class="facts">{items}</dl>'


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{_text(summary)}</summary>{body}</details>"


def _list(items: Iterable[str]) -> str:
    told = "".join(f"<li>{_text(item)}</li>" for item in items)
    return told and f"<ul>{told}</ul>"


def _text(value: object) -> str:
    """Any text, safe between tags and inside quotes."""
    return escape(clean(str(value)))


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
