"""features: each one, on a text that fits on a page."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import features
from rag.features import FEATURES, Evidence, evidence, share
from rag.sentences import sentences
from rag.statement import statement

OWL = (
    "Prior methods prune layers at one sparsity. OWL beats Wanda by 61.22 and SparseGPT by 6.80 perplexity. "
    "It needs no retraining and increases throughput by 2.6x. Latency is reduced by 30%."
)


def held(text: str = OWL) -> Evidence:
    return evidence(text, tuple(text[start:end] for start, end in sentences(text)))


def value(name: str, claim: str, text: str = OWL) -> float:
    return FEATURES[name](statement(claim), held(text))


def test_a_share_of_nothing_is_nothing() -> None:
    assert share(set(), {"a"}) == 0
    assert share({"a", "b"}, {"b"}) == 0.5


def test_pair_cover_reads_two_neighbours_as_one() -> None:
    # owl, beat, wanda stand in the second sentence, layer and prune in the first, latency in the last
    assert value("pair_cover", "OWL beats Wanda, which prunes layers") == 1
    assert value("pair_cover", "layers prune latency") == pytest.approx(2 / 3)


def test_gram_cover_knows_a_word_by_its_parts() -> None:
    assert value("gram_cover", "retraining") == 1
    assert 0 < value("gram_cover", "training") < 1
    assert value("gram_cover", "zebra") == 0


def test_missing_words_are_counted() -> None:
    assert value("missing_words", "OWL prunes") == 0
    assert value("missing_words", "zebras graze on OWL") == pytest.approx(math.log(3))


def test_order_cover_tells_who_did_what_to_whom() -> None:
    assert value("order_cover", "OWL beats Wanda") == 1
    assert value("order_cover", "Wanda beats OWL") == 0
    assert value("order_cover", "OWL") == 0


def test_subsequence_cover_worked_by_hand() -> None:
    # owl beat wanda, of owl beat wanda zebra
    assert value("subsequence_cover", "OWL beats Wanda zebras") == pytest.approx(3 / 4)
    assert value("subsequence_cover", "") == 0


def test_numbers_that_stand_nowhere() -> None:
    assert value("unfound_numbers", "2.6 times, 30 percent, 6.8") == 0
    assert value("unfound_numbers", "2.6%") == pytest.approx(math.log(2))
    assert value("unfound_numbers", "26 and 62.22") == pytest.approx(math.log(3))


def test_names_and_directions_that_stand_nowhere() -> None:
    assert value("missing_names", "OWL beats MagPrune") == pytest.approx(math.log(2))
    assert value("missing_directions", "higher throughput increases") == pytest.approx(1 / 2)
    assert value("missing_directions", "OWL") == 0


def test_opposed_directions() -> None:
    assert value("opposed", "OWL decreases throughput by 2.6x") == 1
    assert value("opposed", "OWL increases throughput by 2.6x") == 0


def test_noes() -> None:
    assert value("says_no", "OWL does not prune") == 1
    assert value("unshared_no", "OWL needs no retraining") == 0
    assert value("unshared_no", "OWL does not beat Wanda") == 1
    assert value("unlike_no", "It increases throughput without retraining") == 0
    assert value("unlike_no", "OWL does not beat Wanda") == 1


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            "OWL beats SparseGPT by 6.8 perplexity",
            "OWL beats Wanda by 6.80 and SparseGPT by 61.22 perplexity",
        ),
        ("Latency is reduced by 30%", "Latency is reduced by 2.6"),
    ],
)
def test_a_number_in_another_ones_place(right: str, wrong: str) -> None:
    assert value("rival_number", right) < 0.12 < value("rival_number", wrong)


def test_a_direction_in_the_place_of_its_opposite() -> None:
    assert value("rival_direction", "It decreases throughput by 2.6x") > 0.5
    assert value("rival_direction", "It increases throughput by 2.6x") == 0


def test_a_name_in_another_ones_place() -> None:
    swapped = statement("Wanda beats OWL by 61.22 perplexity")
    assert features.rival(swapped, held(), "name") > 0.12
    assert features.rival(statement("OWL beats Wanda by 61.22"), held(), "name") == 0


def test_a_no_more_or_less() -> None:
    assert features.denial(statement("It needs retraining and increases throughput"), held()) > 0.2
    assert features.denial(statement("It needs no retraining"), held()) == 0
    assert features.denial(statement("Prior methods do not prune layers at one sparsity"), held()) > 0.2


def test_sizes() -> None:
    assert value("claim_length", "OWL prunes") == pytest.approx(math.log(3))
    assert value("evidence_length", "OWL", "OWL prunes.") == pytest.approx(math.log(3))
    assert value("overlength", "OWL") == 0
    assert value("overlength", "OWL", "OWL prunes. " * 700) == pytest.approx(math.log(1401 / 350))


@given(st.text(max_size=120), st.text(max_size=300))
@settings(deadline=None)
def test_every_feature_of_any_texts_is_a_finite_number(claim: str, text: str) -> None:
    assert all(math.isfinite(feature(statement(claim), held(text))) for feature in FEATURES.values())
