"""The measures of one answer, each by an example worked by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import metrics


def answer(text: str = "", titles: tuple[str, ...] = (), nearest: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parts of a `vouch ask --json` object that a measure looks at, but for the status."""
    citations = [{"number": number, "title": title} for number, title in enumerate(titles, start=1)]
    return {"text": text, "citations": citations, "nearest": list(nearest)}


# Texts


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        pytest.param("1,730 of 12,000,000", "1730 of 12000000", id="thousands commas"),
        pytest.param("7, 12, and 1,2", "7, 12, and 1,2", id="commas of lists stay"),
        pytest.param("Low–Rank — 12--23", "low-rank - 12-23", id="dashes"),
        pytest.param("“it’s” ``so''", '"it\'s" "so"', id="quotes"),
        pytest.param(r"10.7\% and 11$\times$", "10.7% and 11x", id="LaTeX percent and times"),
        pytest.param(r"$D^2$-\textbf{MoE}", "d^2-moe", id="LaTeX braces and dollars"),
        pytest.param(r"$α/\sqrt{r}$", "α/√r", id="LaTeX root"),
        pytest.param(r"40$\sim$60%", "40~60%", id="LaTeX about"),
        pytest.param("**24** bits[1], [2, 3]\nand", "24 bits , and", id="marks, Markdown, line ends"),
        pytest.param("", "", id="empty"),
    ],
)
def test_normalise(written: str, normal: str) -> None:
    assert metrics.normalise(written) == normal


@given(st.text())
def test_a_normal_text_has_single_blanks_and_no_markup(text: str) -> None:
    normal = metrics.normalise(text)
    assert normal == " ".join(normal.split())
    assert not set(normal) & set("$\\{}*`")


FACTS = [["low[- ]rank", "svd"], [r"24(\.0+)? ?%"]]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Low-rank weights save 24% of memory.", 1.0),
        ("The SVD saves **24.0 %** [1].", 1.0),
        ("It is low rank.", 0.5),
        ("It saves 24 bytes.", 0.0),
        ("", 0.0),
    ],
)
def test_facts_held_is_the_share_of_facts_with_an_alternative_in_the_text(text: str, share: float) -> None:
    assert metrics.facts_held(text, FACTS) == share


def test_a_citation_mark_is_no_number_of_the_answer() -> None:
    assert metrics.facts_held("It needs some steps [5].", [[r"\b5\b"]]) == 0


def test_patterns_found_are_those_that_the_normalised_text_holds() -> None:
    found = metrics.patterns_found(
        "It **trains** 1,730 steps [9].", [r"\b1730\b", "train", r"\b9\b", "prune"]
    )
    assert found == [r"\b1730\b", "train"]


# Titles and marks


def test_title_precision_and_recall_by_hand() -> None:
    """Two of four cited are right; two of three wanted are cited, one in other quotes and case."""
    record = answer(titles=("Other", "OWL: A “Sauce”", "WANDA", "More"))
    wanted = ['OWL: A "Sauce"', "Wanda", "Absent"]
    assert metrics.title_precision(record, wanted) == 2 / 4
    assert metrics.title_recall(record, wanted) == 2 / 3
    assert metrics.title_recall(record, ["OWL"]) == metrics.title_precision(record, ["OWL"]) == 0


def test_nothing_cited_has_no_precision_and_recalls_nothing() -> None:
    assert metrics.title_precision(answer(), ["Wanted"]) is None
    assert metrics.title_recall(answer(), ["Wanted"]) == 0


def test_a_title_cited_twice_counts_once() -> None:
    assert metrics.title_precision(answer(titles=("Right", "Right", "Wrong")), ["Right"]) == 1 / 2


