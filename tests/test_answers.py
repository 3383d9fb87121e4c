"""Answers, judged: each branch by a record worked by hand, the summaries against a hand's count."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import make_paper

from evals.answers import (
    HEADINGS,
    AnswersReport,
    Outcome,
    Spread,
    cells,
    checkable_claims,
    failed,
    judge,
    run_answers,
    summaries,
    summarise,
)
from evals.metrics import normalise
from evals.questions import Question, find_questions, load_questions
from rag.errors import ModelError, QuestionError
from rag.pages import read_page
from rag.wiring import seed_paths

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


# A run, counted by hand


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


def test_a_run_asks_in_order_and_tells_its_progress() -> None:
    steps: list[tuple[int, int]] = []
    outcomes = run_answers(ask, QUESTIONS, PAPERS, lambda done, total: steps.append((done, total)))
    assert [outcome.question for outcome in outcomes] == list(QUESTIONS)
    assert steps == [(number, 7) for number in range(1, 8)]
    assert [outcome.right for outcome in outcomes] == [True, False, False, False, True, False, True]


def test_a_run_counts_what_a_hand_counts() -> None:
    total = summarise("vouch", "total", run_answers(ask, QUESTIONS, PAPERS))
    assert (total.system, total.group, total.n, total.failed) == ("vouch", "total", 7, 1)
    assert total.right == pytest.approx(3 / 7)
    assert 0 <= total.interval[0] < 3 / 7 < total.interval[1] <= 1
    # of the four answerable: 1, 1/2, 0 (refused), 0 (failed)
    assert (total.all_facts, total.mean_facts) == (1 / 4, 1.5 / 4)
    # precisions 1 and 1/2, none where nothing is cited; recalls 1, 1, 0, 0
    assert (total.title_precision, total.title_recall) == (1.5 / 2, 2 / 4)
    # declined: 3, 5, 7, of which 5 and 7 rightly; of 5, 6, 7 two were declined
    assert (total.refusal_precision, total.refusal_recall) == (2 / 3, 2 / 3)
    assert total.refusal_f1 == pytest.approx(2 / 3)
    assert total.false_refusals == 1 / 4
    # claims of 1, 2, 6, 7; "x" and what a dreamt paper says are not supported
    assert (total.checked, total.unsupported) == (4, 2 / 4)
    assert (total.invented, total.broken_quotes) == (1, 0)
    assert total.total_s == Spread(6, 1.0, 1.0)
    assert total.first_token_s == Spread(5, 0.5, 0.5)
    assert (total.prompt_tokens, total.output_tokens) == (120, 24)


def test_the_spread_of_times_is_their_median_and_95th_percentile() -> None:
    said = [record(timings=TIMINGS | {"total_s": seconds}) for seconds in (3.0, 1.0, 2.0)]
    summary = summarise("vouch", "total", [judge(question(), each, SHELF) for each in said])
    assert summary.total_s is not None
    assert (summary.total_s.n, summary.total_s.median) == (3, 2.0)
    assert summary.total_s.p95 == pytest.approx(2.9)  # nine tenths of the way from 2 to 3


def test_what_does_not_apply_is_none() -> None:
    declined = summarise("vouch", "total", [judge(question("not_stated", ()), REFUSED, SHELF)])
    assert (declined.all_facts, declined.title_recall, declined.false_refusals) == (None, None, None)
    assert (declined.checked, declined.unsupported) == (0, None)
    told = summarise("vouch", "total", [judge(question(), record(), SHELF)])
    assert (told.refusal_precision, told.refusal_recall, told.refusal_f1) == (None, None, None)
    nothing = summarise("vouch", "total", [failed(question(), "No.")])
    assert (nothing.retrieve_s, nothing.first_token_s, nothing.total_s) == (None, None, None)


def test_summaries_are_in_total_and_by_split_kind_and_page() -> None:
    found = summaries(run_answers(ask, QUESTIONS, PAPERS))
    assert [(summary.group, summary.n) for summary in found] == [
        ("total", 7),
        *(("dev", 5), ("held", 2)),
        *(("fact", 3), ("method", 1), ("not_stated", 1), ("false_premise", 1), ("not_on_shelf", 1)),
        *(("page 000", 5), ("page 001", 2)),
    ]
    assert found[2].right == 1 / 2


def test_a_group_of_its_own_is_not_told_twice() -> None:
    only = [Question("a", "fact", ("How?",), ("Larks",))]
    assert [each.group for each in summaries(run_answers(lambda asked: record(), only, PAPERS))] == ["total"]


def test_systems_are_summarised_apart() -> None:
    outcomes = [
        *run_answers(ask, QUESTIONS[:1], PAPERS),
        *run_answers(lambda question: REFUSED, QUESTIONS[:1], PAPERS, system="peer"),
    ]
    assert [(each.system, each.group, each.right) for each in summaries(outcomes)] == [
        ("vouch", "total", 1),
        ("peer", "total", 0),
    ]


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


@pytest.fixture
def secret() -> Outcome:
    """A held question's outcome whose every text says so."""
    told = record(
        "SECRET forbidden answer [1][9].",
        (OWL.title, "SECRET title"),
        claims=[claim("SECRET claim.", 1)],
        evidence=[{"title": "SECRET evidence", "relevance": 0.5, "score": 1.0}],
    )
    return judge(SECRET, told, SHELF)


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


@pytest.mark.parametrize(("show_held", "told"), [(False, 0), (True, 1)])
def test_a_report_hides_held_questions_and_no_others(secret: Outcome, show_held: bool, told: int) -> None:
    outcomes = (secret, judge(question(split="dev"), record(), SHELF), judge(question(), record(), SHELF))
    report = AnswersReport("toy", outcomes, summaries(outcomes), show_held=show_held)
    value = json.loads(json.dumps(report.record()))
    assert value["suite"] == "toy"
    assert [each["group"] for each in value["summaries"]] == ["total", "dev", "held"]
    assert ["text" in row for row in value["rows"]] == [bool(told), True, True]
    assert ("SECRET" in json.dumps(value)) is show_held
    assert "SECRET" not in report.table()


def test_the_table_has_a_line_a_group_and_blanks_where_nothing_applies() -> None:
    outcomes = run_answers(ask, QUESTIONS, PAPERS)
    report = AnswersReport("toy", outcomes, summaries(outcomes))
    heading, total, *groups = report.table().split("\n")
    assert heading.split()[:3] == ["vouch", "questions", "right"]
    assert total.split()[:3] == ["total", "7", "0.43"]
    assert len(groups) == 9
    assert cells(report.record()["summaries"][0]) == [
        *(
            "total",
            "7",
            "0.43",
            f"{report.summaries[0].interval[0]:.2f}-{report.summaries[0].interval[1]:.2f}",
        ),
        *("0.25", "0.75", "0.50", "0.67", "0.67", "0.67", "0.25", "0.50", "1", "0.50", "1.00"),
    ]
    not_stated = cells(next(each for each in report.record()["summaries"] if each["group"] == "not_stated"))
    assert dict(zip(HEADINGS, not_stated[1:], strict=True))["all facts"] == ""


def test_the_table_has_a_part_a_system() -> None:
    outcomes = [
        *run_answers(ask, QUESTIONS[:2], PAPERS),
        *run_answers(ask, QUESTIONS[:2], PAPERS, system="peer"),
    ]
    parts = AnswersReport("peers", tuple(outcomes), summaries(outcomes)).table().split("\n\n")
    assert [part.split()[0] for part in parts] == ["vouch", "peer"]
