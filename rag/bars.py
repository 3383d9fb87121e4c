"""Bars for what takes long, on stderr where that is a terminal; nothing elsewhere.

Knows nothing of what takes long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


@contextmanager
def stage_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar a stage, as it is first told of: its name, how many are done, of how many."""
    with _bars(MofNCompleteColumn(), TimeRemainingColumn()) as bars:
        tasks: dict[str, TaskID] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield advance


@contextmanager
def download_bar(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """One bar in bytes: how many are here, of how many."""
    with _bars(DownloadColumn(), TransferSpeedColumn()) as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _bars(*figures: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), *figures)
    return Progress(*columns, console=console, disable=not console.is_terminal)
