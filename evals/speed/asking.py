"""Time to the first evidence, the model's first token and the whole answer: cold, warm, paper read before.

The reference is what a plain program would do with the same model in the same minute: one prompt of the
rules, the five best abstracts and the question, read and answered by llama.cpp with nothing around it. It
searches as we do. Cold, both are new processes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from evals.speed.figures import Figure
from evals.speed.ground import Ground, child
from evals.speed.raw_llama import RawModel
from rag.assistant import Assistant
from rag.cores import usable_cores
from rag.weights import Choice
from rag.wiring import ModelSlot, open_assistant

PART = "answers"
PLAIN_ABSTRACTS = 5
PLAIN_TOKENS = 48
REFERENCE = f"{PLAIN_ABSTRACTS} abstracts in one prompt, plain llama.cpp"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds from the question on."""

    evidence: float
    first_token: float
    answer: float


def answer_figures(ground: Ground, choice: Choice) -> list[Figure]:
    """Every question cold, plain, by a warm model and by one that read its paper before, in turns."""
    questions = [question.question for question in ground.asked(ground.questions)]
    threads = ground.settings.threads or usable_cores()
    raw = RawModel(choice.path, tokens=4 * ground.settings.context_tokens, threads=threads)
    kept, unkept = ground.settings, ground.settings.model_copy(update={"kept_states_mb": 0})
    states = ("cold", "warm model", "warm paper", "plain", "plain, cold")
    found: dict[str, list[Times]] = {state: [] for state in states}
    with closing(ModelSlot(kept)) as keeping, closing(ModelSlot(unkept)) as forgetting:
        warm, cold = (open_assistant(kept, slot=slot) for slot in (keeping, forgetting))
        warm.ask(questions[-1]), cold.ask(questions[-1])
        for place, question in enumerate(questions):
            found["plain"].append(_plain(raw, warm, question))
            found["warm model"].append(_asked(cold, question))
            warm.ask(question)
            warm.ask(questions[place - 1])  # another paper, so that this one comes from the store
            found["warm paper"].append(_asked(warm, question))
            found["cold"].append(_cold(ground, _COLD, question))
            found["plain, cold"].append(_cold(ground, _COLD_PLAIN, str(choice.path), str(threads), question))
            ground.progress("answers", place + 1, len(questions))
    raw.free()
    return [*_figures(found), an_hour(found["warm paper"], found["warm model"])]


def an_hour(kept: Sequence[Times], unkept: Sequence[Times]) -> Figure:
    """Questions one after the other, as an eval asks them, their papers kept and not."""
    ours, theirs = (tuple(3600 / times.answer for times in each) for each in (kept, unkept))
    return Figure(PART, "questions an hour, papers kept", "1/h", "more", ours, "nothing kept", theirs)


def _figures(found: dict[str, list[Times]]) -> list[Figure]:
    """Evidence and first tokens against the plain first token, answers against the plain answer."""
    goals = {("cold", "first_token"): 3, ("warm paper", "first_token"): 10, ("warm paper", "answer"): 2}
    return [
        Figure(
            PART,
            f"{part.replace('_', ' ')}, {state}",
            "s",
            "less",
            tuple(getattr(times, part) for times in found[state]),
            f"{REFERENCE}, a new process" if state == "cold" else REFERENCE,
            tuple(
                getattr(times, "answer" if part == "answer" else "first_token")
                for times in found["plain, cold" if state == "cold" else "plain"]
            ),
            goals.get((state, part)),
        )
        for part in ("evidence", "first_token", "answer")
        for state in ("cold", "warm model", "warm paper")
    ]


def _asked(assistant: Assistant, question: str) -> Times:
    """One where the model writes nothing has its first token when it is done."""
    start = time.perf_counter()
    evidence = first = None
    for answer in assistant.stream(question):
        since = time.perf_counter() - start
        evidence = since if evidence is None and answer.claims else evidence
        first = since if first is None and answer.timings.first_token_s is not None else first
    end = time.perf_counter() - start
    return Times(evidence or end, first or end, end)


def _cold(ground: Ground, program: str, *arguments: str) -> Times:
    """From the start of a new process, which keeps nothing read."""
    start = time.time()
    lines = child("-c", program, *arguments, settings=ground.settings).splitlines()
    evidence, first, end = (moment - start for moment in json.loads(lines[-1]))
    return Times(evidence, first, end)


_COLD = """
import json, sys, time
from rag.config import load_settings
from rag.wiring import ModelSlot, open_assistant
settings = load_settings().model_copy(update={"kept_states_mb": 0})
slot = ModelSlot(settings)
slot.begin()
evidence = first = None
for answer in open_assistant(settings, slot=slot).stream(sys.argv[1]):
    now = time.time()
    evidence = now if evidence is None and answer.claims else evidence
    first = now if first is None and answer.timings.first_token_s is not None else first
slot.close()
print(json.dumps([evidence or now, first or now, now]))
"""


_COLD_PLAIN = """
import json, sys, time
from pathlib import Path
from evals.speed.asking import plainly
from evals.speed.raw_llama import RawModel
from rag.config import load_settings
from rag.wiring import open_assistant
settings = load_settings()
path, threads, question = sys.argv[1:]
assistant = open_assistant(settings)
raw = RawModel(Path(path), tokens=4 * settings.context_tokens, threads=int(threads))
print(json.dumps(list(plainly(raw, assistant, question, clock=time.time))))
"""


def plainly(
    raw: RawModel, assistant: Assistant, question: str, *, clock: Callable[[], float]
) -> tuple[float, float, float]:
    """When a plain program has its first evidence, its first token and its answer."""
    passages = assistant.search(question, count=PLAIN_ABSTRACTS)
    abstracts = "\n\n".join(f"[{place}] {each.paper.abstract}" for place, each in enumerate(passages, 1))
    raw.read(raw.tokens(f"Answer from these papers and cite them.\n\n{abstracts}\n\nQuestion: {question}\n"))
    first = clock()
    raw.write(PLAIN_TOKENS)
    return first, first, clock()


def _plain(raw: RawModel, assistant: Assistant, question: str) -> Times:
    start = time.perf_counter()
    evidence, first, end = plainly(raw, assistant, question, clock=time.perf_counter)
    return Times(evidence - start, first - start, end - start)


def peer_figures(rows: Sequence[dict[str, object]], part: str = "peers") -> list[Figure]:
    """Vouch against every other system of a result of the `peers` suite, question by question."""
    by_system: dict[str, dict[str, dict[str, object]]] = {}
    for row in rows:
        by_system.setdefault(str(row["system"]), {})[str(row["id"])] = row
    ours = by_system.pop("vouch", {})
    figures = []
    for system, theirs in by_system.items():
        for key, what, goal in (("first_token_s", "first token", 3), ("total_s", "answer", 2)):
            pairs = [
                (_number(ours[name][key]), _number(row[key]))
                for name, row in theirs.items()
                if name in ours and row.get(key) and ours[name].get(key)
            ]
            if pairs:
                values, references = zip(*pairs, strict=True)
                figures.append(Figure(part, what, "s", "less", values, system, references, goal))
    return figures


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
