"""The library: one SQLite file, the source of truth for pages, papers, chunks and full text.

Knows how they are stored and filtered. Knows nothing of vectors, which can always be made
again from the chunks kept here, and nothing of how a question is understood.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from rag import shelves
from rag.errors import DamagedError, LibraryError, MissingLibraryError
from rag.types import Chunk, Page, Paper, Profile, Scope

SCHEMA_VERSION = 1
# Seconds a reader waits for a writer's commit, and a writer for readers.
BUSY_SECONDS = 5.0

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE pages (
    seed TEXT PRIMARY KEY, layout TEXT NOT NULL, author TEXT NOT NULL, author_inferred INTEGER NOT NULL,
    crawl_year INTEGER NOT NULL, sha256 TEXT NOT NULL, profile TEXT NOT NULL
) STRICT;
CREATE TABLE listings (
    seed TEXT NOT NULL REFERENCES pages(seed), position INTEGER NOT NULL, paper_id TEXT NOT NULL,
    title TEXT NOT NULL, authors TEXT NOT NULL, et_al INTEGER NOT NULL, affiliations TEXT NOT NULL,
    category TEXT, date TEXT, has_code INTEGER, score REAL, abstract TEXT NOT NULL,
    PRIMARY KEY (seed, position)
) STRICT;
CREATE INDEX listings_by_paper ON listings(paper_id, seed, position);
-- A paper may stand on several pages, and they may differ: its first listing is the paper.
CREATE VIEW papers AS
SELECT l.paper_id AS id, l.title, l.authors, l.et_al, l.affiliations, l.category, l.date, l.has_code,
       l.score, l.abstract, l.seed, l.position, g.author AS page_author
FROM listings l JOIN pages g ON g.seed = l.seed
WHERE NOT EXISTS (
    SELECT 1 FROM listings e WHERE e.paper_id = l.paper_id AND (e.seed, e.position) < (l.seed, l.position)
);
CREATE TABLE chunks (
    id TEXT PRIMARY KEY, paper_id TEXT NOT NULL, kind TEXT NOT NULL,
    start INTEGER NOT NULL, stop INTEGER NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX chunks_by_paper ON chunks(paper_id);
CREATE VIRTUAL TABLE paper_text USING fts5(
    paper_id UNINDEXED, title, authors, abstract, tokenize = 'porter unicode61 remove_diacritics 2'
);
"""

_PAPER_COLUMNS = """
SELECT id, title, authors, et_al, affiliations, category, date, has_code, score, abstract, seed, position,
       page_author
FROM papers
"""


