"""Claims made by program from texts: `python -m evals.edits PAPERS.jsonl > pairs.jsonl`.

    text -> its sentences -> Edits: the sentence, a light rewording (true), a number, name, direction, no
    or comparison changed (false)

PAPERS.jsonl is what `vouch papers --json` prints; the lines that come out are those that `vouch eval
support --pairs` reads. The same seed gives the same lines. Knows the verifier's spelling of names
(`rag.words`); has lists of opposites and noes of its own, and knows nothing of verdicts.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from evals.lines import read_lines
from evals.metrics import SEED
from rag.command import as_command
from rag.sentences import sentences
from rag.words import fold_name, names

Change = Callable[[str, "Source", random.Random], str | None]
"""The sentence changed; None where there is nothing to change."""

Found = TypeVar("Found")
LINE_HINT = 'A line is a paper: {"title", "abstract"}, as `vouch papers --json` prints them.'
SHORTEST = 40
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Source:
    """A text that sentences are taken from, and names that stand elsewhere and not in it."""

    text: str
    strangers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """A claim made of a sentence of `text`. `kind` is what was done to it."""

    kind: str
    claim: str
    text: str
    true: bool

    def record(self, identity: str) -> dict[str, object]:
        return {
            "id": f"{identity}:{self.kind}",
            "claim": self.claim,
            "references": [self.text],
            "label": "SUPPORT" if self.true else "CONTRADICT",
        }


# Numbers

_NUMBER = re.compile(r"(?<![\w.,/-])(?!\d\))\d+(?:,\d{3})*(?:\.\d+)?(?![\w/]|[.,]\d)")


def other_number(sentence: str, source: Source, chance: random.Random) -> str | None:
    """A number made another that stands nowhere in the text."""
    match = _one_of(list(_NUMBER.finditer(sentence)), chance)
    if match is None:
        return None
    for _ in range(20):
        new = _near(match.group(), chance)
        if new not in source.text:
            return _replaced(sentence, match, new)
    return None


def moved_number(sentence: str, source: Source, chance: random.Random) -> str | None:
    """A number made another that the text says of something else."""
    match = _one_of(list(_NUMBER.finditer(sentence)), chance)
    if match is None:
        return None
    same = f"{match.group()}.0"
    others = sorted({each for each in _NUMBER.findall(source.text) if each not in sentence} - {same})
    new = _one_of(others, chance)
    return _replaced(sentence, match, new) if new else None


def swapped_numbers(sentence: str, source: Source, chance: random.Random) -> str | None:
    """Two numbers of the sentence, each in the other's place."""
    found = list(_NUMBER.finditer(sentence))
    pairs = [(a, b) for a, b in pairwise(found) if a.group() != b.group()]
    pair = _one_of(pairs, chance)
    return _exchanged(sentence, pair[0].span(), pair[1].span()) if pair else None


def _near(number: str, chance: random.Random) -> str:
    """Another number of the same look: some of its size added or taken, or a digit changed."""
    bare = number.replace(",", "")
    decimals = len(bare.partition(".")[2])
    value = float(bare) * chance.choice((0.4, 0.6, 0.8, 0.9, 1.1, 1.2, 1.5, 2, 3)) + chance.choice((0, 1, 2))
    new = f"{value:.{decimals}f}"
    return new if new != bare else f"{value + 1:.{decimals}f}"


# Names


def other_name(sentence: str, source: Source, chance: random.Random) -> str | None:
    """A name made another that stands nowhere in the text."""
    return _renamed(sentence, list(source.strangers), chance)


def moved_name(sentence: str, source: Source, chance: random.Random) -> str | None:
    """A name made another of the same text."""
    return _renamed(sentence, names(source.text), chance)


