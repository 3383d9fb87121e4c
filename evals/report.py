"""Results of eval runs -> one HTML page.

    Result -> Run (read and checked) -> sections: tables, pictures, the worst misses
    two Runs of one suite -> what changed

The page stands alone: no script, no address, nothing loaded. What results hold is other people's
text, and every text is escaped. Knows nothing of how figures are made or pictures drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from evals import approximate, plots, support
from evals.changes import comparisons, successive
from evals.comparison import Comparison
from evals.markup import definitions, details, listed, table, text
from evals.metrics import Forecast, brier_score, calibration_bins, calibration_error
from evals.misses import why, worst_misses
from evals.pictures import calibrated, means, relevance_forecasts, right_shares, risk_curves, seconds_taken
from evals.questions import KINDS
from evals.results import Result
from evals.runs import (
    AnswersRun,
    RetrievalRun,
    Run,
    ShownRow,
    Source,
    SupportRun,
    TableRun,
    answers_table,
    read_run,
    totals,
)

TITLE = "Vouch: results of the evals"
# Nothing but the page itself: its style, and its pictures, which stand in it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
PICTURED_MEASURE = "nDCG@10"


def html(results: Sequence[Result]) -> str:
    """The page. Raises UsageError for a result that is not as its suite writes it."""
    runs = [read_run(result) for result in results]
    style = Path(__file__).with_name("report.css").read_text("utf-8")
    sections = [_section(run, f"run-{place}") for place, run in enumerate(runs, start=1)]
    sections += [_comparison_section(before, after) for before, after in successive(runs)]
    links = [
        f'<a href="#run-{place}">{text(run.source.title)}</a>' for place, run in enumerate(runs, start=1)
    ]
    without = "" if plots.installed() else f"<p>{text(plots.HOW_TO_GET)}</p>"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{TITLE}</title><style>\n{style}</style></head>\n"
        f"<body><header><h1>{TITLE}</h1><nav>{' '.join(links)}</nav>{without}</header>\n"
        f"<main>{''.join(sections)}</main></body></html>\n"
    )


def _section(run: Run, name: str) -> str:
    match run:
        case AnswersRun():
            body = _answers_body(run, name)
        case RetrievalRun():
            body = _retrieval_body(run, name)
        case SupportRun():
            body = "".join(table(support.view_rows(asdict(view))) for view in run.views)
        case TableRun():
            body = table(run.rows)
    source = run.source
    return f'<section id="{name}"><h2>{text(source.title)}</h2>{_provenance(source)}{body}</section>\n'


def _provenance(source: Source) -> str:
    sha256 = source.model.get("sha256")
    parts = [("model", source.model), ("machine", source.machine)]
    parts += [("libraries", source.libraries), ("settings", source.settings)]
    told = "".join(
        f"<h3>{name}</h3>{definitions([(key, _plain(value)) for key, value in values.items()])}"
        for name, values in parts
        if values
    )
    hashed = f'<p class="origin">Model sha256 <code>{text(sha256)}</code></p>' if sha256 else ""
    ran = details("Where it ran, and how", told)
    return f'<p class="origin">{text(source.origin)}</p>{hashed}{ran}'


def _answers_body(run: AnswersRun, name: str) -> str:
    parts = [table(totals(run))] if len(run.systems) > 1 else []
    for system in run.systems:
        own = [summary for summary in run.summaries if summary.system == system]
        shown = table(answers_table(own, system))
        parts.append(shown if len(run.systems) == 1 else details(f"{system}, by split, kind and page", shown))
    parts += _answers_pictures(run, name)
    for system in dict.fromkeys(row.system for row in run.rows):
        misses = worst_misses(row for row in run.rows if row.system == system)
        if misses:
            heading, shown = _misses_heading(system, misses, run), "".join(map(_miss, misses))
            alone = len(run.systems) == 1
            parts.append(f"<h3>{text(heading)}</h3>{shown}" if alone else details(heading, shown))
    return "".join(parts)


def _misses_heading(system: str, misses: Sequence[ShownRow], run: AnswersRun) -> str:
    wrong = [row for row in run.rows if row.system == system and not row.right]
    hidden = sum(not isinstance(row, ShownRow) for row in wrong)
    held = f", {hidden} of them held and not shown" if hidden else ""
    return f"{system}: the worst {len(misses)} of {len(wrong)} misses{held}"


def _answers_pictures(run: AnswersRun, name: str) -> list[str]:
    by_kind = right_shares(run, lambda group: group in KINDS)
    by_page = right_shares(run, lambda group: group.startswith("page "))
    curves, seconds = risk_curves(run), seconds_taken(run)
    label = "share answered right"
    risk = (
        "Risk against coverage: were only the questions of the highest relevance answered, how many "
        "answers would not be right? A mark stands where the refusal as shipped does."
    )
    return [
        _figure(by_kind, lambda: plots.bars(by_kind, name=f"{name}-kinds", label=label), "Right, by kind"),
        _figure(by_page, lambda: plots.bars(by_page, name=f"{name}-pages", label=label), "Right, by page"),
        _figure(curves, lambda: plots.risk_coverage(curves, name=f"{name}-risk"), risk),
        _reliability(relevance_forecasts(run), name),
        _figure(seconds, lambda: plots.latency(seconds, name=f"{name}-latency"), "Seconds to an answer"),
    ]


def _reliability(forecasts: Mapping[str, Sequence[Forecast]], name: str) -> str:
    """The reliability diagram of the estimated relevance, and its figures as a table."""
    if not forecasts:
        return ""
    bins = {system: calibration_bins(own) for system, own in forecasts.items()}
    curves = {system: calibrated(own) for system, own in bins.items()}
    caption = (
        "Reliability of the relevance: in bins of equal count, how often is the paper that retrieval puts "
        "first the right one, against the probability that it told? On the dashed line both are equal; "
        "the bars are 95 % intervals."
    )
    rows = [["relevance told", "questions", "Brier score", "expected calibration error"]]
    rows += [
        [system, str(len(own)), f"{brier_score(own):.3f}", f"{calibration_error(bins[system]):.3f}"]
        for system, own in forecasts.items()
    ]
    drawn = _figure(curves, lambda: plots.reliability(curves, name=f"{name}-reliability"), caption)
    return drawn + table(rows)


def _retrieval_body(run: RetrievalRun, name: str) -> str:
    shares = means(run, PICTURED_MEASURE)
    searched = approximate.sentence(run.approximate)
    return "".join(
        [
            f"<p>{text(run.corpus)}</p>",
            _figure(
                shares,
                lambda: plots.bars(shares, name=f"{name}-ndcg", label=PICTURED_MEASURE),
                f"{PICTURED_MEASURE}, by system and group",
            ),
            *map(table, run.groups[:1]),
            f"<p>{text(searched)}</p>" if searched else "",
            details("Group by group", "".join(map(table, run.groups[1:]))) if run.groups[1:] else "",
        ]
    )


def _miss(row: ShownRow) -> str:
    *earlier, question = row.turns or ("",)
    evidence = [["title", "relevance"]]
    evidence += [[paper.title, f"{paper.relevance:.3f}"] for paper in row.evidence]
    told = [
        ("earlier turns", listed(earlier)),
        ("said", f'<div class="said">{text(row.text)}</div>'),
        ("cited", listed(row.titles)),
        ("invented", listed(row.invented)),
        ("unsupported", listed(row.unsupported)),
        ("wanted titles", listed(row.papers)),
        ("wanted facts", listed(" or ".join(fact) for fact in row.facts)),
        ("evidence in hand", table(evidence) if row.evidence else ""),
    ]
    items = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in told if value)
    return (
        f'<article class="miss"><h4>{text(question)}</h4>'
        f'<p class="origin">{text(row.id)}, {text(row.kind)}</p>'
        f'<p class="why">{text(why(row))}</p><dl>{items}</dl></article>\n'
    )


def _comparison_section(before: Run, after: Run) -> str:
    compared = comparisons(before, after)
    heading = f"{after.source.title}: what changed"
    runs = definitions([("before", before.source.origin), ("after", after.source.origin)])
    parts = [table(_comparison_table(compared))] if compared else ["<p>No system is in both runs.</p>"]
    for system, each in compared:
        parts += [
            _changed(f"{system}: right before, wrong now", each.lost, system, after),
            _changed(f"{system}: wrong before, right now", each.gained, system, before),
            _changed(f"{system}: only before", each.only_before, system, before),
            _changed(f"{system}: only after", each.only_after, system, after),
        ]
    return (
        f"<section><h2>{text(heading)}</h2>{runs}{''.join(parts)}"
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
        reason = f"\n{why(row)}" if row and not row.right else ""
        told.append(f"{name}{asked}{reason}")
    return details(f"{heading} ({len(ids)})", listed(told)) if ids else ""


def _figure(numbers: object, draw: Callable[[], str], caption: str) -> str:
    if not numbers or not plots.installed():
        return ""
    return f'<figure><figcaption>{text(caption)}</figcaption><div class="wide">{draw()}</div></figure>'


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
