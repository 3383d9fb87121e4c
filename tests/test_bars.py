"""Bars: drawn on a terminal, nothing elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rag import bars
from rag.bars import download_bar, stage_bars


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is drawn where stderr is a terminal."""
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=100)
    monkeypatch.setattr(bars, "Console", lambda *, stderr: console)
    return drawn


def test_a_stage_has_a_bar_from_when_it_is_first_told_of(terminal: io.StringIO) -> None:
    with stage_bars() as advance:
        advance("Reading", 1, 3)
        assert "Embedding" not in terminal.getvalue()
        advance("Reading", 3, 3)
        advance("Embedding", 2, 7)
    last = terminal.getvalue().rsplit("Reading", 1)[1]
    assert "3/3" in last
    assert "2/7" in last.split("Embedding")[1]


def test_a_download_is_told_in_bytes_also_where_its_size_is_not_known(terminal: io.StringIO) -> None:
    with download_bar("small.gguf") as advance:
        advance(2_000_000, None)
        advance(2_000_000, 4_000_000)
    last = terminal.getvalue().rsplit("small.gguf", 1)[1]
    assert "2.0/4.0 MB" in last


def test_where_there_is_no_terminal_nothing_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    with stage_bars() as advance:
        advance("Reading", 1, 3)
    with download_bar("small.gguf") as told:
        told(1, None)
    assert capsys.readouterr() == ("", "")
