"""How questions about the collection are worded: what is asked, and the words that change nothing.

Patterns and word lists alone, over words that are marked (see marking).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.phrases import HAVE, NAMES, PAPERS, a_list, phrase
from rag.types import ProfileField

NUMBERS = {
    word: number for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)
}
NUMBER = rf"(?:\d{{1,2}}|{'|'.join(NUMBERS)})"
MOST = r"(?:most|fewest|least|highest|lowest|largest|greatest|biggest|smallest|best|top|more|fewer|less|higher|lower)"
MANY_MORE = re.compile(r" (?:more|most|fewer|fewest|less|least|versus|vs|compare|compared) ")
FEW = re.compile(r"\b(?:fewest|least|lowest|smallest|fewer|less|lower)\b")
VERB = (
    r"(?:publish|published|publishes|write|wrote|written|writes|author|authored|co-author|co-authored|coauthored|"
    r"appear|appears|appeared|work|worked|works|collaborate|collaborated|collaborates|print|printed|listed)"
)
# Words of asking: they narrow nothing, whatever their place.
PLAIN = frozenset(
    """a an the of to in on at there here , ; : & and please could can would will you i we me us my tell know show
give say let see like want need is are was were be been am do does did has have had get got exist exists
paper papers publication publications article articles work works preprint preprints entries
publish published publishes publishing write wrote written writing author-wise appear appears appeared come
comes came out list lists listed listing stored indexed hold holds held contain contains contained include
includes included total altogether overall so far exactly currently now these that which hi hello hey thanks
thank any some all ones present ever made make put produced released vouch actually just also count counted
number anything different distinct existing available then what's according""".split()
)
# Plain words that are often misspelt, and like no word that changes a question.
LONG = ("according", "altogether", "publications")
TITLES = frozenset("title titles date when name names what".split())
WHO = frozenset(
    "who whom with most often frequently frequent how many times much is are else has have it".split()
)
# Words that change what is counted, so that no topic may hold them.
STEERING = frozenset(
    """not no nor but except than more fewer less most least each per every only both or without other how who
whom whose when why where between before after since until till cite cites cited citing citation citations one two
three code date dated dates author authors category categories affiliation page pages year years month months week
seed seeds average mean median longest shortest sum first last oldest newest latest earliest anyone someone excluded unpublished alone second third early late half quarter al mention mentions mentioned
nobody none neither nor only same shelf library many much score scores co-author co-authors coauthor coauthors collaborator collaborators select delete drop insert count his her their him she he they""".split()
)
PREPOSITIONS = frozenset("with by from for than as , 's between".split())
# The words of which a question about the collection is made, be it understood or not.
OF_THE_SHELF = (
    STEERING
    | PLAIN
    | PREPOSITIONS
    | {*NUMBERS, *"single together different distinct people person colleagues".split()}
)
# Of a topic they say nothing.
IDLE = frozenset("it this about regarding concerning dealing deal deals relating related".split())
SHELF_WORD = r"(?:shelf|library|collection|pages|catalogue|catalog|database|corpus|seeds|index)"
SHELF = phrase(
    r"(?:(?:on|in|over|across|from|of|among|at|throughout|within|for) (?:(?:all|whole|entire|complete|author|five|5|local|paper) )*"
    rf"|(?:(?:on|in|over|across|from|of|among|at|throughout|within|for|do|does) )?(?:all )?(?:of )?(?:the|these|this|your|our|my) "
    rf"(?:(?:whole|entire|complete|author|five|5|local|paper) )*){SHELF_WORD}"
)
OPENING = re.compile(
    r"^ (?:(?:i (?:was|am) (?:just )?wondering(?: if| whether)?(?: you (?:could|can|would))?|do you (?:happen to )?know|any chance(?: that)?|"
    r"i (?:would|want to|need to) (?:like to |love to )?know|(?:just )?curious(?: about)?|hm+|ok(?:ay)?|so|well|now|another|different|new|other|thing|question|topic|by the way|,|:|;) )+(?=\S)"
)
ASIDE = phrase(r"(?:and |, )*titles?(?:(?: ,)?(?: and)? (?:years?|dates?))?|(?:and |, )+names?(?:(?: ,)?(?: and)? (?:years?|dates?))?|according to (?:the )?page|"
                r"(?:and|,) (?:on )?(?:whose|which) pages? (?:do |are |is |does )?(?:they |these |it )?(?:sit|stand|"
                r"lie|listed|appear|found|on|come from|belong)*(?: on)?")  # fmt: skip
