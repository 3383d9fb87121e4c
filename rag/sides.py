"""A question -> the papers that it sets against each other, and the sides that no paper is known by.

Reads wordings ("A against B", "difference between A and B", "A or B: which came first?") and finds
papers by the names and titles that it is handed. Knows no scores and no abstract's meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.types import Paper, Sides
from rag.words import STOP_WORDS, content_stems, content_words, fold_name, is_name, split_names

# A comparison is asked for outright by these, whatever else the question says.
_OUTRIGHT = re.compile(
    r"\b(?:compar(?:e[ds]?|ing|isons?)|contrast(?:ed|ing)?|versus|vs\.?|against|differ(?:s|ed|ent|ently|ences?)?|unlike|"
    r"distinguish\w*|similarit(?:y|ies)|side by side|in common|"
    r"set[s]? .{2,60} apart)(?!\w)",
    re.I,
)
# Of these a single paper is asked what it is to be compared with.
_ONLY_COMPARE = re.compile(r"\b(?:compar(?:e|ing|isons?)|contrast(?:ing)?|versus|vs\.?|against)(?!\w)", re.I)
# Only these set a paper beside what is no name: "8 bits against full precision" compares no papers.
_TO_COMPARE = re.compile(r"\b(?:compar(?:e|ing|isons?)|contrast(?:ing)?|versus|vs\.?)(?!\w)", re.I)
# And by these where papers or what was told before are named with them.
_RELATED = re.compile(
    r"\b(?:(?:dis)?agree(?:s|d|ment)?|contradict(?:s|ed)?|consistent|conflict(?:s|ed)?)\b"
    r"|\b(?:older|newer|earlier|later) than\b"
    r"|\b(?:which|what|who)\b.{0,60}\b(?:first|earlier|older|oldest|newer|newest|later|latest|better|best)\b"
    r"|\bor\b.{0,120}\b(?:which|better|prefer|pick|choose|first|earlier|older|newer|later)\b"
    r"|\b(?:should|prefer|pick|choose|choosing|decide)\b.{0,120}\bor\b",
    re.I,
)
_OR = re.compile(r"\bor\b", re.I)
_EITHER = re.compile(r"\x01,? or (?:the |rather )?\x01", re.I)
_BY_DATE = re.compile(
    r"\b(?:older|newer|earlier|later) than\b|\bc[ao]mes? (?:out )?(?:first|earlier|later|last|before|after)|\b(?:is|was|are|were|appeared|published|written|released|dated|appear(?:s|ed)?) "
    r"(?:the )?(?:first|earlier|later|last|older|oldest|newer|newest|earliest|before|after)\b|"
    r"\b(?:which|what|who) (?:\w+ ){0,3}(?:is |was |came |are |were )?(?:first|earlier|older|oldest|newer|newest|earliest)\b|\border of (?:date|publication)\b",
    re.I,
)
_THEM = re.compile(
    r"\b(?:them|they|these|those|both|(?:the|these|those)(?: first)? (two|three|four|five|six)|each other|one another)\b",
    re.I,
)
_IT = re.compile(r"\b(?:it|this|that)(?: (?:one|paper|method|work|approach))?\b", re.I)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}

_CLAUSE = re.compile(
    r"[?;:!]|\.\s|\s[-–—]\s|,\s+(?=(?:which|what|whats|how|who|when|where|why|do|does|is|are|both|in terms|and how|and what|for|please)\b)"
)
_BETWEEN = re.compile(
    r",|\||\b(?:and|with|to|against|vs\.?|versus|or|from|than|compared|unlike|between|differ\w*|(?:dis)?agree\w*|contradict\w*)(?!\w)|&|\s\+\s|/",
    re.I,
)
# Words of asking for a comparison; none of them is a side.
_ASKING = STOP_WORDS | frozenset(
    """compare compared compares comparing comparison contrast contrasted difference differences differ differs
