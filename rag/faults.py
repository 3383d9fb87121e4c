"""Faults of a sentence that its words, numbers and names, each for itself, do not show.

    sentence + Evidence -> the fault in words, or nothing

What is counted, which way a number bounds, how much is claimed, of whom it is said, and what the paper
does not speak of at all. Each is a pattern that one can point at; all are English. Knows nothing of
chances.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.features import Evidence, common, nearest, share, subsequence_cover, unshared_no
from rag.opposites import are_opposites, point_alike
from rag.quantities import Quantity, comparable, quantities
from rag.statement import Statement, statement
from rag.words import stem, words

# So many content words in a row that stand nowhere in the paper are something else, where so much of the
# rest, of so many words, is one sentence's own in their order: a paraphrase has unknown words all over.
LEAST_INSERTED = 2
AMID = 0.9
LEAST_FOUND = 5
NEARLY_VERBATIM = 0.65
# A predicate: so many content words, of which the paper's sentence holds this share in their order.
LEAST_PREDICATE = 4
PREDICATE_HELD = 0.85
LONGEST_SUBJECT = 6
# How much of a sentence must stand in the paper's for its directions to be held against these.
NEAR_SHARE = 0.5
# How much of a sentence must be what the paper says of others.
OTHERS_HELD = 0.65
# How many words on each side of a seam must be a paper's sentence's own, in their order.
SEAM = 4

# So many characters behind a number, or before it, say that it is a gain.
GAIN_BEHIND = 24
GAIN_BEFORE = 28
_MORE = (
    r"higher|lower|more|less|fewer|faster|slower|quicker|smaller|larger|bigger|better|worse|cheaper|shorter"
    r"|longer|greater|improv\w*|gain\w*|reduc\w*|increas\w*|decreas\w*|drop\w*|speed-?ups?|sped|boost\w*|saves?"
    r"|saving\w*|accelerat\w*|fold|degrad\w*|loss|lose[sd]?|cuts?|cutting|shrink\w*|compress\w*|down|rais\w*|falls?|fell"
    r"|outperform\w*|surpass\w*|exceed\w*|over|beat\w*|ahead|margin|differ\w*|gap|above|below|than|times|x"
)
_GAIN = re.compile(rf"(?<!\w)(?:{_MORE})(?!\w)", re.I)
_GAINED = re.compile(
    rf"(?<!\w)(?:{_MORE})(?: \w+){{0,2}} (?:by|of)"
    r"(?: (?:up to|about|around|nearly|roughly|at least|an average of))?[\s~$]*$",
    re.I,
)

_BE_IS = re.compile(r"\s(?:is|are|was|were)\s(?!not\b)")

_UPPER = (
    r"up to|at most|less than|fewer than|lower than|smaller than|under|below|within|no more than|sub|<|<=|≤"
)
_LOWER = r"at least|more than|over|above|higher than|greater than|larger than|beyond|exceed(?:s|ing)?"
_LOWER += r"|surpass(?:es|ing)?|no less than|no fewer than|>|>=|≥"
_ABOUT = r"about|approximately|around|nearly|almost|roughly|close to|~"
_BOUND = re.compile(
    rf"(?:(?<!\w)(?:(?P<upper>{_UPPER})|(?P<lower>{_LOWER})|(?P<about>{_ABOUT})))[\s~$-]*(?:an?\s|the\s)?$",
    re.I,
)

# What stands behind a noun that is not yet a subject's end.
_LINKS = frozenset(
    "of in on for with by to from at as and or that which who the a an than into via through between over "
    "under its their our".split()
)
# Whom a paper may speak of by another word: the subject tells nothing.
_GENERIC = frozenset(
    stem(word)
    for word in (
        "we it they this that these those which paper work study article author authors method "
        "methods approach approaches model models framework system algorithm technique techniques "
        "result results experiment experiments evaluation analysis show shows demonstrate "
        "demonstrates state states report reports find finds present presents propose proposes "
        "introduce introduces proposed novel new discuss discusses mention mentions according "
        "describe describes resultant resulting extensive empirical experimental solution strategy "
        "architecture network networks scheme aim aims seek seeks focus focuses address addresses "
        "goal mechanism module design theory problem task"
    ).split()
)
# What a writer opens a sentence with, which says nothing.
_OPENINGS = (
    frozenset(
        stem(word)
        for word in (
            "additionally furthermore moreover however overall specifically importantly notably worth "
            "noting finally consequently therefore generally typically possible possibility"
        ).split()
    )
    | _GENERIC
)
_APPOSED = frozenset("a an or not which the thus thereby i.e e.g such".split())

# Units that are words or letters, a line each, in all their spellings.
_SPELLINGS = """
ms millisecond milliseconds msec|s second seconds sec secs|min minute minutes mins|h hour hours hr hrs
day days|week weeks wk|month months|year years yr yrs|mg|g gram grams|kg kilogram kilograms|ug|ml mL|l liter
liters litre litres|mm|cm|m meter meters metre metres|km|kB KB|MB|GB|TB|MHz|GHz|Hz|W watt watts|mW|kW
|mJ|J joule joules
"""
_UNITS = {
    spelling: group.split()[0]
    for group in _SPELLINGS.replace("\nday", "|day").replace("\n", " ").split("|")
    for spelling in group.split()
}
_UNIT = re.compile(rf"[\s-]?({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![\w/-])")

_STRONG = frozenset(
    "all every always must never prove proves proved proven proving guarantee guarantees fully completely "
    "entirely will definitely certainly perfectly universally".split()
)
_WEAK = frozenset(
    "some many most several often may might can could sometimes usually partially partly potential "
    "potentially suggest suggests suggested suggesting typically generally possible possibly likely".split()
)
_MEASURES = frozenset(
    stem(word)
    for word in (
        "accuracy precision recall perplexity latency memory parameters throughput bleu rouge map "
        "energy cost bits speed speedup loss error mortality survival incidence prevalence weight "
        "risk power flops time storage bandwidth auc fps perplexities carbon footprint runtime size "
        "score f1"
    ).split()
)

_OTHERS = re.compile(
    r"^\W*(?:(?:however|although|while|though|but|yet|unfortunately)\W+)?(?:(?:the|many|most|current|these|in)\s)?"
    r"(?:existing|previous|prior|current|traditional|conventional|recent|standard|other|most|many|earlier|past)\b"
    r"(?!\s(?:of the|importantly|notably))",
    re.I,
)
_ASIDE = re.compile(r"^\W*(?:although|while|though)\b", re.I)
_OWN = re.compile(r"^(?:the proposed|this|our|their|its?|the authors['’]|the new)\b", re.I)
_CONTRAST = re.compile(r"^\W*(?:unlike|in contrast (?:to|with)|different from|compared (?:to|with))\b", re.I)


def fault(sentence: str, claim: Statement, held: Evidence, texts: Sequence[str]) -> str:
    """What is wrong with the sentence; empty where nothing is. `texts` are those of held.sentences."""
    if _says_itself(sentence):
        return "says of a thing what it names it by"
    verbatim = subsequence_cover(claim, held) >= NEARLY_VERBATIM
    if inserted(claim, held):
        return "part of it is nothing that the paper speaks of"
    if other_bound(sentence, texts):
        return "the paper bounds the number in another way"
    if other_unit(sentence, texts):
        return "the paper gives the number in another unit"
    if gain_as_level(sentence, texts):
        return "the paper tells the number as a gain"
    if verbatim and other_measure(claim, held):
        return "the paper gives that number of something else"
    if overclaimed(sentence, claim, held, texts):
        return "claims more than the paper does"
    if any(claim.tokens[at].value != "without" for at in claim.places("no")) and unshared_no(claim, held):
        return "denies what the paper nowhere denies"
    if turned(claim, held):
        return "the paper says the opposite"
    if of_others(sentence, claim, held, texts):
        return "the paper says it of others"
    if verbatim and other_subject(claim, held):
        return "the paper says it of something else"
    if seam(sentence, texts):
        return "joins parts of two sentences of the paper"
    return ""


def _says_itself(sentence: str) -> bool:
    """`The best net under 30M parameters is 30M parameters.`"""
    parts = _BE_IS.split(sentence, maxsplit=1)
    if len(parts) < 2:
        return False
    named, said = (statement(part).stems for part in parts)
    return bool(said) and said <= named


def unfound_run(claim: Statement, held: Evidence) -> int:
    """How many content words in a row stand nowhere in the paper, at most."""
    longest = run = 0
    for value in claim.sequence:
        run = 0 if _is_found(value, held) else run + 1
        longest = max(longest, run)
    return longest


def inserted(claim: Statement, held: Evidence) -> bool:
    """Whether words that the paper does not hold stand in a row amid one of its sentences' own words."""
    found = [value for value in claim.sequence if _is_found(value, held)]
    if unfound_run(claim, held) < LEAST_INSERTED or len(found) < LEAST_FOUND:
        return False
    return max((common(found, part.sequence) for part in held.sentences), default=0) >= AMID * len(found)


