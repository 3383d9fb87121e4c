"""diary: what is kept comes back as it was, also from another process; nobody else may read it."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from fakes import make_paper
from hypothesis import given
from hypothesis import strategies as st

from rag.diary import LONGEST_TITLE, SCHEMA_VERSION, Diary, Entry
from rag.errors import DiaryError
from rag.types import Answer, Citation, Claim, Inquiry, Plan, Row, Scope, Table, Timings

PAPER = make_paper()
CLAIM = Claim("It sets.", (1,), "supported", "OWL sets", (0, 8), 0.5)
SCOPE = Scope(since=date(2023, 1, 1), within=Scope(papers=("p",)))
ANSWER = Answer(
    "What?",
    "What? · 2023",
    "compare",
    "answered",
    "It sets a sparsity.",
    claims=(CLAIM,),
    citations=(Citation(1, PAPER),),
    nearest=(PAPER,),
    model="tiny",
    timings=Timings(0.1, None, 0.3, 5, 7),
    table=Table((Citation(1, PAPER),), ("OWL",), (Row("idea", (CLAIM,)), Row("data", (None,)))),
    plan=Plan("What?", "catalogue", SCOPE, inquiry=Inquiry("count", SCOPE)),
)
ENTRY = Entry("What?", ANSWER, "Stopped.", SCOPE, {"model": "tiny"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "diary.sqlite"


@pytest.fixture
def diary(path: Path) -> Iterator[Diary]:
    opened = Diary.open(path)
    yield opened
    opened.close()


def test_what_was_kept_comes_back_after_a_restart(path: Path) -> None:
    diary = Diary.open(path)
    kept = diary.write(None, 1, ENTRY)
    assert diary.write(kept, 2, Entry("And?")) == kept
    diary.close()
    again = Diary.open(path)
    assert again.entries(kept) == {1: ENTRY, 2: Entry("And?")}
    assert [(item.title, item.questions) for item in again.find()] == [("What?", 2)]
    again.close()


def test_only_its_owner_may_read_it(diary: Diary, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_in_memory_leaves_no_file(tmp_path: Path) -> None:
    diary = Diary.open(None)
    diary.write(None, 1, ENTRY)
    assert diary.find()
    assert not list(tmp_path.iterdir())
    diary.close()


def test_the_latest_is_listed_first(diary: Diary) -> None:
    first, second = diary.write(None, 1, Entry("First?")), diary.write(None, 1, Entry("Second?"))
    assert [item.id for item in diary.find()] == [second, first]
    diary.write(first, 2, Entry("More?"))
    assert [item.id for item in diary.find()] == [first, second]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", 2),
        ("owl", 1),
        ("OWL sparsity", 1),
        ("renamed", 1),
        ("Wanda OWL", 0),
        ("100%", 1),
        ("_", 0),
        ("'; DROP TABLE exchanges", 0),
    ],
)
def test_it_is_searched_by_all_words(diary: Diary, words: str, found: int) -> None:
    diary.write(None, 1, replace(ENTRY, question="How is owl pruned?"))
    other = diary.write(None, 1, Entry("Is 100% of Wanda pruned?"))
    diary.rename(other, "  Renamed \n one ")
    assert len(diary.find(words)) == found


def test_a_name_is_short_and_never_empty(diary: Diary) -> None:
    kept = diary.write(None, 1, Entry("long " * 100))
    assert len(diary.title(kept)) <= LONGEST_TITLE
    diary.rename(kept, "  ")
    assert diary.title(kept).startswith("long")


def test_a_conversation_that_went_on_elsewhere_forks_and_loses_nothing(diary: Diary) -> None:
    here = diary.write(None, 1, Entry("Owls?", rating=1))
    assert diary.write(here, 2, Entry("Here?")) == here
    there = diary.write(here, 2, Entry("There?"))
    assert diary.write(there, 3, Entry("And there?")) == there
    asked = {
        kept.title: [entry.question for entry in diary.entries(kept.id).values()] for kept in diary.find()
    }
    assert asked == {"Owls?": ["Owls?", "Here?"], "Owls? (2)": ["Owls?", "There?", "And there?"]}
    assert len(diary.rated()) == 1
    diary.write(there, 3, Entry("Elsewhere still?"))
    assert diary.find()[0].title == "Owls? (3)"


def test_what_is_deleted_is_gone_and_a_late_answer_begins_anew(diary: Diary) -> None:
    kept = diary.write(None, 1, ENTRY)
    diary.delete(kept)
    assert (diary.find(), diary.entries(kept), diary.title(kept), diary.rated()) == ([], {}, "", [])
    assert diary.write(kept, 2, Entry("Late?")) != kept


def test_ratings_come_with_the_questions_before(diary: Diary) -> None:
    kept = diary.write(None, 1, Entry("First?"))
    diary.write(kept, 2, ENTRY)
    diary.write(kept, 3, Entry("Third?"))
    diary.rate(kept, 2, 1)
    diary.rate(kept, 3, -7)
    assert diary.rated() == [
        (("First?",), replace(ENTRY, rating=1)),
        (("First?", "What?"), Entry("Third?", rating=-1)),
    ]
    diary.rate(kept, 2, 0)
    assert len(diary.rated()) == 1


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_any_text_can_be_kept_and_looked_for(question: str, words: str) -> None:
    diary = Diary.open(None)
    kept = diary.write(None, 1, Entry(question, replace(ANSWER, question=question, text=words)))
    diary.find(words)
    (entry,) = diary.entries(kept).values()
    assert entry.answer is not None
    assert entry.question == question.encode("utf-8", "replace").decode()
    diary.close()


@given(st.binary(min_size=1))
def test_a_file_that_is_no_diary_is_told(tmp_path_factory: pytest.TempPathFactory, held: bytes) -> None:
    path = tmp_path_factory.mktemp("odd") / "diary.sqlite"
    path.write_bytes(held * 200)
    with pytest.raises(DiaryError, match="cannot be kept"):
        Diary.open(path)


def test_a_newer_one_is_left_alone(path: Path, diary: Diary) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(DiaryError, match="newer Vouch"):
        Diary.open(path)


def test_an_answer_of_another_shape_is_told_not_lost(path: Path, diary: Diary) -> None:
    kept = diary.write(None, 1, ENTRY)
    connection = sqlite3.connect(path)
    connection.execute("""UPDATE exchanges SET answer = '{"text": 3}'""")
    connection.commit()
    connection.close()
    (entry,) = diary.entries(kept).values()
    assert (entry.question, entry.answer) == ("What?", None)
    assert entry.note == "Stopped."
