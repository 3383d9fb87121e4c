"""How well each sentence of an abstract answers a question, by plain signs.

Similarity and shared words say what a sentence is about; an answer often stands beside the
sentence that the question sounds like, holds a number where one is asked for, speaks of the
paper's own work, and is seldom the opening sentence. Knows nothing of papers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set

from rag.words import content_words, count_stems, numbers, words

# Words of the title stand in most of an abstract, so they tell its sentences apart less.
TITLE_WORD_SHARE = 0.3
# What each sign adds, in units of all the question's words; fitted by `python -m evals.fit_evidence`.
SIGNS = {
    "similarity": 0.22,
    "words": 1.0,
    "neighbour": 0.46,
    "number": 0.66,
    "own work": 0.14,
    "opening": -0.33,
    "length": 0.21,
}
# Where the code is to be found is no answer, unless that is asked.
ADDRESS = -0.5
# What a sentence of so many words would score that all signs speak for.
LONG_SENTENCE = 60
BEST_SCORE = sum(
    weight * (math.log(LONG_SENTENCE) if sign == "length" else 1)
    for sign, weight in SIGNS.items()
    if weight > 0
)

_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|fast|large|big|long|often|far|low|high)\b|\bpercent|%|\bby how\b|\bscore\b"
    r"|\btimes\b|\bfaster\b"
    r"|\bwhat (?:score|accuracy|speed|size|share|fraction|number|latency|ratio|gain|margin)\b",
    re.I,
)
_OWN_WORK = re.compile(r"\b(?:we|our|this (?:paper|work|study))\b", re.I)
_ADDRESS = re.compile(r"https?://|\bcodes?\b[^.]*\bavailable\b", re.I)
_ASKS_ADDRESS = re.compile(r"\b(?:codes?|available|github|repo\w*|where|link|website|url|download)\b", re.I)


def cover(stems: Set[str], weights: Mapping[str, float], asked: float | None = None) -> float:
    """The share of the question's information that these stems hold, 0 to 1.

    `weights` gives each stem's idf; `asked` is the whole, by default their sum.
    """
    total = sum(weights.values()) if asked is None else asked
    return sum(weight for word, weight in weights.items() if word in stems) / total if total else 0.0


def score_sentences(
    question: str,
    title: str,
    sentences: Sequence[str],
    similarities: Sequence[float],
    weights: Mapping[str, float],
) -> list[float]:
    """A score from 0 to 1 for each sentence of one abstract, given in reading order.

    `similarities` are cosines to the question; `weights` the idf of its stems.
    """
    asks_address = bool(_ASKS_ADDRESS.search(question))
    scores = []
    for text, row in zip(sentences, signs(question, title, sentences, similarities, weights), strict=True):
        score = sum(weight * sign for weight, sign in zip(SIGNS.values(), row, strict=True))
        score += ADDRESS * (not asks_address and bool(_ADDRESS.search(text)))
        scores.append(min(max(score / BEST_SCORE, 0.0), 1.0))
    return scores


def signs(
    question: str,
    title: str,
    sentences: Sequence[str],
    similarities: Sequence[float],
    weights: Mapping[str, float],
) -> list[list[float]]:
    """What speaks for each sentence, in the order of SIGNS; see `score_sentences`."""
    of_title = count_stems(content_words(title), weights)
    telling = {
        word: weight * (TITLE_WORD_SHARE if word in of_title else 1) for word, weight in weights.items()
    }
    asked = sum(weights.values())
    alike = [max(similarity, 0.0) for similarity in similarities]
    shared = [cover(set(count_stems(content_words(text), weights)), telling, asked) for text in sentences]
    about = [(cosine + share) / 2 for cosine, share in zip(alike, shared, strict=True)]
    asks_number = bool(_ASKS_NUMBER.search(question))
    return [
        [
            alike[place],
            shared[place],
            max((about[near] for near in (place - 1, place + 1) if 0 <= near < len(about)), default=0.0),
            float(asks_number and bool(numbers(text))),
            float(bool(_OWN_WORK.search(text))),
            float(place == 0),
            math.log(max(len(words(text)), 1)),
        ]
        for place, text in enumerate(sentences)
    ]
