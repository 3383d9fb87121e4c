"""The fit of the relevance model, on examples that can be checked by hand; how the command ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evals.calibrate import FEATURES, fit, forecasts, main

NEAR = [0.8, 0.7, 0.0, 0.3]
FAR = [0.2, 0.3, 2.0, 0.0]


def test_the_fit_tells_right_from_wrong() -> None:
    rows = [(NEAR, True), (FAR, False)] * 10
    weights = fit(rows)
    assert weights.shape == (1 + len(FEATURES),)
    assert weights[1] > 0 > weights[3]  # similarity speaks for a paper, a missing name against it
    told = forecasts(rows, weights)
    assert min(estimate for estimate, label in told if label) > 0.8
    assert max(estimate for estimate, label in told if not label) < 0.2


def test_where_nothing_tells_the_fit_gives_the_base_rate() -> None:
    rows = [([0.0] * len(FEATURES), label) for label in (True, False, False, False)]
    weights = fit(rows)
    assert 1 / (1 + np.exp(-weights[0])) == pytest.approx(0.25)
    assert [estimate for estimate, _ in forecasts(rows, weights)] == pytest.approx([0.25] * 4)


def test_without_an_index_ingest_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    sentence, hint = err.splitlines()
    assert sentence.startswith("vouch: ")
    assert "vouch ingest" in hint
    assert not home.exists()
