"""The question-time pipeline: question -> understand -> retrieve -> read -> compose -> Answer.

`stream` yields growing Answers, evidence first; `ask` returns the last. Everything it works
with is handed in; it opens nothing and knows no concrete class.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from rag import catalogue, itself
from rag.compare import compare, compared_passages, reading_question
from rag.compose import compose, compose_list, decline, hedge, refuse, with_gap
from rag.gazetteer import Gazetteer
from rag.library import Library
from rag.picked import plan_picked
from rag.protocols import Embedders, VectorStore
from rag.read import READING, Reader, quote, read
from rag.retrieve import retrieve, term_weights
from rag.sections import compose_summary, lay_out, tell
from rag.summary import GIST_QUESTION, find
from rag.types import Answer, Brief, Kind, Passage, Pick, Plan, Reading, Scope, Sides, Timings, Turn, Usage
from rag.understand import understand
from rag.wanted import not_given, strangers
from rag.within import hold_within, spoken_of

# Papers ranked for one question, and titles named when nothing answers.
PAPERS_RANKED = 30
PAPERS_NAMED_IN_REFUSAL = 3
# Quotes shown from the best paper of a question about one paper, from each other paper, and from one
# that does not give what is asked.
QUOTES_FROM_BEST = 4
QUOTES_FROM_OTHERS = 1
QUOTES_BESIDE_A_GAP = 2
# How far below the best paper's score another may stand and still be read for a question about one.
SCORE_MARGIN = 0.12
# The papers from this place on are those that the shelf has for any question: its level.
LEVEL_FROM = 10
# A paper belongs to the set asked for from this share of the best one's height above the level.
# Ranking alone, dev questions over several papers: precision 0.82, recall 0.96; held ones 0.86, 0.84.
SET_SHARE: dict[Kind, float] = {"topic": 0.45, "compare": 0.35}
# Most papers that one answer cites; the model reads at most `papers_read` of them.
MOST_PAPERS = 8
ALL_TOLD = "The abstract says no more than what was shown already, and I have only abstracts to read."
# From this share of the relevance floor up to it, the nearest paper is read with a caveat.
UNSURE_SHARE = 0.8
EVERYTHING = Scope()
# Papers told as like another.
MOST_ALIKE = 5


@dataclass
class Assistant:
    """What answering needs. `reader` gives the model to read with now, or None for quotes only."""

    library: Library
    vectors: VectorStore
    embedders: Embedders
    gazetteer: Gazetteer
    reader: Callable[[], Reader | None]
    papers_read: int
    relevance_floor: float
    clock: Callable[[], float] = field(default=time.perf_counter)

    def plan(self, question: str, history: Sequence[Turn] = (), scope: Scope = EVERYTHING) -> Plan:
        """The question, understood, and held within `scope`. Raises QuestionError if it cannot be asked."""
        plan = understand(question, spoken_of(history, scope.papers), self.gazetteer)
        inside = {paper.id for paper in self.library.papers(scope)} if scope else ()
        return hold_within(plan, scope, inside)

    def search(
        self, question: str, history: Sequence[Turn] = (), *, count: int = PAPERS_RANKED
    ) -> tuple[Passage, ...]:
        """Ranked papers, without the language model."""
        return self._retrieve(self.plan(question, history), count)

    def history(self, questions: Sequence[str]) -> tuple[Turn, ...]:
        """The questions asked one after the other, as the history of a further one."""
        turns: tuple[Turn, ...] = ()
        for question in questions:
            turns = (*turns, self.ask(question, turns).turn())
        return turns

    def ask(self, question: str, history: Sequence[Turn] = (), *, scope: Scope = EVERYTHING) -> Answer:
        """The whole answer."""
        return deque(self.stream(question, history, scope=scope), maxlen=1)[0]

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        scope: Scope = EVERYTHING,
        pick: Pick | None = None,
    ) -> Generator[Answer, None, None]:
        """Growing Answers: the evidence at once, then what the model makes of it, checked.

        Nothing outside `scope` is searched, counted or cited. With a `pick` its papers are what is asked
        about, whatever the scope, and the question is only shown.
        """
        watch = _Watch(self.clock)
        if pick:
            plan = plan_picked(question, pick, self.gazetteer.papers)
        else:
            plan = self.plan(question, history, scope)
        alike = pick and pick.aim == "like" and not plan.trouble
        answering = (
            self._alike(question, plan, pick.papers[0], watch)
            if pick and alike
            else self._answers(question, plan, watch)
        )
        with closing(answering) as answers:
            for answer in answers:
                yield replace(answer, plan=plan)

    def _answers(self, question: str, plan: Plan, watch: _Watch) -> Generator[Answer, None, None]:
        if not plan.named and itself.is_about_itself(question):
            yield decline(question, itself.ANSWER)
            return
        if plan.trouble:
            yield decline(question, plan.trouble)
            return
        if plan.kind == "catalogue":
            yield catalogue.answer(question, plan, library=self.library)
            return
        if plan.sides:
            yield from self._compare(question, plan, plan.sides, watch)
            return
        if plan.brief is not None:
            yield from self._summarise(question, plan, plan.brief, watch)
            return
        passages = _untold(self._retrieve(plan, PAPERS_RANKED), plan.told)
        if plan.told and not any(passage.sentences for passage in passages):
            yield decline(question, ALL_TOLD)
            return
        watch.retrieved()
        nearest = passages[:PAPERS_NAMED_IN_REFUSAL]
        chosen = choose_papers(plan, passages, floor=self.relevance_floor)
        known = plan.named or replace(plan.scope, within=None) or plan.kind != "paper"
        if not known and strangers(plan.question, self.gazetteer.known_words):
            yield refuse(question, plan, nearest, timings=watch.timings())
        elif chosen and plan.kind == "topic":
            yield from self._list(question, plan, chosen, watch)
        elif chosen:
            yield from self._answer(question, plan, chosen, watch)
        elif nearest and nearest[0].relevance >= UNSURE_SHARE * self.relevance_floor:
            with closing(self._answer(question, plan, nearest[:1], watch)) as answers:
                for answer in answers:
                    yield hedge(answer, nearest)
        else:
            yield refuse(question, plan, nearest, timings=watch.timings())

    def _alike(self, question: str, plan: Plan, paper: str, watch: _Watch) -> Generator[Answer, None, None]:
        """The papers nearest to one, but for itself."""
        passages = [each for each in self._retrieve(plan, MOST_ALIKE + 1) if each.paper.id != paper]
        watch.retrieved()
        if passages:
            yield from self._list(question, plan, passages[:MOST_ALIKE], watch)
        else:
            yield refuse(question, plan, (), timings=watch.timings())

    def _compare(
        self, question: str, plan: Plan, sides: Sides, watch: _Watch
    ) -> Generator[Answer, None, None]:
        """The table of the papers, then a checked sentence of some of them."""
        asked = reading_question(sides)
        papers = self.library.papers_by_id(sides.papers).values()
        passages = compared_passages(sides, [Passage(paper, 1.0, 1.0) for paper in papers])

        def put(readings: Sequence[Reading], model: str | None) -> Answer:
            return compare(question, plan, readings, model=model, timings=watch.timings())

        yield put([Reading(passage) for passage in passages], None)
        watch.retrieved()
        if len(passages) > 1 and not sides.by_date:
            of_each = replace(plan, question=asked, scope=Scope(papers=sides.papers))
            passages = compared_passages(sides, self._retrieve(of_each, len(sides.papers)))
            watch.retrieved()
            quoted = [quote(passage, count=QUOTES_FROM_OTHERS) for passage in passages]
            yield from self._read_each(quoted, asked, put, watch)

    def _summarise(
        self, question: str, plan: Plan, brief: Brief, watch: _Watch
    ) -> Generator[Answer, None, None]:
        """Several papers of an exact part of the shelf, as a summary or as a list: all quotes at once, then
        the model's sentences in their order.
        """
        found = find(brief, library=self.library, vectors=self.vectors, embedders=self.embedders)
        watch.retrieved()
        if not found.passages:
            nearest = found.nearest[:PAPERS_NAMED_IN_REFUSAL]
            yield refuse(question, plan, nearest, timings=watch.timings(), why=found.opening)
            return
        if plan.kind == "topic":
            yield from self._list(question, plan, found.passages, watch, found.opening)
            return
        layout = lay_out(brief, found.passages, found.opening)

        def put(readings: Sequence[Reading], model: str | None) -> Answer:
            told = layout.with_readings(readings)
            return compose_summary(question, plan, told, model=model, timings=watch.timings())

        yield from self._read_each(layout.readings, GIST_QUESTION, put, watch)

    def _list(
        self, question: str, plan: Plan, chosen: Sequence[Passage], watch: _Watch, opening: str = ""
    ) -> Generator[Answer, None, None]:
        """Papers by title, each with the sentence that says what it does."""

        def put(readings: Sequence[Reading], model: str | None) -> Answer:
            return compose_list(
                question, plan, readings, opening=opening, model=model, timings=watch.timings()
            )

        quoted = [Reading(passage, quotes=tell(passage, count=1)) for passage in chosen]
        yield from self._read_each(quoted, GIST_QUESTION, put, watch)

    def _answer(
        self, question: str, plan: Plan, chosen: Sequence[Passage], watch: _Watch
    ) -> Generator[Answer, None, None]:
        """What the papers say to the question; quotes alone where they do not give what it asks for."""
        chosen, gap = giving(plan, chosen, term_weights(plan.question, self.library))
        quoted = [_quotes(plan, place, passage) for place, passage in enumerate(chosen)]

        def put(readings: Sequence[Reading], model: str | None) -> Answer:
            return compose(question, plan, readings, model=model, timings=watch.timings())

        if gap:
            beside = quote(chosen[0], count=QUOTES_BESIDE_A_GAP)
            yield with_gap(put([beside], None), gap)
        elif plan.told:
            yield put(quoted, None)
        else:
            yield from self._read_each(quoted, plan.question, put, watch)

    def _read_each(
        self,
        quoted: Sequence[Reading],
        asked: str,
        put: Callable[[Sequence[Reading], str | None], Answer],
        watch: _Watch,
    ) -> Generator[Answer, None, None]:
        """Growing answers: what `put` makes of the quotes, then of what the model adds, paper by paper."""
        readings = list(quoted)
        yield put(readings, None)
        reader = self.reader()
        if reader is None:
            return
        for place, before in enumerate(readings[: self.papers_read]):
            for reading in read(before, asked, reader=reader, on_usage=watch.used):
                if reading.draft != READING:
                    watch.wrote()
                readings[place] = reading
                yield put(readings, reader.model.name)

    def _retrieve(self, plan: Plan, count: int) -> tuple[Passage, ...]:
        return retrieve(
            plan, library=self.library, vectors=self.vectors, embedders=self.embedders, count=count
        )


def choose_papers(plan: Plan, passages: Sequence[Passage], *, floor: float) -> tuple[Passage, ...]:
    """The papers that answer: all that the question names, where it names several; else, where the
    best one is named or near enough, that one and those that stand out with it.
    """
    if len(plan.named) > 1 or (plan.named and plan.kind == "summary"):
        return tuple(passage for passage in passages if passage.paper.id in plan.named)[:MOST_PAPERS]
    if not passages or not _near(plan, passages[0], floor):
        return ()
    best = passages[0].score
    if share := SET_SHARE.get(plan.kind):
        others = [passage.score for passage in passages[LEVEL_FROM:]]
        level = sum(others) / len(others) if others else 0.0
        least = level + share * (best - level)
        return tuple(passage for passage in passages if passage.score >= least)[:MOST_PAPERS]
    near = (passage for passage in passages if _near(plan, passage, floor))
    return tuple(passage for passage in near if passage.score >= best - SCORE_MARGIN)[:MOST_PAPERS]


def giving(
    plan: Plan, chosen: Sequence[Passage], weights: Mapping[str, float]
) -> tuple[tuple[Passage, ...], str]:
    """The papers that may give what is asked for; or the best one, and what it does not give.

    `weights` are the idf of the question's stems.
    """
    if plan.kind != "paper" or plan.told:
        return tuple(chosen), ""
    gaps = [not_given(plan.question, passage, weights) for passage in chosen]
    able = tuple(passage for passage, gap in zip(chosen, gaps, strict=True) if not gap)
    return (able, "") if able else (tuple(chosen[:1]), gaps[0])


def _untold(passages: Sequence[Passage], told: Sequence[str]) -> tuple[Passage, ...]:
    """The passages without the sentences that were shown already."""
    said = set(told)
    return tuple(
        replace(passage, sentences=tuple(each for each in passage.sentences if each.text not in said))
        for passage in passages
    )


def _near(plan: Plan, passage: Passage, floor: float) -> bool:
    return passage.relevance >= floor or passage.paper.id in plan.named


def _quotes(plan: Plan, place: int, passage: Passage) -> Reading:
    if plan.kind == "summary":
        count = QUOTES_FROM_BEST if place == 0 else QUOTES_FROM_OTHERS
        return Reading(passage, quotes=tell(passage, count=count))
    return quote(
        passage, count=QUOTES_FROM_BEST if place == 0 and plan.kind == "paper" else QUOTES_FROM_OTHERS
    )


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
