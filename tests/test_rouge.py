"""ROUGE: examples worked by hand, its bounds, and Google's rouge_score beside."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evals.rouge import Rouge, longest_common, longest_f1, ngram_f1, rouge, tokens

PIECES = [
    "",
    " ",
    "\n",
    ".",
    "-",
    "'",
    "é",
    "İ",
    "The",
    "CAT",
    "cats",
    "used",
    "use",
    "they",
    "61",
    "22",
    "GANs",
]
texts = st.lists(st.sampled_from(PIECES)).map("".join) | st.text(max_size=30)
letters = st.lists(st.sampled_from("abc"), max_size=7)


@pytest.fixture(scope="module")
def reference() -> Any:
    """Google's rouge_score, with which comes NLTK."""
    pytest.importorskip("rouge_score", reason="rouge-score is absent.")
    from rouge_score import rouge_scorer

    return rouge_scorer


class OwnTokens:
    """A tokenizer for rouge_score that gives our words."""

    def tokenize(self, text: str) -> list[str]:
        return list(tokens(text))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("case and marks", "The CAT, (sat).", ["the", "cat", "sat"]),
        (
            "hyphens and apostrophes part",
            "state-of-the-art paper's",
            ["state", "of", "the", "art", "paper", "s"],
        ),
        ("numbers part at their point", "61.22", ["61", "22"]),
        ("other letters part", "naïve", ["na", "ve"]),
        ("other scripts are none", "新しい", []),
        ("three letters are not stemmed", "has gas GANs", ["has", "gas", "gan"]),
        ("stemmed", "networks propose proposed relational", ["network", "propos", "propos", "relat"]),
        ("otherwise in NLTK's Porter", "used they pathology", ["us", "thei", "pathologi"]),
        ("nothing", " \n ", []),
    ],
)
def test_the_words_that_are_compared(name, text, expected):
    assert list(tokens(text)) == expected, name


@pytest.mark.parametrize(
    ("name", "text", "target", "expected"),
    [
        # shared: cat, on, mat and the first the; pairs: "the cat" of 5 and 5; in order: the cat on mat
        ("by hand", "The cat sat on the mat.", "The cat lay on a mat.", Rouge(8 / 12, 2 / 10, 8 / 12)),
        ("the same", "Owls prune well.", "owls PRUNE well", Rouge(1, 1, 1)),
        ("a word counts as often as in the other", "the the the", "the", Rouge(2 / 4, 0, 2 / 4)),
        ("turned round", "b a", "a b", Rouge(1, 0, 2 / 4)),
        # Lin 2004, section 3.1: the order tells the two apart, the pair "the gunman" does not
        ("in order", "police kill the gunman", "police killed the gunman", Rouge(1, 1, 1)),
        ("out of order", "the gunman kill police", "police killed the gunman", Rouge(1, 2 / 6, 4 / 8)),
        ("stems count", "gains 61.22 points", "61.22 points gained", Rouge(1, 4 / 6, 6 / 8)),
        ("nothing shared", "one", "two", Rouge(0, 0, 0)),
        ("no text", "", "a", Rouge(0, 0, 0)),
        ("no reference's words", "a", "...", Rouge(0, 0, 0)),
    ],
)
def test_scores_by_hand(name, text, target, expected):
    found = rouge(text, [target])
    assert (found.rouge_1, found.rouge_2, found.rouge_l) == pytest.approx(
        (expected.rouge_1, expected.rouge_2, expected.rouge_l)
    ), name


def test_the_reference_with_the_most_words_gives_all_three():
    """`a b c x y z` shares more pairs and a longer order, but fewer words."""
    reversed_, begun = "d c b a", "a b c x y z"
    assert rouge("a b c d", [begun]) == Rouge(6 / 10, 4 / 8, 6 / 10)
    for references in ([begun, reversed_], [reversed_, begun], [reversed_]):
        assert rouge("a b c d", references) == Rouge(1, 0, 2 / 8)


def test_of_equal_references_the_first_counts():
    assert rouge("a b", ["a b", "b a"]) == Rouge(1, 1, 1)
    assert rouge("a b", ["b a", "a b"]) == Rouge(1, 0, 1 / 2)


def test_without_a_reference_there_is_no_score():
    with pytest.raises(ValueError, match="empty"):
        rouge("a", [])


@given(texts, st.lists(texts, min_size=1, max_size=3))
def test_scores_are_shares_and_a_text_is_like_itself(text, references):
    found = rouge(text, references)
    assert all(0 <= value <= 1 for value in (found.rouge_1, found.rouge_2, found.rouge_l))
    assert found.rouge_l <= found.rouge_1
    own = rouge(text, [text])
    assert (own.rouge_1, own.rouge_l) == ((1, 1) if tokens(text) else (0, 0))


@given(letters, letters, st.integers(1, 3))
def test_text_and_reference_may_change_places(first, second, size):
    assert ngram_f1(first, second, size) == ngram_f1(second, first, size)
    assert longest_f1(first, second) == longest_f1(second, first)


@given(letters, letters)
def test_the_longest_common_subsequence_is_the_longest(first, second):
    """Against all subsequences of the one that are subsequences of the other."""

    def holds(words: tuple[str, ...]) -> bool:
        rest = iter(second)
        return all(word in rest for word in words)

    sizes = (size for size in range(len(first), -1, -1) if any(map(holds, combinations(first, size))))
    assert longest_common(first, second) == next(sizes)


@given(texts)
def test_google_parts_words_alike(reference, text):
    from rouge_score import tokenize

    class Stemmer:
        def stem(self, word: str) -> str:
            return tokens(word)[0]

    assert list(tokens(text)) == tokenize.tokenize(text, Stemmer())


@given(texts, texts)
@example("The cat sat on the mat.", "The cat lay on a mat.")
@example("the gunman kill police", "police killed the gunman")
def test_google_scores_the_same_words_alike(reference, text, target):
    scorer = reference.RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=OwnTokens())
    theirs = scorer.score(target, text)
    ours = rouge(text, [target])
    assert ours.rouge_1 == pytest.approx(theirs["rouge1"].fmeasure)
    assert ours.rouge_2 == pytest.approx(theirs["rouge2"].fmeasure)
    assert ours.rouge_l == pytest.approx(theirs["rougeL"].fmeasure)


ENDINGS = (
    "s es ed ing ly y ies ation ational ize ization ness ful fulness ous ive iveness al ally er able ogy li"
)


@given(
    st.sampled_from("relat gener pathol us pl agre hop hopp fall motor conflat troubl activ formal".split()),
    st.sampled_from(["", *ENDINGS.split()]),
)
def test_the_stemmer_is_porters_first(reference, word, ending):
    from nltk.stem.porter import PorterStemmer

    whole = word + ending
    original = PorterStemmer(mode=PorterStemmer.ORIGINAL_ALGORITHM)
    assert tokens(whole) == ((original.stem(whole) if len(whole) > 3 else whole),)
