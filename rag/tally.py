"""Papers -> counts of them: by author, year, category and page. Pure arithmetic, no words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from rag.types import Paper

Groups = Mapping[str, tuple[Paper, ...]]


def by_author(papers: Sequence[Paper], *, first: bool = False, besides: Iterable[str] = ()) -> Groups:
    """Each printed name to its papers, in whatever spelling; those with most papers first."""
    apart = {name.casefold() for name in besides}
    spelling: dict[str, str] = {}

    def names(paper: Paper) -> list[str]:
        printed = paper.authors[:1] if first else paper.authors
        folded = dict.fromkeys(name.casefold() for name in printed)
        for name in printed:
            spelling.setdefault(name.casefold(), name)
        return [name for name in folded if name not in apart]

    grouped = _group(papers, names)
    return _ranked({spelling[name]: found for name, found in grouped.items()})


def by_year(papers: Sequence[Paper]) -> Groups:
    """Each year to its papers, oldest first; papers without a date are left out."""
    return dict(sorted(_group(papers, lambda paper: [str(paper.date.year)] if paper.date else []).items()))


def by_month(papers: Sequence[Paper]) -> Groups:
    """Each month, as 2024-05, to its papers, oldest first; papers without a date are left out."""
    return dict(sorted(_group(papers, lambda paper: [f"{paper.date:%Y-%m}"] if paper.date else []).items()))


def by_category(papers: Sequence[Paper]) -> Groups:
    """Each category to its papers, the largest first; papers without one are left out."""
    return _ranked(_group(papers, lambda paper: [paper.category] if paper.category else []))


def by_affiliation(papers: Sequence[Paper]) -> Groups:
    return _ranked(_group(papers, lambda paper: list(dict.fromkeys(paper.affiliations))))


def extremes(papers: Sequence[Paper], *, most: int, latest: bool) -> tuple[Paper, ...]:
    """The `most` oldest or newest dated papers, and those of the same day as the last of them."""
    dated = [(paper.date, paper) for paper in papers if paper.date]
    days: list[date] = sorted((day for day, _ in dated), reverse=latest)[:most]
    chosen = [
        (day, paper) for day, paper in dated if days and (day >= days[-1] if latest else day <= days[-1])
    ]
    return tuple(paper for _, paper in sorted(chosen, key=lambda item: item[0], reverse=latest))


def top(groups: Groups, most: int | None, *, fewest: bool = False) -> Groups:
    """The `most` largest groups, or smallest, and those as large as the last of them; all for None."""
    if most is None:
        return groups
    sizes = sorted((len(papers) for papers in groups.values()), reverse=not fewest)[:most]
    if not sizes:
        return {}
    kept = {
        name: papers
        for name, papers in groups.items()
        if (len(papers) <= sizes[-1] if fewest else len(papers) >= sizes[-1])
    }
    return dict(sorted(kept.items(), key=lambda item: len(item[1]), reverse=not fewest))


def all_papers(groups: Groups) -> tuple[Paper, ...]:
    """The papers of all groups, once each."""
    return tuple({paper.id: paper for papers in groups.values() for paper in papers}.values())


def count_unknown(papers: Iterable[Paper], known: Callable[[Paper], object]) -> int:
    return Counter(known(paper) is None for paper in papers)[True]


def _group(papers: Sequence[Paper], keys: Callable[[Paper], Sequence[str]]) -> dict[str, tuple[Paper, ...]]:
    found: dict[str, list[Paper]] = defaultdict(list)
    for paper in papers:
        for key in keys(paper):
            found[key].append(paper)
    return {key: tuple(group) for key, group in found.items()}


def _ranked(groups: Groups) -> Groups:
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))
