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

from rag.authors import fold, nearest_names, resolve
from rag.filters import NAMES, PAPERS, Filters, Slate, a_list, phrase, take_filters
from rag.marking import Marked, Shelf, mark, marks_of
from rag.types import Aim, Inquiry, ProfileField, Scope

MOST_ASKED_BACK = 5
# No one asks for a count in more words than this.
MOST_WORDS = 50
# A sense of a question that leaves more words than this unexplained is none; they are not looked at as names.
MOST_WORDS_LEFT = 8
LONGEST_TYPED_NAME = 4

_NUMBERS = {
    word: number for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)
}
_NUMBER = rf"(?:\d{{1,2}}|{'|'.join(_NUMBERS)})"
_MOST = r"(?:most|fewest|least|highest|lowest|largest|greatest|biggest|smallest|best|top|more|fewer|less|higher|lower)"
_FEW = re.compile(r"\b(?:fewest|least|lowest|smallest|fewer|less|lower)\b")
_VERB = (
    r"(?:publish|published|publishes|write|wrote|written|writes|author|authored|co-author|co-authored|coauthored|"
    r"appear|appears|appeared|work|worked|works|collaborate|collaborated|collaborates|print|printed|listed)"
)
# Words of asking: they narrow nothing, whatever their place.
_PLAIN = frozenset(
    """a an the of to in on at there here , ; : & and please could can would will you i we me us my it tell know show
give say let see like want need is are was were be been am do does did has have had get got exist exists
paper papers publication publications article articles work works preprint preprints entries
publish published publishes publishing write wrote written writing author-wise appear appears appeared come
comes came out up list lists listed listing stored indexed hold holds held contain contains contained include
includes included total altogether overall so far exactly currently now this these that which hi hello hey thanks
thank any some all present ever made make put produced released vouch actually just also count counted
number anything different distinct existing available then what's according""".split()
)
# Plain words that are often misspelt, and like no word that changes a question.
_LONG = ("according", "altogether", "publications")
_TITLES = frozenset("title titles date when name names what".split())
_WHO = frozenset(
    "who whom with most often frequently frequent how many times much is are else has have it".split()
)
# Words that change what is counted, so that no topic may hold them.
_STEERING = frozenset(
    """not no nor but except than more fewer less most least each per every only both or without other how who
whom whose when why where between before after since until till cite cites cited citing citation citations one two
three code date dated dates author authors category categories affiliation page pages year years month months week
seed seeds average mean median longest shortest sum first last oldest newest latest earliest anyone someone excluded unpublished mention mentions mentioned
nobody none neither same shelf library many much score scores co-author co-authors coauthor coauthors collaborator collaborators select delete drop insert count his her their him she he they""".split()
)
_SHELF_WORD = r"(?:shelf|library|collection|pages|catalogue|catalog|database|corpus|seeds|index)"
_SHELF = phrase(
    r"(?:(?:on|in|over|across|from|of|among|at|throughout|within|for) (?:(?:all|whole|entire|complete|author|five|5|local|paper) )*"
    rf"|(?:(?:on|in|over|across|from|of|among|at|throughout|within|for|do|does) )?(?:all )?(?:of )?(?:the|these|this|your|our|my) "
    rf"(?:(?:whole|entire|complete|author|five|5|local|paper) )*){_SHELF_WORD}"
)
_OPENING = re.compile(
    r"^ (?:(?:hm+|ok(?:ay)?|so|well|now|another|different|new|other|thing|question|topic|by the way|,|:|;) )+(?=\S)"
)
_ASIDE = phrase(r"(?:and |, )*(?:title|titles|name|names)(?:(?: ,)?(?: and)? (?:years?|dates?))?|according to (?:the )?page|"
                r"(?:and|,) (?:on )?(?:whose|which) pages? (?:do |are |is |does )?(?:they |these |it )?(?:sit|stand|"
                r"lie|listed|appear|found|on|come from|belong)*(?: on)?")  # fmt: skip