def _is_found(value: str, held: Evidence) -> bool:
    return value in held.whole.values or value in _OPENINGS or _is_near(value, held)


def _is_near(value: str, held: Evidence) -> bool:
    """Whether the paper has a word of the same root: binar and binariz."""
    return len(value) >= 5 and any(
        other.startswith(value[:5]) for other in held.whole.values if len(other) >= 4
    )


def other_bound(sentence: str, texts: Sequence[str]) -> bool:
    """Whether a number is bounded otherwise than wherever the paper has it: `at least` for `up to`."""
    shown = comparable(sentence)
    own = [(each, _bound(shown[: each.start])) for each in quantities(shown)]
    if not own:
        return False
    told = [
        (each, _bound(text[: each.start])) for text in map(comparable, texts) for each in quantities(text)
    ]
    for each, bound in own:
        theirs = {other for number, other in told if number.agrees(each)}
        if theirs and bound not in theirs and (bound or "sub" in theirs) and not _allowed(bound, theirs):
            return True
    return False


def gain_as_level(sentence: str, texts: Sequence[str]) -> bool:
    """Whether a number is told as reached where the paper has it as gained: "achieves 1 %" for 1 % higher."""
    shown = comparable(sentence)
    if _GAIN.search(shown):
        return False
    told = [(each, text) for text in map(comparable, texts) for each in quantities(text)]
    for own in quantities(shown):
        theirs = [_is_gain(text, each) for each, text in told if each.agrees(own)]
        if theirs and all(theirs):
            return True
    return False


