"""`vouch eval`: what is opened, what is asked, what goes on after an interruption, what is written.

On a tiny shelf with an embedder of words and no model, so that answers are quotes; at the end on the
shipped shelf with real models.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import WordEmbedder, make_page, make_paper

from evals import run
from evals.options import Options
from evals.peers import driver
from evals.results import read_result
from evals.scores import AnswersReport
from rag import cli, wiring
from rag.config import Settings, load_settings
from rag.errors import LockedError, QuestionError, UsageError
from rag.ingest import ingest
from rag.library import Library
from rag.protocols import one_for_all

DOCUMENTS = {
    "owl": "Owls hunt at night.",
    "bread": "Bread rises with yeast.",
    "moon": "The moon has craters.",
}
PAIRS = [
    {"claim": "Bread rises with yeast.", "references": ["Bread rises with yeast."], "label": 1},
    {"claim": "Bread rises with sand.", "references": ["Bread rises with yeast."], "label": 0},
]
OWLS = make_paper("Owls of the North", "Owls hunt mice at night. Their flight is silent.")
LARKS = make_paper("Larks at Dawn", "Larks sing at dawn over open fields. They nest on the ground.")
QUESTIONS = [
    {
        "id": "owl-1",
        "kind": "fact",
        "question": "When do owls hunt mice?",
        "papers": ["Owls of the North"],
        "facts": [["at night"]],
        "split": "dev",
    },
    {
        "id": "lark-1",
        "kind": "fact",
        "question": "When do larks sing over open fields?",
        "papers": ["Larks at Dawn"],
        "facts": [["at dawn"]],
        "split": "held",
    },
    {
        "id": "lark-2",
        "kind": "method",
        "question": "Where do larks nest on the ground?",
        "papers": ["Larks at Dawn"],
        "facts": [["ground"]],
        "split": "dev",
    },
    {
        "id": "bread-1",
        "kind": "not_on_shelf",
        "question": "Which yeast leavens sourdough bread quickest?",
        "papers": [],
        "facts": [],
        "split": "dev",
    },
]


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    embedder = WordEmbedder()
    monkeypatch.setattr(run, "open_embedder", lambda settings: embedder)
    monkeypatch.setattr(wiring, "open_embedder", lambda settings: embedder)
    return embedder


@pytest.fixture
def birds(words: WordEmbedder, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a shelf of two papers, where no model is and the code does not change meanwhile."""
    monkeypatch.setenv("VOUCH_CACHE", str(tmp_path / "no models"))
    monkeypatch.setattr(run, "code_fingerprint", lambda: "abc1234")
    settings = load_settings()
    library = Library.open(settings.library_path, create=True)
    ingest(
        [make_page(OWLS, LARKS)],
        library=library,
        vectors=wiring.open_vectors(settings),
        embedders=one_for_all(words),
    )
    library.close()
    return settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The four questions, in a file."""
    path = tmp_path / "birds.jsonl"
    path.write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS), "utf-8")
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the questions that the assistant is asked."""
    ids: list[str] = []
    ask = run.ask_vouch

    def noted(assistant: Any, question: Any) -> dict[str, Any]:
        ids.append(question.id)
        return ask(assistant, question)

    monkeypatch.setattr(run, "ask_vouch", noted)
    return ids


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir()
    rows = [json.dumps({"id": name, "title": name, "text": text}) for name, text in DOCUMENTS.items()]
    (folder / "corpus.jsonl").write_text("\n".join(rows) + "\n")
    (folder / "queries.test.jsonl").write_text(json.dumps({"id": "1", "text": "when do owls hunt"}) + "\n")
    (folder / "qrels.test.tsv").write_text("1\towl\t1\n")
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(pair) + "\n" for pair in PAIRS))
    return file


