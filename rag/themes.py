"""Papers -> groups by theme, each under a phrase that every paper of the group uses.

A theme is a phrase of a title that is prominent in several papers: in the title, or three times and more
in the abstract. Phrases are chosen one after the other, each for how many papers it takes that no other
has taken; a paper that shares none stays without a theme. Pure; by words alone, so a label cannot say
what the papers do not. Knows no shelf and no question.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rag.types import Paper
from rag.words import STOP_WORDS, is_name, plain, stem

LONGEST_LABEL = 4  # words
# Fewer papers are told without groups; a theme takes at least two of them and a narrow one at most this
# share; a broad one, chosen last, takes of those that are left.
FEWEST_PAPERS = 5
SMALLEST_GROUP = 2
LARGEST_NARROW = 0.3
LARGEST_SHARE = 0.7
MOST_GROUPS = 7
# What a paper adds to a phrase: more where it is the title's, and a little for each word beyond the first.
IN_TITLE = 1.0
IN_ABSTRACT = 0.5
LENGTH_BONUS = 0.35
# A phrase that the abstract holds so often is prominent there.
PROMINENT = 3

_TOKEN = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*|[^\w\s]")
# LLM is read as what it stands for, so that it is no other theme than language models.
_ABBREVIATED = re.compile(r"\bLLM(?=s?\b)")
# Read as an adjective, these are no theme alone.
_ADJECTIVE = re.compile(r".*(?:ous|ive|al|ic|able|ible|ary|ed|ly|er|est|less|ful)$")
# No theme: words of every paper, and those that only qualify what follows or open a title.
_GENERIC = frozenset(
    """
accuracy adaptation adaptive algorithm algorithms analysis answer application applications approach
approaches architecture architectures art benchmark benchmarks billion case challenge challenges
code compression computation cost costs data dataset datasets design device devices domain domains
efficiency end evaluation experiment experiments exploration feature features framework frameworks
gap generation hardware human image images impact improvement inference information input inputs
insight insights investigation language layer layers learning level limit limits line llm llms
machine memory method methodology methods million model models network networks number observation
observations optimization output outputs parameter parameters part parts performance perspective
perspectives point points problem problems process quality question real-time reduction reductions
representation representations resource resources result results role sample samples scale search
setting settings size solution space spaces state step steps strategies strategy study system
systems task tasks technique techniques text theories theory time token tokens tool tools training
understanding user users view way ways weight weights work works world
""".split()
)
_QUALIFIERS = frozenset(
    """
accelerating accurate achieving adaptive additional additionally automated automatic aware based
best better beyond boosting breaking bridging common comprehensive consistently conventional
critical current deep deeper different directly driven dynamic effective efficient empirical
enabling end-to-end enhanced enhancing essential evaluating existing exploring extending extensive
extreme extremely fast faster finally first free full fully fundamental further furthermore general
guided hierarchical high high-quality improved improving increasing introducing investigating joint
key large learned learning leveraging long low main maintaining making many moreover multiple new
non notably novel one open optimizing original overall popular practical preserving previous
progressive proposing real real-world recent reducing respective rethinking revisiting robust
scalable scaling second short significant significantly similar simple single solely specific
specifically standard state-of-the-art strong sub three toward towards traditional two understanding
unified using utilizing various via
""".split()
)
_ENDS_NO_PHRASE = _QUALIFIERS | frozenset(
    """
