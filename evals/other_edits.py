"""A second hand's edited claims: `python -m evals.other_edits PAPERS.jsonl > pairs.jsonl`.

    paper -> its sentences and summaries -> Edits that evals.edits does not make: a subject, a metric, a
    bound, a unit or a paper's name exchanged, halves of two sentences joined, a clause given to another

Shares no rule and no list with `evals.edits` or with the verifier, so that neither is measured by its
own notions; summaries are edited by both. PAPERS.jsonl holds {"title", "abstract" or "text"} a line;
`targets`, where a line has them, are summaries by people: the first is its author's and taken for true.
`--told` prints instead what `rag.verify` makes of each kind. The same seed gives the same lines.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.edits import FALSE as SIMPLE
from evals.edits import LONGEST, SHORTEST, Edit, Source
from evals.lines import read_lines
from evals.metrics import SEED
from evals.papers import bare_paper
from rag.command import as_command
from rag.sentences import sentences
from rag.types import Quote
from rag.verify import verify
from rag.words import names

LINE_HINT = 'A line is a paper: {"title", "abstract" or "text"}, and "targets" where it has summaries.'


@dataclass(frozen=True, slots=True)
class Work:
    """A paper: its text in sentences, the name that its title opens with, and what people said of it."""

    identity: str
    title: str
    text: str
    parts: tuple[str, ...]
    name: str
    summaries: tuple[str, ...]


Change = Callable[[str, Work, Work, random.Random], str | None]
"""A sentence of the first work changed, perhaps by something of the second; None where it cannot be."""

# Who does what

_VERBS = (
    "is are was were has have had can could may might will achieves achieve outperforms outperform improves "
    "improve reduces reduce shows show uses use requires require provides provide leads lead allows allow "
    "enables enable suffers suffer remains remain relies rely fails fail learns learn performs perform makes "
    "make generates generate captures capture consists consist induces induce increases increase depends "
    "depend plays play contributes contribute results inhibits inhibit regulates regulate promotes promote"
).split()
_VERB = re.compile(rf"(?<=[\w)]) (?:{'|'.join(_VERBS)})\b")
_PRONOUN = re.compile(r"^(?:we|it|this|these|they|that|there|here|our|its|such|and|or|in|to|for|as)\b", re.I)


def _cut(sentence: str) -> tuple[str, str] | None:
    """Subject and predicate of a sentence that opens with a short subject."""
    match = _VERB.search(sentence)
    if match is None or not 4 <= match.start() <= 60:
        return None
    subject = sentence[: match.start()]
    plain = (
        not _PRONOUN.match(subject) and "," not in subject and not re.search(r"\bthat\b|\bwhich\b", subject)
    )
    return (subject, sentence[match.start() :]) if plain else None


def other_subject(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """The predicate told of the subject of another sentence."""
    own = _cut(sentence)
    subjects = [cut[0] for part in work.parts if part != sentence and (cut := _cut(part))]
    subjects = [each for each in subjects if own and not _is_one(each, own[0])]
    return chance.choice(subjects) + own[1] if own and subjects else None


def _is_one(one: str, other: str) -> bool:
    """Whether one subject names the other, or may: `the method`."""
    mine, its = (set(re.findall(r"\w+", each.lower())) - _LITTLE for each in (one, other))
    return mine <= its or its <= mine


_LITTLE = frozenset("the a an our this also further thus method approach model results experiments".split())


def merged_halves(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """The half before the middle comma, and the half behind another sentence's."""
    halves = [(part, _halves(part)) for part in work.parts]
    own = _halves(sentence)
    tails = [half[1] for part, half in halves if half and part != sentence]
    return f"{own[0]}, {chance.choice(tails)}" if own and tails else None


def _halves(sentence: str) -> tuple[str, str] | None:
    places = [match.start() for match in re.finditer(", ", sentence) if match.start() > 25]
    place = min(places, key=lambda at: abs(at - len(sentence) / 2), default=0)
    return (sentence[:place], sentence[place + 2 :]) if place and len(sentence) - place > 30 else None


_ASIDE = re.compile(
    r"^(?:Unlike|In contrast to|While|Compared (?:to|with)|Different from) (?P<others>[^,]+),? "
    r"(?:which|that|who) (?P<said>[^,]{12,}), (?P<subject>\w+(?: \w+){0,3}?) (?P<verb>\w+s\b|can|is|are)"
)
_THEIRS = re.compile(
    r"^(?:However, |Although |While )?(?:(?:many|most|current|these) )?"
    r"(?:Existing|Previous|Prior|Current|Traditional|Conventional|Recent|Standard|Other|Most|Many)"
    r"(?: [\w-]+){0,3}? (?:methods|approaches|works?|models|techniques|algorithms|systems|networks)\b",
    re.I,
)


