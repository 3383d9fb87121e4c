"""The index-time pipeline: twice changes nothing, only what changed is made, and every stop is mended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import MemoryStore, WordEmbedder, make_page, make_paper

from rag.chunk import chunk_paper
from rag.config import Settings
from rag.errors import LibraryError, LockedError, PageError
from rag.ingest import EMBED_BATCH, IngestReport, embedded_text, index_fingerprint, ingest
from rag.library import Library
from rag.protocols import Vectors, one_for_all
from rag.renewal import ingest_pages, seed_paths, writer_lock
from rag.tokens import count_tokens
from rag.types import Page, Paper
from rag.wiring import check_index, open_vectors

OWL = make_paper()
LORA = make_paper("LoRA", "We adapt large models. The updates have low rank.", authors=("Ed Hu",))
KV = make_paper("KV Caches", "Caches grow with text. We quantise them to 2 bits.", authors=("Zirui Liu",))
PAGE = make_page(OWL, LORA, KV)


class Ground:
    """A library in a folder and a store, filled by one embedder; and what they hold."""

    def __init__(self, path: Path) -> None:
        self.library = Library.open(path, create=True)
        self.vectors = MemoryStore()
        self.embedder = WordEmbedder()
        self.seen: list[tuple[str, int, int]] = []

    def ingest(self, *pages: tuple[Page, tuple[Paper, ...]], rebuild: bool = False) -> IngestReport:
        self.embedder.embedded.clear()
        return ingest(
            pages,
            library=self.library,
            vectors=self.vectors,
            embedders=one_for_all(self.embedder),
            rebuild=rebuild,
            progress=lambda *step: self.seen.append(step),
        )

    def held(self) -> tuple[object, ...]:
        """Everything that a reader could see, in values that compare."""
        library = self.library
        rows = {
            chunk_id: vector.tolist()
            for kind in ("window", "sentence")
            for chunk_id, vector in self.vectors.vectors_of(sorted(self.vectors.ids()), kind=kind).items()
        }
        return (
            *(library.pages(), library.papers(), library.chunks(), library.chunker()),
            *(rows, self.vectors.ids(), self.vectors.fingerprint()),
        )


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    ground = Ground(tmp_path / "library.sqlite")
    yield ground
    ground.library.close()


def test_a_page_is_indexed(ground):
    report = ground.ingest(PAGE)
    count = len(ground.library.chunks())
    tokens = sum(count_tokens(paper.abstract) for paper in PAGE[1])
    assert report == IngestReport(1, 1, 3, 3, count, count, 0, tokens)
    assert ground.library.papers() == list(PAGE[1])
    assert ground.vectors.ids() == {chunk.id for chunk in ground.library.chunks()}
    assert (
        ground.library.chunker()
        == ground.vectors.fingerprint()
        == index_fingerprint(one_for_all(ground.embedder))
    )
    check_index(ground.library, ground.vectors, one_for_all(ground.embedder))


def test_every_chunk_is_embedded_as_what_it_stands_for(ground):
    ground.ingest(PAGE)
    titles = {paper.id: paper.title for paper in PAGE[1]}
    assert sorted(ground.embedder.embedded) == sorted(
        embedded_text(chunk, titles[chunk.paper_id]) for chunk in ground.library.chunks()
    )
    windows = [text for text in ground.embedder.embedded if "\n" in text]
    assert f"{OWL.title}\n{OWL.abstract}" in windows
    assert "OWL sets a sparsity for each layer." in ground.embedder.embedded


def test_twice_changes_nothing(ground):
    ground.ingest(PAGE)
    before, generation = ground.held(), ground.library.generation()
    report = ground.ingest(PAGE)
    assert (report.pages_changed, report.papers_changed) == (0, 0)
    assert (report.chunks_embedded, report.chunks_removed, report.abstract_tokens) == (0, 0, 0)
    assert ground.embedder.embedded == []
    assert ground.held() == before
    assert ground.library.generation() == generation


def test_nothing_given_changes_nothing(ground):
    assert ground.ingest() == IngestReport(0, 0, 0, 0, 0, 0, 0, 0)
    ground.ingest(PAGE)
    before = ground.held()
    assert ground.ingest().papers == 3
    assert ground.held() == before


def test_one_changed_abstract_embeds_only_that_paper(ground):
    ground.ingest(PAGE)
    changed = replace(OWL, abstract="Pruning removes weights. It gains 3 points.")
    report = ground.ingest(make_page(changed, LORA, KV))
    assert (report.pages_changed, report.papers_changed) == (1, 1)
    # The first sentence stands where it stood: same id, same vector.
    assert sorted(ground.embedder.embedded) == ["It gains 3 points.", f"{OWL.title}\n{changed.abstract}"]
    assert report.chunks_removed == 3
    assert ground.vectors.ids() == {chunk.id for chunk in ground.library.chunks()}


@pytest.mark.parametrize("change", [{"has_code": None}, {"category": "CV"}, {"score": 3.5}, {"et_al": True}])
def test_what_no_vector_is_made_of_embeds_nothing(ground, change):
    ground.ingest(PAGE)
    report = ground.ingest(make_page(replace(OWL, **change), LORA, KV))
    assert (report.pages_changed, report.papers_changed, report.chunks_embedded) == (1, 0, 0)
    assert ground.embedder.embedded == []
    assert ground.library.papers()[0] == replace(PAGE[1][0], **change)


def test_another_order_embeds_nothing(ground):
    ground.ingest(PAGE)
    report = ground.ingest(make_page(KV, OWL, LORA))
    assert (report.pages_changed, report.chunks_embedded, report.chunks_removed) == (1, 0, 0)
    assert [paper.title for paper in ground.library.papers()] == [KV.title, OWL.title, LORA.title]


def test_a_removed_paper_leaves_with_its_chunks_and_vectors(ground):
    ground.ingest(PAGE)
    gone = {chunk.id for chunk in ground.library.chunks_of([OWL.id])}
    report = ground.ingest(make_page(LORA, KV))
    assert (report.papers, report.chunks_embedded, report.chunks_removed) == (2, 0, len(gone))
    assert ground.library.chunks_of([OWL.id]) == []
    assert not gone & ground.vectors.ids()
    assert ground.held() == fresh(ground, make_page(LORA, KV)).held()


def test_a_second_page_comes_beside_the_first(ground):
    ground.ingest(PAGE)
    before = ground.vectors.ids()
    report = ground.ingest(make_page(make_paper("New", "All of it is new."), seed="other.txt"))
    assert (report.pages, report.pages_changed, report.papers, report.papers_changed) == (1, 1, 4, 1)
    assert before < ground.vectors.ids()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_pages_that_share_a_paper_hold_it_once_in_any_order(ground, order):
    pages = [
        make_page(OWL, LORA, seed="a.txt"),
        make_page(replace(OWL, abstract="Another wording."), KV, seed="b.txt"),
    ]
    for at in order:
        ground.ingest(pages[at])
    assert ground.library.paper_count() == 3
    assert ground.held() == fresh(ground, *pages).held()
    check_index(ground.library, ground.vectors, one_for_all(ground.embedder))
    # Where the first page drops it, the second one's wording counts from then on.
    ground.ingest(make_page(LORA, seed="a.txt"))
    assert ground.held() == fresh(ground, make_page(LORA, seed="a.txt"), pages[1]).held()


def fresh(ground: Ground, *pages: tuple[Page, tuple[Paper, ...]]) -> Ground:
    """What an undisturbed ingest of these pages alone gives."""
    path = ground.library._path.with_name("fresh.sqlite")
    path.unlink(missing_ok=True)
    other = Ground(path)
    other.embedder = WordEmbedder(ground.embedder.name, ground.embedder.dimension)
    other.ingest(*pages)
    return other


# Made anew


def test_a_rebuild_makes_everything_anew_and_the_same(ground):
    ground.ingest(PAGE)
    before = ground.held()
    report = ground.ingest(PAGE, rebuild=True)
    assert report.pages_changed == 0
    assert report.papers_changed == 3
    assert report.chunks_embedded == report.chunks == len(ground.embedder.embedded)
    assert ground.held() == before


def test_a_rebuild_reads_the_papers_anew_too(ground):
    """A Vouch that reads pages better than the last one did gets its papers in."""
    ground.ingest(PAGE)
    page, papers = PAGE
    better = tuple(replace(paper, affiliations=("berkeley",)) for paper in papers)
    ground.ingest((page, better), rebuild=True)
    assert ground.library.papers() == list(better)


def test_a_rebuild_keeps_pages_that_were_not_given(ground):
    ground.ingest(PAGE)
    other = make_page(make_paper("New", "All of it is new."), seed="other.txt")
    ground.ingest(other)
    before = ground.held()
    ground.ingest(other, rebuild=True)
    assert ground.held() == before


def test_vectors_that_went_are_made_again(ground):
    ground.ingest(PAGE)
    before = ground.held()
    lost = sorted(ground.vectors.ids())[:2]
    ground.vectors.delete(lost)
    assert ground.ingest(PAGE).chunks_embedded == 2
    assert ground.held() == before


def test_vectors_that_nobody_knows_go(ground):
    ground.ingest(PAGE)
    before = ground.held()
    (stray,) = chunk_paper(
        make_paper("Stray", "One."), "window", piece_spans=ground.embedder.piece_spans, max_pieces=254
    )
    ground.vectors.upsert([stray], ground.embedder.embed_documents(["One."]))
    report = ground.ingest(PAGE)
    assert (report.chunks_embedded, report.chunks_removed) == (0, 1)
    assert ground.held() == before


def test_another_embedder_makes_chunks_and_vectors_anew(ground):
    ground.ingest(PAGE)
    ground.embedder = WordEmbedder("others@2", dimension=32, max_pieces=8)
    report = ground.ingest(PAGE)
    assert (report.pages_changed, report.papers_changed) == (0, 3)
    assert report.chunks_embedded == report.chunks
    assert (
        ground.vectors.fingerprint()
        == ground.library.chunker()
        == index_fingerprint(one_for_all(ground.embedder))
    )
    longest = max(len(ground.embedder.piece_spans(text)) for text in sentences_of(ground))
    assert longest <= 8
    check_index(ground.library, ground.vectors, one_for_all(ground.embedder))


def sentences_of(ground: Ground) -> list[str]:
    return [chunk.text for chunk in ground.library.chunks() if chunk.kind == "sentence"]


# Stopped half-way


class StoppedEmbedder(WordEmbedder):
    """Is interrupted at its Nth batch."""

    def __init__(self, *, stop_at: int) -> None:
        super().__init__()
        self._left = stop_at

    def embed_documents(self, texts):
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt
        return super().embed_documents(texts)


BIG_PAGE = make_page(*(make_paper(f"Paper {n}", f"It is number {n}. " * 3) for n in range(100)))
# Of at most EMBED_BATCH chunks: the 100 windows, then three sentences for each of the 100.
BATCHES = (100, EMBED_BATCH, EMBED_BATCH, 300 - 2 * EMBED_BATCH)


@pytest.mark.parametrize("stop_at", range(1, len(BATCHES) + 1))
@pytest.mark.parametrize("first", [(), (PAGE,)], ids=["nothing before", "a page before"])
def test_an_interrupted_run_is_finished_by_the_next(ground, stop_at, first):
    if first:
        ground.ingest(*first)
    pages = (replace_seed(BIG_PAGE, "big.txt"),)
    ground.embedder = StoppedEmbedder(stop_at=stop_at)
    with pytest.raises(KeyboardInterrupt):
        ground.ingest(*pages)
    ground.embedder = WordEmbedder()
    report = ground.ingest(*pages)
    assert report.pages_changed == 0, "the library had it all"
    assert report.chunks_embedded == sum(BATCHES[stop_at - 1 :])
    assert ground.held() == fresh(ground, *first, *pages).held()


def replace_seed(page: tuple[Page, tuple[Paper, ...]], seed: str) -> tuple[Page, tuple[Paper, ...]]:
    return make_page(*page[1], seed=seed)


def test_an_interrupted_rebuild_is_finished_by_a_plain_run(ground):
    ground.ingest(BIG_PAGE)
    before = ground.held()
    ground.embedder = StoppedEmbedder(stop_at=3)
    with pytest.raises(KeyboardInterrupt):
        ground.ingest(BIG_PAGE, rebuild=True)
    ground.embedder = WordEmbedder()
    assert ground.ingest(BIG_PAGE).chunks_embedded == sum(BATCHES[2:])
    assert ground.held() == before


class StumblingEmbedder(WordEmbedder):
    """Fails while chunks are cut, inside the library's transaction."""

    def piece_spans(self, text):
        if text == KV.title:
            raise KeyboardInterrupt
        return super().piece_spans(text)


