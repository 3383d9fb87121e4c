"""A follow-up and what is in focus -> what it asks, of which papers: no words of the conversation needed.

"and the second one?", "why?", "compare it with QuEST", "only 2023", "back to the first paper: ...". By
wordings and by what was shown, not by a model. A question that stands alone is left alone. One that
points at nothing is said to. Knows no scores; reads abstracts for their words alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag import follow_wordings as wordings
from rag.asked import read_question
from rag.focus import Focus
from rag.gazetteer import Gazetteer
from rag.narrow import holds_only_a_name, read_turned, turned_inquiry, turned_scope
from rag.pointing import Pointer, find_pointer
from rag.records import PLACE, read_record
from rag.reword import (
    about,
    base_question,
    count_of,
    how_or_why,
    only_names,
    put,
    renamed,
    says_something,
    taken,
    without_opening,
)
from rag.spelling import respelt_question
from rag.targets import (
    Talk,
    own_antecedent,
    papers_named,
    picked_papers,
    several_papers,
    strange_share,
    targets,
    telling_stems,
)
from rag.types import Inquiry, Kind, RecordField, Scope
from rag.wordings import OF_THE_SHELF
from rag.words import content_words, words

# Most papers that "compare them" and "do they" are taken over.
MOST_TOGETHER = 6
# A fragment without a word that points has at most so many words.
MOST_WORDS_OF_A_FRAGMENT = 7
# Shares of words that the paper in focus may not hold: of a question that starts with "and", of another.
STRANGE_AFTER_AND = 0.6
STRANGE_ALONE = 0.34
# A fragment may hold so many telling words and still none that the paper holds.
MOST_STRANGE = 2
# "which bit width": a question word and its noun, of whatever is in focus.
MOST_WORDS_WITHOUT_A_VERB = 4
# "code?", "which category": a field alone, of the paper in focus.
MOST_WORDS_OF_A_FIELD = 3
# Of the list that the catalogue folds, so many are shown first.
SHOWN_FIRST = 10


@dataclass(frozen=True, slots=True)
class Meant:
    """What a follow-up asks, standing alone.

    `named` are the papers that it is about; `firm` says that its words point at them, so that no other
    paper is meant. `note` says how it was taken, `trouble` why it cannot be; `told` is not to be said again.
    """

    question: str
    named: tuple[str, ...] = ()
    firm: bool = False
    kind: Kind | None = None
    scope: Scope | None = None
    inquiry: Inquiry | None = None
    record: tuple[RecordField, ...] = ()
    note: str = ""
    told: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether nothing is meant that the question does not say alone."""
        return self == Meant(self.question)


_Reader = Callable[[Talk], Meant | None]


def follow(question: str, focus: Focus, gazetteer: Gazetteer) -> Meant | None:
    """What the question means after this conversation; None where it stands alone."""
    typed = question = respelt_question(question, gazetteer.known_words | OF_THE_SHELF)
    for pattern, english in wordings.FOREIGN:
        question = pattern.sub(english, question)
    if found := wordings.NEW_SUBJECT.match(question):
        return Meant(question[found.end() :])
    question = re.sub(r"\b(what|who|where|how|when)s\b", r"\1's", question, flags=re.I)
    text = wordings.TO_LIST.sub("", wordings.OPENING.sub("", question)).strip() or question
    talk = Talk(typed, text, focus, gazetteer)
    return next((meant for reader in _READERS if (meant := reader(talk))), None)


def papers_before(focus: Focus) -> tuple[str, ...]:
    """The papers that "those" points at in a question about the collection."""
    return focus.shown if focus.plan.inquiry else focus.listed or focus.shown


# --- the collection


