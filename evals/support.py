"""The support suite: can the verifier tell claims that evidence supports from claims that it does not?

    Pair (from `evals.pairs`) -> Judgement (the verifier's, and two baselines') -> View -> SupportReport

Judges `rag.verify.verify` as it ships, on anybody's pairs of claim and evidence. Tunes nothing:
every threshold is fixed before a pair is read. Knows nothing of models that write claims.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from evals import tables
from evals.classification import Confusion, auroc, auroc_interval, balanced_accuracy, confusion, macro_f1
from evals.metrics import SEED
from evals.pairs import LINE_HINT, NAMED_LABELS, Pair
from evals.papers import bare_paper
from rag.errors import UsageError
from rag.protocols import Embedder
from rag.sentences import sentences
from rag.types import Paper, Quote, Verdict
from rag.verify import verify
from rag.words import content_stems

# From here on a baseline says "supported". Nobody tuned it, which is the point of a baseline.
BASELINE_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Judgement:
    """One pair, judged.

    `score` ranks the verifier's verdicts: the chance, 0 to 1, that the best reference supports the
    claim, as `rag.verify` gives it. No unsupported claim ranks above a supported one.
    `overlap` is the share of the claim's content stems that the best reference holds, 0 to 1;
    `similarity` the highest cosine of the claim and one sentence of the evidence, None without an
    embedder.
    """

    pair: Pair
    supported: bool
    score: float
    reason: str
    quote: str
    overlap: float
    similarity: float | None

    def record(self) -> dict[str, Any]:
        return {
            "id": self.pair.id,
            "claim": self.pair.claim,
            "label": self.pair.label,
            "supported": self.supported,
            "reason": self.reason,
            "quote": self.quote,
            "score": round(self.score, 4),
            "overlap": round(self.overlap, 4),
            "similarity": None if self.similarity is None else round(self.similarity, 4),
        }


@dataclass(frozen=True, slots=True)
class Measures:
    """What one method is worth in one view. None where a class is absent.

    `interval` is the 95 % bootstrap interval of `auroc`. The rest is taken at the verifier's own
    verdict, and for a baseline at BASELINE_THRESHOLD.
    """

    method: str
    auroc: float | None
    interval: tuple[float, float] | None
    balanced_accuracy: float | None
    macro_f1: float | None
    confusion: Confusion


@dataclass(frozen=True, slots=True)
class View:
    """One way to split the labels in two, and every method's measures on it."""

    name: str
    positives: int
    negatives: int
    measures: tuple[Measures, ...]


@dataclass(frozen=True, slots=True)
class SupportReport:
    """All judgements, in the order of the pairs; the views on them; the verifier's seconds for a pair."""

    suite: ClassVar[str] = "support"

    judgements: tuple[Judgement, ...]
    views: tuple[View, ...]
    verify_s: float

    def record(self) -> dict[str, Any]:
        """The object that `vouch eval support --json` prints."""
        return {
            "suite": self.suite,
            "score": "the chance that the best reference supports the claim, by rag.verify",
            "baseline_threshold": BASELINE_THRESHOLD,
            "verify_s": round(self.verify_s, 6),
            "views": [asdict(view) for view in self.views],
            "rows": [judgement.record() for judgement in self.judgements],
        }

    def table(self) -> str:
        """The views as plain text, one block each, a method a line."""
        blocks = [tables.plain(view_rows(asdict(view))) for view in self.views]
        return "\n\n".join([*blocks, f"verifier: {1000 * self.verify_s:.2f} ms a pair"])


def view_rows(view: Mapping[str, Any]) -> list[list[str]]:
    """A view's record as a table's rows, the heading first."""
    heading = f"{view['name']}: {view['positives']} against {view['negatives']} pairs"
    return [[heading, "AUROC", "95 %", "balanced accuracy", "macro-F1"]] + [
        [
            measures["method"],
            tables.share(measures["auroc"], 3),
            tables.between(measures["interval"], 3),
            tables.share(measures["balanced_accuracy"], 3),
            tables.share(measures["macro_f1"], 3),
        ]
        for measures in view["measures"]
    ]


Progress = Callable[[int, int], None]
"""Called after each pair: how many are done, of how many."""


