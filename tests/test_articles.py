"""Files of articles: what is read, and that any other file is told."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fakes import WordEmbedder
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from evals.articles import read_articles
from evals.one_sentence import summarise
from evals.summaries import run_summaries
from rag.errors import UsageError
from rag.shown import shown


def write(path: Path, *lines: Any) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def line(**changes: Any) -> dict[str, Any]:
    return {"id": "x", "title": "A title", "text": "A text.", "targets": ["A summary."]} | changes


def test_both_layouts_are_read(tmp_path):
    path = write(
        tmp_path / "articles.jsonl",
        line(id="a", title=" One ", targets=["First. ", "", "Second."], oracle=[0]),
        "",
        {"title": "Two", "sentences": ["It is. ", " ", "It was.\n"], "targets": ["Short."]},
        line(id=0, sentences=["Not this."]),
    )
    found = read_articles(path)
    assert [(each.paper.id, each.paper.title, each.paper.abstract, each.targets) for each in found] == [
        ("a", "One", "A text.", ("First.", "Second.")),
        ("3", "Two", "It is. It was.", ("Short.",)),
        ("0", "A title", "A text.", ("A summary.",)),
    ]


@pytest.mark.parametrize(
    ("bad", "wrong"),
    [
        pytest.param("{", "Expecting", id="not JSON"),
        pytest.param("[]", "not an object", id="not an object"),
        pytest.param("[" * 100_000, "recursion", id="nested without end"),
        pytest.param(line(), "'x' is used twice", id="the same id"),
        pytest.param(line(id="y", title=None), "title is not", id="no title"),
        pytest.param(line(id="y", title=" \u200b"), "title is not", id="a title that nobody sees"),
        pytest.param({"title": "A", "targets": ["B"]}, "sentences is not", id="no text"),
        pytest.param(line(id="y", text="\u200b"), "text is not", id="a text that nobody sees"),
        pytest.param(line(id="y", text=["A"]), "text is not", id="text a list"),
        pytest.param(
            line(id="y", text=None, sentences=["", " "]), "sentences holds no", id="blank sentences"
        ),
        pytest.param(line(id="y", targets="A"), "targets is not a list", id="targets a text"),
        pytest.param(line(id="y", targets=["A", 1]), "targets is not a list", id="targets not texts"),
        pytest.param(line(id="y", targets=[" "]), "targets holds no", id="blank targets"),
    ],
)
def test_a_bad_line_is_named(tmp_path, bad, wrong):
    path = write(tmp_path / "articles.jsonl", line(), "", bad)
    with pytest.raises(UsageError) as caught:
        read_articles(path)
    assert caught.value.message.startswith(f"{path}:3: ")
    assert wrong in caught.value.message
    assert "targets" in caught.value.hint


@pytest.mark.parametrize(
    "content", [None, b"", b"\n \n", b"\xff\xfe"], ids=["missing", "empty", "blank", "binary"]
)
def test_a_file_without_articles_is_refused(tmp_path, content):
    path = tmp_path / "articles.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"articles\.jsonl (holds nothing|is not UTF-8|cannot be read)"):
        read_articles(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
FIELDS = ["id", "title", "text", "sentences", "targets"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(b'{"title":"!","text":",\\n!","targets":["!"]}')
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.sampled_from(FIELDS), json_values).map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries({"title": st.text(), "text": st.text(), "targets": st.lists(st.text())}).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_any_bytes_are_articles_that_can_be_summed_up_or_a_clear_error(tmp_path, content):
    path = tmp_path / "articles.jsonl"
    path.write_bytes(content)
    try:
        outcome = read_articles(path)
    except UsageError as error:
        outcome = error
    if isinstance(outcome, UsageError):
        assert str(path) in outcome.message
        assert outcome.hint
    else:
        rows = run_summaries(outcome, partial(summarise, reader=None, embedder=WordEmbedder())).rows
        for row, article in zip(rows, outcome, strict=True):
            quoted = next(each.text for each in row.candidates if each.system == "best quote")
            assert quoted in article.paper.abstract
            assert row.summary == shown(quoted)
