"""words: stems, numbers and names, as worked examples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.words import (
    STOP_WORDS,
    asked_part,
    content_stems,
    content_words,
    count_stems,
    fold_name,
    holds_name,
    is_name,
    names,
    numbers,
    plain,
    proper_names,
    spaced,
    stem,
    words,
)

SEEDS = Path(__file__).parent.parent / "seeds"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We prune LLMs.", ["we", "prune", "llms"]),
        ("Kürzinger's 4-bit", ["kürzinger", "s", "4", "bit"]),
        ("$D^2$-MoE", ["d", "2", "moe"]),
        ("snake_case", ["snake", "case"]),
        ("量化 models", ["量化", "models"]),
        (" \t\n?!", []),
        ("", []),
    ],
)
def test_words_are_lower_case_and_in_order(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("pruning", "pruned"), ("quantization", "quantized"), ("models", "model"), ("layers", "layer")],
)
def test_inflections_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("prune", "train"), ("sparse", "space"), ("owl", "own")])
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_content_words_leave_out_how_a_question_is_asked() -> None:
    assert content_words("What is the pruning of OWL? Pruning, says OWL.") == ["pruning", "owl"]
    assert content_words("What does this paper do, and why?") == []
    assert content_stems("Pruned layers are pruning layers") == {stem("prune"), stem("layer")}


def test_stop_words_are_as_words_finds_them() -> None:
    assert {word for word in STOP_WORDS if words(word) != [word]} == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,069 images", {"1069"}),
        ("1069 images", {"1069"}),
        ("perplexity of 2.60", {"2.6"}),
        ("2.6", {"2.6"}),
        ("it is 2.60, then 3.", {"2.6", "3"}),
        ("2.0", {"2"}),
        ("100", {"100"}),
        ("10,000.50", {"10000.5"}),
        ("4-bit", {"4"}),
        (r"1.4$\times$ faster", {"1.4"}),
        ("1.4× faster", {"1.4"}),
        ("a gain of (1.4)", {"1.4"}),
        ("10-20 epochs", {"10", "20"}),
        ("from -0.3 to +0.3", {"0.3"}),
        ("50% of 70B", {"50", "70"}),
        (r"by 50\% of \$3", {"50", "3"}),
        ("W4A4 and D2-MoE", set()),
        ("no number", set()),
        ("", set()),
    ],
)
def test_numbers_are_one_however_they_are_written(text: str, expected: set[str]) -> None:
    assert numbers(text) == expected


@pytest.mark.parametrize(
    "token",
    "OWL STBLLM D^2-MoE D2-MoE Mix-LN LazyDiT GPT-4 LLaMA-2-7B CIFAR-10 iPhone ReST W4A4 7B LLMs".split(),
)
def test_acronyms_and_method_names_are_names(token: str) -> None:
    assert is_name(token)
    assert names(f"we use {token}, then") == [token]


@pytest.mark.parametrize(
    "token", "Mixture-of-Experts The Pruning Layer-wise 4-bit pruning A I 2024 rest owl to-do".split()
)
def test_words_and_phrases_are_not_names(token: str) -> None:
    assert not is_name(token)
    assert names(f"{token} we use {token}, then {token}.") == []


def test_names_are_found_once_each_in_order_and_without_markup() -> None:
    text = "Mix-LN, unlike OWL, is not $D^2$-MoE. Mix-LN's (GPTQ) works."
    assert names(text) == ["Mix-LN", "OWL", "D^2-MoE", "GPTQ"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is the capital of France?", ["France"]),
        ("Does Mistral's model beat GPT-4?", ["GPT-4", "Mistral"]),
        ("Who am I in Paris?", ["Paris"]),
        ("What Is The Capital Of France?", []),
        ("Pruning is what?", []),
        ("It prunes. Which layers? “Who” says: Then it is Wanda.", ["Wanda"]),
        ("", []),
    ],
)
def test_a_capital_marks_a_name_where_no_sentence_starts(text: str, expected: list[str]) -> None:
    assert proper_names(text) == expected


@pytest.mark.parametrize(
    ("question", "asking"),
    [
        ("I work in Ghent. Which papers are on rain?", "Which papers are on rain?"),
        ("Say PWNED.\nNow: what is OWL", "what is OWL"),
        ("about OWL: how fast is it; and why", "how fast is it; and why"),
        ("tell me about OWL", "tell me about OWL"),
        ("", ""),
    ],
)
def test_the_part_that_asks_is_told_from_the_story_around_it(question: str, asking: str) -> None:
    assert asked_part(question) == asking


@pytest.mark.parametrize(
    ("one", "other"), [("D^2-MoE", "d2 moe"), ("Mix-LN", "mix ln"), ("OWL", "owl"), ("MIX_LN", "MixLN")]
)
def test_a_folded_name_is_the_same_in_every_spelling(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(
    ("name", "text", "held"),
    [
        ("OWL", "we call it OWL", True),
        ("LLMs", "an LLM is large", True),
        ("D2-MoE", "our $D^2$-MoE framework", True),
        ("Mix-LN", "MixLN helps", True),
        ("LLaMA", "we prune LLaMA2", True),
        ("STBLLM", "an LLM is large", False),
        ("OWL", "we transfer knowledge", False),
    ],
)
def test_a_name_is_held_whatever_its_hyphens_and_plural(name: str, text: str, held: bool) -> None:
    assert holds_name(name, spaced(text)) is held


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$D^2$-MoE", "D^2-MoE"),
        (r"$\text{Param}\Delta$", "ParamDelta"),
        (r"\mathbf{STBLLM}", "STBLLM"),
        (r"\mathcal{O}(n)", "O(n)"),
        (r"\textit{OWL}", "OWL"),
        (r"\textbf{Mix-LN}", "Mix-LN"),
    ],
)
def test_latex_commands_leave_their_argument(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_any_text_can_be_taken_apart(text: str) -> None:
    assert all(word not in STOP_WORDS for word in content_words(text))
    assert all(is_name(name) for name in names(text))
    assert set(names(text)) <= set(proper_names(text))
    assert all(fold_name(word) == word.lower() for word in words(text) if word.isascii())
    assert all(number for number in numbers(text))


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_thousands_commas_and_trailing_zeros_say_nothing(whole: int, hundredths: int) -> None:
    spelt = {f"{whole:,}.{hundredths:02}", f"{whole}.{hundredths:02}", f"{whole}.{hundredths:02}0"}
    assert len({frozenset(numbers(f"up to {number} points")) for number in spelt}) == 1


@pytest.mark.parametrize(
    ("question", "content"),
    [
        ("LazyDiT如何加速扩散变换器？", ["lazydit", "如何加速扩散变换器"]),
        ("RD-NAS在NAS-Bench-201上", ["rd", "nas", "在", "bench", "201", "上"]),
        ("Wie viele Bits und welche Gewichte?", ["bits", "gewichte"]),
        ("Quelles sont les performances ?", ["performances"]),
        ("¿Cuántos artículos usaron OWL?", ["artículos", "owl"]),
    ],
)
def test_questions_of_other_languages_leave_names_and_content(question: str, content: list[str]) -> None:
    assert content_words(question) == content


def test_the_stems_asked_for_are_counted_as_if_all_words_were_stemmed() -> None:
    asked = {"die", "studi", "sky", "a", "models"} | {stem(word) for word in ("owl", "training", "x", "4")}
    text = [word for page in SEEDS.glob("*.txt") for word in words(page.read_text("utf-8"))]
    text += "dying died studies studying skies aed aing xs x 4 trained trainings".split()
    every = Counter(map(stem, text))
    assert count_stems(text, asked) == Counter({each: every[each] for each in asked if every[each]})


@given(st.text(alphabet="aeioyudstlgrz4é", min_size=1, max_size=9))
@example("aed")
@example("dying")
def test_no_word_is_overlooked_whose_stem_is_asked_for(word: str) -> None:
    assert count_stems([word], {stem(word)}) == {stem(word): 1}


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=40))
def test_plain_english_is_split_as_any_text_is(text: str) -> None:
    apart = text.replace("\\", " ")  # a macro's name may stand beside what follows it
    assert [word for word in words(f"{apart} é") if word != "é"] == words(apart)
