"""Results of every suite as they lie on disk, and ways to spoil them, for the tests of what reads them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from evals.answers import RETRIEVED, Outcome, failed
from evals.pairs import Pair
from evals.questions import Question
from evals.results import read_result, write_result
from evals.retrieval import ALL, MEASURES, RetrievalReport, Score
from evals.scores import AnswersReport, summaries
from evals.summaries import MEASURES as ROUGES
from evals.summaries import SYSTEMS, SummariesReport
from evals.summaries import Score as RougeScore
from evals.support import run_support
from rag.errors import UsageError

OWL = "OWL: A Missing Secret"
HOSTILE = "<script>alert(1)</script>\"' onload=x <img src=http://example.org/x> | `[a](javascript:b)`\x00"
RECALLS = {"window": 0.9984, "sentence": 0.995}
EVIDENCE = ({"title": OWL, "relevance": 0.912, "score": 1.5},)


def question(name: str, kind: Any = "fact", *, split: Any = "dev", **more: Any) -> Question:
    wanted = {"papers": (OWL,), "facts": (("61.22", "sixty"), ("layers?",))}
    if kind in ("not_stated", "not_on_shelf"):
        wanted = {"papers": (), "facts": ()}
    return Question(name, kind, (f"What of {name}?",), split=split, page="000", **wanted | more)


def outcome(asked: Question, *, system: str = "vouch", right: bool = False, **more: Any) -> Outcome:
    told: dict[str, Any] = {
        "status": "answered",
        "text": f"Said of {asked.id}.",
        "titles": (OWL,),
        "facts_held": 1.0 if asked.facts else None,
        "title_recall": 1.0 if asked.papers else None,
        "relevance": 0.9,
        "first_right": OWL in asked.papers if asked.kind in RETRIEVED else None,
        "evidence": EVIDENCE,
        "first_token_s": 0.4,
        "total_s": 1.5,
    }
    return Outcome(asked, system, right=right, **told | more)


def written(report: Any, folder: Any, **provenance: Any) -> dict[str, Any]:
    """The result as it lies on disk."""
    model = {"name": "small", "file": "small.gguf", "sha256": "ab" * 32, "writes": True}
    path = write_result(report, folder, settings={"threads": 2}, model=model)
    return read_result(path) | provenance


def answers(*outcomes: Outcome, suite: str = "answers") -> AnswersReport:
    return AnswersReport(suite, outcomes, summaries(outcomes))


MISSES = {
    "invented": outcome(question("invented"), invented=("[7]",)),
    "forbidden": outcome(question("forbidden", forbidden=("75",)), forbidden=("75",)),
    "undeclined": outcome(question("undeclined", "not_stated")),
    "premise": outcome(question("premise", "false_premise")),
    "title": outcome(question("title"), titles=("Larks",), title_recall=0.0),
    "titles": outcome(question("titles", "several", papers=(OWL, "A", "B")), title_recall=1 / 3),
    "no facts": outcome(question("no facts"), facts_held=0.0),
    "half": outcome(question("half"), facts_held=0.5),
    "refused": outcome(
        question("refused"), status="not_found", declined=True, facts_held=0.0, title_recall=0.0
    ),
    "failed": failed(question("failed"), "It is too long."),
}
RIGHT = outcome(question("right"), right=True)
DECLINED = outcome(question("declined", "not_on_shelf"), status="not_found", declined=True, right=True)
HELD = outcome(question("held", split="held"), text="Nobody sees this.")
OUTCOMES = (RIGHT, DECLINED, HELD, *reversed(MISSES.values()))


def retrieval_report(group: str = ALL, measures: Any = tuple(MEASURES)) -> RetrievalReport:
    scores = [
        Score(group, 12, system, measure, 0.875, (0.811, 0.933))
        for system in ("vouch", "bm25")
        for measure in measures
    ]
    return RetrievalReport("shelf", "dev", "", 195, 12, 3, "words@1", tuple(scores), (), RECALLS)


def summaries_report() -> SummariesReport:
    scores = [RougeScore(system, measure, 0.456, (0.4, 0.5)) for system in SYSTEMS for measure in ROUGES]
    return SummariesReport(tuple(scores), dict.fromkeys(SYSTEMS, 12.5), 0.9, 0.6, 2.5, ())


SUPPORT = run_support(
    [
        Pair("a", "Larks sing.", ("Larks sing at dawn.",), "SUPPORT"),
        Pair("b", "Owls dance on ice.", ("Larks sing at dawn.",), "NOINFO"),
    ]
)


def sample_results(folder: Path) -> dict[str, Any]:
    """Suite -> its result."""
    reports = {
        "answers": answers(*OUTCOMES),
        "peers": answers(RIGHT, outcome(question("right"), system="plain"), suite="peers"),
        "retrieval": retrieval_report(),
        "support": SUPPORT,
        "summaries": summaries_report(),
    }
    return {name: written(report, folder, commit="abc123") for name, report in reports.items()}


def strings(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in a JSON value where a text stands."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(each, str):
            yield value, key
        elif isinstance(each, dict | list):
            yield from strings(each)


def made_hostile(results: dict[str, Any]) -> list[Any]:
    """The results with HOSTILE for every text that other people write."""
    hostile = copy.deepcopy(results)
    for place, key in list(strings(list(hostile.values()))):
        if key not in ("suite", "system", "measure", "group", "kind", "status"):
            place[key] = HOSTILE
    for row in [*hostile["peers"]["rows"], *hostile["peers"]["summaries"]]:
        row["system"] = HOSTILE
    return list(hostile.values())


def at(result: Any, path: list[Any]) -> Any:
    """What stands at a path of keys."""
    for key in path:
        result = result[key]
    return result


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def spoiled(data: st.DataObject, results: dict[str, Any]) -> Any:
    """One of the results, one value of it removed or replaced by any other."""
    result = copy.deepcopy(data.draw(st.sampled_from(list(results.values()))))
    place: Any = result
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner and data.draw(st.booleans())):
            break
        place = inner
    if data.draw(st.booleans()):
        del place[key]
    else:
        place[key] = data.draw(JSON)
    return result


def clear(make: Callable[[], str]) -> bool:
    """Whether what is made can be written, or it is told in one line with a hint why not."""
    try:
        return bool(make().encode())
    except UsageError as error:
        return "\n" not in error.message and bool(error.hint)
