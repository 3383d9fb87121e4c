"""other_edits: claims made by rules that neither evals.edits nor the verifier knows."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from evals.other_edits import FALSE, TRUE, edits, main, work
from evals.pairs import read_pairs

LINE = {
    "id": "owl",
    "title": "OWL: Sparsity",
    "text": "The sampler reduces the cost of training by up to 40%, and it may help most models. "
    "Existing methods need more memory than OWL does for long texts, which is slow. "
    "Unlike old nets, which need labels, OWL learns without them at all times.",
    "targets": ["A sampler reduces the cost of training."],
}
OTHER = {
    "title": "BEE: A Hive",
    "text": "BEE is a hive of many bees that fly a lot, and it is a loud one at noon.",
}


def changed(kind: str, sentence: str) -> str | None:
    own, other = (work(json.dumps(line), 1) for line in (LINE, OTHER))
    return {**FALSE, **TRUE}[kind](sentence, own, other, random.Random(1))


@pytest.mark.parametrize(
    ("kind", "sentence", "claim"),
    [
        ("other bound", "It takes up to 40% more.", "It takes at least 40% more."),
        ("other unit", "It takes 3 hours.", "It takes 3 minutes."),
        ("exchanged names", "XNet is better than YNet.", "YNet is better than XNet."),
        ("negated", "It is fast.", None),
        ("no not", "It does not prune.", "It prune."),
        ("overclaimed", "It may prune.", "It must prune."),
        ("others' clause", "Existing methods need memory.", "OWL need memory."),
        ("others' clause", "Unlike old nets, which need many labels, OWL learns.", "OWL need many labels."),
        ("other bound", "It takes 40% more.", None),
        ("passive", "We propose a quick sampler, as before.", "A quick sampler is proposed."),
        ("named", "We propose OWL, which prunes all of the layers.", "OWL prunes all of the layers."),
    ],
)
def test_each_change_worked_by_hand(kind: str, sentence: str, claim: str | None) -> None:
    made = changed(kind, sentence)
    assert made in {"It is not fast.", "It is never fast."} if kind == "negated" else made == claim


def test_edits_are_no_words_of_the_text_and_come_again() -> None:
    works = [work(json.dumps(line), number) for number, line in enumerate((LINE, OTHER))]
    made = list(edits(works))
    assert made == list(edits(works))
    assert {edit.true for _, edit in made} == {True, False}
    assert any(edit.kind == "summary" and edit.true for _, edit in made)
    assert all(edit.claim not in edit.text for _, edit in made if not edit.true)


def test_the_lines_are_pairs_and_the_kinds_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    papers = tmp_path / "papers.jsonl"
    papers.write_text("\n".join(map(json.dumps, (LINE, OTHER))), "utf-8")
    main([str(papers)])
    out = tmp_path / "pairs.jsonl"
    out.write_text(capsys.readouterr().out, "utf-8")
    assert {pair.label for pair in read_pairs(out)} == {"SUPPORT", "CONTRADICT"}
    main([str(papers), "--told"])
    assert "false  other bound: " in capsys.readouterr().out