@pytest.fixture
def evaluate(results: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`vouch eval` with these arguments, results apart; what it printed."""

    def call(*arguments: str | Path) -> str:
        cli.app(["eval", *map(str, arguments), "--results", str(results)], standalone_mode=False)
        return capsys.readouterr().out

    return call


def the_result(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("*.json")
    return read_result(path)


# Answers


def test_a_file_of_questions_is_asked_and_its_result_written(
    birds: Settings, file: Path, results: Path, evaluate: Callable[..., str]
) -> None:
    table = evaluate(file)
    assert table.split()[:3] == ["vouch", "questions", "right"]
    result = the_result(results)
    assert (result["suite"], result["model"], len(result["rows"])) == ("birds", {}, 4)
    assert result["settings"]["relevance_floor"] == birds.relevance_floor
    assert result["settings"]["answer_seconds"] == run.UNHURRIED_SECONDS
    assert not {"home", "cache", "model"} & result["settings"].keys()
    rows = {row["id"]: row for row in result["rows"]}
    assert {name: row["right"] for name, row in rows.items()} == dict.fromkeys(rows, True)
    assert rows["owl-1"]["titles"] == ["Owls of the North"]
    assert rows["owl-1"]["evidence"][0]["title"] == "Owls of the North"
    assert rows["owl-1"]["relevance"] == rows["owl-1"]["evidence"][0]["relevance"] > 0
    assert rows["bread-1"]["status"] == "not_found"


def test_the_printed_record_is_the_written_one(
    birds: Settings, file: Path, results: Path, evaluate: Callable[..., str]
) -> None:
    printed = json.loads(evaluate(file, "--json"))
    assert printed.items() <= the_result(results).items()


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ([], ["owl-1", "lark-1", "lark-2", "bread-1"]),
        (["--split", "dev"], ["owl-1", "lark-2", "bread-1"]),
        (["--split", "held"], ["lark-1"]),
        (["--sample", "3"], ["owl-1", "lark-2", "bread-1"]),
        (["--split", "dev", "--sample", "1"], ["owl-1"]),
        (["--sample", "99"], ["owl-1", "lark-1", "lark-2", "bread-1"]),
    ],
    ids=" ".join,
)
def test_a_split_or_a_sample_alone_is_asked(
    birds: Settings,
    file: Path,
    asked: list[str],
    evaluate: Callable[..., str],
    options: list[str],
    ids: list[str],
) -> None:
    record = json.loads(evaluate(file, "--json", *options))
    assert asked == [row["id"] for row in record["rows"]] == ids


@pytest.mark.parametrize("show_held", [False, True])
def test_held_questions_are_told_only_where_that_is_asked_for(
    birds: Settings, file: Path, results: Path, evaluate: Callable[..., str], show_held: bool
) -> None:
    printed = evaluate(file, "--json", *(["--show-held"] if show_held else []))
    (path,) = results.glob("*.json")
    for written in (printed, path.read_text("utf-8")):
        assert ("over open fields" in written) is show_held
        assert ("Larks sing" in written) is show_held
        assert "When do owls hunt mice?" in written
    row = next(row for row in json.loads(printed)["rows"] if row["id"] == "lark-1")
    assert (row["right"], row["facts_held"], row["title_recall"]) == (True, 1, 1)
    assert ("titles" in row) is show_held


def test_an_interrupted_run_goes_on_where_it_stopped(
    birds: Settings,
    file: Path,
    results: Path,
    asked: list[str],
    evaluate: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask = run.ask_vouch

    def interrupted(assistant: Any, question: Any) -> dict[str, Any]:
        if question.id == "lark-2":
            raise KeyboardInterrupt
        return ask(assistant, question)

    with monkeypatch.context() as patch:
        patch.setattr(run, "ask_vouch", interrupted)
        assert cli.app(["eval", str(file), "--results", str(results)], standalone_mode=False) == 130
    assert asked == ["owl-1", "lark-1"]
    assert not results.exists()

    evaluate(file)
    assert asked == ["owl-1", "lark-1", "lark-2", "bread-1"]
    assert [row["right"] for row in the_result(results)["rows"]] == [True] * 4

    evaluate(file)
    assert asked[4:] == asked[:4]


def test_what_was_answered_by_other_settings_is_asked_again(
    birds: Settings, file: Path, results: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = run.ask_vouch

    def interrupted(assistant: Any, question: Any) -> dict[str, Any]:
        record = ask(assistant, question)
        if question.id == "lark-1":
            raise KeyboardInterrupt
        return record

    monkeypatch.setattr(run, "ask_vouch", interrupted)
    for floor in ("0.25", "0.3", "0.25"):
        monkeypatch.setenv("VOUCH_RELEVANCE_FLOOR", floor)
        cli.app(["eval", str(file), "--results", str(results)], standalone_mode=False)
    assert asked == ["owl-1", "lark-1", "owl-1", "lark-1", "lark-1"]


def test_a_question_that_cannot_be_asked_fails_alone(
    birds: Settings, file: Path, evaluate: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = run.ask_vouch

    def refusing(assistant: Any, question: Any) -> dict[str, Any]:
        if question.id == "owl-1":
            raise QuestionError("The question is too long.", hint="Ask a shorter one.")
        return ask(assistant, question)

    monkeypatch.setattr(run, "ask_vouch", refusing)
    first, *others = json.loads(evaluate(file, "--json"))["rows"]
    assert (first["status"], first["text"]) == ("failed", "The question is too long.")
    assert all(row["right"] for row in others)


def test_a_conversations_last_turn_is_judged(
    birds: Settings, tmp_path: Path, evaluate: Callable[..., str]
) -> None:
    followup = {
        "id": "talk",
        "kind": "followup",
        "turns": ["When do owls hunt mice?", "Is their flight loud?"],
        "papers": ["Owls of the North"],
        "facts": [["silent"]],
    }
    path = tmp_path / "talk.jsonl"
    path.write_text(json.dumps(followup))
    (row,) = json.loads(evaluate(path, "--json"))["rows"]
    assert (row["right"], row["turns"]) == (True, followup["turns"])


def test_a_wanted_title_that_is_not_on_the_shelf_is_told_before_anything_is_asked(
    birds: Settings, file: Path, results: Path, asked: list[str], evaluate: Callable[..., str]
) -> None:
    lines = file.read_text("utf-8").replace("Larks at Dawn", "Larks at Dusk")
    file.write_text(lines, "utf-8")
    with pytest.raises(UsageError, match="lark-1 wants 'Larks at Dusk'") as raised:
        evaluate(file)
    assert "Did you mean 'Larks at Dawn'?" in raised.value.hint
    assert asked == []
    assert not results.exists()


def test_an_unknown_suite_is_told_with_the_nearest_name(
    birds: Settings, evaluate: Callable[..., str]
) -> None:
    with pytest.raises(UsageError, match="no eval suite anwsers") as raised:
        evaluate("anwsers")
    assert "Did you mean answers?" in raised.value.hint


def test_a_second_run_at_the_same_time_is_told(
    birds: Settings, file: Path, evaluate: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[str] = []
    ask = run.ask_vouch

    def meanwhile(assistant: Any, question: Any) -> dict[str, Any]:
        if not faults:
            faults.append("none")
            with pytest.raises(LockedError) as raised:
                evaluate(file)
            faults.append(str(raised.value))
        return ask(assistant, question)

    monkeypatch.setattr(run, "ask_vouch", meanwhile)
    evaluate(file)
    assert faults == ["none", "The same eval is running already."]


def test_several_suites_are_run_in_turn(
    words: WordEmbedder, birds: Settings, file: Path, pairs: Path, results: Path, evaluate: Callable[..., str]
) -> None:
    evaluate(file, "support", "--pairs", pairs)
    assert sorted(path.name.split("-")[0] for path in results.glob("*.json")) == ["birds", "support"]


# Retrieval and support


def test_a_bench_is_ranked_and_its_index_kept_apart(
    words: WordEmbedder,
    home: Path,
    bench: Path,
    results: Path,
    evaluate: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ("retrieval", "--bench", bench, "--split", "test", "--json")
    first = json.loads(evaluate(*arguments))
    assert (first["bench"], first["documents"], first["queries"]) == ("tiny", 3, 1)
    monkeypatch.setattr(words, "embed_documents", None)
    again = json.loads(evaluate(*arguments))
    assert again == first
    assert not (home / "library.sqlite").exists()
    assert len(list(results.glob("retrieval-*.json"))) == 2


def test_retrieval_on_the_shelf_takes_its_own_questions(
    birds: Settings, file: Path, evaluate: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "RETRIEVAL_SUITES", (str(file),))
    record = json.loads(evaluate("retrieval", "--split", "dev", "--json"))
    assert (record["bench"], record["split"], record["documents"]) == ("shelf", "dev", 2)
    assert (record["queries"], record["left_out"]) == (2, 1)
    assert {row["query"] for row in record["rows"]} == {"owl-1", "lark-2"}


def test_retrieval_on_a_shelf_without_the_wanted_papers_is_told(
    birds: Settings, evaluate: Callable[..., str]
) -> None:
    with pytest.raises(UsageError, match="not on the shelf"):
        evaluate("retrieval")


def test_pairs_are_judged(
    words: WordEmbedder, home: Path, pairs: Path, results: Path, evaluate: Callable[..., str]
) -> None:
    assert "verifier" in evaluate("support", "--pairs", pairs)
    assert [row["supported"] for row in the_result(results)["rows"]] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["support"], "support needs --pairs FILE"),
        (["support", "--pairs", "absent.jsonl"], "absent.jsonl cannot be read"),
        (["retrieval", "--bench", "absent"], "absent"),
        (["absent.jsonl"], "absent.jsonl cannot be read"),
        (["peers", "--peer", "plain"], "need a language model"),
    ],
    ids=["no pairs", "absent pairs", "absent bench", "absent questions", "no model"],
)
def test_what_a_suite_lacks_is_told(
    birds: Settings, results: Path, evaluate: Callable[..., str], arguments: list[str], said: str
) -> None:
    with pytest.raises(UsageError) as raised:
        evaluate(*arguments)
    assert said in raised.value.message
    assert raised.value.hint
    assert not results.exists()


# Where results go


def test_results_go_to_the_checkout_or_else_to_the_data_folder(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run.results_folder(settings) == Path(run.__file__).parent / "results"
    monkeypatch.setattr(run, "CHECKOUT", tmp_path)
    assert run.results_folder(settings) == settings.home / "evals" / "results"


def test_the_report_is_made_of_the_newest_results_and_written_beside_them(
    birds: Settings,
    file: Path,
    results: Path,
    evaluate: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "html", lambda found: f"page of {[each['suite'] for each in found]}")
    monkeypatch.setattr(run, "markdown", lambda found: f"{len(found)} suite")
    evaluate(file)
    (path,) = results.glob("*.json")
    for arguments in ([], [path]):
        assert evaluate("report", *arguments) == "1 suite\n"
        assert (results / "report.html").read_text("utf-8") == "page of ['birds']"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sample", "3"], "--sample means nothing to report."),
        (["--split", "dev"], "--split means nothing to report."),
        (["--show-held"], "--show-held means nothing to report."),
        (["--bench", "folder"], "--bench means nothing to report."),
        (["--peer", "plain"], "--peer means nothing to report."),
        (["--model", "tiny"], "--model means nothing to report."),
        (["--json"], "--json means nothing to report."),
    ],
)
def test_an_option_that_the_report_does_not_read_is_told(
    home: Path, results: Path, evaluate: Callable[..., str], arguments: list[str], said: str
) -> None:
    with pytest.raises(UsageError) as raised:
        evaluate("report", *arguments)
    assert raised.value.message == said
    assert "--results" in raised.value.hint
    assert not results.exists()


def test_a_report_of_nothing_is_told(birds: Settings, tmp_path: Path, evaluate: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match="holds no results"):
        evaluate("report")
    with pytest.raises(UsageError, match="cannot be read"):
        evaluate("report", tmp_path / "absent.json")


# Peers

PARROT = """
import json, sys
timings = dict.fromkeys(["retrieve_s", "first_token_s", "total_s", "prompt_tokens", "output_tokens"])
papers = [json.loads(line) for line in open(sys.argv[sys.argv.index("--papers") + 1])]
print(json.dumps({"ready": 0}), flush=True)
for line in sys.stdin:
    paper = papers[0]
    record = {"text": paper["abstract"] + " [1]", "citations": [{"number": 1, "title": paper["title"]}]}
    print(json.dumps(record | {"timings": timings}), flush=True)
"""


def test_vouch_and_its_peers_are_asked_the_same(
    birds: Settings,
    file: Path,
    results: Path,
    tmp_path: Path,
    asked: list[str],
    evaluate: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One peer, which recites the first paper to whatever it is asked. The model's file is any file."""
    (tmp_path / "peers" / "toy").mkdir(parents=True)
    (tmp_path / "peers" / "toy" / "adapter.py").write_text(PARROT)
    (tmp_path / "any.gguf").write_bytes(b"GGUF")
    choice = run.Choice("any", tmp_path / "any.gguf", None, writes=False)
    monkeypatch.setattr(run.ModelSlot, "choice", lambda slot: choice)
    monkeypatch.setattr(run, "find_questions", lambda name: file)
    for module in ("evals.options", "evals.run"):
        monkeypatch.setattr(f"{module}.find_peers", lambda names: (driver.Peer("toy", "toy"),))
    monkeypatch.setattr(run, "prepare", lambda peer, *, log: None)
    monkeypatch.setattr(driver, "FOLDER", tmp_path / "peers")
    monkeypatch.setattr(driver, "_python", lambda folder: Path(sys.executable))
    evaluate("peers", "--peer", "toy")
    result = the_result(results)
    assert (result["suite"], result["model"]["name"]) == ("peers", "any")
    dev = ["owl-1", "lark-2", "bread-1"]
    assert [(row["system"], row["id"]) for row in result["rows"]] == [
        (system, name) for system in ("vouch", "toy") for name in dev
    ]
    assert [row["right"] for row in result["rows"]] == [True, True, True, True, False, False]
    assert asked == dev


# The real thing


def figures(settings: Settings, results: Path, sample: int) -> AnswersReport:
    options = Options(split="dev", sample=sample, results=results)
    report, path = run.run_suite(settings, "answers", options, progress=lambda stage, done, total: None)
    assert isinstance(report, AnswersReport)
    assert read_result(path)["model"]["sha256"]
    assert len(report.outcomes) == sample
    return report


def test_quotes_from_the_shipped_shelf_have_not_collapsed(
    shelf: Settings, smollm2_path: Path, results: Path
) -> None:
    """Floors, not scores: of the answerable, half cite a right paper."""
    report = figures(shelf.model_copy(update={"model": "smollm2-135m-instruct"}), results, 8)
    answerable = [outcome for outcome in report.outcomes if outcome.question.answerable]
    assert len(answerable) >= 4
    assert sum(bool(outcome.title_recall) for outcome in answerable) >= len(answerable) / 2
    assert [outcome.invented for outcome in report.outcomes] == [()] * 8
    assert sum(outcome.broken_quotes for outcome in report.outcomes) == 0
    assert sum(outcome.checked for outcome in report.outcomes) > 0


@pytest.mark.default_model
def test_the_default_model_says_nothing_that_its_papers_do_not(
    shelf: Settings, default_model_path: Path, results: Path
) -> None:
    report = figures(shelf.model_copy(update={"model": "qwen2.5-coder-0.5b-instruct"}), results, 6)
    assert [outcome.unsupported for outcome in report.outcomes] == [()] * 6
    assert [outcome.invented for outcome in report.outcomes] == [()] * 6
    assert sum(outcome.checked for outcome in report.outcomes) > 0
    assert any(outcome.output_tokens for outcome in report.outcomes)


def test_a_results_folder_that_cannot_be_written_is_told_before_the_run(
    words: WordEmbedder, pairs: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setattr(run, "run_pairs", None)
    with pytest.raises(UsageError, match="cannot be written"):
        cli.app(
            ["eval", "support", "--pairs", str(pairs), "--results", str(tmp_path / "taken" / "results")],
            standalone_mode=False,
        )
