"""A question about the collection -> an Inquiry, if it is understood to the last word.

The shelf's own names, dates and categories are marked, the phrase that says what is asked and the
phrases that narrow the shelf are wiped, and of what is left every word must be a word of asking.
Where one is left that is not, it may be a name in another spelling; else the question is not this
module's: `topic` says that its exact part is understood and the rest is what the papers are about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from rag import wordings
from rag.authors import fold, nearest_names, resolve
from rag.filters import Slate, take_filters
from rag.marking import Marked, Shelf, mark, marks_of
from rag.phrases import PAPERS, a_list, phrase
from rag.types import Aim, Inquiry, Scope

MOST_ASKED_BACK = 5
# No one asks for a count in more words than this.
MOST_WORDS = 50
# A sense of a question that leaves more words than this unexplained is none; they are not looked at as names.
MOST_WORDS_LEFT = 8
LONGEST_TYPED_NAME = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What was made of a question: an inquiry that is whole, or a `topic` within an exact scope."""

    inquiry: Inquiry | None = None
    topic: Scope | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Try:
    """One sense of the question, and the words that it does not explain."""

    inquiry: Inquiry
    left: tuple[str, ...]
    slate: str
    broken: bool = False

    @property
    def whole(self) -> bool:
        return not self.left and not self.broken


_Reader = Callable[[Marked, Sequence[str]], "_Try | None"]


def read_question(question: str, shelf: Shelf, *, before: Sequence[str] = ()) -> Asked:
    """What the question asks of the collection. `before` are ids of papers that "those" may mean."""
    if len(question.split()) > MOST_WORDS:
        return Asked()
    marked = mark(question, shelf)
    marked = replace(marked, text=wordings.OPENING.sub(" ", marked.text))
    tries = _tries(marked, before)
    for _ in range(3):  # names in another spelling, one after the other
        if whole := next((attempt for attempt in tries if attempt.whole), None):
            return Asked(_checked(whole.inquiry, marked, shelf), notes=marked.notes)
        better = _with_name(marked, tries, shelf)
        if isinstance(better, str):
            return Asked(_troubled(marked, tries, better))
        if better is None:
            break
        marked, tries = better, _tries(better, before)
    if unknown := _unknown_name(marked, tries, shelf, before):
        return Asked(_troubled(marked, tries, unknown))
    return Asked(topic=_topic(marked, tries), notes=marked.notes)


def _unknown_name(marked: Marked, tries: Sequence[_Try], shelf: Shelf, before: Sequence[str]) -> str:
    """That a name is not on the shelf: words in the place of a name, where all else is understood."""
    left = _names_maybe(tries)
    for run in _name_places(marked.text):
        capitals = all(word in marked.capitals for word in run)
        written_by = f" by {' '.join(run)} " in marked.text and (capitals or len(run) > 1)
        if (
            not set(run) <= left
            or set(run) & wordings.STEERING
            or not (written_by or (capitals and len(run) > 1))
        ):
            continue
        typed = " ".join(run)
        if any(attempt.whole for attempt in _tries(marked.named(typed, typed, ""), before)):
            shown = typed.title() if capitals else typed
            near = nearest_names([fold(word) for word in run], shelf.roster)
            offer = f" The nearest names are {', '.join(near)}." if near else ""
            return f"No author “{shown}” is on this shelf.{offer}"
    return ""


def _name_places(text: str) -> Iterator[list[str]]:
    """Runs of words where a name may stand, the longest first."""
    words = text.split()
    for start in range(1, len(words)):
        for size in range(LONGEST_TYPED_NAME, 0, -1):
            run = words[start : start + size]
            following = words[start + size] if start + size < len(words) else ""
            if len(run) == size and (words[start - 1] in wordings.STRICT_SLOTS or following == "'s"):
                yield run


def _tries(marked: Marked, before: Sequence[str]) -> list[_Try]:
    attempts = [attempt for reader in _READERS if (attempt := reader(marked, before))]
    return [
        replace(attempt, broken=attempt.broken or not _keeps_names(attempt, marked)) for attempt in attempts
    ]


