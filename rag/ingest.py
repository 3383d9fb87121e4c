"""The index-time pipeline: pages -> library -> chunks -> vectors; only what is new or changed.

The library changes in one transaction. The vectors follow it, and whatever stopped them
half-way, the next run finishes: they are compared with the library's chunks, never assumed.
The caller holds the writer's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.chunk import CHUNKER_VERSION, chunk_paper
from rag.errors import LibraryError
from rag.library import Library
from rag.protocols import Embedders, VectorStore, embedder_names
from rag.tokens import count_tokens
from rag.types import Chunk, Page, Paper

# Chunks embedded and stored at a time: progress and an interrupt come between two batches.
EMBED_BATCH = 128

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did. Counts are of papers and chunks.

    `abstract_tokens` are those of the whole shelf, in cl100k_base, counted only after a change.
    """

    pages: int
    pages_changed: int
    papers: int
    papers_changed: int
    chunks: int
    chunks_embedded: int
    chunks_removed: int
    abstract_tokens: int


def index_fingerprint(embedders: Embedders) -> str:
    """What chunks and vectors depend on; another one means that they are made anew."""
    return f"{embedder_names(embedders)} chunker-{CHUNKER_VERSION}"


def ingest(
    pages: Sequence[tuple[Page, Sequence[Paper]]],
    *,
    library: Library,
    vectors: VectorStore,
    embedders: Embedders,
    rebuild: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> IngestReport:
    """Index these pages beside those that the library has already.

    A page that is in the library unchanged costs nothing; `rebuild` puts these pages in as they
    are read now and makes all chunks and vectors anew. Raises LibraryError where library or
    vectors cannot be written.
    """
    fingerprint = index_fingerprint(embedders)
    rechunk = rebuild or library.chunker() != fingerprint
    known_pages = set(library.pages())
    changed = [(page, papers) for page, papers in pages if page not in known_pages]
    before = {paper.id: paper for paper in library.papers()}
    to_chunk: list[Paper] = []
    if changed or rechunk:
        with library.writing():
            for page, papers in pages if rebuild else changed:
                library.put_page(page, papers)
            to_chunk = [
                paper for paper in library.papers() if rechunk or _differs(paper, before.get(paper.id))
            ]
            for done, paper in enumerate(to_chunk, 1):
                library.put_chunks(paper.id, chunks_of(paper, embedders))
                progress("Splitting", done, len(to_chunk))
            library.put_chunker(fingerprint)
    embedded, removed = sync_vectors(
        library=library, vectors=vectors, embedders=embedders, rebuild=rebuild, progress=progress
    )
    touched = bool(changed or embedded or removed)
    return IngestReport(
        pages=len(pages),
        pages_changed=len(changed),
        papers=library.paper_count(),
        papers_changed=len(to_chunk),
        chunks=vectors.count(),
        chunks_embedded=embedded,
        chunks_removed=removed,
        abstract_tokens=sum(count_tokens(paper.abstract) for paper in library.papers()) if touched else 0,
    )


def sync_vectors(
    *,
    library: Library,
    vectors: VectorStore,
    embedders: Embedders,
    rebuild: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> tuple[int, int]:
    """Make the vectors what the library's chunks say: chunks embedded and chunks removed."""
    fingerprint = index_fingerprint(embedders)
    if rebuild or vectors.fingerprint() != fingerprint:
        vectors.reset(fingerprint)
    chunks = {chunk.id: chunk for chunk in library.chunks()}
    stored = vectors.ids()
    gone = sorted(stored - chunks.keys())
    # Texts of like length share a batch, so that little of it is padding.
    missing = sorted(
        (chunk for chunk in chunks.values() if chunk.id not in stored), key=lambda c: len(c.text)
    )
    vectors.delete(gone)
    titles = {paper.id: paper.title for paper in library.papers()} if missing else {}
    done = 0
    for kind, embedder in embedders.items():
        of_kind = [chunk for chunk in missing if chunk.kind == kind]
        for start in range(0, len(of_kind), EMBED_BATCH):
            batch = of_kind[start : start + EMBED_BATCH]
            texts = [embedded_text(chunk, titles[chunk.paper_id]) for chunk in batch]
            vectors.upsert(batch, embedder.embed_documents(texts))
            done += len(batch)
            progress("Embedding", done, len(missing))
    if vectors.count() != len(chunks):
        raise LibraryError(
            f"The vectors hold {vectors.count()} chunks where the library holds {len(chunks)}.",
            hint="Run `vouch ingest --rebuild`.",
        )
    return len(missing), len(gone)


def chunks_of(paper: Paper, embedders: Embedders) -> list[Chunk]:
    """All chunks of one paper, each kind cut to what its embedder reads."""
    return [
        chunk
        for kind, embedder in embedders.items()
        for chunk in chunk_paper(
            paper, kind, piece_spans=embedder.piece_spans, max_pieces=embedder.max_pieces
        )
    ]


def embedded_text(chunk: Chunk, title: str) -> str:
    """What a chunk's vector is made of: a window reads under its paper's title, a sentence alone."""
    return f"{title}\n{chunk.text}" if chunk.kind == "window" else chunk.text


def _differs(paper: Paper, before: Paper | None) -> bool:
    return before is None or (paper.title, paper.abstract) != (before.title, before.abstract)
