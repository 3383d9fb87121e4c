"""The driver of other systems, on peers of a few lines that answer, fail, die, babble and hang."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fakes import make_paper

from evals.answers import Ask, run_answers
from evals.peers import driver
from evals.peers.driver import Ground, Peer, asking, find_peers, prepare, write_papers
from evals.questions import Question
from rag.errors import QuestionError, UsageError

PEER = Peer("toy", "toy", ("--profile", "small"))
ASKED = tuple(Question(f"q{number}", "fact", (f"{number}?",), ("OWL",), (("x",),)) for number in range(4))
# What every peer below starts with: `answer` says a record, `questions` reads what is asked.
PREFACE = """
import json, os, sys, time
from pathlib import Path
here = Path(__file__).parent
with (here / "starts").open("a") as file:
    file.write(f"{os.getpid()}\\n")
timings = dict.fromkeys(["retrieve_s", "first_token_s", "total_s", "prompt_tokens", "output_tokens"])
def say(value):
    print(json.dumps(value), flush=True)
def answer(text, **more):
    say({"text": text, "citations": [], "timings": timings} | more)
questions = map(json.loads, sys.stdin)
"""
READY = 'say({"ready": 0.1})\n'

Asking = Callable[[str], AbstractContextManager[Ask]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toy peer's folder."""
    found = tmp_path / "peers" / "toy"
    found.mkdir(parents=True)
    monkeypatch.setattr(driver, "FOLDER", found.parent)
    monkeypatch.setattr(driver, "_python", lambda folder: Path(sys.executable))
    return found


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "toy.log"


@pytest.fixture
def toy(folder: Path, log: Path, tmp_path: Path) -> Asking:
    """Ask a peer that runs this program after PREFACE."""

    def start(program: str, ground: Ground | None = None) -> AbstractContextManager[Ask]:
        (folder / "adapter.py").write_text(PREFACE + textwrap.dedent(program), "utf-8")
        return asking(PEER, ground or Ground(tmp_path / "m.gguf", tmp_path, tmp_path / "p.jsonl", 0), log=log)

    return start


def starts(folder: Path) -> list[int]:
    """The process ids of the peers that were started."""
    file = folder / "starts"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def told(ask: Ask, question: Question) -> str:
    """The answer's text, or what went wrong."""
    try:
        return str(ask(question)["text"])
    except QuestionError as error:
        return error.message


ECHO = READY + 'for asked in questions: answer(" ".join(asked["turns"]), id=asked["id"])'


def test_a_peer_is_started_once_and_answers_in_turn(toy: Asking, folder: Path) -> None:
    with toy(ECHO) as ask:
        assert starts(folder) == []
        assert [told(ask, question) for question in ASKED] == ["0?", "1?", "2?", "3?"]
        conversation = ask(Question("q", "followup", ("Ä\u2028?", "\ud800?"), ("OWL",)))
        assert (conversation["id"], conversation["text"]) == ("q", "Ä\u2028? \ud800?")
    assert len(starts(folder)) == 1


def test_the_process_is_gone_after_the_block(toy: Asking, folder: Path) -> None:
    with toy(ECHO) as ask:
        ask(ASKED[0])
        (process,) = starts(folder)
        assert alive(process)
    assert not alive(process)


