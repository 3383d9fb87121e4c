"""A follow-up and what is in focus -> what it asks, of which papers: no words of the conversation needed.

"and the second one?", "why?", "compare it with QuEST", "only 2023", "back to the first paper: ...". By
wordings and by what was shown, not by a model. A question that stands alone is left alone. One that
points at nothing is said to. Knows no scores; reads abstracts for their words alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.asked import read_question
from rag.focus import Focus
from rag.gazetteer import Gazetteer, named_papers, short_name
from rag.narrow import holds_only_a_name, read_turned, turned_inquiry, turned_scope
from rag.pointing import Pointer, find_pointer, places
from rag.types import Aim, Inquiry, Kind, Paper, RecordField, Scope
from rag.words import content_words, fold_name, names, stem, words

# Most papers that "compare them" and "do they" are taken over.
MOST_TOGETHER = 6
# A fragment without a word that points has at most so many words.
MOST_WORDS_OF_A_FRAGMENT = 7
# Mean share of a description's words that a paper's title (1) or abstract (less) must hold to be meant.
FIT_OF_A_DESCRIPTION = 0.6
# "which bit width": a question word and its noun, of whatever is in focus.
MOST_WORDS_WITHOUT_A_VERB = 4
# From this share of words that the paper in focus does not hold, a question has a subject of its own.
STRANGE_SHARE = 2 / 3
# Of the list that the catalogue folds, so many are shown first.
SHOWN_FIRST = 10

_OPENING = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|and|but|so|thanks|thank you|thx|great|cool|nice|hm+|wait|no wait|now|please|also|alright"
    r"|right|well|good|then|und|et|hey|hi|actually|sorry|oh|ah|interesting|i see|got it)\b[\s,.!:;–-]*)+",
    re.I,
)
_BACK = re.compile(
    r"^\W*(?:(?:go(?:ing)?|let['’]?s go|let us go|come|coming|returning|return|now) )?back to\b\s*", re.I
)
_TO_LIST = re.compile(r"^(?:go )?back to (?:the|that|your) list\b\W*(?=\w)", re.I)
_NEW_SUBJECT = re.compile(
    r"^[^?]*?\b(?:something (?:completely |totally |entirely )?(?:else|different)|(?:completely|totally|entirely) different"
    r"|(?:a )?different (?:thing|topic|question|subject)|(?:a )?new (?:topic|question|subject)|another (?:topic|question|thing)"
    r"|other (?:topic|question)|change of (?:subject|topic)|unrelated(?: question)?|forget (?:it|that)|never mind)\b"
    r"[\s,.:;!–-]*(?=\S+\s+\S+\s+\S)",
    re.I,
)
_ABOUT = re.compile(
    r"^(?:what about|how about|what of|and for|and in|for|in|about|was ist mit|et pour)\b\s*", re.I
)
_MORE = re.compile(
    r"^(?:(?:can you |could you )?(?:tell|give|show) me (?:some |a bit |a little |much )?more(?: details?| please| about (?:it|that|this))*"
    r"|(?:some |any )?more(?: details?| please| info(?:rmation)?)*|go on|continue|keep going|(?:what|anything|something) else"
    r"|(?:more )?details|elaborate|say more|expand(?: on (?:it|that|this))?|explain(?: more| further)?|mehr|encore|weiter|plus)\b\W*$",
    re.I,
)
_HOW_OR_WHY = re.compile(
    r"^(why|how|how so|how come|why(?: is| are)? (?:that|this|it|so|not)|how exactly|how does (?:that|this) work|how(?: does| do) (?:it|they) do (?:that|this|it)"
    r"|in what way|warum|wieso|wie(?: genau)?|pourquoi|comment)\b\W*$",
    re.I,
)
_WHEN = re.compile(
    r"\b(?:publish\w*|came|appear\w*|written|dated?|year|oldest|newest|earliest|latest)\b", re.I
)
_WHICH = re.compile(
    r"^which(?:['’]s| (?:one|ones|paper|of the (?:two|three)|is|are|has|have|had|was|were|uses?|came|works?|needs?|does|did|do|can"
    r"|gets?|reach(?:es)?|gives?|appeared))\b",
    re.I,
)
_NEWEST = re.compile(
    r"\b(?:newer|newest|latest|most recent|more recent)\b|\b(?:came|appeared|published|out) (?:last|later)\b",
    re.I,
)
_OLDEST = re.compile(
    r"\b(?:older|oldest|earliest|earlier)\b|\b(?:came|appeared|published|out|is|was) first\b", re.I
)
_ENDS: Sequence[tuple[Aim, re.Pattern[str]]] = (("latest", _NEWEST), ("earliest", _OLDEST))
_SOME_OF_ROW = re.compile(r"\bthe (first|last|other) (two|three|four|five|[2-6])\b", re.I)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5}
_PLURAL = re.compile(r"\b(?:both|(?:the|these|those) (?:two|three))\b", re.I)
_ONES_ABOUT = re.compile(
    r"^(?:(?:only|just|and) )*(?:the )?(?:(?:ones|those|papers|which) )?(?:are )?(?:about|on|dealing with|concerning) (\D.+)$",
    re.I,
)
_NARROWING = re.compile(r"^(?:only|just)\b", re.I)
_WHY = re.compile(r"^(?:why|how come|warum|wieso|pourquoi)", re.I)
_IN_SHORT = re.compile(r"^(?:summari[sz]e|summary|tl;?dr|in short|short version|overview)\W*$", re.I)
_WHAT_IS = re.compile(r"^(?:really|sure|are you sure|is that so|so what|and|meaning)\W*$", re.I)
_COMPARED = re.compile(
    r"\b(?:compare[ds]?|comparison|differ\w*|versus|vs\.?|better|worse|faster|slower|than|against|similar|same as|combine\w*"
    r"|vergleich\w*)\b",
    re.I,
)
_RECORD_ALONE: Sequence[tuple[RecordField, re.Pattern[str]]] = (
    ("first author", re.compile(r"^(?:(?:who|what)(?: is|['’]s| was)? )?(?:the |its |their |his )?(?:first|lead)[- ]author\W*$", re.I)),
    ("authors", re.compile(
        r"^(?:(?:and |by )?(?:who|whom|by whom|from whom)|(?:(?:who|what) (?:are|is|were) )?(?:the |its |their |all )*(?:authors?|names of the authors|author list)"
        r"|who (?:wrote|made|did|authored|published|came up with|is behind|are behind|developed|is it by|is it from)(?: \S+){0,4}"
        r"|written by(?: whom| who)?|wer(?: hat (?:es|das) geschrieben)?|qui(?: l['’]a écrit)?|(?:die )?autoren|(?:les )?auteurs)\W*$", re.I)),
    ("date", re.compile(
        r"^(?:when|(?:in |from )?(?:what|which) (?:year|month)(?: (?:is|was) \S+(?: from| published)?)?|(?:the |its )?(?:date|year)|how old is \S+"
        r"|when (?:was|is|did|were) \S+(?: \S+)? ?(?:published|released|written|appear|come out|out|from|put online|posted)?|wann|quand)\W*$", re.I)),
)  # fmt: skip
_HE = re.compile(
    r"\b(?:he|she|him|(?:this|that|the same) (?:author|researcher|person|guy)|(?:the|that) (?:first |lead )?author"
    r"|(?:the )?same first author)\b",
    re.I,
)
_HIS = re.compile(r"\b(?:his|her|(?:this|that|the same|the) (?:author|researcher|person)['’]s)\b", re.I)
_THEY_WROTE = re.compile(
    r"\b(?:they|the (?:first )?authors?) (?:(?:also|else) )?(?:write|wrote|written|publish(?:ed)?)\b", re.I
)
# A question over papers, methods or people of its own: its pronouns are its own as well.
_OWN_SUBJECT = re.compile(
    r"\b(?:which|what|any|are there|list|show|find|name|how many|some|all|is there|do you have|recommend)\s+(?:\S+\s+){0,4}?"
    r"(?:papers?|works|studies|methods|approaches|articles|publications|surveys|benchmarks|authors|page)\b"
    r"|\bpapers? (?:about|on|that|by|from|of)\b|\bwho (?:else )?(?:uses?|works? on|stud(?:y|ies))\b|\ban? paper\b"
    r"|\bon (?:this|the) shelf\b",
    re.I,
)
_VERB = re.compile(r"\b(?:is|are|was|were|do|does|did|can|could|has|have|will|should)\b|['’]s\b", re.I)
_DEFINITION = re.compile(r"^(?:what|who)(?:['’]s| is| are| was)\s+(?!(?:the|its|their|that|this|it)\b)", re.I)
_FRAGMENT = re.compile(
    r"^(?:and|but|or|also|what about|how about|on|for|than|with|without|in|at|under|over|by|from|the|its|any|only)\b",
    re.I,
)
_ASKS = re.compile(r"^(?:what|which|who|how|when|where|why|is|are|does|do|did|can|was|were|has|have)\b", re.I)
_GLUED = re.compile(r"^.*?\((.+)\)$")
# Words of asking after any paper: they tell nothing of what the question is about.
_OF_ANY_PAPER = frozenset(
    map(
        stem,
        """speedup speed accuracy result results dataset datasets data benchmark benchmarks method methods idea limitation
