"""Which papers a summary is of: all of an exact scope, or those in it that a topic belongs to.

    Brief -> Found (passages, and the words that say which these are)

The exact part is the library's, the topical part retrieval's, cut where the set ends (rag.selection); the
opening says which part is which. Knows nothing of sentences, groups and models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.catalogue import nearest_wider
from rag.library import Library
from rag.protocols import Embedders, VectorStore
from rag.retrieve import retrieve, term_weights
from rag.scopes import scope_words
from rag.sections import papers_counted
from rag.selection import members
from rag.types import Brief, Paper, Passage, Plan, Quote, Scope

# Most papers of one topic.
MOST_PAPERS = 100
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
    if passages:
        return Found(passages, _opening(brief, len(passages), len(whole)))
    elsewhere = belonging(Scope())[0] if brief.scope else ()
    none = f"Of {papers_counted(len(whole))} ({_said(brief.scope)}), none is about “{brief.topic}”."
    if not elsewhere:
        return Found((), none, ranked)
    wider = f" On the whole shelf, {papers_counted(len(elsewhere))} {'is' if len(elsewhere) == 1 else 'are'}."
    return Found((), none + wider, elsewhere)


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
    return (
        f"{count} of {papers_counted(of)}: {where}about “{brief.topic}”, chosen by words and meaning.{notes}"
    )


def _pages(library: Library) -> str:
    return f"The pages here are those of {', '.join(page.author for page in library.pages())}."


def _said(scope: Scope) -> str:
    return " · ".join(scope_words(scope)) or "the whole shelf"
