"""Questions put to a system, and its answers judged.

`ask` is any function from a question to the object that `vouch ask --json` prints, so that
another system is measured by the same rules. Knows nothing of how answers are made, and of a
shelf only its papers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evals import tables
from evals.metrics import (
    SEED,
    Record,
    bootstrap_interval,
    cited_sentences,
    cited_titles,
    f1,
    facts_held,
    invented_citations,
    normalise,
    patterns_found,
    percentile,
    refused,
    title_precision,
    title_recall,
)
from evals.questions import KINDS, Question
from rag.errors import QuestionError
from rag.sentences import sentences
from rag.types import Paper, Quote
from rag.verify import verify

VOUCH = "vouch"
# Passages that a row keeps as the evidence that was in hand.
EVIDENCE_KEPT = 3

Ask = Callable[[Question], Record]
Progress = Callable[[int, int], None]
"""Called after each question: how many are done, of how many."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's answer, judged. None where a measure does not apply to the question.

    `right` is the verdict on the whole: the facts are there, no forbidden pattern is, a right title
    is cited, nothing is invented; of a question that nothing answers, that it was declined.
    `declined` is a refusal, or a false premise put right. `status` is the answer's, or "failed" where
    the question could not be asked; `text` is then the message. A refusal holds no facts, whatever
    its text says. `unsupported` are the sentences that name a paper which, by `rag.verify`, does not
    support them, of `checked` ones. `broken_quotes` counts quotes that are not their abstract's words.
    `relevance` is the retrieval's estimate for the best paper.
    """

    question: Question
    system: str
    status: str
    text: str
    right: bool = False
    titles: tuple[str, ...] = ()
    facts_held: float | None = None
    title_precision: float | None = None
    title_recall: float | None = None
    forbidden: tuple[str, ...] = ()
    declined: bool = False
    invented: tuple[str, ...] = ()
    checked: int = 0
    unsupported: tuple[str, ...] = ()
    broken_quotes: int = 0
    relevance: float | None = None
    evidence: tuple[dict[str, Any], ...] = ()
    retrieve_s: float | None = None
    first_token_s: float | None = None
    total_s: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def all_facts(self) -> bool | None:
        return None if self.facts_held is None else self.facts_held == 1

    def row(self, *, shown: bool) -> dict[str, Any]:
        """A line of the result: the question and what came of it; not `shown`, figures alone."""
        row = asdict(self) | {"all_facts": self.all_facts}
        question = row.pop("question")
        for name in ("invented", "unsupported"):
            row[name] = list(row[name]) if shown else len(row[name])
        if not shown:
            for name in ("text", "titles", "evidence", "forbidden"):
                del row[name]
            question = {name: question[name] for name in ("id", "kind", "page", "split")}
        return {**question, **row}


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
    answers. `unsupported` is a share of the checked sentences. Tokens are sums.
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


HEADINGS = (
    *("questions", "right", "95 %", "all facts", "title P", "title R", "refusal P", "R", "F1"),
    *("false refusals", "unsupported", "invented", "first s", "total s"),
)


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
    ]


def run_answers(
    ask: Ask,
    questions: Sequence[Question],
    papers: Iterable[Paper],
    on_progress: Progress = lambda done, total: None,
    *,
    system: str = VOUCH,
) -> tuple[Outcome, ...]:
    """Ask every question, in order, and judge the answers.

    A QuestionError makes that question a failed one; any other error ends the run.
    """
    shelf = {normalise(paper.title): paper for paper in papers}
    outcomes: list[Outcome] = []
    for question in questions:
        try:
            outcomes.append(judge(question, ask(question), shelf, system=system))
        except QuestionError as error:
            outcomes.append(failed(question, error.message, system=system))
        on_progress(len(outcomes), len(questions))
    return tuple(outcomes)


def judge(question: Question, record: Record, shelf: Mapping[str, Paper], *, system: str = VOUCH) -> Outcome:
    """One answer, measured against what its question wants. `shelf` is by normalised title."""
    declined = refused(record)
    said = "" if declined else record["text"]
    facts = facts_held(said, question.facts) if question.facts else None
    forbidden = tuple(patterns_found(record["text"], question.forbidden))
    invented = tuple(invented_citations(record, shelf))
    recall = title_recall(record, question.papers) if question.papers else None
    sound = not forbidden and not invented
    corrected = question.kind == "false_premise" and facts == 1 and sound
    if question.answerable:
        right = sound and not declined and facts in (None, 1) and _enough_titles(question, recall)
    else:
        right = sound and (declined or corrected)
    claims = [] if declined else checkable_claims(record)
    timings = record["timings"]
    return Outcome(
        question=question,
        system=system,
        status=record.get("status", "not_found" if declined else "answered"),
        text=record["text"],
        right=right,
        titles=tuple(cited_titles(record)),
        facts_held=facts if question.answerable else None,
        title_precision=title_precision(record, question.papers) if question.papers else None,
        title_recall=recall,
        forbidden=forbidden,
        declined=declined or corrected,
        invented=invented,
        checked=len(claims),
        unsupported=tuple(claim for claim, titles in claims if not _supported(claim, titles, shelf)),
        broken_quotes=_broken_quotes(record, shelf),
        relevance=next((passage["relevance"] for passage in record.get("evidence", [])), None),
        evidence=tuple(record.get("evidence", [])[:EVIDENCE_KEPT]),
        retrieve_s=timings["retrieve_s"],
        first_token_s=timings["first_token_s"],
        total_s=timings["total_s"],
        prompt_tokens=timings["prompt_tokens"],
        output_tokens=timings["output_tokens"],
    )


def failed(question: Question, message: str, *, system: str = VOUCH) -> Outcome:
    """The outcome of a question that a system could not be asked or did not answer."""
    return Outcome(
        question=question,
        system=system,
        status="failed",
        text=message,
        facts_held=0.0 if question.facts and question.answerable else None,
        title_recall=0.0 if question.papers else None,
    )


def checkable_claims(record: Record) -> list[tuple[str, list[str]]]:
    """The answer's sentences that name papers, with the titles that they name.

    Where the answer tells its claims, those count; what was computed from the shelf's records
    stands in no abstract and is left out.
    """
    titles = {citation["number"]: citation["title"] for citation in record["citations"]}
    if "claims" in record:
        found = [
            (claim["text"], tuple(claim["citations"]))
            for claim in record["claims"]
            if claim["support"] != "computed"
        ]
    else:
        found = cited_sentences(record["text"])
    return [(said, [titles[number] for number in numbers if number in titles]) for said, numbers in found]


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


def _enough_titles(question: Question, recall: float | None) -> bool:
    """Any right title will do; of several papers asked for, at least half."""
    return recall is None or (recall >= 0.5 if question.kind == "several" else recall > 0)


def _supported(claim: str, titles: Sequence[str], shelf: Mapping[str, Paper]) -> bool:
    """Whether any of the papers named supports the claim."""
    papers = [shelf[normalise(title)] for title in titles if normalise(title) in shelf]
    return any(claim in paper.abstract or _verified(claim, paper) for paper in papers)


def _verified(claim: str, paper: Paper) -> bool:
    spans = [Quote(paper.abstract[start:end], start, end, 0.0) for start, end in sentences(paper.abstract)]
    return verify(claim, paper, spans).supported


def _broken_quotes(record: Record, shelf: Mapping[str, Paper]) -> int:
    titles = {citation["number"]: normalise(citation["title"]) for citation in record["citations"]}
    broken = 0
    for claim in record.get("claims", []):
        if claim["quote"]:
            paper = shelf.get(titles.get(next(iter(claim["citations"]), 0), ""))
            start, end = claim["span"] or (0, 0)
            broken += paper is None or paper.abstract[start:end] != claim["quote"]
    return broken


def _group_order(name: str) -> tuple[int, str]:
    return (list(KINDS).index(name) if name in KINDS else len(KINDS), name)


def _mean(values: Iterable[float | None]) -> float | None:
    counted = [value for value in values if value is not None]
    return sum(counted) / len(counted) if counted else None


def _spread(values: Iterable[float | None]) -> Spread | None:
    seconds = [value for value in values if value is not None]
    return Spread(len(seconds), percentile(seconds, 50), percentile(seconds, 95)) if seconds else None
