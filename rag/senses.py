"""Marked words -> the senses that they may have: what is asked of the collection, over which papers.

One reader a kind of question. Each wipes the words that say what is asked, then the filters, and
keeps what is left: a sense that leaves a word unexplained is not what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag import sense_against, sense_authors, wordings
from rag.filters import Slate
from rag.marking import Marked, marks_of
from rag.phrases import PAPERS, phrase
from rag.sense import HOW_MANY_ARE, Reader, Sense, built, number_of, of_papers, simple
from rag.types import Aim, Order

# Papers told where the oldest or newest "papers" are asked for, without a number.
SOME = 5


def senses(marked: Marked, before: Sequence[str]) -> list[Sense]:
    """The senses that the question may have, the narrowest kind of question first."""
    attempts = [attempt for reader in _READERS if (attempt := reader(marked, before))]
    return [
        replace(attempt, broken=attempt.broken or not _keeps_names(attempt, marked)) for attempt in attempts
    ]


def _keeps_names(attempt: Sense, marked: Marked) -> bool:
    """Whether every name of the question is asked for: none was wiped with the words around it."""
    inquiry = attempt.inquiry
    scopes = [inquiry.scope, *inquiry.sides, *([inquiry.part] if inquiry.part else [])]
    kept = {name for scope in scopes for name in (*scope.names, *scope.not_authors)}
    kept |= {inquiry.subject, *inquiry.besides}
    return {marked.values[name] for name in marks_of("NAME", marked.text)} <= kept


def _count(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    if slate.take(wordings.SIZE) or (
        wordings.SHELF.search(marked.text) and slate.take(wordings.SIZE_OF_SHELF)
    ):
        slate.take(wordings.COUNT)
        return built("count", slate, marked, before)
    if len(slate.take(wordings.COUNT)) != 1:
        return None
    attempt = built("count", slate, marked, before)
    if of_papers(marked.text):
        return attempt
    of_some = re.search(HOW_MANY_ARE, marked.text) and (attempt.inquiry.scope or attempt.inquiry.trouble)
    return attempt if of_some else None


def _list(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    order: Order = "theme"
    order = "newest" if slate.take(wordings.NEWEST_FIRST) else order
    order = "oldest" if slate.take(wordings.OLDEST_FIRST) else order
    some = slate.take(wordings.SOME_OF)
    asked = [*some, *slate.take(wordings.LIST)]
    if not of_papers(marked.text) or re.search(r" (?:how|who|why|whom) ", marked.text):
        return None
    attempt = built(
        "list",
        slate,
        marked,
        before,
        frozenset("title titles when".split()),
        order=order,
        most=number_of(some[0][1]) if some else None,
    )
    spoken_of = asked and re.search(rf" (?:{PAPERS}|anything|everything) ", marked.text)
    whole = spoken_of or attempt.inquiry.scope or attempt.inquiry.trouble
    return attempt if whole else replace(attempt, broken=True)


def _bare(marked: Marked, before: Sequence[str]) -> Sense | None:
    """ "Lu Yin 2023": somebody's name and filters, and no other word."""
    slate = Slate(marked.text)
    typed = {word for word in slate.left() if not re.match(r"[A-Z]+\d", word)}
    if not marks_of("NAME", marked.text) or typed - wordings.BESIDE_FILTERS:
        return None
    return built("list", slate, marked, before)


def _ordered(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    found = slate.take(wordings.ORDER)
    bare = re.search(
        r" (?:thing|one|item) | NAME\d+ (?:'s )?(?:very )?"
        r"(?:newest|latest|oldest|earliest|most recent)(?: one)? $",
        marked.text,
    )
    if len(found) != 1 or not (of_papers(marked.text) or bare):
        return None
    # of what is asked about the newest, the sense that it narrows the others is not meant
    asks_of_it = wordings.YES_NO.search(marked.text) or re.search(
        r" (?:which|how many|what) of (?:the )?$", marked.text[: found[0].start()]
    )
    number = found[0][1] or found[0][3]
    aim: Aim = "latest" if found[0][2] in wordings.NEWEST else "earliest"
    plural = re.search(r" (?:papers|publications|works|articles) ", marked.text)
    allowed = wordings.TITLES | {"who", "one", "ones", "which", "list", "show", "give", "thing", "item"}
    slate.take(phrase(r"(?:in )?(?:what|which) (?:year|month)|from (?:what|which) year"))
    slate.take(wordings.LIST)
    if (
        not number
        and plural
        and found[0][2]
        in ("first", "last", "latest", "newest", "oldest", "earliest", "recent", "most recent")
        and not re.search(rf"{found[0][2]} (?:\S+ )*?(?:papers|publications|works|articles) ", marked.text)
    ):
        plural = None
    most = number_of(number) if number else SOME if plural else 1
    attempt = built(aim, slate, marked, before, allowed, most=most)
    return replace(attempt, broken=attempt.broken or bool(asks_of_it))


def _average(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    if not slate.take(wordings.AVERAGE) or not slate.take(wordings.A_YEAR):
        return None
    return built("average", slate, marked, before, frozenset("how many what number for".split()))


_READERS: Sequence[Reader] = (
    sense_authors.profile,
    sense_authors.together,
    sense_against.compare,
    sense_against.set_against,
    sense_against.code_or_not,
    _average,
    simple(
        "months",
        wordings.BY_MONTH,
        frozenset({"how", "many", "list", "show", "give", "which", "what", "number"}),
    ),
    sense_against.share,
    sense_authors.coauthors,
    sense_authors.ranking,
    simple(
        "years",
        wordings.BY_YEAR,
        frozenset({"how", "many", "list", "show", "give", "number", "breakdown", "counts"}),
    ),
    simple("years", wordings.BEST_YEAR, frozenset("year what which productive active prolific".split())),
    simple("years", wordings.WHICH_YEARS, frozenset({"cover", "covered", "covers"})),
    simple("categories", wordings.BY_CATEGORY, frozenset({"how", "many", "are"})),
    sense_authors.pages,
    sense_authors.page_owners,
    simple("affiliations", wordings.INSTITUTIONS, frozenset({"printed", "named"})),
    sense_authors.all_authors,
    _ordered,
    _count,
    _list,
    _bare,
)
