"""Files of questions: what is read, what is refused, and what the shipped ones must keep.

Of a shipped question a failure names the id, never the text: half of them are held.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from fuzzing import at_least
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.metrics import facts_held, normalise, patterns_found
from evals.questions import (
    KINDS,
    Question,
    check_titles,
    find_questions,
    load_questions,
    read_question,
    sample,
)
from rag.errors import UsageError
from rag.pages import read_page
from rag.renewal import seed_paths
from rag.types import Paper
from rag.words import content_stems

SHIPPED = ("answers", "calibration", "stated", "dialogues")
# Of a paraphrase's content stems, the share that its paper may hold; its title holds none.
SAME_WORDS = 0.25
# Of two questions' words, the share in common from which they count as the same question.
ALIKE = 0.75
# Most of these come from a suite that was looked at before the splits were made, and so are dev.
LOOKED_AT = "not_on_shelf"

# A file

GOOD: dict[str, Any] = {"id": "a", "kind": "fact", "question": "How?", "papers": ["P"], "facts": [["x", "y"]]}
NOTHING = {"papers": [], "facts": []}


def write_lines(folder: Path, *lines: str | dict[str, Any]) -> Path:
    path = folder / "suite.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


def test_lines_are_read_and_blank_ones_skipped(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path,
        GOOD,
        "",
        {**GOOD, "id": "b", "kind": "not_stated", **NOTHING, "split": "held", "page": "001"},
        "  ",
        {
            **without("question"),
            "id": "c",
            "kind": "followup",
            "turns": ["What?", "Why?"],
            "forbidden": ["z"],
        },
        "",
    )
    plain, unstated, conversation = load_questions(path)
    assert plain == Question("a", "fact", ("How?",), ("P",), (("x", "y"),))
    assert unstated == Question("b", "not_stated", ("How?",), split="held", page="001")
    assert (conversation.turns, conversation.question) == (("What?", "Why?"), "Why?")
    assert conversation.forbidden == ("z",)


@pytest.mark.parametrize(
    ("kind", "papers", "facts", "answerable"),
    [
        ("fact", ["P"], [["x"]], True),
        ("several", ["P", "Q"], [], True),
        ("metadata", [], [["7"]], True),
        ("adversarial", ["P"], [["x"]], True),
        ("adversarial", [], [], False),
        ("not_stated", [], [], False),
        ("not_on_shelf", [], [], False),
        ("false_premise", [], [], False),
        ("false_premise", ["P"], [["in fact"]], False),
    ],
)
def test_what_is_answerable(kind: str, papers: list[str], facts: list[list[str]], answerable: bool) -> None:
    line = json.dumps(GOOD | {"kind": kind, "papers": papers, "facts": facts})
    assert read_question(line).answerable is answerable


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), id="a byte order mark"),
        pytest.param(json.dumps(GOOD).encode() + b"\r\n", id="Windows line ends"),
        pytest.param(
            json.dumps(GOOD | {"question": "How\u2028so?"}, ensure_ascii=False).encode(), id="U+2028"
        ),
    ],
)
def test_the_same_question_however_the_file_is_written(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "suite.jsonl"
    path.write_bytes(content)
    assert [question.id for question in load_questions(path)] == ["a"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("{", "Expecting", id="not JSON"),
        pytest.param("[]", "not an object", id="not an object"),
        pytest.param("[" * 100_000, "recursion", id="too deep"),
        pytest.param('{"id": ' + "9" * 10_000 + "}", "digits", id="a number of many digits"),
        pytest.param(GOOD | {"extra": 1}, "'extra' is unknown", id="an unknown key"),
        pytest.param(without("id"), "the key id is missing", id="no id"),
        pytest.param(without("facts"), "the key facts is missing", id="no facts"),
        pytest.param(GOOD | {"kind": "essay"}, "'essay', not one of fact", id="an unknown kind"),
        pytest.param(GOOD | {"kind": ["fact"]}, "not one of", id="a kind that is a list"),
        pytest.param(GOOD | {"id": ""}, "id is not a text", id="an empty id"),
        pytest.param(GOOD | {"id": 7}, "id is not a text", id="a number for an id"),
        pytest.param(GOOD | {"question": 5}, "question is not a text", id="a number for a question"),
        pytest.param(GOOD | {"question": " "}, "question is not a text", id="a blank question"),
        pytest.param(without("question"), "either a question or turns", id="no question"),
        pytest.param(GOOD | {"turns": ["Why?"]}, "either a question or turns", id="a question and turns"),
        pytest.param(without("question") | {"turns": []}, "turns", id="no turns"),
        pytest.param(without("question") | {"turns": "Why?"}, "turns", id="turns as a text"),
        pytest.param(without("question") | {"turns": ["Why?", " "]}, "turn", id="a blank turn"),
        pytest.param(GOOD | {"papers": "P"}, "papers is not a list", id="one title, not a list"),
        pytest.param(GOOD | {"papers": [""]}, "papers is not a list", id="an empty title"),
        pytest.param(GOOD | {"facts": "x"}, "facts is not a list", id="facts as a text"),
        pytest.param(GOOD | {"facts": ["x"]}, "a fact is not a list", id="a fact as a text"),
        pytest.param(GOOD | {"facts": [[]]}, "a fact has no patterns", id="an empty fact"),
        pytest.param(GOOD | {"facts": [["("]]}, "is wrong", id="a bad pattern"),
        pytest.param(GOOD | {"forbidden": "x"}, "forbidden is not a list", id="forbidden as a text"),
        pytest.param(GOOD | {"forbidden": ["*"]}, "is wrong", id="a bad forbidden pattern"),
        pytest.param(GOOD | {"split": "test"}, "split is neither", id="an unknown split"),
        pytest.param(GOOD | {"split": ["dev"]}, "split is neither", id="a split that is a list"),
        pytest.param(GOOD | {"page": 1}, "page is not a text", id="a number for a page"),
        pytest.param(GOOD | NOTHING, "wants papers or facts", id="a fact question that wants nothing"),
        pytest.param(GOOD | {"kind": "not_stated"}, "nothing answers", id="not stated, with papers"),
        pytest.param(
            GOOD | {"kind": "not_on_shelf", "papers": []},
            "nothing answers",
            id="not on the shelf, with facts",
        ),
        pytest.param(GOOD, "'a' is used twice", id="an id used twice"),
    ],
)
def test_a_bad_line_is_an_error_that_names_file_and_line(
    tmp_path: Path, line: str | dict[str, Any], said: str
) -> None:
    path = write_lines(tmp_path, GOOD, "", line)
    with pytest.raises(UsageError) as raised:
        load_questions(path)
    assert raised.value.message.startswith(f"{path}:3: ")
    assert said in raised.value.message
    assert raised.value.hint


def test_a_file_that_is_missing_or_empty_or_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_questions(tmp_path / "absent.jsonl")
    with pytest.raises(UsageError, match="cannot be read"):
        load_questions(tmp_path)
    with pytest.raises(UsageError, match="holds nothing"):
        load_questions(write_lines(tmp_path, "", " "))
    (tmp_path / "suite.jsonl").write_bytes(b"\xff\xfe{}")
    with pytest.raises(UsageError, match="not UTF-8"):
        load_questions(tmp_path / "suite.jsonl")


def test_one_split_alone_is_read_where_it_is_named(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path, GOOD, GOOD | {"id": "b", "split": "dev"}, GOOD | {"id": "c", "split": "held"}
    )
    assert [question.id for question in load_questions(path)] == ["a", "b", "c"]
    assert [question.id for question in load_questions(path, split="held")] == ["c"]
    with pytest.raises(UsageError, match="holds no test questions"):
        load_questions(path, split="test")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["fact", "dev", "("]),
    lambda inner: st.lists(inner, max_size=3),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=at_least(100), deadline=None
)
@given(
    data=st.binary()
    | st.fixed_dictionaries(
        {name: JSON | st.just(value) for name, value in GOOD.items()},
        optional=dict.fromkeys(("turns", "forbidden", "split", "page"), JSON),
    ).map(lambda line: json.dumps(line).encode())
)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of odd patterns, told by re
def test_any_bytes_are_questions_or_a_usage_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.jsonl"
    path.write_bytes(data)
    outcome: tuple[Question, ...] | UsageError
    try:
        outcome = load_questions(path)
    except UsageError as error:
        outcome = error
    if isinstance(outcome, UsageError):
        assert str(path) in outcome.message
        assert outcome.hint
    else:
        assert all(question.id and question.turns and question.kind in KINDS for question in outcome)


# Suites by name


def test_a_suite_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    (tmp_path / "birds.jsonl").touch()
    assert find_questions("birds", tmp_path) == tmp_path / "birds.jsonl"
    assert find_questions("elsewhere/mine.jsonl", tmp_path) == Path("elsewhere/mine.jsonl")
    assert find_questions("answers").is_file()


def test_an_unknown_suite_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    for name in ("birds", "fish"):
        (tmp_path / f"{name}.jsonl").touch()
    with pytest.raises(UsageError, match="no eval suite brids") as raised:
        find_questions("brids", tmp_path)
    assert "Did you mean birds? There are: birds, fish;" in raised.value.hint


def test_a_folder_without_suites_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        find_questions("answers", tmp_path)
    assert "jsonl file" in raised.value.hint


# Titles


def test_titles_on_the_shelf_may_be_spelled_another_way() -> None:
    check_titles([Question("a", "fact", ("How?",), ("OWL: A “Sauce”",))], ['Owl: a "sauce"', "Other"])


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [("OWL: A Missing Secret", "Did you mean 'OWL: A Missing Sauce'?"), ("Bread", "`vouch papers` lists")],
)
def test_a_title_that_is_not_on_the_shelf_is_told_with_the_nearest(wanted: str, hint: str) -> None:
    asked = [Question("a", "fact", ("How?",), ("Wanda",)), Question("b", "fact", ("How?",), (wanted,))]
    with pytest.raises(UsageError) as raised:
        check_titles(asked, ["Wanda", "OWL: A Missing Sauce"])
    assert raised.value.message == f"Question b wants {wanted!r}, which is not on the shelf."
    assert raised.value.hint.startswith(hint)


# A sample


def of_kinds(**counts: int) -> list[Question]:
    """So many questions of each kind, the kinds taking turns."""
    rows = [(place, kind) for kind, count in counts.items() for place in range(count)]
    return [Question(f"{kind}-{place}", kind, ("How?",), ("P",)) for place, kind in sorted(rows)]


def test_a_sample_is_spread_over_kinds_and_over_the_file() -> None:
    """8 of 12 + 6 + 2: shares of 6, 3 and 1 halves; within a kind every second question."""
    questions = of_kinds(fact=12, method=6, summary=2)
    chosen = sample(questions, 10)
    assert Counter(question.kind for question in chosen) == {"fact": 6, "method": 3, "summary": 1}
    assert [each.id for each in chosen if each.kind == "method"] == ["method-0", "method-2", "method-4"]
    assert list(chosen) == [question for question in questions if question in chosen]
    assert chosen == sample(questions, 10)


def test_the_largest_remainders_take_what_is_left() -> None:
    """4 of 5 + 4 + 1: 2, 1.6 and 0.4, so 2, 2 and none."""
    chosen = sample(of_kinds(fact=5, method=4, summary=1), 4)
    assert Counter(question.kind for question in chosen) == {"fact": 2, "method": 2}


@given(
    counts=st.dictionaries(st.sampled_from(KINDS), st.integers(1, 12), min_size=1),
    count=st.integers(1, 60),
)
def test_a_sample_has_as_many_as_asked_for_in_the_order_of_the_file(
    counts: dict[str, int], count: int
) -> None:
    questions = of_kinds(**counts)
    chosen = sample(questions, count)
    assert len(chosen) == min(count, len(questions))
    places = [questions.index(question) for question in chosen]
    assert places == sorted(set(places))
    for kind, held in counts.items():
        share = held * len(chosen) / len(questions)
        assert abs(sum(question.kind == kind for question in chosen) - share) < 1


# The shipped files


@pytest.fixture(scope="module")
def papers() -> dict[str, Paper]:
    """The seeds' papers by normalised title."""
    listed = [paper for path in seed_paths() for paper in read_page(path)[1]]
    return {normalise(paper.title): paper for paper in listed}


