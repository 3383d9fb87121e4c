"""Whether a model's file, its context and its computing fit into the memory that is free, before it is tried.

Needed: the weights once, which llama.cpp maps or arranges anew; keys and values of every token of the
context, two bytes each; a step's attention, which a CPU computes for all pairs; and a margin. Free: what
Linux says can be had without swapping, and no more than the control groups of this process leave. Where
one of the two is not known, nothing is refused. Knows nothing of graphics cards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from rag.errors import ModelError
from rag.gguf import Value, gguf_metadata

# Beside what is counted: the library, the vocabulary, the logits, Python.
MARGIN_BYTES = 150_000_000
# A number of keys, values and attention.
VALUE_BYTES = 2
SCORE_BYTES = 4
# The keys of a file's metadata that describe its vocabulary come last.
VOCABULARY = "tokenizer."

Metadata = Mapping[str, Value]


def check_memory(path: Path, *, context_tokens: int, computed_tokens: int, root: Path = Path("/")) -> None:
    """Raise ModelError where this model, of which so many tokens are computed at once, would not fit."""
    free = free_bytes(root)
    if free is None:
        return
    try:
        metadata, size = gguf_metadata(path, before=VOCABULARY), path.stat().st_size
    except (ModelError, OSError):
        return  # who loads the file says what it is
    needed = size + context_bytes(metadata, context_tokens, computed_tokens) + MARGIN_BYTES
    if needed > free:
        raise ModelError(
            f"{path.name} needs about {needed / 1e9:.1f} GB of memory with a context of {context_tokens} "
            f"tokens, and {free / 1e9:.1f} GB are free.",
            hint="Set context_tokens lower, choose a smaller model (`vouch models`), or end other programs.",
        )


def context_bytes(metadata: Metadata, context_tokens: int, computed_tokens: int) -> int:
    """What a context of so many tokens holds while so many are computed; 0 where the file does not say."""
    kind = metadata.get("general.architecture")

    def number(name: str) -> int:
        """A positive whole number; 0 where there is none, as where it is a list of one for each layer."""
        value = metadata.get(f"{kind}.{name}")
        return value if type(value) is int and value > 0 else 0

    heads = number("attention.head_count")
    if not heads:
        return 0
    context_tokens = min(context_tokens, number("context_length") or context_tokens)
    key = number("attention.key_length") or number("embedding_length") // heads
    value = number("attention.value_length") or number("embedding_length") // heads
    kept = number("block_count") * number("attention.head_count_kv") * (key + value) * VALUE_BYTES
    return context_tokens * (kept + min(computed_tokens, context_tokens) * heads * SCORE_BYTES)


def free_bytes(root: Path = Path("/")) -> int | None:
    """Memory that can be had without swapping; None where that is not known."""
    found = [free for free in (_free_of_machine(root), *_free_of_groups(root)) if free is not None]
    return min(found, default=None)


def _free_of_machine(root: Path) -> int | None:
    kilobytes = _table(root / "proc/meminfo").get("MemAvailable:")
    return None if kilobytes is None else kilobytes * 1024


def _free_of_groups(root: Path) -> Iterator[int | None]:
    """What each control group above this process leaves, of both versions of their interface."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, place = (*line.split(":", 2), "", "")[:3]
        if not controllers:
            top, names = root / "sys/fs/cgroup", ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            top, names = root / "sys/fs/cgroup/memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        # Inside of a container the place may be named as it is outside: then the top is the group.
        folder = top / place.strip("/")
        while folder.is_relative_to(top):
            yield _free_of_group(folder, *names)
            folder = folder.parent


def _free_of_group(folder: Path, limit_name: str, used_name: str) -> int | None:
    limit, used = _integer(_text(folder / limit_name)), _integer(_text(folder / used_name))
    if limit is None or used is None:
        return None
    held = _table(folder / "memory.stat")
    # Copies of files count as used, and go when memory is wanted.
    copies = (held.get(f"total_{name}", held.get(name, 0)) for name in ("inactive_file", "active_file"))
    return max(0, limit - used + sum(copies))


def _table(path: Path) -> dict[str, int]:
    """The numbers of a file that has a name and a number in each line."""
    rows = (line.split() for line in _text(path).splitlines())
    found = ((row[0], _integer(row[1])) for row in rows if len(row) > 1)
    return {name: value for name, value in found if value is not None}


def _integer(text: str) -> int | None:
    """A whole number; None for `max`, which is no limit."""
    return int(text) if text.strip().isdecimal() else None


def _text(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text("utf-8")
    return ""
