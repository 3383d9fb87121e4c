"""A plan held to the part of the shelf that the reader chose: filters and pinned papers. Pure.

Whatever the question means, only papers of the chosen scope count: searched, counted, summarised and
compared. A question that names papers outside it alone is told so. Knows nothing of how a scope is chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from rag.scopes import chosen_words
from rag.types import Aim, Brief, Inquiry, Plan, Scope, Sides, Turn

# What pages state of themselves is the same whatever is filtered.
UNSCOPED_AIMS: frozenset[Aim] = frozenset({"owners", "profile"})


def hold_within(plan: Plan, scope: Scope, inside: Collection[str]) -> Plan:
    """The plan, its every part within `scope`, whose papers are `inside` (ids). An empty scope frees it."""
    within = scope if scope else None
    asked = plan.sides.papers if plan.sides else plan.named
    kept = tuple(paper for paper in asked if not within or paper in inside)
    trouble = plan.trouble
    if asked and not kept and not trouble:
        it = "The paper that this names is" if len(asked) == 1 else "The papers that this names are"
        trouble = f"{it} outside what you ask of ({' · '.join(chosen_words(scope))}). Widen it and ask again."
    return replace(
        plan,
        scope=replace(plan.scope, within=within),
        named=kept if not plan.sides else tuple(name for name in plan.named if not within or name in inside),
        inquiry=_inquiry(plan.inquiry, within) if plan.inquiry else None,
        sides=_sides(plan.sides, kept) if plan.sides else None,
        brief=_brief(plan.brief, within) if plan.brief else None,
        understood_as=_told(plan, scope),
        trouble=trouble,
    )


def spoken_of(history: Sequence[Turn], pinned: Sequence[str]) -> tuple[Turn, ...]:
    """The history without the scopes of its day; pinned papers count as told last where its last answer told
    none of them, so that "it" is a pinned paper.
    """
    free = tuple(
        replace(turn, plan=hold_within(turn.plan, Scope(), ())) if turn.plan else turn for turn in history
    )
    last = history[-1].paper_ids if history else ()
    if not pinned or any(paper in pinned for paper in last):
        return free
    return (*free, Turn("", tuple(pinned)))


def _told(plan: Plan, scope: Scope) -> str:
    if not scope or (plan.inquiry and plan.inquiry.aim in UNSCOPED_AIMS):
        return plan.understood_as
    return " · ".join(filter(None, [plan.understood_as or plan.question, *chosen_words(scope)]))


def _inquiry(inquiry: Inquiry, within: Scope | None) -> Inquiry:
    if inquiry.aim in UNSCOPED_AIMS:
        return inquiry
    return replace(
        inquiry,
        scope=replace(inquiry.scope, within=within),
        part=replace(inquiry.part, within=within) if inquiry.part else None,
        sides=tuple(replace(side, within=within) for side in inquiry.sides),
    )


def _sides(sides: Sides, kept: tuple[str, ...]) -> Sides:
    left = len(sides.papers) - len(kept)
    if not left:
        return sides
    note = f"{left} of the papers {'is' if left == 1 else 'are'} outside what you ask of"
    return replace(sides, papers=kept, note="; ".join(filter(None, [sides.note, note])))


def _brief(brief: Brief, within: Scope | None) -> Brief:
    return replace(brief, scope=replace(brief.scope, within=within))
