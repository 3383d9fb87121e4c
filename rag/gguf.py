"""The header of a GGUF file: what it says of the model, and whether the file is whole.

Every byte is taken as hostile: reading is bounded by the file's size and by fixed limits.
Knows the format, not the engine; loads no weights and runs nothing of the file, its chat
template least of all. The format: llama.cpp's `ggml/include/gguf.h`, versions 2 and 3.
"""

from __future__ import annotations

import math
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rag.errors import ModelError

Value = str | int | float | bool

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32
MAX_PAIRS = 65_536  # metadata keys; real files have 20 to 60
MAX_TENSORS = 65_536  # the largest mixtures of experts have some 2,000
MAX_DIMENSIONS = 4  # GGML_MAX_DIMS
MAX_NAME_BYTES = 65_535  # the format's own limit for a key
MAX_KEPT_BYTES = 65_536  # longer texts are passed over; chat templates have 1 to 20 kB
# Header bytes looked at, those passed over not counted. A vocabulary of 262,000 with its
# merges costs 6 MiB; the limit keeps a hostile header to seconds and its memory to this.
MAX_READ_BYTES = 32 * 1024 * 1024

STRING, ARRAY = 8, 9
# Value type: struct format. Type 7 is bool, the others are integers and floats.
SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
# Tensor type: (weights in a block, bytes of a block), as ggml_blck_size and ggml_type_size
# of llama-cpp-python 0.3.36 give them.
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110),
    22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8),
    29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36),
    41: (128, 18), 42: (64, 18),
}  # fmt: skip

HINT = "Name a GGUF file of a language model, or fetch one: `vouch models pull`."
HINT_AGAIN = "Fetch the file again."


def check_gguf(path: Path) -> None:
    """Raise ModelError unless `path` is a whole GGUF file that holds weights."""
    with _opened(path) as header:
        pairs, tensors = _counts(header)
        metadata = _metadata(header, pairs)
        if not isinstance(metadata.get("general.architecture"), str):
            raise header.damaged("names no architecture")
        if not tensors:
            raise ModelError(f"{path} is a GGUF file without weights.", hint=HINT)
        needed = _needed_bytes(header, tensors, metadata.get("general.alignment", DEFAULT_ALIGNMENT))
        if needed > header.size:
            raise header.truncated(needed)


def gguf_metadata(path: Path, *, before: str | None = None) -> dict[str, Value]:
    """The metadata of a GGUF file, lists and texts above 64 kB left out. Raises ModelError.

    Reading ends at the first key that begins with `before`: a vocabulary takes most of the time.
    """
    with _opened(path) as header:
        pairs, _ = _counts(header)
        return _metadata(header, pairs, before)


class _Header:
    """Reads forward, never past the file's end nor more than MAX_READ_BYTES."""

    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        self.size = size
        self.position = 0
        self._file = file
        self._path = path
        self._read_bytes = 0

    def take(self, count: int) -> bytes:
        self._advance(count)
        self._read_bytes += count
        if self._read_bytes > MAX_READ_BYTES:
            raise self.damaged("has a header of unreasonable length")
        data = self._file.read(count)
        if len(data) < count:
            raise self.truncated(self.position)
        return data

    def skip(self, count: int) -> None:
        self._advance(count)
        self._file.seek(count, 1)

    def scalar(self, kind: int) -> int | float | bool:
        layout = SCALARS[kind]
        value: int | float | bool = struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        return value

    def u32(self) -> int:
        return int(self.scalar(4))

    def u64(self) -> int:
        return int(self.scalar(10))

    def name(self) -> str:
        length = self.u64()
        if length > MAX_NAME_BYTES:
            raise self.damaged(f"has a name of {length:,} bytes")
        return self.take(length).decode("utf-8", "replace")

    def truncated(self, needed: int) -> ModelError:
        return ModelError(
            f"{self._path} is truncated: it has {self.size:,} bytes and needs {needed:,}.", hint=HINT_AGAIN
        )

    def damaged(self, what: str) -> ModelError:
        return ModelError(f"{self._path} is a damaged GGUF file: it {what}.", hint=HINT_AGAIN)

    def _advance(self, count: int) -> None:
        if self.position + count > self.size:
            raise self.truncated(self.position + count)
        self.position += count


