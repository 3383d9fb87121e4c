"""The page's example questions, asked as the page asks them: through its desk, of the model that is set.

    python -m evals.examples

A tool for who works on Vouch. An example is good that is answered, from its own page where it has one.
"""

from __future__ import annotations

import sys
from collections import deque
from contextlib import closing
from dataclasses import dataclass

from rag.config import load_settings
from rag.types import Answer, Scope
from ui.conversation import Asking
from ui.desk import Desk
from ui.examples import Example, examples_of


@dataclass(frozen=True, slots=True)
class Tried:
    """An example and what came of it."""

    owner: str
    question: str
    answer: Answer

    @property
    def good(self) -> bool:
        cited = [citation.paper.page_author for citation in self.answer.citations]
        of_page = not self.owner or cited[:1] == [self.owner]
        return self.answer.status == "answered" and bool(self.answer.claims) and of_page


def try_all(assistant: Asking) -> tuple[Tried, ...]:
    """Every example of the shelf, asked."""
    examples = examples_of(assistant.pages(), assistant.papers(Scope()))
    return tuple(_tried(assistant, example) for example in examples)


def _tried(assistant: Asking, example: Example) -> Tried:
    owner, question = example
    (answer,) = deque(assistant.stream(question, (), scope=Scope(), pick=None), maxlen=1)
    return Tried(owner, question, answer)


def main() -> int:
    with closing(Desk(load_settings())) as desk:
        tried = try_all(desk)
    for each in tried:
        mark = "good" if each.good else "BAD "
        sys.stdout.write(f"{mark} {each.owner or 'the whole shelf'}: {each.question}\n{each.answer.text}\n\n")
    return int(not all(each.good for each in tried))


if __name__ == "__main__":
    sys.exit(main())
