"""The fit of the relevance model, on examples that can be checked by hand; how the command ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evals.calibrate import FEATURES, RIDGE, forecasts, main
from evals.logistic import fit

NEAR = [0.8, 0.7, 0.0, 0.3]
FAR = [0.2, 0.3, 2.0, 0.0]


def test_the_fit_tells_right_from_wrong() -> None:
    rows = [(NEAR, True), (FAR, False)] * 10
    weights = fit(np.array([row for row, _ in rows]), np.array([label for _, label in rows]), ridge=RIDGE)
    assert weights.shape == (1 + len(FEATURES),)
    assert weights[1] > 0 > weights[3]  # similarity speaks for a paper, a missing name against it
    told = forecasts(rows, weights)
    assert min(estimate for estimate, label in told if label) > 0.8
    assert max(estimate for estimate, label in told if not label) < 0.2


def test_without_an_index_ingest_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    sentence, hint = err.splitlines()
    assert sentence.startswith("vouch: ")
    assert "vouch ingest" in hint
    assert not home.exists()
