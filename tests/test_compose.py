"""compose: readings into an Answer, numbered, in order, without repeats, and nothing made up."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from fakes import make_paper

from rag.compose import answer_text, compose, hedge, refuse, with_gap
from rag.shown import shown
from rag.types import Answer, Claim, Paper, Passage, Plan, Quote, Reading, Scope, Timings, Verdict

OWL = make_paper("OWL: A Missing Secret", "OWL sets a sparsity for each layer. It gains 61.22 points.")
STBLLM = make_paper("STBLLM: Breaking the Barrier", "STBLLM stores weights below one bit.")
PLAN = Plan("What is OWL?", "paper", understood_as="What is OWL?")
TIMINGS = Timings(0.1, 0.2, 0.3, 40, 12)


def quote_of(paper: Paper, text: str, score: float = 0.8) -> Quote:
    start = paper.abstract.index(text)
    return Quote(text, start, start + len(text), score)


def passage(paper: Paper, relevance: float = 0.9) -> Passage:
    return Passage(paper, 1.5, relevance)


def written(paper: Paper, sentence: str, backing: str) -> Reading:
    verdict = Verdict(True, 0.9, quote_of(paper, backing))
    return Reading(passage(paper), sentences=((sentence, verdict),))


SETS = "OWL sets a sparsity for each layer."
GAINS = "It gains 61.22 points."
BELOW = "STBLLM stores weights below one bit."
QUOTED_OWL = Reading(passage(OWL), quotes=(quote_of(OWL, SETS), quote_of(OWL, GAINS)))
WRITTEN_OWL = written(OWL, "OWL gives each layer a sparsity.", SETS)
QUOTED_STBLLM = Reading(passage(STBLLM), quotes=(quote_of(STBLLM, BELOW),))


def composed(*readings: Reading) -> Answer:
    return compose("What is OWL?", PLAN, readings, model="scripted", timings=TIMINGS)


def assert_sound(answer: Answer) -> None:
    """Every mark, claim and citation belongs together, and every quote is its paper's own words."""
    papers = {citation.number: citation.paper for citation in answer.citations}
    assert list(papers) == list(range(1, len(papers) + 1))
    assert set(map(int, re.findall(r"\[(\d+)\]", answer.text))) == set(papers)
    for claim in answer.claims:
        if claim.support == "computed":
            continue
        (number,) = claim.citations
        assert claim.text in answer.text
        assert claim.span is not None
        assert papers[number].abstract[slice(*claim.span)] == claim.quote
        assert claim.support == "supported" or claim.text == shown(claim.quote)


@pytest.mark.parametrize(
    ("name", "readings", "titles"),
    [
        ("one paper quoted", [QUOTED_OWL], [OWL.title]),
        ("one paper written", [WRITTEN_OWL], [OWL.title]),
        ("two papers, best first", [WRITTEN_OWL, QUOTED_STBLLM], [OWL.title, STBLLM.title]),
        ("two papers, other order", [QUOTED_STBLLM, QUOTED_OWL], [STBLLM.title, OWL.title]),
        ("a paper that said nothing has no number", [Reading(passage(STBLLM)), QUOTED_OWL], [OWL.title]),
        ("nothing said at all", [Reading(passage(STBLLM)), Reading(passage(OWL))], []),
        ("no reading", [], []),
    ],
)
def test_citations_are_the_papers_that_said_something(
    name: str, readings: list[Reading], titles: list[str]
) -> None:
    answer = composed(*readings)
    assert [citation.paper.title for citation in answer.citations] == titles, name
    assert_sound(answer)


def test_a_worked_example() -> None:
    reading = replace(WRITTEN_OWL, quotes=QUOTED_OWL.quotes)
    answer = composed(reading, QUOTED_STBLLM)
    assert [(claim.text, claim.support, claim.citations) for claim in answer.claims] == [
        ("OWL gives each layer a sparsity.", "supported", (1,)),
        (SETS, "quoted", (1,)),
        (GAINS, "quoted", (1,)),
        (BELOW, "quoted", (2,)),
    ]
    assert answer.text == "\n\n".join(
        [
            "OWL gives each layer a sparsity. [1]",
            f"> “{SETS}” [1] “{GAINS}” [1]",
            f"> “{BELOW}” [2]",
        ]
    )
    assert (answer.status, answer.kind, answer.model, answer.timings) == (
        "answered",
        "paper",
        "scripted",
        TIMINGS,
    )
    assert (answer.nearest, answer.draft) == ((), "")


