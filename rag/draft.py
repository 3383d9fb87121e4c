"""Guessing the next tokens: answers copy, so what followed the same words before is likely to follow.

A guess is checked by evaluating it at once with the token before it; what it gains depends on how
often guesses hold and on what another row costs the machine. Both are watched: a text whose guesses
fail gets shorter ones and at last none, and a machine on which rows are dear guesses nothing. Of a
text's rows no more are lost to guesses than a small share: as long as a row costs no more than SLOPE no
text is written much slower than without. Knows token ids alone: nothing of models, papers or text.

Source of the idea: Saxena 2023, prompt lookup decoding; of the expected length of a run of guesses:
Leviathan et al. 2023, speculative decoding.
"""

from __future__ import annotations

from collections.abc import Iterable

# Most tokens guessed at once. More seldom hold, and each makes the table of results longer.
MOST_DRAFTED = 7
# Tokens that must stand alike, the longest first. Alone, one token is too often followed by others.
ALIKE = (4, 3, 2)
# The chance that a guess holds, before any was checked, and how much each one counts. On 42 answers of
# the 0.5B model 0.66 of the guesses held; writing was 1.57 times as fast, at worst 1.04 times.
FIRST_CHANCE = 0.75
WEIGHT = 0.1
# What one more row costs, as a share of the first: 0.15 to 0.2 on 2 cores with AVX2 behind 512 tokens (1, 2,
# 4 and 8 rows: 41, 47, 64 and 99 ms), less on a GPU. The length of a guess is reckoned with this and not
# with what is measured: rows are rounded by batch, and a run shall give the same text as the last one.
SLOPE = 0.2
# Guesses may cost this share of a text's rows more than they gain; a text is taken to have so many tokens
# at least, or none could be guessed at its beginning. Answers have 20 to 60.
MOST_LOST = 0.05
LEAST_TOKENS = 32
# Where rows are measured to be dearer nothing is guessed; and by how many steps that is told.
DEAREST_SLOPE = 0.5
STEPS_MEASURED = 4


class Machine:
    """Whether guessing pays on this machine, by the quickest of the first steps."""

    def __init__(self) -> None:
        self.pays = True
        self.slope: float | None = None
        self._singles: list[float] = []
        self._drafted: list[tuple[int, float]] = []

    def saw(self, rows: int, seconds: float) -> None:
        """A step of so many rows took so long."""
        if self.slope is not None:
            return
        if rows == 1:
            self._singles.append(seconds)
        else:
            self._drafted.append((rows, seconds))
        if min(len(self._singles), len(self._drafted)) >= STEPS_MEASURED:
            single = min(self._singles)
            self.slope = min((seconds / single - 1) / (rows - 1) for rows, seconds in self._drafted)
            self.pays = self.slope <= DEAREST_SLOPE


class Drafter:
    """One text as it grows, and what may follow."""

    def __init__(self, tokens: Iterable[int], machine: Machine) -> None:
        self._machine = machine
        self._chance = FIRST_CHANCE
        self._found = 0
        self._lost = 0.0  # rows that guesses cost, less those that they spared
        self._tokens: list[int] = []
        self._next: dict[tuple[int, ...], int] = {}  # some tokens in a row: where the next one stands
        self.add(tokens)

    def add(self, tokens: Iterable[int]) -> None:
        """The text goes on with these."""
        for token in tokens:
            for size in ALIKE:
                if len(self._tokens) >= size:
                    self._next[tuple(self._tokens[-size:])] = len(self._tokens)
            self._tokens.append(token)

    def guess(self) -> list[int]:
        """What followed the last tokens, where as many of them as can be stood last; empty if nowhere."""
        for size in ALIKE:
            place = self._next.get(tuple(self._tokens[-size:]))
            if place is not None:
                return self._tokens[place : place + MOST_DRAFTED]
        return []

    @property
    def worth(self) -> int:
        """How many guessed tokens promise the most tokens a second, and may all be wrong."""
        if not self._machine.pays:
            return 0
        left = MOST_LOST * max(LEAST_TOKENS, self._found + 1) / (1 - MOST_LOST) - self._lost
        return max(0, min(worthwhile(self._chance), int(left / SLOPE)))

    def checked(self, guess: list[int], found: list[int], *, tried: int = 0) -> None:
        """After a guess, of which so many tokens were tried, these were found: one more than what held."""
        self._found += len(found)
        self._lost += SLOPE * tried - (len(found) - 1)
        for guessed, token in zip(guess, found, strict=False):
            self._chance += WEIGHT * ((guessed == token) - self._chance)


def worthwhile(chance: float) -> int:
    """The length of guess with the most tokens expected per cost, 0 where none is best.

    Of `length` tokens that hold with this chance each, one after the other, the sum of the chance's
    powers is expected to be found, for 1 + SLOPE * length.
    """
    best, expected, gain = 0, 1.0, 1.0
    for length in range(1, MOST_DRAFTED + 1):
        expected += chance**length
        if expected / (1 + SLOPE * length) > gain:
            best, gain = length, expected / (1 + SLOPE * length)
    return best


def held(guess: list[int], found: list[int]) -> int:
    """How many of the guessed tokens, from the first on, are what was found."""
    pairs = zip(guess, found, strict=False)
    return next((place for place, (guessed, token) in enumerate(pairs) if guessed != token), len(guess))
