"""support_model: a probability, higher for what stands there."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.features import FEATURES, evidence
from rag.statement import statement
from rag.support_model import WEIGHTS, probability

TEXT = "OWL sets a sparsity ratio for each layer."


def test_there_is_a_weight_for_each_feature() -> None:
    assert WEIGHTS.keys() == FEATURES.keys()


def test_what_stands_there_is_more_probable() -> None:
    held = evidence(TEXT, (TEXT,))
    said, half, nothing = (
        probability(statement(claim), held)
        for claim in (TEXT, "OWL sets the ratio that zebras like", "Zebras graze in the afternoon")
    )
    assert said > half > nothing


@given(st.text(max_size=200), st.text(max_size=200))
@settings(deadline=None)
def test_it_is_a_probability(claim: str, text: str) -> None:
    assert 0 < probability(statement(claim), evidence(text, (text,))) < 1