_COUNT = phrase(
    rf"(?:how many|(?:what is |what's |what 's )?(?:the )?(?:total |exact |overall )?(?:number|count|amount)(?: of)?|count(?: up)?"
    rf"|how much|how large|how big|how often|how many times|how frequently)(?: of)?(?: the)?(?: {PAPERS})?"
)
_LIST = phrase(
    r"(?:which|what|list|show|give|find|name|enumerate|display|any|get|return|all|tell)(?: me)?(?: all| every)?"
    r"|are there|is there|do you have|what (?:else )?(?:did|has|have|does|do)|what are"
)
_ORDER = phrase(
    rf"(?:the )?(?:very )?(?:({_NUMBER}) )?(?:the )?(oldest|earliest|first|newest|latest|most recent|most recently|last|"
    rf"youngest|recent)(?: ({_NUMBER})(?= ))?(?! author| authored| authors|-author)"
)
_NEWEST = frozenset({"newest", "latest", "most recent", "most recently", "last", "youngest", "recent"})
_BY_YEAR = phrase(
    r"(?:a |the )?(?:(?:broken down|split|grouped|counted|sorted|breakdown|distribution) )?(?:per|by|for each|in each|each|"
    r"every|over the|across the|across|through the|for every|in every) (?:publication |calendar )?years?"
    r"|year by year|yearly|annually|(?:a |the )?timeline(?: of)?|over time"
)
_BEST_YEAR = phrase(
    rf"(?:in )?(?:which|what|the) year(?:s)?(?: with| has| had| have| is| was| saw| did| does)*(?= .*\b{_MOST}\b)"
    r"|(?:(?:which|what)(?: is| was)? )?(?:the )?most productive year"
)
_WHICH_YEARS = phrase(
    r"(?:which|what|how many) (?:publication )?years(?: are| is| do| does)?(?: covered| cover| span)?"
)
_BY_CATEGORY = phrase(
    r"(?:(?:broken down|split|grouped|breakdown) )?(?:per|by|for each|in each|each|every|across) (?:arxiv )?categor(?:y|ies)"
    r"|(?:which|what|how many|list|show)(?: me)?(?: are)?(?: all)?(?: the)?(?: different)? (?:arxiv )?categor(?:y|ies)"
    r"|(?:the )?most (?:common|frequent) categor(?:y|ies)"
)
_SHARE = phrase(
    r"(?:(?:what|which|how (?:big|large|high)) )?(?:is |are )?(?:a |the )?(?:share|percentage|percent|per cent|fraction|"
    rf"proportion|ratio)(?: of)?|how (?:much|many percent|many per cent) of(?: the)?|what part of"
)
_SPLIT = re.compile(
    r"(?<!\S)(?:have|has|had|come|comes|came|are|is|were|was|appeared|carry|carries|release|released|lack|lacks|do|does|did)(?!\S)"
)
_COAUTHORS = phrase(
    rf"(?:who (?:is|are|was|were) |list |which |what |name |show )*(?:all )?(?:the )?(?:NAME\d+ 's )?(?:top )?(?:({_NUMBER}) )?"
    rf"(?:(?:top|most|main|frequent|common|commonest|usual|regular|favou?rite|closest|often|different|distinct|other) )*"
    rf"(co-?authors?|collaborators?|co-?writers?)"
)
_WROTE_WITH = phrase(
    rf"(?:with whom|who(?:m)?|with which authors?) (?:(?:has|have|does|did|else) )*(?:NAME\d+ )?(?:{_VERB} )?(?:the )?(?:papers? )?"
    rf"(?:the )?(?:most |often |most often |together |jointly )*(?:with|together)"
    rf"|with whom (?:(?:has|have|does|did) )?NAME\d+ {_VERB}|who(?:m)? (?:did|does|has) NAME\d+ {_VERB}"
)
_SUBJECT = phrase(rf"(?:(?:of|for|with|by|does|did|do|has|have|from) )*({a_list('NAME')})(?: 's)?(?: page)?")
_BESIDES = phrase(
    rf"(?:,|and)? ?(?:besides|except|except for|other than|apart from|aside from|excluding|not counting|but) ({NAMES})"
)
_RANKING = phrase(
    rf"(?:who|which (?:author|authors|researcher|person|name)|what (?:author|name))"
    rf"(?: (?:has|have|had|is|are|{_VERB}|stands|occurs|shows up|comes up|turns up|on|in|with|printed|listed|here))*"
    rf"(?: the)? (most|fewest|least)(?: often| frequently| papers| times| many)?"
    rf"|(?:who is |who are |which is |list |show )*(?:the )?(?:top )?(?:({_NUMBER}) )?(?:most )(?:prolific|productive|frequent|common|published)"
    rf" (?:printed |listed )?(?:authors?|names?|people|researchers?)"
    rf"|(?:the )?top (?:({_NUMBER}) )?(?:most )?(?:prolific |productive |frequent )?(?:authors|names|researchers)(?: by (?:number|count) of {PAPERS})?"
    rf"|authors? with (?:the )?(most)"
)
_RANKING_FIRST = phrase(
    rf"(?:who|which author) (?:is|has|was|are|stands|appears)(?: the)?(?: most)?(?: often| frequently)?(?: as)?(?: the| a)?"
    rf" (?:most )?(?:first|lead)(?:-| )author(?:ed|s)?(?: of| on)?(?: the)?(?: most)?(?: often| frequently)?(?= |$)"
    rf"|who has (?:the )?most first(?:-| )author(?:ed)?"
    rf"|(?:who is )?(?:the )?most (?:frequent|common|prolific) (?:first|lead)(?:-| )author"
)
_HOW_MANY_AUTHORS = phrase(
    r"(?:how many|(?:what is )?(?:the )?number of|which|list|what|who are)(?: all)?(?: the)?(?: different| distinct| unique| printed)*"
    r" (?:authors|researchers|people|author names)(?: are| appear| wrote| published| have| printed| stand)*"
)
_WHOSE_PAGE = phrase(
    r"(?:on |in )?(?:whose|which|what)(?: author| authors| people| person| owner)?(?: 's)? (?:author )?pages?(?: listing)?"
)
_PAGE_HAS_MOST = phrase(
    rf"(?:has|have|list|lists|hold|holds|contains|is|with)?(?: the)? ({_MOST}|longest|shortest)(?: {PAPERS})?"
)
_PEOPLE = phrase(
    r"on the pages of (?:two|three|several|various|more than one|many|some|different| )*(?:people|persons|authors|owners)|they|them"
)
_ON_PAGES = phrase(
    r"(?:turns?|shows?|comes?|stands?|sits?|appears?|found|listed|printed|lists?|print|prints)(?: up)?(?: on| in| by| with)?|by|with|on"
)
_OWNERS = phrase(
    r"(?:how many|which|what|list|show|name|number of|the)(?: all)?(?: the)? (?:author pages|pages|page owners|owners|authors have (?:a |their own )?pages?"
    r"|people have (?:a )?pages?)|whose pages|who (?:has|have|owns?) (?:a |the |their own )?pages?|who are the (?:page )?owners|pages"
)
_INSTITUTIONS = phrase(
    r"(?:which|what|how many|list|show|name)(?: are)?(?: all)?(?: the)?(?: different)? (?:affiliations?|institutions?|organi[sz]ations?|universities|companies)"
    r"(?: are| appear| have)?(?: printed| listed| named)?"
)
_FIGURES: Sequence[tuple[ProfileField, re.Pattern[str]]] = [
    ("h_index", phrase(r"h-?(?: )?(?:index|indices|indexes)|hindex")),
    ("stated_papers", phrase(
        rf"(?:number of |how many )?(?:{PAPERS} )?(?:does |do |is |are )?(?:the )?(?:NAME\d+ (?:'s )?)?(?:page )?(?:stat(?:e|es|ed)|claim(?:s|ed)?)"
        rf"(?: {PAPERS}| number of {PAPERS}| count)?")),
    ("citations", phrase(r"(?:how (?:often|many times|much) (?:has |have |is |was |are |were )?(?:NAME\d+ )?(?:been )?)?(?:cited|citations?(?: count)?|citation count)")),
    ("novelty", phrase(r"novelty(?: score| percentage)?")),
    ("ai_score", phrase(r"(?:ai|CODE\d+)(?: |-)score")),
]  # fmt: skip
_FIGURE_WORDS = frozenset(
    "page profile owner author who whose which what how high many often much state states stated says said highest lowest most "
    "more higher lower fewer less fewest best top largest been h-index value score number person researcher or than , according it "
    "whole big".split()
)
_VERSUS = phrase(rf"(?:who|which|whose|does|do|did|has|have|is|compare|how many more|vs|versus)")
_COMPARED = phrase(
    rf"(?:of |between |by |from |for |, |does |do |did |has |have |is |are |was |in |than )*({a_list('NAME')}(?: 's)?"
    rf"(?:(?: ,)? (?:vs|versus|or|and|against|with|to) NAME\d+)?)(?: 's)?(?: page| pages)?"
)
_COMPARING = frozenset(
    "who which whose does do did has have had is compare more most fewer fewest less than vs versus or number count many how "
    "page larger bigger longer whom of them two both by and published wrote author times or against author's paper".split()
)
_SLOTS = frozenset(
    "by of from with did does do has have had is was are or than besides except by, 's for and , between not".split()
)
_STRICT_SLOTS = frozenset("by did does has of besides with than or".split())
_YES_NO = phrase(r"^ ?(?:did|does|do|has|have|is|are|was|were)(?: there)?")


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
    marked = replace(marked, text=_OPENING.sub(" ", marked.text))
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
        if not set(run) <= left or set(run) & _STEERING or not (written_by or (capitals and len(run) > 1)):
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
            if len(run) == size and (words[start - 1] in _STRICT_SLOTS or following == "'s"):
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
    slate.take(_SHELF)
    slate.take(_ASIDE)
    known = _PLAIN | allowed
    return tuple(
        word for word in slate.left() if word not in known and not get_close_matches(word, _LONG, 1, 0.85)
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
            if any(word in left and word not in _SLOTS for word in beside):
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
    slot = previous in _SLOTS or following == "'s"
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
        if left and not left & _STEERING and not any(re.match(r"[A-Z]+\d|\d+$", word) for word in left):
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
        most = 1 if re.search(rf"\b{_MOST}\b", marked.text) else None
        few = bool(_FEW.search(marked.text))
        return _built(
            aim,
            slate,
            marked,
            before,
            allowed | ({*_MOST_WORDS} if most else frozenset()),
            most=most,
            fewest=few,
        )

    return read


_MOST_WORDS = frozenset("most fewest the often frequent common with which what is has was".split())


def _count(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    if len(slate.take(_COUNT)) != 1 or not _of_papers(marked.text):
        return None
    return _built("count", slate, marked, before)


def _list(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    asked = slate.take(_LIST)
    if not _of_papers(marked.text) or re.search(r" (?:how|who|why|whom) ", marked.text):
        return None
    attempt = _built("list", slate, marked, before, frozenset("title titles when".split()))
    return attempt if asked or attempt.inquiry.scope else replace(attempt, broken=True)


def _of_papers(text: str) -> bool:
    return bool(
        re.search(rf" {PAPERS} | anything | {_VERB} | of NAME\d+ 's | of (?:those|these|them) ", text)
    )


def _together(marked: Marked, before: Sequence[str]) -> _Try | None:
    """Did X and Y write together; how often; is X a co-author of Y."""
    names = list(dict.fromkeys(marked.values[name] for name in marks_of("NAME", marked.text)))
    asks = _YES_NO.search(marked.text) or re.search(
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
    slate.take(_YES_NO)
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
    found = slate.take(_ORDER)
    if len(found) != 1 or not _of_papers(marked.text):
        return None
    number = found[0][1] or found[0][3]
    aim: Aim = "latest" if found[0][2] in _NEWEST else "earliest"
    plural = re.search(r" (?:papers|publications|works|articles) ", marked.text)
    allowed = _TITLES | {"who", "one", "ones", "which", "list", "show", "give"}
    slate.take(phrase(r"(?:in )?(?:what|which) (?:year|month)|from (?:what|which) year"))
    slate.take(_LIST)
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
    return int(word) if word.isdigit() else _NUMBERS[word]


def _share(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    found = slate.take(_SHARE)
    if len(found) != 1 or not (_of_papers(marked.text) or _SHELF.search(marked.text)):
        return None
    begin = found[0].end() + 1
    head, text = slate.text[:begin], slate.text[begin - 1 :]
    # the verb after the papers parts the whole from the part
    verb = next(
        (
            match
            for match in _SPLIT.finditer(text)
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
    besides = [marked.values[name] for found in slate.take(_BESIDES) for name in marks_of("NAME", found[0])]
    found = _COAUTHORS.search(slate.text) or _WROTE_WITH.search(slate.text)
    if not found:
        return None
    superlative = bool(re.search(r" (?:most|top|main|closest|favou?rite) ", marked.text))
    number = found[1] if found.re is _COAUTHORS else None
    one = found.re is not _COAUTHORS or not found[2].endswith("s")
    names = list(dict.fromkeys(marked.values[name] for name in marks_of("NAME", slate.text)))
    start, end = found.span()
    kept = " ".join(marks_of("NAME", found[0])[:1])
    slate.text = f"{slate.text[:start]}# {kept} #{slate.text[end:]}"
    subjects = slate.take(_SUBJECT)
    most = _number(number) if number else 1 if superlative and one else None
    attempt = _built(
        "coauthors",
        slate,
        marked,
        before,
        _WHO,
        subject="".join(names[:1]),
        besides=tuple(besides),
        most=most,
    )
    of_papers = bool(re.search(rf" {PAPERS} ", marked.text)) and not superlative
    broken = len(names) != 1 or len(subjects) != 1 or of_papers or bool(attempt.inquiry.scope.names)
    return replace(attempt, broken=attempt.broken or broken)


def _ranking(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    besides = [marked.values[name] for found in slate.take(_BESIDES) for name in marks_of("NAME", found[0])]
    first = slate.take(_RANKING_FIRST)
    found = first or slate.take(_RANKING)
    if len(found) != 1 or re.search(
        r" (?:cited|citations?|h-?index|old|recent|co-?authors?|pages) ", marked.text
    ):
        return None
    number = None if first else found[0][2] or found[0][3]
    many = re.search(r" (?:authors|names|people|researchers)$", found[0][0]) and not found[0][1]
    most = _number(number) if number else None if many else 1
    fewest = bool(_FEW.search(found[0][0]))
    aim: Aim = "first_authors" if first else "authors"
    allowed = frozenset({"the"}) if fewest else frozenset("most the times often of by number".split())
    attempt = _built(aim, slate, marked, before, allowed, besides=tuple(besides), most=most, fewest=fewest)
    return _of_no_one(attempt)


def _of_no_one(attempt: _Try) -> _Try:
    """Names are told of a page or of the shelf: told of an author, they would hold the author."""
    scope = attempt.inquiry.scope
    return replace(attempt, broken=attempt.broken or bool(set(scope.names) - set(scope.owners)))


def _all_authors(marked: Marked, before: Sequence[str]) -> _Try | None:
    attempt = _simple("authors", _HOW_MANY_AUTHORS)(marked, before)
    return _of_no_one(attempt) if attempt else None


def _page_owners(marked: Marked, before: Sequence[str]) -> _Try | None:
    """Whose pages there are; how many pages papers have is something else."""
    attempt = _simple("owners", _OWNERS, frozenset({"own", "owns"}))(marked, before)
    if attempt is None:
        return None
    other = bool(attempt.inquiry.scope) or re.search(rf" {PAPERS} ", marked.text) is not None
    return replace(attempt, broken=attempt.broken or other)


def _pages(marked: Marked, before: Sequence[str]) -> _Try | None:
    slate = Slate(marked.text)
    if not slate.take(_WHOSE_PAGE) or " or " in marked.text:
        return None
    slate.take(_PEOPLE)
    text = slate.text
    superlative = re.search(rf" (?:{_MOST}|longest|shortest) ", text)
    if superlative:
        slate.take(_PAGE_HAS_MOST)
    slate.take(phrase(r"(?:turns?|shows?|comes?|stands?|sits?|appears?|is|are) (?:up )?(?:on|in)"))
    allowed = frozenset(
        "turns turn up appear appears stand stands sit sits show shows they whose page on by with lists list".split()
    )
    attempt = _built("pages", slate, marked, before, allowed, most=1 if superlative else None,
                     fewest=bool(_FEW.search(text)) or "shortest" in text)  # fmt: skip
    scope = attempt.inquiry.scope
    if scope.authors and not superlative:
        scope = replace(scope, authors=(), printed=scope.authors)
    return replace(attempt, inquiry=replace(attempt.inquiry, scope=scope)) if superlative or scope else None


def _compare(marked: Marked, before: Sequence[str]) -> _Try | None:
    """Two authors set against each other by their papers."""
    slate = Slate(marked.text)
    names = [marked.values[name] for name in marks_of("NAME", slate.text)]
    comparing = re.search(r" (?:more|most|fewer|fewest|less|compare|versus|vs) ", slate.text)
    if len(set(names)) != len(names) or not comparing or not _VERSUS.search(slate.text):
        return None
    if re.search(
        r" (?:cited|citations?|h-?index|novelty|together|old|recent) ", slate.text
    ) or not _of_papers(slate.text):
        return None
    with_page = " page " in slate.text or " pages " in slate.text
    units = slate.take(_COMPARED)
    than = " than " in marked.text
    joined = (len(units) == 1 < len(names) and not than) or (len(units) <= 2 and than and len(names) == 2)
    attempt = _built("compare", slate, marked, before, _COMPARING, fewest=bool(_FEW.search(comparing[0])))
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
    fields = tuple(field for field, pattern in _FIGURES if slate.take(pattern))
    if not fields:
        return None
    names = tuple(dict.fromkeys(marked.values[name] for name in kept.split()))
    slate.take(
        phrase(
            rf"(?:(?:of|for|by|does|do|did|has|have|is|on|to|and|or|,|than|in|according) )*(?:the )?(?:page of )?{a_list('NAME')}(?: 's)?(?: (?:page|profile|shelf))?"
        )
    )
    superlative = re.search(rf" {_MOST} ", marked.text)
    of_all = superlative and re.search(
        r" (?:who|whose|which (?:author|page|person|researcher)) ", marked.text
    )
    attempt = _built("profile", slate, marked, before, _FIGURE_WORDS, fields=fields, most=1 if superlative else None,
                     fewest=bool(_FEW.search(marked.text)))  # fmt: skip
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
    _simple("years", _BY_YEAR, frozenset({"how", "many", "list", "show", "give"})),
    _simple("years", _BEST_YEAR, frozenset({"year", "what", "which"})),
    _simple("years", _WHICH_YEARS, frozenset({"cover", "covered", "covers"})),
    _simple("categories", _BY_CATEGORY, frozenset({"how", "many", "are"})),
    _pages,
    _page_owners,
    _simple("affiliations", _INSTITUTIONS, frozenset({"printed", "named"})),
    _all_authors,
    _ordered,
    _count,
    _list,
)


__all__ = ["Asked", "read_question"]