def _renamed(sentence: str, others: Sequence[str], chance: random.Random) -> str | None:
    name = _one_of([each for each in names(sentence) if each in sentence and _is_plain(each)], chance)
    if name is None:
        return None
    held, core = fold_name(sentence), fold_name(name).removesuffix("s")
    strange = [each for each in others if _is_plain(each) and fold_name(each).removesuffix("s") not in held]
    new = _one_of([each for each in strange if core not in fold_name(each)], chance)
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _: new, sentence) if new else None


def _is_plain(name: str) -> bool:
    """Whether a name is more than a number with a letter, as 7B is, and no address."""
    return name[0].isalpha() and len(fold_name(name)) > 2 and "/" not in name


# Directions

_PAIRS = """
outperforms underperforms, outperform underperform, outperforming underperforming, improves degrades,
improve degrade, improving degrading, improved degraded, improvement degradation, improvements degradations,
increases decreases, increase decrease, increasing decreasing, increased decreased, higher lower,
faster slower, larger smaller, better worse, more less, fewer more, reduces increases,
reduce increase, reducing increasing, reduced increased, lower higher, smaller larger, slower faster,
above below, exceeds trails, best worst,
superior inferior, accelerates slows, accelerate slow, accelerating slowing, highest lowest, enhances weakens,
enhance weaken, enhancing weakening, enhanced weakened, stronger weaker, strong weak, minimal maximal,
greater smaller, high low, low high, maximize minimize, minimize maximize, maximizing minimizing,
minimizing maximizing, least most, significant negligible, significantly marginally, decreases increases,
decrease increase, lowest highest, surpasses trails, surpassing trailing, boosts hurts, boost hurt,
efficient inefficient, effective ineffective, stable unstable, positive negative, preserving losing,
enables prevents, enable prevent, mitigates aggravates, mitigate aggravate, alleviate worsen, shorter longer,
longer shorter, long short, deeper shallower, before after, after before, easier harder, rarely often
"""
FLIPPED: Mapping[str, str] = dict(pair.split() for pair in _PAIRS.replace("\n", " ").split(","))
_DIRECTION = re.compile(rf"(?<![\w-])(?:{'|'.join(FLIPPED)})(?!\w)", re.I)


def flipped_direction(sentence: str, source: Source, chance: random.Random) -> str | None:
    """A word that says which way something goes, made its opposite."""
    match = _one_of(list(_DIRECTION.finditer(sentence)), chance)
    if match is None:
        return None
    word = match.group()
    return _replaced(sentence, match, _cased(FLIPPED[word.lower()], word))


_COMPARISON = re.compile(
    r"(?P<one>[A-Z][\w-]*(?: [A-Z][\w-]*)?) (?:\w+ly )?(?:outperforms?|surpass(?:es)?|exceeds?|beats?|"
    r"is (?:better|faster|smaller|larger|slower|worse) than) (?P<other>[A-Z][\w-]*(?: [A-Z][\w-]*)?)"
)


def swapped_sides(sentence: str, source: Source, chance: random.Random) -> str | None:
    """The two sides of a comparison, each in the other's place."""
    match = _COMPARISON.search(sentence)
    if match is None or match["one"] == match["other"]:
        return None
    return _exchanged(sentence, match.span("one"), match.span("other"))


# Noes

_DENIABLE = re.compile(
    r"(?<!\w)(?:is|are|was|were|can|could|will|has|have|does|should)(?= (?!(?:not|no|only|merely|just)\b)\w)"
)
_WE_VERB = re.compile(
    r"(?<=\b[Ww]e )(?=(?:propose|introduce|present|show|find|demonstrate|develop|observe|use)\b)"
)
_DENIED = (
    (re.compile(r" not(?= (?!only|just|merely))"), ""),
    (re.compile(r"\bcannot\b"), "can"),
    (re.compile(r"\bwithout\b"), "with"),
    (re.compile(r"\bno (?=\w)"), "much "),
    (re.compile(r"\bfails? to\b"), "manages to"),
)