COUNT = phrase(
    rf"(?:how many|(?:what is |what's |what 's )?(?:the )?(?:total |exact |overall )?(?:number|count|amount)(?: of)?|count(?: up)?"
    rf"|how much|how often|how many times|how frequently)(?: of)?(?: the)?(?: {PAPERS})?"
)
# How a list is to be shown changes nothing of what it holds.
TOLD_WITH = phrase(
    r",(?: and)? (?:with|including|incl|plus|and)(?: the| their)?(?: (?:titles?|dates?|years?|names?|authors?|links?|and|,|the|their))+(?= $)"
)
NEWEST_FIRST = phrase(
    r"(?:,? ?)(?:(?:sorted|ordered|ranked|in order) )?(?:(?:by|of) (?:date|time) )?(?:the )?(?:newest|latest|most recent)(?: ones?)? first(?= $)"
    r"|(?:,? ?)(?:in )?reverse chronological(?:ly)?(?: order)?(?= $)"
)
OLDEST_FIRST = phrase(
    r"(?:,? ?)(?:(?:sorted|ordered|ranked|in order) )?(?:(?:by|of) (?:date|time) )?(?:the )?(?:oldest|earliest)(?: ones?)? first(?= $)"
    r"|(?:,? ?)(?:in )?chronological(?:ly)?(?: order)?(?= $)|(?:,? ?)(?:sorted|ordered|in order) (?:by|of) (?:date|year|time)(?: of publication)?(?= $)"
)
SOMEONE = phrase(
    r"(?:someone|somebody|an? (?:author|researcher|person|guy)|people|authors)(?: who is)? (?:called|named|with the (?:last |sur|family )?name)"
)
# How many there are in all, asked without a word for papers, or with nothing else.
# With somebody's name and filters alone, a list is asked for.
BESIDE_FILTERS = frozenset(
    """'s , & and or with without no not code in from of by on at since before after until between to the this page
papers paper category only first author et al please""".split()
)
SIZE_OF_SHELF = phrase(
    r"(?:how (?:big|large)|(?:what is )?(?:the )?(?:total |overall )?size)(?: is| are| of)*"
)
SIZE = phrase(
    rf"(?:what is )?(?:the )?(?:total|overall) (?:number |count |amount )?(?:of )?{PAPERS}|{PAPERS} (?:in )?total"
)
LIST = phrase(
    r"(?:which|what|where(?= .* first(?: |-)author)|whatever|everything|every one|list|show|give|find|name|enumerate|display|any|get|return|all|tell)(?: me)?(?: all| every)?"
    r"|are there|is there|do you have|what (?:else )?(?:did|has|have|does|do)|what are"
)
SOME_OF = phrase(
    rf"(?:show|list|give|find|name|get|pick|recommend|suggest)(?: me| us)?(?: any| some| the| just)? ({NUMBER})(?= (?:\S+ )*{PAPERS})"
)
ORDER = phrase(
    rf"(?:the )?(?:very )?(?:({NUMBER}) )?(?:the )?(oldest|earliest|first|newest|latest|most recent|most recently|last|"
    rf"youngest|recent)(?: ({NUMBER})(?= ))?(?! author| authored| authors|-author)"
)
ENDS_OF_PAPERS = phrase(
    rf"(?:oldest|earliest|first|newest|latest|recent|recently|last|youngest) (?:\S+ ){{0,4}}{PAPERS}|{PAPERS} (?:\S+ ){{0,6}}(?:oldest|earliest|newest|latest)"
)
CODE_OR_NOT = phrase(
    rf"{HAVE}*code (?:(?:vs|versus|against|compared (?:to|with)) (?:{HAVE}|how many |papers )*(?:not|none|no code|no|without code|without)|or (?:not|none|no))"
)
NEWEST = frozenset({"newest", "latest", "most recent", "most recently", "last", "youngest", "recent"})
BY_MONTH = phrase(
    r"(?:a |the )?(?:(?:broken down|split|grouped|counted|breakdown|distribution) )?(?:per|by|for each|in each|each|every|a|for every|in every)"
    r" months?|month by month|monthly(?: counts?| numbers?)?|(?:in )?(?:which|what|how many) months?(?: of)?"
)
AVERAGE = phrase(
    rf"(?:(?:what is |what 's )?(?:the |an? )?(?:average|mean)(?: number| count)?(?: of)?|how many {PAPERS} on average|on average|(?:in )?the mean)"
)
A_YEAR = phrase(r"(?:per|by|a|each|every|in a|in each|in one) years?|yearly|annual(?:ly)?|over the years")
BY_YEAR = phrase(
    r"(?:a |the )?(?:(?:broken down|split|grouped|counted|breakdown|distribution) )?(?:of (?:the )?papers )?(?:per|by|for each|in each|each|a|"
    r"every|over the|across the|across|through the|for every|in every) (?:publication |calendar )?years?(?: counts?| numbers?)?"
    r"|year by year|yearly|annually|(?:a |the )?timeline(?: of)?|over time"
)
BEST_YEAR = phrase(
    rf"(?:in )?(?:which|what|the) year(?:s)?(?: with| has| had| have| is| was| saw| did| does)*(?= .*\b{MOST}\b)"
    r"|(?:(?:which|what)(?: is| was)? )?(?:the )?(?:most (?:productive|active)|busiest|best|strongest) year(?: by (?:number|count) of papers)?"
)
WHICH_YEARS = phrase(
    r"(?:in |from )?(?:which|what|how many) (?:publication )?years(?: are| is| do| does)?(?: covered| cover| span)?"
)
BY_CATEGORY = phrase(
    r"(?:(?:broken down|split|grouped|breakdown) )?(?:per|by|for each|in each|each|every|across|over|of)(?: the)? (?:arxiv )?categor(?:y|ies)"
    r"|distribution (?:over|of|across) (?:the )?categories"
    r"|(?:which|what|how many|list|show)(?: me)?(?: are)?(?: all)?(?: the)?(?: different)? (?:arxiv )?categor(?:y|ies)"
    rf"(?: (?:are|is) there)?(?: and how many {PAPERS}(?: are)?(?: there)? (?:in|of|per) each(?: of them)?)?"
    r"|(?:the )?most (?:common|frequent|popular|used) categor(?:y|ies)"
)
SHARE = phrase(
    r"(?:(?:what|which|how (?:big|large|high)) )?(?:is |are )?(?:a |the )?(?:share|percentage|percent|per cent|fraction|"
    r"proportion|ratio)(?: of)?|how (?:much|many percent|many per cent) of(?: the)?|what part of"
)
SPLIT = re.compile(
    r"(?<!\S)(?:have|has|had|come|comes|came|are|is|were|was|appeared|carry|carries|release|released|lack|lacks|do|does|did)(?!\S)"
)
COAUTHORS = phrase(
    rf"(?:who (?:is|are|was|were) |list |which |what |name |show )*(?:all )?(?:the )?(?:NAME\d+ 's )?(?:top )?(?:({NUMBER}) )?"
    rf"(?:(?:top|most|main|frequent|common|commonest|usual|regular|favou?rite|closest|often|different|distinct|other) )*"
    rf"(co-?authors?|collaborators?|co-?writers?)"
)
WROTE_WITH = phrase(
    rf"(?:with whom|who(?:m)?|with which authors?|(?:(?:name|list|show|show me|tell me|who are|which|what) )?(?:all |the )*(?:(?P<number>{NUMBER}) )?(?:everyone|everybody|anyone|people|authors"
    rf"|researchers)(?: who| whom| that)?)(?: #+)? (?:(?:has|have|does|did|else) )*(?:NAME\d+ )?(?:(?:has|have|had) )?(?:{VERB} )?(?:the )?(?:papers? )?"
    rf"(?:the )?(?:most |often |most often |together |jointly )*(?:with|together)"
    rf"|with whom (?:(?:has|have|does|did) )?NAME\d+ {VERB}|who(?:m)? (?:did|does|has) NAME\d+ {VERB}"
)
SUBJECT = phrase(rf"(?:(?:of|for|with|by|does|did|do|has|have|from) )*({a_list('NAME')})(?: 's)?(?: page)?")
BESIDES = phrase(
    rf"(?:,|and)? ?(?:besides|except|except for|other than|apart from|aside from|excluding|not counting|but) ({NAMES})"
)
RANKING = phrase(
    rf"(?:who|which (?:author|authors|researcher|person|name)|what (?:author|name))"
    rf"(?: (?:has|have|had|is|are|{VERB}|stands|occurs|shows up|comes up|turns up|on|in|with|printed|listed|here))*"
    rf"(?: the)? (most|fewest|least)(?! (?:prolific|productive|frequent|common|published))(?: often| frequently| papers| times| many)?"
    rf"|(?:who is |who are |which is |list |show )*(?:the )?(?:top )?(?:({NUMBER}) )?(?:most )(?:prolific|productive|frequent|common|published)"
    rf" (?:printed |listed )?(?:authors?|names?|people|researchers?)"
    rf"|(?:the )?top (?:({NUMBER}) )?(?:most )?(?:prolific |productive |frequent )?(?:authors|names|researchers)(?: by (?:number|count) of {PAPERS})?"
    rf"|authors? with (?:the )?(most)"
)
RANKING_FIRST = phrase(
    r"(?:who|which author) (?:is|has|was|are|stands|appears)(?: the)?(?: most)?(?: often| frequently)?(?: as)?(?: the| a)?"
    r" (?:most )?(?:first|lead)(?:-| )author(?:ed|s)?(?: of| on)?(?: the)?(?: most)?(?: often| frequently)?(?= |$)"
    r"|who has (?:the )?most first(?:-| )author(?:ed)?"
    r"|(?:who is )?(?:the )?most (?:frequent|common|prolific) (?:first|lead)(?:-| )author"
)
HOW_MANY_AUTHORS = phrase(
    r"(?:how many|(?:what is )?(?:the )?number of|which|list(?: of)?|what|who are)(?: all)?(?: the)?(?: different| distinct| unique| printed)*"
    r" (?:authors|researchers|people|author names)(?: are| appear| wrote| published| have| printed| stand)*"
)
WHOSE_PAGE = phrase(
    r"(?:on |in )?(?:whose|which|what)(?: author| authors| people| person| owner)?(?: 's)? (?:author )?pages?(?: listing)?"
)
PAGE_HAS_MOST = phrase(
    rf"(?:has|have|list|lists|hold|holds|contains|is|with)?(?: the)? ({MOST}|longest|shortest)(?: {PAPERS})?"
)
PEOPLE = phrase(
    r"on the pages of (?:two|three|several|various|more than one|many|some|different| )*(?:people|persons|authors|owners)|they|them"
)
_WHOSE_PAPERS = (
    r"^ ?whose papers are (?:these|they|those|here|they all|there)|^ ?who owns (?:these|the|those|all these) (?:papers|pages)"
    r"|^ ?by whom are (?:these|the) papers"
)
WHOSE_PAPERS = phrase(_WHOSE_PAPERS)
OWNERS = phrase(
    rf"{_WHOSE_PAPERS}|"
    r"(?:how many|which|what|list|show|name|number of|the)(?: all)?(?: the)? (?:author pages|pages|page owners|owners|authors have (?:a |their own )?pages?"
    r"|people have (?:a )?pages?)|whose pages|who (?:has|have|owns?) (?:a |the |their own )?pages?|who are the (?:page )?owners|pages"
)
INSTITUTIONS = phrase(
    r"(?:which|what|how many|list|show|name|where|the|^)(?: are)?(?: all)?(?: the)?(?: different)? ?(?:affiliations?|institutions?|organi[sz]ations?|universities|companies)"
    r"(?: are| appear| have)?(?: printed| listed| named)?"
)
FIGURES: Sequence[tuple[ProfileField, re.Pattern[str]]] = [
    ("h_index", phrase(r"h-?(?: )?(?:index|indices|indexes)|hindex")),
    ("stated_papers", phrase(
        rf"(?:number of |how many )?(?:{PAPERS} )?(?:does |do |is |are )?(?:the )?(?:NAME\d+ (?:'s )?)?(?:page )?(?:stat(?:e|es|ed)|claim(?:s|ed)?)"
        rf"(?: {PAPERS}| number of {PAPERS}| count)?")),
    ("citations", phrase(r"(?:how (?:often|many times|much) (?:has |have |is |was |are |were )?(?:NAME\d+ )?(?:been )?)?(?:cited|citations?(?: count)?|citation count)")),
    ("novelty", phrase(r"novelty(?: score| percentage)?")),
    ("ai_score", phrase(r"(?:ai|CODE\d+)(?: |-)score")),
]  # fmt: skip
FIGURE_WORDS = frozenset(
    "page profile owner author who whose which what how high many often much state states stated says said highest lowest most "
    "more higher lower fewer less fewest best top largest been h-index value score number person researcher or than , according it "
    "whole big compare compared comparison comparing versus vs between".split()
)
VERSUS = phrase(r"(?:who|which|whose|does|do|did|has|have|is|compare|how many more|vs|versus)")
COMPARED = phrase(
    rf"(?:of |between |by |from |for |, |does |do |did |has |have |is |are |was |in |than )*({a_list('NAME')}(?: 's)?"
    rf"(?:(?: ,)? (?:vs|versus|or|and|against|with|to) NAME\d+)?)(?: 's)?(?: page| pages)?"
)
MANY_MORE_OF = phrase(
    rf"(?:(?:are|were|is) there|how many|which|where(?: are| were)?|do|does|did)? ?(?:(?:of|the|a|there|many) )*(?:more|most|fewer|fewest|less|least)"
    rf"(?: {PAPERS})?(?: are| were| appeared| is)?"
)


