"""How filters are worded: one pattern a filter, over words that are marked (see marking).

Patterns alone. Each takes a phrase with its prepositions, so that what is left was not understood.
"""

from __future__ import annotations

import re

PAPERS = r"(?:papers?|publications?|articles?|works?|preprints?|entries|titles?)"
AND = r"(?:, (?:and |or )?|and |or |& |plus |nor )"
WHO = r"(?:the )?(?:(?:authors?|researchers?|dr|prof|professor|page owners?) )?"


def a_list(kind: str) -> str:
    return rf"{kind}\d+(?: {AND}(?:by |of |from |in |the )?{kind}\d+)*"


NAMES = f"{WHO}{a_list('NAME')}"
TIME = r"(?:YEAR|DATE)\d+"
FIRST = r"(?:first|lead|1st|leading)(?: |-)author"
CODE = (
    r"(?:(?:any|the|their|its|some|public|publicly|open|open-source|source|released|available|official|"
    r"published|accompanying) )*(?:source-?)?code(?:base)?(?! names?\b)(?: (?:available|released|online|published|mark))?"
)
HAVE = (
    r"(?:(?:that|which|who|and|but|do|does|did|is|are|were|was|has|have|having|had|come|comes|came|coming|with|"
    r"release|releases|released|releasing|provide|provides|share|shares|shared|offer|offers|include|includes|"
    r"publish|publishes|published|marked|also|listed|as|got|a|any|public|open|made|yet) )"
)
DATED = r"(?:(?:publication )?dates?|dated)"
OUT = (
    r"(?:(?:that|which|were|was|are|is|have|published|dated|released|appeared|appearing|appear|out|posted|"
    r"written|came|come|put|made|listed) )*"
)


def phrase(pattern: str) -> re.Pattern[str]:
    """A pattern that starts and ends at a word's edge."""
    return re.compile(rf"(?<!\S)(?:{pattern})(?!\S)")