@pytest.mark.parametrize(
    ("record", "invented"),
    [
        pytest.param(answer("So [1].", ("Known",)), [], id="nothing"),
        pytest.param(answer("So [1][2].", ("Known", "Made up")), ["Made up"], id="a cited title"),
        pytest.param(answer("", (), ("Dreamt", "Known")), ["Dreamt"], id="a title named as nearest"),
        pytest.param(answer("So [1]. And [7, 1, 7].", ("Known",)), ["[7]"], id="a mark without a citation"),
        pytest.param(answer("So [0], [2].", ("KNOWN",)), ["[0]", "[2]"], id="marks out of range"),
        pytest.param(answer("Values in [a, b] and x[i].", ()), [], id="brackets that are no marks"),
    ],
)
def test_invented_citations(record: dict[str, Any], invented: list[str]) -> None:
    assert metrics.invented_citations(record, ["Known"]) == invented


def test_a_record_without_nearest_titles_is_measured() -> None:
    assert metrics.invented_citations({"text": "So [2].", "citations": []}, ["Known"]) == ["[2]"]


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        pytest.param("Owls hunt [1].", [("Owls hunt.", (1,))], id="before the stop"),
        pytest.param(
            "Owls hunt. [1] Larks sing. [2]", [("Owls hunt.", (1,)), ("Larks sing.", (2,))], id="behind"
        ),
        pytest.param(
            "Owls hunt.[1]\n\nLarks sing.[2]", [("Owls hunt.", (1,)), ("Larks sing.", (2,))], id="glued"
        ),
        pytest.param("Owls hunt [1][2], [2, 3].", [("Owls hunt,.", (1, 2, 3))], id="several marks"),
        pytest.param("Owls hunt. Larks sing [2].", [("Larks sing.", (2,))], id="a sentence without a mark"),
        pytest.param("Owls hunt mice. Larks sing.", [], id="no mark"),
        pytest.param("", [], id="no text"),
        pytest.param("[1]", [], id="a mark alone"),
        pytest.param("Owls hunt mice.\n[1]", [("Owls hunt mice.", (1,))], id="on the next line"),
        pytest.param("As [1] shows, owls hunt.", [("As shows, owls hunt.", (1,))], id="in mid-sentence"),
        pytest.param(
            "Owls hunt mice at night [1] and larks sing at dawn [2] over fields.",
            [("Owls hunt mice at night", (1,)), ("and larks sing at dawn over fields.", (2,))],
            id="a clause each",
        ),
        pytest.param(
            "Owls [1] and larks [2] are birds that fly.",
            [("Owls and larks are birds that fly.", (1, 2))],
            id="words too few for a clause",
        ),
        pytest.param(
            "Birds:\n- Owls hunt [1]\n* Larks sing [2]\n",
            [("Owls hunt", (1,)), ("Larks sing", (2,))],
            id="a list",
        ),
        pytest.param(
            'It says:\n\n> "Owls hunt at night." [1]\n', [('"Owls hunt at night."', (1,))], id="a quotation"
        ),
        pytest.param(
            "Smith et al. [3] show gains of 4.5 points.",
            [("Smith et al. show gains of 4.5 points.", (3,))],
            id="behind an abbreviation",
        ),
        pytest.param("It is 4.5 in x[i] and [a].", [], id="brackets that are no marks"),
    ],
)
def test_cited_sentences(text: str, claims: list[tuple[str, tuple[int, ...]]]) -> None:
    assert metrics.cited_sentences(text) == claims


@given(st.text(alphabet='a B.!?[]12, \n>-*"', max_size=60))
def test_cited_sentences_say_something_cite_something_and_hold_no_marks(text: str) -> None:
    for said, numbers in metrics.cited_sentences(text):
        assert said
        assert numbers
        assert set(numbers) <= {int(mark) for mark in metrics._NUMBER.findall(text)}


