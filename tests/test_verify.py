"""verify: which sentences a paper's words support, told by tables of worked examples."""

from __future__ import annotations

import pytest
from fakes import make_paper
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.sentences import sentences
from rag.types import Paper, Quote, Verdict
from rag.verify import verify

OWL = make_paper(
    "OWL: A Missing Secret Sauce for Pruning LLMs to High Sparsity",
    "Large language models are costly to deploy. Prior pruning methods prune all layers at one uniform "
    "sparsity. We propose OWL, which sets a sparsity for each layer by its ratio of outliers. At 70% "
    "sparsity, OWL beats Wanda by 61.22 and SparseGPT by 6.80 perplexity, while it is 2.6$\\times$ faster "
    "end to end on the DeepSparse engine. OWL needs no retraining. It was tested with 1,069 prompts and "
    "transfers knowledge about activations.",
)


def spans(paper: Paper) -> list[Quote]:
    return [Quote(paper.abstract[start:end], start, end, 0.5) for start, end in sentences(paper.abstract)]


def judged(sentence: str, paper: Paper = OWL) -> Verdict:
    return verify(sentence, paper, spans(paper))


@pytest.mark.parametrize(
    "sentence",
    [
        "OWL sets a sparsity for each layer by its ratio of outliers.",
        "OWL assigns layers their sparsity by the ratio of outliers.",
        "At 70% sparsity OWL beats Wanda by 61.22 perplexity.",
        "OWL beats SparseGPT by 6.8 perplexity at 70% sparsity.",
        "OWL is 2.6x faster end to end on the DeepSparse engine.",
        "It was tested with 1069 prompts.",
        "OWL needs no retraining.",
        "OWL does not need retraining.",
        "The authors propose OWL, which sets a sparsity for each layer by its ratio of outliers.",
        "OWL outperforms SparseGPT by 6.8 perplexity at 70 percent sparsity.",
        "Wanda is exceeded by OWL at 70% sparsity.",
        "OWLs set a sparsity for each layer.",
        "Prior methods prune all layers uniformly at one sparsity.",
        "OWL finds the ratio of outliers in Large Language Models.",
        "Pruning Large Language Models with OWL sets a sparsity for each layer.",
    ],
)
def test_what_the_paper_says_is_supported(sentence: str) -> None:
    verdict = judged(sentence)
    assert verdict.supported, verdict.reason
    assert verdict.reason == ""


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("changed number", "At 70% sparsity OWL beats Wanda by 62.22 perplexity."),
        ("changed share", "At 80% sparsity OWL beats Wanda by 61.22 perplexity."),
        ("number where there is none", "OWL sets a sparsity for each of the 32 layers."),
        ("shifted decimal point", "OWL is 26x faster end to end on the DeepSparse engine."),
        (
            "another's first author",
            "The first author of OWL, which sets a sparsity for each layer, is Yuxin Wang.",
        ),
        (
            "a person who is not there, first",
            "Geoffrey Hinton sets a sparsity for each layer by its outliers.",
        ),
        ("a dataset that is not there", "OWL beats SparseGPT by 6.8 perplexity on the Penn Treebank."),
        ("invented name", "OWL beats MagPrune by 61.22 perplexity at 70% sparsity."),
        ("a short name that is a word in the paper", "PaST sets a sparsity for each layer as BiT does."),
        ("invented model", "OWL sets a sparsity for each layer of GPT-4."),
        ("a name inside another word", "VaTi sets a sparsity for each layer by its ratio of outliers."),
        ("says no where the paper does not", "OWL does not set a sparsity for each layer."),
        ("says never where the paper does not", "OWL never beats Wanda at 70% sparsity."),
        ("leaves out the paper's no", "OWL needs retraining."),
        ("numbers in each other's place", "OWL beats Wanda by 6.80 and SparseGPT by 61.22 perplexity."),
        ("a true number of a wrong thing", "The barn owl hunts with 61.22 perplexity at night."),
        ("a true number with a wrong unit", "OWL is 2.6% faster end to end on the DeepSparse engine."),
        ("sides swapped", "At 70% sparsity, Wanda beats OWL by 61.22 perplexity."),
        ("direction turned", "OWL is 2.6x slower end to end on the DeepSparse engine."),
        ("another name of the paper", "SparseGPT sets a sparsity for each layer by its ratio of outliers."),
        ("leaves out the no in other words", "Our OWL requires retraining."),
        ("other words", "The weather in Paris was pleasant throughout the whole summer."),
        ("half other words", "OWL sets a sparsity that farmers in Norway admire greatly."),
        ("words from everywhere, said nowhere", "Deploy outliers uniform prompts engine knowledge prior."),
        ("only words of asking", "This is what it is."),
        ("no words", "..."),
        ("empty", ""),
    ],
)
def test_what_the_paper_does_not_say_is_not_supported(fault: str, sentence: str) -> None:
    verdict = judged(sentence)
    assert not verdict.supported, fault
    assert verdict.reason


@pytest.mark.parametrize(
    "sentence",
    [
        "The paper does not mention the sparsity of OWL.",
        "The paper doesn't specify the sparsity of each layer.",
        "There is no information about the retraining of OWL.",
        "The ratio of outliers is not given in the paper.",
        "It is not explicitly stated how OWL sets the sparsity.",
        "No sparsity of OWL is provided.",
        "The paper does not say whether OWL needs retraining.",
        "The paper does not discuss retraining OWL.",
        "Sorry, OWL needs no retraining.",
        "I'm sorry, but the paper on OWL pruning layers at high sparsity needs no retraining.",
        "As an AI I needs no retraining of OWL.",
    ],
)
def test_an_evasion_is_not_supported(sentence: str) -> None:
    assert not judged(sentence).supported


