"""How follow-ups are worded: what opens them, asks once more, narrows, compares or asks for a record.

Patterns and word lists alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.types import Aim, RecordField
from rag.words import stem

OPENING = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|and|but|so|thanks|thank you|thx|great|cool|nice|hm+|wait|no wait|now|please|also|alright"
    r"|right|well|good|then|und|et|hey|hi|actually|sorry|oh|ah|interesting|i see|got it)\b[\s,.!:;–-]*)+",
    re.I,
)
BACK = re.compile(
    r"^\W*(?:(?:go(?:ing)?|let['’]?s go|let us go|come|coming|returning|return|now) )?back to\b\s*", re.I
)
TO_LIST = re.compile(r"^(?:go )?back to (?:the|that|your) list\b\W*(?=\w)", re.I)
NEW_SUBJECT = re.compile(
    r"^[^?]*?\b(?:something (?:completely |totally |entirely )?(?:else|different)|(?:completely|totally|entirely) different"
    r"|(?:a )?different (?:thing|topic|question|subject)|(?:a )?new (?:topic|question|subject)|another (?:topic|question|thing)"
    r"|other (?:topic|question)|change of (?:subject|topic)|unrelated(?: question)?|forget (?:it|that)|never mind)\b"
    r"[\s,.:;!–-]*(?=\S+\s+\S+\s+\S)",
    re.I,
)
ABOUT = re.compile(
    r"^(?:what about|how about|what of|and for|and in|for|in|about|was ist mit|et pour)\b\s*", re.I
)
MORE = re.compile(
    r"^(?:(?:can you |could you )?(?:tell|give|show) me (?:some |a bit |a little |much )?more(?: details?| please| about (?:it|that|this))*"
    r"|(?:some |any )?more(?: details?| please| info(?:rmation)?)*|go on|continue|keep going|(?:what|anything|something) else"
    r"|(?:more )?details|elaborate|say more|expand(?: on (?:it|that|this))?|explain(?: more| further)?|mehr|encore|weiter|plus)\b\W*$",
    re.I,
)
HOW_OR_WHY = re.compile(
    r"^(why|how|how so|how come|why(?: is| are)? (?:that|this|it|so|not)|how exactly|how does (?:that|this) work|how(?: does| do) (?:it|they) do (?:that|this|it)"
    r"|in what way|warum|wieso|wie(?: genau)?|pourquoi|comment)\b\W*$",
    re.I,
)
WHEN = re.compile(
    r"\b(?:publish\w*|came|appear\w*|written|dated?|year|oldest|newest|earliest|latest)\b", re.I
)
WHICH = re.compile(
    r"^which(?:['’]s| (?:one|ones|paper|of the (?:two|three)|is|are|has|have|had|was|were|uses?|came|works?|needs?|does|did|do|can"
    r"|gets?|reach(?:es)?|gives?|appeared))\b",
    re.I,
)
NEWEST = re.compile(
    r"\b(?:newer|newest|latest|most recent|more recent)\b|\b(?:came|appeared|published|out) (?:last|later)\b",
    re.I,
)
OLDEST = re.compile(
    r"\b(?:older|oldest|earliest|earlier)\b|\b(?:came|appeared|published|out|is|was) first\b", re.I
)
ENDS: Sequence[tuple[Aim, re.Pattern[str]]] = (("latest", NEWEST), ("earliest", OLDEST))
SOME_OF_ROW = re.compile(r"\bthe (first|last|other) (two|three|four|five|[2-6])\b", re.I)
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5}
PLURAL = re.compile(r"\b(?:both|(?:the|these|those) (?:two|three))\b", re.I)
ONES_ABOUT = re.compile(
    r"^(?:(?:only|just|and) )*(?:the )?(?:(?:ones|those|papers|which) )?(?:are )?(?:about|on|dealing with|concerning) (\D.+)$",
    re.I,
)
NARROWING = re.compile(r"^(?:only|just)\b", re.I)
WHY = re.compile(r"^(?:why|how come|warum|wieso|pourquoi)", re.I)
IN_SHORT = re.compile(r"^(?:summari[sz]e|summary|tl;?dr|in short|short version|overview)\W*$", re.I)
WHAT_IS = re.compile(r"^(?:really|sure|are you sure|is that so|so what|and|meaning)\W*$", re.I)
COMPARED = re.compile(
    r"\b(?:compare[ds]?|comparison|differ\w*|versus|vs\.?|better|worse|faster|slower|than|against|similar|same as|combine\w*"
    r"|vergleich\w*)\b",
    re.I,
)
AGREE = re.compile(r"\b(?:(?:dis)?agree|contradict|conflict)\b", re.I)
COMPARED_TO = re.compile(
    r"^(?:compared (?:to|with)|in comparison (?:to|with)|versus|vs\.?|against|than|better than)\b", re.I
)
COMPARES = re.compile(
    r"^(?:can you |please )?(?:compare|vergleich\w*|how do|what is the difference|what['’]s the difference|difference)\b",
    re.I,
)
NO_CONTENT = re.compile(
    r"\b(?:what|how|tell|me|about|and|go|back|to|now|please|so|of|is|the|in|on|for|which|with|again|it)\b",
    re.I,
)
RECORD_ALONE: Sequence[tuple[RecordField, re.Pattern[str]]] = (
    ("first author", re.compile(r"^(?:(?:who|what)(?: is|['’]s| was)? )?(?:the |its |their |his )?(?:first|lead)[- ]author\W*$", re.I)),
    ("authors", re.compile(
        r"^(?:(?:and |by )?(?:who|whom|by whom|from whom)|(?:(?:(?:who|what) (?:are|is|were)|(?:give|tell|show|name)(?: me)?) )?(?:the |its |their |all )*(?:authors?|names of the authors|author list)"
        r"|who (?:wrote|made|did|authored|published|came up with|is behind|are behind|developed|is it by|is it from)(?: \S+){0,4}"
        r"|written by(?: whom| who)?|wer(?: hat (?:es|das) geschrieben)?|qui(?: l['’]a écrit)?|(?:die )?autoren|(?:les )?auteurs)\W*$", re.I)),
    ("date", re.compile(
        r"^(?:when|(?:in |from )?(?:what|which) (?:year|month)(?: (?:is|was) \S+(?: from| published)?)?|(?:what(?:['’]s| is) )?(?:the |its |the paper['’]s )?(?:publication )?(?:date|year)|how old is \S+"
        r"|when (?:was|is|did|were) \S+(?: \S+)? ?(?:published|released|written|appear|come out|out|from|put online|posted)?|wann|quand)\W*$", re.I)),
)  # fmt: skip
HE = re.compile(
    r"\b(?:he|she|him|(?:this|that|the same) (?:author|researcher|person|guy)|(?:the|that) (?:first |lead )?author"
    r"|(?:the )?same first author)\b",
    re.I,
)
HIS = re.compile(r"\b(?:his|her|(?:this|that|the same|the) (?:author|researcher|person)['’]s)\b", re.I)
# Of an author: a paper that is not the one in focus.
FURTHER = re.compile(
    r"\b(?:another|other|else|anything|something|any|(?:a|an|some) (?:[\w-]+,? ){0,3}(?:one|paper|work)|works? on|worked on|papers? on)\b",
    re.I,
)
THEY_WROTE = re.compile(
    r"\b(?:they|the (?:first )?authors?) (?:(?:also|else) )?(?:write|wrote|written|publish(?:ed)?)\b", re.I
)
# A question over papers, methods or people of its own: its pronouns are its own as well.
OWN_SUBJECT = re.compile(
    r"\b(?:which|what|any|are there|list|show|find|name|how many|some|all|is there|do you have|recommend)\s+(?:\S+\s+){0,4}?"
    r"(?:papers?|works|studies|methods|approaches|articles|publications|surveys|benchmarks|authors|page)\b"
    r"|\bpapers? (?:about|on|that|by|from|of)\b|\bwho (?:else )?(?:uses?|works? on|stud(?:y|ies))\b|\ban? paper\b"
    r"|\bon (?:this|the) shelf\b",
    re.I,
)
VERB = re.compile(r"\b(?:is|are|was|were|do|does|did|can|could|has|have|will|should)\b|['’]s\b", re.I)
BARE_PRONOUNS = frozenset("it its they their them this that".split())
DEFINITION = re.compile(r"^(?:what|who)(?:['’]s| is| are| was)\s+(?!(?:the|its|their|that|this|it)\b)", re.I)
FRAGMENT = re.compile(
    r"^(?:and|but|or|also|what about|how about|on|for|than|with|without|in|at|under|over|by|from|the|its|any|only)\b",
    re.I,
)
ASKS = re.compile(r"^(?:what|which|who|how|when|where|why|is|are|does|do|did|can|was|were|has|have)\b", re.I)
GLUED = re.compile(r"^.*?\((.+)\)$")
# Words of asking after any paper: they tell nothing of what the question is about.
OF_ANY_PAPER = frozenset(
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
training retrain retraining finetuning takeaway gist point summary upshot""".split(),
    )
)
FOREIGN = (
    (re.compile(r"^nur\b", re.I), "only"), (re.compile(r"^seulement\b", re.I), "only"),
    (re.compile(r"^(?:und\s+)?mit\s+code\b", re.I), "with code"), (re.compile(r"^avec\s+(?:du\s+)?code\b", re.I), "with code"),
    (re.compile(r"^(?:und\s+)?ohne\s+code\b", re.I), "without code"), (re.compile(r"^sans\s+code\b", re.I), "without code"),
    (re.compile(r"^und\b", re.I), "and"), (re.compile(r"^et\b(?! al)", re.I), "and"),
    (re.compile(r"^wie\s+viele\b", re.I), "how many"), (re.compile(r"^combien\b", re.I), "how many"),
)  # fmt: skip
OPENING_KEPT = re.compile(r"^\W*(?:(?:ok(?:ay)?|so|thanks|great|cool|hm+|wait|now)\b[\s,.!:;]*)+", re.I)