autoregressive binary language large-scale low-bit low-rank pre-trained quantized sparse visual
""".split()
)


_PREFIXES = frozenset("pre post fine re non self co un semi".split())
# Words in -ing that name a thing of their own, and pairs of words of every paper that do.
_GERUNDS = frozenset("pruning finetuning reasoning decoding pretraining".split())
_KNOWN_PAIRS = frozenset(
    {("language", "models"), ("language", "model"), ("neural", "networks"), ("neural", "network")}
)


@dataclass(frozen=True, slots=True)
class Theme:
    """Papers under a phrase that each of them uses; no phrase for those that share none."""

    label: str
    papers: tuple[Paper, ...]


Key = tuple[str, ...]


def group_by_theme(papers: Sequence[Paper], *, topic: str = "") -> tuple[Theme, ...]:
    """The papers, each in one group, the largest first and those without a theme last.

    `topic` is what all of them are about, which is no theme. Within a group those come first whose title
    holds the phrase.
    """
    if len(papers) < FEWEST_PAPERS:
        return (Theme("", tuple(papers)),)
    prominence = _prominence(papers, topic)
    chosen = _chosen(prominence, len(papers))
    groups: dict[Key, list[Paper]] = {key: [] for key in chosen}
    alone: list[Paper] = []
    for paper in papers:
        key = _fitting(paper, chosen, prominence)
        (groups[key] if key else alone).append(paper)
    kept = {key: found for key, found in groups.items() if len(found) >= SMALLEST_GROUP}
    alone = [paper for paper in papers if not any(paper in found for found in kept.values())]
    themes = [
        Theme(_label(key, found), tuple(sorted(found, key=lambda paper: -prominence[key][paper.id])))
        for key, found in kept.items()
    ]
    themes.sort(key=lambda theme: -len(theme.papers))
    return (*themes, *([Theme("", tuple(alone))] if alone else []))


def group_by_year(papers: Sequence[Paper], *, newest_first: bool = False) -> tuple[Theme, ...]:
    """The papers by the year that their listings print; the undated last, without a label."""
    dated = sorted(
        (paper for paper in papers if paper.date), key=lambda paper: str(paper.date), reverse=newest_first
    )
    years: dict[int, list[Paper]] = defaultdict(list)
    for paper in dated:
        assert paper.date is not None
        years[paper.date.year].append(paper)
    undated = tuple(paper for paper in papers if not paper.date)
    groups = tuple(Theme(str(year), tuple(found)) for year, found in years.items())
    return (*groups, *([Theme("", undated)] if undated else []))


def _prominence(papers: Sequence[Paper], topic: str) -> Mapping[Key, Mapping[str, float]]:
    """For each phrase that may be a theme, how much each paper is about it; papers by id."""
    of_topic = {stem(word) for word in topic.split()}
    initials = "".join(word[0] for word in topic.split() if word not in STOP_WORDS)
    titles = {paper.id: {phrase.key for phrase in _phrases(paper.title)} for paper in papers}
    abstracts = {paper.id: Counter(phrase.key for phrase in _phrases(paper.abstract)) for paper in papers}
    heads = Counter(
        key for paper in papers for key in {each.key for each in _phrases(paper.title) if each.head}
    )
    found: dict[Key, dict[str, float]] = {}
    for key in {key for keys in titles.values() for key in keys}:
        if set(key) <= {*of_topic, initials, f"{initials}s"} or (
            len(key) == 1 and heads[key] < SMALLEST_GROUP
        ):
            continue
        held = {
            paper.id: IN_TITLE if key in titles[paper.id] else IN_ABSTRACT
            for paper in papers
            if key in titles[paper.id] or abstracts[paper.id][key] >= PROMINENT
        }
        if SMALLEST_GROUP <= len(held) <= LARGEST_SHARE * len(papers):
            found[key] = held
    return found


def _chosen(prominence: Mapping[Key, Mapping[str, float]], count: int) -> list[Key]:
    """The phrases of the groups: those that tell a part of the papers apart, then those of what is left."""
    narrow = max(LARGEST_NARROW * count, SMALLEST_GROUP + 2)
    chosen: list[Key] = []
    taken: set[str] = set()
    for largest, groups in ((narrow, MOST_GROUPS - 1), (LARGEST_SHARE * count, MOST_GROUPS)):
        allowed = {key: held for key, held in prominence.items() if len(held) <= largest}
        while len(chosen) < groups and (key := _best(allowed, taken)):
            chosen.append(key)
            taken |= set(prominence[key])
    return chosen


def _best(prominence: Mapping[Key, Mapping[str, float]], taken: Collection[str]) -> Key | None:
    """The phrase that takes most of what no other has taken."""
    gains = {}
    for key, held in prominence.items():
        left = [value for paper_id, value in held.items() if paper_id not in taken]
        if len(left) >= SMALLEST_GROUP:
            gains[key] = sum(left) * (1 + LENGTH_BONUS * (len(key) - 1))
    return max(gains, key=lambda key: (gains[key], len(key), key), default=None)


def _fitting(
    paper: Paper, chosen: Sequence[Key], prominence: Mapping[Key, Mapping[str, float]]
) -> Key | None:
    """The chosen phrase that the paper is about most; the one chosen first where they are alike."""
    held = [key for key in chosen if paper.id in prominence[key]]
    return max(held, key=lambda key: (prominence[key][paper.id], -chosen.index(key)), default=None)


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A run of words that may be a theme: stemmed, as written, and whether no further word follows it."""

    key: Key
    written: str
    head: bool


