"""A Scope in words, part by part, and the plain names of arXiv's category codes.

Knows how a filter is said; knows no papers and counts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from rag.types import Scope

CATEGORY_NAMES: Mapping[str, str] = {
    "AI": "artificial intelligence",
    "AS": "audio and speech",
    "CL": "computation and language",
    "CR": "cryptography and security",
    "CV": "computer vision",
    "DC": "distributed computing",
    "GR": "graphics",
    "HC": "human-computer interaction",
    "IR": "information retrieval",
    "IV": "image and video processing",
    "LG": "machine learning",
    "MA": "multiagent systems",
    "MM": "multimedia",
    "NE": "neural and evolutionary computing",
    "RO": "robotics",
    "SD": "sound",
    "SE": "software engineering",
    "SP": "signal processing",
}


def category_name(code: str) -> str:
    """`LG (machine learning)`; the code alone where its name is not known."""
    name = CATEGORY_NAMES.get(code.upper())
    return f"{code.upper()} ({name})" if name else code.upper()


def scope_words(scope: Scope) -> tuple[str, ...]:
    """Each filter of the scope in a few words, in one order."""
    said: list[str] = []
    if scope.papers:
        said.append("the papers of the answer before")
    said += [f"{name}'s page" for name in [any_of(scope.owners)] if name]
    if scope.seeds:
        said.append(f"page file {any_of(scope.seeds)}")
    if scope.authors:
        said.append(f"page of, or printed with, {any_of(scope.authors)}")
    if scope.together:
        said.append(f"{' and '.join(scope.together)} together, each as page owner or printed")
    if scope.printed:
        said.append(f"printed with {any_of(scope.printed)}")
    if scope.first_authors:
        said.append(f"first author {any_of(scope.first_authors)}")
    if scope.not_authors:
        said.append(f"without {any_of(scope.not_authors)}")
    if scope.affiliations:
        said.append(f"affiliation {any_of(scope.affiliations)}")
    if scope.categories:
        said.append(f"category {any_of([category_name(code) for code in scope.categories])}")
    if scope.not_categories:
        said.append(f"not category {any_of([category_name(code) for code in scope.not_categories])}")
    said += [f"the word “{word}” in the title" for word in scope.titled]
    return (
        *said,
        *_time_words(scope),
        *_code_words(scope),
        *_printed_words(scope),
        *chosen_words(scope.within),
    )


def _printed_words(scope: Scope) -> list[str]:
    said = []
    if scope.categorised is not None:
        said.append("with a category" if scope.categorised else "without a category")
    if scope.affiliated is not None:
        said.append("with an affiliation" if scope.affiliated else "without an affiliation")
    return said


def chosen_words(scope: Scope | None) -> tuple[str, ...]:
    """What the reader chose to ask of; papers in it are pinned ones."""
    if not scope:
        return ()
    pinned = len(scope.papers)
    said = [f"{pinned} pinned {'paper' if pinned == 1 else 'papers'}"] if pinned else []
    return (*said, *scope_words(replace(scope, papers=())))


def any_of(values: Sequence[object]) -> str:
    return " or ".join(map(str, values))


def day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"


def _time_words(scope: Scope) -> list[str]:
    said = [any_of(scope.years)] if scope.years else []
    if scope.not_years:
        said.append(f"not {any_of(scope.not_years)}")
    if scope.since and scope.until:
        said.append(f"from {day(scope.since)} to {day(scope.until)}")
    elif scope.since:
        said.append(f"since {day(scope.since)}")
    elif scope.until:
        said.append(f"until {day(scope.until)}")
    if scope.dated is not None:
        said.append("with a date" if scope.dated else "without a date")
    return said


def _code_words(scope: Scope) -> list[str]:
    said = []
    if scope.has_code is not None:
        said.append("marked with code" if scope.has_code else "marked without code")
    if scope.code_known is not None:
        said.append("code known" if scope.code_known else "code unknown")
    return said
