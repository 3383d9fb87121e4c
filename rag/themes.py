"""Papers -> groups by theme, each under a phrase that every paper of the group uses.

A theme is a phrase of a title that is prominent in several papers: in the title, or twice and more in
the abstract. Phrases are chosen one after the other, each for how many papers it takes that no other has
taken; a paper that shares none stays without a theme. Pure; by words alone, so a label cannot say what
the papers do not. Knows no shelf and no question.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.types import Paper
from rag.words import STOP_WORDS, is_name, plain, stem

LONGEST_LABEL = 4  # words
# Fewer papers are told without groups; a theme takes at least two and at most this share of them.
FEWEST_PAPERS = 5
SMALLEST_GROUP = 2
LARGEST_SHARE = 0.5
MOST_GROUPS = 6
# What a paper adds to a phrase: more where it is the title's, and a little for each word beyond the first.
IN_TITLE = 1.0
IN_ABSTRACT = 0.5
LENGTH_BONUS = 0.35
# A phrase that the abstract holds so often is prominent there.
PROMINENT = 2

_TOKEN = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*|[^\w\s]")
# LLM is read as what it stands for, so that it is no other theme than language models.
_ABBREVIATED = re.compile(r"\bLLM(?=s?\b)")
# Read as an adjective, these are no theme alone.
_ADJECTIVE = re.compile(r".*(?:ous|ive|al|ic|able|ible|ary|ed|ly|er|est|less|ful)$")
# No theme: words of every paper, and those that only qualify what follows or open a title.
_GENERIC = frozenset(
    "model models method methods methodology approach approaches framework frameworks system systems algorithm algorithms technique "
    "techniques strategy strategies performance accuracy result results experiment experiments data dataset datasets "
    "task tasks problem problems benchmark benchmarks evaluation analysis application applications network networks "
    "learning training inference efficiency quality world setting settings domain information process "
    "representation representations feature features parameter parameters cost costs time number level case solution "
    "work works study insight insights perspective perspectives theory theories observation observations impact limit "
    "limits role view way ways answer question code state art improvement gap challenge challenges space spaces "
    "understanding generation design optimization exploration investigation layer layers weight weights search "
    "compression computation memory scale size input inputs output outputs image images language text "
    "reduction reductions llm llms architecture architectures token tokens adaptation adaptive machine tool tools user users human line end part parts "
    "device devices hardware resource resources real-time world domain domains sample samples step steps point points".split()
)
_QUALIFIERS = frozenset(
    "efficient effective novel new fast faster towards toward improving improved enhancing enhanced accelerating boosting "
    "rethinking revisiting exploring understanding learning learned large low high deep deeper better best robust simple "
    "scalable unified general practical real extreme extremely full fully automatic automated adaptive dynamic "
    "free based aware guided driven via beyond bridging breaking enabling optimizing scaling investigating "
    "evaluating making using one two three first second different various existing recent open original respective "
    "comprehensive extensive significant strong single joint progressive hierarchical empirical accurate "
    "state-of-the-art non many multiple common similar popular specific standard traditional conventional "
    "additional current further high-quality end-to-end real-world long short extending introducing proposing achieving "
    "reducing increasing maintaining preserving leveraging utilizing solely finally specifically notably furthermore "
    "moreover additionally consistently significantly directly previous overall key main critical fundamental essential".split()
)
_ENDS_NO_PHRASE = _QUALIFIERS | frozenset(
    "pre-trained autoregressive binary sparse low-bit low-rank quantized visual large-scale".split()
)


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

    `topic` is what all of them are about, which is no theme. Within a group they keep their order.
    """
    if len(papers) < FEWEST_PAPERS:
        return (Theme("", tuple(papers)),)
    prominence = _prominence(papers, topic)
    taken: dict[str, Key] = {}
    chosen: list[Key] = []
    while len(chosen) < MOST_GROUPS and (key := _best(prominence, taken)):
        chosen.append(key)
        taken |= {paper_id: key for paper_id in prominence[key] if paper_id not in taken}
    groups: dict[Key, list[Paper]] = {key: [] for key in chosen}
    alone: list[Paper] = []
    for paper in papers:
        key = _fitting(paper, chosen, prominence)
        (groups[key] if key else alone).append(paper)
    kept = {key: found for key, found in groups.items() if len(found) >= SMALLEST_GROUP}
    alone = [paper for paper in papers if not any(paper in found for found in kept.values())]
    themes = [Theme(_label(key, found), tuple(found)) for key, found in kept.items()]
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
    titles = {paper.id: {phrase.key for phrase in _phrases(paper.title)} for paper in papers}
    abstracts = {paper.id: Counter(phrase.key for phrase in _phrases(paper.abstract)) for paper in papers}
    heads = Counter(
        key for paper in papers for key in {each.key for each in _phrases(paper.title) if each.head}
    )
    found: dict[Key, dict[str, float]] = {}
    for key in {key for keys in titles.values() for key in keys}:
        if set(key) <= of_topic or (len(key) == 1 and heads[key] < SMALLEST_GROUP):
            continue
        held = {
            paper.id: IN_TITLE if key in titles[paper.id] else IN_ABSTRACT
            for paper in papers
            if key in titles[paper.id] or abstracts[paper.id][key] >= PROMINENT
        }
        if SMALLEST_GROUP <= len(held) <= LARGEST_SHARE * len(papers):
            found[key] = held
    return found


def _best(prominence: Mapping[Key, Mapping[str, float]], taken: Mapping[str, Key]) -> Key | None:
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
    """A hyphenated word as its words, so that KV-Cache is KV cache; but Mixture-of-Experts is one."""
    parts = token.split("-")
    return [token] if STOP_WORDS & {part.lower() for part in parts} else parts


def _is_word(token: str) -> bool:
    lowered = token.lower()
    return len(token) > 1 and lowered not in STOP_WORDS and not token.isdigit() and token[0].isalnum()


def _may_be_theme(run: Sequence[str]) -> bool:
    lowered = [token.lower() for token in run]
    if lowered[-1] in _ENDS_NO_PHRASE or lowered[0] in _QUALIFIERS:
        return False
    if len(run) > 1:
        return not set(lowered) <= _GENERIC | _QUALIFIERS or tuple(lowered) in _KNOWN_PAIRS
    gerund = lowered[0].endswith("ing") and lowered[0] not in _GERUNDS
    return (
        lowered[0] not in _GENERIC and len(lowered[0]) > 2 and not gerund and not _ADJECTIVE.match(lowered[0])
    )


def _stem(token: str) -> str:
    return stem(token.lower().replace("'s", ""))


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
