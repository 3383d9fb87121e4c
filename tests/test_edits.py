"""edits: claims made by program from texts."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from evals.edits import FALSE, TRUE, Edit, Source, edits, main
from evals.pairs import read_pairs

TEXT = (
    "We propose OWL, which improves accuracy over Wanda by 61.2\\% and over SparseGPT by 6.8\\% on average. "
    "However, existing methods do not reach this with fewer parameters and 3 layers. "
    "OWL outperforms Wanda on every dataset that we have tried so far."
)
OTHER = "Two methods, MixLN and ProRes, are compared at length on ImageNet in this second text of ours."


def changed(kind: str, sentence: str, seed: int = 1) -> str | None:
    return {**TRUE, **FALSE}[kind](sentence, Source(TEXT, ("MixLN",)), random.Random(seed))


@pytest.mark.parametrize(
    ("kind", "sentence", "claim"),
    [
        ("as it is", "OWL is fast.", "OWL is fast."),
        ("moved number", "It has 3 layers.", None),
        ("swapped numbers", "from 4 to 8 bits", "from 8 to 4 bits"),
        ("swapped numbers", "from 4 bits on", None),
        ("other name", "We use OWL here.", "We use MixLN here."),
        ("moved name", "no name here", None),
        ("flipped direction", "Larger is it.", "Smaller is it."),
        ("swapped sides", "OWL outperforms Wanda there.", "Wanda outperforms OWL there."),
        ("added no", "It is fast.", "It is not fast."),
        ("added no", "We propose OWL.", "We do not propose OWL."),
        ("dropped no", "It does not prune.", "It does prune."),
        ("dropped no", "It is not only fast.", None),
    ],
)
def test_each_change_worked_by_hand(kind: str, sentence: str, claim: str | None) -> None:
    made = changed(kind, sentence)
    if kind == "moved number":
        assert made is not None
        assert made.replace("61.2", "#").replace("6.8", "#") == "It has # layers."
    else:
        assert made == claim


def test_another_number_stands_nowhere_in_the_text() -> None:
    made = {changed("other number", "It has 3 layers.", seed) for seed in range(20)}
    numbers = {claim.split()[2] for claim in made if claim}
    assert numbers
    assert not any(number in TEXT for number in numbers)


def test_edits_are_made_of_sentences_and_told_apart() -> None:
    made = list(edits([TEXT, OTHER]))
    assert {edit.kind for edit in made} >= {"as it is", "other number", "other name", "flipped direction"}
    assert all(edit.claim in edit.text for edit in made if edit.kind == "as it is")
    assert not any(edit.claim in edit.text for edit in made if not edit.true)
    assert {edit.kind for edit in made if edit.true} <= TRUE.keys()


def test_the_same_seed_gives_the_same_edits() -> None:
    assert list(edits([TEXT, OTHER], seed=3)) == list(edits([TEXT, OTHER], seed=3))
    assert list(edits([TEXT, OTHER], seed=3)) != list(edits([TEXT, OTHER], seed=4))


def test_an_edit_tells_its_label() -> None:
    assert Edit("as it is", "a", "b", True).record("p")["label"] == "SUPPORT"
    assert Edit("added no", "a", "b", False).record("p")["label"] == "CONTRADICT"


def test_the_command_prints_what_the_support_suite_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    papers = tmp_path / "papers.jsonl"
    papers.write_text(
        "".join(
            json.dumps({"id": name, "abstract": text}) + "\n" for name, text in (("a", TEXT), ("b", OTHER))
        ),
        "utf-8",
    )
    main([str(papers)])
    file = tmp_path / "pairs.jsonl"
    file.write_text(capsys.readouterr().out, "utf-8")
    pairs = read_pairs(file)
    assert {pair.label for pair in pairs} == {"SUPPORT", "CONTRADICT"}
    assert {pair.id.split(":")[0] for pair in pairs} == {"a", "b"}
    assert len({pair.id for pair in pairs}) == len(pairs)


def test_a_line_without_abstract_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    papers = tmp_path / "papers.jsonl"
    papers.write_text('{"title": "a"}\n', "utf-8")
    with pytest.raises(SystemExit) as ended:
        main([str(papers)])
    assert ended.value.code == 2
    assert "papers.jsonl:1" in capsys.readouterr().err
