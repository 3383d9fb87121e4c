"""GGUF headers: whole ones pass, and nothing that a file can hold brings down the reader of it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from fuzzing import at_least
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag import gguf
from rag.errors import ModelError
from rag.gguf import BLOCKS, check_gguf, gguf_metadata

Q4_0, F32 = 2, 0
STRING, ARRAY, U32, BOOL, F64, I8 = 8, 9, 4, 7, 12, 1


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def texts(*values: str) -> bytes:
    return struct.pack("<IQ", STRING, len(values)) + b"".join(map(text, values))


def numbers(*values: int) -> bytes:
    return struct.pack("<IQ", U32, len(values)) + struct.pack(f"<{len(values)}I", *values)


def tensor(name: str, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}QIQ", *shape, kind, offset)


PAIRS = (
    pair("general.architecture", STRING, text("llama")),
    pair("general.name", STRING, text("Tiny é")),
    pair("general.alignment", U32, struct.pack("<I", 64)),
    pair("tokenizer.tokens", ARRAY, texts("a", "", "<|im_end|>")),
    pair("tokenizer.types", ARRAY, numbers(1, 2, 3)),
    pair("tokenizer.add_bos", BOOL, b"\x01"),
    pair("tiny.scale", F64, struct.pack("<d", 0.5)),
    pair("tiny.shift", I8, struct.pack("<b", -3)),
)
# 32 weights in one block of 18 bytes, then, aligned to 64, 2 x 3 floats: the data end at 64 + 24.
TENSORS = (tensor("embedding", (32,), Q4_0, 0), tensor("output", (2, 3), F32, 64))
DATA_BYTES = 88


def header(
    pairs: tuple[bytes, ...] = PAIRS,
    tensors: tuple[bytes, ...] = TENSORS,
    *,
    version: int = 3,
    pair_count: int | None = None,
    tensor_count: int | None = None,
) -> bytes:
    counts = (
        len(tensors) if tensor_count is None else tensor_count,
        len(pairs) if pair_count is None else pair_count,
    )
    return b"GGUF" + struct.pack("<IQQ", version, *counts) + b"".join(pairs) + b"".join(tensors)


def whole(head: bytes, data: int = DATA_BYTES, alignment: int = 64) -> bytes:
    return head + bytes(-len(head) % alignment) + bytes(data)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tiny.gguf"


def test_reading_ends_before_the_keys_that_are_not_wanted(path: Path) -> None:
    path.write_bytes(header((*PAIRS[:3], pair("tokenizer.tokens", ARRAY, b""))))
    assert gguf_metadata(path, before="tokenizer.").keys() == {
        "general.architecture",
        "general.name",
        "general.alignment",
    }


def test_a_whole_file_passes_and_tells_its_metadata(path: Path) -> None:
    path.write_bytes(whole(header()))
    check_gguf(path)
    assert gguf_metadata(path) == {
        "general.architecture": "llama",
        "general.name": "Tiny é",
        "general.alignment": 64,
        "tokenizer.add_bos": True,
        "tiny.scale": 0.5,
        "tiny.shift": -3,
    }


def test_every_shorter_file_is_refused(path: Path) -> None:
    data = whole(header())
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ModelError) as caught:
            check_gguf(path)
        assert caught.value.hint
        if length >= 4:
            assert "truncated" in caught.value.message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"<!DOCTYPE html><html>", "not a GGUF file", id="an error page"),
        pytest.param(b"GGML" + bytes(64), "not a GGUF file", id="the older format"),
        pytest.param(whole(header(version=1)), "version 1", id="version 1"),
        pytest.param(whole(header(version=3 << 24)), "big-endian", id="big-endian"),
        pytest.param(whole(header(pair_count=2**63)), "metadata keys", id="absurd number of keys"),
        pytest.param(whole(header(tensor_count=2**40)), "tensors", id="absurd number of tensors"),
        pytest.param(whole(header(PAIRS[1:])), "no architecture", id="no architecture"),
        pytest.param(whole(header(tensors=())), "without weights", id="vocabulary only"),
        pytest.param(
            whole(header((pair("k", STRING, struct.pack("<Q", 2**63)),))), "truncated", id="endless text"
        ),
        pytest.param(whole(header((struct.pack("<Q", 2**20),))), "a name of", id="endless key"),
        pytest.param(
            whole(header((pair("k", ARRAY, struct.pack("<IQ", U32, 2**62)),))),
            "truncated",
            id="endless numbers",
        ),
        pytest.param(
            whole(header((pair("k", ARRAY, struct.pack("<IQ", STRING, 2**62)),))),
            "truncated",
            id="endless texts",
        ),
        pytest.param(
            whole(header((pair("k", ARRAY, struct.pack("<IQ", ARRAY, 1)),))),
            "list of unknown",
            id="nested list",
        ),
        pytest.param(whole(header((pair("k", 99, b""),))), "unknown type 99", id="unknown value type"),
        pytest.param(
            whole(header((PAIRS[0], pair("general.alignment", U32, struct.pack("<I", 0))))),
            "alignment of 0",
            id="alignment 0",
        ),
        pytest.param(
            whole(header((PAIRS[0], pair("general.alignment", U32, struct.pack("<I", 48))))),
            "alignment of 48",
            id="alignment 48",
        ),
        pytest.param(
            whole(header((PAIRS[0], pair("general.alignment", STRING, text("64"))))),
            "alignment of '64'",
            id="alignment as text",
        ),
        pytest.param(
            whole(header(tensors=(tensor("t", (1, 1, 1, 1, 1), F32, 0),))), "5 dimensions", id="5 dimensions"
        ),
        pytest.param(
            whole(header(tensors=(tensor("t", (31,), Q4_0, 0),))), "no whole blocks", id="part of a block"
        ),
        pytest.param(
            whole(header(tensors=(tensor("t", (2**63, 2**63), F32, 0),))), "truncated", id="immense tensor"
        ),
        pytest.param(
            whole(header(tensors=(tensor("t", (1,), F32, 2**63),))),
            "truncated",
            id="tensor far behind the end",
        ),
        pytest.param(
            whole(header(tensors=(tensor("t", (1,), 77, 2**40),))),
            "truncated",
            id="unknown type behind the end",
        ),
    ],
)
def test_damage_is_named(path: Path, data: bytes, said: str) -> None:
    path.write_bytes(data)
    with pytest.raises(ModelError, match=said) as caught:
        check_gguf(path)
    assert caught.value.hint


def test_a_tensor_type_newer_than_this_code_is_no_fault(path: Path) -> None:
    path.write_bytes(whole(header(tensors=(tensor("t", (7,), 77, 0),))))
    check_gguf(path)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    for place, said in [
        (tmp_path / "absent.gguf", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe.gguf", "not a regular file"),
        (tmp_path / ("long" * 100), "cannot be read"),
        (Path("nul\0byte.gguf"), "cannot be read"),
    ]:
        with pytest.raises(ModelError, match=said) as caught:
            check_gguf(place)
        assert caught.value.hint


def test_a_long_text_is_passed_over(path: Path) -> None:
    path.write_bytes(whole(header((*PAIRS, pair("chat", STRING, text("x" * 70_000))))))
    check_gguf(path)
    assert "chat" not in gguf_metadata(path)


def test_a_large_file_of_empty_texts_ends_at_the_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "MAX_READ_BYTES", 80_000)
    path.write_bytes(header((pair("k", ARRAY, struct.pack("<IQ", STRING, 2**60)),), tensors=()))
    os.truncate(path, 2**32)  # a hole of zeros: half a thousand million empty texts
    with pytest.raises(ModelError, match="unreasonable length"):
        check_gguf(path)


SMALL = whole(header())


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=at_least(300)
)
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, len(SMALL) - 1),
            st.sampled_from([b"\0", b"\x01", b"\xff", b"\x7f" * 8, b"\xff" * 8]),
        ),
        min_size=1,
        max_size=6,
    ),
    length=st.integers(0, len(SMALL)),
)
def test_mutations_pass_or_are_refused(path: Path, edits: list[tuple[int, bytes]], length: int) -> None:
    data = bytearray(SMALL[:length] if length > 4 else SMALL)
    for start, patch in edits:
        data[start : start + len(patch)] = patch
    read_both(path, bytes(data))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=at_least(200)
)
@given(rest=st.binary(max_size=400))
def test_any_bytes_pass_or_are_refused(path: Path, rest: bytes) -> None:
    read_both(path, b"GGUF" + struct.pack("<IQQ", 3, 1, 3) + rest)


def read_both(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    for read in (check_gguf, gguf_metadata):
        with suppress(ModelError):
            read(path)


def test_block_sizes_are_those_of_the_installed_library() -> None:
    spec = importlib.util.find_spec("llama_cpp")
    libraries = sorted(Path(str(spec.origin)).parent.glob("lib/*ggml-base.*")) if spec else []
    if not libraries:
        pytest.skip("llama.cpp's library is not installed")
    library = ctypes.CDLL(str(libraries[0]))
    library.ggml_blck_size.restype = ctypes.c_int64
    library.ggml_type_size.restype = ctypes.c_size_t
    for kind, sizes in BLOCKS.items():
        assert (library.ggml_blck_size(kind), library.ggml_type_size(kind)) == sizes
