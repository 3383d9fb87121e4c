"""Senses of questions that set papers against each other: shares; authors, years, categories compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag import wordings
from rag.filters import Slate
from rag.marking import Marked, marks_of
from rag.phrases import PAPERS
from rag.sense import Sense, built, of_papers
from rag.types import Scope


def share(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    found = slate.take(wordings.SHARE)
    if len(found) != 1 or not (of_papers(marked.text) or wordings.SHELF.search(marked.text)):
        return None
    begin = found[0].end() + 1
    head, text = slate.text[:begin], slate.text[begin - 1 :]
    # the verb after the papers parts the whole from the part
    verb = next(
        (
            match
            for match in wordings.SPLIT.finditer(text)
            if re.search(
                rf"(?:{PAPERS}|'s|shelf|library|collection) |(?:YEAR|NAME)\d+", text[: match.start()]
            )
        ),
        None,
    )
    if verb is None:
        return None
    whole_slate, part_slate = Slate(f"{head} {text[: verb.start()]} "), Slate(f" {text[verb.start() :]}")
    whole = built("share", whole_slate, marked, before)
    part = built("share", part_slate, marked, ())
    if not part.inquiry.scope:
        return None
    broken = whole.broken or part.broken or bool(whole.inquiry.sides or part.inquiry.sides)
    clash = _asked_fields(whole.inquiry.scope) & _asked_fields(part.inquiry.scope)
    inquiry = replace(
        whole.inquiry, part=part.inquiry.scope, trouble=whole.inquiry.trouble or part.inquiry.trouble
    )
    return Sense(inquiry, whole.left + part.left, whole.slate + part.slate, broken or bool(clash))


def _asked_fields(scope: Scope) -> set[str]:
    return {name for name in Scope.__dataclass_fields__ if getattr(scope, name) not in ((), None)}


def compare(marked: Marked, before: Sequence[str]) -> Sense | None:
    """Two authors set against each other by their papers."""
    slate = Slate(marked.text)
    names = [marked.values[name] for name in marks_of("NAME", slate.text)]
    comparing = re.search(r" (?:more|most|fewer|fewest|less|compare|versus|vs) ", slate.text)
    if len(set(names)) != len(names) or not comparing or not wordings.VERSUS.search(slate.text):
        return None
    if re.search(r" (?:cited|citations?|h-?index|novelty|together|old|recent) ", slate.text) or not of_papers(
        slate.text
    ):
        return None
    with_page = " page " in slate.text or " pages " in slate.text
    units = slate.take(wordings.COMPARED)
    than = " than " in marked.text
    joined = (len(units) == 1 < len(names) and not than) or (len(units) <= 2 and than and len(names) == 2)
    attempt = built(
        "compare", slate, marked, before, wordings.COMPARING, fewest=bool(wordings.FEW.search(comparing[0]))
    )
    scope = attempt.inquiry.scope
    sides = tuple(
        replace(scope, owners=(name,)) if with_page else replace(scope, authors=(name,)) for name in names
    )
    return replace(
        attempt,
        inquiry=replace(attempt.inquiry, sides=sides),
        broken=attempt.broken or not joined or bool(scope.names),
    )


def set_against(marked: Marked, before: Sequence[str]) -> Sense | None:
    """Years or categories set against each other: "are there more CV or LG papers?"."""
    kind = next((kind for kind in ("YEAR", "CODE", "FIELD") if len(set(marks_of(kind, marked.text))) > 1), "")
    words = [found.strip() for found in wordings.MANY_MORE.findall(marked.text)]
    if not kind or not words:
        return None
    slate = Slate(marked.text)
    joined = slate.take(wordings.joined(kind))
    names = marks_of(kind, joined[0][0]) if len(joined) == 1 else []
    apart = re.search(r" (?:or|vs|versus|than|against) ", joined[0][0]) if joined else None
    slate.take(wordings.MANY_MORE_OF)
    attempt = built(
        "compare", slate, marked, before, wordings.COMPARING, fewest=bool(wordings.FEW.search(words[0]))
    )
    scope = attempt.inquiry.scope
    if kind == "YEAR":
        sides = tuple(replace(scope, years=(marked.times[name][0].year,)) for name in names)
        taken = bool(scope.years or scope.since or scope.until or scope.not_years)
    else:
        sides = tuple(replace(scope, categories=(marked.values[name],)) for name in names)
        taken = bool(scope.categories or scope.not_categories)
    whole = len(set(sides)) == len(set(marks_of(kind, marked.text))) > 1 and (
        apart or words[0].startswith("compare")
    )
    return replace(
        attempt,
        inquiry=replace(attempt.inquiry, sides=sides),
        broken=attempt.broken or taken or not whole or bool(attempt.inquiry.sides),
    )


def code_or_not(marked: Marked, before: Sequence[str]) -> Sense | None:
    """Papers with code set against those without."""
    slate = Slate(marked.text)
    if not slate.take(wordings.CODE_OR_NOT):
        return None
    attempt = built("compare", slate, marked, before, wordings.COMPARING)
    scope = attempt.inquiry.scope
    sides = tuple(replace(scope, has_code=has_code) for has_code in (True, False))
    broken = attempt.broken or scope.has_code is not None or bool(attempt.inquiry.sides)
    return replace(attempt, inquiry=replace(attempt.inquiry, sides=sides), broken=broken)
