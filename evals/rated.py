"""Answers that a reader rated on the page -> a file of questions that `vouch eval` reads.

    python -m evals.rated > rated.jsonl
    vouch eval rated.jsonl

A good answer is asked for again: the papers it cited, and of what was counted the words. A poor one must not
come back: its words are forbidden; what would be right, a rating does not say. Questions that were asked
of a part of the shelf are left out, since a file of questions knows no scope.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from evals.metrics import normalise
from evals.questions import QuestionKind
from rag.command import as_command, say
from rag.config import load_settings
from rag.diary import Diary, Entry
from rag.types import Answer, Kind

LONGEST_PATTERN = 200  # characters of a claim
MOST_FORBIDDEN = 3
KINDS: Mapping[Kind, QuestionKind] = {
    "paper": "fact",
    "topic": "several",
    "compare": "several",
    "summary": "summary",
    "catalogue": "metadata",
    "other": "fact",
}


def questions(rated: Sequence[tuple[tuple[str, ...], Entry]]) -> list[dict[str, Any]]:
    """A line of the file for each rated answer that can be asked for again."""
    return [
        {"id": f"rated-{number}", "turns": [*before, entry.question], **wanted}
        for number, (before, entry) in enumerate(rated, 1)
        if not entry.scope and entry.answer and (wanted := _wanted(entry.answer, entry.rating))
    ]


def _wanted(answer: Answer, rating: int) -> dict[str, Any]:
    if rating < 0:
        told = [claim.text for claim in answer.claims if not claim.head] or [answer.text]
        forbidden = [pattern for text in told[:MOST_FORBIDDEN] if (pattern := _pattern(text))]
        return {"kind": "adversarial", "papers": [], "facts": [], "forbidden": forbidden}
    if answer.status == "not_found":
        return {"kind": "not_stated", "papers": [], "facts": []}
    counted = [claim.text for claim in answer.claims if claim.support == "computed" and not claim.head]
    facts = [[_pattern(counted[0])]] if answer.kind == "catalogue" and counted else []
    titles = [] if facts else [citation.paper.title for citation in answer.citations]
    return {"kind": KINDS[answer.kind], "papers": titles, "facts": facts} if facts or titles else {}


def _pattern(text: str) -> str:
    return re.escape(normalise(text)[:LONGEST_PATTERN])


def main() -> None:
    """Print the file of questions; on stderr how many of the ratings it holds."""
    with as_command():
        rated = Diary.open(load_settings().diary_path).rated()
        found = questions(rated)
        for line in found:
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        say(f"{len(found)} of {len(rated)} rated answers can be asked for again.")


if __name__ == "__main__":
    main()
