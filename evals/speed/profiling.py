"""Where the time of one answer goes: a program of its own, which times what answers are made of.

    python -m evals.speed.profiling START QUESTION         the first one of a process begun at START
    python -m evals.speed.profiling warm QUESTION...       each asked again, its paper read before

One JSON object for each answer: milliseconds by stage, and `whole`. Functions and collaborators are
wrapped from outside; each stage has only the time that no stage within it has. While the first word is
waited for, what the model's thread does meanwhile is told instead; later it is only waited for, as words
are checked while further ones are written. The product knows nothing of this.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from importlib import import_module
from itertools import islice
from typing import Any

from rag.types import Segment

WHOLE, OTHER = "whole", "other"
FIRST_WORD, LATER_WORDS = "first word: handed over", "writing: waited for"
START = "Python"
# What opening and answering would import, imported first to be told apart.
LOADED_LATER = ("chromadb", "rag.assistant", "rag.engine", "rag.bert")
_MODEL_THREAD = {"kept state: read and checked", "kept state: restored", "kept state: saved", "prompt read"}

Stages = dict[str, float]


class Recorder:
    """Seconds by stage; each thread has stages within stages of its own."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._local = threading.local()
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """What is done in here, but for stages within it."""
        within: list[float] = self._local.__dict__.setdefault("within", [])
        within.append(0.0)
        start = self._clock()
        try:
            yield
        finally:
            took = self._clock() - start
            self.seconds[name] += took - within.pop()
            if within:
                within[-1] += took

    def wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def timed(*arguments: Any, **options: Any) -> Any:
            with self.stage(name):
                return call(*arguments, **options)

        return timed

    def wrap(self, owner: Any, stages: dict[str, str]) -> None:
        """Time these attributes of a module, a class or an object from now on."""
        for attribute, name in stages.items():
            setattr(owner, attribute, self.wrapped(name, getattr(owner, attribute)))

    def steps(self, name: str, steps: Iterator[Any]) -> Generator[Any, None, None]:
        """An iterator, each of whose steps is timed."""
        while True:
            with self.stage(name):
                try:
                    step = next(steps)
                except StopIteration:
                    return
            yield step

    def told(self, whole: float) -> Stages:
        """Milliseconds by stage of an answer that took so many seconds; what no stage has is `other`."""
        # The model's thread works while the first word is waited for.
        meanwhile = sum(self.seconds.get(name, 0.0) for name in _MODEL_THREAD)
        seconds = dict(self.seconds)
        if meanwhile:
            seconds[FIRST_WORD] -= meanwhile
        seconds[OTHER] = whole - sum(seconds.values())
        seconds[WHOLE] = whole
        return {name: 1000 * took for name, took in seconds.items()}


class TimedModel:
    """A language model whose first word and later ones are waited for as stages. A LanguageModel."""

    def __init__(self, model: Any, recorder: Recorder) -> None:
        self._model = model
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, segments: Sequence[Segment], **options: Any) -> Generator[str, None, None]:
        pieces = self._model.generate(segments, **options)
        try:
            yield from islice(self._recorder.steps(FIRST_WORD, pieces), 1)
            yield from self._recorder.steps(LATER_WORDS, pieces)
        finally:
            pieces.close()


def _wrap_opening(recorder: Recorder) -> None:
    from rag import gazetteer, wiring

    library = "opening: settings, library, vectors"
    recorder.wrap(wiring, {"open_library": library, "open_vectors": library, "probe_vectors": library})
    recorder.wrap(wiring, {"open_embedders": "opening: encoders"})
    names = "opening: names and checks"
    recorder.wrap(gazetteer, {"build_gazetteer": names})
    recorder.wrap(wiring, {"check_index": names})
    recorder.wrap(wiring, {"open_reader": "opening: model"})


def _wrap_answering(recorder: Recorder, assistant: Any) -> Any:
    """The same assistant, timed."""
    from rag import assistant as pipeline
    from rag import retrieve
    from rag.llama import Context
    from rag.read import Reader
    from rag.states import StateStore

    recorder.wrap(pipeline, {"understand": "understanding", "retrieve": "ranking"})
    recorder.wrap(retrieve, {"score_sentences": "evidence: sentences scored"})
    choosing = ("choose_papers", "giving", "strangers", "quote", "not_given")
    recorder.wrap(pipeline, dict.fromkeys(choosing, "choosing papers, quotes"))
    composing = ("compose", "compose_list", "compose_summary", "compare", "refuse", "hedge", "with_gap")
    recorder.wrap(pipeline, dict.fromkeys(composing, "composing"))
    records = ("search_text", "document_frequency", "paper_count", "papers", "papers_by_id", "chunks_of")
    recorder.wrap(assistant.library, dict.fromkeys(records, "SQLite: full text and records"))
    recorder.wrap(assistant.vectors, {"search": "Chroma: search"})
    recorder.wrap(assistant.vectors, {"vectors_of": "Chroma: vectors of the candidates"})
    for kind, embedder in assistant.embedders.items():
        recorder.wrap(embedder, {"embed_query": f"embedding: {kind} encoder"})
    recorder.wrap(Reader, {"segments": "prompt"})
    recorder.wrap(StateStore, {"get": "kept state: read and checked", "put": "kept state: saved"})
    recorder.wrap(Context, {"restore": "kept state: restored", "state": "kept state: saved"})
    read = Context.read
    Context.read = lambda self, batches: recorder.steps("prompt read", read(self, batches))  # type: ignore[method-assign]

    def reader(open_reader: Callable[[], Reader | None] = assistant.reader) -> Reader | None:
        with recorder.stage("opening: model"):
            found = open_reader()
        if found is None:
            return None
        verify = recorder.wrapped("verification", found.verify)
        return replace(found, model=TimedModel(found.model, recorder), verify=verify)

    return replace(assistant, reader=reader)


def _cold(recorder: Recorder, question: str, since: float) -> Stages:
    """`since`: the time at which the process was begun."""
    recorder.seconds[START] = time.time() - since
    with recorder.stage("imports"):
        for name in LOADED_LATER:
            import_module(name)
        from rag import config, wiring
    _wrap_opening(recorder)
    with recorder.stage("opening: settings, library, vectors"):
        settings = config.load_settings().model_copy(update={"kept_states_mb": 0})
    slot = wiring.ModelSlot(settings)
    assistant = _wrap_answering(recorder, wiring.open_assistant(settings, slot=slot))
    assistant.ask(question)
    told = recorder.told(time.time() - since)
    slot.close()
    return told


def _warm(recorder: Recorder, questions: Sequence[str]) -> Iterator[Stages]:
    """All are asked before, so that the paper of each comes from the store."""
    from rag import config, wiring

    settings = config.load_settings()
    slot = wiring.ModelSlot(settings)
    plain = wiring.open_assistant(settings, slot=slot)
    for question in questions:
        plain.ask(question)
    assistant = _wrap_answering(recorder, plain)
    for question in questions:
        recorder.seconds.clear()
        start = time.perf_counter()
        assistant.ask(question)
        yield recorder.told(time.perf_counter() - start)
    slot.close()


def main() -> None:
    first, *questions = sys.argv[1:]
    recorder = Recorder()
    warm = first == "warm"
    told = _warm(recorder, questions) if warm else iter([_cold(recorder, questions[0], float(first))])
    for stages in told:
        sys.stdout.write(json.dumps(stages) + "\n")


if __name__ == "__main__":
    main()
