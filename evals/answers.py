"""Questions put to a system, and its answers judged.

`ask` is any function from a question to the object that `vouch ask --json` prints, so that
another system is measured by the same rules. Knows nothing of how answers are made or summed up, and
of a shelf only its papers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evals.metrics import (
    Record,
    cited_sentences,
    cited_titles,
    facts_held,
    invented_citations,
    normalise,
    patterns_found,
    refused,
    title_precision,
    title_recall,
)
from evals.questions import Question, QuestionKind
from rag.errors import QuestionError
from rag.sentences import sentences
from rag.shown import shown
from rag.types import Paper, Quote
from rag.verify import verify
from rag.words import content_stems, numbers

VOUCH = "vouch"
# Passages that a row keeps as the evidence that was in hand.
EVIDENCE_KEPT = 3
# Of these, whether the best paper is about what was asked decides; nothing is about `not_on_shelf`.
RETRIEVED: frozenset[QuestionKind] = frozenset(
    {"fact", "method", "paraphrase", "several", "summary", "not_on_shelf"}
)

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
    `lost` are the words and numbers of the first cited paper's best sentence that the text does not hold:
    none, since no answer says less than its best quote; None where that sentence is not told.
    `relevance` is the retrieval's estimate for the best paper, `first_right` whether that paper is one
    of the question's; None for the kinds of question of which that does not decide.
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
    lost: tuple[str, ...] | None = None
    relevance: float | None = None
    first_right: bool | None = None
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
        for name in ("invented", "unsupported", "lost"):
            if row[name] is not None:
                row[name] = list(row[name]) if shown else len(row[name])
        if not shown:
            for name in ("text", "titles", "evidence", "forbidden"):
                del row[name]
            question = {name: question[name] for name in ("id", "kind", "page", "split")}
        return {**question, **row}


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
        broken_quotes=broken_quotes(record, shelf),
        lost=None if declined else _lost(record),
        relevance=next((passage["relevance"] for passage in record.get("evidence", [])), None),
        first_right=_first_right(question, record),
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


def _lost(record: Record) -> tuple[str, ...] | None:
    """What the first cited paper's best sentence holds and the answer does not."""
    cited = [normalise(title) for title in cited_titles(record)[:1]]
    known = {normalise(each["title"]): each.get("best", "") for each in record.get("evidence", [])}
    best = next((known[title] for title in cited if known.get(title)), "")
    if not best or record.get("kind") == "catalogue":
        return None
    text = record["text"]
    missing = (content_stems(best) - content_stems(text)) | (numbers(best) - numbers(text))
    return tuple(sorted(missing))


def _first_right(question: Question, record: Record) -> bool | None:
    """Whether the paper that retrieval put first is one of the question's, where both are known."""
    known = bool(question.papers) or question.kind == "not_on_shelf"
    if question.kind not in RETRIEVED or not known or not record.get("evidence"):
        return None
    return normalise(record["evidence"][0]["title"]) in map(normalise, question.papers)


def _enough_titles(question: Question, recall: float | None) -> bool:
    """Any right title will do; of several papers asked for, at least half."""
    return recall is None or (recall >= 0.5 if question.kind == "several" else recall > 0)


def _supported(claim: str, titles: Sequence[str], shelf: Mapping[str, Paper]) -> bool:
    """Whether any of the papers named supports the claim."""
    papers = [shelf[normalise(title)] for title in titles if normalise(title) in shelf]
    return any(claim in shown(paper.abstract) or _verified(claim, paper) for paper in papers)


def _verified(claim: str, paper: Paper) -> bool:
    spans = [Quote(paper.abstract[start:end], start, end, 0.0) for start, end in sentences(paper.abstract)]
    return verify(claim, paper, spans).supported


def broken_quotes(record: Record, shelf: Mapping[str, Paper]) -> int:
    """Claims whose quote does not stand at its span in the paper that they cite; `shelf` is by title."""
    titles = {citation["number"]: normalise(citation["title"]) for citation in record["citations"]}
    broken = 0
    for claim in record.get("claims", []):
        if claim["quote"]:
            paper = shelf.get(titles.get(next(iter(claim["citations"]), 0), ""))
            start, end = claim["span"] or (0, 0)
            broken += paper is None or paper.abstract[start:end] != claim["quote"]
    return broken
