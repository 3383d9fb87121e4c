"""Questions to begin with, made of what the shelf holds: one for each page, one for all of them. Pure.

A page is asked about the paper that speaks most of its own name; knows no paper by heart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import cycle

from rag.latex import readable
from rag.types import Page, Paper
from rag.words import is_name

MOST_PAGES = 5
QUESTIONS = ("How does {} work?", "What problem does {} solve?", "What is the main idea of {}?")
SUMMARY = "Summarise “{}”."
WITH_CODE = "How many papers from {} come with code?"
_NAMED = re.compile(r"([^\s:$]{2,20}):\s")

Example = tuple[str, str]


def examples_of(pages: Sequence[Page], papers: Sequence[Paper]) -> tuple[Example, ...]:
    """Page owner and question; the last is asked of the whole shelf and has no owner."""
    names = Counter(_name(paper) for paper in papers)
    wordings = cycle(QUESTIONS)
    found: list[Example] = []
    for page in pages[:MOST_PAGES]:
        of_page = [paper for paper in papers if paper.page_author == page.author]
        if named := [paper for paper in of_page if _spoken(paper) and names[_name(paper)] == 1]:
            telling = max(
                named, key=lambda paper: (_spoken(paper), paper.date.toordinal() if paper.date else 0)
            )
            found.append((page.author, next(wordings).format(_name(telling))))
        elif of_page:
            found.append((page.author, SUMMARY.format(readable(of_page[0].title))))
    known = [paper.date.year for paper in papers if paper.date and paper.has_code is not None]
    return (*found, *([("", WITH_CODE.format(max(known)))] if known else []))


def _name(paper: Paper) -> str:
    """What a title calls its own thing: `LazyDiT` of `LazyDiT: Lazy Learning`; empty where it does not."""
    called = _NAMED.match(paper.title)
    return called[1] if called and is_name(called[1]) else ""


def _spoken(paper: Paper) -> int:
    """How often the abstract says the name."""
    name = _name(paper)
    return len(re.findall(rf"\b{re.escape(name)}\b", paper.abstract)) if name else 0