@pytest.fixture(scope="module")
def answers() -> tuple[Question, ...]:
    return load_questions(find_questions("answers"))


@pytest.fixture(scope="module")
def calibration() -> tuple[Question, ...]:
    return load_questions(find_questions("calibration"))


@pytest.fixture(scope="module")
def dialogues() -> tuple[Question, ...]:
    return load_questions(find_questions("dialogues"))


@pytest.fixture(scope="module")
def paraphrases() -> tuple[Question, ...]:
    return load_questions(find_questions("paraphrases"))


def ids(questions: Iterable[Question]) -> list[str]:
    """What a failure may tell."""
    return [question.id for question in questions]


def words(question: Question) -> set[str]:
    return set(re.findall(r"\w+", " ".join(question.turns).lower()))


def alike(questions: Sequence[Question]) -> list[tuple[str, str]]:
    held = {question.id: words(question) for question in questions}
    return [
        (one, other)
        for one, other in combinations(held, 2)
        if len(held[one] & held[other]) > ALIKE * len(held[one] | held[other])
    ]


def test_the_answers_suite_covers_every_kind_and_page(answers: tuple[Question, ...]) -> None:
    assert len(answers) >= 240
    kinds = Counter(question.kind for question in answers)
    assert {kind for kind in KINDS if kinds[kind] < 10} == set()
    pages = Counter(question.page for question in answers)
    assert pages.keys() == {"all", *(path.stem[:3] for path in seed_paths())}
    assert min(pages.values()) >= 40
    for kind in ("fact", "method", "paraphrase"):
        assert len({question.page for question in answers if question.kind == kind} - {"all"}) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_each_split_has_about_half_of_each_kind(answers: tuple[Question, ...], kind: str) -> None:
    splits = Counter(question.split for question in answers if question.kind == kind)
    assert splits.keys() == {"dev", "held"}
    assert splits["held"] >= 5
    if kind != LOOKED_AT:
        assert 0.4 <= splits["held"] / splits.total() <= 0.6


