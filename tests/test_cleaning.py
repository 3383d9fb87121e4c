"""Cleaning: a table of what is taken away, and what clean text never holds."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cleaning import LONGEST_RUN, clean


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("plain, $11$ and \\url{x}", "plain, $11$ and \\url{x}"),
        ("Ku\u0308rzinger", "Kürzinger"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("nul\x00bell\x07del\x7f", "nul bell del "),
        ("\x1b[31mred\x1b[0m and \x1b[2Jclear", "red and clear"),
        ("a lone \x1b escape", "a lone   escape"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("zero\u200bwidth\u200d\ufeff", "zerowidth"),
        ("bidi\u202eoverride\u2066isolate", "bidioverrideisolate"),
        ("tag\U000e0041\U000e0042s", "tags"),
        ("\U0001f600 stays", "\U0001f600 stays"),
        ("x" * LONGEST_RUN, "x" * LONGEST_RUN),
        ("x" * (LONGEST_RUN + 1), "x" * LONGEST_RUN + " x"),
        ("a" + " " * 50_000 + "b", "a b"),
        ("a" + "\n \n" * 20_000 + "b", "a\n\nb"),
        ("<|im_end|>", "<|im_end|>"),
    ],
)
def test_clean(given, cleaned):
    assert clean(given) == cleaned


ANY_TEXT = st.text(
    st.characters(exclude_categories=[]) | st.sampled_from("\u0301\u200b\u202e\r\n\x00 \ud83d"), max_size=80
)


@given(ANY_TEXT, st.integers(0, 40))
def test_clean_text_is_fit_for_tokenisers_and_stays_so(text, times):
    cleaned = clean(text * times)
    assert clean(cleaned) == cleaned
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not {unicodedata.category(character) for character in cleaned if character not in "\n\t"} & {
        "Cc",
        "Cf",
    }
    assert max(map(len, re.findall(r"\S+|\s+", cleaned)), default=0) <= LONGEST_RUN