def test_a_stop_while_splitting_changes_nothing(ground):
    ground.ingest(make_page(OWL))
    before, generation = ground.held(), ground.library.generation()
    ground.embedder = StumblingEmbedder()
    with pytest.raises(KeyboardInterrupt):
        ground.ingest(PAGE)
    assert (ground.held(), ground.library.generation()) == (before, generation)


class LosingStore(MemoryStore):
    """Loses a row of every batch, and says nothing."""

    def upsert(self, chunks, vectors: Vectors) -> None:
        super().upsert(chunks[1:], vectors[1:])


def test_a_store_that_loses_vectors_is_caught(ground):
    ground.vectors = LosingStore()
    with pytest.raises(LibraryError, match="hold") as caught:
        ground.ingest(PAGE)
    assert "--rebuild" in caught.value.hint


def test_progress_ends_at_the_whole(ground):
    ground.ingest(BIG_PAGE)
    for stage, total in (("Splitting", 100), ("Embedding", 400)):
        steps = [(done, whole) for name, done, whole in ground.seen if name == stage]
        assert [whole for _, whole in steps] == [total] * len(steps)
        assert [done for done, _ in steps] == sorted(done for done, _ in steps)
        assert steps[-1] == (total, total)


# Through the wiring, on files


SMALL_PAGE = """\
LGOct 8, 2023Code
OWL: A Missing SecretLu Yin, You Wu
Pruning removes weights. OWL sets a sparsity for each layer.
"""
BROKEN_PAGE = "LGOct 8, 2023Code\nOWL: A Missing SecretLu Yin, You Wu\n"


