"""rated: what was rated on the page becomes questions that the runner reads and judges as the reader did."""

from __future__ import annotations

import json
from dataclasses import replace

from fakes import make_paper

from evals.metrics import facts_held
from evals.questions import read_question
from evals.rated import questions
from rag.diary import Entry
from rag.types import Answer, Citation, Claim, Scope

PAPER = make_paper()
QUOTED = Claim("It gains 61.22 points.", (1,), "quoted", "It gains 61.22 points.", None, 1.0)
ANSWER = Answer("Q?", "Q?", "paper", "answered", "It gains.", (QUOTED,), (Citation(1, PAPER),))
COUNTED = Claim("2 papers (of 5) on this shelf.", (1,), "computed", "", None, 1.0)
COUNT = replace(ANSWER, kind="catalogue", text=COUNTED.text, claims=(COUNTED,))
REFUSAL = Answer("Q?", "Q?", "paper", "not_found", "Nothing says.")


def line(entry: Entry, *before: str) -> dict[str, object]:
    (found,) = questions([(before, entry)])
    read_question(json.dumps(found))  # the runner takes it
    return found


def test_a_good_answer_wants_its_papers_again() -> None:
    found = line(Entry("Q?", ANSWER, rating=1), "Before?")
    assert found["kind"] == "fact"
    assert found["turns"] == ["Before?", "Q?"]
    assert found["papers"] == [PAPER.title]


def test_a_good_count_wants_its_words_again() -> None:
    question = read_question(json.dumps(line(Entry("Q?", COUNT, rating=1))))
    assert (question.kind, question.papers) == ("metadata", ())
    assert facts_held(COUNTED.text, question.facts) == 1
    assert facts_held("3 papers (of 5) on this shelf.", question.facts) == 0


def test_a_good_refusal_is_to_be_refused_again() -> None:
    assert line(Entry("Q?", REFUSAL, rating=1))["kind"] == "not_stated"


def test_a_poor_answer_must_not_come_back() -> None:
    question = read_question(json.dumps(line(Entry("Q?", ANSWER, rating=-1))))
    assert facts_held("And: it gains 61.22 points. [1]", [question.forbidden]) == 1
    assert facts_held("It gains 60 points.", [question.forbidden]) == 0


def test_what_cannot_be_asked_again_is_left_out() -> None:
    scoped = Entry("Q?", ANSWER, scope=Scope(years=(2024,)), rating=1)
    assert questions([((), scoped), ((), Entry("Q?", note="It failed.", rating=1))]) == []
