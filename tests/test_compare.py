"""The table of a comparison: every cell verbatim or from the record, gaps said, order by dates."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date

import pytest
from fakes import make_paper

from rag.compare import (
    MOST_SENTENCES,
    USUAL_QUESTION,
    compare,
    compared_passages,
    reading_question,
    short_name,
)
from rag.tables import NOT_STATED, table_csv, table_markdown
from rag.types import Answer, Paper, Passage, Plan, Quote, Reading, Sides, Timings, Verdict

FAST = make_paper(
    "FastNet: Skipping Steps",
    "However, inference is slow. We propose FastNet, which skips steps of the network. "
    "FastNet beats SlowNet. Experiments on ImageNet show that it is 2.3x faster.",
    published=date(2024, 12, 17),
    has_code=True,
)
SLOW = make_paper(
    "SlowNet: Taking | Care",
    "We introduce SlowNet, a network that looks twice. It outperforms others by 4%.",
    published=None,
    has_code=None,
)
OLD = make_paper("OldNet", "Larks sing.", published=date(2020, 1, 2), has_code=False)


def answer(
    papers: Sequence[Paper], sides: Sides | None = None, readings: Sequence[Reading] | None = None
) -> Answer:
    sides = sides or Sides(tuple(paper.id for paper in papers))
    plan = Plan("compare", "compare", named=sides.papers, sides=sides)
    made = readings or [Reading(Passage(paper, 1.0, 1.0)) for paper in papers]
    return compare("compare", plan, made, model=None, timings=Timings())


def cells(told: Answer, aspect: str) -> list[str]:
    assert told.table is not None
    row = next(row for row in told.table.rows if row.aspect == aspect)
    return [cell.text if cell else NOT_STATED for cell in row.cells]


def test_two_papers_side_by_side():
    told = answer([FAST, SLOW])
    assert (told.kind, told.status) == ("compare", "answered")
    assert [citation.paper for citation in told.citations] == [FAST, SLOW]
    assert told.table is not None
    assert told.table.heads == ("FastNet", "SlowNet")
    assert cells(told, "problem") == ["However, inference is slow.", NOT_STATED]
    assert cells(told, "idea") == [
        "We propose FastNet, which skips steps of the network.",
        "We introduce SlowNet, a network that looks twice.",
    ]
    assert cells(told, "setting, data") == ["Experiments on ImageNet", NOT_STATED]
    assert cells(told, "code") == ["marked with code", "not known: its listing has no line that would say"]
    assert cells(told, "date") == ["17 December 2024 (2024-12-17)", "undated"]
    assert cells(told, "on the others") == ["FastNet beats SlowNet.", NOT_STATED]


def test_every_cell_is_a_claim_that_stands_where_it_says():
    told = answer([FAST, SLOW, OLD])
    assert told.table is not None
    assert set(told.table.claims) <= set(told.claims)
    papers = {citation.number: citation.paper for citation in told.citations}
    for claim in told.table.claims:
        (number,) = claim.citations
        if claim.support == "quoted":
            assert claim.span is not None
            assert papers[number].abstract[slice(*claim.span)] == claim.quote == claim.text
        else:
            assert (claim.support, claim.quote) == ("computed", "")


def test_the_record_holds_the_table():
    record = answer([FAST, SLOW]).record()["table"]
    assert [column["head"] for column in record["columns"]] == ["FastNet", "SlowNet"]
    problem = record["rows"][0]
    assert problem["aspect"] == "problem"
    assert problem["cells"][0]["quote"] == "However, inference is slow."
    assert problem["cells"][1] is None


def test_what_is_asked_of_each_has_a_row():
    quote = Quote("FastNet beats SlowNet.", 78, 100, 0.7)
    readings = [Reading(Passage(FAST, 1, 1), quotes=(quote,)), Reading(Passage(SLOW, 1, 1))]
    told = answer([FAST, SLOW], Sides((FAST.id, SLOW.id), topic="who wins"), readings)
    assert told.table is not None
    assert told.table.rows[0].aspect == "asked"
    assert cells(told, "asked") == [FAST.abstract[78:100], NOT_STATED]


def test_sentences_that_passed_stand_beside_the_table():
    good = Verdict(True, 0.9, None)
    texts = (
        "FastNet saves time by leaving out steps it does not need. [3]",
        "We propose FastNet, which skips steps.",
    )
    readings = [
        Reading(Passage(paper, 1, 1), sentences=((text, good), ("Speed comes from early exits.", good)))
        for paper, text in zip((FAST, FAST, SLOW, OLD), (*texts, texts[0], texts[0]), strict=True)
    ]
    told = answer([FAST, SLOW], readings=readings[:1] + readings[2:3])
    assert [claim.text for claim in told.claims[-2:]] == [
        "FastNet saves time by leaving out steps it does not need."
    ] * 2
    assert [claim.citations for claim in told.claims[-2:]] == [(1,), (2,)]
    assert told.text.endswith("does not need. [2]")
    repeated = answer([FAST, SLOW], readings=[readings[1], Reading(Passage(SLOW, 1, 1))])
    assert repeated.claims[-1].text == "Speed comes from early exits."
    many = answer([FAST, SLOW, OLD], readings=[readings[0], readings[2], readings[3]])
    assert sum(claim.support == "supported" for claim in many.claims) == MOST_SENTENCES


def test_one_paper_asks_for_another():
    told = answer([FAST])
    assert (told.status, told.table) == ("partly", None)
    assert "name another one" in told.text
    assert [citation.paper for citation in told.citations] == [FAST]


def test_sides_that_were_not_found_are_named():
    told = answer([FAST, SLOW], Sides((FAST.id, SLOW.id), ("FooNet",)))
    assert told.status == "partly"
    assert told.text.startswith("No paper on this shelf is known as “FooNet”.")
    nobody = answer([], Sides((), ("FooNet", "BarNet")))
    assert (nobody.status, nobody.citations) == ("not_found", ())
    assert "“FooNet” and “BarNet”" in nobody.text


def test_of_more_than_six_papers_the_first_six_are_compared():
    papers = [make_paper(f"Net{place}: A title", "Larks sing.", index=place) for place in range(8)]
    sides = Sides(tuple(paper.id for paper in papers))
    passages = [Passage(paper, 1, 1) for paper in reversed(papers)]
    chosen = compared_passages(sides, passages)
    assert [passage.paper for passage in chosen] == papers[:6]
    told = answer(papers[:6], sides)
    assert "the first 6 of the 8" in told.text


@pytest.mark.parametrize(
    ("papers", "said"),
    [
        ((FAST, OLD), "First came “OldNet”, 2 January 2020 (2020-01-02); then “FastNet”, 17 December 2024"),
        ((FAST, SLOW), "cannot be told. “SlowNet” prints no date, so it cannot be placed."),
        ((FAST, SLOW, OLD), "“FastNet”, 17 December 2024 (2024-12-17). “SlowNet” prints no date"),
        ((SLOW, make_paper("New", "x", published=None)), "“SlowNet” and “New” print no date"),
        ((FAST, make_paper("Twin", "x", published=FAST.date)), "They are dated alike"),
    ],
)
def test_which_came_first(papers: tuple[Paper, ...], said: str):
    told = answer(papers, Sides(tuple(paper.id for paper in papers), by_date=True))
    assert said in told.text
    assert told.table is not None
    assert [row.aspect for row in told.table.rows] == ["date"]


def test_a_cell_cannot_end_its_cell():
    told = answer([SLOW, FAST])
    assert told.table is not None
    assert table_markdown(told.table) in told.text
    pipes = make_paper("A | B", "We propose a | b,\nwhich is new. It is | faster by 4%.")
    table = answer([pipes, FAST]).table
    assert table is not None
    lines = table_markdown(table).splitlines()
    assert {line.replace(r"\|", "").count("|") for line in lines} == {4}
    rows = list(csv.reader(io.StringIO(table_csv(table))))
    assert rows[0] == ["aspect", "A | B", FAST.title]
    assert rows[2][1] == "We propose a | b, which is new."


@pytest.mark.parametrize(
    ("topic", "asked"),
    [
        ("", USUAL_QUESTION),
        ("how does each make experts smaller", "how does it make experts smaller?"),
        ("what does each of them train", "what does it train?"),
        ("how do they save time", "how does it save time?"),
        ("training cost", "What does this paper say on training cost?"),
    ],
)
def test_the_model_is_asked_of_one_paper(topic: str, asked: str):
    assert reading_question(Sides((), topic=topic)) == asked


def test_short_names():
    assert short_name("LazyDiT: Lazy Learning") == "LazyDiT"
    assert short_name("A Survey of Small Models") == "A Survey of Small Models"
    assert short_name("One two three four five: six") == "One two three four five: six"
