"""A follow-up that only narrows or turns a question about the collection: "only 2023", "and Lu Yin?".

Its words are completed to a question, which `asked` reads, and what that says is laid over what was
asked before. Knows no papers and counts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rag.asked import read_question
from rag.marking import Shelf, mark
from rag.types import Aim, Inquiry, Order, Scope

_LEAD = re.compile(
    r"^\W*(?:(?:and|but|or|so|ok(?:ay)?|now|then|just|only|also|again|please|same|what about|how about|what of|what if"
    r"|what is it|i mean|i meant|no|thanks|cool|hm+|the same|narrow (?:it|that|them)?(?: down)?|limit (?:it|that|them)"
    r"|restrict (?:it|that|them)|filter(?: (?:it|them|those))?|to|show|list|give|me|count|for)\b[\s,:]*)+",
    re.I,
)
_LIGHT_LEAD = re.compile(r"^\W*(?:(?:and|ok(?:ay)?|now|then|please|so)\b[\s,:]*)+", re.I)
_AS_FIRST = re.compile(r"^\W*as (?:the |a )?(?:first|lead)[- ]author\W*$", re.I)
_ONES = re.compile(r"\b(?:the\s+)?(?:ones|those|them|it|that)\b", re.I)
_TAIL = re.compile(r"\b(?:only|instead|then|though|please|alone|too|as well)\b", re.I)
_PAPERS = re.compile(r"\b(?:papers?|publications?|articles?|works?)\b", re.I)
_CODE_TURNED = re.compile(r"^\W*(with|without)\W*$", re.I)
_AIMS: Sequence[tuple[Aim, re.Pattern[str]]] = (
    ("count", re.compile(r"^\W*how many(?: (?:of (?:those|them|these)|papers|is that|are there|are they|in all))*\W*$", re.I)),
    ("list", re.compile(
        r"^\W*(?:(?:which|what)(?: (?:ones|are (?:they|those|these)|papers(?: are (?:they|those|these))?))?"
        r"|(?:list|name|show|give)(?: me)? ?(?:them|those|these)?(?: all)?|the list|titles)\W*$", re.I)),
    ("latest", re.compile(
        r"^\W*(?:(?:which|what) (?:one )?(?:of (?:those|them|these) )?is )?(?:the |their )?"
        r"(?:newest|latest|most recent)(?: one)?(?: of (?:those|them|these))?\W*$", re.I)),
    ("earliest", re.compile(
        r"^\W*(?:(?:which|what) (?:one )?(?:of (?:those|them|these) )?is )?(?:the |their )?"
        r"(?:oldest|earliest)(?: one)?(?: of (?:those|them|these))?\W*$", re.I)),
    ("years", re.compile(r"^\W*(?:per|by|for each|each) year\W*$", re.I)),
    ("categories", re.compile(r"^\W*(?:per|by|for each|each) category\W*$", re.I)),
)  # fmt: skip
_BY_DATE = r"(?:(?:sort|order|sorted|ordered)(?: them| these| those| it)?(?: by date)?,?\s*)?(?:the )?"
_ORDERS: Sequence[tuple[Order, re.Pattern[str]]] = (
    ("newest", re.compile(rf"^\W*{_BY_DATE}(?:newest|latest|most recent)(?: ones?)? first\W*$", re.I)),
    ("oldest", re.compile(
        rf"^\W*(?:{_BY_DATE}(?:oldest|earliest)(?: ones?)? first|(?:sort|order)(?: them| these| those| it)? by (?:date|time|year)"
        r"|(?:sorted |ordered )?by date|(?:in )?chronological(?:ly)?(?: order)?)\W*$", re.I)),
)  # fmt: skip
_HOW_MANY = re.compile(r"^\W*how many\b", re.I)
_BESIDE = re.compile(r"^\W*(?:together |jointly |along )?with\b", re.I)
_PEOPLE = ("owners", "authors", "printed", "first_authors")
_TIMES = ("years", "since", "until", "not_years", "dated")
_OTHERS = ("categories", "not_categories", "affiliations", "seeds", "not_authors")


@dataclass(frozen=True, slots=True)
class Turned:
    """What a follow-up says of the question before: filters, another aim, or why it cannot be."""

    scope: Scope = field(default_factory=Scope)
    aim: Aim | None = None
    order: Order | None = None
    as_first: bool = False
    beside: bool = False
    code_turned: bool | None = None
    trouble: str = ""
    notes: tuple[str, ...] = ()


def read_turned(question: str, shelf: Shelf, *, names: bool) -> Turned | None:
    """What the question turns, if it does nothing else. `names` says that a part of a name is one."""
    asked_aim = _LIGHT_LEAD.sub("", question)
    if aim := next((aim for aim, pattern in _AIMS if pattern.match(asked_aim)), None):
        return Turned(aim=aim) if asked_aim.strip(" ?!.") else None
    if order := next((order for order, pattern in _ORDERS if pattern.match(asked_aim)), None):
        return Turned(order=order)
    rest = _LEAD.sub("", question)
    if _AS_FIRST.match(rest):
        return Turned(as_first=True)
    if found := _CODE_TURNED.match(rest):
        return Turned(code_turned=found[1].lower() == "with")
    aim = "count" if _HOW_MANY.match(rest) else None
    rest = _TAIL.sub(" ", _PAPERS.sub(" ", _ONES.sub(" ", _HOW_MANY.sub(" ", rest))))
    if not rest.strip(" ?!.,;:"):
        return None
    bare = rest.strip(" ?!.,;:")
    asked = read_question(f"list the papers {bare} ?", shelf)
    if asked.inquiry is None and names and not re.match(r"(?i)by\b", bare):
        named = read_question(f"list the papers by {bare} ?", shelf)
        typed_name = named.inquiry and (not named.inquiry.trouble or _looks_like_a_name(bare))
        asked = named if typed_name else asked
    if asked.inquiry is None or asked.inquiry.aim != "list":
        return None
    inquiry = asked.inquiry
    if not (inquiry.scope or inquiry.trouble):
        return None
    return Turned(
        inquiry.scope,
        aim,
        beside=bool(_BESIDE.match(bare)),
        trouble=inquiry.trouble,
        notes=inquiry.notes,
    )


def holds_only_a_name(question: str, shelf: Shelf) -> bool:
    """Whether the question is an author's whole name and nothing else."""
    return bool(re.fullmatch(r" (?:by |from )?NAME\d+ (?:'s )?", mark(_LEAD.sub("", question), shelf).text))