# Refusals


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        ("answered", "I cannot answer.", False),
        ("not_found", "Seven.", True),
        ("partly", "The abstract does not give the licence. [1] It says: “OWL prunes.” [1]", True),
        ("partly", "I am not sure that a paper answers this. The nearest one says: “OWL prunes.” [1]", False),
    ],
)
def test_a_status_says_whether_it_is_a_refusal(status: str, text: str, expected: bool) -> None:
    """An answer in part is one where it says, as a peer's would, that what is asked for is not there."""
    assert metrics.refused(answer(text) | {"status": status}) is expected


@pytest.mark.parametrize(
    "text",
    [
        "I cannot answer.",
        "I cannot answer this question based on the provided context.",
        "I'm sorry, but I am unable to find the learning rate in the given abstracts.",
        "I don’t know the answer to that.",
        "The provided context does not mention the batch size [1].",
        "The abstracts you provided do not specify how many GPUs were used [1][2].",
        "Based on the given abstracts, it is not possible to determine the number of authors.",
        "There is no information about bread in the sources.",
        "The batch size is not specified in the provided text [2].",
        "None of the abstracts mention a chess engine.",
        "Empty Response",
        "The question cannot be answered from these abstracts [1].",
        "The exact number cannot be determined from the given information.",
        "Insufficient information to answer.",
        "The learning rate is not stated [1].",
        "No paper here discusses baking.",
        "Unable to answer.",
        "The paper [1] does not provide details on the optimiser.",
        "The context contains no mention of quantum computing.",
        " \n",
    ],
)
def test_a_text_that_declines_is_a_refusal(text: str) -> None:
    assert metrics.refused(answer(text))


@pytest.mark.parametrize(
    "text",
    [
        "The method does not need training [1].",
        "The text encoder does not include a decoder [1].",
        "It needs no text labels [1].",
        "Existing detectors cannot identify unseen objects; OWL can [1].",
        "The optimum cannot be determined in closed form, so it is searched [2].",
        "The model is not given the document; it reads a summary [1].",
        "There is no evidence that pruning hurts accuracy below 50% [1].",
        "It reaches 61.22 points with no information loss [1].",
        "OWL sets a sparsity for each layer and does not give every layer the same [1].",
        "Such models cannot answer questions about time without retrieval [1].",
        "Tokens that are not found in the vocabulary are split [1].",
        "Language models fail when context windows are short [1].",
        "The attacker cannot find the key, as the text tokens are hashed [1].",
        "The abstract syntax tree does not contain comments [1].",
        "It is 24 % faster, though not available for GPUs [1].",
        "The source model does not provide gradients, so the attack is black-box [1].",
    ],
)
def test_a_text_that_denies_something_is_no_refusal(text: str) -> None:
    assert not metrics.refused(answer(text))


def test_what_an_answer_adds_after_its_opening_is_no_refusal() -> None:
    added = " The paper does not mention the cost."
    assert metrics.refused(answer("OWL sets ratios." + added))
    assert not metrics.refused(answer("OWL sets ratios. " * 20 + added))


# Figures


@pytest.mark.parametrize(
    ("precision", "recall", "mean"),
    [(1.0, 0.5, 2 / 3), (0.25, 0.75, 0.375), (0.0, 0.0, 0.0), (None, 1.0, None), (1.0, None, None)],
)
def test_f1(precision: float | None, recall: float | None, mean: float | None) -> None:
    assert metrics.f1(precision, recall) == (None if mean is None else pytest.approx(mean))


def test_bootstrap_interval_of_equal_values_is_that_value() -> None:
    assert metrics.bootstrap_interval([1.0, 1.0, 1.0], 7) == (1.0, 1.0)


def test_bootstrap_interval_agrees_with_the_normal_one_on_many_values() -> None:
    # Standard error of a share of 0.5 over 400: 0.025; 1.96 of them to each side.
    low, high = metrics.bootstrap_interval([0.0, 1.0] * 200, 7)
    assert low == pytest.approx(0.451, abs=0.01)
    assert high == pytest.approx(0.549, abs=0.01)
    assert (low, high) == metrics.bootstrap_interval([0.0, 1.0] * 200, 7)


