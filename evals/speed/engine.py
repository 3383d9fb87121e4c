"""Reading and writing: Vouch's engine, a plain loop and llama-bench, in processes of their own, in turns."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from evals.speed.figures import Figure, in_turns
from evals.speed.ground import Ground, child
from evals.speed.raw_llama import COMPUTED, ON_GPU, REPACKS
from rag.cores import usable_cores
from rag.weights import Choice

READ_TOKENS = 512
WRITTEN_TOKENS = 48
QUESTIONS_READ = 60
PART = "engine"
PROGRAM = "evals.speed.engine_turn"
PLAIN, SAME, DEFAULT = "plain loop, our settings", "llama-bench, our settings", "llama-bench, its defaults"

Rates = dict[str, list[float]]


def engine_figures(ground: Ground, choice: Choice) -> list[Figure]:
    """Tokens read and written a second. A goal is told against llama-bench alone."""
    words = " ".join(question.question for question in ground.asked(QUESTIONS_READ))
    rates: dict[str, Rates] = {}

    def one(name: str) -> float:
        found = _turn(name, ground, choice.path, words)
        of_this = rates.setdefault(name, {"read": [], "write": []})
        for what, rate in found.items():
            of_this[what].append(rate)
        return 0.0

    names = ["ours", PLAIN, *(SAME, DEFAULT) * bool(ground.llama_bench)]
    in_turns(
        {name: (lambda name=name: one(name)) for name in names},  # type: ignore[misc]
        turns=ground.turns,
        progress=lambda done, total: ground.progress("engine", done, total),
    )
    return [
        Figure(
            PART,
            told,
            "tokens/s",
            "more",
            tuple(rates["ours"][what]),
            name,
            tuple(rates[name][what]),
            goal=None if name == PLAIN else 0.95,
        )
        for what, told in (("read", "prompt read"), ("write", "text written"))
        for name in names[1:]
    ]


def _turn(name: str, ground: Ground, model: Path, words: str) -> dict[str, float]:
    if ground.llama_bench and name in (SAME, DEFAULT):
        return _bench(ground.llama_bench, model, _threads(ground), as_vouch=name == SAME)
    whose = "ours" if name == "ours" else "plain"
    counts = str(READ_TOKENS), str(WRITTEN_TOKENS)
    told: dict[str, float] = json.loads(
        child("-m", PROGRAM, whose, str(model), words, *counts, settings=ground.settings)
    )
    return told


def _bench(program: Path, model: Path, threads: int, *, as_vouch: bool) -> dict[str, float]:
    """llama-bench reads from nothing, and writes where as much was read before as in our runs."""
    found = {}
    for name, test in (
        ("read", {"-p": READ_TOKENS, "-n": 0}),
        ("write", {"-p": 0, "-n": WRITTEN_TOKENS, "-d": READ_TOKENS}),
    ):
        options = {"-m": model, "-t": threads, "-r": 1, "--repack": int(REPACKS), **test}
        if as_vouch:
            options |= {"-b": READ_TOKENS, "-ub": COMPUTED}
            options |= {} if ON_GPU else {"-fa": "off"}
        command = [str(program), *(str(word) for option in options.items() for word in option), "-o", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[name] = json.loads(done.stdout)[0]["avg_ts"]
    return found


def _threads(ground: Ground) -> int:
    return ground.settings.threads or usable_cores()
