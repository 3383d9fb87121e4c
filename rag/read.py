"""One paper and the question -> Reading, streamed.

The model sees one paper at a time, so whatever it writes is about that paper and its citation
is known without asking. Each sentence is checked as soon as it is complete; until then it is
the reading's `draft`. Knows nothing of other papers, of ranking or of how answers are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile

from rag.orders import is_order, without_orders
from rag.prompt import Prompt, render
from rag.protocols import LanguageModel
from rag.sentences import sentences
from rag.types import Paper, Passage, Quote, Reading, Segment, Usage, Verdict

Verify = Callable[[str, Paper, Sequence[Quote]], Verdict]

# A second quote must match the question at least this much as well as the best one does.
QUOTE_MARGIN = 0.6
# A sentence is shown where it is supported this surely; a less sure one gives way to a quote. Of the 107
# sentences in evals/readings, no one found unsupported by hand passes, and 13 of the 86 supported ones that
# pass verification give way.
SHOWN_FROM = 0.8
# Most sentences of the paper in the place of those that are not shown.
MOST_INSTEAD = 1
# The draft while the model reads and has not written a word.
READING = "…"


@dataclass(frozen=True, slots=True)
class Reader:
    """A model, the prompt it reads with, and the check of what it writes."""

    model: LanguageModel
    prompt: Prompt
    verify: Verify
    max_tokens: int
    max_seconds: float

    def segments(self, paper: Paper, question: str) -> tuple[Segment, ...]:
        """The prompt with which the model reads this paper for this question."""
        return self._rendered(paper.title, without_orders(paper.abstract), question)

    def begin(self) -> None:
        """Have the model read what all prompts begin with, unless somebody asks first."""
        one, other = (self._rendered(value, value, value) for value in "12")
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=True)))
        self.model.prepare(one[: shared + 1])

    def _rendered(self, title: str, abstract: str, question: str) -> tuple[Segment, ...]:
        messages = self.prompt.messages(title=title, abstract=abstract, question=question)
        return render(messages, self.model.chat_format)


def quote(passage: Passage, *, count: int) -> Reading:
    """A reading of the abstract's best sentences for the question alone, in their own order."""
    evidence = _evidence(passage)
    if not evidence:
        return Reading(passage)
    floor = evidence[0].score * QUOTE_MARGIN
    best = [sentence for sentence in evidence[:count] if sentence.score >= floor]
    return Reading(passage, quotes=tuple(sorted(best, key=lambda sentence: sentence.start)))


def read(
    reading: Reading, question: str, *, reader: Reader, on_usage: Callable[[Usage], None] | None = None
) -> Iterator[Reading]:
    """Growing readings: the quotes that `reading` has already, and what the model adds, checked."""
    passage = reading.passage
    yield replace(reading, draft=READING)
    pieces = reader.model.generate(
        reader.segments(passage.paper, question),
        max_tokens=reader.max_tokens,
        max_seconds=reader.max_seconds,
        on_usage=on_usage,
    )
    judge = _judge(passage, reader.verify)
    text = ""
    with closing(pieces):
        for piece in pieces:
            text += piece
            *complete, draft = _split(text)
            yield replace(_with(reading, _judged(complete, judge)), draft=draft)
    yield _with(reading, _judged(_finished(text), judge))


def _with(reading: Reading, judged: Sequence[tuple[str, Verdict]]) -> Reading:
    """The reading with what the paper surely supports, and its own words in the place of the rest."""
    instead = [verdict.quote for _, verdict in judged if verdict.quote and not _sure(verdict)]
    return replace(
        reading,
        sentences=tuple((sentence, verdict) for sentence, verdict in judged if _sure(verdict)),
        instead=tuple(dict.fromkeys(instead))[:MOST_INSTEAD],
    )


def _split(text: str) -> list[str]:
    """The text's sentences; the last may still be growing."""
    return [text[start:end] for start, end in sentences(text)] or [""]


def _finished(text: str) -> list[str]:
    """The sentences that the model brought to their end; one cut off by the budget is dropped."""
    found = [sentence for sentence in _split(text) if sentence]
    return found if not found or found[-1].rstrip("\"'”’)]")[-1:] in ".!?" or len(found) == 1 else found[:-1]


def _judge(passage: Passage, verify: Verify) -> Callable[[str], Verdict]:
    """What the paper makes of a sentence, an order in the paper left out of account; worked out once each."""
    evidence = _evidence(passage)
    paper = replace(passage.paper, abstract=without_orders(passage.paper.abstract))
    return cache(lambda sentence: verify(sentence, paper, evidence))


def _judged(written: Sequence[str], judge: Callable[[str], Verdict]) -> list[tuple[str, Verdict]]:
    """Each sentence with its verdict, once; orders are left out."""
    return [(sentence, judge(sentence)) for sentence in dict.fromkeys(written) if not is_order(sentence)]


def _sure(verdict: Verdict) -> bool:
    return verdict.supported and verdict.score >= SHOWN_FROM


def _evidence(passage: Passage) -> tuple[Quote, ...]:
    return tuple(sentence for sentence in passage.sentences if not is_order(sentence.text))
