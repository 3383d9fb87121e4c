"""A question for a summary -> a Brief: of which part of the shelf, about what, in which order.

The papers to summarise are those that a list would tell: what follows the words that ask for a summary
is read as the list that it describes (rag.asked), whose exact part is the scope and whose other words
are the topic. Knows how summaries are asked for; knows no paper's text but its words' spelling.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches

from rag.asked import Asked, read_question
from rag.authors import fold, nearest_names
from rag.marking import Shelf, mark
from rag.types import Brief, Order, Scope
from rag.words import stem

# "What is new" without a time is told of the year in which the shelf was fetched and of the one before.
NEW_YEARS = 2
# Shorter words are not looked at as misspelt; a spelling so alike is taken for the one that the shelf has.
SHORTEST_MISSPELT = 6
LIKE_A_WORD = 0.86

_PAPERS = (
    r"(?:papers?|works?|research|publications?|articles?|studies|contributions?|output|preprints?|literature)"
)
_OPENING = (
    r"^\W*(?:(?:hi|hello|hey|ok(?:ay)?|so|and|now|please|kindly|could you|can you|would you|will you|i want"
    r"|i need|i would like|i'd like|let me have|give me|give us|write|write me|make|show me|tell me|provide"
    r"|prepare|get me|what is|what's|what are|a|an|the|short|brief|quick|concise|high-level|little|in short"
    r"|in brief|briefly|quickly|me|us)\b[\s,]*)*"
)
_OF = r"(?:\s*(?::|,|for (?:me|us)\b|of|on|about|over|across|from|in|with|through)(?=\s|$))*\s+"
# What asks for a summary, before what it is of.
_SUMMARY = re.compile(
    rf"{_OPENING}(?:sum+[ae]?ri[sz]e?(?:d|s)?|sum up|summing up|summ?ar(?:y|ies)|synopsis"
    r"|overv(?:ie|ei)w|gist|digest|recap|round-?up|tl;?dr|brief me|fill me in|catch me up|walk me through"
    r"|run me through|bring me up to speed|boil down|big picture)"
    rf"{_OF}(?P<rest>.+)$",
    re.I,
)
# These do only of somebody's papers, or of a year's.
_THEMES = re.compile(
    rf"{_OPENING}(?:(?:key|main|major|central) (?:ideas|points|findings|themes|results|topics|contributions)"
    rf"|highlights|themes|outline){_OF}(?P<rest>.+)$",
    re.I,
)
_TIMELINE = re.compile(
    rf"{_OPENING}(?:time-?line|history|chronology|evolution|development|progress)\s+(?:of|for|in)\s+(?P<rest>.+)$"
    rf"|^\W*how (?:has|have|did|does)\s+(?P<evolved>.+\b{_PAPERS}\b.*?)\s+"
    r"(?:evolved?|develop(?:ed)?|changed?|progress(?:ed)?|unfold(?:ed)?)(?: over (?:time|the years))?\W*$",
    re.I,
)
_NEW = re.compile(
    r"^\W*(?:so |and )?what(?:['’]s| is| are|s| was)?\s+(?:there\s+)?(?:the\s+)?"
    r"(?:new|latest|recent)\b(?:\s+(?:things?|developments?|results?|work|papers))?"
    r"\s*(?:from|by|in|on|with|for|at|of)\s+(?P<rest>.+)$"
    rf"|{_OPENING}(?:news|(?:latest|newest|(?:most )?recent|new) (?:developments?|advances|results|progress"
    r"|trends|findings|papers|work|research))"
    r"\s+(?:from|by|in|on|about|for|of)\s+(?P<news>.+)$",
    re.I,
)
_JUST_NEW = re.compile(
    r"^\W*what(?:['’]?s| is| are) (?:new|the (?:latest|news))"
    r"(?: (?:here|there|today|in here|(?:on|in) (?:the|this|your|my) (?:shelf|library|collection)))?\W*$",
    re.I,
)
_BROUGHT = re.compile(
    r"^\W*what (?:did|does|has|have|was)\s+(?:the year\s+)?(?P<rest>(?:19|20)\d\d|this year|last year)\s+"
    r"(?:bring|brought|see|seen|offer|offered|yield|give|add|added|hold|held|deliver|about)\b"
    r"(?:\s+(?:us|me|to|the|shelf|on|this|here|new))*(?P<more>.*)$"
    r"|^\W*what happened\s+(?:in|on|with|to)\s+(?P<happened>.+)$",
    re.I,
)
_ABOUT = re.compile(
    rf"^\W*what(?:['’]s| is| are|s)\s+(?P<rest>.+\b{_PAPERS})\s+(?:all\s+)?(?:about|on|concerned with)\W*$"
    rf"|^\W*(?:tell me about|describe|explain|introduce|present|what do (?:we|you) know (?:about|of))\s+"
    rf"(?P<told>(?:all )?(?:the )?.*\b(?:'s|’s|of|by|s)\s.*\b{_PAPERS}.*)$"
    r"|^\W*what (?:has|have|did|does|do|is)\s+(?P<who>\S+(?: \S+){0,4}?)\s+(?:been\s+)?"
    r"(?:done|do|work(?:ed|ing)?|contributed?|studied|study|achieved?|researching|researched?)\b"
    r"(?:\s+(?:on|about|in|to|with|for|at))?(?P<what>.*)$",
    re.I,
)
# Somebody in a few words; what is no author's name is no brief.
_WHO = r"[^\W\d][\w.'-]*(?: [\w.'-]+){0,3}?"
_SOMEBODY = re.compile(
    rf"^\W*(?:so |and )?what(?:'?s| is| has)?\s+(?P<who>{_WHO})\s+"
    r"(?:up to|(?:best |well )?known for|famous for)\W*$"
    rf"|^\W*(?P<whose>{_WHO})(?:'s?|s')\s+(?:\w+ )?(?:contributions?|achievements?|research|output)\W*$"
    rf"|^\W*(?P<nutshell>{_WHO}) in a nutshell\W*$",
    re.I,
)
_SINGULAR = re.compile(r"\b(?:paper|article|preprint|publication)\b(?!['’]?s\b)", re.I)
_SET = re.compile(rf"\b{_PAPERS}\b|\bwhat (?:there is|we have|you have)\b|['’]s\b", re.I)
_TAIL = re.compile(
    r"[\s,;:]*(?:\b(?:please|for me|thanks|thank you|in (?:a |one |two |three |a few |\d+ )?(?:short )?"
    r"(?:lines?|sentences?|words|paragraphs?|bullet points|bullets|brief|short|detail)|briefly|shortly"
    r"|quickly|(?:a )?short (?:paragraph|please|one)|by (?:theme|topic|year|subject)|over (?:time|the years)"
    r"|so far|to date|on (?:this|the|your|my) shelf|you have|here)\b[\s,.!?;]*|[.!?]\s*)+$",
    re.I,
)
_YEAR_THEN_TOPIC = re.compile(r"\b((?:19|20)\d\d) on\b(?=\s+\w)")
_WHOSE_ON_WHAT = re.compile(
    rf"^(?P<whose>.*?\b{_PAPERS})\s+(?:on|about|in|into|concerning|regarding)\s+(?P<what>.+)$", re.I
)
_THERE_IS = re.compile(
    r"^(?:what (?:there is|we have|you have|is there|is known)|everything|all that there is)\b", re.I
)
_OTHER_WORDS = re.compile(
    r"\b(?:research|studies|contributions?|output|literature)\b(?!\s+(?:workflows?|tasks?))", re.I
)
# Words of a topic that say nothing of it.
_IDLE = frozenset(
    """what there is topic topics area field fields subject work research line lines about regarding
