"""Papers of title and abstract alone: nothing is made up for them."""

from __future__ import annotations

from evals.papers import bare_paper


def test_what_is_not_known_stays_unknown() -> None:
    record = bare_paper("d1", "Owls", "Owls hunt at night.", seed="birds", index=3).record()
    told = {"id": "d1", "title": "Owls", "abstract": "Owls hunt at night.", "seed": "birds", "index": 3}
    assert {key: value for key, value in record.items() if value not in (None, [], "", False)} == told
    assert record["has_code"] is None
