"""Marked words -> the senses that they may have: what is asked of the collection, over which papers.

One reader a kind of question. Each wipes the words that say what is asked, then the filters, and
keeps what is left: a sense that leaves a word unexplained is not what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from rag import wordings
from rag.filters import Slate, take_filters
from rag.marking import Marked, marks_of
from rag.phrases import FIRST, PAPERS, a_list, phrase
from rag.types import Aim, Inquiry, Order, Scope
from rag.unknowable import UNKNOWABLE

# Papers told where the oldest or newest "papers" are asked for, without a number.
SOME = 5


@dataclass(frozen=True, slots=True)
class Sense:
    """One sense of a question, and the words that it does not explain; `broken` if it cannot be meant."""

    inquiry: Inquiry
    left: tuple[str, ...]
    slate: str
    broken: bool = False

    @property
    def whole(self) -> bool:
        return not self.left and not self.broken


_Reader = Callable[[Marked, Sequence[str]], Sense | None]


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


def _left(slate: Slate, allowed: frozenset[str] = frozenset()) -> tuple[str, ...]:
    slate.take(wordings.SHELF)
    slate.take(wordings.ASIDE)
    known = wordings.PLAIN | allowed
    return tuple(
        word
        for word in slate.left()
        if word not in known and not get_close_matches(word, wordings.LONG, 1, 0.85)
    )


def _built(
    aim: Aim,
    slate: Slate,
    marked: Marked,
    before: Sequence[str],
    allowed: frozenset[str] = frozenset(),
    **fields: object,
) -> Sense:
    """The sense of this aim: the filters of what is left of the slate, and the words that no one explains."""
    slate.take(wordings.TOLD_WITH)
    unknowable = [why for pattern, why in UNKNOWABLE if slate.take(pattern)]
    filters = take_filters(slate, marked, before=before)
    trouble = next(iter([*unknowable, *filters.clashes]), "")
    inquiry = Inquiry(aim, filters.scope, trouble=trouble, **fields)  # type: ignore[arg-type]
    if filters.either:
        either = replace(filters.scope, together=(), authors=filters.either)
        inquiry = replace(inquiry, sides=(either,))
        filters.broken |= aim not in ("count", "list")  # only these can tell both senses
    return Sense(inquiry, _left(slate, allowed), slate.text, filters.broken)


def _simple(aim: Aim, pattern: re.Pattern[str], allowed: frozenset[str] = frozenset()) -> _Reader:
    def read(marked: Marked, before: Sequence[str]) -> Sense | None:
        slate = Slate(marked.text)
        found = slate.take(pattern)
        if not found:
            return None
        most = 1 if re.search(rf"\b{wordings.MOST}\b", marked.text) else None
        few = bool(wordings.FEW.search(marked.text))
        return _built(
            aim,
            slate,
            marked,
            before,
            allowed | ({*wordings.RANK_WORDS} if most else frozenset()),
            most=most,
            fewest=few,
        )

    return read


def _count(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    if slate.take(wordings.SIZE) or (
        wordings.SHELF.search(marked.text) and slate.take(wordings.SIZE_OF_SHELF)
    ):
        slate.take(wordings.COUNT)
        return _built("count", slate, marked, before)
    if len(slate.take(wordings.COUNT)) != 1:
        return None
    attempt = _built("count", slate, marked, before)
    if _of_papers(marked.text):
        return attempt
    of_some = re.search(_HOW_MANY_ARE, marked.text) and (attempt.inquiry.scope or attempt.inquiry.trouble)
    return attempt if of_some else None


def _list(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    order: Order = "theme"
    order = "newest" if slate.take(wordings.NEWEST_FIRST) else order
    order = "oldest" if slate.take(wordings.OLDEST_FIRST) else order
    asked = slate.take(wordings.LIST)
    if not _of_papers(marked.text) or re.search(r" (?:how|who|why|whom) ", marked.text):
        return None
    attempt = _built("list", slate, marked, before, frozenset("title titles when".split()), order=order)
    whole = asked or attempt.inquiry.scope or attempt.inquiry.trouble
    return attempt if whole else replace(attempt, broken=True)


def _bare(marked: Marked, before: Sequence[str]) -> Sense | None:
    """ "Lu Yin 2023": somebody's name and filters, and no other word."""
    slate = Slate(marked.text)
    typed = {word for word in slate.left() if not re.match(r"[A-Z]+\d", word)}
    if not marks_of("NAME", marked.text) or typed - wordings.BESIDE_FILTERS:
        return None
    return _built("list", slate, marked, before)


