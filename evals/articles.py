"""A file of articles, one JSON object a line -> Articles.

    title
    text      the abstract; or `sentences`: a list of its sentences
    targets   summaries that people wrote: a list of texts, at least one
    id        once in the file; may be left out

Knows nothing of how an article is summarised.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.lines import read_lines
from evals.papers import bare_paper
from rag.cleaning import clean
from rag.types import Paper

LINE_HINT = 'A line is {"id", "title", "text" or "sentences", "targets": [texts]}; see evals/articles.py.'


@dataclass(frozen=True, slots=True)
class Article:
    """An article, and the summaries that people wrote of it: at least one."""

    paper: Paper
    targets: tuple[str, ...]


def read_articles(path: Path) -> tuple[Article, ...]:
    """The articles of a JSONL file; blank lines and other keys are skipped.

    Where a line has `text` and `sentences`, the text counts. Raises UsageError naming file and
    line for a line that is not so, and for a file that holds no articles.
    """
    return read_lines(path, _article, hint=LINE_HINT, identity=lambda article: article.paper.id)


def _article(line: str, number: int) -> Article:
    """Raises ValueError with what is wrong with the line. Without an id it has its line's number."""
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    title = value.get("title")
    if not isinstance(title, str) or not clean(title).strip():
        raise ValueError("title is not a text")
    given = value.get("id")
    paper = bare_paper(str(number if given is None else given), clean(title).strip(), _abstract(value))
    return Article(paper, _texts(value.get("targets"), "targets"))


def _abstract(value: Mapping[str, Any]) -> str:
    text = value.get("text")
    if text is None:
        text = " ".join(_texts(value.get("sentences"), "sentences"))
    if not isinstance(text, str) or not clean(text).strip():
        raise ValueError("text is not a text")
    return clean(text)


def _texts(value: object, name: str) -> tuple[str, ...]:
    """The texts of a list that are not blank."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{name} is not a list of texts")
    filled = tuple(text.strip() for text in value if text.strip())
    if not filled:
        raise ValueError(f"{name} holds no text")
    return filled
