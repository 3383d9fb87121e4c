"""Papers indexed a second, against the encoders alone on the same texts."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from evals.speed.figures import Figure, in_turns, seconds
from evals.speed.ground import Ground
from rag.ingest import embedded_text, ingest
from rag.library import Library
from rag.pages import read_page
from rag.protocols import Embedders
from rag.renewal import seed_paths
from rag.types import Chunk, Page, Paper
from rag.wiring import open_embedders, open_vectors

PART = "ingest"
TURNS = 3


def ingest_figures(ground: Ground) -> list[Figure]:
    """The shortest shipped page, into an empty library, by models that are open."""
    page, papers = read_page(min(seed_paths(), key=lambda path: path.stat().st_size))
    embedders = open_embedders(ground.settings)
    chunks: list[Chunk] = []

    def index() -> float:
        with tempfile.TemporaryDirectory() as folder:
            took, made = _ingested(ground, Path(folder), page, papers, embedders)
        chunks[:] = made
        return len(papers) / took

    def encode() -> float:
        titles = {paper.id: paper.title for paper in papers}
        texts = {
            kind: [embedded_text(chunk, titles[chunk.paper_id]) for chunk in chunks if chunk.kind == kind]
            for kind in embedders
        }
        return len(papers) / seconds(
            lambda: [embedders[kind].embed_documents(of_kind) for kind, of_kind in texts.items()]
        )

    index()  # loads the models
    found = in_turns(
        {"ingest": index, "encode": encode},
        turns=TURNS,
        progress=lambda done, total: ground.progress("ingest", done, total),
    )
    pair = found["ingest"], "encoders alone, batches by length", found["encode"]
    return [Figure(PART, f"{len(papers)} papers", "papers/s", "more", *pair, goal=0.9)]


def _ingested(
    ground: Ground, folder: Path, page: Page, papers: Sequence[Paper], embedders: Embedders
) -> tuple[float, list[Chunk]]:
    settings = ground.settings.model_copy(update={"home": folder})
    with closing(Library.open(settings.library_path, create=True)) as library:
        vectors = open_vectors(settings)
        took = seconds(
            lambda: ingest([(page, papers)], library=library, vectors=vectors, embedders=embedders)
        )
        return took, sorted(library.chunks(), key=lambda chunk: len(chunk.text))
