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

BIAS = -2.338
WEIGHTS = {
    "pair_cover": 0.785,
    "gram_cover": 1.671,
    "missing_words": -0.229,
    "order_cover": 0.186,
    "subsequence_cover": 0.879,
    "unfound_numbers": -1.078,
    "missing_names": -0.578,
    "missing_directions": -0.253,
    "opposed": -1.120,
    "says_no": 1.227,
    "unlike_no": -0.264,
    "unshared_no": -1.440,
    "rival_number": -1.965,
    "rival_direction": -2.646,
    "claim_length": 0.685,
    "evidence_length": -0.108,
    "overlength": -2.289,
}


def probability(claim: Statement, held: Evidence) -> float:
    """The chance, 0 to 1, that people would call the claim supported."""
    total = BIAS + sum(weight * FEATURES[name](claim, held) for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-total))
