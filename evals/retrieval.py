"""The retrieval suite: a bench's corpus as a shelf, its queries ranked by Vouch and by three baselines.

    vouch    `rag.retrieve.retrieve`, as an answer uses it
    bm25     SQLite's BM25 over the query's content words
    dense    cosine of the best window
    fusion   reciprocal ranks of bm25 and dense, summed

All four read one library and one vector store, in one run. A bench's queries go in as they are,
not through `rag.understand`: they name no author of the shelf. The shelf's own questions do go
through it, for Vouch. Knows nothing of answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from evals import approximate, tables
from evals.bench import Bench, Document
from evals.metrics import SEED, bootstrap_interval, normalise
from evals.papers import bare_paper
from evals.questions import Question
from evals.ranking import Gains, average_precision, ndcg_at, recall_at, reciprocal_rank
from rag.assistant import Assistant
from rag.errors import UsageError
from rag.ingest import Progress, ingest
from rag.library import Library
from rag.protocols import Embedders, VectorStore, embedder_names
from rag.retrieve import retrieve
from rag.types import ChunkKind, Page, Paper, Plan, Profile
from rag.words import content_words

# Documents that each system ranks for a query: recall@100 needs them all.
DEPTH = 100
# The constant of reciprocal-rank fusion (Cormack, Clarke, Büttcher 2009).
FUSION_CONSTANT = 60
# Documents of a ranking that the report keeps.
RANKS_KEPT = 10
ALL = "all"

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
    group: str
    system: str
    first: Ranking
    values: tuple[float, ...]

    def record(self) -> dict[str, Any]:
        return asdict(self) | {"values": dict(zip(MEASURES, self.values, strict=True))}


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one system over a group of queries: the mean and its bootstrap 95 % interval."""

    group: str
    queries: int
    system: str
    measure: str
    mean: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """A run's scores, group by group, and what each query gave.

    `sha256` is the corpus file's, empty for the shelf; `left_out` counts queries without a relevant
    document. The group "all" holds every query. `approximate` is, for each kind of chunk, the share of
    the exact nearest that the vector store's search finds.
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
    approximate: Mapping[ChunkKind, float]

    def record(self) -> dict[str, Any]:
        """The object that `vouch eval retrieval --json` prints."""
        value = asdict(self) | {
            "suite": self.suite,
            "scores": [asdict(score) for score in self.scores],
            "rows": [result.record() for result in self.results],
        }
        del value["results"]
        return value

    def table(self) -> str:
        """The scores as plain text: a line a measure, a column a system."""
        split = f" {self.split}" if self.split else ""
        parts = [f"{self.bench}{split}: {self.documents} documents, {self.queries} queries"]
        for group in dict.fromkeys(score.group for score in self.scores):
            parts.append(
                tables.plain(score_rows([asdict(each) for each in self.scores if each.group == group]))
            )
        return "\n\n".join(filter(None, [*parts, approximate.sentence(self.approximate)]))


def score_rows(scores: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The records of one group's scores as a table's rows, the heading first."""
    systems = list(dict.fromkeys(score["system"] for score in scores))
    cells = {
        (score["measure"], score["system"]): f"{score['mean']:.3f} {tables.between(score['interval'], 3)}"
        for score in scores
    }
    group = scores[0]["group"]
    heading = "" if group == ALL else f"{group} ({scores[0]['queries']})"
    return [[heading, *systems]] + [
        [measure, *(cells[measure, system] for system in systems)] for measure in MEASURES
    ]


