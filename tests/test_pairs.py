"""Files of claims and evidence: what is read, and that any other file is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.pairs import Pair, read_pairs
from rag.errors import UsageError


def write(path: Path, *lines: Any) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def line(**changes: Any) -> dict[str, Any]:
    return {"claim": "A claim.", "references": ["A text."], "label": 1} | changes


def test_both_layouts_are_read(tmp_path):
    path = write(
        tmp_path / "pairs.jsonl",
        {"id": "a", "claim": "One.", "references": ["First.", "Second."], "label": 0, "source": "x"},
        "",
        {"claim": "Two.", "sentences": ["It is.", " ", "It was."], "label": "CONTRADICT"},
        {"id": 0, "claim": "Three.", "references": ["Third."], "label": 1},
    )
    assert read_pairs(path) == (
        Pair("a", "One.", ("First.", "Second."), "UNSUPPORTED"),
        Pair("3", "Two.", ("It is. It was.",), "CONTRADICT"),
        Pair("0", "Three.", ("Third.",), "SUPPORT"),
    )


@pytest.mark.parametrize(
    ("bad", "wrong"),
    [
        pytest.param("{", "Expecting", id="not JSON"),
        pytest.param("[]", "not an object", id="not an object"),
        pytest.param("[" * 100_000, "recursion", id="nested without end"),
        pytest.param(line(claim=None), "claim", id="no claim"),
        pytest.param(line(claim=" \n"), "claim", id="blank claim"),
        pytest.param({"claim": "A", "label": 1}, "references or sentences", id="no evidence"),
        pytest.param(line(sentences=["A"]), "references or sentences", id="two evidences"),
        pytest.param(line(references="A text."), "list of texts", id="evidence not a list"),
        pytest.param(line(references=["A", 1]), "list of texts", id="evidence not texts"),
        pytest.param(line(references=[]), "no text", id="empty evidence"),
        pytest.param(line(references=["", " "]), "no text", id="blank evidence"),
        pytest.param(line(label=2), "label is 2", id="label out of range"),
        pytest.param(line(label=True), "label is true", id="label a boolean"),
        pytest.param(line(label="support"), 'label is "support"', id="label in small letters"),
        pytest.param(line(label=[1]), "label", id="label a list"),
        pytest.param({"claim": "A", "references": ["B"]}, "label is null", id="no label"),
    ],
)
def test_a_bad_line_is_named(tmp_path, bad, wrong):
    path = write(tmp_path / "pairs.jsonl", line(), "", bad)
    with pytest.raises(UsageError) as caught:
        read_pairs(path)
    assert caught.value.message.startswith(f"{path}:3: ")
    assert wrong in caught.value.message
    assert "label" in caught.value.hint


@pytest.mark.parametrize(
    "content", [None, b"", b"\n \n", b"\xff\xfe"], ids=["missing", "empty", "blank", "binary"]
)
def test_a_file_without_pairs_is_refused(tmp_path, content):
    path = tmp_path / "pairs.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"pairs\.jsonl (holds nothing|is not UTF-8|cannot be read)"):
        read_pairs(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.sampled_from(["claim", "references", "sentences", "label", "id"]), json_values).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_any_bytes_are_pairs_or_a_clear_error(tmp_path, content):
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(content)
    try:
        outcome = read_pairs(path)
    except UsageError as error:
        outcome = error
    if isinstance(outcome, UsageError):
        assert str(path) in outcome.message
        assert outcome.hint
    else:
        assert all(pair.claim.strip() and pair.references for pair in outcome)
