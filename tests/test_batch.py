"""batch: a file of questions, and which line of it is wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.batch import Conversation, read_batch
from rag.errors import UsageError

GOOD = '{"id": "1", "question": "What is OWL?"}'


def written(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_questions_and_conversations_in_order(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f'{GOOD}\n\n  \n{{"id": 2, "turns": ["What is OWL?", "Why?"], "note": "kept out"}}\n'
        '{"question": "什么是剪枝?", "id": "三"}\n',
    )
    assert read_batch(path) == [
        Conversation("1", ("What is OWL?",)),
        Conversation(2, ("What is OWL?", "Why?")),
        Conversation("三", ("什么是剪枝?",)),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("no newline at the end", GOOD),
        ("Windows line ends", f"{GOOD}\r\n"),
        ("a byte order mark", b"\xef\xbb\xbf" + GOOD.encode()),
        ("blank lines around", f"\n\n{GOOD}\n\n"),
        ("a line separator inside a question", '{"id": "1", "question": "What\u2028is\x85OWL?"}'),
    ],
)
def test_the_same_question_however_the_file_is_written(
    name: str, content: str | bytes, tmp_path: Path
) -> None:
    (found,) = read_batch(written(tmp_path, content))
    assert found.id == "1", name
    assert found.turns[0].split() == ["What", "is", "OWL?"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("not JSON", "What is OWL?"),
        ("half an object", '{"id": "1", "question": "What'),
        ("a list", '["1", "What is OWL?"]'),
        ("a string", '"What is OWL?"'),
        ("null", "null"),
        ("no id", '{"question": "What is OWL?"}'),
        ("id is a list", '{"id": [1], "question": "What is OWL?"}'),
        ("id is null", '{"id": null, "question": "What is OWL?"}'),
        ("id is true", '{"id": true, "question": "What is OWL?"}'),
        ("no question", '{"id": "1"}'),
        ("question is a number", '{"id": "1", "question": 7}'),
        ("question is null", '{"id": "1", "question": null}'),
        ("question and turns", '{"id": "1", "question": "What?", "turns": ["Why?"]}'),
        ("no turns", '{"id": "1", "turns": []}'),
        ("turns is a string", '{"id": "1", "turns": "What is OWL?"}'),
        ("a turn is a number", '{"id": "1", "turns": ["What?", 7]}'),
        ("a turn is an object", '{"id": "1", "turns": [{"question": "What?"}]}'),
        ("nested very deep", "[" * 100_000),
        ("a number of many digits", '{"id": ' + "9" * 10_000 + ', "question": "What?"}'),
        ("two objects", f"{GOOD} {GOOD}"),
    ],
)
def test_a_bad_line_is_named(name: str, line: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"{GOOD}\n\n{line}\n{GOOD}\n")
    with pytest.raises(UsageError) as caught:
        read_batch(path)
    assert caught.value.message.startswith(f"{path}:3: "), name
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"", "holds no question"), (b"\n \n", "holds no question"), (b'{"id": "\xff"}', "not UTF-8")],
)
def test_a_file_without_questions_is_said_to_be_one(content: bytes, fault: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=fault):
        read_batch(written(tmp_path, content))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.jsonl", tmp_path):
        with pytest.raises(UsageError, match="cannot be read") as caught:
            read_batch(path)
        assert str(path) in caught.value.message


@given(content=st.binary(max_size=300))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_break_it(content: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    with suppress(UsageError):
        assert all(conversation.turns for conversation in read_batch(path))


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"])),
            st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3),
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_json_writes_is_read_back(tmp_path: Path, conversations: list[tuple[str, list[str]]]) -> None:
    lines = [json.dumps({"id": key, "turns": turns}, ensure_ascii=False) for key, turns in conversations]
    found = read_batch(written(tmp_path, "\n".join(lines)))
    assert [(item.id, list(item.turns)) for item in found] == conversations