@contextmanager
def _opened(path: Path) -> Iterator[_Header]:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ModelError(f"{path} is a folder, not a GGUF file.", hint=HINT)
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{path} is not a regular file.", hint=HINT)
        if not status.st_size:
            raise ModelError(f"{path} is empty.", hint=HINT_AGAIN)
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise ModelError(f"{path} is not a GGUF file.", hint=HINT)
            file.seek(0)
            yield _Header(file, path, status.st_size)
    except FileNotFoundError as error:
        raise ModelError(f"{path} does not exist.", hint=HINT) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise ModelError(f"{path} cannot be read: {error}.", hint="Check the file's permissions.") from error


def _counts(header: _Header) -> tuple[int, int]:
    """How many metadata pairs and tensors follow."""
    header.skip(len(MAGIC))
    version = header.u32()
    if version not in VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS
        fault = "was made for a big-endian machine" if swapped else f"has version {version}, not 2 or 3"
        raise header.damaged(fault)
    tensors, pairs = header.u64(), header.u64()
    if pairs > MAX_PAIRS or tensors > MAX_TENSORS:
        raise header.damaged(f"claims {pairs:,} metadata keys and {tensors:,} tensors")
    return pairs, tensors


def _metadata(header: _Header, pairs: int, before: str | None = None) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for _ in range(pairs):
        key = header.name()
        if before and key.startswith(before):
            break
        value = _value(header, header.u32())
        if value is not None:
            values[key] = value
    return values


def _value(header: _Header, kind: int) -> Value | None:
    """One metadata value; None for a list or a long text."""
    if kind in SCALARS:
        return header.scalar(kind)
    if kind == ARRAY:
        _pass_array(header)
        return None
    if kind != STRING:
        raise header.damaged(f"has a value of unknown type {kind}")
    length = header.u64()
    if length <= MAX_KEPT_BYTES:
        return header.take(length).decode("utf-8", "replace")
    header.skip(length)
    return None


def _pass_array(header: _Header) -> None:
    kind, count = header.u32(), header.u64()
    if kind in SCALARS:
        header.skip(count * struct.calcsize(SCALARS[kind]))
        return
    if kind != STRING:  # llama.cpp refuses lists of lists, too
        raise header.damaged(f"has a list of unknown type {kind}")
    for _ in range(count):  # ends at the latest with the file or with MAX_READ_BYTES
        header.skip(header.u64())


def _needed_bytes(header: _Header, tensors: int, alignment: Value) -> int:
    """The size that the file must have at least: the end of the last tensor."""
    if type(alignment) is not int or alignment < 1 or alignment & (alignment - 1):
        raise header.damaged(f"has an alignment of {alignment!r}")
    end = max(_tensor_end(header) for _ in range(tensors))
    padding = -header.position % alignment
    return header.position + padding + end


def _tensor_end(header: _Header) -> int:
    """Where one tensor ends, from the start of the data; a tensor of unknown type: where it begins."""
    name, dimensions = header.name(), header.u32()
    if dimensions > MAX_DIMENSIONS:
        raise header.damaged(f"has a tensor {name[:64]!r} of {dimensions:,} dimensions")
    shape = [header.u64() for _ in range(dimensions)]
    kind, offset = header.u32(), header.u64()
    weights, size = BLOCKS.get(kind, (1, 0))
    if shape and shape[0] % weights:
        raise header.damaged(f"has a tensor {name[:64]!r} whose rows are no whole blocks")
    return offset + math.prod(shape) // weights * size
