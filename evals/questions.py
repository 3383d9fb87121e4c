"""A file of questions, one JSON object a line -> Questions: what is asked, and what a right answer holds.

    id        a text, once in the file
    kind      one of KINDS
    question  what is asked; or `turns`: a conversation whose last turn is judged
    papers    exact titles that a right answer cites
    facts     what it says: each fact a list of alternative patterns, one of which must be found
    forbidden patterns that only a wrong answer holds (may be left out)
    split     "dev" (to look at) or "held" (to report only); may be left out
    page      the page that it is about, for the report's table (may be left out)

Knows nothing of answers.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from evals.lines import read_lines
from evals.metrics import normalise
from rag.errors import UsageError

QUESTIONS_FOLDER = Path(__file__).parent / "questions"

# Conversations stand in a file of their own, which is asked with the others and by its own name.
ASKED_WITH = {"answers": ("dialogues",)}

QuestionKind = Literal[
    "fact",
    "method",
    "paraphrase",
    "several",
    "summary",
    "metadata",
    "followup",
    "not_stated",
    "false_premise",
    "not_on_shelf",
    "adversarial",
]
Split = Literal["dev", "held", ""]
KINDS: tuple[QuestionKind, ...] = get_args(QuestionKind)
# Nothing on the shelf answers these. A false premise may also be put right: its facts are the correction.
REFUSABLE: frozenset[QuestionKind] = frozenset({"not_stated", "false_premise", "not_on_shelf"})
REQUIRED = {"id", "kind", "papers", "facts"}
OPTIONAL = {"question", "turns", "forbidden", "split", "page"}
_HINT = 'A line is {"id", "kind", "question" or "turns", "papers", "facts"}; see docs/evals.md.'


@dataclass(frozen=True, slots=True)
class Question:
    """Turns to ask, the last of which is judged, and what its answer must and must not hold.

    Patterns are matched by `evals.metrics.facts_held`. A question without papers, whose facts are its
    whole answer, wants no title.
    """

    id: str
    kind: QuestionKind
    turns: tuple[str, ...]
    papers: tuple[str, ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    forbidden: tuple[str, ...] = ()
    split: Split = ""
    page: str = ""

    @property
    def question(self) -> str:
        return self.turns[-1]

    @property
    def answerable(self) -> bool:
        return self.kind not in REFUSABLE and bool(self.papers or self.facts)


def find_questions(name: str, folder: Path = QUESTIONS_FOLDER, *, others: Iterable[str] = ()) -> Path:
    """The file of that path, or the shipped one of that name.

    Raises UsageError, offering the nearest name; `others` are suites that are not files.
    """
    if name.endswith(".jsonl"):
        return Path(name)
    shipped = {path.stem: path for path in sorted(folder.glob("*.jsonl"))}
    if name in shipped:
        return shipped[name]
    names = sorted({*shipped, *others})
    near = difflib.get_close_matches(name, names, n=1, cutoff=0)
    there = f"There are: {', '.join(names)}; or name a .jsonl file."
    raise UsageError(
        f"There is no eval suite {name}.", hint=f"Did you mean {near[0]}? {there}" if near else there
    )


def suite_files(name: str) -> list[Path]:
    """All files of a suite. Raises UsageError as `find_questions` does."""
    return [find_questions(name), *map(find_questions, ASKED_WITH.get(name, ()))]


def load_questions(path: Path, *, split: str = "") -> tuple[Question, ...]:
    """The file's questions, of one split if one is named; blank lines are skipped.

    Raises UsageError naming file and line for anything that is not as this module says.
    """
    questions = read_lines(
        path, lambda line, _: read_question(line), hint=_HINT, identity=lambda question: question.id
    )
    found = tuple(question for question in questions if split in ("", question.split))
    if not found:
        raise UsageError(f"{path} holds no {split} questions.", hint=_HINT)
    return found


def read_question(line: str) -> Question:
    """One line's question. Raises ValueError with what is wrong with it."""
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if missing := REQUIRED - set(value):
        raise ValueError(f"the key {min(missing)} is missing")
    if unknown := set(value) - REQUIRED - OPTIONAL:
        raise ValueError(f"the key {min(unknown)!r} is unknown")
    if value["kind"] not in KINDS:
        raise ValueError(f"kind is {value['kind']!r}, not one of {', '.join(KINDS)}")
    if value.get("split", "") not in get_args(Split):
        raise ValueError('split is neither "dev" nor "held"')
    question = Question(
        id=_text(value["id"], "id"),
        kind=cast(QuestionKind, value["kind"]),
        turns=_turns(value),
        papers=_texts(value["papers"], "papers"),
        facts=_facts(value["facts"]),
        forbidden=_patterns(value.get("forbidden", []), "forbidden"),
        split=cast(Split, value.get("split", "")),
        page=_text(value["page"], "page") if "page" in value else "",
    )
    if question.kind in ("not_stated", "not_on_shelf") and (question.papers or question.facts):
        raise ValueError(f"nothing answers a question of kind {question.kind}: it has no papers and no facts")
    if question.kind not in (*REFUSABLE, "adversarial") and not question.answerable:
        raise ValueError(f"a question of kind {question.kind} wants papers or facts")
    return question


def check_titles(questions: Sequence[Question], shelf_titles: Collection[str]) -> None:
    """Raise UsageError where a wanted title is not on the shelf, offering the nearest."""
    shelf = {normalise(title): title for title in shelf_titles}
    for question in questions:
        for title in question.papers:
            if normalise(title) in shelf:
                continue
            near = difflib.get_close_matches(normalise(title), shelf, n=1)
            hint = f"Did you mean {shelf[near[0]]!r}?" if near else "`vouch papers` lists the shelf."
            raise UsageError(
                f"Question {question.id} wants {title!r}, which is not on the shelf.",
                hint=f"{hint} Index its page first, or name questions about this shelf.",
            )


def sample(questions: Sequence[Question], count: int) -> tuple[Question, ...]:
    """`count` questions, spread evenly over kinds and, within a kind, over the file; in its order.

    All of them where there are no more.
    """
    by_kind = [[question for question in questions if question.kind == kind] for kind in KINDS]
    shares = [len(of_kind) * count / len(questions) for of_kind in by_kind]
    wanted = [int(share) for share in shares]
    by_remainder = sorted(range(len(KINDS)), key=lambda index: wanted[index] - shares[index])
    for index in by_remainder[: count - sum(wanted)]:
        wanted[index] += 1
    chosen = {
        of_kind[place * len(of_kind) // number].id
        for of_kind, number in zip(by_kind, wanted, strict=True)
        for place in range(number)
    }
    return tuple(question for question in questions if question.id in chosen)


def _turns(value: dict[str, Any]) -> tuple[str, ...]:
    if ("question" in value) == ("turns" in value):
        raise ValueError("either a question or turns are wanted")
    if "question" in value:
        return (_text(value["question"], "question"),)
    turns = _texts(value["turns"], "turns")
    if not turns or not all(turn.strip() for turn in turns):
        raise ValueError("turns is not a list of questions")
    return turns


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is not a text")
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"{name} is not a list of texts")
    return tuple(value)


def _facts(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list):
        raise ValueError("facts is not a list")
    facts = tuple(_patterns(fact, "a fact") for fact in value)
    if not all(facts):
        raise ValueError("a fact has no patterns")
    return facts


def _patterns(value: object, name: str) -> tuple[str, ...]:
    patterns = _texts(value, name)
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, OverflowError) as error:
            raise ValueError(f"the pattern {pattern!r} is wrong: {error}") from error
    return patterns