def _phrases(text: str) -> list[_Phrase]:
    tokens = [
        part
        for token in _TOKEN.findall(plain(_ABBREVIATED.sub("language model", text)))
        for part in _parts(token)
    ]
    found = []
    for start in range(len(tokens)):
        for size in range(1, LONGEST_LABEL + 1):
            run = tokens[start : start + size]
            if len(run) < size or not all(_is_word(token) for token in run):
                break
            if _may_be_theme(run):
                after = tokens[start + size : start + size + 1]
                head = not (after and _is_word(after[0]))
                found.append(_Phrase(tuple(_stem(token) for token in run), " ".join(run), head))
    return found


def _parts(token: str) -> list[str]:
    """A hyphenated word as its words, so that KV-Cache is KV cache.

    But Mixture-of-Experts is one, and so is pre-training: it is also written as one.
    """
    parts = token.split("-")
    whole = parts[0].lower() in _PREFIXES | _QUALIFIERS or STOP_WORDS & {part.lower() for part in parts}
    return [token] if whole else parts


def _is_word(token: str) -> bool:
    lowered = token.lower()
    return len(token) > 1 and lowered not in STOP_WORDS and not token.isdigit() and token[0].isalnum()


def _may_be_theme(run: Sequence[str]) -> bool:
    lowered = [token.lower() for token in run]
    if lowered[-1] in _ENDS_NO_PHRASE or lowered[0] in _QUALIFIERS:
        return False
    if len(run) > 1:
        return not set(lowered) <= _GENERIC | _QUALIFIERS or tuple(lowered) in _KNOWN_PAIRS
    gerund = lowered[0].endswith("ing") and lowered[0].replace("-", "") not in _GERUNDS
    return (
        lowered[0] not in _GENERIC and len(lowered[0]) > 2 and not gerund and not _ADJECTIVE.match(lowered[0])
    )


def _stem(token: str) -> str:
    lowered = token.lower().replace("'s", "")
    return stem(lowered.replace("-", "") if lowered.split("-")[0] in _PREFIXES else lowered)


def _label(key: Key, papers: Sequence[Paper]) -> str:
    """The phrase as the group's papers write it most often, titles first; a capital at its start."""
    spelt: Counter[str] = Counter()
    for paper in papers:
        for text, worth in ((paper.title, 1), (paper.abstract, 2)):
            spelt.update({_lowered(found.written): worth for found in _phrases(text) if found.key == key})
    written = max(spelt, key=lambda each: (spelt[each], each))
    return written[:1].upper() + written[1:]


def _lowered(written: str) -> str:
    """The phrase in small letters, but for names and acronyms."""
    return " ".join(word if is_name(word) else word.lower() for word in written.split())
