"""Which sentence of an abstract states its problem, its idea, its setting and its result.

By labels where the abstract prints them (`RESULTS: ...`), else by cue phrases, numbers and position,
the same for all subjects. An aspect that no sentence states clearly is left out: a gap is better
than a sentence in the wrong row. `python -m evals.aspects` measures it. Knows nothing of questions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from rag.sentences import sentences

Aspect = Literal["problem", "idea", "setting", "result"]
Span = tuple[int, int]

# The order in which sentences are taken: the surest aspects first, and no sentence twice.
_ORDER: tuple[Aspect, ...] = ("idea", "result", "problem", "setting")
# What a sentence must score to be taken at all.
_LEAST: Mapping[Aspect, float] = {"problem": 0.4, "idea": 0.5, "setting": 0.8, "result": 0.7}
# A sentence shorter than this says nothing by itself: "Results are mixed."
_FEWEST_WORDS = 4

_SECTIONS: tuple[tuple[Aspect, str], ...] = (
    ("result", r"RESULTS?|FINDINGS"),
    ("setting", r"SETTINGS?|PARTICIPANTS|PATIENTS|SUBJECTS|SAMPLES?|POPULATION|DATA|DATASETS?|MATERIALS?|METHODS?|DESIGN"),
    ("idea", r"OBJECTIVES?|AIMS?|PURPOSE|INTERVENTIONS?|APPROACH|HYPOTHESIS"),
    ("problem", r"BACKGROUND|CONTEXT|INTRODUCTION|IMPORTANCE|RATIONALE|MOTIVATION|PROBLEM"),
    ("result", r"CONCLUSIONS?|INTERPRETATION"),
)  # fmt: skip
_LABEL = re.compile(r"(?:[A-Z]{3,})(?:[ ,/&]+[A-Z]{2,}){0,6}(?::\s*| (?=[A-Z0-9(][a-z0-9 ]))")

_OURS = r"\b(?:we|our|i|authors|this (?:paper|work|study|article|report|review|thesis|trial))\b"
_MAKE = (
    r"(?:propos|present|introduc|develop|design|devis|describ|formulat|investigat|stud(?:y|ied|ies)|explor|examin|"
    r"evaluat|assess|compar|determin|analy[sz]|test|report|demonstrat|identif|characteri[sz]|review|build|built|"
    r"construct|conduct|performed|establish|argue|revisit|rethink|leverag|apply|applied|combin|extend|provid|measur|"
    r"sought|aim|ask|hypothes|address|tackle|survey|benchmark|create|implement)\w*"
)

_DONE_HERE = re.compile(rf"{_OURS}(?: \w+){{0,4}} {_MAKE}\b", re.I)
_TESTED_ON = re.compile(
    r"((?:\w+,? ){0,4}?(?:experiments?|evaluations?|experimental results|results|tests|simulations?|validations?)"
    r"(?: \w+){0,3}? (?:on|across|over|with) [^.;]{4,160}?),? (?:we )?"
    r"(?=(?:show|demonstrat|reveal|indicat|confirm|validat|verif|prov|suggest|illustrat|highlight)\w*\b)",
    re.I,
)
_TESTED_ACROSS = re.compile(
    r"\b((?:(?:across|over) (?:[^\s,.;]+ ){0,10}?(?:models?|networks?|architectures?|platforms?|devices?|backbones?|GPUs?)"
    r"|(?:across|over|on) (?:[^\s,.;]+ ){0,10}?(?:tasks?|datasets?|benchmarks?|domains?|languages?|images?|videos?|problems?|"
    r"ImageNet[\w-]*|CIFAR[\w-]*|COCO|GLUE|MNIST))(?: (?:and|of|in|at|from|for|like|such as) [^,.;]{2,60}?)?)"
    r"(?=(?:,(?! (?:and )?[A-Z\d])|[.;])| (?:the|our|we|while|with|by|compared|under|without|show|demonstrat|using|than|and|to|respectively)\w*\b)",
)
# The sentence that first says what the authors do says more of the idea than those that go on about it.
_FIRST_OF_OURS = 0.5


def _patterns(*cues: tuple[float, str]) -> tuple[tuple[float, re.Pattern[str]], ...]:
    return tuple((weight, re.compile(pattern, re.I)) for weight, pattern in cues)


# Weight, and the words that carry it; the sum over those that a sentence holds is its score.
_CUES: Mapping[Aspect, tuple[tuple[float, re.Pattern[str]], ...]] = {
    "problem": _patterns(
        (1.2, rf"{_OURS}(?: \w+){{0,2}} (?:address|tackl|consider)\w* (?:\w+ ){{0,4}}(?:problem|challenge|need|issue|question|gap)s?\b"),
        (0.5, r"^(?:however|but|yet|unfortunately|nevertheless|nonetheless|despite|although|while|whereas)\b"),
        (0.5, r"\b(?:challeng\w+|difficult\w*|problem\w*|issues?|bottlenecks?|limit(?:s|ed|ation|ations)|costly|"
              r"expensive|prohibitive\w*|suffers?|hinder\w*|lack(?:s|ing)?|fails?|failure to|struggles?|obstacles?|"
              r"drawbacks?|inefficien\w+|degrad\w+|impractical|intensive|burden|"
              r"at the (?:cost|expense) of|slow(?:er|ly)?|overheads?|computational (?:cost|demand|complexit)\w*|demanding)\b"),
        (0.5, r"\b(?:unclear|unknown|uncertain|controversial|poorly|little (?:is|attention)|few (?:stud|data)\w*|"
              r"not (?:been|well|fully|yet|clear)|remains?|under-?explored|overlook\w*|neglect\w*|debated?|ignor\w+|"
              r"conflicting|inconsistent|inconclusive|insufficient|not known|limited (?:data|evidence))\b"),
        (0.25, r"\b(?:is|are) (?:a|an|the|one of) (?:major|leading|common|important|key|serious|fundamental|central|"
               r"promising|popular|critical|essential)\b|\bhas become\b|\bhave (?:become|been|emerged|shown)\b"),
        (0.2, r"\b(?:existing|current|previous|prior|traditional|conventional|recent(?:ly)?|most)\b"),
        (-1.0, rf"{_OURS}(?: \w+){{0,3}} {_MAKE}\b|\b(?:was|were) (?:randomi|measured|assessed|enrolled)"),
        (-0.6, r"\bour (?:method|approach|results?|model|framework|findings)\b|\boutperform|\bstate-of-the-art (?:results|performance)"),
    ),
    "idea": _patterns(
        (0.9, rf"{_OURS}(?: \w+){{0,4}} (?:propos|present|introduc|develop|design|devis|formulat)\w*"),
        (0.5, _DONE_HERE.pattern),
        (0.9, r"\b(?:is|are|was|were|herein) (?:proposed|introduced|presented|developed)\b"),
        (1.1, r"\b(?:aim|aims|objective|objectives|purpose|goal) (?:of (?:this|the|our)[\w ]{0,40} )?"
              r"(?:was|were|is|are)\b|\b(?:study|trial|work|paper|review) (?:aim\w*|sought|was (?:designed|undertaken|conducted))\b"),
        (1.1, r"^to (?:\w+ly )?(?:determine|assess|evaluate|investigate|examine|compare|test|study|describe|estimate|"
              r"identify|explore|quantify|establish|characteri[sz]e|analy[sz]e|define|review|measure|develop|report|"
              r"clarify|provide|ascertain|validate|summari[sz]e|update|see|find|elucidate|understand|address)\b"),
        (1.1, r"\b(?:in this (?:paper|work|study|article|report)|here),? (?:we|i) (?:show|demonstrate|prove)\b|"
              r"^we (?:show|demonstrate) how\b"),
        (0.4, r"^(?:to (?:this end|address|tackle|overcome|bridge|solve|fill|alleviate|mitigate)|in this (?:paper|work|study|"
              r"article|report)|here(?:in)?\b|therefore|thus|motivated|inspired)"),
        (0.35, r"\b(?:novel|new|first|simple yet|called|named|dubbed|termed|namely)\b|\([A-Z][\w-]{2,}\)"),
        (0.25, r"\bwhether\b|\bhypothesi\w+"),
        (-0.6, r"\b(?:we (?:find|found|show|showed|observe|observed|discover\w*|conclude)|results? (?:show|demonstrat|suggest|indicat)\w*|"
               r"outperform\w*|experiments? (?:on|show|demonstrat)\w*|code|achiev\w+|significantly)\b"),
        (-0.5, r"^(?:however|but|although|despite|existing|recent|previous|most|moreover|furthermore|additionally|finally|in addition)\b"),
        (-0.4, r"^(?:more )?(?:concretely|specifically|in particular|second(?:ly)?|third(?:ly)?|then|next|building (?:up)?on|we (?:also|further|then))\b"),
        (-0.5, r"\bhave (?:been|shown|emerged)\b|\b(?:previously|was|were) (?:measured|enrolled|recruited|included|obtained)\b"),
    ),
    "setting": _patterns(
        (0.8, r"\b(?:patients|participants|subjects|adults|children|women|men|volunteers|individuals|infants|mice|rats|"
              r"samples|cases|cells|cohort|hospitals?|centers?|centres?|population|families|specimens|trials)\b.{0,160}\d|"
              r"\d.{0,60}\b(?:patients|participants|subjects|adults|children|women|men|volunteers|individuals|infants|"
              r"mice|rats|samples|cases|hospitals?|cent(?:er|re)s?|specimens|trials|studies|families)\b"),
        (0.8, r"\b(?:randomi[sz]ed|double-blind|placebo-controlled|prospective\w*|retrospective\w*|cross-sectional|"
              r"multicent(?:er|re)|case-control|cohort study|longitudinal|meta-analysis|systematic review|population-based|"
              r"we searched|medline|pubmed|embase|in vitro|in vivo|mouse model)\b"),
        (0.6, r"\b(?:were|was|we) (?:\w+ )?(?:enrol\w+|recruited|randomi[sz]ed|included|assigned|collected|obtained|measured|"
              r"assessed|analy[sz]ed|identified|examined|performed|used|studied|treated|selected|conducted|followed|"
              r"evaluated|determined|compared|investigated|isolated|administered|generated|sequenced|screened|calculated|recorded|sampled|interviewed|tested)\b"),
        (0.8, r"\b(?:experiments?|evaluat\w+|experimental\w*|empirical\w*|benchmark\w*|tested|validated?|(?:is|are|was|were) applied)\b[^.,;]{0,60}"
              r"\b(?:on|across|over|using)\b"),
        (0.7, r"\b(?:datasets?|benchmarks?|corpus|corpora|test ?beds?|simulations?|simulator|prototype|"
              r"data sets?|ImageNet|CIFAR\S*|LLaMA\S*|MNIST|COCO|GLUE|WikiText\S*|measurements?|specimens|"
              r"field (?:data|tests?|trials?)|case study)\b"),
        (-0.6, r"\b(?:conclu\w+|suggest\w*|should|we propose|is associated|may|might)\b"),
        (-0.6, r"^(?:however|although|despite|while|recent|existing|current)\b|\b(?:widely|rapid|traditional|conventional)\b|\bha(?:ve|s) been\b|\bp ?[<=>]|\bconfidence interval|\bCI\b|\bfound that\b"),
    ),
    "result": _patterns(
        (0.8, r"\b(?:results?|experiments?|evaluations?|findings|analys[ie]s|simulations?|data)\b[^.;]{0,120}\b(?:show|demonstrat|"
              r"reveal|indicat|confirm|suggest|validat|verif|prov(?:e|ed) )\w*"),
        (0.7, r"\b(?:outperform\w*|surpass\w*|superior(?:ity)?|achiev\w+|improv(?:es|ed|ing|ement|ements)|reduc(?:es|ed|ing|tions?)|"
              r"speed-?ups?|state-of-the-art|exceed\w*|accelerat\w+|yield\w*|attain\w*|up to)\b"),
        (0.6, r"\bwe (?:\w+ )?(?:find|found|show|showed|observe|observed|demonstrate|demonstrated|discover\w*|conclude|achieve)\b|"
              r"\bit is shown\b|\b(?:was|were) (?:found|shown|observed)\b"),
        (0.6, r"\b(?:significant(?:ly)?|associated|correlated|increased|decreased|higher|lower|greater|fewer|reduced|elevated|"
              r"more (?:likely|accurate|efficient)|less|no (?:difference|effect|significant|evidence)|did not|effective|median|mean)\b"),
        (0.6, r"\bp ?[<=>≤] ?0?[.·]|\b\d+(?:[.·]\d+)? ?%|\bCI\b|\bconfidence interval|\b(?:odds|hazard|risk|rate) ratio|"
              r"\d(?:\.\d+)?\s?(?:×|x\b|times|points|-fold)|\\%|\\times|\b\d+\.\d+\b"),
        (-0.7, r"\b(?:aims?|objective|purpose|whether|to (?:determine|assess|evaluate|investigate|examine)|we propose|proposed to|"
               r"were (?:enrolled|recruited|randomi[sz]ed|included|assigned)|is (?:needed|required|unclear|unknown)|remains?)\b"),
        (-0.6, r"^(?:however|existing|recent|recently|although|in this (?:paper|work|study)|to (?:address|tackle|overcome|this)\w*|despite|current|traditional)\b|"
               r"\b(?:code|source code|dataset) (?:is|are|will)\b|\bavailable at\b|\bhave been\b"),
        (-0.3, r"\bshould\b|\bfurther (?:research|stud\w+|work)\b|\bwe (?:propose|introduce|present|design|develop)\b"),
    ),
}  # fmt: skip


def find_aspects(abstract: str) -> dict[Aspect, Span]:
    """The span of each aspect that the abstract states; `abstract[start:end]` is readable by itself."""
    spans = _labelled(abstract)
    candidates = [span for span in spans if len(abstract[slice(*span[0])].split()) >= _FEWEST_WORDS]
    texts = [abstract[slice(*span)] for span, _ in candidates]
    sections = [section for _, section in candidates]
    found: dict[Aspect, int] = {}
    for aspect in _ORDER:
        scores = _scores(aspect, texts, sections, found)
        free = [place for place in range(len(texts)) if place not in found.values()]
        best = max(free, key=lambda place: scores[place], default=None)
        if best is not None and scores[best] >= _LEAST[aspect]:
            found[aspect] = best
    spans_found = {aspect: candidates[place][0] for aspect, place in found.items()}
    if "setting" not in found and (clause := _tested_on(abstract, spans_found.get("result"))):
        spans_found["setting"] = clause
    return spans_found


def _tested_on(abstract: str, result: Span | None) -> Span | None:
    """`Experiments on A and B` of a result that goes on with what they show, or `across three tasks`."""
    if result is None:
        return None
    tested = _TESTED_ON.match(abstract, *result) or _TESTED_ACROSS.search(abstract, *result)
    return tested.span(1) if tested else None


def _scores(
    aspect: Aspect, texts: Sequence[str], sections: Sequence[Aspect | None], found: Mapping[Aspect, int]
) -> list[float]:
    ours = next((place for place, text in enumerate(texts) if _DONE_HERE.search(text)), None)
    return [
        sum(weight for weight, pattern in _CUES[aspect] if pattern.search(text))
        + _by_place(aspect, place, len(texts), found)
        + _by_section(aspect, sections[place])
        + (_FIRST_OF_OURS if aspect == "idea" and place == ours else 0.0)
        for place, text in enumerate(texts)
    ]


def _by_place(aspect: Aspect, place: int, count: int, found: Mapping[Aspect, int]) -> float:
    """What the place alone says: problems come first, ideas before results, results last."""
    at = place / max(count - 1, 1)
    idea = found.get("idea", count)
    if aspect == "problem":
        return 0.4 - at if place < idea else -0.6
    if aspect == "idea":
        return 0.3 - 0.5 * abs(at - 0.25)
    if aspect == "result":
        return 0.3 * at - (0.5 if place < idea < count else 0.0)
    last = found.get("result", count)
    return (
        (0.3 if place >= idea else -0.2 * (idea < count))
        - 0.5 * max(at - 0.4, 0.0)
        - (0.3 if place > last else 0.0)
    )


def _by_section(aspect: Aspect, section: Aspect | None) -> float:
    if section is None:
        return 0.0
    return 2.0 if section == aspect else -1.0


def _labelled(abstract: str) -> list[tuple[Span, Aspect | None]]:
    """Sentences, each without its label and with the aspect that the last label stands for."""
    section: Aspect | None = None
    found: list[tuple[Span, Aspect | None]] = []
    for start, end in sentences(abstract):
        label = _LABEL.match(abstract, start, end)
        named = _section(label[0]) if label else None
        if label and named:
            section, start = named, label.end()
        found.append(((start, end), section))
    return found


def _section(label: str) -> Aspect | None:
    return next((aspect for aspect, names in _SECTIONS if re.search(rf"\b(?:{names})\b", label)), None)
