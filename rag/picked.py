"""Papers that a reader picked by hand -> a Plan, without a word to understand. Pure.

Knows what is asked of picked papers; knows nothing of how they were picked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.types import Brief, Paper, Pick, Plan, Scope, Sides


def plan_picked(question: str, pick: Pick, shelf: Mapping[str, Paper]) -> Plan:
    """The plan of what is asked; papers that the shelf does not hold are left out."""
    papers = tuple(paper for paper in dict.fromkeys(pick.papers) if paper in shelf)
    if not papers:
        gone = "The papers that were picked are no longer on this shelf."
        return Plan(question, "other", understood_as=question, trouble=gone)
    told = f"{question} · {_titles([shelf[paper] for paper in papers])}"
    if pick.aim == "compare":
        return Plan(question, "compare", named=papers, understood_as=told, sides=Sides(papers))
    if pick.aim == "like":
        return Plan(shelf[papers[0]].title, "topic", understood_as=question)
    if len(papers) == 1:
        return Plan(question, "summary", named=papers, understood_as=question)
    scope = Scope(papers=papers)
    return Plan(question, "summary", scope, understood_as=told, brief=Brief(scope))


def _titles(papers: Sequence[Paper]) -> str:
    return ", ".join(f"“{paper.title}”" for paper in papers)
