"""statement: a sentence taken apart, and the company of its tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.statement import Statement, agreement, statement


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.value) for token in statement(text).tokens]


def test_a_sentence_worked_by_hand() -> None:
    assert kinds("OWL never beats SparseGPT by 6.80\\% on the Adam engine.") == [
        ("name", "owl"),
        ("no", "never"),
        ("direction", "beat"),
        ("name", "sparsegpt"),
        ("word", "by"),
        ("number", "34/5%"),
        ("word", "on"),
        ("word", "the"),
        ("name", "adam"),
        ("word", "engin"),
    ]


def test_the_word_that_opens_a_sentence_is_no_name_for_its_capital() -> None:
    assert kinds("Pruning works")[0] == ("word", "prune")


def test_parts_of_a_hyphenated_name_are_joined() -> None:
    assert [token.joined for token in statement("D2-MoE and CIFAR-10").tokens] == [
        False,
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("OWL needs no retraining.", {"retrain"}),
        ("OWL does not set a sparsity.", {"set"}),
        ("We do not propose it.", {"propos"}),
        ("without the extra cost", {"extra"}),
        ("OWL doesn't prune.", {"prune"}),
        ("It is not only fast but small.", set()),
        ("OWL prunes.", set()),
    ],
)
def test_what_a_no_bears_upon(text: str, denied: set[str]) -> None:
    assert {token.value for token in statement(text).tokens if token.denied} == denied


def test_a_passive_verb_is_known_by_its_doer() -> None:
    passive = [token.passive for token in statement("Wanda is exceeded by OWL").tokens]
    assert passive == [False, False, True, False, False]
    assert not any(token.passive for token in statement("OWL exceeds Wanda").tokens)


def test_names_of_one_list() -> None:
    told = statement("We ran OPT, BLOOM and the LLaMA in MMLU.")
    assert told.listed(told.places("name")[0]) == {"bloom", "llama"}


def fit(one: Statement, place: int, other: Statement, at: int) -> float:
    return agreement(one.company[place], other.company[at])


def test_the_same_company_agrees_wholly_and_a_strange_one_not_at_all() -> None:
    told, strange = statement("the method gains 61 points on LLaMA"), statement("cats sleep 5 hours")
    assert fit(told, 3, told, 3) == pytest.approx(1)
    assert fit(told, 3, strange, 2) == 0


def test_the_side_that_company_stands_on_counts() -> None:
    told = statement("OWL beats Wanda")
    assert fit(told, 0, told, 0) > fit(told, 0, told, 2) > 0


@given(st.text(max_size=300))
def test_any_text_can_be_taken_apart(text: str) -> None:
    told = statement(text)
    assert len(told.tokens) == len(told.company)
    assert told.stems == set(told.sequence) <= told.values
    assert all(0 <= agreement(one, other) <= 1 for one in told.company[:9] for other in told.company[:9])