def _keeps_names(attempt: _Try, marked: Marked) -> bool:
    """Whether every name of the question is asked for: none was wiped with the words around it."""
    inquiry = attempt.inquiry
    scopes = [inquiry.scope, *inquiry.sides, *([inquiry.part] if inquiry.part else [])]
    kept = {name for scope in scopes for name in (*scope.names, *scope.not_authors)}
    kept |= {inquiry.subject, *inquiry.besides}
    return {marked.values[name] for name in marks_of("NAME", marked.text)} <= kept


# --- what is left, and names in other spellings


def _left(slate: Slate, allowed: frozenset[str] = frozenset()) -> tuple[str, ...]:
    slate.take(wordings.SHELF)
    slate.take(wordings.ASIDE)
    known = wordings.PLAIN | allowed
    return tuple(
        word
        for word in slate.left()
        if word not in known and not get_close_matches(word, wordings.LONG, 1, 0.85)
    )


def _with_name(marked: Marked, tries: Sequence[_Try], shelf: Shelf) -> Marked | str | None:
    """The question with one more name understood; whom it may mean if several; None if no word is a name."""
    words = marked.text.split()
    left = _names_maybe(tries)
    for start in range(len(words)):
        for size in range(LONGEST_TYPED_NAME, 0, -1):
            run = words[start : start + size]
            if len(run) < size or not all(word in left and re.match(r"[^\WA-Z]", word) for word in run):
                continue
            beside = words[start - 1 : start] + words[start + size : start + size + 1]
            if any(word in left and word not in wordings.SLOTS for word in beside):
                continue  # part of a longer name
            if found := _as_name(run, words, start, marked, shelf):
                return found
    return None


def _names_maybe(tries: Sequence[_Try]) -> set[str]:
    """Words that may be a name in another spelling: those that a sense leaves, where they are few."""
    return {word for attempt in tries if len(attempt.left) <= MOST_WORDS_LEFT for word in attempt.left}


def _as_name(
    run: Sequence[str], words: Sequence[str], start: int, marked: Marked, shelf: Shelf
) -> Marked | str | None:
    previous = words[start - 1] if start else ""
    following = words[start + len(run)] if start + len(run) < len(words) else ""
    slot = previous in wordings.SLOTS or following == "'s"
    typed = " ".join(run)
    possessive = run[-1].endswith("s") and following in {
        "papers",
        "page",
        "publications",
        "first",
        "co-authors",
        "coauthors",
    }
    taken = resolve(run, shelf.roster)
    if possessive and not taken:
        taken = resolve([*run[:-1], run[-1][:-1]], shelf.roster)
        slot = True
    if len(run) == 1 and not slot:
        return None
    if len(taken) == 1:
        name = taken[0]
        same = fold(typed) == fold(name)
        return marked.named(typed, name, "" if same else f"“{typed}” is taken for {name}")
    if len(taken) > 1:
        first = taken[:MOST_ASKED_BACK]
        more = len(taken) - len(first)
        others = f" or one of {more} more" if more else ""
        return (
            f"“{typed}” may be {', '.join(first[:-1])} or {first[-1]}{others}. Ask again with the whole name."
            if not more
            else f"“{typed}” may be {', '.join(first)}{others}. Ask again with the whole name."
        )
    return None


def _troubled(marked: Marked, tries: Sequence[_Try], trouble: str) -> Inquiry:
    aim: Aim = tries[0].inquiry.aim if tries else "list"
    return Inquiry(aim, trouble=trouble, notes=marked.notes)


def _topic(marked: Marked, tries: Sequence[_Try]) -> Scope | None:
    """The exact part of a count or list whose other words say what its papers are about."""
    if not re.search(r" (?:papers|publications|articles|works|preprints|work) ", marked.text):
        return None
    for attempt in tries:
        if attempt.inquiry.aim not in ("count", "list") or attempt.broken or attempt.inquiry.trouble:
            continue
        left = set(attempt.left)
        if (
            left
            and not left & wordings.STEERING
            and not any(re.match(r"[A-Z]+\d|\d+$", word) for word in left)
        ):
            scope = attempt.inquiry.scope
            either = attempt.inquiry.sides
            return either[0] if either else scope
    return None


