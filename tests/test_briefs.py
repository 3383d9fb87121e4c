"""How summaries are asked for, on a shelf of three owners."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from fakes import make_paper
from hypothesis import given
from hypothesis import strategies as st

from rag.briefs import read_brief, recent, speaks_of_papers
from rag.marking import Shelf, know_shelf
from rag.types import Brief, Scope

VOCABULARY = frozenset("diffusion models pruning quantization lottery tickets video jailbreak".split())


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    papers = [
        make_paper("On owls", authors=("Xuan Shen", "Pu Zhao"), page_author="Xuan Shen", category="CV"),
        make_paper("On rest", authors=("Lu Yin", "Shiwei Liu"), page_author="Lu Yin", category="LG"),
        make_paper("On nets", authors=("Zechun Liu",), page_author="Zechun Liu", published=date(2026, 1, 2)),
    ]
    return replace(know_shelf(papers, 2026), vocabulary=VOCABULARY)


XUAN, LU, ZECHUN = (Scope(authors=(name,)) for name in ("Xuan Shen", "Lu Yin", "Zechun Liu"))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Summarise Xuan Shen's work on diffusion models", Brief(XUAN, "diffusion models")),
        ("sumarize xuan shens work on diffusion models please", Brief(XUAN, "diffusion models")),
        ("Give me a short overview of Lu Yin's papers", Brief(LU)),
        ("Can you summarise Lu Yin's research?", Brief(LU)),
        ("what is zechun liu's work about", Brief(ZECHUN)),
        ("what does Zechun Liu work on?", Brief(ZECHUN)),
        ("What has Lu Yin done on pruning?", Brief(LU, "pruning")),
        ("key findings of Lu Yin's 2025 papers", Brief(Scope(authors=("Lu Yin",), years=(2025,)))),
        ("what did 2024 bring", Brief(Scope(years=(2024,)))),
        ("What happened in 2023?", Brief(Scope(years=(2023,)))),
        ("overview of the CV papers", Brief(Scope(categories=("CV",)))),
        ("Summarise the research on lottery tickets", Brief(topic="lottery tickets")),
        ("overview of video pruning", Brief(topic="video pruning")),
        ("Summarise what there is on pruning", Brief(topic="pruning")),
        ("timeline of Lu Yin's work on pruning", Brief(LU, "pruning", "oldest")),
        ("How has Lu Yin's work on pruning evolved?", Brief(LU, "pruning", "oldest")),
        ("what's new in quantization?", Brief(topic="quantization", order="newest")),
        ("what is new in 2026 on pruning", Brief(Scope(years=(2026,)), "pruning", "newest")),
        ("Summarise Lu Yin's work on weights below one bit", Brief(LU, "weights below one bit")),
        ("summarise the work on not training weights", Brief(topic="not training weights")),
        ("what is new?", Brief(order="newest")),
        ("what's Lu Yin up to?", Brief(LU)),
        ("what is Xuan Shen known for", Brief(XUAN)),
        ("Zechun Liu's contributions?", Brief(ZECHUN)),
        ("Zechun Liu in a nutshell", Brief(ZECHUN)),
        ("bring me up to speed on video pruning", Brief(topic="video pruning")),
        ("newest papers on pruning", Brief(topic="pruning", order="newest")),
        ("gist of pruning, in two lines, please!!", Brief(topic="pruning")),
    ],
)
def test_what_a_summary_is_asked_of(question: str, expected: Brief, shelf: Shelf) -> None:
    assert read_brief(question, shelf) == expected


@pytest.mark.parametrize(
    "question",
    [
        "What is pruning?",
        "How many papers by Lu Yin are there?",
        "What does pruning do?",
        "what did the authors do in the video paper",
        "What is the main idea of pruning?",
        "How has the accuracy changed?",
        "Summarise the paper on pruning",
        "what is the survey on pruning about, two lines",
        "Summarise it",
        "overview",
        "",
    ],
)
def test_what_asks_for_no_summary_of_several_papers(question: str, shelf: Shelf) -> None:
    assert read_brief(question, shelf) is None


def test_a_misspelt_topic_is_put_right_and_said_so(shelf: Shelf) -> None:
    brief = read_brief("Summarise Xuan Shen's work on difusion models", shelf)
    assert brief == Brief(XUAN, "diffusion models", notes=("“difusion” is taken for diffusion",))


def test_another_form_of_a_word_is_not_misspelt(shelf: Shelf) -> None:
    brief = read_brief("Summarise the work on jailbreaks", shelf)
    assert brief == Brief(topic="jailbreaks")


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Summarise Geoffrey Hinton's work on capsules", "Geoffrey Hinton"),
        ("Summarise the papers by yoshua bengio", "yoshua bengio"),
        ("Summarise the work of Hinton", "Hinton"),
    ],
)
def test_an_author_whom_the_shelf_does_not_have_is_said_so(question: str, name: str, shelf: Shelf) -> None:
    brief = read_brief(question, shelf)
    assert brief is not None
    assert brief.trouble.lower().startswith(f"no author “{name.lower()}” is on this shelf")


def test_a_name_that_is_near_is_offered(shelf: Shelf) -> None:
    brief = read_brief("Summarise the papers by Xuan Chen Zhao", shelf)
    assert brief is not None
    assert "The nearest names are" in brief.trouble


def test_a_year_that_cannot_be_is_said_so(shelf: Shelf) -> None:
    brief = read_brief("what did 2031 bring", shelf)
    assert brief is not None
    assert "2031" in brief.trouble


def test_new_is_the_crawl_year_and_the_one_before() -> None:
    brief = recent(Brief(topic="pruning", order="newest"), 2026)
    assert brief.scope == Scope(since=date(2025, 1, 1))
    assert brief.notes == ("“new” is taken for 2025 and 2026",)


@pytest.mark.parametrize("brief", [Brief(topic="pruning"), Brief(Scope(years=(2020,)), order="newest")])
def test_a_time_that_is_asked_for_stays(brief: Brief) -> None:
    assert recent(brief, 2026) == brief


def test_a_set_is_spoken_of_or_a_thing() -> None:
    assert speaks_of_papers("the work on KV")
    assert not speaks_of_papers("Summarise DMFormer")


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    read_brief(f"Summarise {text}", know_shelf([make_paper("On owls")], 2026))


@pytest.mark.parametrize("tail", ["!" * 2000, "here " * 400, "a " * 1000, "work's " * 300, ", " * 900 + "x"])
def test_long_runs_are_read_in_no_time(tail: str, shelf: Shelf) -> None:
    """A pattern that tries every way to split a run would never come back."""
    for opening in ("Summarise ", "what is ", "how has ", "give me ", "timeline of "):
        read_brief(opening + tail, shelf)
