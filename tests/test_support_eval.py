"""The support suite: what it reads, how it ranks, what it reports, on pairs that fit on a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fakes import WordEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.classification import Confusion
from evals.support import Pair, best_verdict, read_pairs, run_support, verdict_score, word_overlap
from rag.errors import UsageError

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


def write(path: Path, *lines: Any) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def line(**changes: Any) -> dict[str, Any]:
    return {"claim": "A claim.", "references": ["A text."], "label": 1} | changes


# Reading


def test_both_layouts_are_read(tmp_path):
    path = write(
        tmp_path / "pairs.jsonl",
        {"id": "a", "claim": "One.", "references": ["First.", "Second."], "label": 0, "source": "x"},
        "",
        {"claim": "Two.", "sentences": ["It is.", " ", "It was."], "label": "CONTRADICT"},
        {"id": 0, "claim": "Three.", "references": ["Third."], "label": 1},
    )
    assert read_pairs(path) == (
        Pair("a", "One.", ("First.", "Second."), "UNSUPPORTED"),
        Pair("3", "Two.", ("It is. It was.",), "CONTRADICT"),
        Pair("0", "Three.", ("Third.",), "SUPPORT"),
    )


@pytest.mark.parametrize(
    ("bad", "wrong"),
    [
        pytest.param("{", "Expecting", id="not JSON"),
        pytest.param("[]", "not an object", id="not an object"),
        pytest.param("[" * 100_000, "recursion", id="nested without end"),
        pytest.param(line(claim=None), "claim", id="no claim"),
        pytest.param(line(claim=" \n"), "claim", id="blank claim"),
        pytest.param({"claim": "A", "label": 1}, "references or sentences", id="no evidence"),
        pytest.param(line(sentences=["A"]), "references or sentences", id="two evidences"),
        pytest.param(line(references="A text."), "list of texts", id="evidence not a list"),
        pytest.param(line(references=["A", 1]), "list of texts", id="evidence not texts"),
        pytest.param(line(references=[]), "no text", id="empty evidence"),
        pytest.param(line(references=["", " "]), "no text", id="blank evidence"),
        pytest.param(line(label=2), "label is 2", id="label out of range"),
        pytest.param(line(label=True), "label is true", id="label a boolean"),
        pytest.param(line(label="support"), 'label is "support"', id="label in small letters"),
        pytest.param(line(label=[1]), "label", id="label a list"),
        pytest.param({"claim": "A", "references": ["B"]}, "label is null", id="no label"),
    ],
)
def test_a_bad_line_is_named(tmp_path, bad, wrong):
    path = write(tmp_path / "pairs.jsonl", line(), "", bad)
    with pytest.raises(UsageError) as caught:
        read_pairs(path)
    assert caught.value.message.startswith(f"{path}:3: ")
    assert wrong in caught.value.message
    assert "label" in caught.value.hint


@pytest.mark.parametrize(
    "content", [None, b"", b"\n \n", b"\xff\xfe"], ids=["missing", "empty", "blank", "binary"]
)
def test_a_file_without_pairs_is_refused(tmp_path, content):
    path = tmp_path / "pairs.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"pairs\.jsonl (holds nothing|is not UTF-8|cannot be read)"):
        read_pairs(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.sampled_from(["claim", "references", "sentences", "label", "id"]), json_values).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_any_bytes_are_pairs_or_a_clear_error(tmp_path, content):
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(content)
    try:
        outcome = read_pairs(path)
    except UsageError as error:
        outcome = error
    if isinstance(outcome, UsageError):
        assert str(path) in outcome.message
        assert outcome.hint
    else:
        assert all(pair.claim.strip() and pair.references for pair in outcome)


# Judging


def test_the_score_ranks_what_is_not_supported_below_what_is():
    scores = [verdict_score(best_verdict(pair)) for pair in PAIRS]
    # covers: 5 of 5 stems; 4 of 5 (no 75); none of 3; 1 of 3; 5 of 5, denied
    assert scores == pytest.approx([1, 4 / 5 - 1, -1, 1 / 3 - 1, 0])


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
    assert (verdict.supported, verdict.score) == (True, 4 / 5)


def test_references_are_not_read_as_one_text():
    halves = pair("OWL sets ratios; cats sleep all afternoon.", "SUPPORT", OWL, CATS)
    assert not best_verdict(halves).supported
    assert best_verdict(pair(halves.claim, "SUPPORT", f"{OWL} {CATS}")).score == 1


def test_a_claim_without_content_words_is_covered_by_nothing():
    assert word_overlap("It is so.", (OWL,)) == 0
    assert not run_support([pair("It is so.", "NOINFO")]).judgements[0].supported


# The report


def test_the_report_worked_by_hand():
    report = run_support(PAIRS)
    supported, evidence = report.views
    assert (supported.name, supported.positives, supported.negatives) == ("supported against the rest", 2, 3)
    verifier, overlap = supported.measures
    # RIGHT 1 beats -1/5, -1 and 0; MISSED -2/3 beats -1 alone: 4 of 6
    assert verifier.auroc == pytest.approx(4 / 6)
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
    assert first["rows"][1] == {
        "id": "1",
        "claim": "OWL gains 75 points on LLaMA.",
        "label": "CONTRADICT",
        "supported": False,
        "reason": "numbers not in the paper: 75",
        "quote": "It gains 61.22 points on LLaMA.",
        "score": -0.2,
        "overlap": 0.8,
        "similarity": None,
    }


def test_the_table_has_a_line_for_each_method():
    lines = run_support(PAIRS, embedder=WordEmbedder()).table().splitlines()
    assert lines[0].startswith("supported against the rest: 2 against 3 pairs  AUROC")
    assert lines[0].endswith("macro-F1")
    assert lines[1].split()[:2] == ["verifier", "0.667"]
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
