"""Which wordings ask for papers on a topic, and which ask one paper something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.topics import asks_for_papers


@pytest.mark.parametrize(
    "question",
    [
        "got anything on pruning?",
        "anything about video generation here?",
        "is there work on point clouds?",
        "I need papers for my related work section on mixture of experts",
        "what do you have on speech recognition",
        "show me stuff on binary networks",
        "please list everything about tokens",
        "any research on edge devices",
        "recommend something to read on sparsity",
        "what should I read first about LLM compression?",
        "everything on token pruning",
        "do you have papers about medical images?",
        "tell me about the research on lottery tickets",
        "what are people doing with mamba",
        "how's the work on 3D going",
        "what has been tried against hallucination?",
        "the state of the art in low-bit quantization",
        "bring me up to speed on video",
        "does anyone here study audio?",
        "how do the papers here speed up diffusion transformers?",
        "I am a nurse. Have you got anything on wounds?",
    ],
)
def test_papers_on_a_topic_are_asked_for(question: str) -> None:
    assert asks_for_papers(question)


@pytest.mark.parametrize(
    "question",
    [
        "How does OWL work?",
        "There is work on attacking speech recognisers. Which corpus did they use?",
        "Is there a quick way for a handset to work out how people stand?",
        "give me an overview of the paper on lottery tickets",
        "What is the state of OWL?",
        "Who wrote OWL?",
        "What does the method gain on ImageNet?",
        "why do the results get better with more tokens",
        "",
    ],
)
def test_what_asks_for_one_thing_asks_for_no_papers(question: str) -> None:
    assert not asks_for_papers(question)


@given(st.text(max_size=2000))
def test_any_text_is_read(question: str) -> None:
    assert asks_for_papers(question) in (True, False)
