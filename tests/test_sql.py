"""sql: a SELECT is read whole or refused; nothing of it is run."""

from __future__ import annotations

from datetime import date

import pytest
from fakes import make_paper
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag.marking import know_shelf
from rag.sql import is_sql, read_sql
from rag.types import Inquiry, Scope

SHELF = know_shelf([make_paper("OWL", "We prune.", authors=("Lu Yin", "Shiwei Liu"))], 2026)

READ = {
    "select count(*) from papers": Inquiry("count"),
    "SELECT * FROM papers WHERE year = 2023;": Inquiry("list", Scope(years=(2023,))),
    "select title, year from papers where year >= 2023 and year < 2025": Inquiry(
        "list", Scope(since=date(2023, 1, 1), until=date(2024, 12, 31))
    ),
    "select count(*) from papers where category in ('LG', 'cs.CV') and has_code is not null": Inquiry(
        "count", Scope(categories=("LG", "CV"), code_known=True)
    ),
    "select * from papers where first_author = 'Lu Yin' and date is null": Inquiry(
        "list", Scope(first_authors=("Lu Yin",), dated=False)
    ),
    "select * from papers order by date asc limit 2": Inquiry("earliest", most=2),
    "select * from papers where category is null order by year desc": Inquiry(
        "list", Scope(categorised=False), order="newest"
    ),
}
REFUSED = [
    "select max(date) from papers",
    "select * from papers limit 3",
    "select * from papers where year = 2023 or 1=1",
    "select * from papers where category = 'LG' or 1=1",
    "select * from papers where year between 2020 and 2022",
    "select * from papers where not year = 2023",
    "select * from papers where year = 2023 and year = 2024",
    "select * from papers where has_code in (0, 1)",
    "select * from papers where title like '%sparse%'",
    "select * from papers where author like '%Liu%'",
    "select * from papers; drop table papers",
    "select * from papers union select * from pages",
    "select the best papers from 2023",
]


@pytest.mark.parametrize("question", READ)
def test_a_select_is_read(question: str) -> None:
    assert is_sql(question)
    assert read_sql(question, SHELF) == READ[question]


@pytest.mark.parametrize("question", REFUSED)
def test_what_is_not_all_read_is_refused(question: str) -> None:
    assert is_sql(question)
    read = read_sql(question, SHELF)
    assert read.trouble
    assert not read.scope


@pytest.mark.parametrize(
    "question", ["which papers select layers?", "how do they select from experts", "papers"]
)
def test_a_question_in_words_is_no_select(question: str) -> None:
    assert not is_sql(question)


@given(st.text(max_size=60), st.text(max_size=60))
@hypothesis_settings(deadline=None)
def test_no_select_breaks_it(what: str, where: str) -> None:
    read = read_sql(f"select {what} from papers where {where}", SHELF)
    assert read.trouble or read.scope or not where.strip(" ;")
