"""terminal: what a reader sees in a terminal and in a pipe, whatever a paper or a model wrote."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from fakes import make_paper
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from rag.latex import readable
from rag.tables import table_markdown
from rag.terminal import plain_text, show_answers
from rag.types import Answer, Citation, Claim, Paper, Row, Table, Timings

OWL = make_paper(
    "OWL: A Missing Secret", authors=("Lu Yin", "You Wu"), et_al=True, published=date(2023, 10, 8)
)
UNDATED = make_paper("No Date", authors=("Ada Byron",), published=None)
CLAIM = Claim("OWL prunes.", (1,), "quoted", "OWL prunes.", (0, 11), 0.9)
ANSWER = Answer(
    "What is OWL?",
    "What is OWL?",
    "paper",
    "answered",
    "> “OWL prunes.” [1]",
    claims=(CLAIM,),
    citations=(Citation(1, OWL), Citation(2, UNDATED)),
)
DRAFTED = replace(ANSWER, draft="OWL is magical")
WRITTEN = replace(
    ANSWER, text="OWL is a method. [1]", model="scripted", timings=Timings(total_s=1.25, output_tokens=4)
)


def shown(*answers: Answer, terminal: bool, width: int = 100) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=width, highlight=False)
    show_answers(iter(answers), console)
    return file.getvalue()


def read_by_eye(text: str) -> str:
    """What stays on a page when the colours and the cursor's ways are left out."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_in_a_pipe_only_the_last_answer_is_printed_plainly() -> None:
    assert shown(ANSWER, DRAFTED, WRITTEN, terminal=False) == (
        "OWL is a method. [1]\n\n"
        "Sources\n"
        "[1] OWL: A Missing Secret — Lu Yin, You Wu et al., 2023-10-08\n"
        "[2] No Date — Ada Byron\n"
    )


def test_in_a_pipe_every_answer_is_still_asked_for() -> None:
    asked: list[str] = []

    def growing() -> Iterator[Answer]:
        for answer in (ANSWER, DRAFTED, WRITTEN):
            asked.append(answer.text)
            yield answer

    show_answers(growing(), Console(file=io.StringIO()))
    assert len(asked) == 3


def test_an_answer_without_sources_has_no_list_of_them() -> None:
    refusal = Answer("?", "?", "paper", "not_found", "I found nothing.")
    assert plain_text(refusal) == "I found nothing."
    assert "Sources" not in shown(refusal, terminal=True)


def test_in_a_terminal_the_last_answer_stays_with_its_sources_and_its_model() -> None:
    seen = read_by_eye(shown(ANSWER, DRAFTED, WRITTEN, terminal=True))
    for part in (
        "OWL is a method. [1]",
        "[1] OWL: A Missing Secret",
        "Lu Yin, You Wu et al.",
        "scripted · 1.2 s",
    ):
        assert part in seen


def test_a_draft_is_marked_as_not_checked() -> None:
    seen = read_by_eye(shown(DRAFTED, terminal=True))
    assert "not checked yet: OWL is magical" in seen
    assert "magical" not in shown(DRAFTED, terminal=False)


