"""Question and history -> Plan: what is asked, of which part of the shelf, of which papers.

By patterns and by the shelf's own names and titles (a Gazetteer made from the library), not
by a model. Knows no scores and reads no abstract at question time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.asked import Asked, read_question
from rag.briefs import read_brief, recent, speaks_of_papers
from rag.focus import Focus, see_focus
from rag.gazetteer import Gazetteer, named_papers
from rag.orders import question_in
from rag.question import check_question
from rag.records import PLACE, read_record
from rag.scopes import scope_words
from rag.sides import find_mentions, find_sides
from rag.topics import asks_for_papers
from rag.types import Brief, Inquiry, Kind, Plan, RecordField, Scope, Sides, Turn
from rag.words import content_words, words

if TYPE_CHECKING:
    from rag.follow import Meant

_COMPARE = re.compile(r"\b(?:compare[ds]?|comparison|differen(?:ce|t|ces)|differ|versus|vs\.?)\b", re.I)
# Two things are set against each other, even where only one of them is a name of the shelf.
_AGAINST = re.compile(
    r"\S\s+(?:versus|vs\.?)\s+\S|\b(?:compare|differences? between)\b.+\b(?:with|to|and|against)\b"
    r"|\band\b.+\bdiffer\b",
    re.I,
)
_SUMMARY = re.compile(
    r"^\W*(?:please\s+)?(?:can you\s+)?(?:summari[sz]e|give (?:me )?an? (?:summary|overview)|overview of)",
    re.I,
)
_TOPIC = re.compile(
    r"\b(?:which|what|any|are there|list|show|find|name)\s+(?:me\s+)?(?:all\s+)?(?:the\s+)?(?:of the\s+)?"
    r"(?:[\w-]+\s+){0,4}"
    r"(?:papers|works|studies|methods|approaches|articles|publications|surveys|benchmarks)\b"
    r"|\bpapers (?:about|on|that)\b"
    r"|\b(?:which|what) (?:ones|work|research)\b|\bwhat(?: is|['’]s) (?:there|known) (?:on|about|for)\b"
    r"|\bwho (?:else )?(?:uses?|works? on|stud(?:y|ies))\b|\blist (?:all|them|every)\b|\ball of them\b",
    re.I,
)
_CATALOGUE = re.compile(
    r"^\W*how many (?:\w+\s+){0,6}(?:papers|publications|articles)\b|\bh-?index\b|\bco-?authors?\b",
    re.I,
)
# What a question asks of a named paper's record, and what shows that it asks for more than that.
_RECORD: Mapping[RecordField, re.Pattern[str]] = {
    "first author": re.compile(r"\b(?:first|lead)[- ]authors?\b", re.I),
    "authors": re.compile(
        r"\bwho (?:all )?(?:wrote|authored|published)\b|\bwho(?:['’]s| is| are| were)?\b.{0,20}\bauthors?\b"
        r"|\b(?:list|name|what are)\b.{0,20}\bauthors\b|\bauthors? of\b|\bby whom\b|\bwritten by who\b"
        r"|\w['’]s authors?\W*$",
        re.I,
    ),
    "date": re.compile(
        r"\b(?:when|(?:what|which) (?:year|month|date))\b.{0,80}"
        r"\b(?:appear\w*|publish\w*|released?|c[ao]me out|put (?:out|up|online)|posted|uploaded"
        r"|written|dated?)\b"
        r"|\b(?:publication|release) date\b",
        re.I,
    ),
}
# Words of such a question that are not about the paper; with more others it asks for more than a record.
_OF_A_RECORD = frozenset(
    """first lead wrote published publish publication appear appeared appears released release
