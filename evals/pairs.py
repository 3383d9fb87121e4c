"""A file of claims and their evidence, one JSON object a line -> Pairs.

    claim       a text
    references  texts, each of which stands alone; or `sentences`: one text in parts
    label       what people said: SUPPORT or 1; CONTRADICT, NOINFO, or 0, which may be either of the two
    id          may be left out

Knows nothing of how a claim is judged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from evals.lines import read_lines

Label = Literal["SUPPORT", "CONTRADICT", "NOINFO", "UNSUPPORTED"]
"""UNSUPPORTED is a 0 in the file: contradicted or not mentioned, the file does not say which."""

NAMED_LABELS = ("SUPPORT", "CONTRADICT", "NOINFO")
LINE_HINT = 'A line is {"claim", "references" or "sentences", "label": 1, 0, SUPPORT, CONTRADICT or NOINFO}.'


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim, the texts that it is held against, and what people said.

    `id` is the line's, or its number where it has none.
    """

    id: str
    claim: str
    references: tuple[str, ...]
    label: Label


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """The pairs of a JSONL file; blank lines and other keys are skipped.

    Raises UsageError naming file and line for a line that is not so, and for a file that holds no
    pairs.
    """
    return read_lines(path, _pair, hint=LINE_HINT)


def _pair(line: str, number: int) -> Pair:
    """Raises ValueError with what is wrong with the line."""
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    claim = value.get("claim")
    if not isinstance(claim, str) or not claim.strip():
        raise ValueError("claim is not a text")
    given = value.get("id")
    identifier = str(number if given is None else given)
    return Pair(identifier, claim, _references(value), _label(value.get("label")))


def _references(value: dict[str, Any]) -> tuple[str, ...]:
    given = [name for name in ("references", "sentences") if name in value]
    if len(given) != 1:
        raise ValueError("either references or sentences are wanted")
    texts = value[given[0]]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{given[0]} is not a list of texts")
    filled = tuple(text for text in texts if text.strip())
    if not filled:
        raise ValueError(f"{given[0]} holds no text")
    return filled if given == ["references"] else (" ".join(filled),)


def _label(value: object) -> Label:
    if value in NAMED_LABELS:
        return cast(Label, value)
    if type(value) is int and value in (0, 1):
        return "SUPPORT" if value else "UNSUPPORTED"
    raise ValueError(f"label is {json.dumps(value)}, not 1, 0, {', '.join(NAMED_LABELS)}")