def _turn(talk: Talk) -> Meant | None:
    """ "only 2023", "and Lu Yin?": the question before, with another filter or aim."""
    plan, shelf = talk.focus.plan, talk.gazetteer.shelf
    over_shelf = plan.kind in ("catalogue", "topic", "summary") and not plan.record
    if papers_named(talk):
        return None
    narrowing = bool(wordings.NARROWING.match(talk.text))
    if not over_shelf:
        if not (narrowing or holds_only_a_name(talk.text, shelf)):
            return None
        scope = Scope(papers=talk.focus.listed if narrowing else ())
        plan = replace(plan, inquiry=Inquiry("list", scope), scope=scope)
    if over_shelf and (about := wordings.ONES_ABOUT.match(talk.text)):
        scope = plan.scope if plan.inquiry or plan.kind != "catalogue" else Scope(papers=talk.focus.shown)
        return Meant(f"papers about {about[1]}", kind="topic", scope=scope)
    turned = read_turned(talk.text, shelf, names=over_shelf)
    if turned is None:
        return None
    if narrowing and not over_shelf and not talk.focus.listed:
        return Meant(talk.typed, trouble="There is no list of papers here yet to narrow.")
    if plan.inquiry is None and plan.kind != "catalogue" and turned.aim is None:
        scope = turned_scope(plan.scope, turned)
        return Meant(_with_name(plan.question, plan.scope, scope), kind=plan.kind, scope=scope)
    before = plan.inquiry or Inquiry("list", replace(plan.scope, papers=talk.focus.shown))
    return Meant(talk.typed, inquiry=turned_inquiry(before, turned))


def _with_name(question: str, before: Scope, after: Scope) -> str:
    """The question with the other author's name in the place of the one before."""
    if len(before.names) == len(after.names) == 1:
        return re.sub(re.escape(before.names[0]), after.names[0], question, flags=re.I)
    return question


def _whole(talk: Talk) -> Meant | None:
    """A question about the collection that needs no more than its "those"."""
    read = read_question(talk.typed, talk.gazetteer.shelf, before=papers_before(talk.focus))
    if read.inquiry is None or papers_named(talk) or _record_of(talk):
        return None
    if not replace(read.inquiry.scope, papers=()) and read.inquiry.scope.papers:
        pointer = find_pointer(talk.text)
        counted = pointer is not None and pointer.sort in ("place", "last")
        if counted and not wordings.WHEN.search(talk.text):
            return None
        if read.inquiry.aim == "list" and talk.focus.plan.inquiry is None:
            return None
    return Meant(talk.typed, inquiry=read.inquiry)


def _author(talk: Talk) -> Meant | None:
    """ "how many papers has he?": the author in focus in the place of the pronoun."""
    subject = talk.gazetteer.papers.get(talk.focus.subject)
    of_paper = subject.authors[:1] if subject and re.search(r"\bfirst author\b", talk.text, re.I) else ()
    name = next(iter(of_paper), talk.focus.author)
    if not name or not (
        wordings.HE.search(talk.text)
        or wordings.HIS.search(talk.text)
        or wordings.THEY_WROTE.search(talk.text)
    ):
        return None
    text = wordings.HIS.sub(f"{name}'s", wordings.HE.sub(name, talk.text))
    text = wordings.THEY_WROTE.sub(f"{name} write", text)
    read = read_question(re.sub(r"\belse\b ?", "", text), talk.gazetteer.shelf, before=())
    if read.inquiry:
        return Meant(text, inquiry=read.inquiry)
    if not wordings.FURTHER.search(talk.text) or papers_named(talk):
        return None
    return Meant(text, kind="topic", scope=read.topic or Scope(authors=(name,)), note=f"by {name}")


def _of_record(talk: Talk) -> Meant | None:
    """ "what category is it in?", "is the second one by Lu Yin?", "code?": what the listing prints."""
    if talk.focus.lost or papers_named(talk):
        return None
    pointer = find_pointer(talk.text)
    if pointer is None:
        alone = len(words(talk.text)) <= MOST_WORDS_OF_A_FIELD and not talk.focus.of_many
        papers: tuple[str, ...] = (talk.focus.subject,) if talk.focus.subject and alone else ()
        text = f"{talk.text.strip(' ?!.')} of {PLACE}"
    else:
        papers = targets(pointer, talk)[:1] if pointer.sort != "several" else ()
        owned = "'s" if pointer.text.lower() in ("its", "it's", "it’s") else ""
        text = f"{talk.text[: pointer.start]}{PLACE}{owned}{talk.text[pointer.end :]}"
    read = read_record(text, papers, talk.gazetteer.shelf) if papers else ()
    if not read:
        return None
    note = taken(talk, pointer, papers) if pointer else about(talk, papers)
    if isinstance(read, Inquiry):
        return Meant(talk.typed, papers, inquiry=read, note=note)
    return Meant(talk.typed, papers, firm=True, kind="catalogue", record=read, note=note)


# --- papers


