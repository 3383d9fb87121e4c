"""shown: other people's words in an answer act on nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.shown import inert, shown


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("![x](http://e.example/x.png) and [y](http://e.example)", "[x] (http://e.example/x.png) and [y] (http://e.example)"),
        ("<img src=x> <b>bold</b> a < b <3", "< img src=x> < b>bold< /b> a < b <3"),
        ("as shown in [7] and [2, 3]", "as shown in (7) and (2, 3)"),
        ("[x]: http://e.example [a][b]", "[x] : http://e.example [a] [b]"),
        ("# Heading\n\n> “quoted” [1]", "Heading > “quoted” (1)"),
        ("zero\u200bwidth \u202eright\ud800 to left", "zerowidth right to left"),
        ("!\u200b[x]\u200b(y)", "[x] (y)"),
        ("&#91;7&#93; &lt;b&gt; R&D", "& #91;7& #93; & lt;b& gt; R&D"),
        (r"\textbf{OWL} gains $10\times$", "OWL gains 10x"),
        ("-5% of all", "-5% of all"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_table_of_texts(text: str, line: str) -> None:
    assert shown(text) == line


ACTING = re.compile(r"!\[|\]\(|\]\[|\]:|<[A-Za-z/!?]|\[\s*\^?\d+\s*\]|&#?\w{1,32};")


@given(
    st.lists(st.one_of(st.text(max_size=8), st.sampled_from("![]()<>[7] ^3, &lt; \\[ # > - \n :".split(" "))))
)
def test_nothing_that_acts_is_left(parts: list[str]) -> None:
    line = shown("".join(parts))
    assert not ACTING.search(line)
    assert "\n" not in line
    assert inert(line) == line