def added_no(sentence: str, source: Source, chance: random.Random) -> str | None:
    """The sentence denied."""
    verb = _DENIABLE.search(sentence)
    if verb:
        return sentence[: verb.end()] + " not" + sentence[verb.end() :]
    said = _WE_VERB.sub("do not ", sentence, count=1)
    return said if said != sentence else None


def dropped_no(sentence: str, source: Source, chance: random.Random) -> str | None:
    """What the sentence denies, said."""
    for pattern, new in _DENIED:
        said = pattern.sub(new, sentence, count=1)
        if said != sentence:
            return said
    return None


# Light rewordings, which stay true

_OPENING = re.compile(
    r"^(?:Specifically|Moreover|Furthermore|However|Additionally|In addition|Finally|Notably|Besides|Overall"
    r"|To this end|Thus|Therefore|Hence|Consequently|Meanwhile|Recently|In particular|Remarkably|Empirically"
    r"|As a result|In this (?:paper|work)),\s+"
)
_SYNONYMS = {
    "propose": "introduce", "proposes": "introduces", "demonstrate": "show", "demonstrates": "shows",
    "utilize": "use", "utilizes": "uses", "utilizing": "using", "achieves": "reaches", "achieve": "reach",
    "achieving": "reaching", "novel": "new", "approach": "method", "approaches": "methods",
    "existing": "earlier", "leverages": "uses", "leverage": "use", "leveraging": "using", "such as": "like",
    "employs": "uses", "substantially": "considerably", "crucial": "important", "challenging": "difficult",
    "due to": "because of", "via": "through", "obtain": "get", "primarily": "mainly", "currently": "today",
    "numerous": "many", "yields": "gives", "yield": "give", "requires": "needs", "require": "need",
    "various": "several", "enables": "allows", "while": "whereas", "consistently": "always",
}  # fmt: skip
_SYNONYM = re.compile(rf"(?<![\w-])(?:{'|'.join(_SYNONYMS)})(?![\w-])")
_PARENTHESIS = re.compile(r"\s*\((?![^)]*\()[^)]*\)")
_TAIL = re.compile(
    r"^(.{60,}?), (?:thereby|leading|which|resulting|making|enabling|allowing|thus|as well as)\b.*$"
)
_LEAD = re.compile(r"^((?:At|In|On|For|With|By|Under|During|Compared|Unlike) [^,]{4,60}), ([^,:;]{20,}?)\.$")
_DIGIT_WORDS = {" two ": " 2 ", " three ": " 3 ", " four ": " 4 ", " five ": " 5 ", " ten ": " 10 "}


def _without_opening(sentence: str) -> str:
    return _capital(_OPENING.sub("", sentence))


def _by_others(sentence: str) -> str:
    said = re.sub(r"^We\b", "The authors", sentence)
    said = re.sub(r"\bwe\b", "the authors", said)
    return re.sub(r"\bour\b", "their", re.sub(r"^Our\b", "Their", said))


def _synonyms(sentence: str) -> str:
    return _SYNONYM.sub(lambda match: _SYNONYMS[match.group()], sentence)


def _readable(sentence: str) -> str:
    said = re.sub(r"\$?\\times\$?", "x", sentence.replace("\\%", "%"))
    return re.sub(r"\$([^$]{1,40})\$", r"\1", said)


def _percent(sentence: str) -> str:
    return re.sub(r"(?<=\d)\s?\\?%(?!\w)", " percent", sentence)


def _digits(sentence: str) -> str:
    for word, digit in _DIGIT_WORDS.items():
        sentence = sentence.replace(word, digit)
    return sentence


def _lead_behind(sentence: str) -> str:
    match = _LEAD.match(sentence)
    return f"{_capital(match[2])} {match[1][0].lower()}{match[1][1:]}." if match else sentence


def _shortened(sentence: str) -> str:
    match = _TAIL.match(sentence)
    return f"{match[1]}." if match and match[1].count("(") == match[1].count(")") else sentence


