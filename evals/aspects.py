"""Which sentence states problem, idea, setting and result: how often `rag.aspects` is right.

Measured on abstracts that print labels (`METHODS: ...`), with the labels taken out: a sentence is
right that stood under a label that fits. Cues were chosen on the tuning half; the other half is held.

    python -m evals.aspects CORPUS.jsonl          one {"id", "text"} a line, such as SciFact's corpus
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.aspects import Aspect, find_aspects
from rag.command import as_command
from rag.errors import UsageError

FEWEST_SECTIONS = 3

_LABEL = re.compile(r"(?:^|(?<=[.!?)\]] ))((?:[A-Z]{3,})(?:[ ,/&]+(?:[A-Z]{2,}|&))*)(?:: | )(?=[A-Z0-9(])")
_SECTIONS = (
    ("methods and result", r"METHOD.*(?:RESULT|FINDING)"),
    ("result", r"RESULT|FINDINGS"),
    ("conclusion", r"CONCLUSION|INTERPRETATION|IMPLICATION|DISCUSSION|SUMMARY|SIGNIFICANCE"),
    ("objective", r"OBJECTIVE|AIM|PURPOSE"),
    ("methods", r"METHOD|DESIGN$|INTERVENTION|EXTRACTION|SYNTHESIS|MEASUREMENT"),
    ("setting", r"SETTING|PARTICIPANTS|PATIENTS|SUBJECTS|SOURCE|MATERIAL|SELECTION|EXPOSURE|OUTCOME"),
    ("background", r"BACKGROUND|CONTEXT|INTRODUCTION|IMPORTANCE|RATIONALE|MOTIVATION"),
)
# An abstract counts for an aspect where it has a section of the first kind; right is a sentence of any.
_ASKED: Mapping[Aspect, frozenset[str]] = {
    "problem": frozenset({"background"}),
    "idea": frozenset({"objective"}),
    "setting": frozenset({"setting", "methods", "methods and result"}),
    "result": frozenset({"result", "methods and result"}),
}
_RIGHT: Mapping[Aspect, frozenset[str]] = {
    "problem": frozenset({"background", "objective"}),
    "idea": frozenset({"objective", "methods", "setting"}),
    "setting": frozenset({"setting", "methods", "methods and result", "objective"}),
    "result": frozenset({"result", "conclusion", "methods and result"}),
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """An abstract without its labels, and where each section stands in it."""

    id: str
    text: str
    sections: tuple[tuple[int, int, str], ...]

    @property
    def half(self) -> Literal["tuning", "held"]:
        return "held" if zlib.crc32(self.id.encode()) % 2 else "tuning"

    def section(self, place: int) -> str:
        return next((name for start, end, name in self.sections if start <= place < end), "")


@dataclass(frozen=True, slots=True)
class Score:
    """Of `asked` abstracts, in how many a sentence was given, and in how many the right one."""

    asked: int
    given: int
    right: int


def read_labelled(lines: Iterable[str]) -> list[Labelled]:
    """The abstracts of a corpus that print at least three labels, the first at their start."""
    rows = (json.loads(line) for line in lines if line.strip())
    found = (without_labels(str(row["id"]), row["text"]) for row in rows)
    return [labelled for labelled in found if labelled]


def without_labels(key: str, text: str) -> Labelled | None:
    labels = list(_LABEL.finditer(text))
    if len(labels) < FEWEST_SECTIONS or labels[0].start() > 0:
        return None
    parts, sections, length = [], [], 0
    for label, following in zip(labels, [*labels[1:], None], strict=True):
        body = text[label.end() : following.start() if following else len(text)].strip()
        body = body if body[-1:] in ".!?" else f"{body}."
        sections.append((length, length + len(body), _section(label[1])))
        parts.append(body)
        length += len(body) + 1
    return Labelled(key, " ".join(parts), tuple(sections))


def score(abstracts: Sequence[Labelled]) -> dict[Aspect, Score]:
    asked: Counter[Aspect] = Counter()
    given: Counter[Aspect] = Counter()
    right: Counter[Aspect] = Counter()
    for labelled in abstracts:
        found = find_aspects(labelled.text)
        present = {name for _, _, name in labelled.sections}
        for aspect in _ASKED:
            if not present & _ASKED[aspect]:
                continue
            asked[aspect] += 1
            if aspect in found:
                given[aspect] += 1
                right[aspect] += labelled.section(found[aspect][0]) in _RIGHT[aspect]
    return {aspect: Score(asked[aspect], given[aspect], right[aspect]) for aspect in _ASKED}


def table(scores: Mapping[Aspect, Score]) -> str:
    lines = ["| aspect | abstracts | given | right of those given |", "|---|---|---|---|"]
    for aspect, of in scores.items():
        share = of.right / of.given if of.given else 0.0
        lines.append(f"| {aspect} | {of.asked} | {of.given / max(of.asked, 1):.2f} | {share:.3f} |")
    return "\n".join(lines)


def _section(label: str) -> str:
    return next((name for name, pattern in _SECTIONS if re.search(pattern, label)), "other")


def main() -> None:
    with as_command():
        _print_tables()


def _print_tables() -> None:
    if len(sys.argv) != 2:
        raise UsageError("Name one corpus.", hint="python -m evals.aspects CORPUS.jsonl")
    abstracts = read_labelled(Path(sys.argv[1]).read_text("utf-8").splitlines())
    for half in ("tuning", "held"):
        sys.stdout.write(f"{half}\n\n{table(score([one for one in abstracts if one.half == half]))}\n\n")


if __name__ == "__main__":
    main()
