"""Senses of questions about people: co-authors, who published most, whose pages, what a profile states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag import wordings
from rag.filters import Slate
from rag.marking import Marked, marks_of
from rag.phrases import PAPERS, a_list, phrase
from rag.sense import Sense, built, number_of, simple
from rag.types import Aim, Scope


def together(marked: Marked, before: Sequence[str]) -> Sense | None:
    """Did X and Y write together; how often; is X a co-author of Y."""
    names = list(dict.fromkeys(marked.values[name] for name in marks_of("NAME", marked.text)))
    asks = wordings.YES_NO.search(marked.text) or re.search(
        r" how (?:often|many times|frequently|many papers) ", marked.text
    )
    if (
        len(names) != 2
        or not asks
        or not re.search(r" (?:together|co-?author\w*|collaborat\w*|jointly|with) ", marked.text)
    ):
        return None
    slate = Slate(marked.text)
    slate.take(phrase(r"how (?:often|many times|frequently|many papers)"))
    slate.take(wordings.YES_NO)
    slate.take(wordings.SIDE_BY_SIDE)
    slate.take(
        phrase(rf"(?:with|of|by|did|have|has|do|does|and|is|are) {a_list('NAME')}|{a_list('NAME')}|with")
    )
    attempt = built(
        "count", slate, marked, before, frozenset("ever anything any worked work working".split())
    )
    scope = attempt.inquiry.scope
    clean = not scope.names
    return replace(
        attempt,
        inquiry=replace(attempt.inquiry, scope=replace(scope, together=tuple(names))),
        broken=attempt.broken or not clean,
    )


def coauthors(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    besides = [
        marked.values[name] for found in slate.take(wordings.BESIDES) for name in marks_of("NAME", found[0])
    ]
    found = wordings.COAUTHORS.search(slate.text) or wordings.WROTE_WITH.search(slate.text)
    if not found:
        return None
    superlative = bool(re.search(r" (?:most|top|main|closest|favou?rite) ", marked.text))
    number = found[1] if found.re is wordings.COAUTHORS else found["number"]
    one = found.re is not wordings.COAUTHORS or not found[2].endswith("s")
    names = list(dict.fromkeys(marked.values[name] for name in marks_of("NAME", slate.text)))
    start, end = found.span()
    kept = " ".join(marks_of("NAME", found[0])[:1])
    slate.text = f"{slate.text[:start]}# {kept} #{slate.text[end:]}"
    subjects = slate.take(wordings.SUBJECT)
    most = number_of(number) if number else 1 if superlative and one else None
    attempt = built(
        "coauthors",
        slate,
        marked,
        before,
        wordings.WHO,
        subject="".join(names[:1]),
        besides=tuple(besides),
        most=most,
    )
    of_papers = bool(re.search(rf" {PAPERS} ", marked.text)) and not superlative
    of_papers |= " how many papers " in marked.text
    broken = len(names) != 1 or len(subjects) != 1 or of_papers or bool(attempt.inquiry.scope.names)
    return replace(attempt, broken=attempt.broken or broken)


def ranking(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    besides = [
        marked.values[name] for found in slate.take(wordings.BESIDES) for name in marks_of("NAME", found[0])
    ]
    first = slate.take(wordings.RANKING_FIRST)
    found = first or slate.take(wordings.RANKING)
    if len(found) != 1 or re.search(
        r" (?:cited|citations?|h-?index|old|recent|co-?authors?|pages) ", marked.text
    ):
        return None
    number = None if first else found[0][2] or found[0][3]
    many = re.search(r" (?:authors|names|people|researchers)$", found[0][0]) and not found[0][1]
    most = number_of(number) if number else None if many else 1
    fewest = bool(wordings.FEW.search(found[0][0]))
    aim: Aim = "first_authors" if first else "authors"
    allowed = frozenset({"the"}) if fewest else frozenset("most the times often of by number".split())
    attempt = built(aim, slate, marked, before, allowed, besides=tuple(besides), most=most, fewest=fewest)
    return _of_no_one(attempt)


def _of_no_one(attempt: Sense) -> Sense:
    """Names are told of a page or of the shelf: told of an author, they would hold the author."""
    scope = attempt.inquiry.scope
    return replace(attempt, broken=attempt.broken or bool(set(scope.names) - set(scope.owners)))


def all_authors(marked: Marked, before: Sequence[str]) -> Sense | None:
    attempt = simple("authors", wordings.HOW_MANY_AUTHORS)(marked, before)
    return _of_no_one(attempt) if attempt else None


def page_owners(marked: Marked, before: Sequence[str]) -> Sense | None:
    """Whose pages there are; how many pages papers have is something else."""
    attempt = simple("owners", wordings.OWNERS, frozenset({"own", "owns", "whose"}))(marked, before)
    if attempt is None:
        return None
    of_papers = re.search(rf" {PAPERS} ", marked.text) and not wordings.WHOSE_PAPERS.search(marked.text)
    other = bool(attempt.inquiry.scope or of_papers)
    return replace(attempt, broken=attempt.broken or other)


def pages(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    if not slate.take(wordings.WHOSE_PAGE) or " or " in marked.text:
        return None
    slate.take(wordings.PEOPLE)
    text = slate.text
    superlative = re.search(rf" (?:{wordings.MOST}|longest|shortest) ", text)
    if superlative:
        slate.take(wordings.PAGE_HAS_MOST)
    slate.take(phrase(r"(?:turns?|shows?|comes?|stands?|sits?|appears?|is|are) (?:up )?(?:on|in)"))
    attempt = built(
        "pages",
        slate,
        marked,
        before,
        wordings.PAGE_WORDS,
        most=1 if superlative else None,
        fewest=bool(wordings.FEW.search(text)) or "shortest" in text,
    )
    scope = attempt.inquiry.scope
    if scope.authors and not superlative:
        scope = replace(scope, authors=(), printed=scope.authors)
    return replace(attempt, inquiry=replace(attempt.inquiry, scope=scope)) if superlative or scope else None


def profile(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    kept = " ".join(marks_of("NAME", slate.text))
    fields = tuple(field for field, pattern in wordings.FIGURES if slate.take(pattern))
    if not fields:
        return None
    names = tuple(dict.fromkeys(marked.values[name] for name in kept.split()))
    slate.take(wordings.WHOSE_FIGURES)
    superlative = re.search(rf" {wordings.MOST} ", marked.text)
    of_all = superlative and re.search(
        r" (?:who|whose|which (?:author|page|person|researcher)) ", marked.text
    )
    most, fewest = 1 if superlative else None, bool(wordings.FEW.search(marked.text))
    attempt = built(
        "profile", slate, marked, before, wordings.FIGURE_WORDS, fields=fields, most=most, fewest=fewest
    )
    sides = tuple(Scope(owners=(name,)) for name in names)
    papers = re.search(rf" {PAPERS} ", marked.text) and "stated_papers" not in fields
    broken = bool(attempt.inquiry.scope or papers) or not (names or of_all)
    return replace(attempt, inquiry=replace(attempt.inquiry, sides=sides), broken=attempt.broken or broken)
