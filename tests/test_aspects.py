"""Sentences and what they state: clear cases by hand, labelled abstracts, and any text at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.aspects import read_labelled, score, without_labels
from rag.aspects import find_aspects


def words(abstract: str) -> dict[str, str]:
    return {aspect: abstract[slice(*span)] for aspect, span in find_aspects(abstract).items()}


COMPUTING = (
    "Diffusion models are widely used. However, their inference is slow and costly. "
    "In this paper, we propose LazyNet, a framework that skips steps. It keeps a cache. "
    "Extensive experiments on ImageNet and COCO show that LazyNet is 2.3x faster. Code: https://x.org/y."
)
MEDICINE = (
    "Sepsis remains a leading cause of death in children, and its best treatment is unclear. "
    "We aimed to determine whether early fluids reduce mortality. "
    "We randomised 312 children at six hospitals in Kenya to fluids or usual care. "
    "Mortality at 28 days was lower with fluids (8.1% vs 12.4%, p=0.03)."
)
ENGINEERING = (
    "Fatigue of welded joints limits the life of steel bridges. "
    "This study presents a sensor that detects cracks from strain data. "
    "The sensor was tested on a full-scale bridge girder over 12 months. "
    "It detected 94% of the cracks longer than 2 mm."
)


@pytest.mark.parametrize(
    ("abstract", "starts"),
    [
        (
            COMPUTING,
            {
                "problem": "However, their inference",
                "idea": "In this paper, we propose LazyNet",
                "setting": "Extensive experiments on ImageNet and COCO",
                "result": "Extensive experiments on ImageNet and COCO show",
            },
        ),
        (
            MEDICINE,
            {
                "problem": "Sepsis remains",
                "idea": "We aimed to",
                "setting": "We randomised 312",
                "result": "Mortality at 28 days",
            },
        ),
        (
            ENGINEERING,
            {
                "problem": "Fatigue of welded joints limits",
                "idea": "This study presents",
                "setting": "The sensor was tested",
                "result": "It detected 94%",
            },
        ),
    ],
)
def test_abstracts_of_three_subjects(abstract: str, starts: dict[str, str]):
    found = words(abstract)
    assert found.keys() == starts.keys()
    for aspect, start in starts.items():
        assert found[aspect].startswith(start), aspect


def test_the_clause_that_names_the_setting_ends_before_what_it_shows():
    assert words(COMPUTING)["setting"] == "Extensive experiments on ImageNet and COCO"


def test_printed_labels_count_and_are_not_part_of_the_words():
    found = words(
        "BACKGROUND: Larks sing at dawn in most seasons. METHODS: Forty recordings were made in May. "
        "RESULTS: Songs were longer at dawn (p<0.01). CONCLUSION: Dawn matters to larks."
    )
    assert found["problem"] == "Larks sing at dawn in most seasons."
    assert found["setting"] == "Forty recordings were made in May."
    assert found["result"] == "Songs were longer at dawn (p<0.01)."


@pytest.mark.parametrize("abstract", ["", "Larks sing.", "Blue is a colour of the sky at noon."])
def test_what_is_not_stated_is_left_out(abstract: str):
    assert find_aspects(abstract).keys() <= {"problem"}


@given(st.text(max_size=600))
def test_spans_are_readable_words_of_any_text(text: str):
    for start, end in find_aspects(text).values():
        assert 0 <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()


def test_labels_are_taken_out_and_sections_kept():
    labelled = without_labels(
        "7", "BACKGROUND Larks sing. METHODS We listened to larks. RESULTS They sang louder."
    )
    assert labelled is not None
    assert labelled.text == "Larks sing. We listened to larks. They sang louder."
    assert [labelled.text[start:end] for start, end, _ in labelled.sections] == [
        "Larks sing.",
        "We listened to larks.",
        "They sang louder.",
    ]
    assert [name for *_, name in labelled.sections] == ["background", "methods", "result"]


def test_an_abstract_without_labels_is_none():
    assert without_labels("7", "Larks sing. They sang louder.") is None
    assert read_labelled(['{"id": "7", "text": "Larks sing."}', ""]) == []


def test_a_right_sentence_is_counted():
    line = (
        '{"id": "7", "text": "BACKGROUND The cause of lark song remains unclear. METHODS A prospective '
        'study of 40 subjects was made. RESULTS Songs were significantly longer at dawn (p=0.01)."}'
    )
    scores = score(read_labelled([line]))
    assert [(of.asked, of.given, of.right) for of in scores.values()] == [
        (1, 1, 1),
        (0, 0, 0),
        (1, 1, 1),
        (1, 1, 1),
    ]