def _is_gain(text: str, number: Quantity) -> bool:
    """Whether a word of more or less stands behind the number, or before it."""
    behind = text[number.end : number.end + GAIN_BEHIND]
    before = text[max(number.start - GAIN_BEFORE, 0) : number.start]
    return bool(_GAIN.search(behind) or _GAINED.search(before))


def _allowed(bound: str, theirs: set[str]) -> bool:
    """A bare number may be told as about that many."""
    return bound == "about" and "" in theirs


def _bound(before: str) -> str:
    match = _BOUND.search(before[-24:])
    if match is None:
        return ""
    if match["upper"]:
        return "sub" if match["upper"].lower() == "sub" else "upper"
    return "lower" if match["lower"] else "about"


def other_unit(sentence: str, texts: Sequence[str]) -> bool:
    """Whether a number of hours is one of days wherever the paper tells its unit."""
    shown = comparable(sentence)
    own = [(each, _unit(shown[each.end :])) for each in quantities(shown)]
    if not any(unit for _, unit in own):
        return False
    told = [(each, _unit(text[each.end :])) for text in map(comparable, texts) for each in quantities(text)]
    for each, unit in own:
        theirs = {other for number, other in told if number.agrees(each) and other}
        if unit and theirs and unit not in theirs:
            return True
    return False


def _unit(behind: str) -> str:
    match = _UNIT.match(behind)
    return _UNITS[match[1]] if match else ""


def other_measure(claim: Statement, held: Evidence) -> bool:
    """Whether a number is told with a measure that the paper's sentences with this number do not name."""
    measures = claim.values & _MEASURES
    if not measures or not claim.quantities:
        return False
    holding = [
        at
        for at, part in enumerate(held.sentences)
        if any(mine.agrees(its) for mine in claim.quantities for its in part.quantities)
    ]
    near = {at + step for at in holding for step in (-1, 0, 1)} & set(range(len(held.sentences)))
    known = frozenset().union(*(held.sentences[at].values for at in near)) if near else frozenset()
    return bool(near) and not measures <= known


def overclaimed(sentence: str, claim: Statement, held: Evidence, texts: Sequence[str]) -> bool:
    """Whether a strong word stands where the paper's sentence has a weak one; of another sentence than
    the paper's own, one that stands nowhere in it.
    """
    own = set(words(sentence))
    if not own & _STRONG or not texts:
        return False
    at = max(range(len(texts)), key=lambda at: len(claim.stems & held.sentences[at].stems))
    near = set(words(texts[at]))
    verbatim = subsequence_cover(claim, held) >= NEARLY_VERBATIM
    known = near if verbatim else {word for text in texts for word in words(text)}
    return bool(own & _STRONG - known) and bool(near & _WEAK - own)


