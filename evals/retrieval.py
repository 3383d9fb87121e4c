"""The retrieval suite: a bench's corpus as a shelf, its queries ranked by Vouch and by three baselines.

    vouch    `rag.retrieve.retrieve`, as an answer uses it
    bm25     SQLite's BM25 over the query's content words
    dense    cosine of the best window
    fusion   reciprocal ranks of bm25 and dense, summed

All four read one library and one vector store, in one run. Queries go in as they are, not
through `rag.understand`: a bench's query names no author of the shelf. Knows nothing of answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from evals.answers import SEED
from evals.bench import Bench, Document, Query
from evals.metrics import bootstrap_interval
from evals.ranking import Gains, average_precision, ndcg_at, recall_at, reciprocal_rank
from rag.errors import UsageError
from rag.ingest import Progress, ingest
from rag.library import Library
from rag.protocols import Embedder, VectorStore
from rag.retrieve import retrieve
from rag.types import Page, Paper, Plan, Profile
from rag.words import content_words

# Documents that each system ranks for a query: recall@100 needs them all.
DEPTH = 100
# The constant of reciprocal-rank fusion (Cormack, Clarke, Büttcher 2009).
FUSION_CONSTANT = 60
# Documents of a ranking that the report keeps.
RANKS_KEPT = 10

Ranking = tuple[str, ...]
MEASURES: Mapping[str, Callable[[Ranking, Gains], float]] = {
    "nDCG@10": lambda ranking, gains: ndcg_at(ranking, gains, 10),
    "MRR@10": lambda ranking, gains: reciprocal_rank(ranking, gains, 10),
    "recall@5": lambda ranking, gains: recall_at(ranking, gains, 5),
    "recall@10": lambda ranking, gains: recall_at(ranking, gains, 10),
    "recall@100": lambda ranking, gains: recall_at(ranking, gains, 100),
    "MAP": average_precision,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What one system made of one query: its first documents, and each measure in turn."""

    query: str
    system: str
    first: Ranking
    values: tuple[float, ...]

    def record(self) -> dict[str, Any]:
        return asdict(self) | {"values": dict(zip(MEASURES, self.values, strict=True))}


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one system: the mean over the queries and its bootstrap 95 % interval."""

    system: str
    measure: str
    mean: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """A run's scores, system by system in the order of the measures, and what each query gave.

    `sha256` is the corpus file's; `left_out` counts queries without a relevant document.
    """

    suite: ClassVar[str] = "retrieval"

    bench: str
    split: str
    sha256: str
    documents: int
    queries: int
    left_out: int
    embedder: str
    scores: tuple[Score, ...]
    results: tuple[Result, ...]

    def record(self) -> dict[str, Any]:
        """The object that `vouch eval retrieval --json` prints."""
        return asdict(self) | {
            "suite": self.suite,
            "scores": [asdict(score) for score in self.scores],
            "results": [result.record() for result in self.results],
        }

    def table(self) -> str:
        """The scores as plain text: a line a measure, a column a system."""
        systems = list(dict.fromkeys(score.system for score in self.scores))
        cells = {
            (score.measure, score.system): f"{score.mean:.3f} {score.interval[0]:.3f}-{score.interval[1]:.3f}"
            for score in self.scores
        }
        rows = [["", *systems]]
        rows += [[measure, *(cells[measure, system] for system in systems)] for measure in MEASURES]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        split = f" {self.split}" if self.split else ""
        title = f"{self.bench}{split}: {self.documents} documents, {self.queries} queries"
        lines = (
            "  ".join(
                [row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]  # numbers to the right
            )
            for row in rows
        )
        return "\n".join([title, *lines])


def run_retrieval(
    bench: Bench,
    *,
    library: Library,
    vectors: VectorStore,
    embedder: Embedder,
    progress: Progress = lambda stage, done, total: None,
) -> RetrievalReport:
    """Index the bench's corpus, rank every query with every system, and measure the rankings.

    A corpus that the library holds already is not indexed again. Raises UsageError where the
    library holds anything else: its papers would be ranked too.
    """
    page, papers = as_page(bench)
    if any(other.seed != page.seed for other in library.pages()):
        raise UsageError(
            f"The library holds other papers than those of {bench.name}.",
            hint="Give the bench a data folder of its own.",
        )
    ingest([(page, papers)], library=library, vectors=vectors, embedder=embedder, progress=progress)
    results: list[Result] = []
    for done, query in enumerate(bench.queries, start=1):
        rankings = rank_all(query.text, library=library, vectors=vectors, embedder=embedder)
        results += (_result(query, system, ranking) for system, ranking in rankings.items())
        progress("Ranking", done, len(bench.queries))
    return RetrievalReport(
        bench=bench.name,
        split=bench.split,
        sha256=bench.sha256,
        documents=len(bench.documents),
        queries=len(bench.queries),
        left_out=bench.left_out,
        embedder=embedder.name,
        scores=_scores(results),
        results=tuple(results),
    )


def as_page(bench: Bench) -> tuple[Page, tuple[Paper, ...]]:
    """The corpus as one page of papers without authors; a paper's id is its document's."""
    page = Page(
        seed=bench.name,
        layout="bench",
        author="",
        author_inferred=True,
        crawl_year=0,
        sha256=bench.sha256,
        profile=Profile(),
    )
    return page, tuple(_paper(document, page.seed, index) for index, document in enumerate(bench.documents))


def rank_all(text: str, *, library: Library, vectors: VectorStore, embedder: Embedder) -> dict[str, Ranking]:
    """Each system's documents for one query, best first, at most DEPTH."""
    passages = retrieve(
        Plan(text, kind="paper"), library=library, vectors=vectors, embedder=embedder, count=DEPTH
    )
    bm25 = tuple(paper_id for paper_id, _ in library.search_text(content_words(text), count=DEPTH))
    dense = dense_ranking(text, vectors=vectors, embedder=embedder)
    return {
        "vouch": tuple(passage.paper.id for passage in passages),
        "bm25": bm25,
        "dense": dense,
        "fusion": fuse([bm25, dense]),
    }


