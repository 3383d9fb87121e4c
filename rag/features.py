"""What a sentence and its evidence have in common, and where they part: one small function a feature.

    sentence + Evidence (the whole text, its sentences) -> a number from FEATURES

Most are shares, 0 to 1; counts are told by their logarithm. Knows nothing of verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.opposites import are_opposites
from rag.quantities import Quantity
from rag.statement import Kind, Statement, Token, agreement, statement


@dataclass(frozen=True, slots=True)
class Evidence:
    """The whole of what a sentence is held against, its sentences, and each two neighbours' stems.

    `grams` are the runs of four letters in its stems.
    """

    whole: Statement
    sentences: tuple[Statement, ...]
    pairs: tuple[frozenset[str], ...]
    grams: frozenset[str]


@lru_cache(maxsize=512)
def evidence(text: str, sentences: tuple[str, ...]) -> Evidence:
    """`text` is all that counts, title and authors too; `sentences` are those of the abstract."""
    parts = tuple(map(statement, sentences))
    pairs = tuple(one.stems | other.stems for one, other in pairwise(parts))
    return Evidence(
        whole=statement(text),
        sentences=parts,
        pairs=pairs or tuple(part.stems for part in parts),
        grams=frozenset(gram for word in statement(text).stems for gram in _grams(word)),
    )


# A rival must keep this share of the company to count, in a sentence that holds this share of the stems.
LEAST_FIT = 0.5
LEAST_COVER = 0.5
# Tokens.
LONGEST_ABSTRACT = 350

# Words in common


def share(stems: Set[str], held: Set[str]) -> float:
    """How much of `stems` is in `held`, 0 to 1; 0 of none."""
    return len(stems & held) / len(stems) if stems else 0.0


def pair_cover(claim: Statement, held: Evidence) -> float:
    """The largest share that two neighbouring sentences hold."""
    return max((share(claim.stems, pair) for pair in held.pairs), default=0.0)


def _grams(word: str) -> set[str]:
    marked = f"<{word}>"
    return {marked[at : at + 4] for at in range(len(marked) - 3)} or {marked}


def gram_cover(claim: Statement, held: Evidence) -> float:
    """The mean share of each claim stem's runs of four letters that stand in the evidence's stems."""
    shares = [share(_grams(word), held.grams) for word in claim.stems]
    return sum(shares) / len(shares) if shares else 0.0


def missing_words(claim: Statement, held: Evidence) -> float:
    """How many content stems stand nowhere, on a scale that levels off."""
    return math.log1p(len(claim.stems - held.whole.stems))


# Order


def order_cover(claim: Statement, held: Evidence) -> float:
    """The share of neighbouring content stems that follow each other within a few in one sentence."""
    wanted = set(pairwise(claim.sequence))
    if not wanted:
        return 0.0
    return max((len(wanted & part.following) / len(wanted) for part in held.sentences), default=0.0)


def subsequence_cover(claim: Statement, held: Evidence) -> float:
    """The longest common subsequence of content stems with one sentence, as a share of the claim's."""
    if not claim.sequence:
        return 0.0
    near = sorted(held.sentences, key=lambda part: -len(claim.stems & part.stems))[:3]
    return max((common(claim.sequence, part.sequence) for part in near), default=0) / len(claim.sequence)


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for mine in one:
        last = 0
        for at, its in enumerate(other, start=1):
            last, row[at] = row[at], last + 1 if mine == its else max(row[at], row[at - 1])
    return row[-1]


# Numbers, names, directions, noes


def missing_numbers(claim: Statement, held: Evidence) -> tuple[Quantity, ...]:
    """The claim's numbers that stand nowhere in the evidence with a unit that agrees."""
    known = held.whole.quantities
    return tuple(each for each in claim.quantities if not any(each.agrees(other) for other in known))


def rival(claim: Statement, held: Evidence, kind: Kind) -> float:
    """How much better another token of the kind fits in the place of one of the claim's, 0 to 1.

    High for "by 6.8 perplexity" where 61.22 keeps the company in the evidence that 6.8 has in the
    claim, and 6.8 keeps another.
    """
    return max((_rival(claim, place, held, _says_same) for place in claim.places(kind)), default=0.0)


def rival_number(claim: Statement, held: Evidence) -> float:
    return rival(claim, held, "number")


def rival_direction(claim: Statement, held: Evidence) -> float:
    return rival(claim, held, "direction")


def denial(claim: Statement, held: Evidence) -> float:
    """As `rival`: how much better the claim's words fit where the evidence says no and it does not, or
    the reverse.
    """
    noes = claim.noes or any(part.noes for part in held.sentences)
    places = range(len(claim.tokens)) if noes else ()
    return max((_rival(claim, place, held, _denies_same) for place in places), default=0.0)