limitations size memory cost model models performance gain gains improvement number year contribution contributions
evaluation evaluate evaluated experiment experiments baseline baselines test tested tests parameter parameters example
examples detail details advantage advantages drawback drawbacks weakness problem problems goal solve solved fast faster
slower percent level levels hardware device devices loss metric metrics task tasks setting settings kind type better worse
good bad best worst exactly key main approach conclusion finding findings motivation author published publication date
code open source github available released work works help useful practical numbers figure figures score scores big small
large high low bigger smaller reduce reduced save saved saves savings achieve achieved reach reached reported report compared
ratio factor time latency throughput efficient trick novel novelty new introduce introduced algorithm technique step steps
first second third part parts phase phases called evidence claim claims true real need needed require required train trained
training retrain retraining finetuning""".split(),
    )
)
_FOREIGN = (
    (re.compile(r"^nur\b", re.I), "only"), (re.compile(r"^seulement\b", re.I), "only"),
    (re.compile(r"^(?:und\s+)?mit\s+code\b", re.I), "with code"), (re.compile(r"^avec\s+(?:du\s+)?code\b", re.I), "with code"),
    (re.compile(r"^(?:und\s+)?ohne\s+code\b", re.I), "without code"), (re.compile(r"^sans\s+code\b", re.I), "without code"),
    (re.compile(r"^und\b", re.I), "and"), (re.compile(r"^et\b(?! al)", re.I), "and"),
    (re.compile(r"^wie\s+viele\b", re.I), "how many"), (re.compile(r"^combien\b", re.I), "how many"),
)  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """A follow-up at work: as typed, without the words that open it, and all that it may point at."""

    typed: str
    text: str
    focus: Focus
    gazetteer: Gazetteer

    def title(self, paper_id: str) -> str:
        return self.gazetteer.papers[paper_id].title

    def name(self, paper_id: str) -> str:
        """What to call a paper inside a question."""
        return short_name(self.gazetteer.papers[paper_id], self.gazetteer)

    def titles(self, paper_ids: Sequence[str]) -> str:
        return " and ".join(self.name(paper_id) or self.title(paper_id) for paper_id in paper_ids)


_Reader = Callable[[_Asked], Meant | None]


def follow(question: str, focus: Focus, gazetteer: Gazetteer) -> Meant | None:
    """What the question means after this conversation; None where it stands alone."""
    typed = question
    for pattern, english in _FOREIGN:
        question = pattern.sub(english, question)
    if found := _NEW_SUBJECT.match(question):
        return Meant(question[found.end() :])
    question = re.sub(r"\b(what|who|where|how|when)s\b", r"\1's", question, flags=re.I)
    text = _TO_LIST.sub("", _OPENING.sub("", question)).strip() or question
    asked = _Asked(typed, text, focus, gazetteer)
    return next((meant for reader in _READERS if (meant := reader(asked))), None)


def papers_before(focus: Focus) -> tuple[str, ...]:
    """The papers that "those" points at in a question about the collection."""
    return focus.shown if focus.plan.inquiry else focus.listed or focus.shown


# --- the collection


def _turn(asked: _Asked) -> Meant | None:
    """ "only 2023", "and Lu Yin?": the question before, with another filter or aim."""
    plan, shelf = asked.focus.plan, asked.gazetteer.shelf
    over_shelf = plan.kind in ("catalogue", "topic", "summary") and not plan.record
    if _named(asked):
        return None
    narrowing = bool(_NARROWING.match(asked.text))
    if not over_shelf:
        if not (narrowing or holds_only_a_name(asked.text, shelf)):
            return None
        scope = Scope(papers=asked.focus.listed if narrowing else ())
        plan = replace(plan, inquiry=Inquiry("list", scope), scope=scope)
    if over_shelf and (about := _ONES_ABOUT.match(asked.text)):
        scope = plan.scope if plan.inquiry or plan.kind != "catalogue" else Scope(papers=asked.focus.shown)
        return Meant(f"papers about {about[1]}", kind="topic", scope=scope)
    turned = read_turned(asked.text, shelf, names=over_shelf)
    if turned is None:
        return None
    if narrowing and not over_shelf and not asked.focus.listed:
        return Meant(asked.typed, trouble="There is no list of papers here yet to narrow.")
    if plan.inquiry is None and plan.kind != "catalogue" and turned.aim is None:
        scope = turned_scope(plan.scope, turned)
        return Meant(_with_name(plan.question, plan.scope, scope), kind=plan.kind, scope=scope)
    before = plan.inquiry or Inquiry("list", replace(plan.scope, papers=asked.focus.shown))
    return Meant(asked.typed, inquiry=turned_inquiry(before, turned))


def _with_name(question: str, before: Scope, after: Scope) -> str:
    """The question with the other author's name in the place of the one before."""
    if len(before.names) == len(after.names) == 1:
        return re.sub(re.escape(before.names[0]), after.names[0], question, flags=re.I)
    return question


