"""What a miss is: why an answer counts as wrong, and which are the worst.

The judgement itself is made in `evals.answers`; here it is put in words. Knows nothing of how a
miss is shown.
"""

from __future__ import annotations

from collections.abc import Iterable

from evals.runs import Row, ShownRow

MISSES_SHOWN = 15
# Kind of question -> why an answer is wrong where none is to be had; see `faults` for other kinds.
_UNDECLINED = {
    "false_premise": "The question assumes what is not so, and it was neither declined nor put right.",
}


def worst_misses(rows: Iterable[Row]) -> list[ShownRow]:
    """The rows that are not right and may be shown, worst first, at most MISSES_SHOWN."""
    wrong = [row for row in rows if isinstance(row, ShownRow) and not row.right]
    return sorted(wrong, key=lambda row: faults(row)[0][0])[:MISSES_SHOWN]


def why(row: ShownRow) -> str:
    """Every reason, worst first."""
    return " ".join(sentence for _, sentence in faults(row))


def faults(row: ShownRow) -> list[tuple[float, str]]:
    """Why a row counts as wrong, worst first: how bad it is, small numbers worst, and a sentence."""
    found: list[tuple[float, str]] = []
    if row.invented:
        found.append((0, f"It cites what nobody has: {'; '.join(row.invented)}."))
    if row.forbidden:
        found.append((1, f"It says what only a wrong answer says: {'; '.join(row.forbidden)}."))
    if row.status == "failed":
        found.append((6, "It could not be asked."))
    elif not row.answerable:
        if not row.declined:
            found.append(
                (2, _UNDECLINED.get(row.kind, "Nothing on the shelf answers this, and it was answered."))
            )
    elif row.declined:
        found.append((5, "It was declined, though the shelf answers it."))
    else:
        found += _shortcomings(row)
    return found or [(7, "It was judged wrong, and the row does not tell why.")]


def _shortcomings(row: ShownRow) -> list[tuple[float, str]]:
    """What an answer to an answerable question lacks."""
    found: list[tuple[float, str]] = []
    if row.title_recall == 0:
        found.append((3, "It cites no right paper."))
    elif row.title_recall is not None and row.title_recall < 0.5 and row.kind == "several":
        found.append((3, "It cites fewer than half of the right papers."))
    if row.facts_held is not None and row.facts_held < 1:
        missing = round((1 - row.facts_held) * len(row.facts))
        found.append((4 + row.facts_held / 2, f"{missing} of {len(row.facts)} wanted facts missing."))
    return found
