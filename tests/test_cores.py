"""The cores that this process may use, where it is bound to some and where nothing binds it."""

from __future__ import annotations

import os

import pytest

from rag.cores import usable_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="This system cannot bind a process.")
def test_a_process_that_is_bound_to_one_core_uses_one() -> None:
    free = os.sched_getaffinity(0)
    assert usable_cores() == len(free)
    try:
        os.sched_setaffinity(0, {min(free)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, free)


@pytest.mark.parametrize(("counted", "used"), [(4, 4), (None, 1)])
def test_where_no_process_is_bound_all_cores_count(
    counted: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    assert usable_cores() == used
