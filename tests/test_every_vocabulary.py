"""No text spells a control token of any vocabulary: all special strings of llama.cpp's vocabulary-only files.

Those files come with the source of llama-cpp-python and not with what is installed of it, so they are looked
for in the folder that VOCABULARIES names.
"""

from __future__ import annotations

import os
from pathlib import Path

import llama_cpp
import pytest

from rag.llama import Vocabulary, _start_library

FOLDER = os.environ.get("VOCABULARIES", "")
FILES = sorted(Path(FOLDER).glob("*.gguf")) if FOLDER else []
SPECIAL = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN
SPECIAL |= llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED


def steers(vocabulary: Vocabulary, token: int) -> bool:
    return bool(llama_cpp.llama_vocab_is_control(vocabulary._pointer, token)) or vocabulary.ends(token)


def check(path: Path) -> int:
    """How many special strings were tried as text; fails on one that steers."""
    _start_library()  # which also keeps it from writing its log
    options = llama_cpp.llama_model_default_params()
    options.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), options)
    if not model:
        pytest.skip(f"llama.cpp does not load {path.name}")
    try:
        vocabulary = Vocabulary(model)
        strings = set()
        for token in range(vocabulary.size):
            attributes = llama_cpp.llama_vocab_get_attr(vocabulary._pointer, token)
            if attributes & SPECIAL or steers(vocabulary, token):
                strings.add((llama_cpp.llama_vocab_get_text(vocabulary._pointer, token) or b"").decode())
        strings -= {""}
        for string in strings:
            for text in (string, f"a{string}b", f"{string}{string}\n", f" {string} "):
                steering = [token for token in vocabulary.text(text) if steers(vocabulary, token)]
                assert not steering, (path.name, text, steering)
        return len(strings)
    finally:
        llama_cpp.llama_model_free(model)


@pytest.mark.skipif(not FILES, reason="VOCABULARIES names no folder of vocabulary-only GGUF files")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_special_string_of_any_vocabulary_steers(path: Path) -> None:
    tried = check(path)
    print(f"{path.stem}: {tried} special strings")
