"""Question and history -> Plan: what is asked, of which part of the shelf, of which papers.

By patterns and by the shelf's own names and titles (a Gazetteer made from the library), not
by a model. Knows no scores and reads no abstract at question time.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.asked import Asked, read_question
from rag.briefs import read_brief, recent, speaks_of_papers
from rag.cleaning import clean
from rag.errors import QuestionError
from rag.marking import Shelf, know_shelf
from rag.scopes import scope_words
from rag.sides import find_sides
from rag.types import Brief, Kind, Paper, Plan, RecordField, Scope, Sides, Turn
from rag.words import STOP_WORDS, content_words, fold_name, is_name, names, words

MAX_QUESTION_CHARACTERS = 2000
# A name that stands in more papers than this says nothing about which one is meant (LLM, NAS).
MAX_PAPERS_OF_A_NAME = 5
# A title of at least so many words counts as named when all of its words are in the question.
MIN_TITLE_WORDS = 3

_DEFINED = re.compile(r"\(([A-Za-z][\w^*+-]{1,24})\)")
_INTRODUCED = re.compile(
    r"\b(?:called|named|dubbed|termed|propose|introduce|present|namely|develop)\s+(?:an?\s+|the\s+)?(\S{2,25})"
)
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
        r"|\b(?:list|name|what are)\b.{0,20}\bauthors\b|\bauthors? of\b|\bby whom\b|\bwritten by who\b",
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
_MORE_THAN_RECORD = re.compile(r"\b(?:how|why|explain|summari[sz]e|compare)\b", re.I)
_FOLLOW_UP = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|he|she"
    r"|the (?:paper|method|authors?|approach|model))\b",
    re.I,
)
_SINCE = re.compile(r"\bsince\s+((?:19|20)\d\d)\b", re.I)
_YEAR = re.compile(r"\b(?:in|from|of|during)\s+((?:19|20)\d\d)\b|\b((?:19|20)\d\d)\s+papers?\b", re.I)
_WITH_CODE = re.compile(
    r"\b(?:with|have|has|having|release[ds]?)\s+(?:open\s+|public\s+|released\s+)?code\b", re.I
)
_WITHOUT_CODE = re.compile(
    r"\b(?:without|no|lacks?)\s+(?:open\s+|public\s+|released\s+)?code\b|(?:\bnot|n['’]t)\s+(?:\w+\s+){0,2}code\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The shelf's own words: folded method names, titles as words, and authors, each to papers."""

    names: Mapping[str, tuple[str, ...]]
    titles: Mapping[str, tuple[str, ...]]
    authors: Mapping[str, str]
    papers: Mapping[str, Paper]
    everyday: frozenset[str]
    shelf: Shelf
    vocabulary: frozenset[str] = frozenset()


def build_gazetteer(
    papers: Sequence[Paper], is_everyday: Callable[[str], bool], *, crawl_year: int | None = None
) -> Gazetteer:
    """Each paper's names for its own things, unless too many other papers mention them as well.

    `is_everyday` says of a lower-case word that it is ordinary English (owl, rest, lift), so
    that in a question it is only taken for a name when it is written as one. `crawl_year` is
    what "this year" means; without one, the newest paper's year.
    """
    owners: dict[str, dict[str, None]] = defaultdict(dict)
    mentions: Counter[str] = Counter()
    authors: dict[str, str] = {}
    titles: dict[str, list[str]] = defaultdict(list)
    for paper in papers:
        titles[" ".join(words(paper.title))].append(paper.id)
        owned = {fold_name(name) for name in _owned_names(paper)}
        mentions.update(owned | {fold_name(name) for name in names(f"{paper.title} {paper.abstract}")})
        for name in owned:
            owners[name][paper.id] = None
        for author in (paper.page_author, *paper.authors):
            authors.setdefault(author.lower(), author)
    telling = {
        name: tuple(ids)
        for name, ids in owners.items()
        if len(name) > 1 and mentions[name] <= MAX_PAPERS_OF_A_NAME
    }
    return Gazetteer(
        names=telling,
        titles={title: tuple(ids) for title, ids in titles.items() if len(title.split()) >= MIN_TITLE_WORDS},
        authors=authors,
        papers={paper.id: paper for paper in papers},
        everyday=frozenset(name for name in telling if is_everyday(name) or _two_stop_words(name)),
        shelf=know_shelf(papers, crawl_year),
        vocabulary=frozenset(word for paper in papers for word in words(f"{paper.title} {paper.abstract}")),
    )


def understand(question: str, history: Sequence[Turn], gazetteer: Gazetteer) -> Plan:
    """The plan for `question`, asked after `history`.

    Raises QuestionError for a question that is empty, too long or without a word.
    """
    question = check_question(question)
    before = history[-1].paper_ids if history else ()
    if sides := find_sides(question, before, gazetteer):
        return _comparison(question, sides, gazetteer)
    record = _record(question) if _named(question, gazetteer) else ()
    asked = Asked() if record else read_question(question, gazetteer.shelf, before=before)
    if asked.inquiry and not (asked.inquiry.trouble and _summary(question, gazetteer)):
        inquiry = asked.inquiry
        understood_as = " · ".join([question, *scope_words(inquiry.scope), *inquiry.notes])
        return Plan(question, "catalogue", inquiry.scope, (), understood_as, inquiry=inquiry)
    if not record and (planned := _summary(question, gazetteer)):
        return planned
    alone = _stand_alone(question, history, gazetteer)
    named = _named(alone, gazetteer)
    record = _record(question) if named else ()
    kind, scope = _kind(question, named), _scope(question, gazetteer)
    about_a_set = kind in ("topic", "catalogue") or (kind == "paper" and not named and bool(asked.topic))
    if asked.topic is not None and about_a_set:
        kind, scope = "topic", asked.topic
    kind = "catalogue" if record else kind
    understood_as = " · ".join([alone, *scope_words(scope), *asked.notes])
    return Plan(alone, kind, scope, named, understood_as, record)