def test_brier_score_by_hand() -> None:
    """0.1² of what came true, 0.4² of what did not."""
    assert metrics.brier_score([(0.9, True), (0.4, False)]) == pytest.approx((0.01 + 0.16) / 2)
    assert metrics.brier_score([(1.0, True), (0.0, False)]) == 0
    assert metrics.brier_score([(0.0, True)]) == 1


FORECASTS = [(0.9, True), (0.2, False), (0.8, True), (0.3, True), (0.7, False), (0.1, False)]


def test_calibration_bins_by_hand() -> None:
    """Of six forecasts in three bins: 0.1 and 0.2, none true; 0.3 and 0.7, one; 0.8 and 0.9, both."""
    bins = metrics.calibration_bins(FORECASTS, 3)
    assert [(each.forecasts, each.observed) for each in bins] == [(2, 0), (2, 0.5), (2, 1)]
    assert [each.estimated for each in bins] == pytest.approx([0.15, 0.5, 0.85])
    assert [each.interval for each in bins] == [metrics.share_interval(hits, 2) for hits in range(3)]


def test_calibration_error_by_hand() -> None:
    bins = metrics.calibration_bins(FORECASTS, 3)
    assert metrics.calibration_error(bins) == pytest.approx((0.15 + 0 + 0.15) / 3)


def test_a_larger_bin_weighs_more_in_the_calibration_error() -> None:
    """Three are 0.5 off, one is right to the point."""
    bins = metrics.calibration_bins([*[(0.5, True)] * 3, (1.0, True)], 2)
    assert [each.forecasts for each in bins] == [3, 1]
    assert metrics.calibration_error(bins) == pytest.approx(3 / 4 * 0.5)


def test_equal_probabilities_share_a_bin_in_whatever_order_they_come() -> None:
    tied = [(0.5, True), (0.5, False), (0.5, True), (0.5, False), (0.9, True)]
    bins = metrics.calibration_bins(tied, 5)
    assert [(each.forecasts, each.observed) for each in bins] == [(4, 0.5), (1, 1.0)]
    assert metrics.calibration_bins(tied[::-1], 5) == bins


def test_no_forecasts_have_no_bins() -> None:
    assert metrics.calibration_bins([]) == ()


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_bins_hold_every_forecast_and_are_as_equal_as_can_be(forecasts: list[tuple[float, bool]]) -> None:
    bins = metrics.calibration_bins(forecasts)
    assert sum(each.forecasts for each in bins) == len(forecasts)
    assert sum(each.forecasts * each.observed for each in bins) == pytest.approx(
        sum(came for _, came in forecasts)
    )
    for each in bins:
        low, high = each.interval
        assert low <= each.observed + 1e-9
        assert high >= each.observed - 1e-9
    if len({estimate for estimate, _ in forecasts}) == len(forecasts):
        counts = {each.forecasts for each in bins}
        assert max(counts) - min(counts) <= 1
        assert len(bins) == min(len(forecasts), metrics.CALIBRATION_BINS)


@pytest.mark.parametrize(
    ("hits", "count", "interval"),
    [
        # The bounds solve (p - share)² = z² p (1 - p) / count; of none of 10: 0 and z² / (10 + z²).
        (8, 10, (0.4902, 0.9433)),
        (0, 10, (0.0, 0.2775)),
        (10, 10, (0.7225, 1.0)),
        (1, 2, (0.0945, 0.9055)),
    ],
)
def test_share_interval_by_hand(hits: int, count: int, interval: tuple[float, float]) -> None:
    assert metrics.share_interval(hits, count) == pytest.approx(interval, abs=1e-4)


def test_percentile_is_linear_between_neighbours() -> None:
    assert metrics.percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.5
    assert metrics.percentile([0.0, 10.0], 95) == pytest.approx(9.5)
    assert metrics.percentile([3.0], 95) == 3.0