_HOW_MANY_ARE = r" how many (?:of (?:them|these|those|it) )?(?:are|is|were|have|has|come|came|carry|lack|print|do|did|show) "


def _of_papers(text: str) -> bool:
    return bool(
        re.search(
            rf" {PAPERS} | anything | everything | {FIRST} | {wordings.VERB} | of NAME\d+ 's | of (?:those|these|them) ",
            text,
        )
    )


def _together(marked: Marked, before: Sequence[str]) -> Sense | None:
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
    attempt = _built("count", slate, marked, before, frozenset("ever anything any".split()))
    scope = attempt.inquiry.scope
    clean = not scope.names
    return replace(
        attempt,
        inquiry=replace(attempt.inquiry, scope=replace(scope, together=tuple(names))),
        broken=attempt.broken or not clean,
    )


def _ordered(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    found = slate.take(wordings.ORDER)
    if len(found) != 1 or not _of_papers(marked.text):
        return None
    # of what is asked about the newest, the sense that it narrows the others is not meant
    asks_of_it = wordings.YES_NO.search(marked.text) or re.search(
        r" (?:which|how many|what) of (?:the )?$", marked.text[: found[0].start() + 1]
    )
    number = found[0][1] or found[0][3]
    aim: Aim = "latest" if found[0][2] in wordings.NEWEST else "earliest"
    plural = re.search(r" (?:papers|publications|works|articles) ", marked.text)
    allowed = wordings.TITLES | {"who", "one", "ones", "which", "list", "show", "give"}
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
    most = _number(number) if number else SOME if plural else 1
    attempt = _built(aim, slate, marked, before, allowed, most=most)
    return replace(attempt, broken=attempt.broken or bool(asks_of_it))


def _number(word: str) -> int:
    return int(word) if word.isdigit() else wordings.NUMBERS[word]


def _share(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    found = slate.take(wordings.SHARE)
    if len(found) != 1 or not (_of_papers(marked.text) or wordings.SHELF.search(marked.text)):
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
    whole = _built("share", whole_slate, marked, before)
    part = _built("share", part_slate, marked, ())
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


def _coauthors(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    besides = [
        marked.values[name] for found in slate.take(wordings.BESIDES) for name in marks_of("NAME", found[0])
    ]
    found = wordings.COAUTHORS.search(slate.text) or wordings.WROTE_WITH.search(slate.text)
    if not found:
        return None
    superlative = bool(re.search(r" (?:most|top|main|closest|favou?rite) ", marked.text))
    number = found[1] if found.re is wordings.COAUTHORS else None
    one = found.re is not wordings.COAUTHORS or not found[2].endswith("s")
    names = list(dict.fromkeys(marked.values[name] for name in marks_of("NAME", slate.text)))
    start, end = found.span()
    kept = " ".join(marks_of("NAME", found[0])[:1])
    slate.text = f"{slate.text[:start]}# {kept} #{slate.text[end:]}"
    subjects = slate.take(wordings.SUBJECT)
    most = _number(number) if number else 1 if superlative and one else None
    attempt = _built(
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


def _ranking(marked: Marked, before: Sequence[str]) -> Sense | None:
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
    most = _number(number) if number else None if many else 1
    fewest = bool(wordings.FEW.search(found[0][0]))
    aim: Aim = "first_authors" if first else "authors"
    allowed = frozenset({"the"}) if fewest else frozenset("most the times often of by number".split())
    attempt = _built(aim, slate, marked, before, allowed, besides=tuple(besides), most=most, fewest=fewest)
    return _of_no_one(attempt)


def _of_no_one(attempt: Sense) -> Sense:
    """Names are told of a page or of the shelf: told of an author, they would hold the author."""
    scope = attempt.inquiry.scope
    return replace(attempt, broken=attempt.broken or bool(set(scope.names) - set(scope.owners)))


def _all_authors(marked: Marked, before: Sequence[str]) -> Sense | None:
    attempt = _simple("authors", wordings.HOW_MANY_AUTHORS)(marked, before)
    return _of_no_one(attempt) if attempt else None


def _page_owners(marked: Marked, before: Sequence[str]) -> Sense | None:
    """Whose pages there are; how many pages papers have is something else."""
    attempt = _simple("owners", wordings.OWNERS, frozenset({"own", "owns", "whose"}))(marked, before)
    if attempt is None:
        return None
    of_papers = re.search(rf" {PAPERS} ", marked.text) and not wordings.WHOSE_PAPERS.search(marked.text)
    other = bool(attempt.inquiry.scope or of_papers)
    return replace(attempt, broken=attempt.broken or other)


def _pages(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    if not slate.take(wordings.WHOSE_PAGE) or " or " in marked.text:
        return None
    slate.take(wordings.PEOPLE)
    text = slate.text
    superlative = re.search(rf" (?:{wordings.MOST}|longest|shortest) ", text)
    if superlative:
        slate.take(wordings.PAGE_HAS_MOST)
    slate.take(phrase(r"(?:turns?|shows?|comes?|stands?|sits?|appears?|is|are) (?:up )?(?:on|in)"))
    attempt = _built(
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


def _compare(marked: Marked, before: Sequence[str]) -> Sense | None:
    """Two authors set against each other by their papers."""
    slate = Slate(marked.text)
    names = [marked.values[name] for name in marks_of("NAME", slate.text)]
    comparing = re.search(r" (?:more|most|fewer|fewest|less|compare|versus|vs) ", slate.text)
    if len(set(names)) != len(names) or not comparing or not wordings.VERSUS.search(slate.text):
        return None
    if re.search(
        r" (?:cited|citations?|h-?index|novelty|together|old|recent) ", slate.text
    ) or not _of_papers(slate.text):
        return None
    with_page = " page " in slate.text or " pages " in slate.text
    units = slate.take(wordings.COMPARED)
    than = " than " in marked.text
    joined = (len(units) == 1 < len(names) and not than) or (len(units) <= 2 and than and len(names) == 2)
    attempt = _built(
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


def _set_against(marked: Marked, before: Sequence[str]) -> Sense | None:
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
    attempt = _built(
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


def _code_or_not(marked: Marked, before: Sequence[str]) -> Sense | None:
    """Papers with code set against those without."""
    slate = Slate(marked.text)
    if not slate.take(wordings.CODE_OR_NOT):
        return None
    attempt = _built("compare", slate, marked, before, wordings.COMPARING)
    scope = attempt.inquiry.scope
    sides = tuple(replace(scope, has_code=has_code) for has_code in (True, False))
    broken = attempt.broken or scope.has_code is not None or bool(attempt.inquiry.sides)
    return replace(attempt, inquiry=replace(attempt.inquiry, sides=sides), broken=broken)


def _average(marked: Marked, before: Sequence[str]) -> Sense | None:
    slate = Slate(marked.text)
    if not slate.take(wordings.AVERAGE) or not slate.take(wordings.A_YEAR):
        return None
    return _built("average", slate, marked, before, frozenset({"how", "many"}))


def _profile(marked: Marked, before: Sequence[str]) -> Sense | None:
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
    attempt = _built(
        "profile", slate, marked, before, wordings.FIGURE_WORDS, fields=fields, most=most, fewest=fewest
    )
    sides = tuple(Scope(owners=(name,)) for name in names)
    papers = re.search(rf" {PAPERS} ", marked.text) and "stated_papers" not in fields
    broken = bool(attempt.inquiry.scope or papers) or not (names or of_all)
    return replace(attempt, inquiry=replace(attempt.inquiry, sides=sides), broken=attempt.broken or broken)


_READERS: Sequence[_Reader] = (
    _profile,
    _together,
    _compare,
    _set_against,
    _code_or_not,
    _average,
    _simple(
        "months",
        wordings.BY_MONTH,
        frozenset({"how", "many", "list", "show", "give", "which", "what", "number"}),
    ),
    _share,
    _coauthors,
    _ranking,
    _simple(
        "years",
        wordings.BY_YEAR,
        frozenset({"how", "many", "list", "show", "give", "number", "breakdown", "counts"}),
    ),
    _simple("years", wordings.BEST_YEAR, frozenset("year what which productive active prolific".split())),
    _simple("years", wordings.WHICH_YEARS, frozenset({"cover", "covered", "covers"})),
    _simple("categories", wordings.BY_CATEGORY, frozenset({"how", "many", "are"})),
    _pages,
    _page_owners,
    _simple("affiliations", wordings.INSTITUTIONS, frozenset({"printed", "named"})),
    _all_authors,
    _ordered,
    _count,
    _list,
    _bare,
)
