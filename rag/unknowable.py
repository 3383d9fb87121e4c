"""What is asked of papers in general and no listing prints: each with the sentence that says so.

Patterns over words that are marked (see marking). Knows no papers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.phrases import phrase

_VENUES = (
    r"(?:neurips|nips|icml|iclr|cvpr|iccv|eccv|wacv|aaai|ijcai|acl|naacl|eacl|emnlp|coling|interspeech|icassp|kdd|sigir|www"
    r"|mlsys|isca|micro|hpca|dac|asplos|osdi|sosp|usenix|colm|tmlr|jmlr|tpami|nature|science|icra|iros|corl|siggraph|mm)"
)
_NUMBER = r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|a single|several|many|multiple)"

UNKNOWABLE: Sequence[tuple[re.Pattern[str], str]] = (
    (
        phrase(
            rf"(?:(?:that|which|were|was|are|appeared|published|presented|accepted|got|into|peer-reviewed|submitted|shown) )*"
            rf"(?:(?:at|by|in|from|to|for|of|an|a|the) )*{_VENUES}(?: YEAR\d+)?(?: conference| workshop| proceedings)?"
            r"|(?:(?:at|in|by|from|which|what|the|a|an|any) )*(?:top |main )?(?:venues?|conferences?|journals?|workshops?|proceedings)"
            r"(?: (?:papers?|did|does|was|were|is|are))*"
            r"|peer-?(?: |-)?reviewed|accepted(?= |$)"
        ),
        "The listings print no venue, so which papers a conference or journal took is not known here.",
    ),
    (
        phrase(
            rf"(?:(?:with|have|has|having|by|that|which|who|are|were|written|authored) )*(?:(?:more|less|fewer) than|at least|at most|exactly|only"
            rf"|just|over|under|up to)? ?{_NUMBER} (?:different |distinct )?(?:co-?)?authors?"
            r"|(?:with |by )?(?:a )?single-?(?: |-)?author(?:ed|s)?|sole-?(?: |-)?author(?:ed|s)?|multi-?(?: |-)?author(?:ed)?"
        ),
        "Listings print at most three names a paper and cut the rest by “et al.”, so how many authors a paper has is not known here.",
    ),
    (
        phrase(
            r"(?:the )?(?:most|least|best|highly|often|much) ?(?:often )?cited(?= (?:papers?|publications?|articles?|works?)| $|$)"
            r"|(?:(?:with|have|has|having|the) )*(?:most|fewest|least|more than \d+|at least \d+|over \d+|\d+|no|any) citations(?! \S* ?NAME)"
        ),
        "The pages state the citations of an author, not those of a paper.",
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
        phrase(r"(?:(?:with|have|has|having|whose|the|most|more|their) )*(?:downloads?|github stars|stars|likes|retweets|awards?|doi|dois|licen[cs]es?)"),
        "The listings print titles, authors, dates, categories, code marks and abstracts, and not that.",
    ),
)  # fmt: skip
