"""Results on disk: where they come from, that none is lost, and that any other file is told."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals import results
from evals.results import newest_results, read_result, write_result
from rag.errors import UsageError


@dataclass(frozen=True)
class ToyReport:
    """A report of one row."""

    suite: str = "toy"

    def record(self) -> dict[str, Any]:
        return {"suite": self.suite, "right": 0.5, "rows": [{"id": "a"}]}

    def table(self) -> str:
        return "right 0.50"


@pytest.fixture
def commit(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(results, "code_version", lambda: "abc1234")
    return "abc1234"


def write(folder: Path, suite: str = "toy", **settings: Any) -> Path:
    return write_result(ToyReport(suite), folder, settings=settings, model={"name": "tiny"})


def result(suite: str = "toy", date: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    return {"suite": suite, "commit": "abc", "date": date, "rows": []} | more


# Writing


def test_a_result_says_where_it_comes_from(tmp_path: Path, commit: str) -> None:
    path = write(tmp_path / "new" / "folder", cache=Path("m"), seed=1)
    assert path == tmp_path / "new" / "folder" / "toy-abc1234.json"
    written = json.loads(path.read_text("utf-8"))
    assert written == read_result(path)
    assert (written["suite"], written["commit"], written["right"]) == ("toy", commit, 0.5)
    assert (written["settings"], written["model"]) == ({"cache": "m", "seed": 1}, {"name": "tiny"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", written["date"])
    assert written["libraries"]["vouch"] == importlib.metadata.version("vouch")
    assert written["libraries"].keys() <= set(results.LIBRARIES)
    machine = written["machine"]
    assert machine.keys() == {"processor", "cores", "memory_gb", "system", "python"}
    assert machine["cores"] >= 1
    assert machine["processor"]


def test_a_result_is_never_overwritten(tmp_path: Path, commit: str) -> None:
    paths = [write(tmp_path, run=run) for run in range(3)]
    assert [path.name for path in paths] == [f"toy-{commit}{end}.json" for end in ("", "-2", "-3")]
    assert [read_result(path)["settings"]["run"] for path in paths] == [0, 1, 2]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written") as raised:
        write(tmp_path / "file" / "results")
    assert raised.value.hint


# Reading


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param(b"", "not a JSON file", id="empty"),
        pytest.param(b"{", "not a JSON file", id="cut off"),
        pytest.param(b"\xff\xfe\xfd", "not a JSON file", id="no text"),
        pytest.param(b"[" * 100_000, "not a JSON file", id="nested without end"),
        pytest.param(b"9" * 10_000, "not a JSON file", id="a number of many digits"),
        pytest.param(b"[]", "not a result", id="a list"),
        pytest.param(json.dumps({"suite": "toy"}).encode(), "not a result", id="keys are missing"),
        pytest.param(json.dumps(result(rows={})).encode(), "not a result", id="rows are no list"),
        pytest.param(json.dumps(result(date=5)).encode(), "not a result", id="a number for a date"),
        pytest.param(json.dumps(result(suite=["toy"])).encode(), "not a result", id="a list for a suite"),
    ],
)
def test_another_file_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "any.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as raised:
        read_result(path)
    assert str(path) in raised.value.message
    assert raised.value.hint


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=60)
    | st.fixed_dictionaries(
        {name: VALUES | st.just(value) for name, value in result().items()}, optional={"extra": VALUES}
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_a_result_or_a_clear_error(tmp_path: Path, content: bytes) -> None:
    """In a folder that holds them beside a result they are one more, or left out by name."""
    (tmp_path / "good.json").write_text(json.dumps(result("good")))
    (tmp_path / "any.json").write_bytes(content)
    notes: list[str] = []
    found = newest_results(tmp_path, say=notes.append)
    outcome: str | UsageError
    try:
        outcome = read_result(tmp_path / "any.json")["suite"]
    except UsageError as error:
        outcome = error
    suites = {read_result(path)["suite"] for path in found}
    if isinstance(outcome, UsageError):
        assert str(tmp_path / "any.json") in outcome.message
        assert (suites, ["any.json" in note for note in notes]) == ({"good"}, [True])
    else:
        assert (suites, notes) == ({"good", outcome}, [])


# The newest


def test_the_newest_result_of_each_suite_is_found(tmp_path: Path) -> None:
    for name, value in {
        "toy-a.json": result(date="2026-02-01"),
        "toy-b.json": result(date="2026-03-01"),
        "toy-c.json": result(date="2026-01-01"),
        "birds-a.json": result("birds"),
        "report.html": None,
    }.items():
        (tmp_path / name).write_text(json.dumps(value))
    assert {path.name for path in newest_results(tmp_path)} == {"toy-b.json", "birds-a.json"}


def test_files_that_are_no_results_are_left_out_and_named_in_one_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as results of versions that wrote no rows."""
    older = {"suite": "toy", "date": "2026-09-01", "code": "abc", "questions": []}
    for name, value in {"toy-a.json": result(), "old-1.json": older, "old-2.json": []}.items():
        (tmp_path / name).write_text(json.dumps(value))
    assert newest_results(tmp_path) == [tmp_path / "toy-a.json"]
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "old-1.json, old-2.json" in told.err
    with pytest.raises(UsageError, match="not a result"):
        read_result(tmp_path / "old-1.json")


def test_a_folder_without_results_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UsageError, match="holds no results") as raised:
            newest_results(folder)
        assert "vouch eval" in raised.value.hint


# The code


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one committed file, in the place of Vouch's."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "code.py").write_text("one = 1\n")
    who = ("-c", "user.name=Vouch", "-c", "user.email=vouch@localhost")
    for command in (("init", "--quiet"), ("add", "."), (*who, "commit", "--quiet", "--message", "One")):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    monkeypatch.setattr(results, "CHECKOUT", folder)
    return folder


def test_the_version_of_a_checkout_is_its_commit_and_whether_files_differ(checkout: Path) -> None:
    clean = results.code_version()
    assert re.fullmatch(r"[0-9a-f]{12}", clean)
    assert results.code_fingerprint() == clean
    (checkout / "untracked").touch()
    assert results.code_version() == clean
    (checkout / "code.py").write_bytes(b"two = '\xff'\n")
    assert results.code_version() == f"{clean}-changed"


def test_another_change_is_another_fingerprint(checkout: Path) -> None:
    found = set()
    for text in ("one = 1\n", "two = 2\n", "two = 3\n"):
        (checkout / "code.py").write_text(text)
        found.add(results.code_fingerprint())
    assert len(found) == 3


def test_the_version_outside_a_checkout_is_the_installed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "CHECKOUT", tmp_path)
    assert results.code_version() == results.code_fingerprint() == importlib.metadata.version("vouch")


def test_the_version_can_be_part_of_a_file_name() -> None:
    assert re.fullmatch(r"[\w.+-]+", results.code_version())


def test_runs_of_a_suite_on_other_data_stand_beside_each_other(tmp_path: Path) -> None:
    for name, on, date in (
        ("a", "scifact", "2026-01-01"),
        ("b", "scifact", "2026-01-02"),
        ("c", "mine", "2025"),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(result(on=on, date=date)))
    assert {path.name for path in newest_results(tmp_path)} == {"b.json", "c.json"}
