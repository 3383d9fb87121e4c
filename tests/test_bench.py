"""Folders in BEIR layout: what is read, and what is said of one that cannot be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.bench import Bench, Document, Query, read_bench
from rag.errors import UsageError

CORPUS = (
    '{"id": "d1", "title": "Owls", "text": "Owls hunt at night."}\n'
    '{"_id": "d2", "text": "Larks sing.", "metadata": {}}\n'
)
QUERIES = '{"_id": "q1", "text": "Who hunts?"}\n{"id": "q2", "text": "Who swims?"}\n'
QRELS = "q1\td1\t2\nq1\td2\t0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole bench; tests spoil one file of it."""
    return write(tmp_path / "birds", {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels.tsv": QRELS})


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_a_folder_is_read(folder):
    assert read_bench(folder) == Bench(
        name="birds",
        split="",
        sha256=hashlib.sha256(CORPUS.encode()).hexdigest(),
        documents=(Document("d1", "Owls", "Owls hunt at night."), Document("d2", "", "Larks sing.")),
        queries=(Query("q1", "Who hunts?", {"d1": 2, "d2": 0}),),
        left_out=1,
    )


@pytest.mark.parametrize(
    "qrels",
    [
        pytest.param("query-id\tcorpus-id\tscore\n" + QRELS, id="BEIR's header"),
        pytest.param("\ufeffquery_id\tdoc_id\trel\n" + QRELS, id="header after a byte order mark"),
        pytest.param(QRELS.replace("\n", "\r\n"), id="Windows line ends"),
        pytest.param(QRELS.replace("\n", "\n\n").rstrip("\n"), id="blank lines, none at the end"),
        pytest.param(QRELS + QRELS, id="the same judgement twice"),
    ],
)
def test_qrels_are_read_alike(folder, qrels):
    expected = read_bench(folder)
    write(folder, {"qrels.tsv": qrels})
    assert read_bench(folder) == expected


def test_a_header_is_not_taken_for_a_query(folder):
    """A first line whose query is known is a judgement, and a wrong one is told."""
    write(folder, {"qrels.tsv": "q1\td1\tgood\n"})
    with pytest.raises(UsageError, match=r"qrels\.tsv:1: the relevance 'good' is not a whole number"):
        read_bench(folder)


@pytest.mark.parametrize("place", ["qrels.train.tsv", "qrels/train.tsv"])
@pytest.mark.parametrize("queries", ["queries.train.jsonl", "queries.jsonl"])
def test_a_split_is_read(tmp_path, place, queries):
    write(tmp_path, {"corpus.jsonl": CORPUS, queries: QUERIES, place: QRELS})
    bench = read_bench(tmp_path, split="train")
    assert (bench.split, [query.id for query in bench.queries]) == ("train", ["q1"])


def test_the_test_split_is_the_default(tmp_path):
    judged = {"qrels.train.tsv": "q1\td1\t1\n", "qrels.test.tsv": "q2\td2\t1\n"}
    bench = read_bench(write(tmp_path, {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, **judged}))
    assert (bench.split, [query.id for query in bench.queries]) == ("test", ["q2"])


def test_an_unknown_split_is_told_with_those_there_are(tmp_path):
    write(tmp_path, {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels.test.tsv": QRELS})
    with pytest.raises(UsageError, match="has no split dev") as caught:
        read_bench(tmp_path, split="dev")
    assert caught.value.hint == "Its splits are: test."


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_told(folder, name):
    (folder / name).unlink()
    with pytest.raises(UsageError, match=name.split(".")[0]) as caught:
        read_bench(folder)
    assert "corpus.jsonl" in caught.value.hint


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(UsageError, match="nowhere is not a folder"):
        read_bench(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("corpus.jsonl", CORPUS + "{", "corpus.jsonl:3: Expecting", id="cut off"),
        pytest.param("corpus.jsonl", CORPUS + "[]", "corpus.jsonl:3: not a JSON object", id="a list"),
        pytest.param("corpus.jsonl", "[" * 100_000, "corpus.jsonl:1: ", id="nested without end"),
        pytest.param(
            "corpus.jsonl", CORPUS + CORPUS, "corpus.jsonl:3: the id 'd1' is used twice", id="twice"
        ),
        pytest.param("corpus.jsonl", '{"id": 1, "text": ""}', ':1: "id" or "_id" is not', id="number as id"),
        pytest.param("corpus.jsonl", '{"id": "d1"}', ':1: "text" is not a text', id="no text"),
        pytest.param("corpus.jsonl", '{"id": "d", "text": "", "title": 1}', ':1: "title" is', id="odd title"),
        pytest.param(
            "corpus.jsonl", '{"id": "d", "text": "\\ud800"}', ":1: a text holds NUL or half", id="half"
        ),
        pytest.param(
            "corpus.jsonl", '{"id": "d", "text": "\\u0000"}', ":1: a text holds NUL or half", id="NUL"
        ),
        pytest.param(
            "corpus.jsonl", b"\n\xff\xfe\n", "corpus.jsonl:2: the line is not UTF-8", id="not UTF-8"
        ),
        pytest.param("corpus.jsonl", "\n", "corpus.jsonl is empty", id="empty corpus"),
        pytest.param("queries.jsonl", "", "queries.jsonl is empty", id="empty queries"),
        pytest.param("queries.jsonl", '{"id": " ", "text": ""}', "queries.jsonl:1: ", id="blank id"),
        pytest.param("qrels.tsv", "", "qrels.tsv names no relevant document", id="empty qrels"),
        pytest.param("qrels.tsv", "q1\td1\t0\n", "qrels.tsv names no relevant document", id="none relevant"),
        pytest.param("qrels.tsv", "q1 d1 1\n", "qrels.tsv:1: 1 columns, not 3", id="spaces"),
        pytest.param("qrels.tsv", "q1\t0\td1\t1\n", "qrels.tsv:1: 4 columns, not 3", id="TREC's four"),
        pytest.param("qrels.tsv", "q9\td1\t1\n", "qrels.tsv:1: query 'q9' is not in", id="unknown query"),
        pytest.param(
            "qrels.tsv", "q1\td9\t1\n", "qrels.tsv:1: document 'd9' is not in", id="unknown document"
        ),
        pytest.param("qrels.tsv", QRELS + "q2\td1\t0.5\n", "qrels.tsv:3: the relevance '0.5'", id="a share"),
        pytest.param(
            "qrels.tsv", f"q1\td1\t{'9' * 400}\n", "qrels.tsv:1: the relevance", id="beyond a float"
        ),
        pytest.param(
            "qrels.tsv", QRELS + "q1\td1\t1\n", "qrels.tsv:3: document 'd1' has two", id="contradiction"
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(folder, name, content, said):
    write(folder, {name: content})
    with pytest.raises(UsageError) as caught:
        read_bench(folder)
    assert said in caught.value.message
    assert caught.value.hint


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["corpus.jsonl", "queries.jsonl", "qrels.tsv"]), content=st.binary())
def test_any_bytes_are_told_without_a_traceback(folder, name, content):
    whole = {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels.tsv": QRELS}
    write(folder, whole | {name: content})
    with pytest.raises(UsageError):
        read_bench(folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_text_is_kept_as_it_is(folder, text):
    write(folder, {"corpus.jsonl": CORPUS + json.dumps({"id": "d3", "text": text}, ensure_ascii=False)})
    assert read_bench(folder).documents[-1].text == text