def run_retrieval(
    bench: Bench,
    *,
    library: Library,
    vectors: VectorStore,
    embedders: Embedders,
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
    ingest([(page, papers)], library=library, vectors=vectors, embedders=embedders, progress=progress)
    results: list[Result] = []
    for done, query in enumerate(bench.queries, start=1):
        plan = Plan(query.text, kind="paper")
        rankings = rank_all(plan, query.text, library=library, vectors=vectors, embedders=embedders)
        results += (
            _result(query.id, ALL, query.gains, system, ranking) for system, ranking in rankings.items()
        )
        progress("Ranking", done, len(bench.queries))
    return RetrievalReport(
        bench=bench.name,
        split=bench.split,
        sha256=bench.sha256,
        documents=len(bench.documents),
        queries=len(bench.queries),
        left_out=bench.left_out,
        embedder=embedder_names(embedders),
        scores=_scores(results),
        results=tuple(results),
        approximate=approximate.recall_of_search(
            [query.text for query in bench.queries],
            vectors=vectors,
            embedders=embedders,
        ),
    )


def run_shelf(
    questions: Sequence[Question],
    assistant: Assistant,
    *,
    split: str = "",
    progress: Progress = lambda stage, done, total: None,
) -> RetrievalReport:
    """The shelf's own questions, as `rag.understand` reads them, beside the baselines.

    A question counts where it stands alone, retrieval is to answer it, and its papers are known:
    no conversation, and nothing about the shelf's records.
    """
    asked = [
        question
        for question in questions
        if question.papers
        and question.answerable
        and len(question.turns) == 1
        and question.kind != "metadata"
    ]
    if not asked:
        raise UsageError("No question names its papers.", hint="Retrieval is measured on questions that do.")
    papers = assistant.library.papers()
    ids = {normalise(paper.title): paper.id for paper in papers}
    results: list[Result] = []
    for done, question in enumerate(asked, start=1):
        gains = {ids[normalise(title)]: 1 for title in question.papers}
        rankings = rank_all(
            assistant.plan(question.question),
            question.question,
            library=assistant.library,
            vectors=assistant.vectors,
            embedders=assistant.embedders,
        )
        for group in (ALL, question.kind):
            results += (
                _result(question.id, group, gains, system, ranking) for system, ranking in rankings.items()
            )
        progress("Ranking", done, len(asked))
    return RetrievalReport(
        bench="shelf",
        split=split,
        sha256="",
        documents=len(papers),
        queries=len(asked),
        left_out=len(questions) - len(asked),
        embedder=embedder_names(assistant.embedders),
        scores=_scores(results),
        results=tuple(result for result in results if result.group != ALL),
        approximate=approximate.recall_of_search(
            [question.question for question in asked],
            vectors=assistant.vectors,
            embedders=assistant.embedders,
        ),
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


def rank_all(
    plan: Plan, text: str, *, library: Library, vectors: VectorStore, embedders: Embedders
) -> dict[str, Ranking]:
    """Each system's documents for one query, best first, at most DEPTH. Only Vouch reads the plan."""
    passages = retrieve(plan, library=library, vectors=vectors, embedders=embedders, count=DEPTH)
    bm25 = tuple(paper_id for paper_id, _ in library.search_text(content_words(text), count=DEPTH))
    dense = dense_ranking(text, vectors=vectors, embedders=embedders)
    return {
        "vouch": tuple(passage.paper.id for passage in passages),
        "bm25": bm25,
        "dense": dense,
        "fusion": fuse([bm25, dense]),
    }


def dense_ranking(text: str, *, vectors: VectorStore, embedders: Embedders) -> Ranking:
    """Papers by the cosine of their best window."""
    vector = embedders["window"].embed_query(text)
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
    # Vectors are made of the abstract's chunks: a title alone would have none.
    abstract = document.text if document.text.strip() else document.title
    return bare_paper(document.id, document.title, abstract, seed=seed, index=index)


def _result(query: str, group: str, gains: Gains, system: str, ranking: Ranking) -> Result:
    values = tuple(measure(ranking, gains) for measure in MEASURES.values())
    return Result(query, group, system, ranking[:RANKS_KEPT], values)


def _scores(results: Sequence[Result]) -> tuple[Score, ...]:
    scores = []
    groups = dict.fromkeys((result.group, result.system) for result in results)
    for group, system in sorted(groups, key=lambda named: named[0] != ALL):
        rows = [result.values for result in results if (result.group, result.system) == (group, system)]
        for measure, values in zip(MEASURES, zip(*rows, strict=True), strict=True):
            interval = bootstrap_interval(values, SEED)
            scores.append(Score(group, len(rows), system, measure, sum(values) / len(values), interval))
    return tuple(scores)