def _whole(asked: _Asked) -> Meant | None:
    """A question about the collection that needs no more than its "those"."""
    read = read_question(asked.typed, asked.gazetteer.shelf, before=papers_before(asked.focus))
    if read.inquiry is None or _named(asked) or _record_of(asked):
        return None
    if not replace(read.inquiry.scope, papers=()) and read.inquiry.scope.papers:
        pointer = find_pointer(asked.text)
        counted = pointer is not None and pointer.sort in ("place", "last")
        if counted and not _WHEN.search(asked.text):
            return None
        if read.inquiry.aim == "list" and asked.focus.plan.inquiry is None:
            return None
    return Meant(asked.typed, inquiry=read.inquiry)


def _author(asked: _Asked) -> Meant | None:
    """ "how many papers has he?": the author in focus in the place of the pronoun."""
    subject = asked.gazetteer.papers.get(asked.focus.subject)
    of_paper = subject.authors[:1] if subject and re.search(r"\bfirst author\b", asked.text, re.I) else ()
    name = next(iter(of_paper), asked.focus.author)
    if not name or not (_HE.search(asked.text) or _HIS.search(asked.text) or _THEY_WROTE.search(asked.text)):
        return None
    text = _HIS.sub(f"{name}'s", _HE.sub(name, asked.text))
    text = _THEY_WROTE.sub(f"{name} write", text)
    read = read_question(re.sub(r"\belse\b ?", "", text), asked.gazetteer.shelf, before=())
    return Meant(text, inquiry=read.inquiry) if read.inquiry else None


