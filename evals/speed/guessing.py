"""Guessed words: answers written with them and without, in turns."""

from __future__ import annotations

from evals.speed.figures import Figure
from evals.speed.ground import Ground
from evals.speed.writing import timed
from rag.weights import Choice
from rag.wiring import open_assistant, open_reader

PART = "guesses"
ANSWER_TOKENS = 96
LEAST_RATIO = 0.95
WITHOUT = "without guesses"
# With guesses, without, without, with: what slows the machine meanwhile slows both.
TURNS = (True, False, False, True)


def drafting_figures(ground: Ground, choice: Choice) -> list[Figure]:
    """Tokens written a second on answers, question by question, and which answers lost by guesses."""
    questions = ground.asked(2 * ground.questions)
    search = open_assistant(ground.settings).search
    rates: dict[bool, list[float]] = {True: [], False: []}
    same = 0
    for place, question in enumerate(questions):
        (passage, *_) = search(question.question, count=1)
        texts: dict[bool, str] = {}
        of_this: dict[bool, list[float]] = {True: [], False: []}
        for on in TURNS if place % 2 else [not on for on in TURNS]:
            written: list[str] = []
            settings = ground.settings.model_copy(update={"drafting": on})
            # One at a time: of two models in one process each wrote 17 instead of 24 tokens a second.
            reader = open_reader(settings, choice)
            segments = reader.segments(passage.paper, question.question)
            of_this[on].append(timed(reader.model, segments, ANSWER_TOKENS, written)[1])
            reader.model.close()
            texts[on] = "".join(written)
        for on, found in of_this.items():
            rates[on].append(len(found) / sum(1 / rate for rate in found))
        same += texts[True] == texts[False]
        ground.progress("guessing", place + 1, len(questions))
    return figures_of(tuple(rates[True]), tuple(rates[False]), same / len(questions))


def figures_of(on: tuple[float, ...], off: tuple[float, ...], alike: float) -> list[Figure]:
    """The gain of the median answer, of the least, how many did not lose, and how many are worded alike."""
    gain = Figure(PART, "answer written", "tokens/s", "more", on, WITHOUT, off, goal=1.5)
    ratios = gain.ratios
    not_slower = sum(ratio >= LEAST_RATIO for ratio in ratios) / len(ratios)
    mean = sum(ratios) / len(ratios)
    told = f"of {len(ratios)} answers"
    return [
        gain,
        Figure(PART, f"mean gain {told}", "times", "more", (mean,), WITHOUT, (1.0,), goal=1.5),
        Figure(PART, f"least gain {told}", "times", "more", (min(ratios),), WITHOUT, (1.0,), LEAST_RATIO),
        Figure(
            PART,
            f"{LEAST_RATIO} times or more, {told}",
            "of 1",
            "more",
            (not_slower,),
            WITHOUT,
            (1.0,),
            goal=1,
        ),
        Figure(PART, "answers worded alike", "of 1", "more", (alike,), WITHOUT, (1.0,), goal=0.98),
    ]
