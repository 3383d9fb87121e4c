"""Which sentence answers: worked examples, and invariants on any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evidence import SIGNS, cover, score_sentences, signs

TITLE = "OWL: Outlier Weighed Layerwise Sparsity"
SENTENCES = [
    "Large models have become popular in recently published work.",
    "Specifically, we choose the sparsity of a layer by measuring its outliers.",
    "The gain is 6.8 perplexity at a high sparsity level.",
    "The code is available at https://example.org/owl.",
]
WEIGHTS = {"layer": 2.0, "sparsiti": 2.0}
ALIKE = [0.3] * len(SENTENCES)


def best(question: str, weights: dict[str, float]) -> int:
    scores = score_sentences(question, TITLE, SENTENCES, ALIKE, weights)
    return scores.index(max(scores))


def test_how_is_answered_by_what_the_paper_does() -> None:
    assert best("How does OWL choose the sparsity of each layer?", WEIGHTS) == 1


def test_how_much_is_answered_by_a_number() -> None:
    assert best("How much gain is there?", {"gain": 1.0}) == 2
    assert best("How many levels of sparsity are there?", {"level": 1.0, "sparsiti": 1.0}) == 2


def test_the_opening_sentence_gives_way_to_another_like_it() -> None:
    twice = "Pruning removes the weights of a network."
    first, second = score_sentences("What does pruning remove?", "A title", [twice, twice], [0.5, 0.5], {})
    assert first < second


def test_what_the_paper_does_itself_comes_before_what_is_known() -> None:
    sentences = ["It rains.", "OWL employs outliers for a rule.", "We employ outliers for a rule."]
    _, known, done = score_sentences("What is OWL?", TITLE, sentences, [0.3, 0.3, 0.3], {})
    assert known < done


def test_where_the_code_is_stands_last_unless_it_is_asked() -> None:
    scores = score_sentences("What is OWL?", TITLE, SENTENCES, ALIKE, {})
    assert scores[3] == min(scores)
    assert best("Is the code available?", {"code": 3.0, "avail": 3.0}) == 3


def test_a_neighbour_of_the_best_match_is_lifted() -> None:
    near, far = "It merges them in one pass.", "It trains on text."
    sentences = [far, "The weather was fine.", "Expert conflicts are resolved.", near]
    scores = score_sentences("conflicts", "A title", sentences, [0.1, 0.1, 0.9, 0.1], {})
    assert scores[3] > scores[0]


def test_cover_is_the_share_of_what_was_asked() -> None:
    assert cover({"layer"}, WEIGHTS) == 0.5
    assert cover({"layer", "sparsiti"}, WEIGHTS) == 1.0
    assert cover({"cake"}, WEIGHTS) == 0.0
    assert cover({"cake"}, {}) == 0.0


def test_an_abstract_without_sentences_has_no_scores() -> None:
    assert score_sentences("Why?", TITLE, [], [], WEIGHTS) == []


def test_each_sentence_needs_a_similarity() -> None:
    with pytest.raises(ValueError, match="longer"):
        score_sentences("Why?", TITLE, SENTENCES, [0.5], WEIGHTS)


def test_a_sentence_has_one_figure_for_each_sign() -> None:
    rows = signs("How much gain is there?", TITLE, SENTENCES, ALIKE, {"gain": 1.0})
    told = dict(zip(SIGNS, rows[2], strict=True))
    assert (told["similarity"], told["words"], told["number"], told["opening"]) == (0.3, 1.0, 1.0, 0.0)
    assert [row[list(SIGNS).index("opening")] for row in rows] == [1.0, 0.0, 0.0, 0.0]


@given(st.text(max_size=200), st.lists(st.text(max_size=300), max_size=6), st.data())
def test_scores_lie_between_nothing_and_one(question: str, sentences: list[str], data: st.DataObject) -> None:
    cosines = st.floats(-1, 1)
    similarities = data.draw(st.lists(cosines, min_size=len(sentences), max_size=len(sentences)))
    scores = score_sentences(question, question, sentences, similarities, {"a": 1.0})
    assert len(scores) == len(sentences)
    assert all(0 <= score <= 1 for score in scores)