def _against(talk: Talk) -> Meant | None:
    """ "compare it with QuEST", "compare them"."""
    named = papers_named(talk)
    pointer = find_pointer(talk.text)
    comparing = wordings.COMPARED.search(talk.text) or wordings.AGREE.search(talk.text)
    if not comparing or talk.focus.lost:
        return None
    if named and pointer is None:
        subject = talk.focus.subject
        beside = wordings.COMPARED_TO.match(talk.text) and subject and subject not in named
        return _both(talk, (subject, *named), None, (subject,)) if beside else None
    if named:
        back = targets(pointer, talk) if pointer else ()
        back = tuple(paper_id for paper_id in back if paper_id not in named)
        return _both(talk, (*back, *named), pointer, back) if back else None
    together = picked_papers(talk) or several_papers(talk)
    if wordings.AGREE.search(talk.text) and len(together) < 2 and pointer:
        return Meant(talk.typed, trouble="There are not two papers in this conversation yet to compare.")
    plural = pointer is None or pointer.sort == "several" or bool(picked_papers(talk))
    if not (plural and wordings.COMPARES.match(talk.text)) or len(content_words(talk.text)) > 2:
        return None
    if len(together) < 2:
        return Meant(talk.typed, trouble="There are not two papers in this conversation yet to compare.")
    return Meant(
        f"Compare {talk.titles(together)}",
        together,
        firm=True,
        kind="compare",
        note=f"{pointer.text if pointer else 'compared'} = {talk.titles(together)}",
    )


def _both(talk: Talk, together: tuple[str, ...], pointer: Pointer | None, back: Sequence[str]) -> Meant:
    note = f"{pointer.text} = {talk.titles(back)}" if pointer else about(talk, back)
    question = put(talk, talk.text, pointer, back[0]) if pointer else talk.text
    return Meant(question, together[:MOST_TOGETHER], firm=True, note=note)


def _other_name(talk: Talk) -> Meant | None:
    """ "what about LazyDiT?": the question before, of another paper."""
    named = papers_named(talk)
    if len(named) != 1 or not only_names(talk, named[0]):
        return None
    return _same_question(talk, named[0], firm=False)


def _named_alone(talk: Talk) -> Meant | None:
    if not papers_named(talk):
        return None
    return Meant(wordings.BACK.sub("", talk.text) if wordings.BACK.match(talk.text) else talk.typed)


def _after_nothing(talk: Talk) -> Meant | None:
    """After a refusal nothing is in focus but what was talk, and the nearest papers that were offered."""
    if not talk.focus.lost:
        return None
    pointer = find_pointer(talk.text)
    if pointer and pointer.sort in ("place", "last", "described", "other") and talk.focus.shown:
        return None
    short = len(content_words(talk.text)) <= 2 and not wordings.DEFINITION.match(talk.text)
    if (pointer or short) and not wordings.OWN_SUBJECT.search(talk.text):
        return Meant(f"{talk.typed} ({talk.focus.plan.question})")
    return Meant(talk.typed)


def _again(talk: Talk) -> Meant | None:
    """ "why?", "how exactly?", "more": the question before, asked once more."""
    focus, text = talk.focus, talk.text.strip()
    more = bool(wordings.MORE.match(text))
    in_short = bool(wordings.IN_SHORT.match(text))
    if not (more or in_short or wordings.HOW_OR_WHY.match(text) or wordings.WHAT_IS.match(text)):
        return None
    if more and focus.plan.inquiry and len(focus.shown) > SHOWN_FIRST:
        left = focus.shown[SHOWN_FIRST:]
        note = f"these follow the {SHOWN_FIRST} papers shown before"
        return Meant(talk.typed, inquiry=Inquiry("list", Scope(papers=left), notes=(note,)))
    if more and focus.plan.inquiry and focus.plan.inquiry.aim == "list" and focus.shown:
        return Meant(talk.typed, trouble="That was the whole list; there are no more papers on it.")
    if focus.plan.inquiry and not focus.subject:
        return Meant(
            talk.typed, trouble="A count has no more to it; ask about one of its papers, or narrow it."
        )
    base = base_question(focus.plan.question)
    named = (focus.subject,) if focus.subject and not focus.of_many else focus.plan.named or focus.listed
    if in_short and named:
        summary = f"What is {talk.titles(named[:MOST_TOGETHER])} about?"
        return Meant(summary, named[:MOST_TOGETHER], firm=True, note=about(talk, named))
    if more:
        question = base if not focus.plan.record else f"What is {talk.titles(named)} about?"
        return Meant(
            question, named[:MOST_TOGETHER], firm=bool(named), note=about(talk, named), told=focus.told
        )
    question = (
        how_or_why(base, why=bool(wordings.WHY.match(text))) if wordings.HOW_OR_WHY.match(text) else base
    )
    return Meant(question, named[:MOST_TOGETHER], firm=bool(named), note=about(talk, named))