def _without_parenthesis(sentence: str) -> str:
    return _PARENTHESIS.sub("", sentence)


_REWORDINGS = (
    _without_opening,
    _by_others,
    _synonyms,
    _readable,
    _percent,
    _digits,
    _lead_behind,
    _shortened,
    _without_parenthesis,
)


def reworded(sentence: str, source: Source, chance: random.Random) -> str | None:
    """The same in other words: up to four light changes, none of which makes it false."""
    said = sentence
    for change in chance.sample(_REWORDINGS, 4):
        said = change(said)
    return said if said != sentence and len(said) >= SHORTEST / 2 else None


FALSE: Mapping[str, Change] = {
    "other number": other_number,
    "moved number": moved_number,
    "swapped numbers": swapped_numbers,
    "other name": other_name,
    "moved name": moved_name,
    "flipped direction": flipped_direction,
    "swapped sides": swapped_sides,
    "added no": added_no,
    "dropped no": dropped_no,
}
TRUE: Mapping[str, Change] = {"as it is": lambda sentence, source, chance: sentence, "reworded": reworded}


def edits(texts: Sequence[str], *, seed: int = SEED) -> Iterator[Edit]:
    """Every edit of every sentence of the texts, in order; false claims reworded as often as true ones."""
    chance = random.Random(seed)
    every = sorted({name for text in texts for name in names(text)})
    for text in texts:
        own = fold_name(text)
        source = Source(text, tuple(name for name in every if fold_name(name).removesuffix("s") not in own))
        for start, end in sentences(text):
            if SHORTEST <= end - start <= LONGEST and "http" not in text[start:end]:
                yield from _of_sentence(text[start:end], source, chance)


def _of_sentence(sentence: str, source: Source, chance: random.Random) -> Iterator[Edit]:
    for kind, change in TRUE.items():
        if (claim := change(sentence, source, chance)) is not None:
            yield Edit(kind, claim, source.text, True)
    for kind, change in FALSE.items():
        claim = change(sentence, source, chance)
        if claim is None or claim == sentence:
            continue
        if chance.random() < 0.5:
            claim = _reworded_false(claim, sentence, source, chance)
        yield Edit(kind, claim, source.text, False)


def _reworded_false(claim: str, sentence: str, source: Source, chance: random.Random) -> str:
    """The false claim in other words, unless these drop what made it false."""
    state = chance.getstate()
    said = reworded(claim, source, chance)
    chance.setstate(state)
    return said if said and said != reworded(sentence, source, chance) else claim


def _one_of(found: Sequence[Found], chance: random.Random) -> Found | None:
    return chance.choice(found) if found else None


def _replaced(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def _exchanged(text: str, one: tuple[int, int], other: tuple[int, int]) -> str:
    first, second = text[slice(*one)], text[slice(*other)]
    return text[: one[0]] + second + text[one[1] : other[0]] + first + text[other[1] :]


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() else word


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _paper(line: str, number: int) -> tuple[str, str]:
    """The id and abstract of a paper's line. Raises ValueError with what is wrong with it."""
    value = json.loads(line)
    if not isinstance(value, dict) or not isinstance(value.get("abstract"), str):
        raise ValueError("no abstract")
    return str(value.get("id", number)), value["abstract"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the pairs of a file of papers, one JSON object a line."""
    parser = argparse.ArgumentParser(prog="python -m evals.edits", description="Edited claims, by program.")
    parser.add_argument("papers", type=Path, help="papers, as `vouch papers --json` prints them")
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args(arguments)
    with as_command():
        papers = dict(read_lines(chosen.papers, _paper, hint=LINE_HINT))
        identities = {abstract: identity for identity, abstract in papers.items()}
        for number, edit in enumerate(edits(list(papers.values()), seed=chosen.seed)):
            line = json.dumps(edit.record(f"{identities[edit.text]}:{number}"), ensure_ascii=False)
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
