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

BIAS = -2.299
WEIGHTS = {
    "pair_cover": 0.709,
    "gram_cover": 1.696,
    "missing_words": -0.233,
    "order_cover": 0.250,
    "subsequence_cover": 0.811,
    "unfound_numbers": -1.159,
    "missing_names": -0.573,
    "missing_directions": -0.258,
    "opposed": -1.201,
    "says_no": 1.231,
    "unlike_no": -0.257,
    "unshared_no": -1.456,
    "rival_number": -1.519,
    "rival_direction": -3.333,
    "claim_length": 0.693,
    "evidence_length": -0.112,
    "overlength": -2.273,
}


def probability(claim: Statement, held: Evidence) -> float:
    """The chance, 0 to 1, that people would call the claim supported."""
    total = BIAS + sum(weight * FEATURES[name](claim, held) for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-total))
