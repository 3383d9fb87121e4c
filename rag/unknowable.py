"""What is asked of papers in general and no listing prints: each with the sentence that says so.

Patterns over words that are marked (see marking). Knows no papers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.phrases import phrase

_VENUES = (
    r"(?:neurips|nips|icml|iclr|cvpr|iccv|eccv|wacv|aaai|ijcai|acl|naacl|eacl|emnlp|coling|interspeech|icassp|kdd|sigir"
    r"|mlsys|isca|hpca|asplos|osdi|sosp|usenix|colm|tmlr|jmlr|tpami|icra|iros|corl|siggraph)"
)
_NUMBER = r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|a single|several|many|multiple)"

_NO_VENUE = "The listings print no venue, so which papers a conference or journal took is not known here."
_NO_CITATIONS = "The pages state the citations of an author, not those of a paper."
_CUT_NAMES = (
    "Listings print at most three names a paper and cut the rest by “et al.”, so how many authors a paper has is not "
    "known here."
)
_NOT_PRINTED = (
    "The listings print titles, authors, dates, categories, code marks and abstracts, and not that."
)
# The same, asked of one paper.
UNKNOWABLE_OF_ONE: Sequence[tuple[re.Pattern[str], str]] = (
    (
        phrase(
            r"(?:how (?:often|many times|much|many)|(?:the )?number of)?(?: (?:has|is|was|have|does|did))?(?: thispaper)?(?: (?:been|have|has))? ?(?:cited|citations?)(?: count)?"
        ),
        _NO_CITATIONS,
    ),
    (
        phrase(
            rf"where (?:was|is|has|did)(?: thispaper)?(?: been)? (?:published|presented|accepted|appear|appeared|come out)|(?:at |in |from |to |by )?(?:(?:which|what|the|a|an) )?(?:venue|conference|journal|workshop)|(?:at|in|from|an?|to|by) {_VENUES}(?: YEAR\d+)?"
        ),
        _NO_VENUE,
    ),
    (phrase(r"how many (?:co-?)?authors|(?:the )?number of (?:co-?)?authors"), _CUT_NAMES),
)
UNKNOWABLE: Sequence[tuple[re.Pattern[str], str]] = (
    (
        phrase(
            rf"(?:(?:that|which|were|was|are|appeared|published|presented|accepted|got|into|peer-reviewed|submitted|shown) )*"
            rf"(?:(?:at|by|in|from|to|for|of|an|a|the) )*{_VENUES}(?: YEAR\d+)?(?: conference| workshop| proceedings)?"
            r"|(?:(?:at|in|by|from|which|what|the|a|an|any) )*(?:top |main )?(?:venues?|conferences?|journals?|workshops?|proceedings)"
            r"(?: (?:papers?|did|does|was|were|is|are))*"
            r"|peer-?(?: |-)?reviewed|accepted(?= |$)"
        ),
        _NO_VENUE,
    ),
    (
        phrase(
            rf"(?:(?:with|have|has|having|by|that|which|who|are|were|written|authored) )*(?:(?:more|less|fewer) than|at least|at most|exactly|only"
            rf"|just|over|under|up to)? ?{_NUMBER} (?:different |distinct )?(?:co-?)?authors?"
            r"|(?:with |by )?(?:a )?single-?(?: |-)?author(?:ed|s)?|sole-?(?: |-)?author(?:ed|s)?|multi-?(?: |-)?author(?:ed)?"
        ),
        _CUT_NAMES,
    ),
    (
        phrase(
            r"(?:the )?(?:most|least|best|highly|often|much) ?(?:often )?cited(?= (?:papers?|publications?|articles?|works?)| $|$)"
            r"|(?:(?:with|have|has|having|the) )*(?:most|fewest|least|more than \d+|at least \d+|over \d+|\d+|no|any) citations(?! \S* ?NAME)"
        ),
        _NO_CITATIONS,
    ),
    (
        phrase(
            r"(?:(?:published|released|appeared|out|came|written|posted|new|from|in|during|of|over|within|since|the) )*"
            r"(?:(?:last|past|this|previous) (?:month|week|quarter|fortnight)|yesterday|today|(?:last|past|previous) "
            rf"(?:few|couple of|several|{_NUMBER}) (?:years?|months?|weeks?|days?)|recently|lately)"
        ),
        "The shelf knows the year in which its pages were fetched, not the day, so it cannot count back from it. "
        "Name the months or years, as in “since March 2025”.",
    ),
    (
        phrase(
            r"(?:(?:published|released|appeared|out|from|in|during|of|the) )*(?:(?:early|mid|late|end of|beginning of|start of|middle of|around|about|circa|roughly|near)"
            r"(?: |-)(?:the )?(?:year )?YEAR\d+|(?:spring|summer|autumn|fall|winter)(?: of)?(?: YEAR\d+)?)"
        ),
        "That time has no exact start and end. Name the months, as in “from January 2024 to March 2024”.",
    ),
    (
        phrase(r"(?:(?:with|have|has|having|whose|the|most|more|their) )*(?:downloads?|github stars|likes|retweets|dois?)"),
        _NOT_PRINTED,
    ),
)  # fmt: skip
