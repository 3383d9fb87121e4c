"""The answer suites: put every question of a suite to `ask` and say how good the answers are.

`ask` is any function from a question to the object that `vouch ask --json` prints, so that
another system can be measured by the same rules. Knows nothing of how answers are made.
"""

from __future__ import annotations

import difflib
import importlib.metadata
import json
import re
import subprocess
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from evals.metrics import (
    all_facts,
    bootstrap_interval,
    cited_first,
    cited_titles,
    facts_held,
    invented_titles,
    percentile,
    refused,
    title_cited,
)
from rag.errors import QuestionError, UsageError

QUESTIONS_FOLDER = Path(__file__).parent / "questions"
SEED = 20260101  # fixed, so that the same answers always give the same intervals

QuestionKind = Literal["fact", "method", "paraphrase", "unanswerable"]
KINDS: tuple[QuestionKind, ...] = get_args(QuestionKind)
FIELDS = {"id", "kind", "question", "papers", "facts"}


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the papers that answer it (any will do), and the facts that an answer must hold.

    Each fact is a tuple of alternative patterns for `evals.metrics.facts_held`. An unanswerable
    question has neither papers nor facts.
    """

    id: str
    kind: QuestionKind
    question: str
    papers: tuple[str, ...]
    facts: tuple[tuple[str, ...], ...]

    @property
    def answerable(self) -> bool:
        return self.kind != "unanswerable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's answer, judged. None where a measure does not apply to the question.

    `status` is the answer's, or "failed" where the question could not be asked; `text` is then
    the message. A refusal holds no facts, whatever its text says.
    """

    question: Question
    status: str
    text: str
    titles: tuple[str, ...] = ()
    facts_held: float | None = None
    all_facts: bool | None = None
    title_cited: bool | None = None
    cited_first: bool | None = None
    invented_titles: tuple[str, ...] = ()
    refused: bool = False
    total_s: float | None = None
    retrieve_s: float | None = None
    first_token_s: float | None = None

    def record(self) -> dict[str, Any]:
        return asdict(self) | {
            "question": self.question.question,
            "id": self.question.id,
            "kind": self.question.kind,
        }


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile of seconds, over the `n` answers that have them."""

    n: int
    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The measures of one kind of question, or of all ("total"). Shares are 0 to 1.

    Facts, titles and `wrongly_refused` are over the answerable questions, `rightly_refused` over
    the others; None where there is no such question. `interval` is the bootstrap 95 % interval
    of `all_facts`.
    """

    kind: str
    n: int
    failed: int
    all_facts: float | None
    interval: tuple[float, float] | None
    mean_facts: float | None
    title_cited: float | None
    cited_first: float | None
    invented_titles: int
    rightly_refused: float | None
    wrongly_refused: float | None
    total_s: Spread | None
    retrieve_s: Spread | None
    first_token_s: Spread | None


@dataclass(frozen=True, slots=True)
class Report:
    """A suite's outcomes, in the order asked, and their summaries: one a kind, then the total."""

    suite: str
    outcomes: tuple[Outcome, ...]
    summaries: tuple[Summary, ...]

    def record(self) -> dict[str, Any]:
        """The object that `vouch eval --json` prints."""
        return {
            "suite": self.suite,
            "summaries": [asdict(summary) for summary in self.summaries],
            "questions": [outcome.record() for outcome in self.outcomes],
        }

    def table(self) -> str:
        """The summaries as plain text, one a column."""
        columns = [[label for label, _ in _ROWS]]
        columns += [[cell(summary) for _, cell in _ROWS] for summary in self.summaries]
        widths = [max(map(len, column)) for column in columns]
        return "\n".join(
            label.ljust(widths[0])
            + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
            for label, *cells in zip(*columns, strict=True)
        )


Ask = Callable[[str], dict[str, Any]]
Progress = Callable[[int, int, Outcome], None]
"""Called after each question: how many are done, of how many, and the last one's outcome."""


def find_suite(name: str, folder: Path = QUESTIONS_FOLDER) -> Path:
    """The file of the suite of that name. Raises UsageError, offering the nearest name."""
    suites = {path.stem: path for path in sorted(folder.glob("*.jsonl"))}
    if name in suites:
        return suites[name]
    near = difflib.get_close_matches(name, suites, n=1, cutoff=0)
    hint = f"Did you mean {near[0]}? There are: {', '.join(suites)}." if near else f"{folder} holds no suite."
    raise UsageError(f"There is no eval suite {name}.", hint=hint)


