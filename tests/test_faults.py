"""faults: what is wrong with a sentence whose words, numbers and names all stand in the paper."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.faults import fault, gain_as_level
from rag.features import evidence
from rag.sentences import sentences
from rag.statement import statement

COMPUTERS = (
    "Unlike conventional computers, which execute explicit programs, agents, which act over external "
    "environments, and world models, which learn environment dynamics, NCs aim to make the model itself the "
    "running computer."
)
PRUNING = (
    "Existing methods suffer from slow training on large corpora and need manual tuning. "
    "We propose OWL, which sets a sparsity for each layer by its ratio of outliers. "
    "The sampler may reduce the cost of drawing negative examples in many tasks. "
    "OWL reaches up to 2.6x speedup, and over 80% of the latency is spent in attention. "
    "Its accuracy on the downstream benchmarks is 71% with a sub 2-bit code, after 12 hours."
)


def told(sentence: str, text: str = PRUNING) -> str:
    texts = tuple(text[start:end] for start, end in sentences(text))
    return fault(sentence, statement(sentence), evidence(text, texts), texts)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("the paper says it of others", "OWL suffers from slow training on large corpora."),
        ("the paper says it of others", "This approach suffers from slow training on large corpora."),
        ("the paper says it of something else", "OWL may reduce the cost of drawing negative examples."),
        ("claims more than the paper does", "The sampler reduces the cost of examples in all tasks."),
        ("the paper bounds the number in another way", "OWL reaches at least 2.6x speedup."),
        ("the paper bounds the number in another way", "Approximately 80% of the latency is in attention."),
        ("the paper bounds the number in another way", "OWL has an accuracy of 71% with a 2-bit code."),
        ("the paper gives the number in another unit", "Its accuracy is 71% after 12 days."),
        ("the paper gives that number of something else", "The perplexity on the downstream "
         "benchmarks is 71%."),
        ("part of it is nothing that the paper speaks of", "OWL sets a sparsity for each layer by its "
         "ratio of outliers on mobile phones."),
        ("says of a thing what it names it by", "The layer with a ratio of outliers is a ratio of outliers."),
        ("denies what the paper nowhere denies", "OWL sets no sparsity for any layer."),
        ("the paper says the opposite", "Existing methods suffer from fast training on large corpora."),
        ("joins parts of two sentences of the paper", "Existing methods suffer from slow training on large "
         "corpora and need manual tuning, over 80% of the latency is spent in attention."),
    ],
)  # fmt: skip
def test_a_fault_is_told(reason: str, sentence: str) -> None:
    assert told(sentence) == reason


def test_what_is_said_of_others_in_a_contrast_is_no_ones_else() -> None:
    moved = "Unlike conventional computers, NCs execute explicit programs, agents act over environments."
    assert told(moved, COMPUTERS) == "the paper says it of others"
    assert not told(
        "Unlike conventional computers, NCs aim to make the model the running computer.", COMPUTERS
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "Existing methods suffer from slow training on large corpora.",
        "OWL sets a sparsity for each layer by its ratio of outliers.",
        "The method sets a sparsity for each layer by its ratio of outliers.",
        "Additionally, OWL sets a sparsity for each layer.",
        "OWL reaches up to 2.6x speedup.",
        "OWL reaches 2.6x speedup.",
        "Its accuracy is 71% after 12 h.",
        "About 71% is its accuracy on the downstream benchmarks.",
        "More than 80% of the latency is spent in attention.",
        "The sampler may reduce the cost of drawing negative examples.",
        "OWL is an outlier ratio that sets the sparsity.",
    ],
)
def test_what_the_paper_says_has_no_fault(sentence: str) -> None:
    assert told(sentence) == ""


@given(st.text(max_size=200), st.text(max_size=300))
@settings(deadline=None)
def test_no_text_breaks_it(sentence: str, text: str) -> None:
    assert isinstance(told(sentence, text), str)


GAINS = (
    "It achieves 70.5% top-1 accuracy, 1.1% higher accuracy than ReActNet.",
    "Memory falls by up to 20%.",
)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Adam reaches 70.5%, while SGD achieves 1.1%.", True),
        ("The memory is 20%.", True),
        ("It is 1.1% more accurate than ReActNet.", False),
        ("It reaches 70.5%.", False),
        ("It saves up to 20% of memory.", False),
        ("It has 3 stages.", False),
    ],
)
def test_a_gain_is_no_level(sentence: str, expected: bool) -> None:
    assert gain_as_level(sentence, GAINS) is expected
