"""The library: what is put in comes back, filters and full text, and every fault in one sentence."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fakes import make_page, make_paper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import LibraryError, MissingLibraryError
from rag.library import SCHEMA_VERSION, Library
from rag.types import Chunk, Page, Paper, Profile, Scope

OWL = make_paper()
LORA = make_paper(
    "LoRA, again: what's “new”?",
    "We adapt large models with low-rank updates.",
    authors=("Ludwig Kürzinger", "Niccolo' Gentile", "Geng Yuan"),
    et_al=True,
    affiliations=("berkeley", "meta-ai"),
    category="CL",
    published=date(2024, 2, 1),
    has_code=False,
    score=12.8,
)
UNDATED = make_paper("$Δ$-Tuning", "Nothing is printed of it.", category=None, published=None, has_code=None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "library.sqlite"


@pytest.fixture
def library(path: Path) -> Iterator[Library]:
    library = Library.open(path, create=True)
    yield library
    library.close()


def put(library: Library, *papers: Paper, seed: str = "page.txt", author: str = "Lu Yin") -> Page:
    page, listed = make_page(*papers, seed=seed, author=author)
    with library.writing():
        library.put_page(page, listed)
    return page


def chunk_of(paper: Paper, start: int = 0, end: int = 5) -> Chunk:
    text = paper.abstract[start:end]
    return Chunk(f"{paper.id}-{start}", paper.id, "sentence", start, end, text)


def titles(papers: list[Paper]) -> list[str]:
    return [paper.title for paper in papers]


# What is put in comes back


def test_a_new_library_is_empty(library):
    assert (library.pages(), library.papers(), library.chunks()) == ([], [], [])
    assert (library.paper_count(), library.generation(), library.chunker()) == (0, 0, "")


def test_pages_and_papers_come_back_as_they_were(library, path):
    profile = Profile("CV", 47, 38, 813, 53, 60)
    page, papers = make_page(OWL, LORA, UNDATED, author_inferred=True, profile=profile)
    with library.writing():
        library.put_page(page, papers)
        library.put_chunks(OWL.id, [chunk_of(OWL)])
        library.put_chunker("words@1 chunker-1")
    again = Library.open(path)
    assert again.pages() == [page]
    assert again.papers() == list(papers)
    assert again.papers_by_id([UNDATED.id, "unknown"]) == {UNDATED.id: papers[2]}
    assert again.papers_by_id([]) == {}
    assert again.chunks() == again.chunks_of([OWL.id]) == [chunk_of(OWL)]
    assert again.chunks_of([LORA.id]) == again.chunks_of([]) == []
    assert again.chunker() == "words@1 chunker-1"
    again.close()


def test_a_page_put_twice_stands_once(library):
    put(library, OWL, LORA)
    before = library.papers()
    put(library, OWL, LORA)
    assert library.papers() == before
    assert library.paper_count() == 2
    assert len(library.pages()) == 1
    assert library.document_frequency("sparsity") == 1


def test_a_changed_page_changes_its_papers(library):
    put(library, OWL)
    changed = make_paper(abstract="It prunes by layer.", has_code=None)
    assert changed.id == OWL.id
    put(library, changed, LORA)
    assert [paper.abstract for paper in library.papers()] == [changed.abstract, LORA.abstract]
    assert library.papers()[0].has_code is None
    assert library.search_text(["sparsity"], count=9) == []
    assert [found for found, _ in library.search_text(["prunes"], count=9)] == [OWL.id]


def test_papers_follow_the_order_of_the_page(library):
    put(library, OWL, LORA, UNDATED)
    put(library, UNDATED, OWL, LORA)
    assert titles(library.papers()) == [UNDATED.title, OWL.title, LORA.title]


def test_a_removed_paper_leaves_nothing_behind(library):
    put(library, OWL, LORA)
    with library.writing():
        library.put_chunks(OWL.id, [chunk_of(OWL)])
        library.put_chunks(LORA.id, [chunk_of(LORA)])
    put(library, LORA)
    assert titles(library.papers()) == [LORA.title]
    assert library.chunks() == [chunk_of(LORA)]
    assert library.search_text(["sparsity"], count=9) == []


def test_a_paper_on_two_pages_stands_once_and_stays_while_one_lists_it(library):
    put(library, LORA, OWL, seed="b.txt", author="You Wu")
    put(library, OWL, seed="a.txt")
    assert titles(library.papers()) == [OWL.title, LORA.title]
    assert library.papers_by_id([OWL.id])[OWL.id].seed == "a.txt"
    put(library, UNDATED, seed="a.txt")
    owl = library.papers_by_id([OWL.id])[OWL.id]
    assert (owl.seed, owl.index, owl.page_author) == ("b.txt", 1, "You Wu")
    assert library.document_frequency("sparsity") == 1


def test_a_paper_on_two_pages_is_in_the_scope_of_both_owners(library):
    put(library, OWL, seed="a.txt", author="Ann")
    put(library, OWL, seed="b.txt", author="Bob")
    for owner in ("Ann", "Bob", "bob"):
        assert titles(library.papers(Scope(authors=(owner,)))) == [OWL.title]
    assert library.papers(Scope(authors=("Cid",))) == []


@pytest.mark.parametrize("order", [("a.txt", "b.txt"), ("b.txt", "a.txt"), ("a.txt", "b.txt", "a.txt")])
def test_two_pages_that_differ_on_a_paper_give_the_same_in_any_order(library, order):
    """The first page by name counts, whichever was written last; a bare listing takes nothing away."""
    bare = make_paper(abstract="Another wording.", category=None, published=None, has_code=None)
    for seed in order:
        put(library, OWL if seed == "a.txt" else bare, seed=seed)
    (paper,) = library.papers()
    assert (paper.abstract, paper.category, paper.date) == (OWL.abstract, "LG", OWL.date)
    assert library.document_frequency("wording") == 0
    put(library, LORA, seed="a.txt")
    assert library.papers_by_id([OWL.id])[OWL.id].abstract == "Another wording."
    assert library.document_frequency("wording") == 1


def test_chunks_of_a_paper_are_replaced(library):
    put(library, OWL)
    for chunks in ([chunk_of(OWL), chunk_of(OWL, 5, 9)], [chunk_of(OWL, 5, 9)]):
        with library.writing():
            library.put_chunks(OWL.id, chunks)
    assert library.chunks() == [chunk_of(OWL, 5, 9)]


def test_every_write_raises_the_generation(library, path):
    reader = Library.open(path)
    seen = [reader.generation()]
    for paper in (OWL, LORA):
        put(library, paper)
        seen.append(reader.generation())
    assert seen == [0, 1, 2]
    reader.close()


# Scope


@pytest.fixture
def two_pages(library: Library) -> Library:
    put(library, OWL, LORA, seed="a.txt", author="Lu Yin")
    put(library, UNDATED, seed="b.txt", author="Yuzhang Shang")
    return library


SCOPES = {
    "nothing": (Scope(), [OWL, LORA, UNDATED]),
    "page owner": (Scope(authors=("Yuzhang Shang",)), [UNDATED]),
    "owner or printed author": (Scope(authors=("Lu Yin",)), [OWL, LORA, UNDATED]),
    "printed author": (Scope(authors=("Geng Yuan",)), [LORA]),
    "other case": (Scope(authors=("gENG yUAN",)), [LORA]),
    "other case beyond ASCII": (Scope(authors=("LUDWIG KÜRZINGER",)), [LORA]),
    "apostrophe": (Scope(authors=("Niccolo' Gentile",)), [LORA]),
    "any of two": (Scope(authors=("Geng Yuan", "Yuzhang Shang")), [LORA, UNDATED]),
    "half a name": (Scope(authors=("Geng",)), []),
    "SQL for a name": (Scope(authors=("' OR 1=1 --",)), []),
    "wildcard": (Scope(authors=("%",)), []),
    "year": (Scope(years=(2024,)), [LORA]),
    "years": (Scope(years=(2023, 2024)), [OWL, LORA]),
    "category": (Scope(categories=("LG",)), [OWL]),
    "category in small letters": (Scope(categories=("lg", "cl")), [OWL, LORA]),
    "with code": (Scope(has_code=True), [OWL]),
    "without code, which unknown is not": (Scope(has_code=False), [LORA]),
    "owner alone": (Scope(owners=("lu yin",)), [OWL, LORA]),
    "printed alone": (
        Scope(printed=("Lu Yin",)),
        [OWL, UNDATED],
    ),
    "first author": (Scope(first_authors=(LORA.authors[0].upper(),)), [LORA]),
    "not the first author": (Scope(first_authors=("You Wu",)), []),
    "each of two": (Scope(together=("Lu Yin", "Geng Yuan")), [LORA]),
    "each of two, where one is not": (Scope(together=("Geng Yuan", "Nobody")), []),
    "not an author": (Scope(not_authors=("Geng Yuan", "Yuzhang Shang")), [OWL]),
    "since a day, that day in": (Scope(since=LORA.date), [LORA]),
    "until a day, that day in": (Scope(until=OWL.date), [OWL]),
    "not a year, which undated is not": (Scope(not_years=(2024,)), [OWL]),
    "not a category": (
        Scope(not_categories=("LG",)),
        [LORA],
    ),
    "dated": (Scope(dated=True), [OWL, LORA]),
    "undated": (Scope(dated=False), [UNDATED]),
    "code unknown": (Scope(code_known=False), [UNDATED]),
    "page file": (Scope(seeds=("b.txt",)), [UNDATED]),
    "ids": (Scope(papers=(LORA.id, "gone")), [LORA]),
    "affiliation that no one has": (Scope(affiliations=("Nowhere",)), []),
    "a year before 1000": (Scope(years=(23,)), []),
    "all together": (Scope(("you wu",), (2023,), ("LG",), True), [OWL]),
    "nothing fits all": (Scope(("you wu",), (2024,), ("LG",), True), []),
}


@pytest.mark.parametrize(("scope", "expected"), SCOPES.values(), ids=SCOPES)
def test_scope(two_pages, scope, expected):
    assert titles(two_pages.papers(scope)) == titles(expected)


# Full text


@pytest.mark.parametrize(
    ("term", "expected"),
    {
        "word of a title": ("secret", [OWL]),
        "word of an abstract": ("low-rank", [LORA]),
        "author": ("Geng Yuan", [LORA]),
        "author without the marks": ("kurzinger", [LORA]),
        "another inflection": ("prune", [OWL]),
        "phrase": ("sparsity for each layer", [OWL]),
        "words that are no phrase": ("layer sparsity", []),
        "number": ("61.22", [OWL]),
        "Greek": ("δ", [UNDATED]),
        "quotation marks": ('"sparsity"', [OWL]),
        "one quotation mark": ('spars"ity', []),
        "operator": ("OWL AND nothing", []),
        "NEAR": ("NEAR(sparsity, 5)", []),
        "column": ("title:secret", []),
        "excluded": ("-secret", [OWL]),
        "prefix": ("secr*", []),
        "SQL": ("'; DROP TABLE papers; --", []),
        "signs only": ("++", []),
        "empty": ("", []),
        "white space": (" \t\n", []),
        "NUL": ("sparsity\0for", [OWL]),
        "NUL within a word": ("spar\0sity", []),
        "lone surrogate": ("\udcff", []),
    }.values(),
    ids=str,
)
def test_terms_are_words_and_never_operators(two_pages, term, expected):
    found = {paper_id for paper_id, _ in two_pages.search_text([term], count=9)}
    assert found == {paper.id for paper in expected}
    assert two_pages.document_frequency(term) == len(expected)
    assert two_pages.paper_count() == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(terms=st.lists(st.text(), max_size=4))
def test_any_text_can_be_searched(two_pages, terms):
    found = two_pages.search_text(terms, count=2)
    assert len(found) <= 2
    assert all(two_pages.document_frequency(term) <= 3 for term in terms)


def test_better_matches_come_first_with_higher_scores(two_pages):
    found = two_pages.search_text(["pruning", "sparsity", "models", "printed"], count=9)
    assert found[0][0] == OWL.id
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert all(score > 0 for _, score in found)
    assert two_pages.search_text(["pruning", "sparsity", "models", "printed"], count=1) == found[:1]
    assert two_pages.search_text([], count=9) == []


# Faults


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_fault_while_writing_leaves_everything_as_it_was(library, fault):
    put(library, OWL)
    before = (library.pages(), library.papers(), library.generation())
    page, papers = make_page(LORA)

    def write() -> None:
        with library.writing():
            library.put_page(page, papers)
            library.put_chunker("another")
            raise fault

    with pytest.raises(fault):
        write()
    assert (library.pages(), library.papers(), library.generation()) == before
    assert library.chunker() == ""
    put(library, LORA)
    assert titles(library.papers()) == [LORA.title]


# From BEGIN to COMMIT, in the test below; one more would succeed.
WRITE_STATEMENTS = 14


def test_every_statement_of_a_write_may_fail(path):
    """A write that fails at its Nth statement, for all N, is said and changes nothing."""
    library = Library.open(path, create=True)
    put(library, OWL)
    before = (library.pages(), library.papers(), library.document_frequency("sparsity"))
    page, papers = make_page(LORA, UNDATED)

    def write(fail_at: int) -> None:
        library._connection = FailingConnection(library._connection, fail_at=fail_at)
        try:
            with library.writing():
                library.put_page(page, papers)
                library.put_chunks(LORA.id, [chunk_of(LORA)])
        finally:
            library._connection = library._connection.connection

    for fail_at in range(1, WRITE_STATEMENTS + 1):
        with pytest.raises(LibraryError, match=r"disk of .* is full") as caught:
            write(fail_at)
        assert caught.value.hint
        assert (library.pages(), library.papers(), library.document_frequency("sparsity")) == before
    write(WRITE_STATEMENTS + 1)
    assert library.papers() == list(papers)


class FailingConnection:
    """A connection whose disk is full at its Nth statement."""

    def __init__(self, connection: sqlite3.Connection, *, fail_at: int) -> None:
        self.connection = connection
        self._left = fail_at

    @property
    def in_transaction(self) -> bool:
        return self.connection.in_transaction

    def execute(self, *arguments):
        self._count(arguments[0])
        return self.connection.execute(*arguments)

    def executemany(self, *arguments):
        self._count(arguments[0])
        return self.connection.executemany(*arguments)

    def _count(self, statement: str) -> None:
        self._left -= 1
        if self._left == 0 and statement != "ROLLBACK":
            raise sqlite3.OperationalError("database or disk is full")


def test_a_missing_library_says_what_to_do(path):
    with pytest.raises(MissingLibraryError) as caught:
        Library.open(path)
    assert "vouch ingest" in caught.value.hint
    assert not path.exists()


def test_an_empty_file_is_a_missing_library_and_can_become_one(path):
    path.touch()
    with pytest.raises(MissingLibraryError):
        Library.open(path)
    Library.open(path, create=True).close()
    Library.open(path).close()


@pytest.mark.parametrize("content", [b"no database at all\n" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
@pytest.mark.parametrize("create", [False, True])
def test_a_file_that_is_no_library_is_said(path, content, create):
    path.write_bytes(content)
    with pytest.raises(LibraryError, match=path.name) as caught:
        Library.open(path, create=create)
    assert "vouch ingest" in caught.value.hint
    assert path.read_bytes() == content


def test_another_program_s_database_is_left_alone(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE papers (anything)")
    other.close()
    content = path.read_bytes()
    with pytest.raises(LibraryError, match="not a Vouch library"):
        Library.open(path, create=True)
    assert path.read_bytes() == content


def test_a_library_cut_short_is_said(library, path, tmp_path):
    put(library, *(make_paper(f"Paper {number}", "long words " * 200) for number in range(50)))
    cut = tmp_path / "cut.sqlite"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(LibraryError, match=r"cut\.sqlite"):
        Library.open(cut).papers()


@pytest.mark.parametrize("create", [False, True])
def test_a_library_of_a_newer_vouch_is_left_alone(library, path, create):
    library._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    content = path.read_bytes()
    with pytest.raises(LibraryError, match="newer Vouch") as caught:
        Library.open(path, create=create)
    assert "Update" in caught.value.hint
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError) as caught:
        Library.open(tmp_path / "file" / "home" / "library.sqlite", create=True)
    assert "VOUCH_HOME" in caught.value.hint


def test_a_library_that_can_only_be_read_is_read_and_writing_is_refused(library, path, monkeypatch):
    put(library, OWL)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda name, **options: connect(name.replace("mode=rw", "mode=ro"), **options)
    )
    reader = Library.open(path)
    assert titles(reader.papers()) == [OWL.title]
    with pytest.raises(LibraryError) as caught:
        put(reader, LORA)
    assert "VOUCH_HOME" in caught.value.hint
    assert titles(library.papers()) == [OWL.title]


def test_a_second_writer_is_told_to_wait(library, path, monkeypatch):
    monkeypatch.setattr("rag.library.BUSY_SECONDS", 0)
    second = Library.open(path)
    with library.writing(), pytest.raises(LibraryError, match="another process"):
        put(second, LORA)
    put(second, LORA)
    assert titles(library.papers()) == [LORA.title]


@pytest.mark.parametrize("name", ["a ? b", "50 % #1", "ünï çødé", "it's"])
def test_folders_of_any_name(tmp_path, name):
    path = tmp_path / name / "library.sqlite"
    put(Library.open(path, create=True), OWL)
    assert titles(Library.open(path).papers()) == [OWL.title]
    assert path.is_file()


def test_a_copied_library_is_the_same_library(library, path, tmp_path):
    put(library, OWL, LORA)
    shutil.copy(path, tmp_path / "copy.sqlite")
    assert Library.open(tmp_path / "copy.sqlite").papers() == library.papers()


def test_threads_may_share_it(two_pages):
    expected = two_pages.papers()
    wrong: list[object] = []

    def look() -> None:
        for _ in range(50):
            found = two_pages.papers(), two_pages.document_frequency("sparsity")
            if found != (expected, 1):
                wrong.append(found)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


MANY_READERS = """
import sys, threading
from pathlib import Path
from rag.library import Library
from rag.types import Scope
library = Library.open(Path(sys.argv[1]))
def read():
    for _ in range(150):
        assert len(library.papers(Scope(authors=("lu yin",)))) == 40
        assert len(library.papers(Scope(titled=("number",)))) == 40
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_that_read_at_once_do_not_wait_for_each_other_for_ever(library: Library, path: Path) -> None:
    """SQLite holds its lock while it calls a function of ours, which waits for the interpreter's: a thread
    that has that one must not ask for SQLite's. In a child, since one that hangs cannot be interrupted.
    """
    put(library, *(make_paper(f"Paper number {number}", f"Abstract {number}.") for number in range(40)))
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", MANY_READERS, str(path)], check=True, timeout=60, cwd=root)