def load_questions(path: Path) -> tuple[Question, ...]:
    """The questions of a suite's file, one JSON object a line; blank lines are skipped.

    Raises UsageError naming file and line for anything that is not as `Question` says.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", hint="Name a suite's JSONL file.") from error
    questions: dict[str, Question] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = _question(line)
            if question.id in questions:
                raise ValueError(f"the id {question.id!r} is used twice")
        except (ValueError, RecursionError) as error:
            hint = 'A line is {"id", "kind", "question", "papers", "facts"}; see evals/answers.py.'
            raise UsageError(f"{path}:{number}: {error}.", hint=hint) from error
        questions[question.id] = question
    if not questions:
        raise UsageError(f"{path} holds no questions.", hint="Name a suite's JSONL file.")
    return tuple(questions.values())


def run_answers(
    ask: Ask,
    questions: Sequence[Question],
    shelf_titles: Collection[str],
    on_progress: Progress | None = None,
    *,
    suite: str = "answers",
) -> Report:
    """Ask every question, in order, and judge the answers.

    A QuestionError makes that question a failed one; any other error ends the run.
    """
    outcomes: list[Outcome] = []
    for question in questions:
        try:
            outcome = judge(question, ask(question.question), shelf_titles)
        except QuestionError as error:
            outcome = _failed(question, error)
        outcomes.append(outcome)
        if on_progress:
            on_progress(len(outcomes), len(questions), outcome)
    present = [kind for kind in KINDS if any(outcome.question.kind == kind for outcome in outcomes)]
    of_kinds = [
        summarise(kind, [each for each in outcomes if each.question.kind == kind]) for kind in present
    ]
    return Report(suite, tuple(outcomes), (*of_kinds, summarise("total", outcomes)))


def judge(question: Question, record: dict[str, Any], shelf_titles: Collection[str]) -> Outcome:
    """One answer, measured against what its question wants."""
    declined = refused(record)
    counted = "" if declined else record["text"]
    answerable = question.answerable
    timings = record["timings"]
    return Outcome(
        question=question,
        status=record["status"],
        text=record["text"],
        titles=tuple(cited_titles(record)),
        facts_held=facts_held(counted, question.facts) if answerable else None,
        all_facts=all_facts(counted, question.facts) if answerable else None,
        title_cited=title_cited(record, question.papers) if answerable else None,
        cited_first=cited_first(record, question.papers) if answerable else None,
        invented_titles=tuple(invented_titles(record, shelf_titles)),
        refused=declined,
        total_s=timings["total_s"],
        retrieve_s=timings["retrieve_s"],
        first_token_s=timings["first_token_s"],
    )


def summarise(kind: str, outcomes: Sequence[Outcome]) -> Summary:
    """The measures over `outcomes`."""
    answerable = [outcome for outcome in outcomes if outcome.question.answerable]
    held_all = [float(outcome.all_facts or 0) for outcome in answerable]
    return Summary(
        kind=kind,
        n=len(outcomes),
        failed=sum(outcome.status == "failed" for outcome in outcomes),
        all_facts=_mean(held_all),
        interval=bootstrap_interval(held_all, SEED) if held_all else None,
        mean_facts=_mean(outcome.facts_held or 0 for outcome in answerable),
        title_cited=_mean(bool(outcome.title_cited) for outcome in answerable),
        cited_first=_mean(bool(outcome.cited_first) for outcome in answerable),
        invented_titles=sum(len(outcome.invented_titles) for outcome in outcomes),
        rightly_refused=_mean(outcome.refused for outcome in outcomes if not outcome.question.answerable),
        wrongly_refused=_mean(outcome.refused for outcome in answerable),
        total_s=_spread(outcome.total_s for outcome in outcomes),
        retrieve_s=_spread(outcome.retrieve_s for outcome in outcomes),
        first_token_s=_spread(outcome.first_token_s for outcome in outcomes),
    )


def write_result(report: Report, folder: Path, *, settings: dict[str, Any]) -> Path:
    """Write report and settings as `<suite>-<date>-<commit or version>.json`; the file's path.

    An earlier result is never overwritten: a second one of the same name ends in `-2`.
    Raises UsageError where the folder cannot be written.
    """
    date, code = datetime.now(UTC).date().isoformat(), code_version()
    result = {"date": date, "code": code, "settings": settings} | report.record()
    text = json.dumps(result, indent=1, default=str) + "\n"
    stem, copy = f"{report.suite}-{date}-{code}", 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = folder / (f"{stem}.json" if copy == 1 else f"{stem}-{copy}.json")
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
                return path
            except FileExistsError:
                copy += 1
    except OSError as error:
        hint = "Check the folder's permissions and the free space."
        raise UsageError(f"The result cannot be written to {folder}: {error}.", hint=hint) from error


def code_version() -> str:
    """The commit of the checkout, `-changed` where files differ from it; else the installed version."""
    checkout = Path(__file__).parent.parent
    try:
        if not (checkout / ".git").exists():
            raise FileNotFoundError
        commit = _git(checkout, "rev-parse", "--short", "HEAD")
        return f"{commit}-changed" if _git(checkout, "status", "--porcelain", "-uno") else commit
    except (OSError, subprocess.SubprocessError):
        return importlib.metadata.version("vouch")


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


def _question(line: str) -> Question:
    """Raises ValueError with what is wrong with the line."""
    value = json.loads(line)
    if not isinstance(value, dict) or set(value) != FIELDS:
        raise ValueError(f"not an object with exactly the keys {', '.join(sorted(FIELDS))}")
    if value["kind"] not in KINDS:
        raise ValueError(f"kind is {value['kind']!r}, not one of {', '.join(KINDS)}")
    for field in ("id", "question"):
        if not isinstance(value[field], str) or not value[field].strip():
            raise ValueError(f"{field} is not a text")
    papers = _texts(value["papers"], "papers")
    if not isinstance(value["facts"], list):
        raise ValueError("facts is not a list")
    facts = tuple(_texts(fact, "a fact") for fact in value["facts"])
    if (value["kind"] == "unanswerable") != (not papers) or bool(papers) != bool(facts):
        raise ValueError("papers and facts are wanted for an answerable question, and only for one")
    for pattern in (pattern for fact in facts for pattern in fact):
        _check_pattern(pattern)
    if not all(facts):
        raise ValueError("a fact has no patterns")
    return Question(value["id"], cast(QuestionKind, value["kind"]), value["question"], papers, facts)


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"{name} is not a list of texts")
    return tuple(value)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise ValueError(f"the pattern {pattern!r} is wrong: {error}") from error


def _failed(question: Question, error: QuestionError) -> Outcome:
    wanted = question.answerable
    return Outcome(
        question=question,
        status="failed",
        text=error.message,
        facts_held=0.0 if wanted else None,
        all_facts=False if wanted else None,
        title_cited=False if wanted else None,
        cited_first=False if wanted else None,
    )


def _mean(values: Iterable[float]) -> float | None:
    counted = list(values)
    return sum(counted) / len(counted) if counted else None


def _spread(values: Iterable[float | None]) -> Spread | None:
    seconds = [value for value in values if value is not None]
    return Spread(len(seconds), percentile(seconds, 50), percentile(seconds, 95)) if seconds else None


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _range(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.2f}-{interval[1]:.2f}"


def _seconds(spread: Spread | None) -> str:
    return "" if spread is None else f"{spread.median:.2f} / {spread.p95:.2f}"


_ROWS: tuple[tuple[str, Callable[[Summary], str]], ...] = (
    ("", lambda summary: summary.kind),
    ("questions", lambda summary: str(summary.n)),
    ("failed", lambda summary: str(summary.failed)),
    ("all facts", lambda summary: _share(summary.all_facts)),
    ("  95 % interval", lambda summary: _range(summary.interval)),
    ("mean facts", lambda summary: _share(summary.mean_facts)),
    ("right title cited", lambda summary: _share(summary.title_cited)),
    ("right title first", lambda summary: _share(summary.cited_first)),
    ("invented titles", lambda summary: str(summary.invented_titles)),
    ("rightly refused", lambda summary: _share(summary.rightly_refused)),
    ("wrongly refused", lambda summary: _share(summary.wrongly_refused)),
    ("total, median / p95 s", lambda summary: _seconds(summary.total_s)),
    ("retrieve, median / p95 s", lambda summary: _seconds(summary.retrieve_s)),
    ("first token, median / p95 s", lambda summary: _seconds(summary.first_token_s)),
)
