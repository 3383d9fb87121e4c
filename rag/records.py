"""A question about the record of papers that it names -> the fields that it asks for, or what it checks.

    who wrote OWL, and when?        authors, date
    is OWL by Lu Yin?               a check: is the paper one of Lu Yin's

The papers' names are taken out and the rest is read to the last word, as a question about the collection
is: what is left unexplained makes it a question about the paper's text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.filters import Slate, take_filters
from rag.marking import Shelf, mark
from rag.phrases import CODE, FIRST, phrase
from rag.spelling import respelt
from rag.types import Inquiry, RecordField, Scope
from rag.unknowable import UNKNOWABLE_OF_ONE
from rag.wordings import YES_NO

# What a paper's name is read as.
PLACE = "thispaper"
_IT = r"(?:thispaper|it|this|that|the paper|this paper|they)"
_OUT = (
    r"(?:published|appear|appeared|released|out|come out|came out|put out|put online|posted|uploaded|written|dated|public"
    r"|submitted|announced|from)"
)
_FIELDS: Mapping[RecordField, re.Pattern[str]] = {
    "first author": phrase(rf"(?:who )?(?:is |was )?(?:the )?{FIRST}s?|who (?:is |was )?(?:listed |named |printed )?first"),
    "last author": phrase(r"(?:who )?(?:is |was )?(?:the )?(?:last|final|senior)(?: |-)authors?"),
    "page": phrase(
        r"(?:on |in |from )?(?:whose|which|what)(?: author 's| author| owner 's| owner)? (?:page|shelf)(?: owner)?(?: lists| has| holds| shows)?"
        r"|page owner|(?:the )?owner of the page"
    ),
    "date": phrase(
        rf"(?:in |from )?(?:when|(?:what|which) (?:year|month|day|date)|how old)(?: (?:was|is|did|were))?|(?:publication|release)?"
        rf" ?(?:date|year|month)(?: of (?:publication|release))?|{_OUT}(?= $| ,| thispaper)"
    ),
    "code": phrase(
        rf"(?:(?:where|is|are|the|there|a|any|its|with|have|has|does|for|public|link|to|find|can|i|url|repo|on|github|an) )*{CODE}"
        r"(?: (?:for|of|anywhere|yet|too|on|github|link|repo|repository|public|out|open))*|(?:public|open|github)? ?(?:implementation|repository|repo|github)"
        r"|open(?: |-)source[ds]?"
    ),
    "category": phrase(
        r"(?:(?:in|under|to) )?(?:(?:what|which|the|its|arxiv|primary|subject) )*(?:categor(?:y|ies)|arxiv class|arxiv field|field|subject area|subject class)"
    ),
    "affiliations": phrase(
        r"(?:(?:from|at|by|in|what|which|the|its) )*(?:affiliations?|institutions?|institutes?|universit(?:y|ies)|compan(?:y|ies)|labs?|organi[sz]ations?)"
        r"|affiliated(?: with)?|where (?:is|are|was|were) (?:the )?(?:authors?|thispaper) (?:from|based)"
    ),
    "score": phrase(r"(?:(?:what|which|the|its) )*scores?"),
    "authors": phrase(
        r"who(?: all| else)?(?: (?:is|are|was|were|has|have|did))?(?: (?:wrote|write|written|authored|made|published|created|proposed|introduced|behind|by|from))?"
        r"|(?:by|from) whom|(?:by|from) who|(?:(?:all|the|its|list|of|names?|full|name) )*(?:co-?)?authors?(?: list| names)?|whose|written|authored"
    ),
}  # fmt: skip
# Words that ask for nothing by themselves.
_ASKING = frozenset(
    """thispaper 's a an the of in on at for by is was are were do does did has have had been be it its this that to and , ; & what which
who please tell me show give name list can you could i know paper papers article work method published publish publishes
appear appears belong belongs fall falls under come comes came out up listed printed print prints state stated carry
carries get got marked mark there any with from as release released releases hello hi hey thanks thank find
located available record listing entry whole actually really also ever""".split()
)
_OF_A_CHECK = (_ASKING - {"work", "there", "give"}) | frozenset(
    "written wrote write author authors co-author authored dated new old paper one".split()
)


def read_record(text: str, papers: Sequence[str], shelf: Shelf) -> tuple[RecordField, ...] | Inquiry:
    """What is asked of these papers' records, their names in `text` replaced by PLACE; no field where it is more."""
    if PLACE not in text or not papers:
        return ()
    marked = mark(text, shelf)
    known = shelf.vocabulary | shelf.roster.known_parts | _OF_A_CHECK
    typed, notes = respelt(marked.text, set(marked.text.split()), known)
    marked = replace(marked, text=typed, notes=(*marked.notes, *notes))
    padded = re.sub(rf" 's (?={_IT} )", " ", marked.text)
    if YES_NO.search(padded):
        slate = Slate(YES_NO.sub(" ", padded))
        filters = take_filters(slate, marked)
        lone = filters.scope and not (filters.either or filters.broken or filters.clashes)
        if lone and not set(slate.left()) - _OF_A_CHECK:
            scope = filters.scope
            names = {name for mark_name, name in marked.values.items() if mark_name.startswith("NAME")}
            if names <= {*scope.names, *scope.not_authors}:
                return Inquiry("check", scope, part=Scope(papers=tuple(papers)), notes=marked.notes)
    slate = Slate(padded)
    unknown = [why for pattern, why in UNKNOWABLE_OF_ONE if slate.take(pattern)]
    if unknown and not set(slate.left()) - _ASKING:
        return Inquiry("check", part=Scope(papers=tuple(papers)), trouble=unknown[0])
    slate = Slate(padded)
    asked = [field for field, pattern in _FIELDS.items() if slate.take(pattern)]
    if not asked or set(slate.left()) - _ASKING:
        return ()
    if (
        len(asked) > 1
        and "authors" in asked
        and not re.search(r"authors? | who ", padded.replace("first author", "").replace("first-author", ""))
    ):
        asked.remove("authors")
    order = [field for field in _FIELDS if field in asked]
    return tuple(
        field
        for field in order
        if not (field == "authors" and {"first author", "last author", "affiliations"} & set(asked))
    )