@pytest.fixture
def words_only(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    """The wiring's embedder, for tests of what is around it."""
    words = WordEmbedder()
    monkeypatch.setattr("rag.wiring.open_embedder", lambda settings: words)
    return words


def page_file(folder: Path, text: str, name: str = "small.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def state_of(settings: Settings) -> tuple[object, ...]:
    library = Library.open(settings.library_path)
    state = (library.pages(), library.papers(), library.chunks(), open_vectors(settings).ids())
    library.close()
    return state


def test_a_file_is_read_and_indexed(settings, tmp_path, words_only):
    report = ingest_pages(settings, [page_file(tmp_path, SMALL_PAGE)])
    assert (report.papers, report.chunks_embedded) == (1, 3)
    assert ingest_pages(settings, [tmp_path / "small.txt"]).chunks_embedded == 0


@pytest.mark.parametrize("broken", [BROKEN_PAGE, "", "nothing of a page\n", None])
@pytest.mark.parametrize("before", [False, True])
def test_one_page_that_cannot_be_read_changes_nothing(settings, tmp_path, words_only, broken, before):
    good = page_file(tmp_path, SMALL_PAGE)
    bad = tmp_path / "bad.txt" if broken is None else page_file(tmp_path, broken, "bad.txt")
    if before:
        ingest_pages(settings, [good])
        state = state_of(settings)
        page_file(tmp_path, SMALL_PAGE.replace("weights", "neurons"))
    with pytest.raises(PageError, match=r"bad\.txt") as caught:
        ingest_pages(settings, [good, bad], rebuild=True)
    assert caught.value.hint
    if before:
        assert state_of(settings) == state
    else:
        assert not settings.library_path.exists()


def test_a_second_writer_is_told_at_once(settings, tmp_path, words_only):
    page = page_file(tmp_path, SMALL_PAGE)
    with writer_lock(settings):
        with pytest.raises(LockedError) as caught:
            ingest_pages(settings, [page])
        assert caught.value.hint == "Wait until it is done."
        assert not settings.library_path.exists()
    assert ingest_pages(settings, [page]).papers == 1


HOLDER = """
import sys
from rag.config import load_settings
from rag.renewal import writer_lock
with writer_lock(load_settings()):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_writer_in_another_process_counts_and_its_death_frees_the_lock(settings, tmp_path, words_only):
    page = page_file(tmp_path, SMALL_PAGE)
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError):
            ingest_pages(settings, [page])
        holder.kill()
    assert ingest_pages(settings, [page]).papers == 1


def test_a_fault_frees_the_lock(settings, tmp_path, words_only, monkeypatch):
    page = page_file(tmp_path, SMALL_PAGE)
    monkeypatch.setattr("rag.renewal.open_vectors", lambda settings: LosingStore())
    with pytest.raises(LibraryError):
        ingest_pages(settings, [page])
    monkeypatch.undo()
    with writer_lock(settings):
        pass


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path, words_only, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VOUCH_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(LibraryError, match="cannot be written") as caught:
        ingest_pages(Settings(), [page_file(tmp_path, SMALL_PAGE)])
    assert "VOUCH_HOME" in caught.value.hint


# The shipped seeds and the real embedder


def test_the_seeds_are_all_there(shelf, embedder):
    library, vectors = Library.open(shelf.library_path), open_vectors(shelf)
    assert len(library.pages()) == len(seed_paths()) == 5
    assert library.paper_count() == len(library.papers()) == 195
    check_index(library, vectors, one_for_all(embedder))
    assert vectors.ids() == {chunk.id for chunk in library.chunks()}
    library.close()


def test_the_chunks_give_every_abstract_back(shelf, embedder):
    library = Library.open(shelf.library_path)
    papers = {paper.id: paper for paper in library.papers()}
    covered = {(paper_id, kind): set() for paper_id in papers for kind in ("window", "sentence")}
    too_long = []
    for chunk in library.chunks():
        abstract = papers[chunk.paper_id].abstract
        assert chunk.text == abstract[chunk.start : chunk.end]
        covered[chunk.paper_id, chunk.kind] |= set(range(chunk.start, chunk.end))
        text = embedded_text(chunk, papers[chunk.paper_id].title)
        if len(embedder.piece_spans(text)) > embedder.max_pieces:
            too_long.append(text)
    for (paper_id, kind), places in covered.items():
        letters = {at for at, letter in enumerate(papers[paper_id].abstract) if not letter.isspace()}
        assert letters <= places, f"{kind}s of {papers[paper_id].title} leave something out"
    assert too_long == []
    library.close()


def test_every_vector_is_that_of_its_chunk(shelf, embedder):
    library, vectors = Library.open(shelf.library_path), open_vectors(shelf)
    papers = {paper.id: paper for paper in library.papers()}
    for kind in ("window", "sentence"):
        chunks = [chunk for chunk in library.chunks() if chunk.kind == kind]
        stored = vectors.vectors_of(sorted(vectors.ids()), kind=kind)
        assert stored.keys() == {chunk.id for chunk in chunks}
        rows = np.stack([stored[chunk.id] for chunk in chunks])
        assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(len(rows)), abs=1e-5)
        some = chunks[:: len(chunks) // 20]
        texts = [embedded_text(chunk, papers[chunk.paper_id].title) for chunk in some]
        again = embedder.embed_documents(texts)
        assert np.stack([stored[chunk.id] for chunk in some]) == pytest.approx(again, abs=1e-4)
    library.close()


def test_chroma_finds_what_exact_search_finds(shelf, embedder):
    """Recall at 10 of the approximate index, over 50 sentences of the shelf as queries."""
    library, vectors = Library.open(shelf.library_path), open_vectors(shelf)
    stored = vectors.vectors_of(sorted(vectors.ids()), kind="sentence")
    names, rows = list(stored), np.stack(list(stored.values()))
    found = total = 0
    for row in rows[:: len(rows) // 50]:
        exact = {names[at] for at in np.argsort(-(rows @ row), kind="stable")[:10]}
        found += len(exact & {hit.chunk_id for hit in vectors.search(row, count=10, kind="sentence")})
        total += 10
    assert found / total >= 0.98
    library.close()
