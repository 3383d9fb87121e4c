"""The journal of a long run: what is kept, what a crash may cost, who may write."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.journal import Journal, open_journal
from rag.errors import LockedError, ModelError, UsageError

SETTING = {"suite": "toy", "commit": "abc"}
# A run that keeps an item, says so and never ends.
ENDLESS = """
import sys, time
from pathlib import Path
from evals.journal import open_journal
with open_journal(Path(sys.argv[1]), {"suite": "toy", "commit": "abc"}) as journal:
    for number in range(3):
        journal.add(f"q{number}", {"text": f"answer {number}"})
    print("kept", flush=True)
    time.sleep(600)
"""


def interrupted(folder: Path, *items: tuple[str, dict[str, Any]]) -> Path:
    """The file of a run that kept these items and was interrupted."""
    with suppress(KeyboardInterrupt), open_journal(folder, SETTING) as journal:
        for key, item in items:
            journal.add(key, item)
        raise KeyboardInterrupt
    (file,) = folder.glob("*.jsonl")
    return file


def kept(folder: Path, setting: dict[str, Any] = SETTING) -> dict[str, Any]:
    """What a run with that setting finds; it ends without an error."""
    with open_journal(folder, setting) as journal:
        return dict(journal.items())


def test_an_interrupted_run_goes_on_with_what_it_had(tmp_path: Path) -> None:
    odd = {"text": "Æ\u2028\ud800", "n": 1}
    interrupted(tmp_path, ("a", odd), ("b", {}))
    interrupted(tmp_path, ("c", {"n": 3}))
    assert kept(tmp_path) == {"a": odd, "b": {}, "c": {"n": 3}}


def test_an_item_is_there_as_soon_as_it_is_kept(tmp_path: Path) -> None:
    with open_journal(tmp_path, SETTING) as journal:
        journal.add("a", {"n": 1})
        assert journal.items() == {"a": {"n": 1}}
        (file,) = tmp_path.glob("*.jsonl")
        assert json.loads(file.read_text("utf-8")) == {"key": "a", "item": {"n": 1}}


def test_an_error_keeps_the_journal_too(tmp_path: Path) -> None:
    with suppress(ModelError), open_journal(tmp_path, SETTING) as journal:
        journal.add("a", {})
        raise ModelError("The model is damaged.")
    assert kept(tmp_path) == {"a": {}}


def test_a_run_that_ends_leaves_nothing_to_go_on_with(tmp_path: Path) -> None:
    interrupted(tmp_path, ("a", {}))
    assert kept(tmp_path) == {"a": {}}
    assert list(tmp_path.glob("*.jsonl")) == []
    assert kept(tmp_path) == {}


def test_another_setting_is_another_journal(tmp_path: Path) -> None:
    interrupted(tmp_path, ("a", {}))
    assert kept(tmp_path, SETTING | {"commit": "def"}) == {}
    assert kept(tmp_path, dict(reversed(SETTING.items()))) == {"a": {}}


def test_an_item_that_is_kept_again_replaces_the_earlier_one(tmp_path: Path) -> None:
    interrupted(tmp_path, ("a", {"n": 1}), ("a", {"n": 2}))
    assert kept(tmp_path) == {"a": {"n": 2}}


def test_the_items_are_a_copy(tmp_path: Path) -> None:
    with open_journal(tmp_path, SETTING) as journal:
        dict(journal.items()).update(a={})
        assert journal.items() == {}


@pytest.mark.parametrize("lost", range(1, 30))
def test_a_line_that_was_cut_off_is_dropped_and_what_follows_is_read(tmp_path: Path, lost: int) -> None:
    file = interrupted(tmp_path, ("a", {"n": 1}), ("b", {"text": "naïve"}))
    whole = file.read_bytes()
    file.write_bytes(whole[:-lost])
    interrupted(tmp_path, ("c", {"n": 3}))
    found = kept(tmp_path)
    assert found == {"a": {"n": 1}, "c": {"n": 3}} | ({"b": {"text": "naïve"}} if lost == 1 else {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    content=st.just(b"[" * 100_000)
    | st.binary(max_size=80)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "item"]), inner),
        max_leaves=5,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_in_the_file_cost_only_themselves(tmp_path: Path, content: bytes) -> None:
    file = interrupted(tmp_path, ("a", {"n": 1}))
    file.write_bytes(file.read_bytes() + content)
    interrupted(tmp_path, ("last", {"n": 2}))
    found = kept(tmp_path)
    assert found["last"] == {"n": 2}
    assert "a" in found


def test_a_second_run_of_the_same_is_told(tmp_path: Path) -> None:
    with open_journal(tmp_path, SETTING) as first:
        with pytest.raises(LockedError, match="running already") as raised, open_journal(tmp_path, SETTING):
            pass
        assert raised.value.hint
        first.add("a", {})
        assert kept(tmp_path, {"suite": "another"}) == {}
    assert kept(tmp_path) == {}


@pytest.mark.parametrize("place", ["a file in the folder's way", "a folder in the file's way"])
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "evals"
    if place.startswith("a file"):
        folder.write_text("in the way")
    else:
        file = interrupted(folder, ("a", {}))
        file.unlink()
        file.mkdir()
    with pytest.raises(UsageError, match="cannot be written") as raised, open_journal(folder, SETTING):
        pass
    assert raised.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told() -> None:
    with suppress(OSError), Path("/dev/full").open("w") as full:
        journal = Journal(full, {})
        with pytest.raises(UsageError, match="No space left") as raised:
            journal.add("a", {})
        assert raised.value.hint
        assert journal.items() == {}


def test_a_run_that_was_killed_goes_on_where_it_stood(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDLESS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "kept\n"
        with pytest.raises(LockedError):
            kept(tmp_path)
        child.kill()
    assert kept(tmp_path) == {f"q{number}": {"text": f"answer {number}"} for number in range(3)}