# --- papers


def _against(asked: _Asked) -> Meant | None:
    """ "compare it with QuEST", "compare them"."""
    named = _named(asked)
    pointer = find_pointer(asked.text)
    comparing = _COMPARED.search(asked.text)
    if not comparing or (named and pointer is None) or asked.focus.lost:
        return None
    if named:
        back = _targets(pointer, asked) if pointer else ()
        back = tuple(paper_id for paper_id in back if paper_id not in named)
        return _both(asked, (*back, *named), pointer, back) if back else None
    if not re.match(r"(?:can you |please )?(?:compare|vergleich\w*|how do|what is the difference|difference|which)\b",
                    asked.text, re.I) or not (pointer is None or pointer.sort == "several" or _picked(asked)):  # fmt: skip
        return None
    together = _picked(asked) or _several(asked)
    if re.match(r"which\b", asked.text, re.I) or len(content_words(asked.text)) > 2:
        return None
    if len(together) < 2:
        return Meant(asked.typed, trouble="There are not two papers in this conversation yet to compare.")
    return Meant(
        f"Compare {asked.titles(together)}",
        together,
        firm=True,
        kind="compare",
        note=f"{pointer.text if pointer else 'compared'} = {asked.titles(together)}",
    )


def _both(asked: _Asked, together: tuple[str, ...], pointer: Pointer | None, back: Sequence[str]) -> Meant:
    note = f"{pointer.text} = {asked.titles(back)}" if pointer else ""
    question = _put(asked, asked.text, pointer, back[0]) if pointer else asked.text
    return Meant(question, together[:MOST_TOGETHER], firm=True, note=note)


def _other_name(asked: _Asked) -> Meant | None:
    """ "what about LazyDiT?": the question before, of another paper."""
    named = _named(asked)
    if len(named) != 1 or not _only_names(asked, named[0]):
        return None
    return _same_question(asked, named[0], firm=False)


def _named_alone(asked: _Asked) -> Meant | None:
    if not _named(asked):
        return None
    return Meant(_BACK.sub("", asked.text) if _BACK.match(asked.text) else asked.typed)


def _after_nothing(asked: _Asked) -> Meant | None:
    """After a refusal nothing is in focus but what was asked, and the nearest papers that were offered."""
    if not asked.focus.lost:
        return None
    pointer = find_pointer(asked.text)
    if pointer and pointer.sort in ("place", "last", "described", "other") and asked.focus.shown:
        return None
    short = len(content_words(asked.text)) <= 2 and not _DEFINITION.match(asked.text)
    if (pointer or short) and not _OWN_SUBJECT.search(asked.text):
        return Meant(f"{asked.typed} ({asked.focus.plan.question})")
    return Meant(asked.typed)