def test_a_quote_that_was_said_already_is_left_out() -> None:
    reading = replace(written(OWL, SETS, SETS), quotes=QUOTED_OWL.quotes)
    assert [claim.text for claim in composed(reading).claims] == [SETS, GAINS]


def test_an_answer_opens_with_at_most_three_sentences_of_each_paper_its_first() -> None:
    three = tuple(
        (f"OWL {verb} layers.", WRITTEN_OWL.sentences[0][1]) for verb in ("prunes", "ranks", "heals", "eats")
    )
    answer = composed(Reading(passage(OWL), sentences=three), written(STBLLM, BELOW, BELOW))
    assert answer.text == f"OWL prunes layers. [1] OWL ranks layers. [1] {BELOW} [2]"
    assert_sound(answer)


def test_without_a_sentence_of_the_models_the_best_quote_of_the_best_paper_opens() -> None:
    best = replace(QUOTED_OWL.quotes[1], score=0.9)
    answer = composed(replace(QUOTED_OWL, quotes=(QUOTED_OWL.quotes[0], best)), QUOTED_STBLLM)
    assert answer.text == f"“{GAINS}” [1]\n\n> “{SETS}” [1]\n\n> “{BELOW}” [2]"
    assert_sound(answer)


def test_what_stands_in_the_place_of_a_sentence_is_quoted_of_the_best_paper_alone() -> None:
    instead = (quote_of(OWL, GAINS),)
    first = Reading(passage(OWL), quotes=(quote_of(OWL, SETS),), instead=instead)
    assert [claim.text for claim in composed(first, QUOTED_STBLLM).claims] == [SETS, GAINS, BELOW]
    assert [claim.text for claim in composed(QUOTED_STBLLM, first).claims] == [BELOW, SETS]


def test_the_best_paper_opens_with_its_quote_where_only_another_one_was_told() -> None:
    answer = composed(QUOTED_STBLLM, WRITTEN_OWL)
    assert answer.text == f"“{BELOW}” [1] OWL gives each layer a sparsity. [2]"
    assert_sound(answer)


def test_a_sentence_that_says_nothing_new_is_left_out() -> None:
    (first,) = WRITTEN_OWL.sentences
    again = ("Each layer: a sparsity, OWL gives.", first[1])
    answer = composed(Reading(passage(OWL), sentences=(first, again)))
    assert [claim.text for claim in answer.claims] == ["OWL gives each layer a sparsity."]


def test_the_same_words_of_two_papers_are_told_once_with_both_citations() -> None:
    twin = make_paper("OWL, Again", f"{SETS} We test it.")
    answer = composed(QUOTED_OWL, Reading(passage(twin), quotes=(quote_of(twin, SETS),)))
    assert answer.text == f"“{SETS}” [1][2]\n\n> “{GAINS}” [1]"
    assert [citation.paper for citation in answer.citations] == [OWL, twin]


def test_latex_is_readable_in_the_text_and_raw_in_the_quote() -> None:
    raw = r"\textbf{OWL} gains $10\times$ and 3.5\%."
    paper = make_paper("Raw", raw)
    answer = composed(Reading(passage(paper), quotes=(quote_of(paper, raw),)))
    assert answer.text == "“OWL gains 10x and 3.5%.” [1]"
    assert answer.claims[0].quote == raw


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("OWL sets a sparsity for layers, each.", False),
        ("OWL sets a sparsity.", True),
        ("It gains points.", True),
    ],
)
def test_the_best_quote_stays_unless_a_sentence_holds_all_of_it(sentence: str, kept: bool) -> None:
    best = replace(QUOTED_OWL.quotes[0], score=0.9)
    answer = composed(replace(written(OWL, sentence, SETS), quotes=(best,)))
    assert (f"“{SETS}”" in answer.text) is kept


