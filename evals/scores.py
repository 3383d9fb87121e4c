"""Outcomes of questions, summed up: a system's measures over each group of them, and the suite's report.

    Outcome (from `evals.answers`) -> Summary, one a system and group -> AnswersReport

Knows nothing of how an answer is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evals import tables
from evals.answers import Outcome
from evals.metrics import SEED, bootstrap_interval, f1, percentile
from evals.questions import KINDS

HEADINGS = (
    *("questions", "right", "95 %", "all facts", "title P", "title R", "refusal P", "R", "F1"),
    *("false refusals", "unsupported", "invented", "first s", "total s", "an hour"),
)


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile of seconds, over the `n` answers that have them."""

    n: int
    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The measures over one group of a system's outcomes. Shares are 0 to 1, None where undefined.

    Facts and titles are over the answerable questions, `false_refusals` too. A refusal is right where
    nothing on the shelf answers: precision is over what was declined, recall over what nothing
    answers. `unsupported` is a share of the checked sentences. Tokens are sums. `questions_an_hour` are
    asked one after the other; older results do not tell it.
    """

    system: str
    group: str
    n: int
    failed: int
    right: float
    interval: tuple[float, float]
    all_facts: float | None
    mean_facts: float | None
    title_precision: float | None
    title_recall: float | None
    refusal_precision: float | None
    refusal_recall: float | None
    refusal_f1: float | None
    false_refusals: float | None
    checked: int
    unsupported: float | None
    invented: int
    broken_quotes: int
    retrieve_s: Spread | None
    first_token_s: Spread | None
    total_s: Spread | None
    prompt_tokens: int
    output_tokens: int
    questions_an_hour: float | None = None


@dataclass(frozen=True, slots=True)
class AnswersReport:
    """A suite's outcomes in the order asked, and their summaries: total, splits, kinds and pages."""

    suite: str
    outcomes: tuple[Outcome, ...]
    summaries: tuple[Summary, ...]
    show_held: bool = False

    def record(self) -> dict[str, Any]:
        """The object that `vouch eval --json` prints; of held questions figures alone, unless shown."""
        return {
            "suite": self.suite,
            "summaries": [asdict(summary) for summary in self.summaries],
            "rows": [
                outcome.row(shown=self.show_held or outcome.question.split != "held")
                for outcome in self.outcomes
            ],
        }

    def table(self) -> str:
        """The summaries as plain text, one a line."""
        systems = dict.fromkeys(summary.system for summary in self.summaries)
        parts = []
        for system in systems:
            rows = [cells(asdict(summary)) for summary in self.summaries if summary.system == system]
            parts.append(tables.plain([[system, *HEADINGS], *rows]))
        return "\n\n".join(parts)


def cells(summary: Mapping[str, Any]) -> list[str]:
    """A summary's record as a table's row, under HEADINGS."""
    shares = ["title_precision", "title_recall", "refusal_precision", "refusal_recall", "refusal_f1"]
    return [
        summary["group"],
        str(summary["n"]),
        tables.share(summary["right"]),
        tables.between(summary["interval"]),
        tables.share(summary["all_facts"]),
        *(tables.share(summary[name]) for name in shares),
        tables.share(summary["false_refusals"]),
        tables.share(summary["unsupported"]),
        str(summary["invented"]),
        *(
            tables.share(spread and spread["median"])
            for spread in (summary["first_token_s"], summary["total_s"])
        ),
        f"{summary['questions_an_hour']:,.0f}" if summary.get("questions_an_hour") else "",
    ]


def summarise(system: str, group: str, outcomes: Sequence[Outcome]) -> Summary:
    """The measures over one or more outcomes of one system."""
    answerable = [outcome for outcome in outcomes if outcome.question.answerable]
    declined = [outcome for outcome in outcomes if outcome.declined]
    precision = _mean(not outcome.question.answerable for outcome in declined)
    recall = _mean(outcome.declined for outcome in outcomes if not outcome.question.answerable)
    right = [float(outcome.right) for outcome in outcomes]
    checked = sum(outcome.checked for outcome in outcomes)
    return Summary(
        system=system,
        group=group,
        n=len(outcomes),
        failed=sum(outcome.status == "failed" for outcome in outcomes),
        right=sum(right) / len(right),
        interval=bootstrap_interval(right, SEED),
        all_facts=_mean(outcome.all_facts for outcome in answerable),
        mean_facts=_mean(outcome.facts_held for outcome in answerable),
        title_precision=_mean(outcome.title_precision for outcome in answerable),
        title_recall=_mean(outcome.title_recall for outcome in answerable),
        refusal_precision=precision,
        refusal_recall=recall,
        refusal_f1=f1(precision, recall),
        false_refusals=_mean(outcome.declined for outcome in answerable),
        checked=checked,
        unsupported=sum(len(outcome.unsupported) for outcome in outcomes) / checked if checked else None,
        invented=sum(len(outcome.invented) for outcome in outcomes),
        broken_quotes=sum(outcome.broken_quotes for outcome in outcomes),
        retrieve_s=_spread(outcome.retrieve_s for outcome in outcomes),
        first_token_s=_spread(outcome.first_token_s for outcome in outcomes),
        total_s=_spread(outcome.total_s for outcome in outcomes),
        prompt_tokens=sum(outcome.prompt_tokens or 0 for outcome in outcomes),
        output_tokens=sum(outcome.output_tokens or 0 for outcome in outcomes),
        questions_an_hour=_an_hour(outcomes),
    )


def summaries(outcomes: Sequence[Outcome]) -> tuple[Summary, ...]:
    """Each system's summaries: total, then by split, kind and page, where there is more than one."""
    found = []
    for system in dict.fromkeys(outcome.system for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.system == system]
        found.append(summarise(system, "total", own))
        for names in (
            [outcome.question.split for outcome in own],
            [outcome.question.kind for outcome in own],
            [outcome.question.page and f"page {outcome.question.page}" for outcome in own],
        ):
            groups = sorted(set(names) - {""}, key=_group_order)
            if len(groups) > 1:
                found += [
                    summarise(
                        system, group, [each for each, name in zip(own, names, strict=True) if name == group]
                    )
                    for group in groups
                ]
    return tuple(found)


def _group_order(name: str) -> tuple[int, str]:
    return (list(KINDS).index(name) if name in KINDS else len(KINDS), name)


def _an_hour(outcomes: Sequence[Outcome]) -> float | None:
    took = [outcome.total_s for outcome in outcomes if outcome.total_s is not None]
    return 3600 * len(took) / sum(took) if sum(took) else None


def _mean(values: Iterable[float | None]) -> float | None:
    counted = [value for value in values if value is not None]
    return sum(counted) / len(counted) if counted else None


def _spread(values: Iterable[float | None]) -> Spread | None:
    seconds = [value for value in values if value is not None]
    return Spread(len(seconds), percentile(seconds, 50), percentile(seconds, 95)) if seconds else None
