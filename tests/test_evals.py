"""The eval suites: every metric by an example worked by hand, the question files, the runner on a fake."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals import answers, metrics
from evals.answers import Outcome, Question, find_suite, load_questions, run_answers, write_result
from rag.errors import ModelError, QuestionError, UsageError

SEEDS = Path(__file__).parent.parent / "seeds"
SUITES = ("spine", "spine_held_back")
GLUED_AUTHORS = re.compile(r"[A-Z][\w'-]+(?: [A-Z][\w.'-]+){1,3}(?:, | et al\.)")


def answer(
    text: str = "",
    titles: tuple[str, ...] = (),
    *,
    status: str = "answered",
    nearest: tuple[str, ...] = (),
    timings: tuple[float, float, float | None] = (1.0, 0.1, 0.5),
) -> dict[str, Any]:
    """The parts of a `vouch ask --json` object that a suite looks at."""
    total, retrieve, first_token = timings
    return {
        "status": status,
        "text": text,
        "citations": [{"number": number, "title": title} for number, title in enumerate(titles, start=1)],
        "nearest": list(nearest),
        "timings": {"total_s": total, "retrieve_s": retrieve, "first_token_s": first_token},
    }


# Metrics


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        pytest.param("1,730 of 12,000,000", "1730 of 12000000", id="thousands commas"),
        pytest.param("7, 12, and 1,2", "7, 12, and 1,2", id="commas of lists stay"),
        pytest.param("Low–Rank — 12--23", "low-rank - 12-23", id="dashes"),
        pytest.param("“it’s” ``so''", '"it\'s" "so"', id="quotes"),
        pytest.param(r"10.7\% and 11$\times$", "10.7% and 11x", id="LaTeX percent and times"),
        pytest.param(r"$D^2$-\textbf{MoE}", "d^2-moe", id="LaTeX braces and dollars"),
        pytest.param(r"$α/\sqrt{r}$", "α/√r", id="LaTeX root"),
        pytest.param(r"40$\sim$60%", "40~60%", id="LaTeX about"),
        pytest.param("**24** bits[1], [2, 3]\nand", "24 bits , and", id="marks, Markdown, line ends"),
        pytest.param("", "", id="empty"),
    ],
)
def test_normalise(written: str, normal: str) -> None:
    assert metrics.normalise(written) == normal


@given(st.text())
def test_normalising_a_text_twice_changes_no_more_words_than_once(text: str) -> None:
    normal = metrics.normalise(text)
    assert normal == " ".join(normal.split())
    assert not set(normal) & set("$\\{}*`")


FACTS = [["low[- ]rank", "svd"], [r"24(\.0+)? ?%"]]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Low-rank weights save 24% of memory.", 1.0),
        ("The SVD saves **24.0 %** [1].", 1.0),
        ("It is low rank.", 0.5),
        ("It saves 24 bytes.", 0.0),
        ("", 0.0),
    ],
)
def test_facts_held_is_the_share_of_facts_with_an_alternative_in_the_text(text: str, share: float) -> None:
    assert metrics.facts_held(text, FACTS) == share
    assert metrics.all_facts(text, FACTS) == (share == 1.0)


def test_a_citation_mark_is_no_number_of_the_answer() -> None:
    assert metrics.facts_held("It needs some steps [5].", [[r"\b5\b"]]) == 0


def test_title_cited_wants_any_right_title_and_cited_first_wants_it_first() -> None:
    record = answer(titles=("Other", "OWL: A “Sauce”"))
    assert metrics.title_cited(record, ['OWL: A "Sauce"', "Absent"])
    assert not metrics.cited_first(record, ['OWL: A "Sauce"', "Absent"])
    assert metrics.cited_first(record, ["Other"])
    assert not metrics.title_cited(record, ["OWL"])
    assert not metrics.cited_first(answer(), ["Other"])


def test_invented_titles_are_cited_or_nearest_ones_that_the_shelf_lacks() -> None:
    record = answer(titles=("Known", "Made up"), nearest=("Dreamt", "Known"))
    assert metrics.invented_titles(record, ["Known"]) == ["Made up", "Dreamt"]


@pytest.mark.parametrize(
    ("status", "expected"), [("answered", False), ("partly", False), ("not_found", True)]
)
def test_refused(status: str, expected: bool) -> None:
    assert metrics.refused(answer(status=status)) is expected


def test_bootstrap_interval_of_equal_values_is_that_value() -> None:
    assert metrics.bootstrap_interval([1.0, 1.0, 1.0], 7) == (1.0, 1.0)


def test_bootstrap_interval_agrees_with_the_normal_one_on_many_values() -> None:
    # Standard error of a share of 0.5 over 400: 0.025; 1.96 of them to each side.
    low, high = metrics.bootstrap_interval([0.0, 1.0] * 200, 7)
    assert low == pytest.approx(0.451, abs=0.01)
    assert high == pytest.approx(0.549, abs=0.01)
    assert (low, high) == metrics.bootstrap_interval([0.0, 1.0] * 200, 7)


def test_percentile_is_linear_between_neighbours() -> None:
    assert metrics.percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.5
    assert metrics.percentile([0.0, 10.0], 95) == pytest.approx(9.5)
    assert metrics.percentile([3.0], 95) == 3.0


# Question files


def abstract_of(title: str) -> str:
    """The abstract under a title that the seeds print, found in their raw lines."""
    for seed in sorted(SEEDS.glob("*.txt")):
        lines = seed.read_text("utf-8").split("\n")
        for number, line in enumerate(lines):
            if line == title:
                return lines[number + 4]
            if line.startswith(title) and GLUED_AUTHORS.match(line.removeprefix(title)):
                return lines[number + 1]
    raise AssertionError(f"no seed prints the title {title!r}")


@pytest.fixture(params=SUITES)
def questions(request: pytest.FixtureRequest) -> tuple[Question, ...]:
    return load_questions(find_suite(request.param))


def test_a_suite_has_the_same_shape_for_every_seed(questions: tuple[Question, ...]) -> None:
    kinds = Counter(question.kind for question in questions)
    assert kinds == {"fact": 20, "method": 10, "paraphrase": 5, "unanswerable": 5}
    asked = [paper for question in questions for paper in question.papers[:1]]
    assert len(set(asked)) == len(asked)
    seeds = {seed.name: seed.read_text("utf-8") for seed in SEEDS.glob("*.txt")}
    for kind, each in (("fact", 4), ("method", 2), ("paraphrase", 1)):
        homes = [
            next(name for name, text in seeds.items() if question.papers[0] in text)
            for question in questions
            if question.kind == kind
        ]
        assert Counter(homes) == dict.fromkeys(seeds, each)


@pytest.mark.parametrize("suite", [*SUITES, "calibration"])
def test_every_wanted_fact_is_in_its_papers_and_not_in_question_or_title(suite: str) -> None:
    for question in load_questions(find_suite(suite)):
        assert question.question.strip() == question.question
        for paper in question.papers:
            abstract = abstract_of(paper)
            for fact in question.facts:
                assert metrics.facts_held(abstract, [fact]) == 1, (question.id, fact)
                assert metrics.facts_held(paper, [fact]) == 0, (question.id, fact)
                assert metrics.facts_held(question.question, [fact]) == 0, (question.id, fact)


def test_the_held_back_questions_are_about_other_papers() -> None:
    first, second = (load_questions(find_suite(suite)) for suite in SUITES)
    assert not {paper for each in first for paper in each.papers} & {
        paper for each in second for paper in each.papers
    }
    assert not {each.question for each in first} & {each.question for each in second}


def test_the_calibration_questions_are_no_questions_of_the_suites() -> None:
    calibration = load_questions(find_suite("calibration"))
    kinds = Counter(question.kind for question in calibration)
    assert kinds == {"fact": 10, "method": 10, "paraphrase": 40, "unanswerable": 54}
    asked_about = {question.papers[:1] for question in calibration if question.answerable}
    for suite in SUITES:
        questions = load_questions(find_suite(suite))
        assert not asked_about & {question.papers[:1] for question in questions}
        assert not {each.question for each in calibration} & {each.question for each in questions}


def test_an_unknown_suite_is_told_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="spin") as raised:
        find_suite("spin")
    assert "Did you mean spine?" in raised.value.hint


def test_a_folder_without_suites_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        find_suite("spine", tmp_path)
    assert "holds no suite" in raised.value.hint


GOOD: dict[str, Any] = {"id": "a", "kind": "fact", "question": "How?", "papers": ["P"], "facts": [["x", "y"]]}
NOTHING = {"kind": "unanswerable", "papers": [], "facts": []}


def write_lines(folder: Path, *lines: str) -> Path:
    path = folder / "suite.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_load_questions_reads_lines_and_skips_blank_ones(tmp_path: Path) -> None:
    path = write_lines(tmp_path, json.dumps(GOOD), "", json.dumps(GOOD | {"id": "b"} | NOTHING), "")
    assert load_questions(path) == (
        Question("a", "fact", "How?", ("P",), (("x", "y"),)),
        Question("b", "unanswerable", "How?", (), ()),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("{", "Expecting", id="not JSON"),
        pytest.param("[]", "exactly the keys", id="not an object"),
        pytest.param("[" * 100_000, "recursion", id="too deep"),
        pytest.param(json.dumps(GOOD | {"extra": 1}), "exactly the keys", id="an unknown key"),
        pytest.param(json.dumps({"id": "b"}), "exactly the keys", id="missing keys"),
        pytest.param(json.dumps(GOOD | {"kind": "essay"}), "'essay'", id="an unknown kind"),
        pytest.param(json.dumps(GOOD | {"kind": ["fact"]}), "not one of", id="a kind that is a list"),
        pytest.param(json.dumps(GOOD | {"id": ""}), "id is not a text", id="no id"),
        pytest.param(
            json.dumps(GOOD | {"question": 5}), "question is not a text", id="a number for a question"
        ),
        pytest.param(json.dumps(GOOD | {"papers": "P"}), "papers is not a list", id="one title, not a list"),
        pytest.param(json.dumps(GOOD | {"facts": "x"}), "facts is not a list", id="facts as a text"),
        pytest.param(json.dumps(GOOD | {"facts": ["x"]}), "a fact is not a list", id="a fact as a text"),
        pytest.param(json.dumps(GOOD | {"facts": [[]]}), "a fact has no patterns", id="an empty fact"),
        pytest.param(json.dumps(GOOD | {"facts": [["("]]}), "is wrong", id="a bad pattern"),
        pytest.param(json.dumps(GOOD | {"papers": []}), "answerable", id="a fact question without papers"),
        pytest.param(json.dumps(GOOD | {"facts": []}), "answerable", id="a fact question without facts"),
        pytest.param(
            json.dumps(GOOD | {"kind": "unanswerable"}), "answerable", id="unanswerable with papers"
        ),
        pytest.param(json.dumps(GOOD), "used twice", id="an id used twice"),
    ],
)
def test_a_bad_line_is_an_error_that_names_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    path = write_lines(tmp_path, json.dumps(GOOD), "", line)
    with pytest.raises(UsageError, match=said) as raised:
        load_questions(path)
    assert raised.value.message.startswith(f"{path}:3: ")
    assert raised.value.hint


def test_a_file_that_is_missing_or_empty_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_questions(tmp_path / "absent.jsonl")
    with pytest.raises(UsageError, match="holds no questions"):
        load_questions(write_lines(tmp_path, "", " "))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    data=st.binary()
    | st.fixed_dictionaries(dict.fromkeys(GOOD, JSON)).map(lambda line: json.dumps(line).encode())
)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of odd patterns, told by re
def test_any_bytes_are_questions_or_a_usage_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.jsonl"
    path.write_bytes(data)
    try:
        told = [question.id for question in load_questions(path)]
    except UsageError as error:
        told = [error.message.partition(str(path))[1]]
    assert told
    assert all(told)


# The runner

SHELF = ("Right", "Other")
ASKED = (
    Question("fact-001", "fact", "How many?", ("Right",), ((r"\b12\b",), ("apples",))),
    Question("fact-002", "fact", "How few?", ("Right",), ((r"\b3\b",),)),
    Question("method-001", "method", "How so?", ("Other",), (("by hand",),)),
    Question("unanswerable-001", "unanswerable", "Which egg?", (), ()),
    Question("unanswerable-002", "unanswerable", "Which oven?", (), ()),
)
ANSWERS = {
    "How many?": answer("There are 12 pears [1].", ("Other", "Right"), timings=(2.0, 0.2, 1.0)),
    "How few?": answer(
        "No paper says; near is 3 Apples.", status="not_found", nearest=("Other",), timings=(1.0, 0.1, None)
    ),
    "How so?": answer("It is made by hand [1].", ("Other",), timings=(3.0, 0.3, 2.0)),
    "Which egg?": answer("No paper says.", status="not_found", nearest=("Right",), timings=(0.5, 0.1, None)),
    "Which oven?": answer("The big one [1].", ("Dreamt",), timings=(1.5, 0.1, 0.5)),
}


def test_a_run_counts_what_a_hand_counts() -> None:
    seen: list[tuple[int, int, str]] = []

    def on_progress(done: int, total: int, outcome: Outcome) -> None:
        seen.append((done, total, outcome.question.id))

    report = run_answers(ANSWERS.__getitem__, ASKED, SHELF, on_progress, suite="toy")
    assert seen == [(number, 5, question.id) for number, question in enumerate(ASKED, start=1)]
    fact, method, unanswerable, total = report.summaries
    assert [summary.kind for summary in report.summaries] == ["fact", "method", "unanswerable", "total"]

    # "12" of two facts; then a refusal, whose text counts for nothing.
    assert (fact.n, fact.all_facts, fact.mean_facts) == (2, 0.0, 0.25)
    assert (fact.title_cited, fact.cited_first) == (0.5, 0.0)
    assert (fact.wrongly_refused, fact.rightly_refused) == (0.5, None)
    assert (method.all_facts, method.interval, method.cited_first) == (1.0, (1.0, 1.0), 1.0)
    assert (unanswerable.all_facts, unanswerable.interval, unanswerable.title_cited) == (None, None, None)
    assert (unanswerable.rightly_refused, unanswerable.wrongly_refused, unanswerable.invented_titles) == (
        0.5,
        None,
        1,
    )

    assert (total.n, total.failed, total.invented_titles) == (5, 0, 1)
    assert total.all_facts == pytest.approx(1 / 3)
    assert total.mean_facts == pytest.approx(0.5)
    assert total.title_cited == pytest.approx(2 / 3)
    assert total.wrongly_refused == pytest.approx(1 / 3)
    assert total.rightly_refused == 0.5
    assert total.interval == (0.0, 1.0)
    assert total.total_s is not None
    assert (total.total_s.n, total.total_s.median) == (5, 1.5)
    assert total.total_s.p95 == pytest.approx(2.8)  # four fifths of the way from 2 to 3
    assert total.first_token_s is not None
    assert (total.first_token_s.n, total.first_token_s.median) == (3, 1.0)


def test_a_question_that_cannot_be_asked_fails_alone() -> None:
    def ask(question: str) -> dict[str, Any]:
        if question in ("How many?", "Which egg?"):
            raise QuestionError("The question is too long.")
        return ANSWERS[question]

    report = run_answers(ask, ASKED, SHELF)
    assert [outcome.status for outcome in report.outcomes].count("failed") == 2
    fact, _, unanswerable, total = report.summaries
    assert (fact.failed, fact.mean_facts, fact.title_cited) == (1, 0.0, 0.0)
    assert unanswerable.rightly_refused == 0.0
    assert total.total_s is not None
    assert total.total_s.n == 3


def test_a_broken_model_ends_the_run() -> None:
    def ask(question: str) -> dict[str, Any]:
        raise ModelError("The model is damaged.")

    with pytest.raises(ModelError):
        run_answers(ask, ASKED, SHELF)


def test_an_ask_that_quotes_the_right_abstract_scores_full_marks(questions: tuple[Question, ...]) -> None:
    wanted = {question.question: question for question in questions}

    def ask(text: str) -> dict[str, Any]:
        papers = wanted[text].papers
        if not papers:
            return answer(status="not_found", timings=(1.0, 0.1, None))
        return answer(abstract_of(papers[0]), papers[:1], timings=(1.0, 0.1, None))

    shelf = [paper for question in questions for paper in question.papers]
    total = run_answers(ask, questions, shelf).summaries[-1]
    assert (total.all_facts, total.cited_first, total.rightly_refused) == (1.0, 1.0, 1.0)
    assert (total.wrongly_refused, total.invented_titles, total.first_token_s) == (0.0, 0, None)


def test_the_table_has_a_column_a_kind_and_blanks_where_nothing_applies() -> None:
    lines = run_answers(ANSWERS.__getitem__, ASKED, SHELF).table().split("\n")
    rows = {line[:27].strip(): line[27:].split() for line in lines}
    assert rows[""] == ["fact", "method", "unanswerable", "total"]
    assert rows["all facts"] == ["0.00", "1.00", "0.33"]
    assert rows["rightly refused"] == ["0.50", "0.50"]
    assert rows["total, median / p95 s"][-3:] == ["1.50", "/", "2.80"]
    assert len({len(line) for line in lines}) == 1


def test_the_record_is_json_with_a_line_a_question() -> None:
    record = json.loads(json.dumps(run_answers(ANSWERS.__getitem__, ASKED, SHELF, suite="toy").record()))
    assert record["suite"] == "toy"
    assert [summary["kind"] for summary in record["summaries"]] == ["fact", "method", "unanswerable", "total"]
    first = record["questions"][0]
    assert (first["id"], first["kind"], first["question"]) == ("fact-001", "fact", "How many?")
    assert (first["status"], first["facts_held"], first["titles"]) == ("answered", 0.5, ["Other", "Right"])
    assert first["text"] == "There are 12 pears [1]."


def test_a_result_names_suite_date_and_code_and_is_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "code_version", lambda: "abc1234")
    report = run_answers(ANSWERS.__getitem__, ASKED, SHELF, suite="toy")
    first = write_result(report, tmp_path / "results", settings={"model": Path("m.gguf"), "seed": 1})
    second = write_result(report, tmp_path / "results", settings={})
    assert re.fullmatch(r"toy-\d{4}-\d\d-\d\d-abc1234\.json", first.name)
    assert second.name == first.name.replace(".json", "-2.json")
    written = json.loads(first.read_text("utf-8"))
    assert written["settings"] == {"model": "m.gguf", "seed": 1}
    assert (written["code"], written["suite"], len(written["questions"])) == ("abc1234", "toy", 5)


def test_a_result_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    report = run_answers(ANSWERS.__getitem__, ASKED, SHELF)
    with pytest.raises(UsageError, match="cannot be written"):
        write_result(report, tmp_path / "file" / "results", settings={})


def test_code_version_is_the_installed_one_outside_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "__file__", str(tmp_path / "evals" / "answers.py"))
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", answers.code_version())


def test_code_version_can_be_part_of_a_file_name() -> None:
    assert re.fullmatch(r"[\w.+-]+", answers.code_version())
