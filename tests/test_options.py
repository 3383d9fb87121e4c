"""What an eval run is on: an option that would be ignored is told, and what is missing, too."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from evals.options import READ_BY, READ_BY_ALL, Options, check_options, check_report_options, data_of
from rag.errors import UsageError

FILE = Path("any.jsonl")


def test_every_option_is_read_by_a_suite_and_no_other_is_named() -> None:
    assert READ_BY_ALL.union(*READ_BY.values()) == {field.name for field in fields(Options)}


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (["answers", "retrieval"], {}),
        (["mine.jsonl"], {"split": "dev", "sample": 3, "show_held": True}),
        (["support", "summaries"], {"pairs": FILE, "articles": FILE, "sample": 3}),
        (["peers", "support"], {"peer": ("plain",), "pairs": FILE, "results": Path("folder")}),
    ],
    ids=["none", "of a file of questions", "of two suites", "of peers"],
)
def test_an_option_that_one_of_the_suites_reads_is_taken(names: list[str], options: dict[str, Any]) -> None:
    check_options(names, Options(**options))


@pytest.mark.parametrize(
    ("names", "options", "said"),
    [
        (["answers"], {"bench": Path("folder")}, "--bench means nothing to answers."),
        (["support"], {"split": "dev"}, "--split means nothing to support."),
        (["support"], {"show_held": True}, "--show-held means nothing to support."),
        (["mine.jsonl"], {"peer": ("plain",)}, "--peer means nothing to mine.jsonl."),
        (["retrieval", "answers"], {"pairs": FILE}, "--pairs means nothing to retrieval and answers."),
        (["retreival"], {}, "There is no eval suite retreival."),
        (["answers", "report"], {}, "There is no eval suite report."),
        (["answers", "support"], {}, "support needs --pairs FILE."),
        (["peers"], {"peer": ("plane",)}, "There is no peer plane."),
    ],
)
def test_what_no_suite_reads_or_one_lacks_is_told(
    names: list[str], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as raised:
        check_options(names, Options(**options))
    assert raised.value.message == said
    assert raised.value.hint


def test_the_hint_names_the_suites_that_read_the_option() -> None:
    with pytest.raises(UsageError) as raised:
        check_options(["support"], Options(sample=3))
    assert raised.value.hint == "It is for: answers or peers or retrieval or summaries or injection."


def test_a_mistyped_suite_is_offered_the_nearest_one() -> None:
    with pytest.raises(UsageError) as raised:
        check_options(["retreival"], Options())
    assert raised.value.hint.startswith("Did you mean retrieval?")


def test_the_report_reads_the_folder_of_results_alone() -> None:
    check_report_options(Options(results=Path("folder")), model="", json=False)
    for options, others in ((Options(show_held=True), {}), (Options(), {"show_held": True})):
        with pytest.raises(UsageError, match="--show-held means nothing to report"):
            check_report_options(options, **others)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("answers", {}, ""),
        ("answers", {"split": "dev", "sample": 9}, "dev, 9 of them"),
        ("some/mine.jsonl", {}, "mine.jsonl"),
        ("retrieval", {"bench": Path("benches/birds"), "split": "test"}, "birds, test"),
        ("support", {"pairs": Path("birds/pairs.jsonl")}, "birds/pairs.jsonl"),
    ],
)
def test_a_result_says_what_it_is_on(name: str, options: dict[str, Any], said: str) -> None:
    assert data_of(name, Options(**options)) == said
