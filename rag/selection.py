"""Ranked papers -> those that belong to a topic: where the set ends.

A paper belongs if it scores nearly as well as the best one and is about the topic at all: a sentence of
it holds most of what the topic's words say, or the whole of it is near in meaning. Both are told of one
paper and the topic, so a set within a small scope ends where it would on the whole shelf. Pure; knows no
question but its topic, and not how papers are ranked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.types import Passage
from rag.words import content_stems

# From this share of the best score on. Chosen with the two below on the dev half of
# evals/questions/overviews.jsonl, where 0.6 to 0.7 are alike.
SCORE_SHARE = 0.65
# The share of the topic's information that one sentence or the title must hold, or the cosine of the
# whole abstract to the topic that does without.
WORDS_TOGETHER = 0.5
NEAR_IN_MEANING = 0.5


def members(passages: Sequence[Passage], weights: Mapping[str, float]) -> tuple[Passage, ...]:
    """The passages that belong, in their order. `weights` tell each stem of the topic, as idf."""
    about = [passage for passage in passages if _is_about(passage, weights)]
    best = max((passage.score for passage in about), default=0.0)
    return tuple(passage for passage in about if passage.score >= SCORE_SHARE * best)


def _is_about(passage: Passage, weights: Mapping[str, float]) -> bool:
    meaning = next((signal.value for signal in passage.signals if signal.name == "window"), 0.0)
    return meaning >= NEAR_IN_MEANING or together(passage, weights) >= WORDS_TOGETHER


def together(passage: Passage, weights: Mapping[str, float]) -> float:
    """The most of the topic's information that its title or one sentence of it holds, 0 to 1."""
    total = sum(weights.values())
    if not total:
        return 0.0
    parts = [passage.paper.title, *(sentence.text for sentence in passage.sentences)]
    held = (sum(weights[stem] for stem in content_stems(part) if stem in weights) for part in parts)
    return max(held) / total
