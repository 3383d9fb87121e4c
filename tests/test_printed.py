"""Answers in formats, and files that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import make_paper

from rag.errors import UsageError
from rag.export import export_papers
from rag.printed import answer_in, check_style, check_target, save_papers
from rag.types import Answer, Citation, Claim, Row, Table

PAPER = make_paper()
CITED = (Citation(1, PAPER),)
CELL = Claim("sets a sparsity", (1,), "quoted", "sets a sparsity", (28, 43), 1.0)
TABLE = Table(CITED, ("OWL",), (Row("idea", (CELL,)), Row("result", (None,))))


def answer(table: Table | None = None) -> Answer:
    return Answer("q", "q", "topic", "answered", "It sets. [1]", citations=CITED, table=table)


def test_csv_is_the_table_and_without_one_the_sources():
    assert answer_in(answer(TABLE), "csv") == (
        f"aspect,{PAPER.title}\nidea,sets a sparsity\nresult,not stated in the abstract\n"
    )
    assert answer_in(answer(), "csv") == export_papers([PAPER], "csv")


def test_markdown_is_the_text_and_its_sources():
    assert answer_in(answer(), "markdown").startswith(
        "It sets. [1]\n\n## Sources\n\n- **OWL: A Missing Secret**"
    )


def test_a_format_that_does_not_fit_is_refused():
    check_style("", ("csv",))
    with pytest.raises(UsageError, match="--format cannot be pdf"):
        check_style("pdf", ("csv", "json"))


def test_papers_are_saved_in_the_format_of_the_ending(tmp_path: Path):
    target = tmp_path / "refs.ris"
    assert save_papers([PAPER], target) == f"1 paper written to {target}."
    assert target.read_text("utf-8") == export_papers([PAPER], "ris")
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_is_never_written_over(tmp_path: Path):
    target = tmp_path / "refs.bib"
    target.write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="exists already"):
        save_papers([PAPER], target)
    assert target.read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["refs.docx", "refs", "missing/refs.bib"])
def test_a_target_that_cannot_be_is_refused(tmp_path: Path, name: str):
    with pytest.raises(UsageError):
        check_target(tmp_path / name)


def test_a_fault_while_writing_leaves_nothing(tmp_path: Path):
    target = tmp_path / "refs.bib"
    (tmp_path / ".refs.bib.partial").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        save_papers([PAPER], target)
    assert not target.exists()
