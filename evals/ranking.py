"""How good a ranking is: the measures of information retrieval, each a pure function.

A ranking is document ids, best first, none twice. `gains` maps a document to its judged
relevance; a document with more than 0 is relevant, one that nobody judged counts as 0. At least
one document must be relevant. All values are between 0 and 1. Knows nothing of how a ranking
was made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

Gains = Mapping[str, int]


def recall_at(ranking: Sequence[str], gains: Gains, depth: int) -> float:
    """|relevant in the first `depth`| / |relevant| (Manning, Raghavan, Schütze 2008, section 8.3)."""
    wanted = relevant(gains)
    return len(wanted & set(ranking[:depth])) / len(wanted)


def reciprocal_rank(ranking: Sequence[str], gains: Gains, depth: int) -> float:
    """1 / rank of the first relevant document, 0 if none is in the first `depth` (Voorhees 1999)."""
    wanted = relevant(gains)
    return next((1 / rank for rank, found in enumerate(ranking[:depth], 1) if found in wanted), 0.0)


def ndcg_at(ranking: Sequence[str], gains: Gains, depth: int) -> float:
    """DCG / DCG of the best ranking, where DCG = sum over rank <= `depth` of gain / log2(rank + 1).

    Järvelin and Kekäläinen 2002 with the discount of trec_eval and the judged grade as the gain,
    not 2^grade - 1: what the BEIR tables report.
    """
    ideal = sorted((max(gain, 0) for gain in gains.values()), reverse=True)
    reached = (max(gains.get(found, 0), 0) for found in ranking[:depth])
    return _discounted(reached) / _discounted(ideal[:depth])


def average_precision(ranking: Sequence[str], gains: Gains) -> float:
    """Sum over the ranks of relevant documents of precision there, / |relevant|.

    Manning, Raghavan, Schütze 2008, section 8.4; its mean over queries is MAP. A relevant document
    that is not in the ranking adds 0.
    """
    wanted = relevant(gains)
    ranks = (rank for rank, found in enumerate(ranking, 1) if found in wanted)
    return sum(place / rank for place, rank in enumerate(ranks, 1)) / len(wanted)


def relevant(gains: Gains) -> set[str]:
    """The documents judged relevant."""
    return {document for document, gain in gains.items() if gain > 0}


def _discounted(gains: Iterable[int]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