def _record(talk: Talk) -> Meant | None:
    """ "its authors?", "who wrote them?", "when was that published?"."""
    fields = _record_of(talk)
    if not fields:
        return None
    pointer = find_pointer(talk.text)
    if pointer and pointer.sort == "several" and (talk.focus.of_many or wordings.PLURAL.search(talk.text)):
        papers: tuple[str, ...] = several_papers(talk)
    elif pointer:
        papers = targets(pointer, talk)
    else:
        papers = (talk.focus.subject,) if talk.focus.subject else ()
    if not papers:
        return _no_target(talk, pointer)
    if len(papers) > MOST_TOGETHER:
        return Meant(
            talk.typed, inquiry=Inquiry("years" if fields == ("date",) else "authors", Scope(papers=papers))
        )
    return Meant(
        talk.typed, papers, firm=True, kind="catalogue", record=fields, note=taken(talk, pointer, papers)
    )


def _pointed(talk: Talk) -> Meant | None:
    """A question with words that point at one paper or at several."""
    pointer = find_pointer(talk.text)
    if picked := picked_papers(talk):
        return Meant(talk.text, picked, firm=True, note=about(talk, picked))
    if pointer is None or (own_antecedent(talk, pointer) and pointer.sort in ("one", "several")):
        return None
    plural = talk.focus.of_many or not talk.focus.subject or bool(wordings.PLURAL.search(talk.text))
    if pointer.sort == "several" and plural:
        return _among(talk, pointer)
    papers = targets(pointer, talk)
    if not papers and pointer.sort == "described":
        of_subject = talk.focus.subject and not telling_stems(
            pointer.words
        )  # "the small one", of the paper's
        return _of_subject(talk, talk.text, glued=False, firm=False) if of_subject else Meant(talk.typed)
    if not papers:
        return _no_target(talk, pointer)
    target = papers[0]
    text = wordings.BACK.sub("", talk.text)
    again = find_pointer(text) or pointer
    left = f"{text[: again.start]} {text[again.end :]}"
    if not says_something(left) and pointer.sort != "one":
        return _same_question(talk, target, firm=True, pointer=pointer)
    question = put(talk, text, again, target)
    if pointer.sort != "one":
        question = without_opening(question, talk.name(target) or again.text)
        further = find_pointer(question)
        question = put(talk, question, further, target) if further and further.sort == "one" else question
    return Meant(question, (target,), firm=True, note=taken(talk, pointer, papers))


def _which(talk: Talk) -> Meant | None:
    """ "which one is newer?", "which is the fastest?": of the papers in focus."""
    if not wordings.WHICH.match(talk.text) or wordings.OWN_SUBJECT.search(talk.text):
        return None
    papers = several_papers(talk)
    if len(papers) < 2:
        return None
    for aim, pattern in wordings.ENDS:
        if pattern.search(talk.text):
            return Meant(talk.typed, inquiry=Inquiry(aim, Scope(papers=papers), most=1))
    if len(papers) > MOST_TOGETHER:
        return Meant(talk.text, kind="topic", scope=Scope(papers=papers), note=about(talk, papers))
    return Meant(talk.text, kind="paper", scope=Scope(papers=papers), note=about(talk, papers))


def _among(talk: Talk, pointer: Pointer) -> Meant | None:
    """ "in which of these?", "do they need retraining?": the latest list, as a part of the shelf."""
    papers = several_papers(talk)
    if not papers:
        return _no_target(talk, pointer)
    left = f"{talk.text[: pointer.start]} {talk.text[pointer.end :]}"
    question = talk.text if says_something(left) else base_question(talk.focus.plan.question)
    which = bool(re.search(r"\b(?:which|any|one|some|none|either)\b", talk.text, re.I))
    note = f"{pointer.text} = {count_of(talk, papers)}"
    if which or len(papers) > MOST_TOGETHER:
        kind: Kind = "topic" if len(papers) > SHOWN_FIRST else "paper"
        return Meant(question, kind=kind, scope=Scope(papers=papers), note=note)
    return Meant(question, papers, firm=True, note=note)