class Library:
    """An open library. Threads of one process may share it; writing is one transaction."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        # SQLite holds its own lock while it calls `casefold`, which needs the interpreter's; sqlite3 asks for
        # SQLite's while it holds the interpreter's. Two threads in one connection would wait for ever.
        self._turn = threading.RLock()

    @classmethod
    def open(cls, path: Path, *, create: bool = False, sealed: bool = False) -> Library:
        """Open the library at `path`; `create` makes it where it is missing.

        A `sealed` one never changes: it is opened for reading, without locks. Raises LibraryError where
        it is missing, damaged, not readable or from a newer Vouch.
        """
        if not path.is_file() and not create:
            raise MissingLibraryError("There is no index yet.", hint="Run `vouch ingest` to make one.")
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            mode = "ro&immutable=1" if sealed else "rwc" if create else "rw"
            connection = _connect(path, mode)
            library = cls(connection, path)
            library._prepare(create)
        except (sqlite3.Error, OSError) as error:
            raise _library_error(path, error) from error
        return library

    @classmethod
    def of_shelf(cls, folder: Path) -> Library:
        """The library in this folder; of a sealed shelf, the one that was sealed. Raises LibraryError."""
        sealed = shelves.is_sealed(folder)
        if sealed:
            shelves.check_file(folder, shelves.LIBRARY, shelves.seal_of(folder))
        return cls.open(folder / shelves.LIBRARY, sealed=sealed)

    def close(self) -> None:
        self._connection.close()

    def pages(self) -> list[Page]:
        """All pages, by file name."""
        rows = self._rows(
            "SELECT seed, layout, author, author_inferred, crawl_year, sha256, profile "
            "FROM pages ORDER BY seed"
        )
        return [Page(r[0], r[1], r[2], bool(r[3]), r[4], r[5], Profile(**json.loads(r[6]))) for r in rows]

    def papers(self, scope: Scope | None = None) -> list[Paper]:
        """The papers in scope, in the order of the pages that list them."""
        where, values = _where(scope or Scope())
        rows = self._rows(f"{_PAPER_COLUMNS} {where} ORDER BY seed, position", values)
        return [_paper(row) for row in rows]

    def papers_by_id(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        """The papers with these ids; ids that are not on the shelf are left out."""
        rows = self._rows(f"{_PAPER_COLUMNS} WHERE id IN ({_marks(paper_ids)})", list(paper_ids))
        return {row[0]: _paper(row) for row in rows}

    def chunks(self) -> list[Chunk]:
        """All chunks, paper by paper in reading order."""
        rows = self._rows(
            "SELECT id, paper_id, kind, start, stop, text FROM chunks ORDER BY paper_id, kind, start"
        )
        return [Chunk(*row) for row in rows]

    def chunks_of(self, paper_ids: Sequence[str]) -> list[Chunk]:
        """These papers' chunks, paper by paper in reading order."""
        rows = self._rows(
            f"SELECT id, paper_id, kind, start, stop, text FROM chunks "
            f"WHERE paper_id IN ({_marks(paper_ids)}) ORDER BY paper_id, kind, start",
            list(paper_ids),
        )
        return [Chunk(*row) for row in rows]

    def search_text(self, terms: Sequence[str], *, count: int) -> list[tuple[str, float]]:
        """Papers that hold any of the terms, best first: paper id and BM25 score (k1 1.2, b 0.75).

        The score is SQLite FTS5's bm25() with its sign turned, so that more is better.
        """
        if not terms:
            return []
        query = " OR ".join(_quoted(term) for term in terms)
        return [
            (row[0], -row[1])
            for row in self._rows(
                "SELECT paper_id, bm25(paper_text) AS rank FROM paper_text WHERE paper_text MATCH ? "
                "ORDER BY rank, paper_id LIMIT ?",
                [query, count],
            )
        ]

    def document_frequency(self, term: str) -> int:
        """In how many papers a word or phrase stands, inflections counted as one."""
        rows = self._rows("SELECT count(*) FROM paper_text WHERE paper_text MATCH ?", [_quoted(term)])
        return int(rows[0][0])

    def paper_count(self) -> int:
        return int(self._rows("SELECT count(DISTINCT paper_id) FROM listings")[0][0])

    def chunk_count(self) -> int:
        return int(self._rows("SELECT count(*) FROM chunks")[0][0])

    def generation(self) -> int:
        """A number that grows with every change; readers compare it to know of changes."""
        return int(self._meta("generation") or 0)

    def chunker(self) -> str:
        """What made the chunks: chunker version, embedder and limits; empty where there are none."""
        return self._meta("chunker") or ""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all that is written inside stands, or nothing does."""
        with self._turn:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._set_meta("generation", str(self.generation() + 1))
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise _library_error(self._path, error) from error

    def put_page(self, page: Page, papers: Sequence[Paper]) -> None:
        """Make the page's listing what `papers` says; papers that no page lists any more go."""
        execute = self._connection.execute
        before = self._rows("SELECT paper_id FROM listings WHERE seed = ?", [page.seed])
        touched = json.dumps([paper.id for paper in papers] + [row[0] for row in before])
        execute("DELETE FROM listings WHERE seed = ?", [page.seed])
        execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)", _page_row(page))
        for paper in papers:
            execute(f"INSERT INTO listings VALUES ({_marks(range(12))})", _listing_row(page, paper))
        execute("DELETE FROM paper_text WHERE paper_id IN (SELECT value FROM json_each(?))", [touched])
        execute(
            "INSERT INTO paper_text (paper_id, title, authors, abstract) "
            "SELECT id, title, (SELECT group_concat(value, ', ') FROM json_each(authors)), abstract "
            "FROM papers WHERE id IN (SELECT value FROM json_each(?))",
            [touched],
        )
        execute("DELETE FROM chunks WHERE paper_id NOT IN (SELECT paper_id FROM listings)")

    def put_chunks(self, paper_id: str, chunks: Iterable[Chunk]) -> None:
        """Make these the paper's chunks."""
        self._connection.execute("DELETE FROM chunks WHERE paper_id = ?", [paper_id])
        rows = [(c.id, c.paper_id, c.kind, c.start, c.end, c.text) for c in chunks]
        self._connection.executemany("INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?, ?)", rows)

    def put_chunker(self, chunker: str) -> None:
        self._set_meta("chunker", chunker)

    def copy_to(self, path: Path) -> None:
        """A copy of the whole library as it is now, in a new file. Raises LibraryError."""
        try:
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                with self._turn:
                    self._connection.backup(copy)
            finally:
                copy.close()
        except sqlite3.Error as error:
            raise _library_error(self._path, error) from error

    def check(self) -> None:
        """Read all of it: SQLite's own checks, the full-text index, and what must refer to each other.

        Works on a copy in memory. Raises DamagedError where something is wrong.
        """
        copy = sqlite3.connect(":memory:", isolation_level=None)
        try:
            with self._turn:
                self._connection.backup(copy)
            _check(copy, self._path)
        except sqlite3.OperationalError as error:
            raise _library_error(self._path, error) from error
        except (sqlite3.Error, ValueError) as error:
            raise _damaged(self._path, str(error)) from error
        finally:
            copy.close()

    def _prepare(self, create: bool) -> None:
        version = self._rows("PRAGMA user_version")[0][0]
        if version > SCHEMA_VERSION:
            raise LibraryError(
                f"{self._path} was made by a newer Vouch.",
                hint="Update Vouch, or set VOUCH_HOME to another folder.",
            )
        if version == 0 and not create:
            raise MissingLibraryError("There is no index yet.", hint="Run `vouch ingest` to make one.")
        if version == 0:
            self._connection.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )

    def _meta(self, key: str) -> str | None:
        rows = self._rows("SELECT value FROM meta WHERE key = ?", [key])
        return str(rows[0][0]) if rows else None

    def _set_meta(self, key: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._turn:
                return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _library_error(self._path, error) from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection; read-only where the file or its folder cannot be written."""
    uri = path.resolve().as_uri()
    try:
        connection = sqlite3.connect(
            f"{uri}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        if mode == "rwc":
            raise
        connection = sqlite3.connect(
            f"{uri}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    connection.create_function("casefold", 1, str.casefold, deterministic=True)
    connection.create_function("holds_word", 2, _holds_word, deterministic=True)
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises DamagedError, sqlite3.Error or ValueError unless the library is whole and only a library."""

    def count(query: str) -> int:
        return int(connection.execute(query).fetchone()[0])

    if _made_of(connection) != _schema():
        raise _damaged(path, "its tables are not a library's")
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise _damaged(path, str(found))
    connection.execute("INSERT INTO paper_text (paper_text) VALUES ('integrity-check')")
    told = {
        "papers without a page": "SELECT count(*) FROM listings WHERE seed NOT IN (SELECT seed FROM pages)",
        "chunks without a paper": "SELECT count(*) FROM chunks "
        "WHERE paper_id NOT IN (SELECT paper_id FROM listings)",
        "papers without full text": "SELECT count(*) FROM papers p LEFT JOIN paper_text t "
        "ON t.paper_id = p.id AND t.title = p.title AND t.abstract = p.abstract WHERE t.paper_id IS NULL",
        "full texts too many": "SELECT (SELECT count(*) FROM paper_text) - (SELECT count(*) FROM papers)",
    }
    for what, query in told.items():
        if wrong := count(query):
            raise _damaged(path, f"{what}: {wrong}")
    for row in connection.execute(_PAPER_COLUMNS):
        _paper(row)


def _made_of(connection: sqlite3.Connection) -> set[tuple[Any, ...]]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {tuple(row) for row in rows if not str(row[1]).startswith("sqlite_")}


def _schema() -> set[tuple[Any, ...]]:
    """What a new library is made of."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(_SCHEMA)
        return _made_of(connection)
    finally:
        connection.close()


def _damaged(path: Path, what: str) -> DamagedError:
    return DamagedError(
        f"{path} is damaged or is not a Vouch library ({what}).",
        hint="Move it away and run `vouch ingest`: the pages hold all that it held.",
    )


def _library_error(path: Path, error: Exception) -> LibraryError:
    text = str(error)
    if "locked" in text:
        return LibraryError("The library is being written by another process.", hint="Try again in a moment.")
    if "full" in text:
        return LibraryError(f"The disk of {path.parent} is full.", hint="Free some space and run it again.")
    if "I/O error" in text:
        return LibraryError(
            f"The disk of {path.parent} did not take or give what was asked of it ({text}).",
            hint="Check the disk and its free space, then run it again: nothing was changed.",
        )
    if "readonly" in text or "unable to open" in text or isinstance(error, OSError):
        return LibraryError(
            f"{path.parent} cannot be written or read ({text}).",
            hint="Check its permissions, or set VOUCH_HOME to a folder that you may write.",
        )
    return _damaged(path, text)


# Whose page lists the paper, and who is printed with it, each with a place for names.
_OWNED = (
    "EXISTS (SELECT 1 FROM listings l JOIN pages g ON g.seed = l.seed "
    "WHERE l.paper_id = papers.id AND casefold(g.author) IN ({}))"
)
_PRINTED = "EXISTS (SELECT 1 FROM json_each(papers.authors) WHERE casefold(value) IN ({}))"
_FIRST = "casefold(json_extract(papers.authors, '$[0]')) IN ({})"
_AFFILIATED = "EXISTS (SELECT 1 FROM json_each(papers.affiliations) WHERE casefold(value) IN ({}))"
_LISTED = "EXISTS (SELECT 1 FROM listings l WHERE l.paper_id = papers.id AND l.seed IN ({}))"


def _where(scope: Scope) -> tuple[str, list[Any]]:
    """The scope as SQL. An author is one whose page lists the paper or a printed one, whatever the case."""
    parts: list[str] = []
    values: list[Any] = []

    def restrict(condition: str, asked: Sequence[Any]) -> None:
        if asked:
            parts.append(condition.replace("{}", _marks(asked)))
            values.extend(list(asked) * condition.count("{}"))

    of_author = f"({_OWNED} OR {_PRINTED})"
    restrict(of_author, _folded(scope.authors))
    for name in scope.together:
        restrict(of_author, _folded([name]))
    restrict(f"NOT {of_author}", _folded(scope.not_authors))
    restrict(_OWNED, _folded(scope.owners))
    restrict(_PRINTED, _folded(scope.printed))
    restrict(_FIRST, _folded(scope.first_authors))
    restrict(_AFFILIATED, _folded(scope.affiliations))
    restrict(_LISTED, scope.seeds)
    restrict("id IN ({})", scope.papers)
    restrict("substr(date, 1, 4) IN ({})", [f"{year:04}" for year in scope.years])
    restrict("substr(date, 1, 4) NOT IN ({})", [f"{year:04}" for year in scope.not_years])
    restrict("date >= {}", [scope.since.isoformat()] if scope.since else [])
    restrict("date <= {}", [scope.until.isoformat()] if scope.until else [])
    restrict("category IN ({})", [category.upper() for category in scope.categories])
    restrict("category NOT IN ({})", [category.upper() for category in scope.not_categories])
    restrict("has_code = {}", _flag(scope.has_code))
    restrict("(date IS NOT NULL) = {}", _flag(scope.dated))
    restrict("(has_code IS NOT NULL) = {}", _flag(scope.code_known))
    restrict("(category IS NOT NULL) = {}", _flag(scope.categorised))
    restrict("(json_array_length(affiliations) > 0) = {}", _flag(scope.affiliated))
    for word in scope.titled:
        restrict("holds_word(title, {})", [word])
    if scope.within:
        outer, more = _where(scope.within)
        parts.append(outer.removeprefix("WHERE "))
        values.extend(more)
    return ("WHERE " + " AND ".join(parts) if parts else ""), values


def _flag(value: bool | None) -> list[int]:
    return [] if value is None else [int(value)]


def _holds_word(text: str, typed: str) -> bool:
    """Whether the words stand in the text as words, in any case, in the singular or the plural."""
    stem = typed.casefold().removesuffix("s")
    return bool(re.search(rf"(?<!\w){re.escape(stem)}s?(?!\w)", text.casefold()))


def _folded(names: Iterable[str]) -> list[str]:
    return [name.casefold() for name in names]


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _quoted(term: str) -> str:
    """A term as an FTS5 string: a phrase, never an operator. SQLite takes neither NUL nor half characters."""
    plain = term.replace('"', " ").replace("\0", " ")
    return '"' + plain.encode("utf-8", "replace").decode() + '"'


def _page_row(page: Page) -> list[Any]:
    profile = {name: getattr(page.profile, name) for name in Profile.__dataclass_fields__}
    inferred = page.author_inferred
    return [page.seed, page.layout, page.author, inferred, page.crawl_year, page.sha256, json.dumps(profile)]


def _listing_row(page: Page, paper: Paper) -> list[Any]:
    return [
        page.seed,
        paper.index,
        paper.id,
        paper.title,
        json.dumps(paper.authors, ensure_ascii=False),
        paper.et_al,
        json.dumps(paper.affiliations, ensure_ascii=False),
        paper.category,
        paper.date.isoformat() if paper.date else None,
        paper.has_code,
        paper.score,
        paper.abstract,
    ]


def _paper(row: Sequence[Any]) -> Paper:
    return Paper(
        id=row[0],
        title=row[1],
        authors=tuple(json.loads(row[2])),
        et_al=bool(row[3]),
        affiliations=tuple(json.loads(row[4])),
        category=row[5],
        date=date.fromisoformat(row[6]) if row[6] else None,
        has_code=None if row[7] is None else bool(row[7]),
        score=row[8],
        abstract=row[9],
        seed=row[10],
        index=row[11],
        page_author=row[12],
    )