different differently versus vs similarity similarities common side agree agrees disagree contradict apart sets
first earlier older newer later better best came come comes choose pick prefer whats what's table show
methods method approach approaches model models both main key please these those works read summary
recommend technique techniques result results terms shortly briefly quick quickly""".split()
)
_QUOTED = re.compile(r"[\"“]([^\"“”\x01]{2,200})[\"”]")
_MARKS = " .,'\"“”’()"
# What leads from the sides to what is asked of them: `differ in`, `in terms of`.
_WITHOUT_LEAD = re.compile(
    r"^\W*(?:(?:differ\w*|agree|disagree|compared?|comparison|in common|have|do|does|in terms|with respect|in|of|on|to|about|"
    r"regarding|concerning|when it comes|as for|for|and|please)\b\W*)+",
    re.I,
)
# From here on a clause says in what the sides differ.
_IN_WHAT = re.compile(r"\b(?:differ\w*|(?:dis)?agree\w*)\b(?!\s+(?:from|with|between|of)\b)", re.I)
_INTRODUCING = r"\b(?:propos|introduc|present|develop|called|named|dubbed|termed|namely)\w*\b"
_TOKEN = re.compile(r"[^\W_]+")
_MENTION = "\x01"
_PART = re.compile(r":\s|\?\s|\s[-–—]\s")
_ARTICLES = frozenset({"a", "an", "the"})
# So many content words of a title's start name it, if they are this share of its words or written as a title.
_FEWEST_TITLE_WORDS = 2
_TITLE_SHARE = 0.6
_LONGEST_NAME = 3
_LONGEST_SIDE = 5
# A description fits by the mean of its words: a word of the title counts whole, of the abstract alone in part.
_IN_ABSTRACT = 0.7
_FIT = 0.8
_A_PAPER = re.compile(r"\b(?:the|that)\b.*\b(?:paper|work|method|approach|one|article|study)\b", re.I)


class Names(Protocol):
    """The shelf's own words, as `rag.understand.Gazetteer` holds them."""

    @property
    def names(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def authors(self) -> Mapping[str, str]: ...
    @property
    def papers(self) -> Mapping[str, Paper]: ...
    @property
    def everyday(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a question names papers."""

    start: int
    end: int
    papers: tuple[str, ...]


def find_sides(question: str, before: Sequence[str], shelf: Names) -> Sides | None:
    """What the question compares; `before` are papers that the last answer cited. None: no papers."""
    outright = bool(_OUTRIGHT.search(question))
    related = _RELATED.search(question) or _BY_DATE.search(question)
    if not (outright or related or _OR.search(question)):
        return None
    mentions = find_mentions(question, shelf)
    if not (outright or related or _EITHER.search(_masked(question, mentions))):
        return None
    mentions += _bare_sides(_masked(question, mentions), shelf) if outright or mentions else []
    mentions.sort(key=lambda mention: mention.start)
    masked = _masked(question, mentions)
    papers = dict.fromkeys(paper for mention in mentions for paper in mention.papers)
    note = ""
    if len(papers) < 2 and (pointed := _pointed_at(masked, before)):
        papers = dict.fromkeys((*pointed, *papers))
        note = "Compared are the papers of the answer before." if len(papers) > 1 else ""
    unfound = _unfound(masked, shelf) if outright or len(papers) == 1 else ()
    for name in unfound:
        masked = masked.replace(name, _MENTION * len(name))
    sides = Sides(
        tuple(papers),
        unfound,
        _topic(masked) if papers else "",
        bool(_BY_DATE.search(masked)) and len(papers) > 1,
        note,
    )
    named = [name for name in unfound if any(token[:1].isupper() or is_name(token) for token in name.split())]
    sought = any(
        re.search(rf"\b(?:against|from|between|and|unlike|than) {re.escape(name)}", question)
        for name in named
    )
    if len(papers) > 1 or (papers and _nothing_else(masked)):
        return sides
    if unfound and papers and (sought or _TO_COMPARE.search(question)):
        return sides
    return sides if outright and named and len(unfound) > 1 else None


def _pointed_at(masked: str, before: Sequence[str]) -> tuple[str, ...]:
    """The papers of the last answer that `them` or `it` stands for."""
    if found := _THEM.search(masked):
        return tuple(before[: _COUNTS.get((found[1] or "").lower(), len(before))])
    return tuple(before[:1]) if _MENTION in masked and _IT.search(masked) else ()


# --- mentions


def find_mentions(question: str, shelf: Names) -> list[Mention]:
    """Names and titles in the question, in its order; where two overlap, the longer one."""
    found = sorted(
        (*_titles(question, shelf), *_names(question, shelf)),
        key=lambda mention: (mention.start - mention.end, mention.start),
    )
    kept: list[Mention] = []
    for mention in found:
        if all(mention.end <= other.start or other.end <= mention.start for other in kept):
            kept.append(mention)
    return sorted(kept, key=lambda mention: mention.start)


def _names(question: str, shelf: Names) -> Iterator[Mention]:
    tokens = list(re.finditer(r"[^\s,;:?!()\"'“”’/&]+", question))
    for size in range(1, _LONGEST_NAME + 1):
        for start in range(len(tokens) - size + 1):
            gram = tokens[start : start + size]
            end = gram[-1].end() - (gram[-1][0].endswith(".") and 1)
            text = question[gram[0].start() : end]
            folded = fold_name(text)
            if folded in shelf.names and _written_as_name([token[0] for token in gram], folded, shelf):
                yield Mention(gram[0].start(), end, _owners(folded, shelf))


def _written_as_name(gram: Sequence[str], folded: str, shelf: Names) -> bool:
    if len(gram) > 1 and not all(content_words(token) for token in gram):
        return False
    if folded in STOP_WORDS and "".join(gram).isupper():
        return False
    return any(is_name(token.strip(".-")) for token in gram) or folded not in shelf.everyday


def _owners(folded: str, shelf: Names) -> tuple[str, ...]:
    """Whose name it is: the paper whose title starts with it, before those that only mention it."""
    ids = shelf.names[folded]
    titles = {paper_id: shelf.papers[paper_id].title for paper_id in ids if paper_id in shelf.papers}
    for fits in (_heads_title, _within_title):
        if len(chosen := tuple(key for key, title in titles.items() if fits(folded, title))) == 1:
            return chosen
    return ids


def _heads_title(folded: str, title: str) -> bool:
    return fold_name(_PART.split(title)[0]) == folded


def _within_title(folded: str, title: str) -> bool:
    return folded in {fold_name(token) for token in re.split(r"[\s:()]+", title)}


def _titles(question: str, shelf: Names) -> Iterator[Mention]:
    """Titles, their parts before or after a colon, and starts of them that no other title shares."""
    tokens = list(_TOKEN.finditer(question))
    asked = [token[0].lower() for token in tokens]
    found: dict[tuple[int, int], list[str]] = {}
    for paper in shelf.papers.values():
        whole = _words(paper.title)
        for part in dict.fromkeys(
            (tuple(whole), *(tuple(_words(part)) for part in _PART.split(paper.title)))
        ):
            for at, length in _runs(part, asked):
                span = tokens[at].start(), tokens[at + length - 1].end()
                if _names_title(part, length, question[slice(*span)]):
                    found.setdefault(span, []).append(paper.id)
    for (start, end), ids in found.items():
        if len(set(ids)) == 1:
            yield Mention(start, end, (ids[0],))


def _words(text: str) -> list[str]:
    found = [token[0].lower() for token in _TOKEN.finditer(text)]
    return found[1:] if found and found[0] in _ARTICLES else found


def _runs(part: Sequence[str], asked: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the question holds the start of a title's part, and how many words of it."""
    for at, word in enumerate(asked):
        if not part or word != part[0]:
            continue
        length = 1
        while length < len(part) and at + length < len(asked) and asked[at + length] == part[length]:
            length += 1
        yield at, length


def _names_title(part: Sequence[str], length: int, written: str) -> bool:
    telling = content_words(written)
    if len(telling) < _FEWEST_TITLE_WORDS:
        return False
    if length == len(part):
        return True
    capitals = all(word[:1].isupper() for word in written.split() if content_words(word))
    return capitals or (length > _FEWEST_TITLE_WORDS and length >= _TITLE_SHARE * len(part))


def _bare_sides(masked: str, shelf: Names) -> list[Mention]:
    """Sides that are nothing but a name, be it also an everyday word: `lift vs seft`."""
    found = []
    for start, end in _pieces(masked):
        side = _stripped(masked[start:end])
        folded = fold_name(side)
        papers = _owners(folded, shelf) if folded in shelf.names else _introducing(side, shelf)
        if papers := papers or _described(masked[start:end], side, shelf):
            at = masked.index(side, start)
            found.append(Mention(at, at + len(side), papers))
    return found


def _introducing(side: str, shelf: Names) -> tuple[str, ...]:
    """The one paper whose abstract introduces a thing by this name; none where several do."""
    if not side or len(side.split()) > _LONGEST_SIDE:
        return ()
    name = r"[\s-]+".join(map(re.escape, side.split()))
    introduced = re.compile(rf"{_INTRODUCING}[^.]{{0,80}}?(?<![\w-]){name}(?![\w-])", re.I)
    found = [
        paper.id
        for paper in shelf.papers.values()
        if (match := introduced.search(paper.abstract)) and any(map(str.isupper, match[0][-len(side) :]))
    ]
    return tuple(found) if len(found) == 1 else ()


def _described(piece: str, side: str, shelf: Names) -> tuple[str, ...]:
    """The one paper that the words of "the lazy diffusion paper" fit; none where two fit alike."""
    wanted = content_stems(side)
    if not _A_PAPER.search(piece) or len(wanted) < _FEWEST_TITLE_WORDS:
        return ()
    fits = []
    for paper in shelf.papers.values():
        title, abstract = content_stems(split_names(paper.title)), content_stems(paper.abstract)
        held = sum(1.0 if word in title else _IN_ABSTRACT if word in abstract else 0.0 for word in wanted)
        fits.append((held / len(wanted), paper.id))
    fits.sort(reverse=True)
    (best, paper_id), (second, _) = (*fits, (0.0, ""), (0.0, ""))[:2]
    return (paper_id,) if best >= _FIT and best > second else ()


# --- the rest of the question


def _masked(question: str, mentions: Sequence[Mention]) -> str:
    """The question with marks, as many as it had characters, in each mention's place."""
    for mention in mentions:
        marks = _MENTION * (mention.end - mention.start)
        question = question[: mention.start] + marks + question[mention.end :]
    return question


def _clauses(masked: str) -> Iterator[tuple[int, int]]:
    yield from _between(_CLAUSE, masked, 0, len(masked))


def _pieces(masked: str) -> Iterator[tuple[int, int]]:
    """What stands between `and`, `with`, commas and the like, in the clauses that hold sides."""
    for start, end in _clauses(masked):
        if _MENTION in masked[start:end] or _OUTRIGHT.search(masked, start, end):
            beyond = _IN_WHAT.search(masked, start, end)
            yield from _between(_BETWEEN, masked, start, beyond.start() if beyond else end)


def _between(separator: re.Pattern[str], text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for found in separator.finditer(text, start, end):
        yield start, found.start()
        start = found.end()
    yield start, end


def _unfound(masked: str, shelf: Names) -> tuple[str, ...]:
    """Sides that are quoted or read as names, by none of which the shelf knows a paper."""
    found = dict.fromkeys(quoted[1].strip() for quoted in _QUOTED.finditer(masked))
    masked = _QUOTED.sub(lambda quoted: _MENTION * len(quoted[0]), masked)
    people = {word for name in shelf.authors for word in name.split()}
    for start, end in _pieces(masked):
        side = _stripped(masked[start:end])
        if side and len(side.split()) <= _LONGEST_SIDE and _reads_as_name(side, people, shelf):
            found[side] = None
    return tuple(found)


def _stripped(piece: str) -> str:
    """A piece of the question without the words of asking around it; empty where it holds a mention."""
    tokens = [] if _MENTION in piece else piece.strip(_MARKS).split()
    while tokens and tokens[0].lower().strip(_MARKS) in _ASKING:
        tokens = tokens[1:]
    while tokens and tokens[-1].lower().strip(_MARKS) in _ASKING:
        tokens = tokens[:-1]
    return " ".join(tokens).strip(_MARKS)


def _reads_as_name(side: str, people: set[str], shelf: Names) -> bool:
    """Whether each telling word is written as a name or stands in no paper of the shelf."""
    telling = [word for word in side.split() if content_words(word)]
    if not telling or any(word.lower() in people for word in telling):
        return False
    return all(is_name(word) or not _stands_on_shelf(word, shelf) for word in telling)


def _stands_on_shelf(word: str, shelf: Names) -> bool:
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.I)
    return any(
        pattern.search(paper.abstract) or pattern.search(paper.title) for paper in shelf.papers.values()
    )


def _topic(masked: str) -> str:
    """What is asked of each paper beside a comparison: clauses without a side, and what follows the last."""
    clauses = [masked[start:end] for start, end in _clauses(masked)]
    rest = [_WITHOUT_LEAD.sub("", clause[clause.rfind(_MENTION) + 1 :]).strip(_MARKS) for clause in clauses]
    return "; ".join(clause for clause in rest if _telling(clause))


def _telling(clause: str) -> list[str]:
    return [word for word in content_words(clause) if word not in _ASKING]


def _nothing_else(masked: str) -> bool:
    """Whether the question says no more than to compare what it names."""
    return bool(_ONLY_COMPARE.search(masked)) and not _telling(masked.replace(_MENTION, " "))