def _checked(inquiry: Inquiry, marked: Marked, shelf: Shelf) -> Inquiry:
    """The inquiry with what makes it impossible said."""
    notes = (*inquiry.notes, *marked.notes)
    never = next(iter(value for name, value in marked.values.items() if name.startswith("NEVER")), "")
    years = [span[0].year for span in marked.times.values()]
    late = next((year for year in years if year > shelf.crawl_year), None)
    early = next((year for year in years if year < EARLIEST_YEAR), None)
    trouble = inquiry.trouble
    if never:
        trouble = f"{never} is no year."
    elif late is not None and not trouble and late not in _only_until(inquiry):
        trouble = f"No paper on this shelf can be dated {late}: its pages were fetched in {shelf.crawl_year}."
    elif early is not None and not trouble:
        trouble = f"No paper on this shelf can be dated {early}: arXiv opened in {EARLIEST_YEAR}."
    return replace(inquiry, notes=notes, trouble=trouble)


EARLIEST_YEAR = 1991


def _only_until(inquiry: Inquiry) -> set[int]:
    """Years that end a stretch of time, which may lie ahead."""
    return {inquiry.scope.until.year} if inquiry.scope.until else set()


# --- the senses


def _built(
    aim: Aim,
    slate: Slate,
    marked: Marked,
    before: Sequence[str],
    allowed: frozenset[str] = frozenset(),
    **fields: object,
) -> _Try:
    """The sense of this aim: the filters of what is left of the slate, and the words that no one explains."""
    filters = take_filters(slate, marked, before=before)
    trouble = filters.clashes[0] if filters.clashes else ""
    inquiry = Inquiry(aim, filters.scope, trouble=trouble, **fields)  # type: ignore[arg-type]
    if filters.either:
        either = replace(filters.scope, together=(), authors=filters.either)
        inquiry = replace(inquiry, sides=(either,))
        filters.broken |= aim not in ("count", "list")  # only these can tell both senses
    return _Try(inquiry, _left(slate, allowed), slate.text, filters.broken)


def _simple(aim: Aim, pattern: re.Pattern[str], allowed: frozenset[str] = frozenset()) -> _Reader:
    def read(marked: Marked, before: Sequence[str]) -> _Try | None:
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


