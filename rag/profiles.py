"""The figures that an author's page states of its author: h-index, citations, papers, novelty, AI score.

Shown as stated, not corrected. Reads no question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.library import Library
from rag.telling import Said, answered, pageless
from rag.types import Answer, Inquiry, Page, Plan, ProfileField, Scope

_FIGURES: Mapping[ProfileField, str] = {
    "h_index": "an h-index of {}",
    "citations": "{} citations",
    "stated_papers": "{} papers",
    "novelty": "a novelty of {} %",
    "ai_score": "an AI score of {}",
}

_FIGURE_NAMES: Mapping[ProfileField, str] = {
    "h_index": "h-index",
    "citations": "citations",
    "stated_papers": "number of papers",
    "novelty": "novelty",
    "ai_score": "AI score",
}


def profiles(question: str, plan: Plan, inquiry: Inquiry, library: Library) -> Answer:
    owners = tuple(name for side in inquiry.sides for name in side.owners)
    if refusal := pageless(question, plan, owners, library):
        return refusal
    pages = [page for page in library.pages() if not owners or page.author in owners]
    said = [Said(_profile_line(page, field, library)) for field in inquiry.fields for page in pages]
    if inquiry.most is None and len(pages) == 1:
        return answered(question, plan, said)
    heads = [Said(text) for field in inquiry.fields if (text := _leader(pages, field, fewest=inquiry.fewest))]
    return answered(question, plan, [*heads, *said])


def _profile_line(page: Page, field: ProfileField, library: Library) -> str:
    value = getattr(page.profile, field)
    if value is None:
        inferred = "; its owner is inferred, too" if page.author_inferred else ""
        return f"{page.author}'s page states no {_FIGURE_NAMES[field]}{inferred}."
    listed = ""
    if field == "stated_papers":
        listed = f" and lists {len(library.papers(Scope(seeds=(page.seed,))))}"
    return f"{page.author}'s page states {_FIGURES[field].format(value)}{listed}."


def _leader(pages: Sequence[Page], field: ProfileField, *, fewest: bool) -> str:
    stated = {page.author: value for page in pages if (value := getattr(page.profile, field)) is not None}
    if not stated:
        return ""
    best = (min if fewest else max)(stated.values())
    first = " and ".join(name for name, value in stated.items() if value == best)
    silent = len(pages) - len(stated)
    left = f" {silent} of the {len(pages)} pages state none." if silent else ""
    return f"{'Lowest' if fewest else 'Highest'}: {first}, with {_FIGURES[field].format(best)}.{left}"