@pytest.mark.parametrize("suite", [*SHIPPED, "paraphrases"])
def test_every_wanted_title_is_on_the_shelf(suite: str, papers: dict[str, Paper]) -> None:
    questions = load_questions(find_questions(suite))
    assert ids(each for each in questions if not {*map(normalise, each.papers)} <= papers.keys()) == []


@pytest.mark.parametrize("suite", ["answers", "calibration"])
def test_every_wanted_fact_is_in_the_abstract_of_one_of_its_papers(
    suite: str, papers: dict[str, Paper]
) -> None:
    """A summary's, too; what several papers or the shelf's records say may stand elsewhere."""

    def missing(question: Question) -> bool:
        abstracts = [papers[normalise(title)].abstract for title in question.papers]
        return not all(any(facts_held(text, [fact]) for text in abstracts) for fact in question.facts)

    judged = ("fact", "method", "paraphrase", "summary")
    questions = [each for each in load_questions(find_questions(suite)) if each.kind in judged]
    assert len(questions) >= 50
    assert ids(filter(missing, questions)) == []


@pytest.mark.parametrize("suite", SHIPPED)
def test_no_question_says_what_it_asks_for(suite: str) -> None:
    """Of all kinds and in all turns: who repeats the question has no fact."""
    questions = load_questions(find_questions(suite))
    parrots = (
        question
        for question in questions
        if any(facts_held(turn, [fact]) for turn in question.turns for fact in question.facts)
    )
    assert ids(parrots) == []