def _count(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    if len(slate.take(wordings.COUNT)) != 1 or not _of_papers(marked.text):
        return None
    return _built("count", slate, marked, before)


def _list(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    asked = slate.take(wordings.LIST)
    if not _of_papers(marked.text) or re.search(r" (?:how|who|why|whom) ", marked.text):
        return None
    attempt = _built("list", slate, marked, before, frozenset("title titles when".split()))
    return attempt if asked or attempt.inquiry.scope else replace(attempt, broken=True)


def _of_papers(text: str) -> bool:
    return bool(
        re.search(rf" {PAPERS} | anything | {wordings.VERB} | of NAME\d+ 's | of (?:those|these|them) ", text)
    )


def _together(marked: Marked, before: Sequence[str]) -> _Try | None:
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
    slate.take(
        phrase(
            r"(?:a |the )?co-?authors?(?: of| with)?|together|co-?author(?:ed)?|collaborat(?:e|ed|ors?)(?: of| with| on)?|jointly|with each other|each other"
        )
    )
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


def _ordered(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    found = slate.take(wordings.ORDER)
    if len(found) != 1 or not _of_papers(marked.text):
        return None
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
    most = _number(number) if number else _SOME if plural else 1
    return _built(aim, slate, marked, before, allowed, most=most)


_SOME = 5


def _number(word: str) -> int:
    return int(word) if word.isdigit() else wordings.NUMBERS[word]


def _share(marked: Marked, before: Sequence[str]) -> _Try | None:
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
    clash = [name for name in Scope.__dataclass_fields__
             if getattr(whole.inquiry.scope, name) not in ((), None) and getattr(part.inquiry.scope, name) not in ((), None)]  # fmt: skip
    inquiry = replace(
        whole.inquiry, part=part.inquiry.scope, trouble=whole.inquiry.trouble or part.inquiry.trouble
    )
    return _Try(inquiry, whole.left + part.left, whole.slate + part.slate, broken or bool(clash))


def _coauthors(marked: Marked, before: Sequence[str]) -> _Try | None:
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
    broken = len(names) != 1 or len(subjects) != 1 or of_papers or bool(attempt.inquiry.scope.names)
    return replace(attempt, broken=attempt.broken or broken)


def _ranking(marked: Marked, before: Sequence[str]) -> _Try | None:
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


def _of_no_one(attempt: _Try) -> _Try:
    """Names are told of a page or of the shelf: told of an author, they would hold the author."""
    scope = attempt.inquiry.scope
    return replace(attempt, broken=attempt.broken or bool(set(scope.names) - set(scope.owners)))


def _all_authors(marked: Marked, before: Sequence[str]) -> _Try | None:
    attempt = _simple("authors", wordings.HOW_MANY_AUTHORS)(marked, before)
    return _of_no_one(attempt) if attempt else None


def _page_owners(marked: Marked, before: Sequence[str]) -> _Try | None:
    """Whose pages there are; how many pages papers have is something else."""
    attempt = _simple("owners", wordings.OWNERS, frozenset({"own", "owns"}))(marked, before)
    if attempt is None:
        return None
    other = bool(attempt.inquiry.scope) or re.search(rf" {PAPERS} ", marked.text) is not None
    return replace(attempt, broken=attempt.broken or other)


def _pages(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    if not slate.take(wordings.WHOSE_PAGE) or " or " in marked.text:
        return None
    slate.take(wordings.PEOPLE)
    text = slate.text
    superlative = re.search(rf" (?:{wordings.MOST}|longest|shortest) ", text)
    if superlative:
        slate.take(wordings.PAGE_HAS_MOST)
    slate.take(phrase(r"(?:turns?|shows?|comes?|stands?|sits?|appears?|is|are) (?:up )?(?:on|in)"))
    allowed = frozenset(
        "turns turn up appear appears stand stands sit sits show shows they whose page on by with lists list".split()
    )
    attempt = _built("pages", slate, marked, before, allowed, most=1 if superlative else None,
                     fewest=bool(wordings.FEW.search(text)) or "shortest" in text)  # fmt: skip
    scope = attempt.inquiry.scope
    if scope.authors and not superlative:
        scope = replace(scope, authors=(), printed=scope.authors)
    return replace(attempt, inquiry=replace(attempt.inquiry, scope=scope)) if superlative or scope else None


def _compare(marked: Marked, before: Sequence[str]) -> _Try | None:
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


def _profile(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    kept = " ".join(marks_of("NAME", slate.text))
    fields = tuple(field for field, pattern in wordings.FIGURES if slate.take(pattern))
    if not fields:
        return None
    names = tuple(dict.fromkeys(marked.values[name] for name in kept.split()))
    slate.take(
        phrase(
            rf"(?:(?:of|for|by|does|do|did|has|have|is|on|to|and|or|,|than|in|according) )*(?:the )?(?:page of )?{a_list('NAME')}(?: 's)?(?: (?:page|profile|shelf))?"
        )
    )
    superlative = re.search(rf" {wordings.MOST} ", marked.text)
    of_all = superlative and re.search(
        r" (?:who|whose|which (?:author|page|person|researcher)) ", marked.text
    )
    attempt = _built("profile", slate, marked, before, wordings.FIGURE_WORDS, fields=fields, most=1 if superlative else None,
                     fewest=bool(wordings.FEW.search(marked.text)))  # fmt: skip
    sides = tuple(Scope(owners=(name,)) for name in names)
    papers = re.search(rf" {PAPERS} ", marked.text) and "stated_papers" not in fields
    broken = bool(attempt.inquiry.scope or papers) or not (names or of_all)
    return replace(attempt, inquiry=replace(attempt.inquiry, sides=sides), broken=attempt.broken or broken)


_READERS: Sequence[_Reader] = (
    _profile,
    _together,
    _compare,
    _share,
    _coauthors,
    _ranking,
    _simple("years", wordings.BY_YEAR, frozenset({"how", "many", "list", "show", "give"})),
    _simple("years", wordings.BEST_YEAR, frozenset({"year", "what", "which"})),
    _simple("years", wordings.WHICH_YEARS, frozenset({"cover", "covered", "covers"})),
    _simple("categories", wordings.BY_CATEGORY, frozenset({"how", "many", "are"})),
    _pages,
    _page_owners,
    _simple("affiliations", wordings.INSTITUTIONS, frozenset({"printed", "named"})),
    _all_authors,
    _ordered,
    _count,
    _list,
)


__all__ = ["Asked", "read_question"]
