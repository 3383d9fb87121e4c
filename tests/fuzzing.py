"""How many inputs a property is tried with: at least so many, and more under the profile `torture`."""

from __future__ import annotations

import hypothesis


def at_least(count: int) -> int:
    """To be read when a test is decorated: hypothesis lets a number there count more than its profile."""
    return max(count, hypothesis.settings().max_examples)