def _again(asked: _Asked) -> Meant | None:
    """ "why?", "how exactly?", "more": the question before, asked once more."""
    focus, text = asked.focus, asked.text.strip()
    more = bool(_MORE.match(text))
    in_short = bool(_IN_SHORT.match(text))
    if not (more or in_short or _HOW_OR_WHY.match(text) or _WHAT_IS.match(text)):
        return None
    if more and focus.plan.inquiry and len(focus.shown) > SHOWN_FIRST:
        rest = Inquiry("list", Scope(papers=focus.shown[SHOWN_FIRST:]))
        return Meant(asked.typed, inquiry=rest)
    if focus.plan.inquiry and not focus.subject:
        return Meant(
            asked.typed, trouble="A count has no more to it; ask about one of its papers, or narrow it."
        )
    base = _base(focus.plan.question)
    named = (focus.subject,) if focus.subject and not focus.of_many else focus.plan.named or focus.listed
    if in_short and named:
        about = f"What is {asked.titles(named[:MOST_TOGETHER])} about?"
        return Meant(about, named[:MOST_TOGETHER], firm=True, note=_about(asked, named))
    if more:
        question = base if not focus.plan.record else f"What is {asked.titles(named)} about?"
        return Meant(
            question, named[:MOST_TOGETHER], firm=bool(named), note=_about(asked, named), told=focus.told
        )
    question = _how_or_why(base, why=bool(_WHY.match(text))) if _HOW_OR_WHY.match(text) else base
    return Meant(question, named[:MOST_TOGETHER], firm=bool(named), note=_about(asked, named))


def _record(asked: _Asked) -> Meant | None:
    """ "its authors?", "who wrote them?", "when was that published?"."""
    fields = _record_of(asked)
    if not fields:
        return None
    pointer = find_pointer(asked.text)
    if pointer and pointer.sort == "several" and (asked.focus.of_many or _PLURAL.search(asked.text)):
        papers: tuple[str, ...] = _several(asked)
    elif pointer:
        papers = _targets(pointer, asked)
    else:
        papers = (asked.focus.subject,) if asked.focus.subject else ()
    if not papers:
        return _no_target(asked, pointer)
    if len(papers) > MOST_TOGETHER:
        return Meant(
            asked.typed, inquiry=Inquiry("years" if fields == ("date",) else "authors", Scope(papers=papers))
        )
    return Meant(
        asked.typed, papers, firm=True, kind="catalogue", record=fields, note=_taken(asked, pointer, papers)
    )


def _pointed(asked: _Asked) -> Meant | None:
    """A question with words that point at one paper or at several."""
    pointer = find_pointer(asked.text)
    if picked := _picked(asked):
        return Meant(asked.text, picked, firm=True, note=_about(asked, picked))
    if pointer is None or (_own_antecedent(asked, pointer) and pointer.sort in ("one", "several")):
        return None
    plural = asked.focus.of_many or not asked.focus.subject or bool(_PLURAL.search(asked.text))
    if pointer.sort == "several" and plural:
        return _among(asked, pointer)
    papers = _targets(pointer, asked)
    if not papers:
        return Meant(asked.typed) if pointer.sort == "described" else _no_target(asked, pointer)
    target = papers[0]
    text = _BACK.sub("", asked.text)
    again = find_pointer(text) or pointer
    left = f"{text[: again.start]} {text[again.end :]}"
    if not _says_something(left) and pointer.sort != "one":
        return _same_question(asked, target, firm=True, pointer=pointer)
    question = _put(asked, text, again, target)
    question = re.sub(r"^\W*(?:(?:what|how) about\s+)?[\w^$.+-]+\s*[:,.;–]\s+(?=\S+ \S)", "", question) if (
        again.start <= len("what about the") and pointer.sort != "one"
    ) else question  # fmt: skip
    return Meant(question, (target,), firm=True, note=_taken(asked, pointer, papers))


def _which(asked: _Asked) -> Meant | None:
    """ "which one is newer?", "which is the fastest?": of the papers in focus."""
    if not _WHICH.match(asked.text) or _OWN_SUBJECT.search(asked.text):
        return None
    papers = _several(asked)
    if len(papers) < 2:
        return None
    for aim, pattern in _ENDS:
        if pattern.search(asked.text):
            return Meant(asked.typed, inquiry=Inquiry(aim, Scope(papers=papers), most=1))
    if len(papers) > MOST_TOGETHER:
        return Meant(asked.text, kind="topic", scope=Scope(papers=papers), note=_about(asked, papers))
    return Meant(asked.text, kind="paper", scope=Scope(papers=papers), note=_about(asked, papers))