def run_support(
    pairs: Sequence[Pair], *, embedder: Embedder | None = None, on_progress: Progress | None = None
) -> SupportReport:
    """Judge every pair, in order. Raises UsageError where there is none.

    With several references the best verdict counts, and so it is with the baselines.
    """
    if not pairs:
        raise UsageError("There are no pairs to judge.", hint=LINE_HINT)
    judgements: list[Judgement] = []
    seconds = 0.0
    for pair in pairs:
        started = time.perf_counter()
        verdict = best_verdict(pair)
        seconds += time.perf_counter() - started
        judgements.append(_judgement(pair, verdict, embedder))
        if on_progress:
            on_progress(len(judgements), len(pairs))
    return SupportReport(tuple(judgements), _views(judgements), seconds / len(pairs))


def best_verdict(pair: Pair) -> Verdict:
    """The verifier's verdict on the reference that does best for the claim."""
    return max((verify(pair.claim, *as_paper(text)) for text in pair.references), key=verdict_score)


def verdict_score(verdict: Verdict) -> float:
    """The verdict's score, which ranks every unsupported claim below every supported one."""
    return verdict.score


def word_overlap(claim: str, references: Iterable[str]) -> float:
    """The largest share, 0 to 1, of the claim's content stems that one reference holds."""
    stems = content_stems(claim)
    return max(len(stems & content_stems(text)) / len(stems) for text in references) if stems else 0.0


def embedding_similarity(claim: str, references: Iterable[str], embedder: Embedder) -> float:
    """The highest cosine, -1 to 1, of the claim and one sentence of the references.

    Of a sentence beyond the embedder's limit, only what the embedder reads counts.
    """
    evidence = [text[start:end] for text in references for start, end in sentences(text)]
    vectors = embedder.embed_documents([claim, *evidence])
    return float((vectors[1:] @ vectors[0]).max())


def as_paper(text: str) -> tuple[Paper, list[Quote]]:
    """Evidence as the verifier reads it: a paper without a title, and its sentences."""
    return bare_paper("", "", text), [
        Quote(text[start:end], start, end, 0.0) for start, end in sentences(text)
    ]


def _judgement(pair: Pair, verdict: Verdict, embedder: Embedder | None) -> Judgement:
    return Judgement(
        pair=pair,
        supported=verdict.supported,
        score=verdict_score(verdict),
        reason=verdict.reason,
        quote=verdict.quote.text if verdict.quote else "",
        overlap=word_overlap(pair.claim, pair.references),
        similarity=embedding_similarity(pair.claim, pair.references, embedder) if embedder else None,
    )


def _views(judgements: Sequence[Judgement]) -> tuple[View, ...]:
    """SUPPORT against the rest; where all three labels are told apart, evidence against none, too."""
    labels = [judgement.pair.label for judgement in judgements]
    views = [_view("supported against the rest", judgements, [label == "SUPPORT" for label in labels])]
    if set(labels) == set(NAMED_LABELS):
        views.append(_view("evidence against none", judgements, [label != "NOINFO" for label in labels]))
    return tuple(views)


def _view(name: str, judgements: Sequence[Judgement], truth: Sequence[bool]) -> View:
    verdicts = [judgement.supported for judgement in judgements]
    measures = [_measures("verifier", truth, [judgement.score for judgement in judgements], verdicts)]
    measures.append(_baseline("word overlap", truth, [judgement.overlap for judgement in judgements]))
    similarities = [each.similarity for each in judgements if each.similarity is not None]
    if similarities:
        measures.append(_baseline("embedding similarity", truth, similarities))
    return View(name, sum(truth), len(truth) - sum(truth), tuple(measures))


def _baseline(method: str, truth: Sequence[bool], scores: Sequence[float]) -> Measures:
    predicted = [score >= BASELINE_THRESHOLD for score in scores]
    return _measures(method, truth, scores, predicted)


def _measures(
    method: str, truth: Sequence[bool], scores: Sequence[float], predicted: Sequence[bool]
) -> Measures:
    counts = confusion(truth, predicted)
    return Measures(
        method=method,
        auroc=auroc(truth, scores),
        interval=auroc_interval(truth, scores, seed=SEED),
        balanced_accuracy=balanced_accuracy(counts),
        macro_f1=macro_f1(counts),
        confusion=counts,
    )