def joined(kind: str) -> re.Pattern[str]:
    """Marks of one kind set against each other: `LG or more CV papers`, `in 2023 or in 2024`."""
    one = rf"(?:(?:in|from|of|for|on|the|more|fewer|less|category|between|field) )*{kind}\d+(?: {PAPERS})?"
    return phrase(rf"{one}(?:(?: ,)? (?:or|vs|versus|than|against|and|to|with|,) {one})+")


COMPARING = frozenset(
    "who which whose does do did has have had is compare more most fewer fewest less than vs versus or number count many how "
    "page larger bigger longer whom of them two both by and published wrote author times or against author's paper".split()
)
SLOTS = frozenset(
    "by of from with did does do has have had is was are or than besides except by, 's for and , between not".split()
)
# What is owned: before these, a name may have lost its apostrophe.
OWNED = frozenset("papers page publications first co-authors coauthors".split())
YES_NO = phrase(r"^ ?(?:did|does|do|has|have|is|are|was|were)(?: there)?")
RANK_WORDS = frozenset("most fewest the often frequent common with which what is has was".split())
# Of two authors that are asked for together.
SIDE_BY_SIDE = phrase(
    r"(?:a |the )?co-?authors?(?: of| with)?|together|co-?author(?:ed)?|collaborat(?:e|ed|ors?)(?: of| with| on)?|jointly|with each other|each other"
)
WHOSE_FIGURES = phrase(
    rf"(?:(?:of|for|by|does|do|did|has|have|is|on|to|and|or|,|than|in|according) )*(?:the )?(?:page of )?{a_list('NAME')}(?: 's)?(?: (?:page|profile|shelf))?"
)
PAGE_WORDS = frozenset(
    "turns turn up appear appears stand stands sit sits show shows they whose page on by with lists list".split()
)
