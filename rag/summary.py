"""Which papers a summary is of: all of an exact scope, or those in it that a topic belongs to.

    Brief -> Found (passages, and the words that say which these are)

The exact part is the library's, the topical part retrieval's, cut where the set ends (rag.selection); the
opening says which part is which. Knows nothing of sentences, groups and models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.library import Library
from rag.protocols import Embedders, VectorStore
from rag.retrieve import retrieve, term_weights
from rag.scopes import day, scope_words
from rag.sections import papers_counted
from rag.selection import members
from rag.telling import nearest_wider
from rag.types import Brief, Paper, Passage, Plan, Quote, Scope

# Most papers of one topic.
MOST_PAPERS = 100
# Papers of a topic that are told where the newest or the oldest is asked for.
MOST_BY_DATE = 3
# What the model is asked of each paper, whatever the summary is about: a paper's gist depends on no question.
GIST_QUESTION = "In one short sentence, what does this paper do?"


@dataclass(frozen=True, slots=True)
class Found:
    """The papers of a summary and what is said of the choice; without papers, `nearest` ones."""

    passages: tuple[Passage, ...]
    opening: str
    nearest: tuple[Passage, ...] = ()


def find(brief: Brief, *, library: Library, vectors: VectorStore, embedders: Embedders) -> Found:
    """The papers that belong, best first; where no topic is asked for, the newest first."""
    if brief.trouble:
        return Found((), f"{brief.trouble} {_pages(library)}")
    whole = library.papers(brief.scope)
    if not whole:
        return Found((), f"No paper fits: {_said(brief.scope)}.{nearest_wider(brief.scope, library)}")
    if not brief.topic:
        return Found(_as_listed(whole, library), _opening(brief, len(whole), len(whole)))

    def belonging(scope: Scope) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
        ranked = retrieve(
            Plan(brief.topic, "summary", scope),
            library=library, vectors=vectors, embedders=embedders, count=MOST_PAPERS,
        )  # fmt: skip
        return members(ranked, term_weights(brief.topic, library)), ranked

    passages, ranked = belonging(brief.scope)
    if brief.apart:
        about = {passage.paper.id for passage in passages}
        others = [paper for paper in whole if paper.id not in about]
        return Found(_as_listed(others, library), _opening(brief, len(others), len(whole)))
    if passages:
        opening = _opening(brief, len(passages), len(whole))
        return Found(*_ends(brief, passages, opening)) if brief.most else Found(passages, opening)
    elsewhere = belonging(Scope())[0] if brief.scope else ()
    none = f"Of {papers_counted(len(whole))} ({_said(brief.scope)}), none is about “{brief.topic}”."
    if not elsewhere:
        return Found((), none, ranked)
    wider = f" On the whole shelf, {papers_counted(len(elsewhere))} {'is' if len(elsewhere) == 1 else 'are'}."
    return Found((), none + wider, elsewhere)


def _ends(brief: Brief, passages: Sequence[Passage], opening: str) -> tuple[tuple[Passage, ...], str]:
    """The newest or oldest of a topic's papers by date, and the opening with which they are."""
    newest = brief.order == "newest"
    dated = sorted(
        (passage for passage in passages if passage.paper.date),
        key=lambda passage: str(passage.paper.date),
        reverse=newest,
    )
    undated = len(passages) - len(dated)
    left = f" {undated} of them {'prints' if undated == 1 else 'print'} no date." if undated else ""
    if not dated:
        return tuple(passages), f"{opening} None of them prints a date, so none can be said to come first."
    told = dated[: max(brief.most or 1, MOST_BY_DATE)]
    first = told[0].paper
    assert first.date is not None
    word = "newest" if newest else "oldest"
    named = f" The {word} of these by date is “{first.title}” ({day(first.date)})."
    more = f" The {len(told)} {word} follow, the {word} first." if len(told) > 1 else ""
    return tuple(told), f"{opening}{named}{more}{left}"


def _as_listed(papers: Sequence[Paper], library: Library) -> tuple[Passage, ...]:
    """The papers, newest first and the undated last, each with its sentences in their order."""
    sentences: dict[str, list[Quote]] = {paper.id: [] for paper in papers}
    for chunk in library.chunks_of([paper.id for paper in papers]):
        if chunk.kind == "sentence":
            sentences[chunk.paper_id].append(Quote(chunk.text, chunk.start, chunk.end, 1.0))
    newest = sorted(papers, key=lambda paper: str(paper.date or ""), reverse=True)
    return tuple(Passage(paper, 1.0, 1.0, tuple(sentences[paper.id])) for paper in newest)


def _opening(brief: Brief, count: int, of: int) -> str:
    """`2 of 32 papers: Xuan Shen's page; about “diffusion”, chosen by words and meaning.`"""
    notes = "".join(f" {note[:1].upper()}{note[1:]}." for note in brief.notes)
    if not brief.topic:
        return f"{papers_counted(count)}: {_said(brief.scope)}.{notes}"
    where = f"{_said(brief.scope)}; " if brief.scope else ""
    about = f"{'not ' if brief.apart else ''}about “{brief.topic}”"
    return f"{count} of {papers_counted(of)}: {where}{about}, chosen by words and meaning.{notes}"


def _pages(library: Library) -> str:
    return f"The pages here are those of {', '.join(page.author for page in library.pages())}."


def _said(scope: Scope) -> str:
    return " · ".join(scope_words(scope)) or "the whole shelf"
