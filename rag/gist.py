"""The sentences of an abstract that tell best what its paper does, whatever is asked.

    gist    the one sentence: what is proposed or shown
    story   two to four: the problem, what is proposed, what came of it, in the paper's own order

By plain signals: what a sentence presents, how much of the title it says, where it stands. Pure; knows
nothing of questions and of models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.types import Paper, Quote
from rag.words import content_stems

# Rounded weights of a linear model of ROUGE-1 against people's one-sentence summaries, fitted on the
# first 309 articles of SciTLDR's test set (docs/evals.md tells what it has on the other 309). Of
# PRESENTS, where it is flat from 0.05 to 0.5, a reader is served by more than what fits best.
PRESENTS = 0.12
SAYS_NEW = 0.06
BACKGROUND = -0.04
TITLE_SHARE = 0.2
LATE = -0.03  # at the abstract's end; nothing at its start
TOO_SHORT = -0.09
TOO_LONG = -0.04
SHORT_WORDS = 8
LONG_WORDS = 38
MOST_OF_A_STORY = 4
# The second half of an abstract, in which results are looked for.
RESULT_FROM = 0.5

_PRESENTS = re.compile(
    r"\b(?:we|this (?:paper|work|article|study)|our (?:paper|work))"
    r" (?:\w+ly )?(?:(?:also|then|here|thus|therefore|first|further|instead) )?"
    r"(?:propose|present|introduce|show|develop|describe|demonstrate|study|investigate|provide|design|address"
    r"|explore|analy[sz]e|prove|devise|formulate|revisit|argue|suggest)(?:s|es)?\b"
    r"|\b(?:here,? we|in this (?:paper|work|study|article)|to this end|to address (?:this|these))\b",
    re.I,
)
_NEW = re.compile(r"\b(?:propose|introduce|present|novel|new)\b", re.I)
_BACKGROUND = re.compile(
    r"https?://|\bcode\b.*\bavailable|\bextensive experiments\b|\brecent(?:ly)?\b"
    r"|\bhave (?:emerged|become|achieved|shown|been)\b|\bhowever\b",
    re.I,
)
_PROBLEM = re.compile(
    r"\b(?:however|but|yet|challeng\w+|difficult\w*|limit(?:ed|s|ation|ations)?|costly|expensive|suffers?|lack\w*|fail\w*|bottleneck"
    r"|problem|unclear|underexplored|overlook\w*|degrad\w+|hinder\w*|struggl\w+|despite|remains?)\b",
    re.I,
)
_RESULT = re.compile(
    r"\b(?:outperform\w*|state-of-the-art|achiev\w+|experiment\w*|results?|improv\w+|reduc\w+|surpass\w*|accura\w+|speedups?)\b"
    r"|\d(?:\.\d+)?\s*(?:\\?%|×|x\b|\$\\times)",
    re.I,
)
_ADDRESS = re.compile(
    r"https?://|\b(?:code|project page|models?) (?:is|are|will be)\b.*\b(?:available|released)", re.I
)


def gist(paper: Paper, sentences: Sequence[Quote]) -> Quote | None:
    """The sentence that tells best what the paper does; None of an abstract without one."""
    scored = list(zip(_scores(paper.title, sentences), sentences, strict=True))
    return max(scored, key=lambda pair: (pair[0], -pair[1].start))[1] if scored else None


def story(paper: Paper, sentences: Sequence[Quote], *, count: int) -> tuple[Quote, ...]:
    """At most `count` of the sentences: the gist, then the best result, problem and one more, in order.

    Raises nothing for an abstract that has fewer.
    """
    ordered = sorted(sentences, key=lambda sentence: sentence.start)
    best = gist(paper, ordered)
    if best is None or count < 1:
        return ()
    chosen = [best]
    scores = dict(zip(ordered, _scores(paper.title, ordered), strict=True))
    place = ordered.index(best)
    for wanted in (
        [each for each in ordered[place + 1 :] if _is_result(each, ordered)],
        [each for each in ordered[:place] if _PROBLEM.search(each.text)],
        [each for each in ordered[place + 1 :] if not _ADDRESS.search(each.text)],
    ):
        left = [each for each in wanted if each not in chosen]
        if left and len(chosen) < min(count, MOST_OF_A_STORY):
            chosen.append(max(left, key=lambda each: scores[each]))
    return tuple(sorted(chosen, key=lambda sentence: sentence.start))


def _is_result(sentence: Quote, ordered: Sequence[Quote]) -> bool:
    late = ordered.index(sentence) >= RESULT_FROM * (len(ordered) - 1)
    return late and _RESULT.search(sentence.text) is not None and not _ADDRESS.search(sentence.text)


def _scores(title: str, sentences: Sequence[Quote]) -> list[float]:
    of_title = content_stems(title)
    ordered = sorted(sentences, key=lambda sentence: sentence.start)
    last = max(len(sentences) - 1, 1)
    return [_score(each.text, of_title, ordered.index(each) / last) for each in sentences]


def _score(text: str, of_title: set[str], place: float) -> float:
    length = len(text.split())
    return (
        PRESENTS * bool(_PRESENTS.search(text))
        + SAYS_NEW * bool(_NEW.search(text))
        + BACKGROUND * bool(_BACKGROUND.search(text))
        + TITLE_SHARE * len(of_title & content_stems(text)) / max(len(of_title), 1)
        + LATE * place
        + TOO_SHORT * (length < SHORT_WORDS)
        + TOO_LONG * (length > LONG_WORDS)
    )
