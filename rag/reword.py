"""A follow-up, and the papers that it means -> the question as it would be asked alone, and a note on it.

Puts names in the place of words that point. Chooses no papers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag import follow_wordings as wordings
from rag.pointing import Pointer
from rag.targets import Talk
from rag.types import Paper
from rag.words import fold_name


def renamed(question: str, old: Paper, name: str, talk: Talk) -> str:
    """The question with the other paper's name where this one's stands; nothing where it stands nowhere."""
    spellings = [old.title, *(key for key, ids in talk.gazetteer.names.items() if old.id in ids)]
    for spelling in sorted(spellings, key=len, reverse=True):
        letters = r"[\W_]*".join(map(re.escape, fold_name(spelling)))
        changed, count = re.subn(rf"(?<!\w)\W?{letters}(?!\w)", f" {name}", question, count=1, flags=re.I)
        if count:
            return " ".join(changed.split())
    return ""


def put(talk: Talk, text: str, pointer: Pointer, target: str) -> str:
    """The text with the paper's short name for the words that point at it, and for each "it" behind them."""
    name = talk.name(target)
    if not name:
        return text
    said = pointer.text.lower()
    if (
        said in ("they", "their", "theirs", "them", "there", "in there", "this", "those", "these")
        or "author" in said
    ):
        return f"{text} ({name})"
    ending = "'s" if said == "its" else " is" if said in ("it's", "it’s") else ""
    put = f"{name}{ending}"
    return f"{text[: pointer.start]}{put}{text[pointer.end :]}"


def taken(talk: Talk, pointer: Pointer | None, papers: Sequence[str]) -> str:
    if pointer is None:
        return about(talk, papers)
    said = ", ".join(talk.title(paper_id) for paper_id in papers[:3])
    return f"{pointer.text} = {said}" if len(papers) <= 3 else f"{pointer.text} = {len(papers)} papers"


def about(talk: Talk, papers: Sequence[str]) -> str:
    return f"about {count_of(talk, papers)}" if papers else ""


def count_of(talk: Talk, papers: Sequence[str]) -> str:
    if len(papers) > 3:
        return f"the {len(papers)} papers of the answer before"
    return ", ".join(talk.title(paper_id) for paper_id in papers)


def says_something(text: str) -> bool:
    """Whether words are left that ask anything."""
    left = wordings.OPENING.sub("", " ".join(text.split())).strip(" ?!.,:;")
    left = wordings.NO_CONTENT.sub(" ", left)
    return bool(re.search(r"\w", left))


def how_or_why(base: str, *, why: bool) -> str:
    """The question before with "how" or "why" in front, as an answer to it is worded."""
    if found := re.match(
        r"(?:what(?:['’]s| is)|tell me about|explain)\s+(\S+(?: \S+){0,2}?)(?: about)?\W*$", base, re.I
    ):
        return f"Why is {found[1].strip('?')} needed?" if why else f"How does {found[1].strip('?')} work?"
    return f"{'Why' if why else 'How'}: {base}"


def base_question(question: str) -> str:
    """A question without what an earlier follow-up put before it in brackets."""
    found = wordings.GLUED.match(question)
    inside = found[1] if found else ""
    question = inside if len(inside.split()) > 2 else question
    return re.sub(r"^(?:Why|How): ", "", question)


def only_names(talk: Talk, paper_id: str) -> bool:
    """Whether the question is a paper's name and no more."""
    rest = wordings.ABOUT.sub("", talk.text).strip(" ?!.,:")
    if fold_name(rest) == fold_name(talk.title(paper_id)):
        return True
    return talk.gazetteer.names.get(fold_name(re.sub(r"^(?:the )|\s+paper$", "", rest))) is not None


def without_opening(question: str, said: str) -> str:
    """The question without the paper that it opens with: "the first one: how large?", "LOST instead, ..."."""
    opening = (
        rf"^\W*(?:(?:what|how) about\s+)?{re.escape(said)}(?:\s+(?:instead|again))?\s*[:,.;–]\s+(?=\S+ \S)"
    )
    return re.sub(opening, "", question)
