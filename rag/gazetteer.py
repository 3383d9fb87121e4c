"""The shelf's own words: names that papers give to their own things, titles and authors, each to papers.

Made from the library once; says which papers a text names. Reads no abstract at question time.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.marking import Shelf, know_shelf
from rag.types import Paper
from rag.words import STOP_WORDS, content_words, fold_name, is_name, names, plain, words

# A name that stands in more papers than this says nothing about which one is meant (LLM, NAS).
MAX_PAPERS_OF_A_NAME = 5
# A title of at least so many words counts as named when all of its words are in the question.
MIN_TITLE_WORDS = 3
# A title's words before its colon are a name if they are no more than these.
MOST_WORDS_OF_A_NAME = 3
_AROUND_NAMES = ".,;:()[]\"'`$"

_DEFINED = re.compile(r"\(([A-Za-z][\w^*+-]{1,24})\)")
_INTRODUCED = re.compile(
    r"\b(?:called|named|dubbed|termed|propose|introduce|present|namely|develop)\s+(?:an?\s+|the\s+)?(\S{2,25})"
)
_PROPOSING = re.compile(r"\b(?:propose|introduce|present|term|call|develop)(?:s|ed)?\b", re.I)
_COMPOUND = re.compile(r"-[a-z]+$")  # BERT-based
_KIND = re.compile(r"[A-Z]s$")
_COMMAND = re.compile(r"\\[A-Za-z]+\{?")


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The shelf's own words: folded method names, titles as words, and authors, each to papers."""

    names: Mapping[str, tuple[str, ...]]
    titles: Mapping[str, tuple[str, ...]]
    authors: Mapping[str, str]
    papers: Mapping[str, Paper]
    everyday: frozenset[str]
    shelf: Shelf

    @property
    def known_words(self) -> frozenset[str]:
        """Every word of the papers' texts and of their authors' names."""
        return self.shelf.vocabulary | {word for author in self.authors for word in words(author)}


def build_gazetteer(
    papers: Sequence[Paper], is_everyday: Callable[[str], bool], *, crawl_year: int | None = None
) -> Gazetteer:
    """Each paper's names for its own things, unless too many other papers mention them as well.

    `is_everyday` says of a lower-case word that it is ordinary English (owl, rest, lift), so
    that in a question it is only taken for a name when it is written as one. `crawl_year` is
    what "this year" means; without one, the newest paper's year.
    """
    owners: dict[str, dict[str, None]] = defaultdict(dict)
    mentions: Counter[str] = Counter()
    authors: dict[str, str] = {}
    titles: dict[str, list[str]] = defaultdict(list)
    for paper in papers:
        titles[" ".join(words(paper.title))].append(paper.id)
        owned = {fold_name(name) for name in _owned_names(paper)}
        mentions.update(owned | {fold_name(name) for name in names(f"{paper.title} {paper.abstract}")})
        for name in owned:
            owners[name][paper.id] = None
        for author in (paper.page_author, *paper.authors):
            authors.setdefault(author.lower(), author)
    telling = {
        name: tuple(ids)
        for name, ids in owners.items()
        if len(name) > 1 and mentions[name] <= MAX_PAPERS_OF_A_NAME
    }
    return Gazetteer(
        names=telling,
        titles={title: tuple(ids) for title, ids in titles.items() if len(title.split()) >= MIN_TITLE_WORDS},
        authors=authors,
        papers={paper.id: paper for paper in papers},
        everyday=frozenset(name for name in telling if is_everyday(name) or _two_stop_words(name)),
        shelf=know_shelf(papers, crawl_year),
    )


def named_papers(question: str, gazetteer: Gazetteer) -> tuple[str, ...]:
    """Papers that the question names, by a whole title or by a method's name, in its order."""
    asked = words(question)
    joined = f" {' '.join(asked)} "
    found: dict[str, None] = {}
    for title, ids in gazetteer.titles.items():
        if f" {title} " in joined:
            found.update(dict.fromkeys(ids))
    if found:
        return tuple(found)
    tokens = [token for token in re.split(r"[\s,;:?!()\"'“”]+", question) if token]
    for size in (3, 2, 1):
        for start in range(len(tokens) - size + 1):
            gram = tokens[start : start + size]
            folded = fold_name(" ".join(gram).removesuffix("'s").removesuffix("’s"))
            if folded in gazetteer.names and _means_a_name(gram, folded, gazetteer):
                found.update(dict.fromkeys(gazetteer.names[folded]))
    return tuple(found)


def _means_a_name(gram: Sequence[str], folded: str, gazetteer: Gazetteer) -> bool:
    """Whether these tokens stand for a name: written as one, or spelled as no everyday word is."""
    if len(gram) > 1 and not all(content_words(token) for token in gram):
        return False
    if folded in STOP_WORDS and "".join(gram).isupper():
        return False  # WITHOUT, in a question that is all in capitals
    return any(is_name(token.strip(".-")) for token in gram) or folded not in gazetteer.everyday


def short_name(paper: Paper, gazetteer: Gazetteer) -> str:
    """What the paper calls its own thing, if that names no other paper: `LazyDiT`; else nothing."""
    before_colon, colon, _ = paper.title.partition(":")
    tried = [before_colon] if colon and len(before_colon.split()) <= MOST_WORDS_OF_A_NAME else []
    tried += _DEFINED.findall(paper.title)
    in_abstract = [match.group(1) for match in _INTRODUCED.finditer(paper.abstract)]
    proposing = [each for each in re.split(r"(?<=[.!?])\s", paper.abstract) if _PROPOSING.search(each)]
    in_abstract += [name for sentence in proposing for name in _DEFINED.findall(sentence)]
    tried += [name for name in in_abstract if paper.abstract.count(name.strip(_AROUND_NAMES)) > 1]
    for name in (plain(_COMMAND.sub("", typed)).strip(_AROUND_NAMES) for typed in tried):
        if gazetteer.names.get(fold_name(name)) == (paper.id,) and not _COMPOUND.search(name):
            return name
    return ""


def _owned_names(paper: Paper) -> set[str]:
    """Names that the paper gives to its own things."""
    before_colon, colon, _ = paper.title.partition(":")
    found = set(_DEFINED.findall(paper.title)) | set(names(paper.title))
    if colon and len(before_colon.split()) <= MOST_WORDS_OF_A_NAME:
        found.add(before_colon)
    introduced = (match.group(1).strip(_AROUND_NAMES) for match in _INTRODUCED.finditer(paper.abstract))
    found |= {name for name in introduced if is_name(name)}
    found |= {name for name in _DEFINED.findall(paper.abstract) if is_name(name)}
    return {name for name in found if not _is_a_kind(name)}


def _is_a_kind(name: str) -> bool:
    """Whether it is a plural of which no part is a name of its own: Video-LLMs, not INTP-Video-LLMs."""
    *parts, last = name.split("-")
    return bool(_KIND.search(last)) and not any(map(is_name, parts))


def _two_stop_words(name: str) -> bool:
    """Whether a name reads as two function words run together, such as todo."""
    return any({name[:cut], name[cut:]} <= STOP_WORDS for cut in range(1, len(name)))
