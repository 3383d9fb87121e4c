"""The support suite: how it ranks, what it reports, on pairs that fit on a page."""

from __future__ import annotations

import json

import pytest
from fakes import WordEmbedder

from evals.classification import Confusion
from evals.pairs import Pair
from evals.support import best_verdict, run_support, verdict_score, word_overlap
from rag.errors import UsageError
from rag.verify import THRESHOLD

OWL = "OWL sets a sparsity ratio for each layer. It gains 61.22 points on LLaMA."
CATS = "Cats sleep through most of the afternoon."


def pair(claim: str, label: str, *references: str) -> Pair:
    return Pair("1", claim, references or (OWL,), label)


# Supported and so labelled; the wrong number; the words of another text; contradicted in the paper's words.
RIGHT = pair("OWL sets a sparsity ratio for each layer.", "SUPPORT")
WRONG_NUMBER = pair("OWL gains 75 points on LLaMA.", "CONTRADICT")
ELSEWHERE = pair("Cats sleep through the afternoon.", "NOINFO")
MISSED = pair("Sparsity differs between modules.", "SUPPORT")
DENIED = pair("OWL sets no sparsity ratio for each layer.", "CONTRADICT")
PAIRS = (RIGHT, WRONG_NUMBER, ELSEWHERE, MISSED, DENIED)


# Judging


def test_the_score_ranks_what_is_not_supported_below_what_is():
    right, *others = [verdict_score(best_verdict(pair)) for pair in PAIRS]
    assert right == 1
    assert max(others) < THRESHOLD
    # the abstract's own words but for a no rank above another number, that above another subject
    number, elsewhere, missed, denied = others
    assert denied > missed > elsewhere
    assert denied > number > elsewhere


def test_the_best_reference_counts_wherever_it_stands():
    for references in ((CATS, OWL), (OWL, CATS)):
        verdict = best_verdict(pair(RIGHT.claim, "SUPPORT", *references))
        assert verdict.supported
        assert verdict.quote.text == "OWL sets a sparsity ratio for each layer."
        assert word_overlap(RIGHT.claim, references) == 1


def test_a_supported_reference_beats_one_with_more_words_in_common():
    denied = "OWL never sets a sparsity ratio for each layer."
    nearly = "OWL sets a sparsity ratio for all."
    verdict = best_verdict(pair(RIGHT.claim, "SUPPORT", denied, nearly))
    assert verdict.supported
    assert verdict.quote.text == nearly


def test_references_are_not_read_as_one_text():
    halves = pair("OWL sets ratios; cats sleep all afternoon.", "SUPPORT", OWL, CATS)
    assert not best_verdict(halves).supported
    assert best_verdict(pair(halves.claim, "SUPPORT", f"{OWL} {CATS}")).supported


def test_a_claim_without_content_words_is_covered_by_nothing():
    assert word_overlap("It is so.", (OWL,)) == 0
    assert not run_support([pair("It is so.", "NOINFO")]).judgements[0].supported


# The report


def test_the_report_worked_by_hand():
    report = run_support(PAIRS)
    supported, evidence = report.views
    assert (supported.name, supported.positives, supported.negatives) == ("supported against the rest", 2, 3)
    verifier, overlap = supported.measures
    # RIGHT beats all three; MISSED beats WRONG_NUMBER and ELSEWHERE, not DENIED: 5 of 6
    assert verifier.auroc == pytest.approx(5 / 6)
    assert verifier.confusion == Confusion(1, 0, 1, 3)
    assert verifier.balanced_accuracy == (1 / 2 + 1) / 2
    assert verifier.macro_f1 == pytest.approx((2 / 3 + 6 / 7) / 2)
    # RIGHT 1 beats 4/5 and 0 and ties with DENIED 1; MISSED 1/3 beats 0: 3.5 of 6
    assert overlap.auroc == pytest.approx(3.5 / 6)
    assert overlap.confusion == Confusion(1, 2, 1, 1)
    assert overlap.macro_f1 == pytest.approx((2 / 5 + 2 / 5) / 2)
    # as from 0.5 on it says "supported": 1 of 2, and 1 of 3
    assert overlap.balanced_accuracy == pytest.approx((1 / 2 + 1 / 3) / 2)

    assert (evidence.name, evidence.positives, evidence.negatives) == ("evidence against none", 4, 1)
    assert [measures.auroc for measures in evidence.measures] == [1, 1]
    assert evidence.measures[0].confusion == Confusion(1, 0, 3, 1)


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(("SUPPORT", "UNSUPPORTED"), id="1 and 0"),
        pytest.param(("SUPPORT", "NOINFO"), id="no contradictions"),
        pytest.param(("SUPPORT", "CONTRADICT", "NOINFO", "UNSUPPORTED"), id="some say only 0"),
    ],
)
def test_evidence_against_none_needs_all_three_labels(labels):
    report = run_support([pair(RIGHT.claim, label) for label in labels])
    assert [view.name for view in report.views] == ["supported against the rest"]