@pytest.mark.parametrize("sentence", ["OWL sets a sparsity for each layer.", "OWL needs no retraining."])
def test_the_quote_is_the_sentence_that_says_it(sentence: str) -> None:
    quote = judged(sentence).quote
    assert quote is not None
    assert quote.text == OWL.abstract[quote.start : quote.end]
    assert sentence.removesuffix(".").split()[-1] in quote.text


def test_names_are_compared_without_markup_and_hyphens() -> None:
    paper = make_paper("Delta Decompression", "We present $D^2$-MoE, which decomposes experts into deltas.")
    assert judged("D2-MoE decomposes experts into deltas.", paper).supported
    assert judged("D^2-MoE decomposes experts into deltas.", paper).supported
    assert not judged("D3-MoE decomposes experts into deltas.", paper).supported


def test_short_name_is_not_found_inside_a_longer_word() -> None:
    paper = make_paper("Distilling knowledge", "We transfer knowledge between layers of activations.")
    assert not judged("OWL transfers knowledge between layers.", paper).supported


def test_a_paper_without_abstract_supports_nothing() -> None:
    verdict = judged("OWL sets a sparsity.", make_paper("OWL sets a sparsity", ""))
    assert not verdict.supported
    assert verdict.quote is None


def test_each_sentence_of_an_abstract_is_supported_by_itself() -> None:
    for quote in spans(OWL):
        verdict = judged(quote.text)
        assert verdict.supported, (quote.text, verdict.reason)
        assert verdict.score == 1.0
        assert verdict.quote is not None
        assert (verdict.quote.start, verdict.quote.end) == (quote.start, quote.end)


@given(sentence=st.text(max_size=300), title=st.text(max_size=60), abstract=st.text(max_size=600))
@settings(deadline=None)
def test_no_text_breaks_it(sentence: str, title: str, abstract: str) -> None:
    paper = make_paper(title, abstract)
    verdict = judged(sentence, paper)
    assert 0.0 <= verdict.score <= 1.0
    assert verdict.supported == (verdict.reason == "")
    if verdict.supported:
        assert verdict.quote is not None
    if verdict.quote is not None:
        assert verdict.quote.text == abstract[verdict.quote.start : verdict.quote.end]
        assert 0.0 <= verdict.quote.score <= 1.0


@given(st.integers(0, 10**6), st.integers(0, 99))
@settings(deadline=None)
def test_only_the_numbers_of_the_paper_pass(whole: int, hundredths: int) -> None:
    number = f"{whole:,}.{hundredths:02}"
    said = float(f"{whole}.{hundredths:02}")
    assert judged(f"OWL beats Wanda by {number} perplexity at 70% sparsity.").supported == (
        said in (61.22, 6.8, 70, 2.6, 1069)
    )


def test_a_short_name_is_no_everyday_word() -> None:
    paper = make_paper(
        "Binary networks", "Each weight takes a bit. The binary network keeps each weight in one bit."
    )
    assert judged("The binary network keeps each weight in one bit.", paper).supported
    assert not judged("The binary network BiT keeps each weight in one bit.", paper).supported


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        ("Bread rises with yeast.", True),
        ("Bread rises with sand.", False),
        ("Bread rises slowly with yeast in a warm kitchen overnight.", True),
    ],
)
def test_one_other_word_makes_a_short_sentence_another_statement(sentence: str, supported: bool) -> None:
    abstract = "Bread rises with yeast. In a warm kitchen it takes a night."
    paper = make_paper("Of bread", abstract)
    spans = [Quote(abstract[start:end], start, end, 0.0) for start, end in sentences(abstract)]
    assert verify(sentence, paper, spans).supported == supported


def test_a_question_is_no_statement() -> None:
    assert not judged("OWL sets a sparsity for each layer, and by what ratio of outliers?").supported


def test_a_sentence_is_verbatim_also_without_its_latex() -> None:
    assert judged("OWL needs no retraining.").score == 1.0
    shown = "At 70% sparsity, OWL beats Wanda by 61.22 and SparseGPT by 6.80 perplexity, while it is "
    assert judged(f"{shown}2.6x faster end to end on the DeepSparse engine.").score == 1.0


def test_a_number_of_the_paper_told_of_something_else_is_not_supported() -> None:
    verdict = judged("A barn owl turns its head by 61.22 and 6.80 perplexity at 70% sparsity.")
    assert not verdict.supported


def test_who_reports_it_does_not_count() -> None:
    assert judged("The paper states that OWL needs no retraining.").supported
    assert judged("According to the authors, OWL needs no retraining.").supported
    assert not judged("The paper states that OWL needs retraining.").supported
    told = "The study shows that owls are not specific about what they say."
    assert judged(told, make_paper("Owls", f"{told} They hunt at night.")).score == 1.0


def test_what_computers_do_is_not_told_of_those_unlike_them() -> None:
    paper = make_paper(
        "Neural Computers",
        "Unlike conventional computers, which execute explicit programs, agents, which act over external "
        "execution environments, and world models, which learn environment dynamics, NCs aim to make the "
        "model itself the running computer.",
    )
    moved = "Unlike conventional computers, NCs execute explicit programs, agents act over external "
    assert not judged(
        f"{moved}execution environments, and world models learn environment dynamics.", paper
    ).supported