def test_no_title_says_what_is_asked_for(
    answers: tuple[Question, ...], calibration: tuple[Question, ...], papers: dict[str, Paper]
) -> None:
    """Of a fact, and of all that the relevance model learns from: who repeats the title has no fact."""
    judged = [*(question for question in answers if question.kind == "fact"), *calibration]
    told = (
        question
        for question in judged
        if any(
            facts_held(papers[normalise(title)].title, [fact])
            for title in question.papers
            for fact in question.facts
        )
    )
    assert ids(told) == []


def test_no_paper_holds_what_is_forbidden(answers: tuple[Question, ...], papers: dict[str, Paper]) -> None:
    told = (
        question
        for question in answers
        if any(
            patterns_found(papers[normalise(title)].abstract, question.forbidden) for title in question.papers
        )
    )
    assert ids(told) == []
    assert sum(bool(question.forbidden) for question in answers) >= 20


def test_no_two_questions_are_alike(
    answers: tuple[Question, ...],
    calibration: tuple[Question, ...],
    dialogues: tuple[Question, ...],
    paraphrases: tuple[Question, ...],
) -> None:
    """Of one suite or of several: what is learned from is not what is asked."""
    asked = [*answers, *calibration, *dialogues, *paraphrases]
    assert len({question.id for question in asked}) == len(asked)
    assert alike(asked) == []
    assert alike([asked[0], Question("twin", "fact", asked[0].turns)]) == [(asked[0].id, "twin")]