def _among(asked: _Asked, pointer: Pointer) -> Meant | None:
    """ "in which of these?", "do they need retraining?": the latest list, as a part of the shelf."""
    papers = _several(asked)
    if not papers:
        return _no_target(asked, pointer)
    left = f"{asked.text[: pointer.start]} {asked.text[pointer.end :]}"
    question = asked.text if _says_something(left) else _base(asked.focus.plan.question)
    which = bool(re.search(r"\b(?:which|any|one|some|none|either)\b", asked.text, re.I))
    note = f"{pointer.text} = {_count_of(asked, papers)}"
    if which or len(papers) > MOST_TOGETHER:
        kind: Kind = "topic" if len(papers) > SHOWN_FIRST else "paper"
        return Meant(question, kind=kind, scope=Scope(papers=papers), note=note)
    return Meant(question, papers, firm=True, note=note)


def _fragment(asked: _Asked) -> Meant | None:
    """ "speedup on device?": no word points, but all its words are about the paper in focus."""
    focus, text = asked.focus, asked.text
    if not focus.subject or focus.of_many or _OWN_SUBJECT.search(text):
        return None
    opened = bool(_FRAGMENT.match(_OPENING_KEPT.sub("", asked.typed).strip())) or bool(_ABOUT.match(text))
    telling = _telling(text)
    paper = asked.gazetteer.papers[focus.subject]
    known = _stems(f"{paper.title} {paper.abstract}")
    strange = [word for word in telling if word not in known]
    count = len(words(text))
    asks = bool(_ASKS.match(text)) and (count > MOST_WORDS_WITHOUT_A_VERB or bool(_VERB.search(text)))
    fragment = not asks and count <= MOST_WORDS_OF_A_FRAGMENT
    opened |= fragment and bool(_ASKS.match(text))
    definition = bool(_DEFINITION.match(text))
    follows = (
        (not strange and (bool(telling) or not definition))
        or (opened and fragment and len(strange) <= 2 and not definition)
        or (len(telling) > 2 and len(strange) == 1 and not definition)
    )
    if not follows:
        return None
    name = asked.name(focus.subject)
    if fragment and opened:
        question = f"{asked.text} ({_base(focus.plan.question)})"
    else:
        question = f"{asked.text} ({name})" if name else asked.text
    return Meant(
        question, (focus.subject,), firm=not strange and fragment, note=_about(asked, (focus.subject,))
    )


_OPENING_KEPT = re.compile(r"^\W*(?:(?:ok(?:ay)?|so|thanks|great|cool|hm+|wait|now)\b[\s,.!:;]*)+", re.I)
_READERS: Sequence[_Reader] = (
    _author, _turn, _whole, _against, _other_name, _named_alone, _record, _after_nothing, _again,
    _which, _pointed, _fragment,
)  # fmt: skip


# --- what the words point at


def _named(asked: _Asked) -> tuple[str, ...]:
    return named_papers(asked.text, asked.gazetteer)


def _targets(pointer: Pointer, asked: _Asked) -> tuple[str, ...]:
    """The paper that the pointer means; none where there is none."""
    focus = asked.focus
    row = focus.subjects if _BACK.match(asked.text) and len(focus.subjects) > 1 else focus.row
    match pointer.sort:
        case "one":
            return (_one(asked),) if _one(asked) else ()
        case "several":
            return (focus.subject,) if focus.subject else ()
        case "place":
            rows = (row, focus.subjects, focus.shown)
            return next(
                (each[pointer.place - 1 : pointer.place] for each in rows if len(each) >= pointer.place > 0),
                (),
            )
        case "last":
            return row[-1:]
        case "former":
            return _pair(focus)[:1]
        case "latter":
            return _pair(focus)[1:]
        case "other":
            others = [paper_id for paper_id in _pair(focus) if paper_id != focus.subject]
            return tuple(others) if len(others) == 1 else ()
        case "previous":
            return focus.subjects[-2:-1]
        case "older" | "newer":
            return _by_date(asked, newest=pointer.sort == "newer")
        case "described":
            return _described(asked, pointer.words)


def _one(asked: _Asked) -> str:
    """What "it" means: the paper in focus; of a topic's papers the first; of a count's the only one."""
    focus = asked.focus
    if focus.of_many and focus.plan.inquiry is None and focus.shown:
        return focus.subject if focus.subject in focus.shown else focus.shown[0]
    return focus.subject


def _pair(focus: Focus) -> tuple[str, ...]:
    return focus.listed if len(focus.listed) == 2 else focus.subjects[-2:] if len(focus.subjects) > 1 else ()


def _several(asked: _Asked) -> tuple[str, ...]:
    focus = asked.focus
    if focus.listed:
        return focus.listed
    return (
        focus.subjects if re.search(r"\b(?:all|three|four|five)\b", asked.text, re.I) else focus.subjects[-2:]
    )


