"""A question about the collection -> an Inquiry, if it is understood to the last word.

The shelf's own names, dates and categories are marked, the phrase that says what is asked and the
phrases that narrow the shelf are wiped, and of what is left every word must be a word of asking.
Where one is left that is not, it may be a name in another spelling; else the question is not this
module's: `topic` says that its exact part is understood and the rest is what the papers are about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag import wordings
from rag.authors import fold, nearest_names, resolve
from rag.marking import Marked, Shelf, mark
from rag.phrases import PAPERS
from rag.sense import Sense
from rag.senses import senses
from rag.spelling import respelt
from rag.sql import is_sql, read_sql
from rag.types import Aim, Inquiry, Order, Scope

MOST_ASKED_BACK = 5
# No one asks for a count in more words than this.
MOST_WORDS = 50
# A sense of a question that leaves more words than this unexplained is none; they are not looked at as names.
MOST_WORDS_LEFT = 8
MOST_WORDS_OF_A_TOPIC = 2
LONGEST_TYPED_NAME = 4
MOST_TYPED_NAMES = 4
# The year when arXiv opened.
EARLIEST_YEAR = 1991


@dataclass(frozen=True, slots=True)
class Asked:
    """What was made of a question: an inquiry that is whole, or a `topic` within an exact scope.

    `left` are the words of that topic; `order` and `most` say that only the newest or oldest of its papers
    are asked for. `unread` are words of asking that make it a question about the collection which is not
    understood.
    """

    inquiry: Inquiry | None = None
    topic: Scope | None = None
    notes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    order: Order = "theme"
    most: int | None = None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Run:
    """Words that may be a name, and those beside them."""

    words: tuple[str, ...]
    previous: str
    following: str

    @property
    def typed(self) -> str:
        return " ".join(self.words)

    @property
    def in_slot(self) -> bool:
        """Whether names stand at this place."""
        return self.previous in wordings.SLOTS or self.following == "'s"

    @property
    def possessive(self) -> bool:
        """Whether an apostrophe may be left out: `lujun lis papers`."""
        return self.words[-1].endswith("s") and self.following in wordings.OWNED


def read_question(question: str, shelf: Shelf, *, before: Sequence[str] = ()) -> Asked:
    """What the question asks of the collection. `before` are ids of papers that "those" may mean."""
    if len(question.split()) > MOST_WORDS:
        return Asked()
    if is_sql(question):
        return Asked(read_sql(question, shelf))
    marked = mark(question, shelf)
    text = wordings.SOMEONE.sub("", wordings.OPENING.sub(" ", marked.text))
    marked = _spelt(replace(marked, text=re.sub(" +", " ", text)), shelf, before)
    for _ in range(MOST_TYPED_NAMES + 1):
        tries = senses(marked, before)
        if whole := next((attempt for attempt in tries if attempt.whole), None):
            return Asked(_checked(whole.inquiry, marked, shelf), notes=marked.notes)
        run, meant = _typed_name(marked, tries, shelf)
        if run is None or len(meant) != 1:
            break
        same = fold(run.typed) == fold(meant[0])
        marked = marked.named(run.typed, meant[0], "" if same else f"“{run.typed}” is taken for {meant[0]}")
    if run is not None and meant and (aim := _aim_with(run, marked, before)):
        return Asked(Inquiry(aim, trouble=_which(run, meant), notes=marked.notes))
    return (
        _unknown_name(marked, tries, shelf, before)
        or _topic(marked, tries)
        or Asked(notes=marked.notes, unread=_unread(marked, tries))
    )


def _spelt(marked: Marked, shelf: Shelf, before: Sequence[str]) -> Marked:
    """The question with misspelt words of asking put right, of those that no sense explains."""
    marked = replace(marked, text=respelt(marked.text, (), ())[0])
    tries = senses(marked, before)
    if any(attempt.whole for attempt in tries):
        return marked
    left = _left_words(tries) if tries else set(marked.text.split())
    known = shelf.vocabulary | shelf.roster.known_parts | wordings.OF_THE_SHELF
    text, notes = respelt(marked.text, left, known)
    return replace(marked, text=text, notes=(*marked.notes, *notes))


def _typed_name(marked: Marked, tries: Sequence[Sense], shelf: Shelf) -> tuple[_Run | None, tuple[str, ...]]:
    """The first words that no sense explains and that are somebody's name, and whom they may mean: before
    those that may be several people's, those that are one's.
    """
    left = _left_words(tries)
    several: tuple[_Run | None, tuple[str, ...]] = None, ()
    for run in _runs(marked.text):
        beside = {word for word in (run.previous, run.following) if word not in wordings.SLOTS}
        if not left.issuperset(run.words) or left & beside:
            continue  # not a name, or part of a longer one
        meant = _meant(run, shelf)
        if len(meant) == 1:
            return run, meant
        if meant and several[0] is None:
            several = run, meant
    return several


def _meant(run: _Run, shelf: Shelf) -> tuple[str, ...]:
    meant = resolve(run.words, shelf.roster)
    if run.possessive and not meant:
        return resolve([*run.words[:-1], run.words[-1][:-1]], shelf.roster)
    return meant if len(run.words) > 1 or run.in_slot else ()


def _which(run: _Run, meant: Sequence[str]) -> str:
    """A question back: whom of them?"""
    first, more = meant[:MOST_ASKED_BACK], len(meant) - MOST_ASKED_BACK
    last = f" or one of {more} more" if more > 0 else f" or {first[-1]}"
    names = ", ".join(first if more > 0 else first[:-1])
    return f"“{run.typed}” may be {names}{last}. Ask again with the whole name."


def _aim_with(run: _Run, marked: Marked, before: Sequence[str]) -> Aim | None:
    """What is asked if these words are a name and all else is understood."""
    tries = senses(marked.named(run.typed, run.typed, ""), before)
    return next((attempt.inquiry.aim for attempt in tries if attempt.whole), None)


def _unknown_name(
    marked: Marked, tries: Sequence[Sense], shelf: Shelf, before: Sequence[str]
) -> Asked | None:
    """That a name is not on the shelf: words in the place of a name, where all else is understood."""
    left = _left_words(tries)
    for run in _runs(marked.text):
        capitals = marked.capitals.issuperset(run.words)
        likely = (run.previous == "by" and (capitals or len(run.words) > 1)) or (
            capitals and len(run.words) > 1
        )
        if not (likely and run.in_slot and left.issuperset(run.words)) or wordings.STEERING & set(run.words):
            continue
        if aim := _aim_with(run, marked, before):
            near = nearest_names([fold(word) for word in run.words], shelf.roster)
            offer = f" The nearest names are {', '.join(near)}." if near else ""
            typed = run.typed.title() if capitals else run.typed
            return Asked(Inquiry(aim, trouble=f"No author “{typed}” is on this shelf.{offer}"))
    return None


def _runs(text: str) -> Iterator[_Run]:
    """Runs of words that are no marks, the longest first at each place."""
    words = text.split()
    for start in range(len(words)):
        for size in range(min(LONGEST_TYPED_NAME, len(words) - start), 0, -1):
            end = start + size
            run = _Run(
                tuple(words[start:end]),
                words[start - 1] if start else "",
                words[end] if end < len(words) else "",
            )
            if all(re.match(r"[^\WA-Z]", word) for word in run.words):
                yield run


def _left_words(tries: Sequence[Sense]) -> set[str]:
    """Words that a sense leaves, where they are few."""
    return {word for attempt in tries if len(attempt.left) <= MOST_WORDS_LEFT for word in attempt.left}


def _topic(marked: Marked, tries: Sequence[Sense]) -> Asked | None:
    """The exact part of a count, a list or a first-and-last, and its other words, which say what its papers
    are about.
    """
    ends = re.search(wordings.ORDER, marked.text) is not None
    one = "|paper|publication|article|preprint" if ends else ""
    if not re.search(rf" (?:papers|publications|articles|works|preprints|work{one}) ", marked.text):
        return None
    for attempt in tries:
        inquiry = attempt.inquiry
        if inquiry.trouble and attempt.left and _is_few_words(attempt, marked):
            return Asked(Inquiry(inquiry.aim, trouble=inquiry.trouble, notes=marked.notes))
        ordered = inquiry.aim in ("earliest", "latest")
        if not (ordered or inquiry.aim in ("count", "list")) or attempt.broken or inquiry.trouble:
            continue
        left = set(attempt.left)
        marks_or_numbers = any(re.match(r"[A-Z]+\d|\d+$", word) for word in left)
        about = left - wordings.IDLE
        if not about or left & wordings.STEERING or marks_or_numbers:
            continue
        if ordered and (len(left) > MOST_WORDS_LEFT or not wordings.ENDS_OF_PAPERS.search(marked.text)):
            continue
        scope = (*inquiry.sides, inquiry.scope)[0]
        if not ordered:
            return Asked(topic=scope, notes=marked.notes, left=attempt.left)
        order: Order = "newest" if inquiry.aim == "latest" else "oldest"
        return Asked(topic=scope, notes=marked.notes, left=attempt.left, order=order, most=inquiry.most)
    return None


def _is_few_words(attempt: Sense, marked: Marked) -> bool:
    """Whether a topic of a word or two is all that is left of a list or count that cannot be."""
    listed = (
        wordings.LIST.match(marked.text, 1)
        or wordings.COUNT.match(marked.text, 1)
        or " papers " in marked.text
    )
    topical = not set(attempt.left) & wordings.STEERING and len(attempt.left) <= MOST_WORDS_OF_A_TOPIC
    return bool(listed) and topical and not attempt.broken and len(marked.text.split()) <= MOST_WORDS_LEFT


def _unread(marked: Marked, tries: Sequence[Sense]) -> tuple[str, ...]:
    """What no sense explains of a question that speaks of nothing but the collection."""
    if not re.search(rf" (?:{PAPERS}|authors|co-?authors|pages|people|colleagues) ", marked.text):
        return ()
    if re.search(r" (?:on|about|for|regarding) code ", marked.text):
        return ()  # it may be what papers are about
    for attempt in sorted(tries, key=lambda attempt: len(attempt.left)):
        left = [word for word in attempt.left if not re.match(r"[A-Z]+\d|\d{1,2}$", word)]
        if set(left) <= wordings.OF_THE_SHELF:
            return tuple(word for word in left if word not in wordings.PREPOSITIONS) or (
                "the filters together",
            )
    return ()


def _checked(inquiry: Inquiry, marked: Marked, shelf: Shelf) -> Inquiry:
    """The inquiry with what makes it impossible said."""
    notes = (*inquiry.notes, *marked.notes)
    never = next(iter(value for name, value in marked.values.items() if name.startswith("NEVER")), "")
    years = [span[0].year for span in marked.times.values()]
    scope = inquiry.scope
    ends = {day.year for day in (scope.since, scope.until) if day}  # a stretch may reach beyond the shelf
    late = next(
        (year for year in years if year > shelf.crawl_year and not (scope.until and year in ends)), None
    )
    early = next((year for year in years if year < EARLIEST_YEAR and year not in ends), None)
    if never:
        trouble = f"{never} is no year."
    elif inquiry.trouble:
        trouble = inquiry.trouble
    elif late is not None:
        trouble = f"No paper on this shelf can be dated {late}: its pages were fetched in {shelf.crawl_year}."
    elif early is not None:
        trouble = f"No paper on this shelf can be dated {early}: arXiv opened in {EARLIEST_YEAR}."
    else:
        trouble = ""
    return replace(inquiry, notes=notes, trouble=trouble)
