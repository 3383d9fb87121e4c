"""What a question compares: wordings, names that are words as well, and sides that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from fakes import make_paper
from hypothesis import given
from hypothesis import strategies as st

from rag.gazetteer import build_gazetteer
from rag.sides import find_sides
from rag.types import Sides

TITLES = {
    "LazyDiT": "LazyDiT: Lazy Learning for Diffusion Transformers",
    "QuEST": "QuEST: Low-bit Diffusion Model Quantization via Selective Finetuning",
    "LIFT": "LIFT the Veil for the Truth: Principal Weights Emerge",
    "Delta": "Delta Decompression for MoE-based LLMs Compression",
    "Onion": "Peeling the Onion: Hierarchical Reduction of Data Redundancy",
    "Mobile": "MobileLLM: Optimizing Sub-billion Parameter Language Models",
    "Mobile-R1": "MobileLLM-R1: Exploring the Limits of Small Reasoners",
}
ABSTRACTS = {
    "LIFT": "We call it LIFT. We propose LIFT, which updates principal weights only.",
    "Onion": "We propose a hierarchical framework, termed Tri-Level E-ViT, for training.",
}
PAPERS = {name: make_paper(title, ABSTRACTS.get(name, "We quantize weights to full precision."), index=place)
          for place, (name, title) in enumerate(TITLES.items())}  # fmt: skip
EVERYDAY = {"quest", "lift", "onion"}
SHELF = build_gazetteer(list(PAPERS.values()), lambda word: word in EVERYDAY)


def sides(question: str, before: Sequence[str] = ()) -> Sides | None:
    """The sides, by this file's names of its papers."""
    found = find_sides(question, [PAPERS[name].id for name in before], SHELF)
    names = {paper.id: name for name, paper in PAPERS.items()}
    return replace(found, papers=tuple(names[key] for key in found.papers)) if found else None


def compared(question: str, before: Sequence[str] = ()) -> tuple[str, ...] | None:
    found = sides(question, before)
    return found.papers if found else None


@pytest.mark.parametrize(
    ("question", "papers"),
    [
        ("LazyDiT against QuEST, what is the difference?", ("LazyDiT", "QuEST")),
        ("compare QuEST, LazyDiT and LIFT", ("QuEST", "LazyDiT", "LIFT")),
        ("lazydit vs quest", ("LazyDiT", "QuEST")),
        ("lift vs. lazydit", ("LIFT", "LazyDiT")),
        ("What's the difference between QuEST and LazyDiT?", ("QuEST", "LazyDiT")),
        ("How does LazyDiT differ from QuEST?", ("LazyDiT", "QuEST")),
        ("LazyDiT or QuEST: which one is better?", ("LazyDiT", "QuEST")),
        ("Should I use QuEST or LazyDiT", ("QuEST", "LazyDiT")),
        ("Do LazyDiT and QuEST agree?", ("LazyDiT", "QuEST")),
        ("Compare Delta Decompression with LazyDiT", ("Delta", "LazyDiT")),
        ("compare Peeling the Onion and QuEST", ("Onion", "QuEST")),
        ("How do LazyDiT and Tri-Level E-ViT differ in what they make sparse?", ("LazyDiT", "Onion")),
        (f"compare {TITLES['LIFT']} and {TITLES['Delta']}", ("LIFT", "Delta")),
        ("MobileLLM vs QuEST", ("Mobile", "QuEST")),
        ("LazyDiT/QuEST: compare", ("LazyDiT", "QuEST")),
        ("compare LazyDiT with LazyDiT and QuEST", ("LazyDiT", "QuEST")),
        ("compare LazyDiT", ("LazyDiT",)),
    ],
)
def test_papers_in_the_readers_order(question: str, papers: tuple[str, ...]):
    assert compared(question) == papers


@pytest.mark.parametrize(
    "question",
    [
        "What is LazyDiT?",
        "How does LazyDiT differ?",
        "What is the difference between the two stages of LazyDiT?",
        "difference between LazyDiT and full precision",
        "compare weights with precision",
        "Compare Lu Yin and You Wu",
        "which papers compare weights?",
        "Who wrote LazyDiT and QuEST?",
        "do these agree?",
        "LazyDiT under W2A2: how much WikiText2 perplexity is lost against full precision",
        "Is there a guard for chats, against filth and threats, that sits side by side with them?",
    ],
)
def test_what_compares_no_papers(question: str):
    assert sides(question) is None


@pytest.mark.parametrize(
    ("question", "papers", "unfound"),
    [
        ("LazyDiT vs FooNet", ("LazyDiT",), ("FooNet",)),
        ("What speaks for LazyDiT against FooNet", ("LazyDiT",), ("FooNet",)),
        ("compare lazydit and barnyx", ("LazyDiT",), ("barnyx",)),
        ("compare LazyDiT, QuEST and SparseFoo9", ("LazyDiT", "QuEST"), ("SparseFoo9",)),
        ("compare FooNet and BarNet", (), ("FooNet", "BarNet")),
        ('compare "Attention is all you need" with QuEST', ("QuEST",), ("Attention is all you need",)),
    ],
)
def test_sides_that_are_not_found_are_named(question: str, papers: tuple[str, ...], unfound: tuple[str, ...]):
    found = sides(question)
    assert found is not None
    assert (found.papers, found.unfound) == (papers, unfound)


@pytest.mark.parametrize(
    ("question", "papers"),
    [
        ("do these agree?", ("LIFT", "Delta", "Onion")),
        ("compare the first two", ("LIFT", "Delta")),
        ("how do they differ?", ("LIFT", "Delta", "Onion")),
        ("how does it differ from QuEST?", ("LIFT", "QuEST")),
        ("compare this one with LazyDiT", ("LIFT", "LazyDiT")),
    ],
)
def test_papers_of_the_answer_before(question: str, papers: tuple[str, ...]):
    found = sides(question, ("LIFT", "Delta", "Onion"))
    assert found is not None
    assert found.papers == papers
    assert found.note


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("LazyDiT against QuEST, what is the difference?", ""),
        ("Compare LazyDiT with QuEST: how does each save time?", "how does each save time"),
        ("QuEST vs LazyDiT - what does each train", "what does each train"),
        ("differences between LazyDiT and QuEST in terms of training cost", "training cost"),
        ("compare LazyDiT, QuEST and FooNet", ""),
    ],
)
def test_what_is_asked_of_each(question: str, topic: str):
    found = sides(question)
    assert found is not None
    assert found.topic == topic


@pytest.mark.parametrize(
    ("question", "by_date"),
    [
        ("Which came first, LazyDiT or QuEST?", True),
        ("Is QuEST newer than LazyDiT?", True),
        ("Did LazyDiT appear before QuEST?", True),
        ("was QuEST published after LazyDiT?", True),
        ("LazyDiT or QuEST, which is older?", True),
        ("LazyDiT or QuEST: which is better?", False),
        ("compare LazyDiT and QuEST", False),
    ],
)
def test_whether_only_the_order_is_asked_for(question: str, by_date: bool):
    found = sides(question)
    assert found is not None
    assert found.by_date == by_date


pieces = st.sampled_from(
    ["compare", "LazyDiT", "quest", "and", "vs", ",", "“", '"', "(", "?", ":", "FooNet", "\x01"]
)


@given(st.lists(pieces | st.text(max_size=12), max_size=12).map(" ".join))
def test_any_question_is_read(question: str):
    found = find_sides(question, [], SHELF)
    assert found is None or set(found.papers) <= {paper.id for paper in PAPERS.values()}