def test_the_process_is_gone_after_an_interrupt_too(toy: Asking, folder: Path) -> None:
    def interrupted() -> None:
        with toy(ECHO) as ask:
            ask(ASKED[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (process,) = starts(folder)
    assert not alive(process)


@pytest.mark.parametrize(("threads", "passed"), [(2, ["--threads", "2"]), (0, [])])
def test_a_peer_is_told_the_common_ground(
    toy: Asking, tmp_path: Path, threads: int, passed: list[str]
) -> None:
    ground = Ground(tmp_path / "m.gguf", tmp_path / "embedder", tmp_path / "p.jsonl", threads)
    with toy(READY + "for asked in questions: answer(json.dumps(sys.argv[1:]))", ground) as ask:
        arguments = json.loads(ask(ASKED[0])["text"])
    assert arguments == [
        *("--model", str(ground.model), "--embedder", str(ground.embedder), "--papers", str(ground.papers)),
        *(*passed, "--profile", "small"),
    ]


def test_a_question_that_a_peer_fails_fails_alone(toy: Asking, folder: Path) -> None:
    program = """
        for asked in questions:
            answer("", error="no memory") if asked["id"] == "q1" else answer("fine")
    """
    with toy(READY + textwrap.dedent(program)) as ask:
        outcomes = run_answers(ask, ASKED[:3], [make_paper()], system="toy")
    assert [outcome.status for outcome in outcomes] == ["answered", "failed", "answered"]
    assert (outcomes[1].system, outcomes[1].text) == ("toy", "toy: no memory")
    assert len(starts(folder)) == 1


DEAD = "toy ended without an answer."
LATE = "toy took too long."


@pytest.mark.parametrize(
    ("deed", "message"),
    [
        pytest.param("sys.exit(3)", DEAD, id="ends"),
        pytest.param("os._exit(1)", DEAD, id="is killed"),
        pytest.param("1 / 0", DEAD, id="raises"),
        pytest.param(
            'sys.stdout.write("half a li"); sys.stdout.flush(); os._exit(1)', DEAD, id="ends in a line"
        ),
        pytest.param('print("Loading ...", flush=True)', DEAD, id="prints no JSON"),
        pytest.param('print("[1, 2]", flush=True)', DEAD, id="prints no object"),
        pytest.param('print("", flush=True)', DEAD, id="prints a blank line"),
        pytest.param('print("[" * 100_000, flush=True)', DEAD, id="prints what has no end"),
        pytest.param('os.write(1, b"\\xff\\xfe\\n")', DEAD, id="prints no text"),
        pytest.param('say({"id": "q1"})', DEAD, id="prints an object that is no answer"),
        pytest.param("answer(None)", DEAD, id="prints an answer without a text"),
        pytest.param('answer("x", citations=["OWL"])', DEAD, id="prints citations that are none"),
        pytest.param('answer("x", timings={})', DEAD, id="prints no times"),
        pytest.param("time.sleep(600)", LATE, id="hangs"),
        pytest.param("os.close(1); time.sleep(600)", DEAD, id="closes its output and hangs"),
    ],
)
def test_a_peer_that_goes_wrong_costs_one_question_and_is_started_anew(
    toy: Asking, folder: Path, monkeypatch: pytest.MonkeyPatch, deed: str, message: str
) -> None:
    if message == LATE:
        monkeypatch.setattr(driver, "ANSWER_SECONDS", 2.0)
    program = (
        f'{READY}for asked in questions:\n    if asked["id"] == "q1": {deed}\n    else: answer("fine")\n'
    )
    with toy(program) as ask:
        assert [told(ask, question) for question in ASKED] == ["fine", message, "fine", "fine"]
    assert len(starts(folder)) == 2
    assert not any(map(alive, starts(folder)))


def test_a_peer_that_ends_between_two_questions_is_started_anew(toy: Asking, folder: Path) -> None:
    with toy(READY + 'answer(next(questions)["id"])') as ask:
        assert [told(ask, question) for question in ASKED] == ["q0", DEAD, "q2", DEAD]
    assert len(starts(folder)) == 2


@pytest.mark.parametrize(
    ("program", "message"),
    [
        pytest.param("raise SystemExit('no model')", DEAD, id="ends"),
        pytest.param("print('Loading ...', flush=True); time.sleep(600)", DEAD, id="prints no JSON"),
        pytest.param("time.sleep(600)", LATE, id="hangs"),
    ],
)
def test_a_peer_that_is_never_ready_fails_every_question_and_leaves_no_process(
    toy: Asking, folder: Path, monkeypatch: pytest.MonkeyPatch, program: str, message: str
) -> None:
    if message == LATE:
        monkeypatch.setattr(driver, "READY_SECONDS", 1.0)
    with toy(program) as ask:
        assert [told(ask, question) for question in ASKED[:2]] == [message, message]
        assert not any(map(alive, starts(folder)))
    assert len(starts(folder)) == 2


def test_a_peer_that_is_not_installed_fails_its_questions(
    toy: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "_python", lambda folder: tmp_path / "no" / "python")
    with toy(ECHO) as ask:
        assert told(ask, ASKED[0]) == DEAD


def test_what_a_peer_prints_on_standard_error_is_logged(toy: Asking, log: Path) -> None:
    with toy(
        'print("warming up", file=sys.stderr)\n' + READY + 'answer(next(questions)["id"])\n1 / 0'
    ) as ask:
        told(ask, ASKED[0])
        with pytest.raises(QuestionError) as raised:
            ask(ASKED[1])
        assert str(log) in raised.value.hint
    assert "warming up" in log.read_text()
    assert "ZeroDivisionError" in log.read_text()


# Names, papers, environments


def test_peers_are_found_by_name_or_all() -> None:
    assert [peer.name for peer in find_peers(())] == list(driver.PEERS)
    assert [peer.name for peer in find_peers(("plain",))] == ["plain"]
    with pytest.raises(UsageError, match="no peer gpt") as raised:
        find_peers(("plain", "gpt"))
    assert "plain" in raised.value.hint


def test_the_papers_are_written_one_a_line(tmp_path: Path) -> None:
    papers = [make_paper("Ä\u2028"), make_paper("Two", "Line\nends.")]
    write_papers(papers, tmp_path / "papers.jsonl")
    lines = (tmp_path / "papers.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [paper.record() for paper in papers]


@pytest.fixture
def commands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would install the peer; each succeeds, and the first makes the environment."""
    ran: list[list[str]] = []

    def run(command: list[str], **options: object) -> None:
        ran.append(command)
        (folder / ".venv").mkdir(exist_ok=True)

    monkeypatch.setattr(driver.subprocess, "run", run)
    return ran


def test_an_environment_is_made_once_for_its_requirements(
    folder: Path, commands: list[list[str]], log: Path
) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text("one==1\n")
    prepare(PEER, log=log)
    assert commands[0] == [sys.executable, "-m", "venv", str(folder / ".venv")]
    assert commands[-1][-2:] == ["--requirement", str(requirements)]
    assert all("--constraint" in command for command in commands[1:])
    made = len(commands)
    prepare(PEER, log=log)
    assert len(commands) == made
    requirements.write_text("one==2\n")
    prepare(PEER, log=log)
    assert len(commands) == 2 * made


def test_an_environment_that_cannot_be_made_is_told_and_tried_again(
    folder: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "requirements.txt").write_text("one==1\n")
    failing = [sys.executable, "-c", "import sys; sys.exit('no room')"]
    run = driver.subprocess.run
    monkeypatch.setattr(driver.subprocess, "run", lambda command, **options: run(failing, **options))
    for _ in range(2):
        with pytest.raises(UsageError, match="toy cannot be installed") as raised:
            prepare(PEER, log=log)
        assert str(log) in raised.value.hint
    assert "no room" in log.read_text()
