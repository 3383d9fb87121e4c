"""What an eval run is on: its options, checked before anything is opened or asked.

Knows which suite reads which option, and nothing of how a suite runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from evals.peers.driver import find_peers
from evals.questions import find_questions
from rag.errors import UsageError

DEFAULT_SUITE = "answers"
# What retrieval is asked: with questions in other words than a paper's, which want no facts.
RETRIEVAL_SUITES = (DEFAULT_SUITE, "paraphrases")


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is on, beside the shelf: each for the suites that its comment names."""

    bench: Path | None = None  # retrieval: a folder in BEIR layout, instead of the shelf's questions
    pairs: Path | None = None  # support: claims and evidence
    articles: Path | None = None  # summaries: abstracts and their reference summaries
    split: str = ""  # answers, peers, retrieval: dev or held; of a bench, such as test
    sample: int | None = None  # answers, peers, summaries, injection: so many, spread evenly
    show_held: bool = False  # answers, peers: what was said to held questions, too
    peer: tuple[str, ...] = ()  # peers: which; none names all
    results: Path | None = None  # where results go

    def given(self) -> list[str]:
        """The names of the options that differ from their defaults."""
        return [field.name for field in fields(self) if getattr(self, field.name) != field.default]


# Which options each suite reads; a file of questions reads those of "answers".
READ_BY: Mapping[str, frozenset[str]] = {
    "answers": frozenset({"split", "sample", "show_held"}),
    "peers": frozenset({"split", "sample", "show_held", "peer"}),
    "retrieval": frozenset({"split", "sample", "bench"}),
    "support": frozenset({"pairs"}),
    "summaries": frozenset({"articles", "sample"}),
    "injection": frozenset({"sample"}),
}
READ_BY_ALL = frozenset({"results"})
# What a suite cannot run without.
NEEDED = {"support": "pairs", "summaries": "articles"}


def check_options(names: Sequence[str], options: Options) -> None:
    """Raise UsageError for a suite or a peer that there is not, for an option that no named suite
    reads, and for one that a named suite lacks: before the first of them runs.
    """
    for name in names:
        if name not in READ_BY:
            find_questions(name, others=READ_BY)
    read = READ_BY_ALL.union(*(READ_BY.get(name, READ_BY[DEFAULT_SUITE]) for name in names))
    for option in options.given():
        if option not in read:
            wanted = " or ".join(name for name, known in READ_BY.items() if option in known)
            raise _meaningless(option, " and ".join(names), hint=f"It is for: {wanted}.")
    for name in NEEDED.keys() & set(names):
        needed(name, options)
    find_peers(options.peer)


def check_report_options(options: Options, **others: object) -> None:
    """Raise UsageError for an option that the report of results does not read.

    `others` are what the command has beside the options, by name; empty where they are not given.
    """
    for option in [*options.given(), *(name for name, value in others.items() if value)]:
        if option not in READ_BY_ALL:
            hint = "It shows results as they were written; --results says where they are."
            raise _meaningless(option, "report", hint=hint)


def needed(name: str, options: Options) -> Path:
    """The file that the suite cannot run without. Raises UsageError where none is named."""
    path: Path | None = getattr(options, NEEDED[name])
    if path is None:
        option = f"--{NEEDED[name]} FILE"
        raise UsageError(f"{name} needs {option}.", hint=f"Such as: vouch eval {name} {option}")
    return path


def data_of(name: str, options: Options) -> str:
    """What a run of the suite is on, in words; two runs on the same can be compared."""
    file = {"retrieval": options.bench, "support": options.pairs, "summaries": options.articles}.get(name)
    if file is not None:
        file = file.resolve()
        told = [file.name if name == "retrieval" else f"{file.parent.name}/{file.name}"]
    else:
        told = [Path(name).name] if name.endswith(".jsonl") else []
    told += [options.split] if options.split else []
    told += [f"{options.sample} of them"] if options.sample else []
    return ", ".join(told)


def _meaningless(option: str, to: str, *, hint: str) -> UsageError:
    return UsageError(f"--{option.replace('_', '-')} means nothing to {to}.", hint=hint)
