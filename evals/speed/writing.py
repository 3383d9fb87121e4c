"""Reading and writing: the engine against llama.cpp with nothing around it; with guesses and without."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from evals.speed.figures import Figure, in_turns
from evals.speed.ground import Ground
from evals.speed.raw_llama import COMPUTED, REPACKS, RawModel
from rag.cores import usable_cores
from rag.protocols import LanguageModel
from rag.types import Segment, Usage
from rag.weights import Choice
from rag.wiring import open_assistant, open_reader

READ_TOKENS = 512
WRITTEN_TOKENS = 48
ANSWER_TOKENS = 96
PART = "engine"


def engine_figures(ground: Ground, choice: Choice) -> list[Figure]:
    """Tokens read and written a second, the engine's store of prefixes and its guesses off."""
    plain = ground.settings.model_copy(update={"kept_states_mb": 0, "drafting": False})
    threads = ground.settings.threads or usable_cores()
    raw = RawModel(choice.path, tokens=ground.settings.context_tokens, threads=threads)
    words = " ".join(question.question for question in ground.asked(60)).split()
    while len(raw.tokens(" ".join(words))) >= READ_TOKENS:
        words.pop()
    text = " ".join(words)
    with closing(open_reader(plain, choice).model) as model:
        tokens = raw.tokens(text)
        turn = iter(range(1_000_000))

        def read_and_write(written: int) -> tuple[float, float]:
            # Another first word each time: what was read before would not be read again.
            return timed(model, (f"{next(turn)} {text}",), written)

        rates: dict[str, list[float]] = {name: [] for name in ("read", "write", "raw read", "raw write")}

        def ours() -> float:
            read, write = read_and_write(WRITTEN_TOKENS)
            rates["read"].append(read)
            rates["write"].append(write)
            return 0.0

        def theirs() -> float:
            rates["raw read"].append(len(tokens) / raw.read(tokens))
            rates["raw write"].append(WRITTEN_TOKENS / raw.write(WRITTEN_TOKENS))
            return 0.0

        ours(), theirs()  # the first ones read the file
        rates = {name: [] for name in rates}
        timed_calls: dict[str, Callable[[], float]] = {"ours": ours, "theirs": theirs}
        if ground.llama_bench:
            rates |= {"bench read": [], "bench write": []}
            timed_calls["bench"] = lambda: _bench(ground.llama_bench, choice.path, threads, rates)
        in_turns(timed_calls, turns=ground.turns, progress=_bar(ground, "engine"))
    raw.free()
    found = []
    for name, what in (("read", "prompt read"), ("write", "text written")):
        for reference, told in (("raw", "plain llama.cpp loop"), ("bench", "llama-bench")):
            if theirs_rates := rates.get(f"{reference} {name}"):
                pair = tuple(rates[name]), told, tuple(theirs_rates)
                found.append(Figure(PART, what, "tokens/s", "more", *pair, goal=0.95))
    return found


def drafting_figures(ground: Ground, choice: Choice) -> list[Figure]:
    """Tokens written a second on answers, with guesses against without, question by question."""
    questions = ground.asked(2 * ground.questions)
    search = open_assistant(ground.settings).search
    rates: dict[bool, list[float]] = {True: [], False: []}
    readers = {
        on: open_reader(ground.settings.model_copy(update={"drafting": on}), choice) for on in (True, False)
    }
    same = 0
    for place, question in enumerate(questions):
        (passage, *_) = search(question.question)
        segments = readers[True].segments(passage.paper, question.question)
        texts = {}
        for on in (True, False) if place % 2 else (False, True):
            written: list[str] = []
            rate = timed(readers[on].model, segments, ANSWER_TOKENS, written)[1]
            rates[on].append(rate)
            texts[on] = "".join(written)
        same += texts[True] == texts[False]
        ground.progress("guessing", place + 1, len(questions))
    for reader in readers.values():
        reader.model.close()
    told = "without guesses"
    pair = tuple(rates[True]), told, tuple(rates[False])
    share = Figure(
        PART, "answers worded alike", "of 1", "more", (same / len(questions),), told, (1.0,), goal=0.98
    )
    return [Figure(PART, "answer written, with guesses", "tokens/s", "more", *pair, goal=1.5), share]


def timed(
    model: LanguageModel, segments: Sequence[Segment], count: int, written: list[str] | None = None
) -> tuple[float, float]:
    """Tokens read, and tokens written, a second. The first token counts as read."""
    used: list[Usage] = []
    start = time.perf_counter()
    pieces = model.generate(segments, max_tokens=count, on_usage=used.append)
    first = next(pieces, "")
    between = time.perf_counter()
    rest = list(pieces)
    end = time.perf_counter()
    if written is not None:
        written += [first, *rest]
    return used[0].prompt_tokens / (between - start), max(1, used[0].output_tokens - 1) / (end - between)


def _bench(program: Path | None, model: Path, threads: int, rates: dict[str, list[float]]) -> float:
    """llama-bench reads from nothing, and writes where as much was read before as in our runs."""
    for name, test in (
        ("bench read", {"-p": READ_TOKENS, "-n": 0}),
        ("bench write", {"-p": 0, "-n": WRITTEN_TOKENS, "-d": READ_TOKENS}),
    ):
        options: dict[str, object] = {"-m": model, "-t": threads, "-ub": COMPUTED, "-r": 1, **test}
        options["--repack"] = int(REPACKS)
        command = [str(program), *(str(word) for option in options.items() for word in option), "-o", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rates[name].append(json.loads(done.stdout)[0]["avg_ts"])
    return 0.0


def _bar(ground: Ground, stage: str) -> Callable[[int, int], None]:
    return lambda done, total: ground.progress(stage, done, total)