def others_clause(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """What the paper says of others, told of itself."""
    if match := _ASIDE.match(sentence):
        return f"{_capital(match['subject'])} {match['said']}."
    match = _THEIRS.match(sentence)
    own = work.name or "The proposed method"
    return own + sentence[match.end() :] if match else None


_RELATIVE = re.compile(
    r"(?P<head>[A-Z][\w-]+|[Aa] [\w-]+(?: [\w-]+)?), (?:which|that|who) (?P<said>[^,.]{15,})(?=[,.])"
)


def other_head(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """A relative clause told of the subject of another sentence."""
    match = _RELATIVE.search(sentence)
    subjects = [cut[0] for part in work.parts if part != sentence and (cut := _cut(part))]
    subjects = [each for each in subjects if match and not _is_one(each, match["head"])]
    return f"{chance.choice(subjects)} {match['said']}." if match and subjects else None


# Numbers: what they count, which way they bound, in which unit

_METRICS = (
    "accuracy precision recall perplexity latency memory parameters throughput F1 BLEU mAP energy cost bits "
    "speed loss error mortality survival incidence prevalence weight risk"
).split()
_METRIC = re.compile(rf"\b(?:{'|'.join(_METRICS)})\b")
_BOUNDS = {
    "up to": "at least", "at least": "at most", "at most": "at least", "more than": "less than",
    "less than": "more than", "fewer than": "more than", "over": "under", "nearly": "more than",
    "almost": "more than", "only": "over", "approximately": "less than", "about": "less than",
}  # fmt: skip
_BOUND = re.compile(rf"\b(?P<bound>{'|'.join(_BOUNDS)})(?= [~$]?\d)", re.I)
_UNITS = {
    "%": "x", "million": "billion", "billion": "million", "thousand": "million", "hours": "minutes",
    "days": "hours", "weeks": "days", "months": "years", "years": "months", "ms": "s", "mg": "g", "GB": "MB",
    "x": "%", "times": "percent",
}  # fmt: skip
_UNIT = re.compile(
    r"(?<=\d)(?P<gap>\s?|-)"
    r"(?P<unit>%|(?:million|billion|thousand|hours|days|weeks|months|years|ms|mg|GB|x|times)\b)"
)


def other_metric(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """A number's metric made another."""
    match = _METRIC.search(sentence) if re.search(r"\d", sentence) else None
    others = [each for each in _METRICS if each not in sentence]
    return _put(sentence, match, chance.choice(others)) if match and others else None


def other_bound(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """`up to` made `at least`, and the like."""
    match = _BOUND.search(sentence)
    return _put(sentence, match, _BOUNDS[match["bound"].lower()]) if match else None


def other_unit(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """A number in another unit."""
    match = _UNIT.search(sentence)
    return _put(sentence, match, match["gap"] + _UNITS[match["unit"]]) if match else None


_FIGURE = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w.,]*\d)")


def other_sentences_number(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """A number made one of another sentence's."""
    match = _FIGURE.search(sentence)
    others = sorted({each for part in work.parts if part != sentence for each in _FIGURE.findall(part)})
    others = [each for each in others if each not in sentence]
    return _put(sentence, match, chance.choice(others)) if match and others else None


# Names

_CAPITALS = re.compile(r"\b[A-Z][a-z]*[A-Z][\w-]*\b")
_COMPARES = re.compile(r"\b(?:than|over|compared (?:to|with)|outperforms?|against|from|versus|vs\.?)\b")


def exchanged_names(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """The names on the two sides of a comparison, exchanged."""
    compared = _COMPARES.search(sentence)
    found = list(_CAPITALS.finditer(sentence)) if compared else []
    left = [match for match in found if compared and match.end() <= compared.start()]
    right = [match for match in found if compared and match.start() >= compared.end()]
    if not left or not right or left[-1].group() == right[0].group():
        return None
    one, two = left[-1], right[0]
    middle = sentence[one.end() : two.start()]
    return sentence[: one.start()] + two.group() + middle + one.group() + sentence[two.end() :]


def other_papers_name(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """The paper's own name made another paper's."""
    if not work.name or not other.name or work.name not in sentence or other.name in work.text:
        return None
    return sentence.replace(work.name, other.name)


# Noes and how much is claimed

_DO = {"achieves": "achieve", "outperforms": "outperform", "improves": "improve", "reduces": "reduce",
       "requires": "require", "provides": "provide", "allows": "allow", "enables": "enable",
       "increases": "increase", "leads": "lead", "uses": "use", "learns": "learn", "shows": "show",
       "performs": "perform", "inhibits": "inhibit", "promotes": "promote"}  # fmt: skip
_THIRD = re.compile(rf"\b(?P<verb>{'|'.join(_DO)})\b")
_AUXILIARY = re.compile(r"\b(?:can|could|is|are|was|were|has been|have been|will)\b(?! not)")


def negated(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """The verb denied: `does not achieve`, `cannot be`."""
    if match := _THIRD.search(sentence):
        return _put(sentence, match, chance.choice(("does not ", "fails to ")) + _DO[match["verb"]])
    match = _AUXILIARY.search(sentence)
    return _put(sentence, match, match.group() + chance.choice((" not", " never"))) if match else None


def no_not(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """What was denied, affirmed."""
    for pattern, new in (
        (r"\b(do|does|did) not ", ""),
        (r" not\b(?! only)", ""),
        (r"\bnever ", ""),
        (r"\bwithout\b", "by"),
        (r"\bno (?=\w+ (?:\w+ )?(?:is|are|was))", "some "),
    ):
        changed = re.sub(pattern, new, sentence, count=1)
        if changed != sentence:
            return changed
    return None


_SCOPES = {"some": "all", "many": "all", "most": "all", "several": "all", "often": "always",
           "may": "must", "might": "will", "can": "always", "sometimes": "always", "usually": "always",
           "partially": "fully", "potential": "proven", "suggest": "prove", "suggests": "proves"}  # fmt: skip
_SCOPE = re.compile(rf"\b(?P<word>{'|'.join(_SCOPES)})\b")


def overclaimed(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """`may` made `must`, `some` made `all`."""
    match = _SCOPE.search(sentence)
    return _put(sentence, match, _SCOPES[match["word"]]) if match else None


_TAILS = (
    ", and it needs no labelled data", ", which halves the training cost", ", as confirmed by human raters",
    " on mobile phones", ", even for children under five", ", and the code is open source",
    " in more than forty languages", ", at twice the energy",
)  # fmt: skip


def invented_tail(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """Something added that the text does not hold."""
    return sentence.rstrip(". ") + chance.choice(_TAILS) + "."


def strangers_half(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """The first half, and another paper's second."""
    own, tails = _halves(sentence), [half[1] for part in other.parts if (half := _halves(part))]
    return f"{own[0]}, {chance.choice(tails)}" if own and tails else None


# What stays true


def _named(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """`We propose X, which does` -> `X does`."""
    match = re.match(
        r"(?:[\w ]+, )?[Ww]e (?:propose|present|introduce|develop) "
        r"(?P<name>(?:the )?[A-Z][\w-]*[A-Z]\w*)[^,]*, "
        r"(?:which|a [\w -]+? that) (?P<said>[^,.]{15,}[^.]*\.)",
        sentence,
    )
    return f"{_capital(match['name'])} {match['said']}" if match else None


def _stated(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    opening = chance.choice(("The paper states that ", "According to the authors, ", "The authors say that "))
    plain = re.sub(r"\bour\b", "their", re.sub(r"\bwe\b", "they", sentence[0].lower() + sentence[1:]))
    if sentence.endswith("?"):
        return None
    return None if sentence[:2].isupper() or re.match(r"[A-Z]\w*[A-Z]", sentence) else opening + plain


def _first_half(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    """What stands before a coordinated or subordinate end."""
    match = re.match(
        r"(?P<said>.{50,}?), (?:and (?:we|it|they)|which|whereas|while|resulting|leading)\b", sentence
    )
    opened = match and re.match(r"(?:While|Although|If|When|Since|As|Unlike|In|To|By|For)\b", sentence)
    return f"{match['said']}." if match and not opened else None


def _passive(sentence: str, work: Work, other: Work, chance: random.Random) -> str | None:
    match = re.match(
        r"(?:[\w ]+, )?[Ww]e (?:propose|introduce|present) (?P<what>[^,.]{10,80})(?=[,.])", sentence
    )
    return f"{_capital(match['what'])} is proposed." if match and " that " not in match["what"] else None


FALSE: Mapping[str, Change] = {
    "other subject": other_subject,
    "merged halves": merged_halves,
    "others' clause": others_clause,
    "other head": other_head,
    "other metric": other_metric,
    "other bound": other_bound,
    "other unit": other_unit,
    "other sentence's number": other_sentences_number,
    "exchanged names": exchanged_names,
    "other paper's name": other_papers_name,
    "negated": negated,
    "no not": no_not,
    "overclaimed": overclaimed,
    "invented tail": invented_tail,
    "stranger's half": strangers_half,
}
TRUE: Mapping[str, Change] = {
    "stated": _stated,
    "first half": _first_half,
    "named": _named,
    "passive": _passive,
}


def edits(works: Sequence[Work], *, seed: int = SEED) -> Iterator[tuple[Work, Edit]]:
    """Every edit of the works' sentences and of their authors' summaries, in order."""
    chance = random.Random(seed)
    for place, work in enumerate(works):
        other = works[(place + 1) % len(works)]
        for part in work.parts:
            if SHORTEST <= len(part) <= LONGEST and "http" not in part:
                yield from _of(part, "", work, other, chance)
        for summary in work.summaries[:1]:
            yield work, Edit("summary", summary, work.text, True)
            yield from _of(summary, "summary, ", work, other, chance)
            source = Source(work.text, tuple(name for name in names(other.text) if name not in work.text))
            for kind, change in SIMPLE.items():
                claim = change(summary, source, chance)
                if claim is not None and claim != summary:
                    yield work, Edit(f"summary, {kind}", claim, work.text, False)


def _of(
    sentence: str, source: str, work: Work, other: Work, chance: random.Random
) -> Iterator[tuple[Work, Edit]]:
    for changes, true in ((TRUE, True), (FALSE, False)):
        for kind, change in changes.items():
            claim = change(sentence, work, other, chance)
            if claim is not None and claim != sentence and claim not in work.text:
                yield work, Edit(source + kind, claim, work.text, true)


def told(works: Sequence[Work], *, seed: int = SEED) -> str:
    """What the verifier makes of each kind: how many are caught, or of the true ones rejected."""
    made, rejected, truth = Counter[str](), Counter[str](), dict[str, bool]()
    for work, edit in edits(works, seed=seed):
        for kind in (edit.kind, f"all{', summaries' if edit.kind.startswith('summ') else ''}: {edit.true}"):
            made[kind] += 1
            rejected[kind] += not supported(edit.claim, work)
            truth[kind] = edit.true
    return "\n".join(
        f"{'true ' if truth[kind] else 'false'}  {kind}: {rejected[kind]} of {made[kind]} rejected, "
        f"{rejected[kind] / made[kind]:.3f}"
        for kind in sorted(made)
    )


def supported(claim: str, work: Work) -> bool:
    """The verifier's verdict on a claim about the work, title and all."""
    spans = [Quote(work.text[start:end], start, end, 0.0) for start, end in sentences(work.text)]
    return verify(claim, bare_paper(work.identity, work.title, work.text), spans).supported


def _put(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def work(line: str, number: int) -> Work:
    """A line's paper. Raises ValueError with what is wrong with it."""
    value = json.loads(line)
    text = value.get("abstract", value.get("text")) if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise ValueError("no abstract")
    title = str(value.get("title", ""))
    name = re.match(r"([A-Z][\w-]*[A-Z0-9][\w-]*)(?=:| )", title)
    own = name[1] if name and name[1] in text else ""
    parts = tuple(" ".join(text[start:end].split()) for start, end in sentences(text))
    return Work(str(value.get("id", number)), title, text, parts, own, tuple(value.get("targets", ())))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the pairs of a file of papers, one JSON object a line, or what the verifier makes of them."""
    parser = argparse.ArgumentParser(prog="python -m evals.other_edits", description="Edits by another hand.")
    parser.add_argument("papers", type=Path, help="papers, as `vouch papers --json` prints them")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--told", action="store_true", help="print what rag.verify makes of each kind")
    chosen = parser.parse_args(arguments)
    with as_command():
        works = read_lines(chosen.papers, work, hint=LINE_HINT)
        if chosen.told:
            sys.stdout.write(told(works, seed=chosen.seed) + "\n")
            return
        for number, (source, edit) in enumerate(edits(works, seed=chosen.seed)):
            line = json.dumps(edit.record(f"{source.identity}:{number}"), ensure_ascii=False)
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