def _fragment(talk: Talk) -> Meant | None:
    """ "speedup on device?": no word points, but its words are about the paper in focus."""
    focus, text = talk.focus, talk.text
    if not focus.subject or focus.of_many or wordings.OWN_SUBJECT.search(text):
        return None
    count = len(words(text))
    said = wordings.OPENING_KEPT.sub("", talk.typed).strip()
    opened = bool(wordings.FRAGMENT.match(said) or wordings.ABOUT.match(text))
    most = MOST_WORDS_OF_A_FRAGMENT if opened else MOST_WORDS_WITHOUT_A_VERB
    worded = count > most or bool(wordings.VERB.search(text))
    asks = bool(wordings.ASKS.match(text)) and worded
    fragment = not asks and count <= MOST_WORDS_OF_A_FRAGMENT
    opened |= fragment and not worded
    strange = strange_share(text, talk)
    if strange > (STRANGE_AFTER_AND if opened else STRANGE_ALONE) and not (opened and fragment):
        return None
    if wordings.DEFINITION.match(text) and (strange or not telling_stems(text)):
        return None
    if strange > STRANGE_AFTER_AND and len(telling_stems(text)) > MOST_STRANGE:
        return None
    return _of_subject(talk, text, glued=fragment and opened, firm=not strange and fragment)


def _of_subject(talk: Talk, text: str, *, glued: bool, firm: bool) -> Meant:
    """The question with what it is about in brackets: the question before, or the paper's name."""
    subject = talk.focus.subject
    behind = base_question(talk.focus.plan.question) if glued else talk.name(subject)
    question = f"{text} ({behind})" if behind else text
    return Meant(question, (subject,), firm=firm, note=about(talk, (subject,)))


_READERS: Sequence[_Reader] = (
    _author, _of_record, _turn, _whole, _against, _other_name, _named_alone, _record, _after_nothing, _again,
    _which, _pointed, _fragment,
)  # fmt: skip


def _record_of(talk: Talk) -> tuple[RecordField, ...]:
    if talk.focus.lost:
        return ()
    return tuple(field for field, pattern in wordings.RECORD_ALONE if pattern.match(talk.text.strip()))[:1]


def _same_question(talk: Talk, target: str, *, firm: bool, pointer: Pointer | None = None) -> Meant:
    """The question before, asked of another paper."""
    plan = talk.focus.plan
    name = talk.name(target) or talk.title(target).rstrip("?")
    note = taken(talk, pointer, (target,)) if pointer else ""
    if plan.record:
        return Meant(
            talk.typed,
            (target,),
            firm=True,
            kind="catalogue",
            record=plan.record,
            note=note or talk.title(target),
        )
    base = base_question(plan.question)
    for old in dict.fromkeys((*plan.named, *([talk.focus.subject] if talk.focus.subject else []))):
        if (
            old != target
            and len(plan.named) < 2
            and (question := renamed(base, talk.gazetteer.papers[old], name, talk))
        ):
            return Meant(question, (target,), firm=firm, note=note or question)
    return Meant(f"What is {name}?", (target,), firm=firm, note=note)


def _no_target(talk: Talk, pointer: Pointer | None) -> Meant | None:
    """One sentence that says what the words do not find."""
    focus = talk.focus
    said = pointer.text if pointer else talk.text.strip(" ?!.")
    count = len(focus.row)
    if pointer and pointer.sort in ("place", "last"):
        have = f"are {count} papers" if count > 1 else "is one paper" if count else "is no paper"
        return Meant(talk.typed, trouble=f"I cannot tell what “{said}” is: there {have} to count here.")
    if pointer and pointer.sort in ("older", "newer") and count > 1:
        return Meant(
            talk.typed,
            trouble=f"I cannot tell which is “{said}”: not all of the {count} papers print a date.",
        )
    if focus.of_many:
        return Meant(
            talk.typed,
            trouble=f"I cannot tell which paper “{said}” means: the answer before was about "
            f"{len(focus.listed)}. Say which, as in “the second one”, or name it.",
        )
    if pointer and pointer.sort in ("former", "latter", "other", "previous", "older", "newer"):
        return Meant(
            talk.typed, trouble=f"I cannot tell which paper “{said}” means. Name it, and I look it up."
        )
    return None