come came out online posted uploaded written year month date dated authors listed printed
arxiv""".split()
) | {PLACE}
MOST_BESIDE_A_RECORD = 1
_MORE_THAN_RECORD = re.compile(r"\b(?:how|why|explain|summari[sz]e|compare)\b", re.I)
_SINCE = re.compile(r"\bsince\s+((?:19|20)\d\d)\b", re.I)
_YEAR = re.compile(r"\b(?:in|from|of|during)\s+((?:19|20)\d\d)\b|\b((?:19|20)\d\d)\s+papers?\b", re.I)
_WITH_CODE = re.compile(
    r"\b(?:with|have|has|having|release[ds]?)\s+(?:open\s+|public\s+|released\s+)?code\b", re.I
)
_WITHOUT_CODE = re.compile(
    r"\b(?:without|no|lacks?)\s+(?:open\s+|public\s+|released\s+)?code\b|(?:\bnot|n['’]t)\s+(?:\w+\s+){0,2}code\b",
    re.I,
)


# Papers of an exact part of the shelf without those of a topic.
_NOT_ABOUT = re.compile(
    r"\b(?:(?:(?:are|is|do|does|were|was)(?:\s+not|n['’]t)|not)\s+(?:deal(?:ing)? with|about|on|related to)"
    r"|have nothing to do with)(?=\s)",
    re.I,
)

# Asks which of several papers told before are about something.
_WHICH_OF_THEM = re.compile(
    r"^\W*(?:and |but |so )?(?:which|what|are any|is any|does any|do any|any|some)\b", re.I
)


def understand(question: str, history: Sequence[Turn], gazetteer: Gazetteer) -> Plan:
    """The plan for `question`, asked after `history`.

    Raises QuestionError for a question that is empty, too long or without a word.
    """
    question = question_in(check_question(question))
    focus = see_focus(history, gazetteer.papers)
    meant = _meant(question, focus, gazetteer) if focus else None
    followed = None if meant is None or meant.is_plain else meant
    if followed and len(followed.named) > 1:
        sides = find_sides(question, followed.named, gazetteer)
        kind = followed.kind or _kind(followed.question, followed.named)
        if kind == "compare" or (sides and len(sides.papers) > 1):
            return _comparison(followed.question, Sides(followed.named), gazetteer)
    before = history[-1].paper_ids if history else ()
    sides = find_sides(question, before, gazetteer) if followed is None else None
    if sides and (sides.papers or not read_question(question, gazetteer.shelf).inquiry):
        return _comparison(question, sides, gazetteer)
    if followed is None:
        return _alone(meant.question if meant else question, gazetteer)
    return _followed(question, followed, gazetteer)


def _meant(question: str, focus: Focus, gazetteer: Gazetteer) -> Meant | None:
    from rag.follow import follow  # its patterns take 20 ms of a first question, which follows nothing

    return follow(question, focus, gazetteer)


def _followed(question: str, meant: Meant, gazetteer: Gazetteer) -> Plan:
    """The plan for a question that only the conversation explains."""
    if meant.trouble:
        return Plan(question, "other", understood_as=question, trouble=meant.trouble)
    if meant.inquiry:
        counted = _counted(question, meant.inquiry)
        said = " · ".join([counted.understood_as, *([meant.note] if meant.note else [])])
        return replace(counted, understood_as=said)
    said = meant.question if meant.note in ("", meant.question) else f"{question} · {meant.note}"
    read = _read_record(meant.question, meant.named, gazetteer) if len(meant.named) == 1 else ()
    if isinstance(read, Inquiry) and not meant.record:
        return _counted(question, read)
    record = meant.record or (() if isinstance(read, Inquiry) else read)
    kind = "catalogue" if record else meant.kind or _kind(meant.question, meant.named)
    if kind == "compare" and len(meant.named) == 1:
        kind = "paper"  # "what do they compare with?" compares no two papers
    scope = meant.scope or (Scope(papers=meant.named) if meant.firm else _scope(meant.question, gazetteer))
    told = () if scope.papers else scope_words(scope)
    if brief := _followed_brief(meant, kind, scope, gazetteer):
        kind = "summary" if kind == "summary" or _SUMMARY.search(meant.question) else "topic"
        return Plan(meant.question, kind, scope, (), " · ".join([said, *told]), brief=brief)
    return Plan(
        meant.question,
        "paper" if kind == "catalogue" and not record else kind,
        scope,
        meant.named,
        " · ".join([said, *told]),
        record,
        told=meant.told,
    )


def _followed_brief(meant: Meant, kind: Kind, scope: Scope, gazetteer: Gazetteer) -> Brief | None:
    """What a follow-up asks of several papers told before, or of a summary told before narrowed."""
    papers = meant.scope.papers if meant.scope else meant.named
    if _SUMMARY.search(meant.question) and len(papers) > 1:
        return Brief(Scope(papers=papers))
    if kind == "summary" and not meant.named and (planned := _summary(meant.question, gazetteer)):
        return replace(planned.brief, scope=scope) if planned.brief else None
    topic = " ".join(content_words(meant.question))
    if len(papers) > 1 and topic and _WHICH_OF_THEM.search(meant.question):
        return Brief(Scope(papers=papers), topic)
    return None


def _alone(question: str, gazetteer: Gazetteer) -> Plan:
    """The plan for a question that stands alone."""
    about = _NOT_ABOUT.sub("are about", question)
    if about != question and (apart := _affirmed(about, gazetteer).brief) and apart.topic and apart.scope:
        understood_as = " · ".join([question, *scope_words(apart.scope), f"not about {apart.topic}"])
        return Plan(question, "topic", apart.scope, (), understood_as, brief=replace(apart, apart=True))
    return _affirmed(question, gazetteer)


def _affirmed(question: str, gazetteer: Gazetteer) -> Plan:
    """The plan for a question that stands alone, and of which no topic is left out."""
    named = named_papers(question, gazetteer)
    read = _read_record(question, named, gazetteer)
    if isinstance(read, Inquiry):
        return _counted(question, read)
    record = read
    asked = Asked() if record else read_question(question, gazetteer.shelf)
    if asked.inquiry and not (asked.inquiry.trouble and _summary(question, gazetteer)):
        return _counted(question, asked.inquiry)
    if not record and not asked.most and (planned := _summary(question, gazetteer)):
        return planned
    if asked.unread and not named:
        return _unread(question, asked)
    kind, scope = _kind(question, named), _scope(question, gazetteer)
    ends = asked.most is not None
    about_a_set = kind in ("topic", "catalogue") or (
        kind == "paper" and not named and (ends or bool(asked.topic))
    )
    brief = None
    if asked.topic is not None and about_a_set:
        kind, scope = "topic", asked.topic
        topic = " ".join(content_words(" ".join(asked.left)))
        brief = Brief(scope, topic, asked.order, most=asked.most) if topic and (scope or ends) else None
    kind = "catalogue" if record else kind
    ordered = [f"about {brief.topic}", f"{brief.order} by date"] if brief and brief.most else []
    understood_as = " · ".join([question, *scope_words(scope), *ordered, *asked.notes])
    return Plan(question, kind, scope, named, understood_as, record, brief=brief)


def _unread(question: str, asked: Asked) -> Plan:
    """The plan for a question about the collection that is not understood to the last word."""
    unread = f"not understood: {', '.join(asked.unread)}"
    return Plan(question, "catalogue", understood_as=" · ".join([question, *asked.notes, unread]))


def _counted(question: str, inquiry: Inquiry) -> Plan:
    understood_as = " · ".join([question, *scope_words(inquiry.scope), *inquiry.notes])
    named = inquiry.part.papers if inquiry.aim == "check" and inquiry.part else ()
    return Plan(question, "catalogue", inquiry.scope, named, understood_as, inquiry=inquiry)


def _comparison(question: str, sides: Sides, gazetteer: Gazetteer) -> Plan:
    """The plan for a comparison of these papers, wherever on the shelf they are."""
    titles = ", ".join(f"“{gazetteer.papers[paper].title}”" for paper in sides.papers)
    understood_as = f"{question} · comparing {titles}" if titles else question
    return Plan(question, "compare", Scope(), sides.papers, understood_as, sides=sides)


def _summary(question: str, gazetteer: Gazetteer) -> Plan | None:
    """The plan of a summary over several papers; None where it asks for none, or of papers that it names."""
    brief = read_brief(question, gazetteer.shelf)
    if brief is None or _is_a_name(brief, question, gazetteer):
        return None
    brief = recent(brief, gazetteer.shelf.crawl_year)
    about = [f"about {brief.topic}"] if brief.topic and not brief.trouble else []
    understood_as = " · ".join([question, *scope_words(brief.scope), *about, *brief.notes])
    return Plan(question, "summary", brief.scope, (), understood_as, brief=brief)


def _is_a_name(brief: Brief, question: str, gazetteer: Gazetteer) -> bool:
    """Whether the question holds a paper's title, or its topic is no more than the name of one."""
    titles = [words(gazetteer.papers[paper_id].title) for paper_id in named_papers(question, gazetteer)]
    if any(" ".join(title) in " ".join(words(question)) for title in titles):
        return True
    topic = set(words(brief.topic))
    if brief.scope or brief.trouble or not topic or speaks_of_papers(question):
        return False
    return any(len(topic) == 1 or topic <= set(title) for title in titles)


