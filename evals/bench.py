"""A folder in BEIR layout -> Bench: documents, queries, and which document answers which query.

    corpus.jsonl             {"id" or "_id", "title", "text"}; a title may be missing
    queries[.SPLIT].jsonl    {"id" or "_id", "text"}
    qrels[.SPLIT].tsv        query, document, relevance; with or without a header line

`qrels/SPLIT.tsv`, as BEIR's own archives have it, will do too. Further keys are not looked at.
A folder is read whole or not at all. Knows nothing of retrieval.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from evals.ranking import relevant
from rag.errors import UsageError
from rag.stamps import sha256_of

DEFAULT_SPLIT = "test"
_LAYOUT = "The folder holds corpus.jsonl, queries[.SPLIT].jsonl and qrels[.SPLIT].tsv; see evals/bench.py."
# More digits are no grade, and would not fit in a float's sum.
_RELEVANCE = re.compile(r"-?[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A query and its judged documents: id to relevance, more is better, 0 and less is not relevant."""

    id: str
    text: str
    gains: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bench:
    """A corpus and the queries that have a relevant document in it; `left_out` counts the others.

    `split` is empty where the folder has none. `sha256` is the corpus file's.
    """

    name: str
    split: str
    sha256: str
    documents: tuple[Document, ...]
    queries: tuple[Query, ...]
    left_out: int


def read_bench(folder: Path, *, split: str | None = None) -> Bench:
    """The folder's corpus and one split of its queries.

    Without `split` it is the one that has no name, else "test". Raises UsageError naming file and
    line for anything that is not as this module says.
    """
    split, judgements = _find_judgements(folder, split)
    corpus = folder / "corpus.jsonl"
    documents = {document.id: document for document in _documents(corpus)}
    named = folder / f"queries.{split}.jsonl"
    questions = folder / "queries.jsonl" if not split or not named.is_file() else named
    texts = {identity: text for identity, text, _ in _objects(questions)}
    gains = _read_judgements(judgements, texts, documents)
    queries = tuple(
        Query(identity, text, MappingProxyType(gains[identity]))
        for identity, text in texts.items()
        if relevant(gains.get(identity, {}))
    )
    if not queries:
        raise UsageError(f"{judgements} names no relevant document for any query.", hint=_LAYOUT)
    return Bench(
        name=folder.resolve().name,
        split=split,
        sha256=sha256_of(corpus),
        documents=tuple(documents.values()),
        queries=queries,
        left_out=len(texts) - len(queries),
    )


def _find_judgements(folder: Path, split: str | None) -> tuple[str, Path]:
    """The split's name and its qrels file."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.", hint=_LAYOUT)
    files = {path.stem: path for path in sorted((folder / "qrels").glob("*.tsv"))}
    files |= {
        path.name.removeprefix("qrels").removeprefix(".").removesuffix("tsv").removesuffix("."): path
        for path in sorted(folder.glob("qrels*.tsv"))
        if path.name == "qrels.tsv" or path.name.startswith("qrels.")
    }
    if not files:
        raise UsageError(f"{folder} holds no qrels file.", hint=_LAYOUT)
    wanted = split if split is not None else "" if "" in files else DEFAULT_SPLIT
    if wanted not in files:
        there = ", ".join(name or "one without a name" for name in files)
        raise UsageError(f"{folder} has no split {wanted}.", hint=f"Its splits are: {there}.")
    return wanted, files[wanted]


def _documents(path: Path) -> Iterator[Document]:
    for identity, text, value in _objects(path):
        yield Document(identity, value.get("title") or "", text)


def _objects(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Id, text and the whole object of each line."""
    seen: set[str] = set()
    for number, line in _lines(path):
        try:
            value = json.loads(line)
            identity, text = _identity_and_text(value)
            if identity in seen:
                raise ValueError(f"the id {identity!r} is used twice")
        except (ValueError, RecursionError) as error:
            hint = 'A line is {"id" or "_id", "text"}, in corpus.jsonl also "title".'
            raise UsageError(f"{path}:{number}: {error}.", hint=hint) from error
        seen.add(identity)
        yield identity, text, value
    if not seen:
        raise UsageError(f"{path} is empty.", hint=_LAYOUT)


def _identity_and_text(value: object) -> tuple[str, str]:
    """Raises ValueError with what is wrong with the object."""
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    identity, text, title = value.get("_id", value.get("id")), value.get("text"), value.get("title")
    if not isinstance(identity, str) or not identity.strip():
        raise ValueError('"id" or "_id" is not a text')
    if not isinstance(text, str):
        raise ValueError('"text" is not a text')
    if not isinstance(title, str | None):
        raise ValueError('"title" is not a text')
    for part in (identity, text, title or ""):
        _check_storable(part)
    return identity, text


def _check_storable(text: str) -> None:
    """JSON can spell NUL and half characters, which are no text and which SQLite does not keep."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("a text holds NUL or half a character")


def _read_judgements(
    path: Path, queries: Mapping[str, str], documents: Mapping[str, Document]
) -> dict[str, dict[str, int]]:
    gains: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        cells = [cell.strip() for cell in line.split("\t")]
        if number == 1 and _is_header(cells, queries):
            continue
        try:
            query, document, relevance = _judgement(cells, queries, documents)
            if gains.setdefault(query, {}).setdefault(document, relevance) != relevance:
                raise ValueError(f"document {document!r} has two judgements for query {query!r}")
        except ValueError as error:
            hint = "A line is query, document and relevance, with tabs between them."
            raise UsageError(f"{path}:{number}: {error}.", hint=hint) from error
    return gains


def _is_header(cells: list[str], queries: Mapping[str, str]) -> bool:
    return len(cells) == 3 and cells[0] not in queries and not _RELEVANCE.fullmatch(cells[2])


def _judgement(
    cells: list[str], queries: Mapping[str, str], documents: Mapping[str, Document]
) -> tuple[str, str, int]:
    """Raises ValueError with what is wrong with the line."""
    if len(cells) != 3:
        raise ValueError(f"{len(cells)} columns, not 3")
    query, document, relevance = cells
    if query not in queries:
        raise ValueError(f"query {query!r} is not in the queries file")
    if document not in documents:
        raise ValueError(f"document {document!r} is not in corpus.jsonl")
    if not _RELEVANCE.fullmatch(relevance):
        raise ValueError(f"the relevance {relevance!r} is not a whole number")
    return query, document, int(relevance)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    hint = "Save the file in UTF-8."
                    raise UsageError(f"{path}:{number}: the line is not UTF-8.", hint=hint) from error
                if text.strip():
                    yield number, text
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", hint=_LAYOUT) from error