def _comparison(question: str, sides: Sides, gazetteer: Gazetteer) -> Plan:
    """The plan for a comparison of these papers, wherever on the shelf they are."""
    titles = ", ".join(f"“{gazetteer.papers[paper].title}”" for paper in sides.papers)
    understood_as = f"{question} · comparing {titles}" if titles else question
    return Plan(question, "compare", Scope(), sides.papers, understood_as, sides=sides)


def _summary(question: str, gazetteer: Gazetteer) -> Plan | None:
    """The plan of a summary over several papers; None where it asks for none, or of papers that it names."""
    brief = read_brief(question, gazetteer.shelf, gazetteer.vocabulary)
    if brief is None or _is_a_name(brief, question, gazetteer):
        return None
    brief = recent(brief, gazetteer.shelf.crawl_year)
    about = [f"about {brief.topic}"] if brief.topic and not brief.trouble else []
    understood_as = " · ".join([question, *scope_words(brief.scope), *about, *brief.notes])
    return Plan(question, "summary", brief.scope, (), understood_as, brief=brief)


def _is_a_name(brief: Brief, question: str, gazetteer: Gazetteer) -> bool:
    """Whether the question holds a paper's title, or its topic is no more than the name of one."""
    titles = [words(gazetteer.papers[paper_id].title) for paper_id in _named(question, gazetteer)]
    if any(" ".join(title) in " ".join(words(question)) for title in titles):
        return True
    topic = set(words(brief.topic))
    if brief.scope or brief.trouble or not topic or speaks_of_papers(question):
        return False
    return any(len(topic) == 1 or topic <= set(title) for title in titles)


def check_question(question: str) -> str:
    """The question, cleaned and on one line, or a QuestionError that says what is wrong."""
    question = " ".join(question.split())
    if not question:
        raise QuestionError("The question is empty.", hint="Ask something, such as: What is OWL?")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"The question has {len(question):,} characters; at most {MAX_QUESTION_CHARACTERS:,} are read.",
            hint="Ask a shorter question.",
        )
    question = " ".join(clean(question).split())
    if not words(question):
        raise QuestionError("The question holds no words.", hint="Ask in words, such as: What is OWL?")
    return question


def _owned_names(paper: Paper) -> set[str]:
    """Names that the paper gives to its own things."""
    before_colon, colon, _ = paper.title.partition(":")
    found = set(_DEFINED.findall(paper.title)) | set(names(paper.title))
    if colon and len(before_colon.split()) <= 3:
        found.add(before_colon)
    introduced = (match.group(1).strip(".,;:()[]\"'`$") for match in _INTRODUCED.finditer(paper.abstract))
    found |= {name for name in introduced if is_name(name)}
    found |= {name for name in _DEFINED.findall(paper.abstract) if is_name(name)}
    return found


def _two_stop_words(name: str) -> bool:
    """Whether a name reads as two function words run together, such as todo."""
    return any({name[:cut], name[cut:]} <= STOP_WORDS for cut in range(1, len(name)))


def _named(question: str, gazetteer: Gazetteer) -> tuple[str, ...]:
    """Papers that the question names, by a whole title or by a method's name, in its order."""
    asked = words(question)
    joined = f" {' '.join(asked)} "
    found: dict[str, None] = {}
    for title, ids in gazetteer.titles.items():
        if f" {title} " in joined:
            found.update(dict.fromkeys(ids))
    if found:
        return tuple(found)
    tokens = [token for token in re.split(r"[\s,;:?!()\"'“”]+", question) if token]
    for size in (3, 2, 1):
        for start in range(len(tokens) - size + 1):
            gram = tokens[start : start + size]
            folded = fold_name(" ".join(gram).removesuffix("'s").removesuffix("’s"))
            if folded in gazetteer.names and _means_a_name(gram, folded, gazetteer):
                found.update(dict.fromkeys(gazetteer.names[folded]))
    return tuple(found)


def _means_a_name(gram: Sequence[str], folded: str, gazetteer: Gazetteer) -> bool:
    """Whether these tokens stand for a name: written as one, or spelled as no everyday word is."""
    if len(gram) > 1 and not all(content_words(token) for token in gram):
        return False
    return any(is_name(token.strip(".-")) for token in gram) or folded not in gazetteer.everyday


def _stand_alone(question: str, history: Sequence[Turn], gazetteer: Gazetteer) -> str:
    """The question with what it points back to, taken from the last turn."""
    if not history or _named(question, gazetteer):
        return question
    short = len(content_words(question)) <= 2
    if not (_FOLLOW_UP.search(question) or short):
        return question
    last = history[-1]
    cited = [
        gazetteer.papers[paper_id].title for paper_id in last.paper_ids[:1] if paper_id in gazetteer.papers
    ]
    return f"{question} ({'; '.join(cited) or last.question})"


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


def _record(question: str) -> tuple[RecordField, ...]:
    """The fields of a paper's record that the question asks for, if it asks for nothing else."""
    if _MORE_THAN_RECORD.search(question):
        return ()
    asked = tuple(field for field, pattern in _RECORD.items() if pattern.search(question))
    return tuple(field for field in asked if field != "authors" or "first author" not in asked)


def _kind(question: str, named: Sequence[str]) -> Kind:
    if _CATALOGUE.search(question):
        return "catalogue"
    if (_COMPARE.search(question) and len(named) >= 2) or (_AGAINST.search(question) and named):
        return "compare"
    if _SUMMARY.search(question):
        return "summary"
    if _TOPIC.search(question):
        return "topic"
    return "paper"
