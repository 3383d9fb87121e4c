"""Pieces of HTML: as written by hand, and whatever text goes in comes out as text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import markup
from rag.cleaning import clean


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (markup.text('a < b & "c"\x00'), "a &lt; b &amp; &quot;c&quot; "),
        (markup.listed(["a", "<b>"]), "<ul><li>a</li><li>&lt;b&gt;</li></ul>"),
        (markup.listed([]), ""),
        (markup.details("<more>", "<p>a</p>"), "<details><summary>&lt;more&gt;</summary><p>a</p></details>"),
        (markup.definitions([("<n>", "v")]), '<dl class="facts"><dt>&lt;n&gt;</dt><dd>v</dd></dl>'),
        (
            markup.table([["", "<h>"], ["a", "1"]]),
            '<div class="wide"><table><thead><tr><th scope="col"></th><th scope="col">&lt;h&gt;</th></tr>'
            '</thead><tbody><tr><th scope="row">a</th><td>1</td></tr></tbody></table></div>',
        ),
    ],
    ids=["text", "list", "no list", "details", "definitions", "table"],
)
def test_a_piece_is_as_written_by_hand(made: str, wanted: str) -> None:
    assert made == wanted


class Reading(HTMLParser):
    """The tags of a piece, and its text."""

    def __init__(self, piece: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(piece)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text() | st.text("<>&\"'/!-a ;#x3", max_size=20))
def test_any_text_is_read_as_itself(text: str) -> None:
    reading = Reading(markup.listed([text]))
    assert (reading.tags, reading.text) == ({"ul", "li"}, clean(text))
