"""Fit the verifier's model: `python -m evals.fit_verifier PAIRS.jsonl...` prints its constants.

    pairs -> features (rag.features) -> weights (rag/support_model.py), and how well they tell unseen pairs

The shipped constants come from AttributionBench's dev pairs and SciFact's pairs.train, in this order;
no test pair was read. Beside them stand the share of edited claims (evals.edits, from the same files'
texts) that `rag.verify` catches, and of the true ones that it rejects.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals import tables
from evals.classification import auroc, confusion, macro_f1
from evals.edits import edits
from evals.logistic import Vector, chances, fit_standardised
from evals.metrics import SEED
from evals.pairs import Pair, read_pairs
from evals.support import as_paper
from rag.command import as_command
from rag.features import FEATURES, evidence
from rag.sentences import sentences
from rag.statement import statement
from rag.verify import verify

RIDGE = 5.0
FOLDS = 10
# Thresholds that are tried; rag.verify has its own.
LIMITS = (0.4, 0.45, 0.5, 0.55, 0.6)
# Texts that edits are made from, none longer than a few abstracts; all of them would take an hour.
EDITED_TEXTS = 100
LONGEST_EDITED = 4000


def inputs(pairs: Sequence[Pair]) -> Vector:
    """A row of features for each pair, its references read as one text."""
    return np.array([_features(pair.claim, " ".join(pair.references)) for pair in pairs])


def unseen_chances(rows: Vector, labels: NDArray[np.bool_], groups: Sequence[str]) -> Vector:
    """Each row's estimate by a model that saw no row of its group, in FOLDS folds."""
    names = sorted(set(groups))
    shuffled = np.random.default_rng(SEED).permutation(len(names)) % FOLDS
    fold = dict(zip(names, shuffled, strict=True))
    place = np.array([fold[group] for group in groups])
    found = np.zeros(len(rows))
    for number in range(FOLDS):
        held = place == number
        if held.any() and not held.all():
            found[held] = chances(rows[held], fit_standardised(rows[~held], labels[~held], ridge=RIDGE))
    return found


def report(files: Sequence[Sequence[Pair]]) -> str:
    """The constants, a line each, and how well they tell."""
    pairs = [pair for file in files for pair in file]
    rows, labels = inputs(pairs), np.array([pair.label == "SUPPORT" for pair in pairs])
    weights = fit_standardised(rows, labels, ridge=RIDGE)
    lines = [f"BIAS = {weights[0]:.3f}", "WEIGHTS = {"]
    lines += [f'    "{name}": {value:.3f},' for name, value in zip(FEATURES, weights[1:], strict=True)]
    lines.append("}")
    estimates = unseen_chances(rows, labels, [pair.claim for pair in pairs])
    start = 0
    for number, file in enumerate(files, start=1):
        part = slice(start, start := start + len(file))
        lines.append(f"file {number}, cross-validated: {_told(labels[part], estimates[part])}")
    lines.append(_edits_told([text for pair in pairs for text in pair.references]))
    return "\n".join(lines) + "\n"


def _features(claim: str, text: str) -> list[float]:
    held = evidence(text, tuple(text[start:end] for start, end in sentences(text)))
    return [feature(statement(claim), held) for feature in FEATURES.values()]


def _told(labels: NDArray[np.bool_], estimates: Vector) -> str:
    truth = labels.tolist()
    area = tables.share(auroc(truth, estimates.tolist()), 3)
    at_limits = ", ".join(
        f"{limit:.2f}: {tables.share(macro_f1(confusion(truth, (estimates >= limit).tolist())), 3)}"
        for limit in LIMITS
    )
    return f"{len(truth)} pairs, AUROC {area}; macro-F1 from {at_limits}"


def _edits_told(texts: Iterable[str]) -> str:
    """How many edited claims of each kind the verifier supports."""
    made, supported = Counter[str](), Counter[str]()
    short = sorted({text for text in texts if len(text) <= LONGEST_EDITED})
    for edit in edits(short[:: max(1, len(short) // EDITED_TEXTS)]):
        kind = f"{edit.kind} ({'true' if edit.true else 'false'})"
        made[kind] += 1
        supported[kind] += verify(edit.claim, *as_paper(edit.text)).supported
    return "\n".join(f"edits, {kind}: {supported[kind]} of {made[kind]} supported" for kind in made)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the constants and how well they tell; a fault ends it as it ends the `vouch` command."""
    parser = argparse.ArgumentParser(prog="python -m evals.fit_verifier", description="Fit the verifier.")
    parser.add_argument("pairs", type=Path, nargs="+", help="claims and evidence, as evals.pairs reads them")
    chosen = parser.parse_args(arguments)
    with as_command():
        sys.stdout.write(report([read_pairs(path) for path in chosen.pairs]))


if __name__ == "__main__":
    main()