def unshared_no(claim: Statement, held: Evidence) -> float:
    """1 where the claim denies something and no sentence of the evidence denies any of it."""
    denied = _denied(claim)
    return float(claim.noes > 0 and not any(denied & _denied(part) for part in held.sentences))


def says_no(claim: Statement, held: Evidence) -> float:
    return float(claim.noes > 0)


def unlike_no(claim: Statement, held: Evidence) -> float:
    """1 where one of the claim and the sentence nearest to it holds a no and the other does not."""
    near = nearest(claim, held)
    return float(near is not None and (claim.noes > 0) != (near.noes > 0))


def opposed(claim: Statement, held: Evidence) -> float:
    """The share of the claim's directions that the sentence nearest to it has the opposite of, alone."""
    near = nearest(claim, held)
    directions = [claim.tokens[place].value for place in claim.places("direction")]
    if near is None or not directions:
        return 0.0
    its = {token.value for token in near.tokens if token.kind == "direction"}
    against = (each not in its and any(are_opposites(each, other) for other in its) for each in directions)
    return sum(against) / len(directions)


def missing_directions(claim: Statement, held: Evidence) -> float:
    """The share of the claim's directions that stand nowhere in the evidence."""
    directions = {claim.tokens[place].value for place in claim.places("direction")}
    return 1 - share(directions, held.whole.values) if directions else 0.0


def missing_names(claim: Statement, held: Evidence) -> float:
    """How many of the claim's names stand nowhere in the evidence, on a scale that levels off."""
    named = {claim.tokens[place].value for place in claim.places("name")}
    return math.log1p(len(named - held.whole.values))


def unfound_numbers(claim: Statement, held: Evidence) -> float:
    """How many of the claim's numbers stand nowhere in the evidence, on a scale that levels off."""
    return math.log1p(len(missing_numbers(claim, held)))


def nearest(claim: Statement, held: Evidence) -> Statement | None:
    """The sentence that holds most of the claim's stems; of equals, the shortest."""
    return max(
        held.sentences, key=lambda part: (len(claim.stems & part.stems), -len(part.tokens)), default=None
    )


def _denied(part: Statement) -> set[str]:
    return {token.value for token in part.tokens if token.denied}


# Size, which says how much of a cover is chance


def claim_length(claim: Statement, held: Evidence) -> float:
    return math.log1p(len(claim.stems))


def evidence_length(claim: Statement, held: Evidence) -> float:
    return math.log1p(len(held.whole.tokens))


def overlength(claim: Statement, held: Evidence) -> float:
    """How much longer than any abstract the evidence is: a text of a page holds most words by chance."""
    return max(0.0, math.log((1 + len(held.whole.tokens)) / LONGEST_ABSTRACT))


Same = Callable[[Token, Token], bool | None]
"""Whether two tokens say the same; None where they say nothing of each other."""


def _rival(claim: Statement, place: int, held: Evidence, same: Same) -> float:
    token, company = claim.tokens[place], claim.company[place]
    beside = claim.listed(place) if token.kind == "name" else frozenset()
    own = other = 0.0
    for part in held.sentences:
        near = share(claim.stems, part.stems) >= LEAST_COVER
        for at, its in enumerate(part.tokens):
            agrees = same(token, its)
            if agrees is None or not (agrees or near) or (not agrees and its.value in beside):
                continue
            fit = agreement(company, part.company[at], mirrored=token.passive != its.passive)
            if agrees:
                own = max(own, fit)
            else:
                other = max(other, fit)
    return max(other - own, 0.0) if other >= LEAST_FIT else 0.0


def _says_same(one: Token, other: Token) -> bool | None:
    if one.value == other.value:
        return True
    if one.kind != other.kind:
        return None
    if one.kind == "number":
        bare, units = one.value.rstrip("%x"), {one.value[-1], other.value[-1]}
        return bare == other.value.rstrip("%x") and units != {"%", "x"}
    if one.kind == "direction":
        return False if are_opposites(one.value, other.value) else None
    return False


def _denies_same(one: Token, other: Token) -> bool | None:
    return one.denied == other.denied if one.value == other.value else None


Feature = Callable[[Statement, Evidence], float]

FEATURES: Mapping[str, Feature] = {
    each.__name__: each
    for each in (
        pair_cover,
        gram_cover,
        missing_words,
        order_cover,
        subsequence_cover,
        unfound_numbers,
        missing_names,
        missing_directions,
        opposed,
        says_no,
        unlike_no,
        unshared_no,
        rival_number,
        rival_direction,
        claim_length,
        evidence_length,
        overlength,
    )
}
