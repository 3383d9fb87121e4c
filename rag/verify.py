"""A sentence against one paper -> verdict, and the paper's sentence that supports it best.

    sentence, paper -> vetoes (what must not be) and a probability (rag.support_model) -> Verdict

Pure and fast: words, numbers and names only. A veto is a fault that one can point at: a number or a
name that stands nowhere, a no more or less, or a number, name or direction where the paper has another
one in the same company. What passes is supported where the model finds that probable. Knows nothing of
the model that wrote the sentence; has no opinion about whether it answers the question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.faults import fault
from rag.features import (
    Evidence,
    denial,
    evidence,
    missing_numbers,
    pair_cover,
    rival,
    says_no,
    share,
    subsequence_cover,
    unlike_no,
)
from rag.latex import readable
from rag.quantities import comparable
from rag.statement import Statement, statement
from rag.support_model import probability
from rag.types import Paper, Quote, Verdict
from rag.words import holds_name, is_spelt_out, names, spaced, stem, words

# The probability from which on a sentence is supported, and the share of its content stems that must
# stand in the paper: of a short sentence nearly all, since one other word makes it another statement.
# Chosen on the training pairs: a cover of 0.7 for all rejects a fifth more of the true ones.
THRESHOLD = 0.5
MIN_COVER = 0.55
MIN_COVER_IF_SHORT = 0.75
SHORT_STEMS = 5
# A number is told of something: of the words beside the numbers so many must stand in the paper. On the
# training pairs (SciFact, AttributionBench, every second) it rejects 8 of 283 true and 6 of 103 false ones
# more; of sentences read by hand (evals/readings) 3 of 8 false ones and no true one.
MIN_COVER_OF_NUMBERS = 0.7
# What a veto leaves of a chance, and the most: a vetoed sentence ranks below every supported one.
VETOED = 0.85
MOST_VETOED = 0.49
# How much better another number, name or direction must fit than the sentence's own (rag.features.rival).
MOST_RIVAL_NUMBER = 0.12
MOST_RIVAL_DIRECTION = 0.2
MOST_RIVAL_NAME = 0.25
MOST_DENIAL = 0.2
# The share of the words that the paper holds which two neighbouring sentences must hold together.
TOGETHER = 0.5
# A thing has many names, so a name's place tells something only in the paper's own words, in their order.
NEARLY_VERBATIM = 0.65
# So much of it in one sentence's words and order is that sentence's and no evasion, whatever it sounds like.
WHOLLY_VERBATIM = 0.9
# An acronym of so many letters may stand in the paper spelt out.
SHORTEST_SPELT_OUT = 3
# Names of so many characters are too often everyday words in lower case.
SHORT_NAME = 3

# Two or more capitalised words in a row: a person, a dataset, an institution.
_PROPER = re.compile(r"(?<!\w)(?:[A-Z][\w'’-]*\s+)+[A-Z][\w'’-]*")
# What a model says instead of an answer; a reader is told so by the refusal, not by a claim.
_EVASION = re.compile(
    r"(?:\b(?:not|no)|n['’]t)\b[^.]{0,40}\b(?:mention|state|specif|provide|explicit|information|given"
    r"|say|tell|discuss|address|describ|report|clarif)"
    r"|^(?:sorry|i am|i'm|as an ai)\b",
    re.I,
)
# How a model opens a sentence that then says what the paper does.
_REPORTING = re.compile(
    r"^(?:the (?:paper|authors?|study|article|abstract|text)(?: of \S+)? (?:also |further )?"
    r"(?:states?|says?|reports?|notes?|shows?|finds?|argues?|claims?|mentions?|explains?|demonstrates?) that "
    r"|according to the (?:paper|authors?|study|article|abstract|text), )",
    re.I,
)


def verify(sentence: str, paper: Paper, spans: Sequence[Quote]) -> Verdict:
    """Whether `paper` supports `sentence`. `spans` are all sentences of its abstract.

    The score is the chance that it does, 0 to 1: THRESHOLD and more is supported; a sentence
    of the abstract as it is has 1. The quote's score is the share of the sentence's content
    stems that it holds.
    """
    spans = sorted(spans, key=lambda span: span.start)
    whole, sentence = sentence, _REPORTING.sub("", sentence)
    text = ". ".join([paper.title, ", ".join(paper.authors), paper.abstract])
    claim, held = statement(sentence), evidence(text, tuple(span.text for span in spans))
    quote = _best_quote(claim, spans)
    if not claim.stems or quote is None:
        return Verdict(supported=False, score=0.0, quote=quote, reason="says nothing")
    if _same_words(whole, quote.text) or _same_words(sentence, quote.text):
        return Verdict(supported=True, score=1.0, quote=quote)
    chance = probability(claim, held)
    reason = _veto(sentence, claim, held, text) or fault(
        sentence, claim, held, tuple(span.text for span in spans)
    )
    if reason:
        return Verdict(supported=False, score=min(VETOED * chance, MOST_VETOED), quote=quote, reason=reason)
    reason = "" if chance >= THRESHOLD else "too little of it stands in the paper"
    return Verdict(supported=not reason, score=chance, quote=quote, reason=reason)


def _same_words(sentence: str, quote: str) -> bool:
    return readable(sentence).split() == readable(quote).split()


def _veto(sentence: str, claim: Statement, held: Evidence, text: str) -> str:
    """What the sentence says that the paper does not; empty where nothing can be pointed at."""
    verbatim = subsequence_cover(claim, held)
    if _EVASION.search(sentence) and verbatim < WHOLLY_VERBATIM:
        return "evades the question"
    if sentence.rstrip("\"'”’)] ").endswith("?"):
        return "asks instead of saying"
    shown = comparable(sentence)
    if missing := missing_numbers(claim, held):
        return f"numbers not in the paper: {', '.join(shown[each.start : each.end] for each in missing)}"
    if unknown := _missing_names(sentence, text):
        return f"names not in the paper: {', '.join(sorted(unknown))}"
    cover = share(claim.stems, held.whole.stems)
    if cover < (MIN_COVER_IF_SHORT if len(claim.stems) <= SHORT_STEMS else MIN_COVER):
        return "words not in the paper"
    if claim.quantities and share(_unnumbered(claim), held.whole.stems) < MIN_COVER_OF_NUMBERS:
        return "what the number is told of is not in the paper"
    if pair_cover(claim, held) < TOGETHER * cover:
        return "no two neighbouring sentences of the paper say it"
    if rival(claim, held, "number") > MOST_RIVAL_NUMBER:
        return "another number stands there in the paper"
    if rival(claim, held, "direction") > MOST_RIVAL_DIRECTION:
        return "the paper says the opposite"
    if verbatim >= NEARLY_VERBATIM and rival(claim, held, "name") > MOST_RIVAL_NAME:
        return "another name stands there in the paper"
    if denial(claim, held) > MOST_DENIAL or (
        verbatim >= NEARLY_VERBATIM and says_no(claim, held) and unlike_no(claim, held)
    ):
        return "a no more or less than the paper has"
    return ""


def _unnumbered(claim: Statement) -> frozenset[str]:
    return frozenset(token.value for token in claim.tokens if token.content and token.kind != "number")


def _missing_names(sentence: str, text: str) -> set[str]:
    """Names of the sentence that stand nowhere in the text; a plural s does not count.

    A short name must stand there as it is written: BiT is not a bit.
    """
    held = spaced(text)
    unknown = {name for name in names(sentence) if not _stands(name, held, text)}
    unknown = {name for name in unknown if not _is_long_and_spelt_out(name, text)}
    known = set(map(stem, words(text)))
    return unknown | {name for name in _proper(sentence) if not set(map(stem, words(name))) <= known}


def _proper(sentence: str) -> set[str]:
    """The sentence's runs of capitalised words; the word that opens it is capitalised anyhow."""
    runs = ((match.start(), match.group()) for match in _PROPER.finditer(sentence))
    return {run if start else run.split(maxsplit=1)[1] for start, run in runs}


def _stands(name: str, held: str, text: str) -> bool:
    """Whether a name stands in the text; of AMP-activated, what is not in lower case must."""
    whole = holds_name(name, held) and _as_written(name, text)
    parts = [part for part in name.split("-") if part != part.lower()]
    return whole or (
        parts != [name] and all(holds_name(part, held) and _as_written(part, text) for part in parts)
    )


def _is_long_and_spelt_out(name: str, text: str) -> bool:
    return len(name.removesuffix("s")) >= SHORTEST_SPELT_OUT and is_spelt_out(name, text)


def _as_written(name: str, text: str) -> bool:
    return len(name) > SHORT_NAME or re.search(rf"(?<!\w){re.escape(name)}", text) is not None


def _best_quote(claim: Statement, spans: Sequence[Quote]) -> Quote | None:
    """The abstract's sentence that holds most of the claim's stems; its score is their share, 0 to 1."""
    if not claim.stems or not spans:
        return None
    scored = [
        Quote(span.text, span.start, span.end, share(claim.stems, statement(span.text).stems))
        for span in spans
    ]
    return max(scored, key=lambda quote: (quote.score, -len(quote.text)))
