"""Whether a question wants papers on a topic, in the words in which people ask for them.

Reads the part that asks, from its start: a story that mentions work on something asks for none.
Knows no papers.
"""

from __future__ import annotations

import re

from rag.words import asked_part

_OPENING = r"^\W*(?:(?:please|hi|hey|hello|so|and|ok|okay|well|also|um|just|now|thanks)\b\W*)*"
_THINGS = (
    r"(?:any(?:thing|one|body)?|some(?:thing)?|everything|stuff|works?|research|papers|studies|articles?"
    r"|literature|material|publications?|reading|results?)"
)
_ON = r"(?:on|about|regarding|around|concerning|in|for|with|covering|dealing with|related to|to do with)"
_PEOPLE = r"(?:who|(?:does|is|has) (?:any|some)(?:one|body)|any(?:one|body)|who else)"
_WORDINGS = (
    # do you have anything on, show me stuff about, I need papers for
    r"(?:(?:do|have|got|did) (?:you|we|they|u)\b|have (?:you|we|u) got|got|is there|are there|isn['’]?t there"
    r"|aren['’]?t there|(?:can|could|would) you|can i|show|list|give|find|get|i(?:['’]m| am|['’]d)?\b|we\b|recommend"
    rf"|suggest|point me|looking|look)\b[^?.!]{{0,40}}\b{_THINGS}\b(?: \w+){{0,3}} {_ON}\b",
    # anything on, papers about, any research on
    rf"(?:the )?(?:\w+ )?{_THINGS}\b(?: \w+){{0,2}} {_ON}\b",
    r"what (?:do|have|did) (?:you|we|they|u) (?:have|got|get|know|find)?\s*\b[^?.!]{0,15}\b(?:on|about|regarding)\b",
    r"what(?:['’]?s| is| else is)? (?:there|here|known|out there|available|new) (?:on|about|in|for)\b",
    r"what (?:should|could|can|do) (?:i|we|one) (?:\w+ )?read\b",
    r"what (?:are|is) (?:people|everyone|researchers|the field|others|they) (?:\w+ )?(?:doing|trying|working)\b",
    r"what (?:has|have) (?:been|people|others|researchers) (?:\w+ )?(?:tried|done|proposed|found|written|published)\b",
    r"(?:what(?:['’]?s| is) )?(?:the )?(?:state of the art|sota|latest|progress) (?:in|on|of|for|with)\b",
    r"(?:bring|get|catch) me up\b",
    r"how(?:['’]?s| is) the (?:work|research|progress) on\b",
    r"(?:tell|talk) (?:me |to me )?about (?:the |all )?(?:work|works|research|papers|studies|literature) (?:on|about|in)\b",
    rf"{_PEOPLE}\b (?:\w+ ){{0,2}}(?:works?|working|worked|stud(?:y|ies|ied|ying)|research(?:es|ed|ing)?|wr(?:ites?|ote) (?:on|about))\b",
    r"(?:how|what) (?:do|does|are|have) (?:the|these|those|your|all) (?:\w+ )?(?:papers|works|studies|authors)\b",
)
_FOR_PAPERS = re.compile(rf"{_OPENING}(?:{'|'.join(_WORDINGS)})", re.I)


def asks_for_papers(question: str) -> bool:
    """Whether it asks which papers there are on something."""
    return _FOR_PAPERS.search(asked_part(question)) is not None
