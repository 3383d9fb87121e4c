"""Questions, and records of answers to them that are judged and summed up by hand."""

from __future__ import annotations

from typing import Any

from fakes import make_paper

from evals.metrics import normalise
from evals.questions import Question
from rag.errors import QuestionError

OWL = make_paper(
    "OWL: A Missing Secret",
    "Pruning removes weights. OWL sets a sparsity for each layer. It gains 61.22 points.",
)
WANDA = make_paper("Wanda", "Wanda prunes weights by magnitude times activation. It needs no retraining.")
LARKS = make_paper("Larks", "Larks sing at dawn.")
PAPERS = (OWL, WANDA, LARKS)
SHELF = {normalise(paper.title): paper for paper in PAPERS}
TIMINGS = {
    "retrieve_s": 0.1,
    "first_token_s": 0.5,
    "total_s": 1.0,
    "prompt_tokens": 20,
    "output_tokens": 4,
}


def record(
    text: str = "It gains 61.22 points [1].",
    titles: tuple[str, ...] = (OWL.title,),
    *,
    status: str | None = "answered",
    **more: Any,
) -> dict[str, Any]:
    """The parts of a `vouch ask --json` object that are judged; without a status, of another system."""
    told = {
        "text": text,
        "citations": [{"number": number, "title": title} for number, title in enumerate(titles, start=1)],
        "timings": TIMINGS,
    }
    return told | ({"status": status} if status else {}) | more


def claim(
    text: str, *citations: int, support: str = "supported", quote: str = "", span: Any = None
) -> dict[str, Any]:
    return {"text": text, "citations": list(citations), "support": support, "quote": quote, "span": span}


def question(kind: Any = "fact", papers: tuple[str, ...] = (OWL.title,), **more: Any) -> Question:
    facts = more.pop("facts", (("61.22",),) if papers else ())
    return Question("q", kind, ("How many points?",), papers, facts, **more)


REFUSED = record("No paper says; near is 61.22.", (), status="not_found")
BOTH = (OWL.title, WANDA.title, LARKS.title)


def asked(number: int, kind: Any, *, split: Any = "dev", page: str = "000", **wanted: Any) -> Question:
    papers, facts = wanted.get("papers", ()), wanted.get("facts", ())
    return Question(f"{kind}-{number}", kind, (f"{kind} {number}?",), papers, facts, split=split, page=page)


RUN = (
    # right; a fact short; refused; cannot be asked
    (
        asked(1, "fact", papers=("OWL: A Missing Secret",), facts=(("61.22",),)),
        record(claims=[claim("x", 1)]),
    ),
    (
        asked(2, "fact", split="held", papers=("Wanda",), facts=(("magnitude",), ("activation",))),
        record("By magnitude [2].", (LARKS.title, WANDA.title), claims=[claim("Larks sing at dawn.", 1)]),
    ),
    (asked(3, "fact", papers=("Larks",), facts=(("dawn",),)), REFUSED),
    (asked(4, "method", page="001", papers=("Larks",), facts=(("sing",),)), None),
    # declined; answered with an invented title; put right
    (asked(5, "not_stated", page="001"), REFUSED | {"timings": TIMINGS | {"first_token_s": None}}),
    (asked(6, "not_on_shelf"), record("It bakes [1].", ("Dreamt",), claims=[claim("It bakes.", 1)])),
    (
        asked(7, "false_premise", split="held", facts=(("no retraining",),)),
        record("It needs no retraining [1].", ("Wanda",), claims=[claim("It needs no retraining.", 1)]),
    ),
)
QUESTIONS = tuple(question for question, _ in RUN)
RECORDS = {question.id: said for question, said in RUN}


def ask(question: Question) -> dict[str, Any]:
    said = RECORDS[question.id]
    if said is None:
        raise QuestionError("The question is too long.", hint="Ask a shorter one.")
    return said


# A held question and its answer, whose every text says so.
SECRET = Question(
    "held-7",
    "fact",
    ("SECRET first turn?", "SECRET last turn?"),
    (OWL.title,),
    (("SECRET fact",),),
    ("SECRET forbidden",),
    split="held",
    page="002",
)
SECRET_SAID = record(
    "SECRET forbidden answer [1][9].",
    (OWL.title, "SECRET title"),
    claims=[claim("SECRET claim.", 1)],
    evidence=[{"title": "SECRET evidence", "relevance": 0.5, "score": 1.0}],
)