def dense_ranking(text: str, *, vectors: VectorStore, embedder: Embedder) -> Ranking:
    """Papers by the cosine of their best window."""
    vector = embedder.embed_query(text)
    count = DEPTH
    while True:
        hits = vectors.search(vector, count=count, kind="window")
        papers = tuple(dict.fromkeys(hit.paper_id for hit in hits))
        if len(papers) >= DEPTH or len(hits) < count:
            return papers[:DEPTH]
        count *= 2


def fuse(rankings: Sequence[Ranking]) -> Ranking:
    """Documents by the sum of 1 / (FUSION_CONSTANT + rank) over the rankings, equals by their ids."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, document in enumerate(ranking, start=1):
            scores[document] = scores.get(document, 0.0) + 1 / (FUSION_CONSTANT + rank)
    return tuple(sorted(scores, key=lambda document: (-scores[document], document))[:DEPTH])


def _paper(document: Document, seed: str, index: int) -> Paper:
    return Paper(
        id=document.id,
        title=document.title,
        authors=(),
        et_al=False,
        affiliations=(),
        category=None,
        date=None,
        has_code=None,
        score=None,
        # Vectors are made of the abstract's chunks: a title alone would have none.
        abstract=document.text if document.text.strip() else document.title,
        seed=seed,
        index=index,
        page_author="",
    )


def _result(query: Query, system: str, ranking: Ranking) -> Result:
    values = tuple(measure(ranking, query.gains) for measure in MEASURES.values())
    return Result(query.id, system, ranking[:RANKS_KEPT], values)


def _scores(results: Sequence[Result]) -> tuple[Score, ...]:
    scores = []
    for system in dict.fromkeys(result.system for result in results):
        rows = [result.values for result in results if result.system == system]
        for measure, values in zip(MEASURES, zip(*rows, strict=True), strict=True):
            interval = bootstrap_interval(values, SEED)
            scores.append(Score(system, measure, sum(values) / len(values), interval))
    return tuple(scores)