HOSTILE = [
    "**bold** _it_ `code` # head",
    "[red]markup[/red] [bold]x",
    "[/] [link=http://evil.example]x[/link]",
    "<b>html</b> <script>alert(1)</script>",
    "![x](http://evil.example/x.png) [y](http://evil.example)",
    "| a | b |\n| - | - |",
    "\\[ \\( \\) \\]",
    "$\\Delta$ & < > \"quotes\" 'more'",
    "1. one\n2. two\n- three",
    "量化与剪枝 😀",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_printed_as_it_is_in_a_pipe(text: str) -> None:
    hostile = replace(OWL, title=text, authors=(text,))
    printed = shown(replace(ANSWER, text=text, citations=(Citation(1, hostile),)), terminal=False)
    assert printed.replace(f"{readable(text)} — ", f"{text} — ").count(text) == 3


@pytest.mark.parametrize(
    "text",
    ["**bold** _it_ `code`", "<b>html</b>", "[red]markup[/red]", "![x](http://e.example/x)", "&amp; ~~x~~"],
)
def test_hostile_text_steers_no_markdown_in_a_terminal(text: str) -> None:
    hostile = replace(OWL, title=text, authors=(text,))
    seen = shown(replace(ANSWER, text=f"It says {text}.", citations=(Citation(1, hostile),)), terminal=True)
    assert read_by_eye(seen).count(text) == 3
    assert "\x1b]8" not in seen


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(
    "control",
    [
        "\x1b[2J",
        "\x1b]0;owned\x07",
        "\x1b]8;;http://evil.example\x1b\\",
        "\x9b2J",
        "\x07",
        "\x08\x08",
        "\r",
        "\x00",
        "\u202e",
        "\ud800",
    ],
)
def test_no_text_moves_the_cursor_or_rings_the_bell(control: str, terminal: bool) -> None:
    def answer(inside: str) -> Answer:
        paper = replace(OWL, title=f"T{inside}itle", authors=(f"A{inside}da",))
        return replace(
            ANSWER, text=f"It{inside} says.", draft=f"d{inside}raft", citations=(Citation(1, paper),)
        )

    visible = "".join(character for character in control if character.isprintable())
    assert shown(answer(control), terminal=terminal) == shown(answer(visible), terminal=terminal)


@given(st.text(max_size=120), st.booleans())
@settings(deadline=None)
def test_no_text_breaks_it(text: str, terminal: bool) -> None:
    paper = replace(OWL, title=text, authors=(text,))
    answer = replace(ANSWER, text=text, draft=text, model="m", citations=(Citation(1, paper),))
    assert shown(answer, terminal=terminal)


def test_a_narrow_terminal_loses_no_word() -> None:
    seen = read_by_eye(shown(WRITTEN, terminal=True, width=20))
    assert set("OWL is a method. [1] Sources Missing Secret Lu You".split()) <= set(seen.split())


def test_an_error_on_the_way_is_not_swallowed() -> None:
    def broken() -> Iterator[Answer]:
        yield ANSWER
        raise KeyboardInterrupt

    for terminal in (True, False):
        with pytest.raises(KeyboardInterrupt):
            show_answers(broken(), Console(file=io.StringIO(), force_terminal=terminal))


def source_of(paper: Paper) -> str:
    return plain_text(replace(ANSWER, citations=(Citation(1, paper),))).splitlines()[-1]


@pytest.mark.parametrize(
    ("paper", "line"),
    [
        (OWL, "[1] OWL: A Missing Secret — Lu Yin, You Wu et al., 2023-10-08"),
        (UNDATED, "[1] No Date — Ada Byron"),
    ],
)
def test_a_source_gives_no_date_that_is_not_printed(paper: Paper, line: str) -> None:
    assert source_of(paper) == line


CELL = Claim("OWL \x1b[31mprunes | `layers`.", (1,), "quoted", "OWL prunes.", None, 1.0)
COLUMNS = (Citation(1, OWL), Citation(2, UNDATED))
TABLE = Table(COLUMNS, ("OWL", "No Date"), (Row("idea", (CELL, None)),))
COMPARED = replace(
    ANSWER, text=f"A note.\n\n{table_markdown(TABLE)}\n\nOWL prunes. [1]", table=TABLE, kind="compare"
)


@pytest.mark.parametrize("width", [100, 40])
def test_a_table_is_drawn_between_what_stands_before_and_after(width: int) -> None:
    seen = read_by_eye(shown(COMPARED, terminal=True, width=width))
    places = [seen.index(part) for part in ("A note.", "OWL [1]", "OWL prunes. [1]", "Sources")]
    assert places == sorted(places)
    assert "prunes | `layers`." in " ".join(seen.split())
    assert "---" not in seen


def test_columns_too_narrow_to_read_stand_one_under_the_other() -> None:
    assert "OWL [1]: OWL" in read_by_eye(shown(COMPARED, terminal=True, width=40))
    assert "OWL [1]: OWL" not in read_by_eye(shown(COMPARED, terminal=True, width=100))


def test_a_head_is_bold_and_steers_nothing_else() -> None:
    head = Claim("A *star* `here` (2 papers)", (1,), "computed", "", None, 1.0, head=True)
    text = f"**{head.text}**\n\nOWL is **not bold**. [1]"
    seen = read_by_eye(shown(replace(ANSWER, text=text, claims=(head, *ANSWER.claims)), terminal=True))
    assert "A *star* `here` (2 papers)" in seen
    assert "**A *star*" not in seen
    assert "OWL is **not bold**. [1]" in seen