def test_questions_have_no_white_space_around_them(
    answers: tuple[Question, ...],
    calibration: tuple[Question, ...],
    dialogues: tuple[Question, ...],
    paraphrases: tuple[Question, ...],
) -> None:
    asked = [*answers, *calibration, *dialogues, *paraphrases]
    assert ids(each for each in asked if any(turn != turn.strip() for turn in each.turns)) == []


def test_a_conversation_has_turns_and_only_follow_ups_need_them(answers: tuple[Question, ...]) -> None:
    followups = [question for question in answers if question.kind == "followup"]
    assert ids(question for question in followups if len(question.turns) < 2) == []


def test_the_dialogues_are_two_halves_of_two_to_five_turns_over_all_pages(
    dialogues: tuple[Question, ...],
) -> None:
    assert len(dialogues) >= 44
    splits = Counter(question.split for question in dialogues)
    assert 0.4 <= splits["held"] / splits.total() <= 0.6
    assert {len(question.turns) for question in dialogues} <= {2, 3, 4, 5}
    assert {question.page for question in dialogues} == {"all", *(path.stem[:3] for path in seed_paths())}


def test_what_a_dialogue_wants_stands_in_its_paper_or_its_record(
    dialogues: tuple[Question, ...], papers: dict[str, Paper]
) -> None:
    """A count, which names no paper, stands in none."""

    def missing(question: Question) -> bool:
        wanted = [papers[normalise(title)] for title in question.papers]
        texts = [f"{each.abstract} {', '.join(each.authors)} {each.date}" for each in wanted]
        return not all(any(facts_held(text, [fact]) for text in texts) for fact in question.facts)

    assert ids(question for question in dialogues if question.papers and missing(question)) == []


def test_the_calibration_questions_are_of_the_kinds_that_it_fits(calibration: tuple[Question, ...]) -> None:
    kinds = Counter(question.kind for question in calibration)
    assert kinds == {"fact": 10, "method": 10, "paraphrase": 40, "not_on_shelf": 54}


def test_each_half_of_the_paraphrases_has_every_page(paraphrases: tuple[Question, ...]) -> None:
    """And no paper is asked for twice: each question finds, or misses, another one."""
    assert {question.kind for question in paraphrases} == {"paraphrase"}
    assert Counter(question.split for question in paraphrases) == {"dev": 40, "held": 40}
    halves = {(question.page, question.split) for question in paraphrases}
    assert halves == {(path.stem[:3], split) for path in seed_paths() for split in ("dev", "held")}
    wanted = [title for question in paraphrases for title in question.papers]
    assert len(set(wanted)) == len(wanted) == 80


def test_a_paraphrase_is_in_other_words_than_its_paper(
    paraphrases: tuple[Question, ...], papers: dict[str, Paper]
) -> None:
    def echoes(question: Question, paper: Paper) -> bool:
        asked = content_stems(question.question)
        shared = asked & content_stems(paper.abstract)
        return bool(asked & content_stems(paper.title)) or len(shared) > SAME_WORDS * len(asked)

    wanted = [(question, papers[normalise(title)]) for question in paraphrases for title in question.papers]
    assert ids(question for question, paper in wanted if echoes(question, paper)) == []
    question, paper = wanted[0]
    assert echoes(Question("title", "paraphrase", (paper.title,)), paper)
    assert echoes(Question("words", "paraphrase", (paper.abstract,)), paper)
    assert not echoes(question, paper)