concerning done related using under their based whole year new recent latest into all main everything known
doing various key ideas general been his her its it this state art current""".split()
)
_NAME = r"(?P<name>[^\W\d][\w.'-]*(?:\s+[^\W\d][\w.'-]*){0,3}?)"
_OWNED = re.compile(rf"^(?:all |everything )?(?:the )?{_NAME}(?:['’]s?|s['’])\s+(?:\w+\s+)?{_PAPERS}\b")
_WRITTEN_BY = re.compile(rf"\b{_PAPERS}\s+(?:by|of|from|authored by|written by)\s+{_NAME}\s*$", re.I)


def read_brief(question: str, shelf: Shelf) -> Brief | None:
    """The summary that a question asks for, over several papers; None where it asks for something else.

    A misspelt word of the topic is put right by the words of the shelf's papers.
    """
    if _JUST_NEW.search(question):
        return Brief(order="newest")
    request = _request(question)
    if request is None or _of_one_paper(request.rest):
        return None
    asked = read_question(_as_list(request.rest), shelf)
    if asked.inquiry is None and asked.topic is None:
        brief = _loose(request, shelf)
    else:
        scope, topic = _parts(asked)
        trouble = asked.inquiry.trouble if asked.inquiry else ""
        brief = Brief(scope, topic, request.order, asked.notes, trouble)
        brief = brief if request.of_a_part else _stranger(brief, request.rest, shelf)
    if brief is None or not (brief.scope or brief.trouble or (brief.topic and not request.of_a_part)):
        return None
    return _spelt(brief, shelf.vocabulary)


def speaks_of_papers(question: str) -> bool:
    """Whether it speaks of somebody's or some subject's papers, not of a thing by its name."""
    return _SET.search(question) is not None


@dataclass(frozen=True, slots=True)
class _Request:
    """The words that say what a summary is asked of, and how it is to be told.

    `of_a_part`: the wording asks for a summary only of somebody's papers or of a time's.
    """

    order: Order
    rest: str
    of_a_part: bool = False


def _request(question: str) -> _Request | None:
    text = _TAIL.sub("", " ".join(question.replace("’", "'").split()))
    orders: tuple[tuple[Order, re.Pattern[str]], ...] = (
        ("oldest", _TIMELINE),
        ("newest", _NEW),
        ("theme", _SUMMARY),
        ("theme", _THEMES),
        ("theme", _BROUGHT),
        ("theme", _ABOUT),
        ("theme", _SOMEBODY),
    )
    for order, pattern in orders:
        if found := pattern.search(text):
            parts = [part.strip() for part in found.groupdict().values() if part and part.strip()]
            rest = _work_of(parts) if pattern in (_ABOUT, _SOMEBODY) else " ".join(parts)
            return _Request(order, rest, pattern in (_THEMES, _BROUGHT, _ABOUT, _SOMEBODY))
    return None


def _work_of(parts: Sequence[str]) -> str:
    """What somebody has done, on something or at all, as their work."""
    if len(parts) == 2:
        return f"{parts[0]}'s work on {parts[1]}"
    return parts[0] if re.search(_PAPERS, parts[0], re.I) else f"{parts[0]}'s work"


def _of_one_paper(rest: str) -> bool:
    """Whether one paper is spoken of: "the paper on ...", "that article"."""
    return _SINGULAR.search(rest) is not None and _SET.search(_SINGULAR.sub("", rest)) is None


def _as_list(rest: str) -> str:
    """The list whose papers are meant."""
    text = _THERE_IS.sub("papers", _OTHER_WORDS.sub("papers", rest))
    text = _YEAR_THEN_TOPIC.sub(r"\1 , papers on", text)
    if not re.search(r"\b(?:papers|publications|articles|works|preprints|work)\b", text, re.I):
        text = f"papers on {text}"
    return f"list {text}"


def _parts(asked: Asked) -> tuple[Scope, str]:
    if asked.inquiry is not None:
        sides = asked.inquiry.sides if asked.inquiry.aim in ("count", "list") else ()
        return (*sides, asked.inquiry.scope)[0], ""
    return asked.topic or Scope(), _topic(asked.left)


def _topic(words: Collection[str]) -> str:
    return " ".join(word for word in words if word not in _IDLE and word not in ",;:&" and word != "'s")


def _loose(request: _Request, shelf: Shelf) -> Brief | None:
    """The brief of words that no list explains: whose papers, then the topic, word for word.

    None where the topic's words mark a name or a date, which would be lost.
    """
    found = _WHOSE_ON_WHAT.match(request.rest)
    head, tail = (found["whose"], found["what"]) if found else ("", request.rest)
    marked = mark(tail, shelf)
    if marked.values or marked.times:
        return None
    brief = Brief(topic=_topic(marked.text.split()), order=request.order)
    if not head:
        return brief
    asked = read_question(_as_list(head), shelf)
    if asked.inquiry is None or asked.inquiry.trouble:
        return None
    return replace(brief, scope=_parts(asked)[0], notes=asked.notes)


def _stranger(brief: Brief, rest: str, shelf: Shelf) -> Brief:
    """The brief with its trouble said where it is asked of an author whom the shelf does not have."""
    if brief.scope.names or brief.trouble:
        return brief
    found = _OWNED.search(rest) or _WRITTEN_BY.search(rest)
    if found is None or not set(found["name"].lower().split()) <= set(brief.topic.split()):
        return brief
    typed = found["name"]
    capitals = any(word[0].isupper() for word in typed.split())
    if found.re is _WRITTEN_BY and " by " not in found[0].lower() and not capitals:
        return brief
    near = nearest_names([fold(word) for word in typed.split()], shelf.roster)
    offer = f" The nearest names are {', '.join(near)}." if near else ""
    typed = typed if capitals else typed.title()
    return replace(brief, trouble=f"No author “{typed}” is on this shelf.{offer}")


def _spelt(brief: Brief, vocabulary: Collection[str]) -> Brief:
    """The brief with the misspelt words of its topic put right, and said so."""
    notes, words = list(brief.notes), []
    for word in brief.topic.split():
        right = _nearest_word(word, vocabulary)
        words.append(right or word)
        if right:
            notes.append(f"“{word}” is taken for {right}")
    return replace(brief, topic=" ".join(words), notes=tuple(notes))


def _nearest_word(word: str, vocabulary: Collection[str]) -> str:
    if len(word) < SHORTEST_MISSPELT or not word.isalpha():
        return ""
    if word in vocabulary or stem(word) in vocabulary:
        return ""
    alike = [known for known in vocabulary if known[0] == word[0] and abs(len(known) - len(word)) <= 2]
    return next(iter(get_close_matches(word, alike, n=1, cutoff=LIKE_A_WORD)), "")


def recent(brief: Brief, crawl_year: int) -> Brief:
    """The brief of what is new, with the time that this is taken for."""
    scope = brief.scope
    if brief.order != "newest" or scope.years or scope.since or scope.until:
        return brief
    first = crawl_year - NEW_YEARS + 1
    note = f"“new” is taken for {' and '.join(str(year) for year in range(first, crawl_year + 1))}"
    return replace(brief, scope=replace(scope, since=date(first, 1, 1)), notes=(*brief.notes, note))
