"""fit_verifier: the report holds what rag/support_model.py ships."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evals.fit_verifier import RIDGE, main, unseen_chances
from evals.logistic import chances, fit_standardised
from rag.features import FEATURES

OWL = "OWL sets a sparsity ratio for each layer. It gains 61.22 points on LLaMA."


def test_no_estimate_has_seen_its_own_group() -> None:
    # the label is the group's alone, and random: who has not seen the group cannot know it
    chance = np.random.default_rng(1)
    groups = [str(number // 10) for number in range(400)]
    of_group = chance.random(40) < 0.5
    labels = np.array([of_group[int(group)] for group in groups])
    rows = np.eye(40)[[int(group) for group in groups]]
    assert np.ptp(unseen_chances(rows, labels, groups)) < 0.2
    assert np.ptp(chances(rows, fit_standardised(rows, labels, ridge=RIDGE))) > 0.5


def test_the_report_holds_constants_for_every_feature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = [
        ("OWL sets a ratio for each layer.", 1),
        ("It gains 61.22 points.", 1),
        ("Cats sleep a lot.", 0),
    ]
    claims += [
        ("OWL gains 75 points.", 0),
        ("The ratio is set for each layer.", 1),
        ("Dogs gain 3 points.", 0),
    ]
    file = tmp_path / "pairs.jsonl"
    lines = ({"claim": claim, "references": [OWL], "label": label} for claim, label in claims)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    main([str(file)])
    said = capsys.readouterr().out
    assert said.startswith("BIAS = ")
    assert all(f'    "{name}": ' in said for name in FEATURES)
    assert "file 1, cross-validated: 6 pairs" in said
    assert "edits, as it is (true): 1 of 1 supported" in said


def test_a_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "none.jsonl")])
    assert ended.value.code == 2
    assert "none.jsonl" in capsys.readouterr().err
