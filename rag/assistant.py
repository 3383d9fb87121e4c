"""The question-time pipeline: question -> understand -> retrieve -> read -> compose -> Answer.

`stream` yields growing Answers, evidence first; `ask` returns the last. Everything it works
with is handed in; it opens nothing and knows no concrete class.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rag import catalogue
from rag.compose import compose, refuse
from rag.library import Library
from rag.protocols import Embedder, VectorStore
from rag.read import Reader, read
from rag.retrieve import retrieve
from rag.types import Answer, Kind, Passage, Plan, Timings, Turn, Usage
from rag.understand import Gazetteer, understand

# Papers ranked for one question, and titles named when nothing answers.
PAPERS_RANKED = 10
PAPERS_NAMED_IN_REFUSAL = 3
# Quotes shown from the best paper of a question about one paper, and from each other paper.
QUOTES_FROM_BEST = 3
QUOTES_FROM_OTHERS = 1
# How far below the best paper's score another may stand and still be read, by kind of question.
SCORE_MARGIN: dict[Kind, float] = {"paper": 0.12, "topic": 0.45, "compare": 0.0, "summary": 0.45}


@dataclass
class Assistant:
    """What answering needs. `reader` gives the model to read with now, or None for quotes only."""

    library: Library
    vectors: VectorStore
    embedder: Embedder
    gazetteer: Gazetteer
    reader: Callable[[], Reader | None]
    papers_read: int
    relevance_floor: float
    clock: Callable[[], float] = field(default=time.perf_counter)

    def plan(self, question: str, history: Sequence[Turn] = ()) -> Plan:
        """The question, understood. Raises QuestionError where it cannot be asked."""
        return understand(question, history, self.gazetteer)

    def search(self, question: str, *, count: int) -> tuple[Passage, ...]:
        """Ranked papers, without the language model."""
        return self._retrieve(self.plan(question), count)

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The whole answer."""
        return deque(self.stream(question, history), maxlen=1)[0]

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Answer]:
        """Growing Answers: the evidence at once, then what the model makes of it, checked."""
        watch = _Watch(self.clock)
        plan = self.plan(question, history)
        if plan.kind == "catalogue":
            yield catalogue.answer(question, plan, library=self.library)
            return
        passages = self._retrieve(plan, PAPERS_RANKED)
        watch.retrieved()
        chosen = choose_papers(plan, passages, floor=self.relevance_floor, most=self.papers_read)
        if not chosen:
            yield refuse(question, plan, passages[:PAPERS_NAMED_IN_REFUSAL], timings=watch.timings())
            return
        yield from self._read_all(question, plan, chosen, watch)

    def _read_all(
        self, question: str, plan: Plan, chosen: Sequence[Passage], watch: _Watch
    ) -> Iterator[Answer]:
        readings = [
            next(iter(read(p, plan.question, reader=None, quotes=_quotes(plan, i))))
            for i, p in enumerate(chosen)
        ]
        yield compose(question, plan, readings, model=None, timings=watch.timings())
        reader = self.reader()
        if reader is None:
            return
        for index, passage in enumerate(chosen):
            growing = read(
                passage, plan.question, reader=reader, quotes=_quotes(plan, index), on_usage=watch.used
            )
            for reading in growing:
                if reading.draft or reading.sentences:
                    watch.wrote()
                readings[index] = reading
                yield compose(question, plan, readings, model=reader.model.name, timings=watch.timings())

    def _retrieve(self, plan: Plan, count: int) -> tuple[Passage, ...]:
        return retrieve(plan, library=self.library, vectors=self.vectors, embedder=self.embedder, count=count)


def choose_papers(plan: Plan, passages: Sequence[Passage], *, floor: float, most: int) -> tuple[Passage, ...]:
    """The papers worth reading: those that the question names, else those near it and near the best."""
    named = [passage for passage in passages if passage.paper.id in plan.named]
    if named:
        return tuple(named[:most])
    near = [passage for passage in passages if passage.relevance >= floor]
    if not near or passages[0].relevance < floor:
        return ()
    margin = SCORE_MARGIN.get(plan.kind, 0.0)
    return tuple(passage for passage in near if passage.score >= passages[0].score - margin)[:most]


def _quotes(plan: Plan, index: int) -> int:
    return QUOTES_FROM_BEST if index == 0 and plan.kind == "paper" else QUOTES_FROM_OTHERS


class _Watch:
    """Times and tokens of one question."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = clock()
        self._retrieve_s = 0.0
        self._first_token_s: float | None = None
        self._prompt_tokens = 0
        self._output_tokens = 0

    def retrieved(self) -> None:
        self._retrieve_s = self._clock() - self._start

    def wrote(self) -> None:
        if self._first_token_s is None:
            self._first_token_s = self._clock() - self._start

    def used(self, usage: Usage) -> None:
        self._prompt_tokens += usage.prompt_tokens
        self._output_tokens += usage.output_tokens

    def timings(self) -> Timings:
        return Timings(
            retrieve_s=self._retrieve_s,
            first_token_s=self._first_token_s,
            total_s=self._clock() - self._start,
            prompt_tokens=self._prompt_tokens,
            output_tokens=self._output_tokens,
        )