def test_the_tenth_paper_is_told_apart_from_the_first() -> None:
    claims = [Claim(f"Sentence {number}.", (number,), "quoted", "", None, 1.0) for number in (1, 11, 11, 1)]
    assert answer_text([], claims).split("\n\n") == [
        "> “Sentence 1.” [1]",
        "> “Sentence 11.” [11] “Sentence 11.” [11]",
        "> “Sentence 1.” [1]",
    ]


@pytest.mark.parametrize(
    "marked", ["OWL gives each layer a sparsity [3].", "OWL gives each layer a sparsity. [1][12]"]
)
def test_a_models_own_marks_mean_nothing(marked: str) -> None:
    answer = composed(written(OWL, marked, SETS))
    assert answer.text == "OWL gives each layer a sparsity. [1]"
    assert_sound(answer)


def test_a_draft_is_shown_beside_the_text_and_never_in_it() -> None:
    answer = composed(replace(QUOTED_OWL, draft="OWL is magical"), QUOTED_STBLLM)
    assert answer.draft == "OWL is magical"
    assert "magical" not in answer.text
    assert "draft" not in answer.record()
    assert_sound(answer)


def test_a_refusal_names_the_nearest_papers_by_their_own_titles() -> None:
    answer = refuse("Who won?", PLAN, [passage(OWL, 0.1), passage(STBLLM, 0.05)], timings=TIMINGS)
    assert (answer.status, answer.claims, answer.citations, answer.model) == ("not_found", (), (), None)
    assert answer.record()["nearest"] == [OWL.title, STBLLM.title]
    listed = [line.removeprefix("- ") for line in answer.text.splitlines() if line.startswith("- ")]
    assert listed == [OWL.title, STBLLM.title]
    assert answer.text.startswith("I found nothing that I can vouch for: no paper on this shelf")


def test_a_refusal_within_a_scope_says_so() -> None:
    scoped = replace(PLAN, scope=Scope(years=(1999,)))
    answer = refuse("Who won in 1999?", scoped, [], timings=TIMINGS)
    assert answer.text == "I found nothing: no paper in this part of the shelf answers this."
    assert answer.nearest == ()


def test_a_hedge_says_that_it_is_not_sure_before_it_quotes() -> None:
    sure = composed(QUOTED_OWL)
    unsure = hedge(sure, [passage(OWL), passage(STBLLM)])
    assert unsure.status == "partly"
    assert unsure.text.startswith("I am not sure")
    assert unsure.text.endswith(sure.text)
    assert unsure.claims[0].text.startswith("I am not sure")
    assert (unsure.claims[1:], unsure.citations) == (sure.claims, sure.citations)
    assert unsure.nearest == (OWL, STBLLM)
    assert_sound(unsure)


def test_a_gap_is_told_of_the_paper_that_has_it() -> None:
    sure = composed(QUOTED_OWL)
    lacking = with_gap(sure, "give the licence")
    assert lacking.status == "partly"
    assert lacking.text == f"The abstract does not give the licence. [1] It says:\n\n{sure.text}"
    assert (lacking.claims[0].citations, lacking.claims[0].support) == ((1,), "computed")
    assert (lacking.claims[1:], lacking.citations) == (sure.claims, sure.citations)


@pytest.mark.parametrize("said", [lambda answer: hedge(answer, []), lambda answer: with_gap(answer, "help")])
def test_a_refusal_stays_one(said: Callable[[Answer], Answer]) -> None:
    refused = refuse("What?", PLAN, [], timings=TIMINGS)
    assert said(refused) == refused


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("As shown in [7], OWL wins.", "As shown in (7), OWL wins."),
        ("See [2, 3] and [ 1 ].", "See (2, 3) and (1)."),
    ],
)
def test_marks_inside_a_quoted_abstract_are_no_citations(raw: str, said: str) -> None:
    paper = make_paper("Marked", raw)
    answer = composed(Reading(passage(paper), quotes=(quote_of(paper, raw),)))
    assert (answer.claims[0].text, answer.claims[0].quote) == (said, raw)
    assert_sound(answer)
