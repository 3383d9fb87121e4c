"""The contract of a VectorStore, on the fake and on Chroma; and what only Chroma can do wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from chromadb.api.client import SharedSystemClient
from fakes import MemoryStore

from rag.errors import LibraryError
from rag.protocols import Vectors, VectorStore
from rag.types import Chunk, ChunkKind
from rag.vectors import FEW_PAPERS, ChromaStore

MARK = "words@1 chunker-1"


def chunk(name: str, paper: str = "p1", kind: ChunkKind = "sentence") -> Chunk:
    return Chunk(name, paper, kind, 0, 4, "text")


def vectors(*rows: tuple[float, float, float]) -> Vectors:
    array = np.array(rows, np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


X, Y, NEAR_X = (1, 0, 0), (0, 1, 0), (9, 1, 0)
SHELF = [chunk("a", "p1"), chunk("b", "p2"), chunk("c", "p3"), chunk("w", "p1", "window")]
SHELF_VECTORS = vectors(X, Y, NEAR_X, X)


@pytest.fixture(params=["memory", "chroma"])
def reopened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], VectorStore]:
    """Gives the store, as a new process would find it."""
    if request.param == "memory":
        store = MemoryStore()
        return lambda: store
    return lambda: open_chroma(tmp_path / "vectors")


def open_chroma(path: Path) -> ChromaStore:
    SharedSystemClient.clear_system_cache()  # else the process shares what is open already
    return ChromaStore.open(path)


@pytest.fixture
def store(reopened: Callable[[], VectorStore]) -> VectorStore:
    store = reopened()
    store.reset(MARK)
    return store


@pytest.fixture
def filled(store: VectorStore) -> VectorStore:
    store.upsert(SHELF, SHELF_VECTORS)
    return store


def found(store: VectorStore, *, count: int = 9, **options: object) -> list[str]:
    kind = options.pop("kind", "sentence")
    return [hit.chunk_id for hit in store.search(vectors(X)[0], count=count, kind=kind, **options)]


def test_a_store_that_nobody_filled_is_empty(reopened):
    store = reopened()
    assert store.fingerprint() is None
    assert (store.ids(), store.count()) == (set(), 0)
    assert found(store) == []
    assert dict(store.vectors_of(["a"], kind="sentence")) == {}


def test_a_reset_store_is_empty_and_knows_its_mark(store):
    assert store.fingerprint() == MARK
    assert (store.ids(), store.count()) == (set(), 0)
    assert found(store) == []
    assert dict(store.vectors_of(["a"], kind="sentence")) == {}


def test_all_that_was_put_in_is_there(filled):
    assert filled.ids() == {"a", "b", "c", "w"}
    assert filled.count() == 4


def test_putting_in_nothing_is_harmless(filled):
    filled.upsert([], np.zeros((0, 3), np.float32))
    assert filled.count() == 4


def test_the_nearest_of_one_kind_come_first(filled):
    hits = filled.search(vectors(X)[0], count=9, kind="sentence")
    assert [(hit.chunk_id, hit.paper_id, hit.kind) for hit in hits] == [
        ("a", "p1", "sentence"),
        ("c", "p3", "sentence"),
        ("b", "p2", "sentence"),
    ]
    expected = SHELF_VECTORS[[0, 2, 1]] @ vectors(X)[0]
    assert [hit.similarity for hit in hits] == pytest.approx(expected, abs=1e-5)
    assert found(filled, kind="window") == ["w"]


def test_opposite_vectors_are_at_minus_one(store):
    store.upsert([chunk("a")], vectors((-1, 0, 0)))
    (hit,) = store.search(vectors(X)[0], count=1, kind="sentence")
    assert hit.similarity == pytest.approx(-1, abs=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3, 1000])
def test_at_most_count_are_found(filled, count):
    assert found(filled, count=count) == ["a", "c", "b"][:count]


@pytest.mark.parametrize(
    ("paper_ids", "expected"),
    [
        (None, ["a", "c", "b"]),
        ([], []),
        (["p2"], ["b"]),
        (["p3", "p2"], ["c", "b"]),
        (("p3",), ["c"]),
        (["unknown"], []),
        (["p2", "unknown"], ["b"]),
    ],
)
def test_only_of_these_papers(filled, paper_ids, expected):
    assert found(filled, paper_ids=paper_ids) == expected


def test_what_is_deleted_is_gone_and_unknown_ids_are_harmless(filled):
    filled.delete(["a", "w", "unknown"])
    filled.delete([])
    assert filled.ids() == {"b", "c"}
    assert found(filled) == ["c", "b"]
    assert found(filled, kind="window") == []


def test_an_id_put_in_again_has_the_new_vector_and_paper(filled):
    filled.upsert([chunk("a", "p9")], vectors(Y))
    assert filled.count() == 4
    assert found(filled)[0] == "c"
    assert found(filled, paper_ids=["p9"]) == ["a"]
    assert found(filled, paper_ids=["p1"]) == []


def test_vectors_come_back_as_they_were(filled):
    of_two = filled.vectors_of(["a", "b", "w", "unknown"], kind="sentence")
    assert set(of_two) == {"a", "b"}
    assert np.stack([of_two["a"], of_two["b"]]) == pytest.approx(SHELF_VECTORS[:2], abs=1e-6)
    assert of_two["a"].dtype == np.float32
    assert set(filled.vectors_of(["w", "a"], kind="window")) == {"w"}
    assert dict(filled.vectors_of([], kind="window")) == {}
    assert dict(filled.vectors_of(["unknown"], kind="window")) == {}


def test_vectors_asked_for_again_are_those_of_now(filled):
    """What is kept in memory does not outlive a change."""
    before = filled.vectors_of(["a", "b"], kind="sentence")["a"]
    assert np.array_equal(filled.vectors_of(["a"], kind="sentence")["a"], before)
    other = np.roll(before, 1)
    filled.upsert([chunk("a")], other[np.newaxis, :])
    assert filled.vectors_of(["a"], kind="sentence")["a"] == pytest.approx(other, abs=1e-6)
    filled.delete(["a"])
    assert set(filled.vectors_of(["a", "b"], kind="sentence")) == {"b"}


def test_a_reset_drops_everything(filled):
    filled.reset("another")
    assert filled.fingerprint() == "another"
    assert (filled.count(), found(filled)) == (0, [])
    filled.upsert([chunk("a")], np.ones((1, 5), np.float32) / np.sqrt(np.float32(5)))
    assert filled.count() == 1, "another embedder may have another dimension"


def test_a_store_opened_again_holds_what_it_held(filled, reopened):
    again = reopened()
    assert again.fingerprint() == MARK
    assert again.ids() == {"a", "b", "c", "w"}
    assert found(again) == ["a", "c", "b"]
    again.delete(["a"])
    assert found(again) == ["c", "b"]


def test_hundreds_of_papers_can_be_filtered_and_found(store):
    """More rows than Chroma keeps out of its index, and a filter as long as a shelf."""
    random = np.random.default_rng(7)
    rows = random.normal(size=(1500, 3)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    chunks = [chunk(f"c{row}", f"p{row % 500}") for row in range(1500)]
    for start in range(0, 1500, 128):
        store.upsert(chunks[start : start + 128], rows[start : start + 128])
    assert store.count() == 1500
    order = np.argsort(-(rows @ rows[3]))
    nearest = [hit.chunk_id for hit in store.search(rows[3], count=5, kind="sentence")]
    assert nearest == [f"c{row}" for row in order[:5]]
    for count in (250, 2 * FEW_PAPERS, FEW_PAPERS, 1):  # by the graph, and by comparing every chunk
        papers = [f"p{number}" for number in range(count)]
        hits = store.search(rows[3], count=5, kind="sentence", paper_ids=papers)
        expected = [row for row in order if row % 500 < count][:5]
        assert [hit.chunk_id for hit in hits] == [f"c{row}" for row in expected]
        assert [hit.paper_id for hit in hits] == [f"p{row % 500}" for row in expected]
        assert [hit.similarity for hit in hits] == pytest.approx(list(rows[expected] @ rows[3]), abs=1e-5)


def test_threads_may_search_at_once(filled):
    wrong: list[object] = []

    def look() -> None:
        for _ in range(20):
            if (got := found(filled)) != ["a", "c", "b"]:
                wrong.append(got)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# Chroma alone


def test_a_reset_that_was_cut_off_leaves_no_mark(tmp_path):
    store = open_chroma(tmp_path)
    store.reset(MARK)
    store._client.delete_collection("window")
    again = open_chroma(tmp_path)
    assert again.fingerprint() is None
    again.reset(MARK)
    assert again.fingerprint() == MARK


def test_marks_that_differ_are_none(tmp_path):
    store = open_chroma(tmp_path)
    store.reset(MARK)
    store._client.get_collection("window", embedding_function=None).modify(metadata={"fingerprint": "other"})
    assert open_chroma(tmp_path).fingerprint() is None


def test_nothing_but_a_true_folder_can_hold_vectors(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="file"):
        open_chroma(tmp_path / "file" / "vectors")


def test_a_damaged_folder_is_said_with_a_cure_that_works(tmp_path):
    (tmp_path / "chroma.sqlite3").write_bytes(b"no database at all\n" * 100)
    with pytest.raises(LibraryError, match=tmp_path.name) as caught:
        open_chroma(tmp_path)
    assert "Delete" in caught.value.hint, "`vouch ingest --rebuild` opens the same folder and fails as well"


def test_a_reader_whose_store_was_rebuilt_is_told(tmp_path):
    reader = open_chroma(tmp_path)
    reader.reset(MARK)
    open_chroma(tmp_path).reset("another")
    with pytest.raises(LibraryError) as caught:
        found(reader)
    assert "Start Vouch again" in caught.value.hint


def test_lost_index_files_are_said(tmp_path):
    store = open_chroma(tmp_path)
    store.reset(MARK)
    rows = np.eye(3, dtype=np.float32)[np.arange(1100) % 3]  # more than HNSW's sync_threshold
    store.upsert([chunk(f"c{row}") for row in range(1100)], rows)
    (segment,) = {path.parent for path in tmp_path.glob("*/*.bin")}
    shutil.rmtree(segment)
    again = open_chroma(tmp_path)
    with pytest.raises(LibraryError, match="vectors cannot be read") as caught:
        again.vectors_of(["c0"], kind="sentence")
    assert "--rebuild" in caught.value.hint
    again.reset(MARK)
    again.upsert(SHELF, SHELF_VECTORS)
    assert found(again) == ["a", "c", "b"]


@pytest.mark.parametrize("server", ["127.0.0.1:9", "127.0.0.1", "127.0.0.1:many", "nowhere.invalid:8000"])
def test_a_server_that_is_not_there_is_said(tmp_path, server, attempts_file):
    with pytest.raises(LibraryError, match=server) as caught:
        ChromaStore.open(tmp_path, server=server)
    assert "VOUCH_CHROMA_SERVER" in caught.value.hint
    attempts_file.unlink(missing_ok=True)  # nowhere.invalid was looked up, and the fence held


def test_a_release_of_chroma_that_cannot_be_imported_lightly_is_imported_whole(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
import rag.vectors
rag.vectors._SENDS_TRACES = "chromadb.config"  # what is left out is needed
store = rag.vectors.ChromaStore.open(Path(sys.argv[1]))
store.reset("f")
assert store.fingerprint() == "f"
store.close()
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "vectors")], check=True)