def test_embedding_similarity_is_reported_with_an_embedder_alone():
    report = run_support(PAIRS, embedder=WordEmbedder())
    methods = [[measures.method for measures in view.measures] for view in report.views]
    assert methods == [["verifier", "word overlap", "embedding similarity"]] * 2
    # the claim is a sentence of the evidence; the cats share "the" and the full stop with none
    assert report.judgements[0].similarity == pytest.approx(1)
    assert all(-1 <= judgement.similarity < 0.99 for judgement in report.judgements[1:])
    assert report.judgements[0].similarity > report.judgements[2].similarity
    assert {judgement.similarity for judgement in run_support(PAIRS).judgements} == {None}


def test_the_best_sentence_of_any_reference_gives_the_similarity():
    alone = run_support([pair(RIGHT.claim, "SUPPORT", CATS)], embedder=WordEmbedder())
    both = run_support([pair(RIGHT.claim, "SUPPORT", CATS, OWL)], embedder=WordEmbedder())
    assert alone.judgements[0].similarity < both.judgements[0].similarity == pytest.approx(1)


def test_one_class_alone_has_no_measures_but_its_verdicts():
    report = run_support([RIGHT, MISSED])
    (view,) = report.views
    assert [(each.auroc, each.interval, each.macro_f1) for each in view.measures] == [(None, None, None)] * 2
    assert view.measures[0].confusion == Confusion(1, 0, 1, 0)
    assert "2 against 0 pairs" in report.table()


def test_the_record_is_json_and_the_same_each_time():
    first, second = (json.loads(json.dumps(run_support(PAIRS).record())) for _ in range(2))
    assert first.pop("verify_s") > 0
    assert second.pop("verify_s") > 0
    assert first == second
    assert first["suite"] == "support"
    assert [view["name"] for view in first["views"]] == [
        "supported against the rest",
        "evidence against none",
    ]
    row = first["rows"][1]
    assert 0 < row.pop("score") < THRESHOLD
    assert row == {
        "id": "1",
        "claim": "OWL gains 75 points on LLaMA.",
        "label": "CONTRADICT",
        "supported": False,
        "reason": "numbers not in the paper: 75",
        "quote": "It gains 61.22 points on LLaMA.",
        "overlap": 0.8,
        "similarity": None,
    }


def test_the_table_has_a_line_for_each_method():
    lines = run_support(PAIRS, embedder=WordEmbedder()).table().splitlines()
    assert lines[0].startswith("supported against the rest: 2 against 3 pairs  AUROC")
    assert lines[0].endswith("macro-F1")
    assert lines[1].split()[:2] == ["verifier", "0.833"]
    assert [line[:20].strip() for line in lines[1:4]] == ["verifier", "word overlap", "embedding similarity"]
    assert len({len(line) for line in lines[:4]}) == 1
    assert lines[5].startswith("evidence against none: 4 against 1 pairs")
    assert lines[-1].endswith("ms a pair")


def test_progress_is_told_after_each_pair():
    told = []
    run_support(PAIRS[:3], on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_nothing_to_judge_is_an_error():
    with pytest.raises(UsageError, match="no pairs"):
        run_support([])
