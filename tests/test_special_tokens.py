"""No text spells a control token: every special string of the two models' vocabularies, tried as text."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

import llama_cpp
import pytest

from rag.llama import Model, Vocabulary

SPECIAL = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN
SPECIAL |= llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED


@pytest.fixture(
    params=["smollm2_path", pytest.param("default_model_path", marks=pytest.mark.default_model)],
    scope="module",
)
def vocabulary(request: pytest.FixtureRequest) -> Iterator[Vocabulary]:
    path: Path = request.getfixturevalue(request.param)
    model = Model(path, gpu_layers=0)
    yield model.vocabulary
    model.free()


def steers(vocabulary: Vocabulary, token: int) -> bool:
    """Whether the model takes this token for an order: of a turn, a role or an end."""
    return bool(llama_cpp.llama_vocab_is_control(vocabulary._pointer, token)) or vocabulary.ends(token)


def spelled(vocabulary: Vocabulary, token: int) -> str:
    buffer = ctypes.create_string_buffer(200)
    written = llama_cpp.llama_token_to_piece(vocabulary._pointer, token, buffer, 200, 0, True)
    return buffer.raw[: max(0, written)].decode("utf-8", "replace")


def test_no_special_string_becomes_a_control_token(vocabulary: Vocabulary) -> None:
    special = [
        token
        for token in range(vocabulary.size)
        if llama_cpp.llama_vocab_get_attr(vocabulary._pointer, token) & SPECIAL or steers(vocabulary, token)
    ]
    strings = {spelled(vocabulary, token) for token in special} - {""}
    assert {"<|im_start|>", "<|im_end|>", "<|endoftext|>"} <= strings
    assert sum(steers(vocabulary, token) for token in special) >= 3
    for string in strings:
        # Also where other text, or what is cleaned away, stands within it.
        hidden = string[:1] + "\u200b" + string[1:]
        for text in (string, f"a{string}b", f"{string}{string}\n", f" {string} ", hidden, string.upper()):
            steering = [token for token in vocabulary.text(text) if steers(vocabulary, token)]
            assert not steering, (text, [spelled(vocabulary, token) for token in steering])