NOT_AUTHORS = phrase(
    rf"(?:but not|and not|not|besides|except|except for|excluding|other than|apart from|aside from|minus|"
    rf"but(?! (?:by|of|from|with|for|in|also|only)\b)|without)(?: (?:those|the ones|{PAPERS}|ones|anyone|anything|co-?authored|authored|written|published|"
    rf"including|counting))*(?: (?:by|of|from|with))? ({NAMES})(?! 's| as| is| was)"
)
OWNERS = phrase(
    rf"(?:(?:are |is )?(?:listed |shown |found |printed |stand |stands |sit )?(?:on|in|of|from|at|over) )?({NAMES})"
    rf"(?: 's)?(?: (?:own|author|whole|entire))* (?:pages?|profile|listing|shelf|list)"
    rf"|(?:listed |shown |found )?(?:on|in|of|from|at) (?:the )?(?:author )?(?:pages?|profiles?|listings?) of ({NAMES})"
)
FIRST_AUTHORS = phrase(
    rf"(?:(?:with|where|have|has|having|for which|in which|that|which) )?({NAMES})"
    rf"(?: (?:is|are|was|were|be|as|being|listed|printed|named|did|write|wrote|published?|has|have))*"
    rf" (?:the |a |an )?{FIRST}"
    rf"|(?:with |whose |where |and |the )*{FIRST}(?:ed)?(?: {PAPERS})?(?: (?:is|was|are|being|by|of))? ({NAMES})(?! 's)"
    rf"|(?:(?:by|of|from) )?({NAMES})(?: 's)? {FIRST}(?:ed)?(?= {PAPERS})"
)
FIRST_PAPERS = phrase(rf"(?:as )?(?:the )?{FIRST}(?:ed)?(?= {PAPERS})|as (?:the |a )?{FIRST}")
PRINTED = phrase(
    rf"(?:that |which )?(?:print|prints|printed|printing|naming|names?)(?: with)?(?: the)?"
    rf"(?: names?(?: of)?)? ({NAMES})"
    rf"|(?:(?:with|where|have|has) )?({NAMES}) (?:is |are |was )?(?:printed|named|credited)"
    rf"(?: as)?(?: an| a)?(?: (?:co-?)?authors?)?"
)
TOGETHER = phrase(
    r"(?:together|jointly|joint|(?:by |of |from |with )?both(?: of)?|shared|collaborative|in common|share|with each other|as co-?authors)"
)
WROTE_WITH = phrase(r"co-?author(?:ed)?|co-?writ(?:e|ten)|co-?wrote|collaborat(?:e|ed)(?: on)?")
WITH = phrase(
    rf"(?:together |jointly |along |and )?with ({NAMES})(?: 's)?(?: as (?:an? |one of the |one )?(?:co-?)?authors?)?"
)
AUTHORS = phrase(
    rf"(?:(?:authored|written|published|made|produced|done|put out) )?(?:by|of|from|involving|featuring|including"
    rf"|for|between)(?: either| any of)? ({NAMES})(?: 's)?"
    rf"|(?:(?:did|does|do|has|have|had|is|was|are|were|either) )*({NAMES})(?: 's)?"
)
SINCE = phrase(
    rf"(?:{OUT})(?:ever )?(?:since|starting in|starting from|starting|no earlier than|not before) (?:the year )?({TIME})"
    rf"|(?:(?:from|in) )?({TIME}) (?:onwards?|and later|or later|and after|or newer|and newer|and upwards?|upwards?)"
)
AFTER = phrase(
    rf"(?:{OUT})(?:after|later than|newer than|more recent than|younger than) (?:the year )?({TIME})"
)
BEFORE = phrase(rf"(?:{OUT})(?:before|prior to|earlier than|older than) (?:the year )?({TIME})")
UNTIL = phrase(
    rf"(?:{OUT})(?:until|till|up to|up until|through|no later than|not after)(?: and including)? (?:the )?"
    rf"(?:end of )?({TIME})|({TIME}) (?:or earlier|and earlier|and before|or before|or older)"
)
BETWEEN = phrase(
    rf"(?:{OUT})(?:(?:in )?between (?:the years )?({TIME}) and|(?:(?:from|in|of|during|over|for) )?(?:the )?(?:years )?({TIME}) (?:to|until|till|through|up to)) ({TIME})"
)
NEVER = phrase(
    rf"{OUT}(?:(?:in|from|of|since|before|after|until|till|during|dated) )?(?:the )?(?:year )?NEVER\d+"
)
TIMES = rf"{TIME}(?: {AND}(?:from |in |of )?{TIME})*"
NOT_TIMES = phrase(
    rf"(?:but not|not|other than|except|except for|besides|excluding|outside|outside of)"
    rf"(?: (?:those|the ones|{PAPERS}|ones|published|dated))*(?: (?:from|in|of|dated|during))? ({TIMES})"
)
IN = phrase(
    rf"{OUT}(?:(?:in|from|of|during|for|dated|within|on|of the|for the|in the) )?(?:either )?(?:the )?(?:years? )?({TIMES})"
)
NO_CODE = phrase(
    rf"{HAVE}*(?:without|no|lack|lacks|lacking|not)(?: (?:have|has|having|come|comes|coming|with|release|"
    rf"released|releases|provide|publish|published|share|offer))* {CODE}"
)
CODE_UNKNOWN = phrase(
    rf"(?:{HAVE}|whose |where |of )*(?:the )?code (?:status |mark |availability )?(?:is |being )?"
    r"(?:unknown|not known|unclear|not stated|unstated)|(?:with|have|of) (?:an )?unknown code(?: status)?"
)
WITH_CODE = phrase(
    rf"{HAVE}+{CODE}|(?<=[0-9#] )(?:, )?code(?= $)|(?:whose )?code (?:is|was) (?:available|released|public|open|online)"
)
NO_DATE = phrase(
    rf"undated|{HAVE}*(?:(?:carry|carries|print|prints|show|shows|bear|give|state|have|has) )*"
    rf"(?:no|without|without a|without any|lack|lacking|lack a|missing|missing a|not)"
    rf"(?: (?:carry|have|print|show|bear|give|state|a|any))* {DATED}"
)
A_DATE = phrase(
    rf"{HAVE}*(?:carry|print|show|bear|have|with|has|are|is)(?: a| any)? {DATED}|dated(?= {PAPERS})"
)
CODES = a_list("CODE")
FIELDS = a_list("FIELD")
IN_CATEGORY = (
    r"(?:(?:filed|listed|classed|classified|categori[sz]ed|labell?ed|marked|tagged) )?(?:(?:in|of|from|under|with|as|to|for) )?"
    r"(?:the )?(?:arxiv )?(?:(?:primary )?categor(?:y|ies)|class|subject|label|tag) (?:is |of )?(?:the )?"
)
NOT_CATEGORIES = phrase(
    rf"(?:are |is )?(?:but not|not|other than|except|outside)(?: (?:in|from|of))?(?: the)?(?: categor(?:y|ies))? ({CODES})"
    rf"(?: categor(?:y|ies))?"
)
CATEGORIES = phrase(
    rf"{IN_CATEGORY}((?:{CODES})|(?:{FIELDS}))(?: categor(?:y|ies))?"
    rf"|(?:(?:filed|listed|classed|classified|categori[sz]ed|marked|tagged) )?(?:(?:in|of|from|under|as) )?(?:the )?({CODES})(?: categor(?:y|ies))?"
    rf"|(?:in|under|from) (?:the )?(?:field of )?({FIELDS})(?: categor(?:y|ies))?"
    rf"|({FIELDS})(?: categor(?:y|ies))?(?= {PAPERS})"
)
AFFILIATIONS = phrase(
    rf"(?:(?:with|have|has|an?|that|which|are|is|whose) )*(?:(?:affiliated|affiliations?|associated) (?:is |of )?)?"
    rf"(?:(?:with|from|at|by|of|in|for|to) )?(?:the )?({a_list('AFFIL')})"
    rf"(?: (?:affiliations?|affiliated|authors?|researchers?|people))*"
)
TITLED = phrase(r"(?:(?:that|which|are|with|have) )*titled (WORD\d+)")
NO_CATEGORY = phrase(
    rf"un-?categori[sz]ed|{HAVE}*(?:(?:print|prints|carry|carries|have|show) )*(?:no|without|without a|without any|lack|lacks"
    r"|lacking|lacking a|missing|missing a|not)(?: (?:have|carry|print|show|a|any))* (?:arxiv )?categor(?:y|ies)"
)
A_CATEGORY = phrase(
    rf"{HAVE}*(?:with|have|has|having|print|prints|carry)(?: a| any| some) (?:arxiv )?categor(?:y|ies)"
)
AN_AFFILIATION = phrase(
    rf"{HAVE}*(?:with|have|has|having|print|prints|list|lists|carry)(?: an| any| some)? (?:affiliations?|institutions?)(?! AFFIL)"
)
NO_AFFILIATION = phrase(
    rf"unaffiliated|{HAVE}*(?:(?:print|prints|carry|carries|have|show|list) )*(?:no|without|without an|without any|lack|lacks"
    r"|lacking|lacking an|missing|not)(?: (?:have|carry|print|show|list|an|any))* (?:affiliations?|institutions?)"
)
SEEDS = phrase(
    rf"(?:(?:on|in|from|of) )?(?:the pages? )?({a_list('SEED')}|SEED\d+ (?:and|or) the page SEED\d+)"
)
BEFORE_ANSWER = phrase(r"(?:(?:of|among|out of|from|in) )?(?:those|these|them)(?= |$)")
