"""Tables: by the rows that they print."""

from __future__ import annotations

import pytest

from evals import tables

ROWS = [["", "first", "b"], ["one", "1", "0.25"], ["twenty", "22", ""]]


def test_a_plain_table_has_its_first_column_to_the_left_and_the_others_to_the_right() -> None:
    assert tables.plain(ROWS).split("\n") == [
        "        first     b",
        "one         1  0.25",
        "twenty     22",
    ]


def test_a_markdown_table_escapes_pipes() -> None:
    assert tables.markdown([["kind", "P|R"], ["a|b", "1"]]).split("\n") == [
        "| kind | P\\|R |",
        "| --- | ---: |",
        "| a\\|b | 1 |",
    ]


@pytest.mark.parametrize("table", [tables.plain, tables.markdown])
def test_a_heading_alone_is_a_table(table) -> None:
    assert table([["a", "b"]]).split("\n")[0].split() in (["a", "b"], ["|", "a", "|", "b", "|"])


def test_numbers_are_blank_where_there_are_none() -> None:
    assert [tables.share(None), tables.share(2 / 3), tables.share(1, 3)] == ["", "0.67", "1.000"]
    assert [tables.between(None), tables.between((0.5, 1))] == ["", "0.50-1.00"]
    assert tables.between([0, 0.12345], 3) == "0.000-0.123"


def test_rows_of_different_lengths_are_a_fault() -> None:
    with pytest.raises(ValueError, match="zip"):
        tables.plain([["a", "b"], ["c"]])