def turned(claim: Statement, held: Evidence) -> bool:
    """Whether a direction stands nowhere in the paper, nor one like it, and its opposite does; or so in
    the sentence that the claim is nearest to.
    """
    near = nearest(claim, held)
    directions = [claim.tokens[place].value for place in claim.places("direction")]
    close = near is not None and _share(claim, near) >= NEAR_SHARE
    for values in (held.whole.values, near.values if near and close else frozenset()):
        for each in directions:
            alike = any(point_alike(each, other) for other in values)
            if not alike and any(are_opposites(each, other) for other in values):
                return True
    return False


def of_others(sentence: str, claim: Statement, held: Evidence, texts: Sequence[str]) -> bool:
    """Whether what the paper says of existing methods, or in `unlike these, which ..`, is told of another."""
    if _OTHERS.match(sentence):
        return False
    for part, text in zip(held.sentences, texts, strict=True):
        if _CONTRAST.match(text) and _share(claim, part) >= OTHERS_HELD and _tells_of_contrast(claim, part):
            return True
        if _OTHERS.match(text):
            told = statement(text.split(", ")[0]) if _ASIDE.match(text) else part
            if _share(claim, told) >= OTHERS_HELD and _opens_otherwise(sentence, claim, told):
                return not _said_elsewhere(claim, part, held)
    return False


def _share(claim: Statement, part: Statement) -> float:
    return share(claim.stems, part.stems)


def _opens_otherwise(sentence: str, claim: Statement, part: Statement) -> bool:
    """Whether the sentence's subject is the paper's own thing, or one that the other part does not name."""
    return _OWN.match(sentence) is not None or claim.sequence[0] not in part.stems


def _said_elsewhere(claim: Statement, part: Statement, held: Evidence) -> bool:
    others = (each for each in held.sentences if each is not part)
    return any(_share(claim, each) >= OTHERS_HELD for each in others)


def _tells_of_contrast(claim: Statement, part: Statement) -> bool:
    """Whether two words right behind a subject in the claim stand only before that subject in the other."""
    order = part.sequence
    for at, subject in enumerate(claim.sequence[:-2]):
        if order.count(subject) != 1:
            continue
        place = order.index(subject)
        follow = claim.sequence[at + 1 : at + 3]
        if place >= 3 and all(each in order[:place] and each not in order[place:] for each in follow):
            return follow[0] not in claim.sequence[:at]
    return False


def other_subject(claim: Statement, held: Evidence) -> bool:
    """Whether the predicate is a sentence's own, and the subject another's than that sentence's."""
    for subject, predicate in _cuts(claim):
        telling = {value for value in subject if value not in _GENERIC}
        elsewhere = all(value in held.whole.values for value in telling)
        fits = ((part, _first_of(predicate, part.sequence)) for part in held.sentences)
        heads = [set(part.sequence[:first]) - _GENERIC for part, first in fits if first is not None]
        if telling and elsewhere and heads and all(head and not head & telling for head in heads):
            return True
    return False


def _cuts(claim: Statement) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The content words before and from each place where a predicate may start; a verb ends the subject."""
    places = [at for at, token in enumerate(claim.tokens) if token.content]
    for cut in range(1, min(LONGEST_SUBJECT, len(places) - LEAST_PREDICATE) + 1):
        behind = claim.tokens[places[cut - 1] + 1]
        if behind.value not in _LINKS and claim.tokens[places[cut]].kind not in ("name", "number"):
            yield claim.sequence[:cut], claim.sequence[cut:]
        if not behind.content and behind.value not in _LINKS:
            return


def _first_of(predicate: Sequence[str], sequence: Sequence[str]) -> int | None:
    """Where nearly all of the predicate's words start in this order and close together."""
    span = int(1.5 * len(predicate)) + 1
    starts = [at for at, value in enumerate(sequence) if value == predicate[0]]
    least = PREDICATE_HELD * len(predicate)
    return next((at for at in starts if common(predicate, sequence[at : at + span]) >= least), None)


def seam(sentence: str, texts: Sequence[str]) -> bool:
    """Whether SEAM words up to a comma are one sentence's, and those behind it only another's."""
    tokens = [words(part) for part in re.split(r",\s", sentence)]
    lines = [f" {' '.join(words(text))} " for text in texts]
    for left, right in pairwise(tokens):
        if len(left) < SEAM or len(right) < SEAM or right[0] in _APPOSED:
            continue
        before = {at for at, line in enumerate(lines) if f" {' '.join(left[-SEAM:])} " in line}
        behind = {at for at, line in enumerate(lines) if f" {' '.join(right[:SEAM])} " in line}
        if before and behind and not before & behind:
            return True
    return False
