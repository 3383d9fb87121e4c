"""A summary laid out: heads, one sentence a paper, the rest by title, every paper cited."""

from __future__ import annotations

import re
from datetime import date

import pytest
from fakes import make_paper

from rag.sections import MOST_SENTENCES, compose_summary, lay_out
from rag.sentences import sentences
from rag.types import Answer, Brief, Order, Paper, Passage, Plan, Quote, Reading, Timings, Verdict

SUBJECTS = ("Owls", "Jays", "Storks", "Herons", "Finches", "Gulls")
PLAN = Plan("Summarise birds", "summary", brief=Brief())


def paper(title: str, year: int | None = 2020) -> Paper:
    return make_paper(
        title,
        f"Much is unclear about birds however. We propose to count {title} at night. Results improve by 2.",
        published=date(year, 1, 1) if year else None,
    )


def passage(found: Paper) -> Passage:
    spans = sentences(found.abstract)
    return Passage(found, 1, 1, tuple(Quote(found.abstract[a:b], a, b, 0.5) for a, b in spans))


def summary(papers: list[Paper], order: Order = "theme", readings: dict[int, str] | None = None) -> Answer:
    layout = lay_out(Brief(order=order), [passage(each) for each in papers], "These papers: all.")
    made: list[Reading] = list(layout.readings)
    for place, text in (readings or {}).items():
        quote = made[place].quotes[0]
        made[place] = Reading(made[place].passage, ((text, Verdict(True, 0.9, quote)),), made[place].quotes)
    return compose_summary("Summarise birds", PLAN, layout.with_readings(made), model=None, timings=Timings())


def assert_sound(answer: Answer, papers: list[Paper]) -> None:
    """Every paper is cited once, every claim cites, every quote is its paper's own words."""
    cited = {citation.number: citation.paper for citation in answer.citations}
    assert sorted(each.id for each in cited.values()) == sorted(each.id for each in papers)
    assert list(cited) == list(range(1, len(papers) + 1))
    assert all(claim.citations for claim in answer.claims)
    for claim in answer.claims:
        if claim.support == "quoted":
            start, end = claim.span or (0, 0)
            assert cited[claim.citations[0]].abstract[start:end] == claim.quote == claim.text
    assert set(map(int, re.findall(r"\[(\d+)\]", answer.text))) == set(cited)


def told(answer: Answer) -> int:
    return sum(claim.support != "computed" for claim in answer.claims)


@pytest.mark.parametrize(
    ("count", "sentences"), [(1, 3), (2, 6), (3, 6), (4, 8), (6, 6), (12, 12), (13, 12), (40, 12)]
)
def test_five_to_twelve_sentences_and_every_paper_cited(count: int, sentences: int) -> None:
    papers = [paper(f"Bird {'abcdefghij'[number // 10]}{number % 10}x") for number in range(count)]
    answer = summary(papers)
    assert_sound(answer, papers)
    assert told(answer) == sentences <= MOST_SENTENCES


def test_papers_that_share_a_phrase_stand_under_it() -> None:
    papers = [paper(f"Pruning of {name}") for name in SUBJECTS[:3]] + [
        paper(f"{name} fly") for name in SUBJECTS[3:]
    ]
    answer = summary(papers)
    heads = [claim for claim in answer.claims if claim.head]
    assert [head.text for head in heads] == ["Pruning (3 papers)", "Others (3 papers)"]
    assert [head.citations for head in heads] == [(1, 2, 3), (4, 5, 6)]
    assert all(head.support == "computed" for head in heads)
    assert "\n\n**Pruning (3 papers)**\n\n" in answer.text


def test_papers_that_share_nothing_have_no_head() -> None:
    assert not any(claim.head for claim in summary([paper(name) for name in SUBJECTS]).claims)


def test_a_timeline_goes_year_by_year_and_says_what_is_undated() -> None:
    papers = [paper("Owls", 2024), paper("Jays", None), paper("Storks", 2019)]
    heads = [claim.text for claim in summary(papers, "oldest").claims if claim.head]
    assert heads == ["2019 (1 paper)", "2024 (1 paper)", "No date printed (1 paper)"]
    heads = [claim.text for claim in summary(papers, "newest").claims if claim.head]
    assert heads == ["2024 (1 paper)", "2019 (1 paper)", "No date printed (1 paper)"]


def test_a_sentence_of_the_model_takes_the_place_of_the_gist() -> None:
    papers = [paper(name) for name in SUBJECTS]
    answer = summary(papers, readings={1: "It counts jays."})
    assert_sound(answer, papers)
    assert told(answer) == len(papers)
    of_jays = [claim for claim in answer.claims if claim.citations == (2,)]
    assert [(claim.text, claim.support) for claim in of_jays] == [("It counts jays.", "supported")]


def test_of_few_papers_problem_and_result_stay_beside_it() -> None:
    answer = summary([paper("Owls")], readings={0: "It counts owls."})
    said = [claim.text for claim in answer.claims[1:]]
    assert said == ["It counts owls.", "Much is unclear about birds however.", "Results improve by 2."]


def test_papers_beyond_the_budget_are_named_with_their_marks() -> None:
    papers = [paper(f"Bird {number}") for number in range(14)]
    answer = summary(papers)
    (named,) = [claim for claim in answer.claims if claim.text.startswith("And ")]
    assert len(named.citations) == 2
    assert f"“{papers[12].title}” [13], “{papers[13].title}” [14]" in answer.text


def test_titles_that_are_alike_keep_their_own_marks() -> None:
    papers = [paper("Owls")] * 1 + [paper(f"Bird {number}") for number in range(12)]
    twin = make_paper("Bird 11", "We propose to count again.", authors=("Ada Byron",))
    answer = summary([*papers, twin])
    assert "“Bird 11” [13], “Bird 11” [14]" in answer.text