def _picked(asked: _Asked) -> tuple[str, ...]:
    """ "the first two", "the first and the third": some of the papers in a row."""
    row = asked.focus.row
    if found := _SOME_OF_ROW.search(asked.text):
        count = _NUMBERS.get(found[2].lower()) or int(found[2])
        others = tuple(paper_id for paper_id in row if paper_id != asked.focus.subject)
        some = {"first": row[:count], "last": row[-count:], "other": others}[found[1].lower()]
        return some if len(some) == count else ()
    counted = places(asked.text)
    if len(counted) < 2 or not all(0 < place <= len(row) for place in counted):
        return ()
    return tuple(dict.fromkeys(row[place - 1] for place in counted))


def _by_date(asked: _Asked, *, newest: bool) -> tuple[str, ...]:
    papers = [asked.gazetteer.papers[paper_id] for paper_id in asked.focus.row]
    dated = [(paper.date, paper.id) for paper in papers if paper.date]
    if len(papers) < 2 or len(dated) < len(papers):
        return ()
    return ((max if newest else min)(dated)[1],)


def _described(asked: _Asked, description: str) -> tuple[str, ...]:
    """The paper of the conversation that the words fit best; none where they fit none, or two alike."""
    stems = {stem(word) for word in content_words(description)} - {"before", "back"}
    wanted = stems - _OF_ANY_PAPER or stems
    if not wanted:
        return ()
    scores: list[tuple[float, str]] = []
    for paper_id in asked.focus.seen:
        paper = asked.gazetteer.papers[paper_id]
        title, whole = _stems(paper.title) | _parts(paper.title), _stems(f"{paper.title} {paper.abstract}")
        fits = [1.0 if word in title else 0.75 if word in whole else 0.0 for word in wanted]
        scores.append((sum(fits) / len(wanted), paper_id))
    best = max(scores, default=(0.0, ""))[0]
    fitting = [paper_id for score, paper_id in scores if score == best]
    asked_about = [paper_id for paper_id in fitting if paper_id in asked.focus.subjects]
    return tuple((asked_about or fitting)[:1]) if best >= FIT_OF_A_DESCRIPTION else ()


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, words(text)))