def turned_inquiry(inquiry: Inquiry, turned: Turned) -> Inquiry:
    """The inquiry with what the follow-up says laid over it."""
    over = replace(inquiry, notes=turned.notes, trouble=turned.trouble)
    if turned.aim:
        listed = turned.aim not in ("latest", "earliest")
        over = replace(over, aim=turned.aim, part=None, most=None if listed else 1, fewest=False, fields=())
    if turned.order:
        return replace(over, aim="list", order=turned.order, part=None, most=None, fewest=False, fields=())
    named = turned.scope.names
    if inquiry.aim == "profile" and named:
        return replace(over, sides=tuple(Scope(owners=(name,)) for name in named))
    if inquiry.aim == "coauthors" and named:
        return replace(over, subject=named[0])
    kept_sides = inquiry.sides if over.aim in ("count", "list", "compare", "profile") and not named else ()
    return replace(
        over,
        scope=turned_scope(inquiry.scope, turned),
        sides=tuple(turned_scope(side, turned) for side in kept_sides),
        aim="count" if inquiry.aim == "compare" and named else over.aim,
    )


def turned_scope(before: Scope, turned: Turned) -> Scope:
    """Each filter that the follow-up names in the place of the one of its kind; the others stay."""
    new = turned.scope
    if turned.code_turned is not None:
        return replace(before, has_code=turned.code_turned)
    if turned.as_first:
        return replace(before, first_authors=before.names, authors=(), owners=(), printed=())
    changes: dict[str, object] = {name: getattr(new, name) for name in _OTHERS if getattr(new, name)}
    if any(getattr(new, name) not in ((), None) for name in _TIMES):
        changes |= {name: getattr(new, name) for name in _TIMES}
    if new.has_code is not None or new.code_known is not None:
        changes |= {"has_code": new.has_code, "code_known": new.code_known}
    if new.names:
        changes |= _people(before, new, beside=turned.beside)
    return replace(before, **changes)  # type: ignore[arg-type]


def _people(before: Scope, new: Scope, *, beside: bool) -> dict[str, object]:
    cleared: dict[str, object] = dict.fromkeys((*_PEOPLE, "together"), ())
    if beside and before.names:
        return cleared | {"together": tuple(dict.fromkeys((*before.names, *new.names)))}
    if new.together or not new.authors:
        return cleared | {name: getattr(new, name) for name in (*_PEOPLE, "together")} | {"papers": ()}
    places = [name for name in _PEOPLE if getattr(before, name)]
    place = places[0] if len(places) == 1 else "authors"
    return cleared | {place: new.authors, "papers": ()}


def _looks_like_a_name(text: str) -> bool:
    return bool(re.fullmatch(r"(?:[A-Z][\w'’-]+\s+){1,3}[A-Z][\w'’-]+", text.strip()))
