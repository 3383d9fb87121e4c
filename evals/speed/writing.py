"""How fast a language model reads and writes, by the protocol that answers use."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rag.protocols import LanguageModel
from rag.types import Segment, Usage


def timed(
    model: LanguageModel, segments: Sequence[Segment], count: int, written: list[str] | None = None
) -> tuple[float, float]:
    """Tokens read, and tokens written, a second. The first token counts as read."""
    used: list[Usage] = []
    start = time.perf_counter()
    pieces = model.generate(segments, max_tokens=count, on_usage=used.append)
    first = next(pieces, "")
    between = time.perf_counter()
    rest = list(pieces)
    end = time.perf_counter()
    if written is not None:
        written += [first, *rest]
    return used[0].prompt_tokens / (between - start), max(1, used[0].output_tokens - 1) / (end - between)
