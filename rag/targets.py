"""Words that point back and what is in focus -> the papers that they mean, or none.

Knows titles and the words of abstracts; knows nothing of how the question is said anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag import follow_wordings as wordings
from rag.focus import Focus
from rag.gazetteer import Gazetteer, named_papers, short_name
from rag.pointing import Pointer, find_pointer, places
from rag.words import content_words, fold_name, names, stem, words

# Mean share of a description's words that a paper's title (1) or abstract (less) must hold to be meant.
FIT_OF_A_DESCRIPTION = 0.6
# From this share of words that the paper in focus does not hold, a question has a subject of its own.
STRANGE_SHARE = 2 / 3
# Fewer telling words before a pronoun are no subject.
LEAST_OF_A_SUBJECT = 3


@dataclass(frozen=True, slots=True)
class Talk:
    """A follow-up at work: as typed, without the words that open it, and all that it may point at."""

    typed: str
    text: str
    focus: Focus
    gazetteer: Gazetteer

    def title(self, paper_id: str) -> str:
        return self.gazetteer.papers[paper_id].title

    def name(self, paper_id: str) -> str:
        """What to call a paper inside a question."""
        return short_name(self.gazetteer.papers[paper_id], self.gazetteer)

    def titles(self, paper_ids: Sequence[str]) -> str:
        return " and ".join(self.name(paper_id) or self.title(paper_id) for paper_id in paper_ids)


def papers_named(talk: Talk) -> tuple[str, ...]:
    """The papers that the text names. Beside a pronoun, a name of which the paper in focus speaks names none:
    "how fast is it with the KV cache?".
    """
    found = named_papers(talk.text, talk.gazetteer)
    subject = talk.gazetteer.papers.get(talk.focus.subject)
    if not found or subject is None or wordings.COMPARED.search(talk.text):
        return found
    pointer = find_pointer(talk.text)
    if pointer is None or pointer.sort != "one":
        return found
    asked, spoken_of = fold_name(talk.text), fold_name(f"{subject.title} {subject.abstract}")
    shared = [ids for name, ids in talk.gazetteer.names.items() if name in asked and name in spoken_of]
    return tuple(each for each in found if not any(each in ids for ids in shared))


def targets(pointer: Pointer, talk: Talk) -> tuple[str, ...]:
    """The paper that the pointer means; none where there is none."""
    focus = talk.focus
    row = focus.subjects if wordings.BACK.match(talk.text) and len(focus.subjects) > 1 else focus.row
    match pointer.sort:
        case "one":
            return (_one(talk),) if _one(talk) else ()
        case "several":
            return (focus.subject,) if focus.subject else ()
        case "place":
            rows = (row, focus.subjects, focus.shown)
            return next(
                (each[pointer.place - 1 : pointer.place] for each in rows if len(each) >= pointer.place > 0),
                (),
            )
        case "last":
            return row[-1:]
        case "former":
            return _pair(focus)[:1]
        case "latter":
            return _pair(focus)[1:]
        case "other":
            others = [paper_id for paper_id in _pair(focus) if paper_id != focus.subject]
            return tuple(others) if len(others) == 1 else ()
        case "previous":
            return focus.subjects[-2:-1]
        case "older" | "newer":
            return _by_date(talk, newest=pointer.sort == "newer")
        case "described":
            return _described(talk, pointer.words)


def _one(talk: Talk) -> str:
    """What "it" means: the paper in focus; of a topic's papers the first; of a count's the only one."""
    focus = talk.focus
    if focus.of_many and focus.plan.inquiry is None and focus.shown:
        return focus.subject if focus.subject in focus.shown else focus.shown[0]
    return focus.subject


def _pair(focus: Focus) -> tuple[str, ...]:
    return focus.listed if len(focus.listed) == 2 else focus.subjects[-2:] if len(focus.subjects) > 1 else ()


def several_papers(talk: Talk) -> tuple[str, ...]:
    focus = talk.focus
    if focus.listed:
        return focus.listed
    return (
        focus.subjects if re.search(r"\b(?:all|three|four|five)\b", talk.text, re.I) else focus.subjects[-2:]
    )


def picked_papers(talk: Talk) -> tuple[str, ...]:
    """ "the first two", "the first and the third": some of the papers in a row."""
    row = talk.focus.row
    if found := wordings.SOME_OF_ROW.search(talk.text):
        count = wordings.NUMBERS.get(found[2].lower()) or int(found[2])
        others = tuple(paper_id for paper_id in row if paper_id != talk.focus.subject)
        some = {"first": row[:count], "last": row[-count:], "other": others}[found[1].lower()]
        return some if len(some) == count else ()
    counted = places(talk.text)
    if len(counted) < 2 or not all(0 < place <= len(row) for place in counted):
        return ()
    return tuple(dict.fromkeys(row[place - 1] for place in counted))


def _by_date(talk: Talk, *, newest: bool) -> tuple[str, ...]:
    papers = [talk.gazetteer.papers[paper_id] for paper_id in talk.focus.row]
    dated = [(paper.date, paper.id) for paper in papers if paper.date]
    if len(papers) < 2 or len(dated) < len(papers):
        return ()
    return ((max if newest else min)(dated)[1],)


def _described(talk: Talk, description: str) -> tuple[str, ...]:
    """The paper of the conversation that the words fit best; none where they fit none, or two alike."""
    stems = {stem(word) for word in content_words(description)} - {"before", "back"}
    wanted = stems - wordings.OF_ANY_PAPER or stems
    if not wanted:
        return ()
    scores: list[tuple[float, str]] = []
    for paper_id in talk.focus.seen:
        paper = talk.gazetteer.papers[paper_id]
        title, whole = (
            stems_of(paper.title) | _parts(paper.title),
            stems_of(f"{paper.title} {paper.abstract}"),
        )
        fits = [1.0 if word in title else 0.75 if word in whole else 0.0 for word in wanted]
        scores.append((sum(fits) / len(wanted), paper_id))
    best = max(scores, default=(0.0, ""))[0]
    fitting = [paper_id for score, paper_id in scores if score == best]
    asked_about = [paper_id for paper_id in fitting if paper_id in talk.focus.subjects]
    return tuple((asked_about or fitting)[:1]) if best >= FIT_OF_A_DESCRIPTION else ()


@lru_cache(maxsize=4096)
def stems_of(text: str) -> frozenset[str]:
    return frozenset(map(stem, words(text)))


def _parts(title: str) -> frozenset[str]:
    """The words that a name of the title is made of: LazyDiT holds lazy."""
    runs = [run for name in names(title) for run in re.findall(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}|\d+", name)]
    return frozenset(stem(run.lower()) for run in runs)


def own_antecedent(talk: Talk, pointer: Pointer) -> bool:
    """Whether the question itself says before the pronoun what it stands for."""
    before = talk.text[: pointer.start]
    if wordings.OWN_SUBJECT.search(before) and pointer.text.lower() in wordings.BARE_PRONOUNS:
        return True
    if len(telling_stems(before)) < LEAST_OF_A_SUBJECT or not talk.focus.subject:
        return False
    return strange_share(before, talk) >= STRANGE_SHARE


def strange_share(text: str, talk: Talk) -> float:
    """The share of the text's telling words that the paper in focus does not hold."""
    telling = set(telling_stems(text))
    paper = talk.gazetteer.papers[talk.focus.subject]
    return len(telling - stems_of(f"{paper.title} {paper.abstract}")) / len(telling) if telling else 0.0


def telling_stems(text: str) -> list[str]:
    """Stems of the words that say what a question is about, without those that fit any paper."""
    return [word for word in map(stem, content_words(text)) if word not in wordings.OF_ANY_PAPER]
