"""A sentence against one paper -> verdict, and the paper's sentence that supports it best.

Pure and fast: words, numbers and names only. A sentence is supported when every number and
every name in it stands in the paper, most of its content words do, one sentence of the
abstract carries a good part of them, and that sentence says no where it says no. Knows
nothing of the model that wrote it; has no opinion about whether it answers the question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.types import Paper, Quote, Verdict
from rag.words import content_stems, content_words, holds_name, names, numbers, spaced, stem, words

# Shares of a sentence's content stems that must stand in the paper, and in its best sentence.
MIN_PAPER_COVER = 0.7
MIN_SENTENCE_COVER = 0.4
# Names of so many characters are too often everyday words in lower case.
SHORT_NAME = 3

# Two or more capitalised words in a row: a person, a dataset, an institution.
_PROPER = re.compile(r"(?<!\w)(?:[A-Z][\w'’-]*\s+)+[A-Z][\w'’-]*")
_NEGATION = re.compile(r"\b(?:not|no|never|without|neither|nor|cannot|fails?|unable|lacks?)\b|n't\b", re.I)
_NOT_ONLY = re.compile(r"\s+(?:only|just|merely|limited)\b", re.I)
# What a model says instead of an answer; a reader is told so by the refusal, not by a claim.
_EVASION = re.compile(
    r"(?:\b(?:not|no)|n['’]t)\b[^.]{0,40}\b(?:mention|state|specif|provide|explicit|information|given"
    r"|say|tell|discuss|address|describ|report|clarif)"
    r"|^(?:sorry|i am|i'm|as an ai)\b",
    re.I,
)


def verify(sentence: str, paper: Paper, spans: Sequence[Quote]) -> Verdict:
    """Whether `paper` supports `sentence`. `spans` are all sentences of its abstract.

    The score is the share of the sentence's content stems that the paper holds, 0 to 1.
    """
    text = f"{paper.title} {paper.abstract} {', '.join(paper.authors)}"
    stems = content_stems(sentence)
    quote = _best_quote(stems, spans)
    cover = len(stems & content_stems(text)) / len(stems) if stems else 0.0
    reason = _fault(sentence, stems, cover, text, quote)
    return Verdict(supported=not reason, score=cover, quote=quote, reason=reason)


def _fault(sentence: str, stems: set[str], cover: float, text: str, quote: Quote | None) -> str:
    """Why the sentence is not supported; empty where it is."""
    if not stems or quote is None:
        return "says nothing"
    if _EVASION.search(sentence):
        return "evades the question"
    if missing := numbers(sentence) - numbers(text):
        return f"numbers not in the paper: {', '.join(sorted(missing))}"
    if missing := _missing_names(sentence, text):
        return f"names not in the paper: {', '.join(sorted(missing))}"
    if cover < MIN_PAPER_COVER:
        return "words not in the paper"
    if quote.score < MIN_SENTENCE_COVER:
        return "no one sentence of the paper says it"
    if bool(_NEGATION.search(sentence)) and not _NEGATION.search(quote.text):
        return "says no where the paper does not"
    if not _NEGATION.search(sentence) and stems & _denied(quote.text):
        return "leaves out the paper's no"
    return ""


def _denied(text: str) -> set[str]:
    """The stem that each no of a text bears upon: the first content word behind it."""
    behind = (text[match.end() :] for match in _NEGATION.finditer(text))
    return {stem(word) for rest in behind if not _NOT_ONLY.match(rest) for word in content_words(rest)[:1]}


def _missing_names(sentence: str, text: str) -> set[str]:
    """Names of the sentence that stand nowhere in the text; a plural s does not count.

    A short name must stand there as it is written: BiT is not a bit.
    """
    held = spaced(text)
    unknown = {name for name in names(sentence) if not (holds_name(name, held) and _as_written(name, text))}
    known = set(map(stem, words(text)))
    return unknown | {name for name in _proper(sentence) if not set(map(stem, words(name))) <= known}


def _proper(sentence: str) -> set[str]:
    """The sentence's runs of capitalised words; the word that opens it is capitalised anyhow."""
    runs = ((match.start(), match.group()) for match in _PROPER.finditer(sentence))
    return {run if start else run.split(maxsplit=1)[1] for start, run in runs}


def _as_written(name: str, text: str) -> bool:
    return len(name) > SHORT_NAME or re.search(rf"(?<!\w){re.escape(name)}", text) is not None


def _best_quote(stems: set[str], spans: Sequence[Quote]) -> Quote | None:
    """The abstract's sentence that holds most of the stems; its score is their share, 0 to 1."""
    if not stems or not spans:
        return None
    scored = [
        Quote(span.text, span.start, span.end, len(stems & content_stems(span.text)) / len(stems))
        for span in spans
    ]
    return max(scored, key=lambda quote: (quote.score, -len(quote.text)))
