"""What a question wants that an abstract does not hold, where one can point at it.

Four faults: the question names something that stands nowhere in the paper; it wants a thing that papers
tell in known words, such as a licence, and none of them is there; it wants the paper's own limits, and
none is owned up to; or it wants a number and no sentence with a number shares a word with it. What it
cannot point at it lets pass. Knows nothing of ranking and nothing of what the model wrote.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

from rag.evidence import cover
from rag.quantities import comparable, quantities
from rag.types import Paper, Passage
from rag.words import (
    asked_part,
    content_stems,
    fold_name,
    holds_name,
    is_spelt_out,
    names,
    proper_names,
    spaced,
    words,
)

# The share of the question's information, the title's words left out, that a sentence with a number must
# hold. Chosen on the dev half of evals/questions/stated.jsonl.
LEAST_SHARED = 0.1
# Where no sentence holds this share, question and paper use different words, and words tell nothing.
SPEAKS_OF_IT = 0.2

# How alike (difflib's ratio) a word and a mistyped one are.
A_SLIP = 0.8

_FIGURE = (
    r"(?:score|accuracy|speed|size|share|fraction|number|latency|ratio|margin|rate|psnr|bleu|perplexity"
    r"|percentage|speedup|factor|value|fps|price|budget)\b"
)
_WANTS_NUMBER = re.compile(
    r"\bhow (?:many|much|fast|large|big|small|low|high)\b|\bpercent|\bby how\b"
    rf"|\bwhat(?:['’]s| is| was)?(?: the)? (?:\w+ ){{0,2}}{_FIGURE}|\b(?:which|exact) {_FIGURE}",
    re.I,
)
# Such a number is any share or multiple, whatever words stand beside it.
_WANTS_SHARE = re.compile(
    r"\b(?:times|percent(?:age)?|share|fraction|ratio|factor|speedup|faster|slower|quicker|smaller|larger"
    r"|bigger|fewer|less|more|better|worse|cheaper|lower|higher|save[sd]?|reduc\w*|cut|shrink|gain)\b",
    re.I,
)
_DEVICES = r"(?:[gtc]pus?|graphics cards?|accelerators?|machines?|nodes?|[ahv]\d00s?)"
_COUNT = r"(?:\d+|one|two|three|four|five|six|eight|ten|twelve|sixteen|single)"
_NUMBERED = (
    r"(?:tables?|figures?|fig\.|sections?|appendix|equations?|theorems?|lemmas?|pages?) (?:\d+|[a-z]\b)"
)
# What papers may tell beside their findings: how it is asked for, and words one of which must tell it.
_THINGS = {
    "number of devices": (
        rf"(?:how many|number of) (?:\w+ )?{_DEVICES}",
        rf"\b(?:an?|{_COUNT})[- ](?:[x×] )?(?:\w+[- ]){{0,3}}{_DEVICES}\b",
    ),
    "number of layers": (
        r"(?:how many|number of) (?:\w+ )?layers",
        rf"\b{_COUNT}[- ](?:\w+[- ])?layer(?:s|ed)?\b",
    ),
    "number of pages": (r"how many pages|number of pages", r"\d+ pages"),
    "future work": (
        r"future (?:works?|directions?|research|plans?|steps?)|next steps?",
        r"futur|next steps?|further (?:research|works?|stud\w+|investigat\w+)|pav\w+ the way"
        r"|open (?:problems?|questions?|challenges?)",
    ),
    "hyperparameters": (r"hyper-?parameters?", r"hyper-?parameters?"),
    "weight decay": (r"weight decay", r"weight decay"),
    "dropout": (r"dropout(?: rate)?", r"dropout"),
    "warm-up": (r"warm-?up", r"warm-?up"),
    "tables, figures and sections": (_NUMBERED, _NUMBERED),
    "licence": (
        r"licen[cs]e[ds]?|commercial(?:ly)? use",
        r"licen[cs]\w*|apache|\bmit\b|gpl|cc[- ]by|open[- ]sourced?",
    ),
    "funding": (r"fund(?:ed|ing|s)?|grants?|sponsor\w*|paid for", r"fund\w*|grants?|sponsor\w*|supported by"),
    "venue": (
        r"(?:which|what|at|in) (?:\w+ )?(?:venue|conference|journal)|(?:accepted|presented) (?:at|to)",
        r"conference|journal|workshop|challenge|track|accepted|[a-z]{3,}[ '’]?20\d\d",
    ),
    "learning rate": (r"learning[- ]rates?", r"learning[- ]rates?"),
    "batch size": (r"batch[- ]?sizes?", r"batch[- ]?sizes?"),
    "optimiser": (r"(?:which|what) optimi[sz]er", r"optimi[sz]er|\badam\w*|\bsgd\b|momentum"),
    "number of epochs": (r"epochs?", r"epochs?"),
    "number of seeds": (r"seeds?", r"seeds?|\bruns\b"),
    "hardware": (
        r"(?:which|what|how many) (?:\w+ )?(?:gpus?|tpus?|cpus?|phones?|chips?|devices?|hardware|boards?"
        r"|processors?|accelerators?|machines?|graphics cards?)",
        r"[gtcn]pus?\b|phones?|mobiles?|chips?|devices?|hardware|fpgas?|jetson|snapdragon|nvidia|rtx"
        r"|[ahv]\d00\b|samsung|galaxy|iphone|pixel|raspberry|boards?|asics?|arm\b|cuda",
    ),
    "programming language": (
        r"(?:programming|coding) language"
        r"|(?:which|what) (?:language|framework|library)\b.{0,40}\b(?:code|written|implement\w*)",
        r"python|c\+\+|cuda|rust|java|pytorch|tensorflow|jax|triton|opencl|implementation in",
    ),
    "time in hours or days": (
        r"how (?:long|many (?:gpu[- ]?)?(?:hours|days|minutes|weeks|months))",
        r"hours?|days?|minutes?|weeks?|months?|seconds?|years?|\d ?(?:h|min|s)\b",
    ),
    "time in seconds": (
        r"milliseconds?|(?:how many|in) (?:ms|seconds)",
        r"(?:milli|micro)?seconds?|\d ?[mμ]?s\b|\bms\b",
    ),
    "memory in bytes": (
        r"(?:how many|in) (?:[gmk]b|(?:giga|mega|kilo)?bytes)",
        r"\d ?[gmk]i?b\b|(?:giga|mega|kilo)bytes",
    ),
    "energy in joules or watts": (r"joules?|watts?|kwh", r"joules?|watts?|kwh|\d ?[mμ]?[jw]\b"),
    "price": (r"dollars?|euros?|price|how expensive", r"\$ ?\d|dollars?|euros?|usd|price|cost"),
    "count of operations": (
        r"[mgt]?flops|\bmacs\b",
        r"[mgt]?flops|\bmacs\b|\bbops\b|operations|computation\w*",
    ),
    "frames a second": (r"frames (?:per|a|each) second|\bfps\b", r"frames|\bfps\b|images"),
}
_WANTED = {
    thing: (re.compile(rf"\b(?:{asked})(?!\w)", re.I), re.compile(told, re.I))
    for thing, (asked, told) in _THINGS.items()
}
# A fault that a paper owns up to, by where it says so; and what shows that a question asks for another's.
_LIMITS = r"(?:limit(?:s|ation|ations)|drawbacks?|shortcomings?|weakness(?:es)?|downsides?|disadvantages?)"
_ASKS_LIMITS = re.compile(rf"\b{_LIMITS}\b", re.I)
_OF_OTHERS = re.compile(
    r"\b(?:existing|previous|prior|earlier|former|other|current|traditional|conventional|standard|classic\w*"
    r"|address\w*|overc[ao]m\w*|tackl\w*|solv\w*|resolv\w*|fix\w*|remed\w*|alleviat\w*|mitigat\w*|reliev\w*"
    r"|avoid\w*|remov\w*|lift\w*|break\w*|motivat\w*|identif\w*|reveal\w*|expos\w*|discover\w*)\b",
    re.I,
)
_OF_THE_PAPER = re.compile(
    r"\b(?:(?:this|the) (?:paper|study|article|work|method|approach)|authors?|they|their|its)\b", re.I
)
_OWNS_UP = re.compile(
    rf"\b(?:our|own)\b(?: \w+){{0,3}} {_LIMITS}\b|\b{_LIMITS} of (?:our|the proposed)\b"
    r"|\b(?:does not yet|cannot yet|remains? open)\b",
    re.I,
)
# Written as names, but nobody's: a paper may speak of them in other words.
_KINDS = frozenset(
    "ai ml nlp llm vlm mllm llmbased gpu cpu tpu cnn dnn nn rnn gan 2d 3d db ui api pc qa".split()
)
_ENGLISH = re.compile(r"\b(?:the|what|how|which|who|why|does|did|is|are|can|of)\b", re.I)
# Measures that have but one name.
_MEASURES = re.compile(
    r"\b(?:miou|psnr|ssim|fid|bleu|rouge|word error rate|wer|kendall|spearman|auroc)\b", re.I
)


def not_given(question: str, passage: Passage, weights: Mapping[str, float]) -> str:
    """What the abstract does not give, as "The abstract does not ..." goes on; empty where it may give all.

    `weights` are the idf of the question's stems.
    """
    paper, question = passage.paper, asked_part(question)
    if missing := _missing_thing(question, f"{paper.title}. {paper.abstract}"):
        return f"give the {missing}"
    if _asks_its_limits(question, paper) and not _OWNS_UP.search(paper.abstract):
        return "state limitations of its own"
    if unknown := [name for name in _asked_names(question) if not _stands(name, paper)]:
        return f"mention {' or '.join(unknown)}"
    if _WANTS_NUMBER.search(question) and not _holds_number(question, passage, weights):
        return "give a number for this"
    return ""


def strangers(question: str, known: Collection[str]) -> list[str]:
    """Names in the question that the shelf does not know; `known` are all words of its papers and people.

    What may be a word of the shelf with a slip of the finger is none.
    """
    question = asked_part(question)
    coined = names(question)
    return [
        name
        for name in _asked_names(question)
        if any(
            word not in known and (name in coined or not get_close_matches(word, known, n=1, cutoff=A_SLIP))
            for word in words(name)
        )
    ]


def _asked_names(question: str) -> list[str]:
    """Names that say which thing is meant; a capital alone marks one in English, where few nouns have one."""
    found = proper_names(question) if _ENGLISH.search(question) else names(question)
    return [name for name in found if fold_name(name).removesuffix("s") not in _KINDS]


def _stands(name: str, paper: Paper) -> bool:
    """Whether a name stands in the paper; an acronym may be spelt out there."""
    text = spaced(". ".join([paper.title, *paper.authors, paper.page_author, paper.abstract]))
    return holds_name(name, text) or is_spelt_out(name, f"{paper.title} {paper.abstract}")


def _missing_thing(question: str, text: str) -> str:
    for thing, (asked, told) in _WANTED.items():
        if asked.search(question) and not told.search(text):
            return thing
    for measure in _MEASURES.findall(question):
        if not re.search(rf"\b{re.escape(measure)}\b", text, re.I):
            return str(measure)
    return ""


def _asks_its_limits(question: str, paper: Paper) -> bool:
    """Whether it asks what is wrong with the paper, and not with what the paper sets out to mend."""
    if not _ASKS_LIMITS.search(question) or _OF_OTHERS.search(question):
        return False
    title = spaced(paper.title)
    return bool(_OF_THE_PAPER.search(question)) or any(holds_name(name, title) for name in names(question))


def _holds_number(question: str, passage: Passage, weights: Mapping[str, float]) -> bool:
    of_title = content_stems(passage.paper.title)
    telling = {word: weight for word, weight in weights.items() if word not in of_title}
    texts = [sentence.text for sentence in passage.sentences]
    shared = [cover(content_stems(text), telling) for text in texts]
    found = [quantities(comparable(text)) for text in texts]
    if max(shared, default=0.0) < SPEAKS_OF_IT:
        return True
    if _WANTS_SHARE.search(question) and any(each.unit for numbers in found for each in numbers):
        return True
    return any(numbers and share >= LEAST_SHARED for numbers, share in zip(found, shared, strict=True))
