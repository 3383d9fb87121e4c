"""A conversation so far -> what is in focus: papers one by one, the latest list, the latest author.

Knows what was asked and shown; reads no question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.types import Paper, Plan, Turn

# With so many papers asked about that a list does not hold, it is out of focus.
MOST_OUTSIDE = 2
# Their answers are over several papers.
_OVER_LISTS = frozenset({"topic", "compare", "summary"})


@dataclass(frozen=True, slots=True)
class Focus:
    """What a follow-up may point at; ids of papers, all of them on the shelf.

    `subjects` are the papers that single turns were about, in the order of their first mention;
    `subject` is the latest of them to be asked about, unless the last turn found none. `listed` is
    the latest list of several, `since` the subjects after it, `shown` what the last turn put before the
    reader, `seen` all that any did, the latest first. `plan` is how the last question was taken.
    `told` are sentences shown since the subject last changed. `lost` says that the last turn found
    nothing, `of_many` that it was about several papers.
    """

    plan: Plan
    subjects: tuple[str, ...] = ()
    subject: str = ""
    listed: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    author: str = ""
    told: tuple[str, ...] = ()
    lost: bool = False
    of_many: bool = False

    @property
    def row(self) -> tuple[str, ...]:
        """The papers that "the second one" counts: the latest list, else those asked about one by one."""
        if self.listed:
            return self.listed
        return self.subjects if len(self.subjects) > 1 else self.shown or self.subjects


def see_focus(history: Sequence[Turn], papers: Mapping[str, Paper]) -> Focus | None:
    """The focus after these turns; None where there are none."""
    if not history:
        return None
    focus = Focus(_plan(history[0]))
    for turn in history:
        focus = _after(focus, turn, papers)
    return focus


def _after(focus: Focus, turn: Turn, papers: Mapping[str, Paper]) -> Focus:
    plan = _plan(turn)
    if plan.trouble:
        return focus
    shown = tuple(paper_id for paper_id in turn.paper_ids if paper_id in papers)
    nearest = tuple(paper_id for paper_id in turn.nearest if paper_id in papers)
    subject, listed = _subject(plan, shown), _listed(plan, shown)
    subjects = tuple(dict.fromkeys((*focus.subjects, *([subject] if subject else []))))
    since = () if listed else tuple(dict.fromkeys((*focus.since, *([subject] if subject else []))))
    same = bool(subject) and subject == focus.subject
    return Focus(
        plan=plan,
        subjects=subjects,
        subject=subject or ("" if not shown and plan.kind != "catalogue" else focus.subject),
        listed=listed or _still_listed(focus, since),
        since=since,
        shown=shown or nearest,
        seen=tuple(dict.fromkeys((*shown, *nearest, *focus.seen))),
        author=_author(plan, subject, papers) or focus.author,
        told=(*focus.told, *turn.told) if same else turn.told,
        lost=not shown and plan.inquiry is None,
        of_many=bool(listed),
    )


def _plan(turn: Turn) -> Plan:
    return turn.plan or Plan(turn.question, "paper")


def _subject(plan: Plan, shown: Sequence[str]) -> str:
    """The one paper that the turn was about."""
    if len(plan.named) == 1:
        return plan.named[0]
    if plan.named or plan.kind in _OVER_LISTS:
        return ""
    if plan.kind == "catalogue" and len(shown) > 1:
        return ""
    return shown[0] if shown else ""


def _listed(plan: Plan, shown: Sequence[str]) -> tuple[str, ...]:
    """The several papers that the turn was about, in the order in which they stand before the reader."""
    if len(plan.named) > 1:
        return plan.named
    listing = plan.kind in _OVER_LISTS or plan.kind == "catalogue"
    return tuple(shown) if listing and len(shown) > 1 and len(plan.named) != 1 else ()


def _still_listed(focus: Focus, since: Sequence[str]) -> tuple[str, ...]:
    """The list before, unless the talk went on to papers that it does not hold."""
    outside = [paper_id for paper_id in since if paper_id not in focus.listed]
    return focus.listed if len(outside) < MOST_OUTSIDE else ()


def _author(plan: Plan, subject: str, papers: Mapping[str, Paper]) -> str:
    names = plan.scope.names or ((plan.inquiry.subject,) if plan.inquiry and plan.inquiry.subject else ())
    if len(names) == 1:
        return names[0]
    if plan.record and subject and any(field != "date" for field in plan.record):
        return next(iter(papers[subject].authors), "")
    return ""
