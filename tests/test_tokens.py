"""Token counts: exact on papers, and never slow or failing on text that no paper holds."""

from __future__ import annotations

import subprocess
import sys

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.tokens import ENCODING, LONGEST_RUN, count_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("hello world", 2),
        ("We prune large language models.", 6),
        ("1234567", 3),
        ("\ud800", 1),
        ("\ud83d\ude00", 2),
    ],
)
def test_worked_examples(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


def test_a_control_token_counts_as_words() -> None:
    assert count_tokens("<|endoftext|>") > 1


@settings(deadline=None)
@given(text=st.text(max_size=LONGEST_RUN - 1))
def test_exact_where_no_run_is_long(text: str) -> None:
    assert count_tokens(text) == len(tiktoken.get_encoding(ENCODING).encode_ordinary(text))


@settings(deadline=None)
@given(text=st.text(st.characters(categories=("Cs", "L", "Zs", "Nd"))))
def test_any_text_counts(text: str) -> None:
    assert 0 <= count_tokens(text) <= len(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("unit", ["a", "ab", " ", "\n", "7", ".", "中", "\ud800"])
def test_long_unbroken_runs(unit: str) -> None:
    text = (unit * 50_000)[:50_000]
    parts = len(text) // LONGEST_RUN
    whole = len(tiktoken.get_encoding(ENCODING).encode_ordinary(text))
    assert whole <= count_tokens(text) <= whole + 2 * parts


def test_importing_loads_no_tokeniser() -> None:
    program = "import sys, rag.tokens; sys.exit('tiktoken' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
