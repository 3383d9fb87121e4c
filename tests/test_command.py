"""How a command ends: what a reader can understand is a sentence, a hint and an exit code."""

from __future__ import annotations

import os

import pytest

from rag.command import as_command, say
from rag.errors import LibraryError, MissingLibraryError, UsageError


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        (MissingLibraryError("No index.", hint="Make one."), 1, "vouch: No index.\n       Make one.\n"),
        (LibraryError("It is damaged."), 1, "vouch: It is damaged.\n"),
        (UsageError("No option.", hint="Try --help."), 2, "vouch: No option.\n       Try --help.\n"),
        (
            KeyboardInterrupt(),
            130,
            "Interrupted. Nothing is lost: run the same command again to go on.\n",
        ),
    ],
    ids=["a fault with a hint", "a fault without", "bad usage", "an interrupt"],
)
def test_a_fault_ends_it_with_a_sentence_and_a_code(
    fault: BaseException, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, as_command():
        raise fault
    assert ended.value.code == code
    assert capsys.readouterr() == ("", told)


def test_what_is_no_readers_fault_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), as_command():
        raise ZeroDivisionError


def test_without_a_fault_the_process_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with as_command():
        print("An answer.")
        say("A word beside it.")
    assert capsys.readouterr() == ("An answer.\n", "A word beside it.\n")


def test_libraries_are_told_to_stay_offline_unless_the_reader_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("TRANSFORMERS_OFFLINE", "0")
    with as_command():
        assert (os.environ["HF_HUB_OFFLINE"], os.environ["TRANSFORMERS_OFFLINE"]) == ("1", "0")
