"""Answers, judged: each branch by a record worked by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sample_answers import (
    BOTH,
    OWL,
    PAPERS,
    QUESTIONS,
    REFUSED,
    SECRET,
    SECRET_SAID,
    SHELF,
    ask,
    claim,
    question,
    record,
)

from evals.answers import Outcome, checkable_claims, failed, judge, run_answers
from evals.questions import Question, find_questions, load_questions
from evals.scores import summarise
from rag.errors import ModelError
from rag.pages import read_page
from rag.renewal import seed_paths


@pytest.mark.parametrize(
    ("asked", "said", "right"),
    [
        pytest.param(question(), record(), True, id="fact and title"),
        pytest.param(question(), record(status="partly"), True, id="partly is an answer"),
        pytest.param(question(), record("Some points [1]."), False, id="the fact is missing"),
        pytest.param(question(), record(titles=("Wanda",)), False, id="the title is wrong"),
        pytest.param(question(), record("It is 61.22.", ()), False, id="no title"),
        pytest.param(question(), record(titles=("Wanda", OWL.title)), True, id="a right title among others"),
        pytest.param(question(), REFUSED, False, id="refused"),
        pytest.param(question(), record(titles=(OWL.title, "Dreamt")), False, id="an invented title"),
        pytest.param(question(), record("It gains 61.22 [1][7]."), False, id="an invented mark"),
        pytest.param(question(forbidden=("gains",)), record(), False, id="a forbidden pattern"),
        pytest.param(question(forbidden=("75",)), record(), True, id="a forbidden pattern that is not there"),
        pytest.param(
            question(facts=(("61.22",), ("layer",))), record(), False, id="one of two facts is missing"
        ),
        pytest.param(question(facts=()), record("Anything [1]."), True, id="a title is all that is wanted"),
        pytest.param(question(), record(status=None), True, id="another system's answer"),
        pytest.param(
            question(),
            record("I cannot answer; perhaps 61.22 [1].", status=None),
            False,
            id="it declines in words",
        ),
        pytest.param(
            question("several", BOTH, facts=()), record(titles=BOTH[:1]), False, id="one of three papers"
        ),
        pytest.param(
            question("several", BOTH, facts=()), record(titles=BOTH[:2]), True, id="two of three papers"
        ),
        pytest.param(
            question("several", BOTH[:2], facts=()), record(titles=BOTH[:1]), True, id="half of the papers"
        ),
        pytest.param(question("method", BOTH, facts=()), record(titles=BOTH[:1]), True, id="any paper"),
        pytest.param(
            question("metadata", (), facts=(("38",),)), record("38 papers.", ()), True, id="records alone"
        ),
        pytest.param(
            question("metadata", (), facts=(("38",),)), record("39 papers.", ()), False, id="wrong records"
        ),
        pytest.param(question("not_stated", ()), REFUSED, True, id="not stated, declined"),
        pytest.param(question("not_stated", ()), record(), False, id="not stated, answered"),
        pytest.param(question("not_on_shelf", ()), REFUSED, True, id="not on the shelf, declined"),
        pytest.param(
            question("not_on_shelf", ()),
            record("No paper says.", (), status="not_found", nearest=["Dreamt"]),
            False,
            id="declined with an invented title",
        ),
        pytest.param(
            question("not_on_shelf", (), forbidden=("near",)),
            REFUSED,
            False,
            id="declined with the forbidden",
        ),
        pytest.param(question("false_premise"), REFUSED, True, id="false premise, declined"),
        pytest.param(question("false_premise"), record(), True, id="false premise, put right"),
        pytest.param(
            question("false_premise"), record("75 points [1]."), False, id="false premise, believed"
        ),
        pytest.param(
            question("false_premise", forbidden=("75",)),
            record("It gains 61.22, or 75 [1]."),
            False,
            id="false premise, put right and believed",
        ),
        pytest.param(
            question("false_premise"), record(titles=("Dreamt",)), False, id="put right by an invented title"
        ),
        pytest.param(
            question("false_premise", ()), record(), False, id="a false premise without facts, answered"
        ),
        pytest.param(question("adversarial"), record(), True, id="adversarial, answered all the same"),
        pytest.param(question("adversarial"), REFUSED, False, id="adversarial, refused though answerable"),
        pytest.param(
            question("adversarial", ()), REFUSED, True, id="adversarial, nothing to answer, declined"
        ),
        pytest.param(question("adversarial", ()), record(), False, id="adversarial, obeyed"),
    ],
)
def test_what_is_right(asked: Question, said: dict[str, Any], right: bool) -> None:
    assert judge(asked, said, SHELF).right is right


@pytest.mark.parametrize(
    ("asked", "first", "right"),
    [
        pytest.param(question(), OWL.title, True, id="the paper"),
        pytest.param(question(), "owl: a missing secret", True, id="the paper in other letters"),
        pytest.param(question(), "Wanda", False, id="another"),
        pytest.param(question("several", BOTH), "Wanda", True, id="one of several"),
        pytest.param(question("not_on_shelf", ()), "Wanda", False, id="nothing answers"),
        pytest.param(question("fact", (), facts=(("38",),)), "Wanda", None, id="no paper is known"),
        *(
            pytest.param(question(kind), OWL.title, None, id=kind)
            for kind in ("metadata", "followup", "not_stated", "false_premise", "adversarial")
        ),
    ],
)
def test_the_first_paper_is_right_where_it_is_one_of_the_questions(
    asked: Question, first: str, right: bool | None
) -> None:
    evidence = [{"title": title, "relevance": 0.5} for title in (first, OWL.title)]
    outcome = judge(asked, record(evidence=evidence), SHELF)
    assert outcome.first_right is right
    assert outcome.row(shown=False)["first_right"] is right


def test_without_evidence_no_paper_is_first() -> None:
    assert judge(question(), record(), SHELF).first_right is None
    assert judge(question(), record(evidence=[]), SHELF).first_right is None
    assert failed(question(), "Too long.").first_right is None


def test_an_outcome_holds_what_the_record_told() -> None:
    evidence = [{"title": title, "relevance": 0.9, "score": 1.0} for title in (*BOTH, "Fourth")]
    outcome = judge(question(), record(titles=(OWL.title, "Wanda"), evidence=evidence), SHELF, system="peer")
    assert (outcome.system, outcome.status, outcome.text) == (
        "peer",
        "answered",
        "It gains 61.22 points [1].",
    )
    assert (outcome.titles, outcome.title_precision, outcome.title_recall) == ((OWL.title, "Wanda"), 1 / 2, 1)
    assert (outcome.facts_held, outcome.all_facts, outcome.declined) == (1, True, False)
    assert (outcome.relevance, len(outcome.evidence)) == (0.9, 3)
    times = (outcome.retrieve_s, outcome.first_token_s, outcome.total_s)
    assert (*times, outcome.prompt_tokens, outcome.output_tokens) == (0.1, 0.5, 1.0, 20, 4)


def test_a_refusal_holds_no_facts_and_no_claims_whatever_its_text_says() -> None:
    outcome = judge(question(), REFUSED | {"claims": [claim("It is 75.", 1)]}, SHELF)
    assert (outcome.facts_held, outcome.all_facts, outcome.checked, outcome.declined) == (0, False, 0, True)


def test_a_false_premise_put_right_counts_as_declined_and_measures_no_facts() -> None:
    outcome = judge(question("false_premise"), record(), SHELF)
    assert (outcome.declined, outcome.facts_held, outcome.title_recall) == (True, None, 1)
    assert not judge(question("false_premise"), record("75 points [1]."), SHELF).declined


def test_another_systems_status_is_told_by_its_words() -> None:
    assert judge(question(), record(status=None), SHELF).status == "answered"
    assert judge(question(), record("I don't know.", (), status=None), SHELF).status == "not_found"


# Claims


@pytest.mark.parametrize(
    ("said", "unsupported"),
    [
        pytest.param(claim("OWL sets a sparsity for each layer.", 1), False, id="verbatim"),
        pytest.param(claim("OWL sets the sparsity of each layer.", 1), False, id="in nearly its words"),
        pytest.param(claim("OWL gains 75 points.", 1), True, id="another number"),
        pytest.param(claim("OWL sets a sparsity for each layer.", 2), True, id="of another paper"),
        pytest.param(claim("OWL sets a sparsity for each layer.", 2, 1), False, id="of one of two papers"),
        pytest.param(
            claim("OWL sets a sparsity for each layer.", 7), True, id="of a paper that is not cited"
        ),
        pytest.param(claim("OWL sets a sparsity for each layer."), True, id="of no paper"),
        pytest.param(claim("gains 61.22 poi", 1, support="quoted"), False, id="a verbatim part"),
    ],
)
def test_a_claim_is_held_against_the_papers_that_it_names(said: dict[str, Any], unsupported: bool) -> None:
    outcome = judge(question(), record(titles=(OWL.title, "Wanda"), claims=[said]), SHELF)
    assert outcome.checked == 1
    assert outcome.unsupported == ((said["text"],) if unsupported else ())


def test_a_title_that_the_shelf_lacks_supports_nothing() -> None:
    outcome = judge(question(), record(titles=("Dreamt",), claims=[claim("Larks sing at dawn.", 1)]), SHELF)
    assert outcome.unsupported == ("Larks sing at dawn.",)


def test_what_was_computed_from_records_is_not_held_against_abstracts() -> None:
    told = record(claims=[claim("38 papers.", 1, support="computed"), claim("Owls hunt.", 1)])
    assert checkable_claims(told) == [("Owls hunt.", [OWL.title])]


def test_of_a_text_without_claims_the_sentences_with_marks_are_checked() -> None:
    text = "OWL sets a sparsity for each layer [1]. It is famous. Wanda gains 75 points. [2]"
    outcome = judge(question(), record(text, (OWL.title, "Wanda"), status=None), SHELF)
    assert (outcome.checked, outcome.unsupported) == (2, ("Wanda gains 75 points.",))


@pytest.mark.parametrize(
    ("said", "broken"),
    [
        pytest.param(
            claim("q", 1, quote="Pruning removes weights.", span=[0, 24]), 0, id="the abstract's words"
        ),
        pytest.param(claim("q", 1, quote="Pruning removes weights.", span=[1, 25]), 1, id="another place"),
        pytest.param(claim("q", 1, quote="Pruning adds weights.", span=[0, 21]), 1, id="other words"),
        pytest.param(claim("q", 2, quote="Pruning removes weights.", span=[0, 24]), 1, id="another paper"),
        pytest.param(claim("q", 7, quote="Pruning removes weights.", span=[0, 24]), 1, id="no such citation"),
        pytest.param(claim("q", quote="Pruning removes weights.", span=[0, 24]), 1, id="no citation"),
        pytest.param(claim("q", 1, quote="Pruning removes weights."), 1, id="no place"),
        pytest.param(claim("q", 1), 0, id="no quote"),
    ],
)
def test_a_broken_quote_is_not_its_abstracts_words(said: dict[str, Any], broken: int) -> None:
    outcome = judge(question(), record(titles=(OWL.title, "Wanda"), claims=[said]), SHELF)
    assert outcome.broken_quotes == broken


# A run


def test_a_run_asks_in_order_and_tells_its_progress() -> None:
    steps: list[tuple[int, int]] = []
    outcomes = run_answers(ask, QUESTIONS, PAPERS, lambda done, total: steps.append((done, total)))
    assert [outcome.question for outcome in outcomes] == list(QUESTIONS)
    assert steps == [(number, 7) for number in range(1, 8)]
    assert [outcome.right for outcome in outcomes] == [True, False, False, False, True, False, True]


def test_a_question_that_cannot_be_asked_fails_alone() -> None:
    outcome = run_answers(ask, QUESTIONS, PAPERS)[3]
    assert (outcome.status, outcome.text) == ("failed", "The question is too long.")
    assert (outcome.right, outcome.declined, outcome.facts_held, outcome.title_recall) == (False, False, 0, 0)
    unanswerable = failed(question("not_stated", ()), "No.")
    assert (unanswerable.right, unanswerable.facts_held, unanswerable.title_recall) == (False, None, None)


def test_a_broken_model_ends_the_run() -> None:
    def broken(question: Question) -> dict[str, Any]:
        raise ModelError("The model is damaged.")

    with pytest.raises(ModelError):
        run_answers(broken, QUESTIONS, PAPERS)


def test_quoting_the_right_abstracts_and_declining_the_rest_is_right_on_the_shipped_questions() -> None:
    """A reader who knows all has full marks, so no question wants what its papers do not say."""
    shelf = {paper.title: paper for path in seed_paths() for paper in read_page(path)[1]}
    kinds = {"fact", "method", "paraphrase", "summary", "several"}
    questions = [
        question
        for question in load_questions(find_questions("answers"))
        if question.kind in kinds or not question.answerable
    ]

    def quote(question: Question) -> dict[str, Any]:
        if not question.answerable:
            return REFUSED
        quotes = [f"{title}: {shelf[title].abstract} [{n}]" for n, title in enumerate(question.papers, 1)]
        return record("\n".join(quotes), question.papers)

    outcomes = run_answers(quote, questions, shelf.values())
    assert [outcome.question.id for outcome in outcomes if not outcome.right] == []
    total = summarise("vouch", "total", outcomes)
    assert (total.n, total.all_facts, total.title_recall, total.refusal_f1) == (len(questions), 1, 1, 1)


# What is written


@pytest.fixture
def secret() -> Outcome:
    return judge(SECRET, SECRET_SAID, SHELF)


def test_a_row_that_is_not_shown_holds_figures_alone(secret: Outcome) -> None:
    row = secret.row(shown=False)
    written = json.dumps(row)
    assert "SECRET" not in written
    assert OWL.title not in written
    assert {name: row[name] for name in ("id", "kind", "page", "split")} == {
        "id": "held-7",
        "kind": "fact",
        "page": "002",
        "split": "held",
    }
    assert (row["invented"], row["unsupported"], row["checked"], row["relevance"]) == (2, 1, 1, 0.5)
    assert (row["right"], row["facts_held"], row["all_facts"]) == (False, 0, False)


def test_a_row_that_is_shown_holds_all(secret: Outcome) -> None:
    row = json.loads(json.dumps(secret.row(shown=True)))
    assert row["turns"] == ["SECRET first turn?", "SECRET last turn?"]
    assert (row["text"], row["titles"]) == ("SECRET forbidden answer [1][9].", [OWL.title, "SECRET title"])
    assert (row["invented"], row["unsupported"]) == (["SECRET title", "[9]"], ["SECRET claim."])
    assert (row["forbidden"], row["evidence"][0]["title"]) == (["SECRET forbidden"], "SECRET evidence")


def test_a_failed_question_is_not_shown_either() -> None:
    assert "SECRET" not in json.dumps(failed(SECRET, "SECRET last turn? is too long.").row(shown=False))


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("It gains 61.22 points [1].", ()),
        ("It wins [1].", ("22", "61", "61.22", "gain", "point")),
    ],
)
def test_what_the_best_sentence_says_and_the_answer_does_not_is_told(
    text: str, lost: tuple[str, ...]
) -> None:
    evidence = [{"title": OWL.title, "relevance": 0.9, "score": 1.0, "best": "It gains 61.22 points."}]
    assert judge(question(), record(text, evidence=evidence), SHELF).lost == lost
    assert judge(question(), record(text), SHELF).lost is None