def _parts(title: str) -> frozenset[str]:
    """The words that a name of the title is made of: LazyDiT holds lazy."""
    runs = [run for name in names(title) for run in re.findall(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}|\d+", name)]
    return frozenset(stem(run.lower()) for run in runs)


# --- how it is said


def _record_of(asked: _Asked) -> tuple[RecordField, ...]:
    if asked.focus.lost:
        return ()
    return tuple(field for field, pattern in _RECORD_ALONE if pattern.match(asked.text.strip()))[:1]


def _only_names(asked: _Asked, paper_id: str) -> bool:
    """Whether the question is a paper's name and no more."""
    rest = _ABOUT.sub("", asked.text).strip(" ?!.,:")
    if fold_name(rest) == fold_name(asked.title(paper_id)):
        return True
    return asked.gazetteer.names.get(fold_name(re.sub(r"^(?:the )|\s+paper$", "", rest))) is not None


def _same_question(asked: _Asked, target: str, *, firm: bool, pointer: Pointer | None = None) -> Meant:
    """The question before, asked of another paper."""
    plan = asked.focus.plan
    name = asked.name(target) or asked.title(target).rstrip("?")
    note = _taken(asked, pointer, (target,)) if pointer else ""
    if plan.record:
        return Meant(
            asked.typed,
            (target,),
            firm=True,
            kind="catalogue",
            record=plan.record,
            note=note or asked.title(target),
        )
    base = _base(plan.question)
    for old in dict.fromkeys((*plan.named, *([asked.focus.subject] if asked.focus.subject else []))):
        if old != target and (question := _renamed(base, asked.gazetteer.papers[old], name, asked)):
            return Meant(question, (target,), firm=firm, note=note or question)
    return Meant(f"What is {name}?", (target,), firm=firm, note=note)


def _renamed(question: str, old: Paper, name: str, asked: _Asked) -> str:
    """The question with the other paper's name where this one's stands; nothing where it stands nowhere."""
    spellings = [old.title, *(key for key, ids in asked.gazetteer.names.items() if old.id in ids)]
    for spelling in sorted(spellings, key=len, reverse=True):
        letters = r"[\W_]*".join(map(re.escape, fold_name(spelling)))
        changed, count = re.subn(rf"(?<!\w)\W?{letters}(?!\w)", f" {name}", question, count=1, flags=re.I)
        if count:
            return " ".join(changed.split())
    return ""


def _put(asked: _Asked, text: str, pointer: Pointer, target: str) -> str:
    """The text with the paper's short name for the words that point at it, and for each "it" behind them."""
    name = asked.name(target)
    if not name:
        return text
    said = pointer.text.lower()
    if (
        said in ("they", "their", "theirs", "them", "there", "in there", "this", "those", "these")
        or "author" in said
    ):
        return f"{text} ({name})"
    ending = "'s" if said == "its" else " is" if said in ("it's", "it’s") else ""
    put = f"{name}{ending}"
    return f"{text[: pointer.start]}{put}{text[pointer.end :]}"


def _taken(asked: _Asked, pointer: Pointer | None, papers: Sequence[str]) -> str:
    if pointer is None:
        return _about(asked, papers)
    said = ", ".join(asked.title(paper_id) for paper_id in papers[:3])
    return f"{pointer.text} = {said}" if len(papers) <= 3 else f"{pointer.text} = {len(papers)} papers"


def _about(asked: _Asked, papers: Sequence[str]) -> str:
    return f"about {_count_of(asked, papers)}" if papers else ""


def _count_of(asked: _Asked, papers: Sequence[str]) -> str:
    if len(papers) > 3:
        return f"the {len(papers)} papers of the answer before"
    return ", ".join(asked.title(paper_id) for paper_id in papers)


def _no_target(asked: _Asked, pointer: Pointer | None) -> Meant | None:
    """One sentence that says what the words do not find."""
    focus = asked.focus
    said = pointer.text if pointer else asked.text.strip(" ?!.")
    count = len(focus.row)
    if pointer and pointer.sort in ("place", "last"):
        have = "one paper" if count == 1 else f"{count} papers" if count else "no paper"
        return Meant(asked.typed, trouble=f"I cannot tell what “{said}” is: there is {have} to count here."
                     if count < 2 else f"I cannot tell what “{said}” is: there are {have} to count here.")  # fmt: skip
    if pointer and pointer.sort in ("older", "newer") and count > 1:
        return Meant(
            asked.typed,
            trouble=f"I cannot tell which is “{said}”: not all of the {count} papers print a date.",
        )
    if focus.of_many:
        return Meant(
            asked.typed,
            trouble=f"I cannot tell which paper “{said}” means: the answer before was about {len(focus.listed)}. "
            "Say which, as in “the second one”, or name it.",
        )
    if pointer and pointer.sort in ("former", "latter", "other", "previous", "older", "newer"):
        return Meant(
            asked.typed, trouble=f"I cannot tell which paper “{said}” means. Name it, and I look it up."
        )
    return None


def _says_something(text: str) -> bool:
    """Whether words are left that ask anything."""
    left = _OPENING.sub("", " ".join(text.split())).strip(" ?!.,:;")
    left = re.sub(r"\b(?:what|how|tell|me|about|and|go|back|to|now|please|so|of|is|the|in|on|for|which|with|again|it)\b",
                  " ", left, flags=re.I)  # fmt: skip
    return bool(re.search(r"\w", left))


def _own_antecedent(asked: _Asked, pointer: Pointer) -> bool:
    """Whether the question itself says before the pronoun what it stands for."""
    before = asked.text[: pointer.start]
    if _OWN_SUBJECT.search(before) and pointer.text.lower() in (
        "it",
        "its",
        "they",
        "their",
        "them",
        "this",
        "that",
    ):
        return True
    telling = _telling(before)
    if len(telling) < 3 or not asked.focus.subject:
        return False
    paper = asked.gazetteer.papers[asked.focus.subject]
    strange = set(telling) - _stems(f"{paper.title} {paper.abstract}")
    return len(strange) >= STRANGE_SHARE * len(set(telling))


def _telling(text: str) -> list[str]:
    """Stems of the words that say what a question is about, without those that fit any paper."""
    return [word for word in map(stem, content_words(text)) if word not in _OF_ANY_PAPER]


def _how_or_why(base: str, *, why: bool) -> str:
    """The question before with "how" or "why" in front, as an answer to it is worded."""
    if found := re.match(
        r"(?:what(?:['’]s| is)|tell me about|explain)\s+(\S+(?: \S+){0,2}?)(?: about)?\W*$", base, re.I
    ):
        return f"Why is {found[1].strip('?')} needed?" if why else f"How does {found[1].strip('?')} work?"
    return f"{'Why' if why else 'How'}: {base}"


def _base(question: str) -> str:
    """A question without what an earlier follow-up put before it in brackets."""
    found = _GLUED.match(question)
    inside = found[1] if found else ""
    question = inside if len(inside.split()) > 2 else question
    return re.sub(r"^(?:Why|How): ", "", question)