def _scope(question: str, gazetteer: Gazetteer) -> Scope:
    lowered = question.lower()
    authors = tuple(
        name
        for key, name in gazetteer.authors.items()
        if " " in key and re.search(rf"(?<!\w){re.escape(key)}(?!\w)", lowered)
    )
    years = {int(first or second) for first, second in _YEAR.findall(question)}
    latest = max((paper.date.year for paper in gazetteer.papers.values() if paper.date), default=0)
    for first in map(int, _SINCE.findall(question)):
        years.update(range(first, max(first, latest) + 1))
    has_code = False if _WITHOUT_CODE.search(question) else True if _WITH_CODE.search(question) else None
    return Scope(authors=authors, years=tuple(sorted(years)), has_code=has_code)


def _read_record(
    question: str, named: Sequence[str], gazetteer: Gazetteer
) -> tuple[RecordField, ...] | Inquiry:
    """What the question asks of the records of the papers that it names."""
    if not named:
        return ()
    text = question
    for mention in reversed(find_mentions(question, gazetteer)):
        if set(mention.papers) & set(named):
            text = f"{text[: mention.start]} {PLACE} {text[mention.end :]}"
    strict = read_record(text, named, gazetteer.shelf)
    others = [word for word in content_words(text) if word not in _OF_A_RECORD]
    return strict or (() if len(others) > MOST_BESIDE_A_RECORD else _record(text))


def _record(question: str) -> tuple[RecordField, ...]:
    """The fields of a paper's record that the question asks for, if it asks for nothing else."""
    if _MORE_THAN_RECORD.search(question):
        return ()
    asked = tuple(field for field, pattern in _RECORD.items() if pattern.search(question))
    return tuple(field for field in asked if field != "authors" or "first author" not in asked)


def _kind(question: str, named: Sequence[str]) -> Kind:
    if _CATALOGUE.search(question) and not named:
        return "catalogue"
    if (_COMPARE.search(question) and len(named) >= 2) or (_AGAINST.search(question) and named):
        return "compare"
    if _SUMMARY.search(question):
        return "summary"
    if _TOPIC.search(question) or (not named and asks_for_papers(question)):
        return "topic"
    return "paper"
