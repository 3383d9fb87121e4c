"""app: the server's guards, and the page in a real browser."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState
from reading_room import (
    PAPER,
    PATIENCE_SECONDS,
    QUOTE,
    TITLE,
    Running,
    Scripted,
    Seen,
    chromium,
    looking,
    running,
)
from visiting import Site, Visitor

from rag.config import load_settings
from rag.diary import Diary
from rag.errors import UsageError
from rag.latex import readable
from ui import app as chat
from ui.conversation import Errands
from ui.serve import is_loopback

# The server


@pytest.fixture
def site() -> Iterator[Running]:
    yield from running(Scripted(), examples=(("", "Is this example wait-free?"), ("Ada Byron", "Another?")))


@pytest.fixture(scope="module")
def guarded() -> Iterator[Running]:
    yield from running(Scripted(), auth=("reader", "secret"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="own address"),
        pytest.param({"Host": "localhost:7860"}, 200, id="localhost"),
        pytest.param({"Host": "[::1]:7860"}, 200, id="IPv6"),
        pytest.param({"Host": "evil.example"}, 400, id="a name that was pointed here"),
        pytest.param({"Host": "127.0.0.1.evil.example"}, 400, id="a name that looks like here"),
        pytest.param({"Origin": "http://evil.example"}, 403, id="another site's request"),
        pytest.param({"Origin": "null"}, 403, id="a page without an origin"),
        pytest.param({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200, id="own request"),
    ],
)
def test_only_this_page_is_answered(guarded: Running, headers: dict[str, str], status: int) -> None:
    assert guarded.get(**headers).status == status


def test_answers_carry_the_policy(guarded: Running) -> None:
    policy = guarded.get().headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_without_login_nothing_is_told(guarded: Running) -> None:
    assert guarded.get("/config").status == 401


def test_no_more_questions_wait_than_the_setting_says() -> None:
    async def most_waiting() -> int | None:
        """Inside an event loop, as the server does: outside one, gradio makes loops that nobody closes."""
        with contextlib.closing(Diary.open(None)) as diary:
            return chat.build_page(Errands(Scripted()), diary, queue_length=3)._queue.max_size

    assert asyncio.run(most_waiting()) == 3
    assert load_settings().queue_length == chat.LONGEST_QUEUE


def test_an_answer_leaves_no_part_of_the_page_behind(site: Running) -> None:
    visitor = Visitor(Site(site.port))

    def parts_held() -> int:
        for _ in range(3):
            visitor.ask("Why is it so?")
        gc.collect()
        return sum(isinstance(each, gr.HTML | gr.Textbox | gr.Button) for each in gc.get_objects())

    assert parts_held() == parts_held()


def test_of_browser_sessions_the_latest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "MOST_SESSIONS", 2)

    def sessions_held() -> int:
        gc.collect()
        return sum(isinstance(each, SessionState) for each in gc.get_objects())

    before = sessions_held()
    for site in running(Scripted()):
        for _ in range(5):
            Visitor(Site(site.port)).ask("Why is it so?")
        assert sessions_held() <= before + 2


def test_readers_are_answered_in_the_order_in_which_they_came(site: Running) -> None:
    questions = ["Will you wait?", *(f"Number {number}?" for number in range(1, chat.READERS_AT_ONCE))]
    with contextlib.ExitStack() as open_streams:
        streams = []
        for question in questions:
            visitor = Visitor(Site(site.port))
            visitor.join(question)
            streams.append(open_streams.enter_context(visitor.news()))
            assert any(said["msg"] == "process_generating" for said in streams[-1])
        site.assistant.gate.set()
        for news in streams:
            assert any(said["msg"] == "process_completed" for said in news)
    assert [question for question, _ in site.assistant.asked] == questions


@pytest.mark.parametrize("path", ["/etc/passwd", str(Path(chat.__file__))])
def test_no_file_of_the_machine_is_served(site: Running, path: str) -> None:
    assert site.get(f"/gradio_api/file={path}").status == 403


def test_a_taken_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} is already in use") as caught:
            chat.serve(Scripted(), host="127.0.0.1", port=port, on_ready=print)
    assert "--port" in caught.value.hint


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70000), ("127.0.0.1", -1), ("256.0.0.1", 7860)], ids=str
)
def test_an_impossible_address_is_said(host: str, port: int) -> None:
    with pytest.raises(UsageError, match="cannot be served"):
        chat.serve(Scripted(), host=host, port=port, auth=("reader", "secret"), on_ready=print)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example", ""])
def test_other_machines_need_a_password(host: str) -> None:
    with pytest.raises(UsageError, match="password"):
        chat.serve(Scripted(), host=host, port=7860, on_ready=print)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    assert is_loopback(host)


SERVED = """
from ui.app import serve
class Silent:
    def status(self): return "silent"
    def pages(self): return ()
    def papers(self, scope): return ()
serve(Silent(), host="127.0.0.1", port=0, on_ready=lambda address: print(address, flush=True))
print("ended", flush=True)
"""


def test_an_interrupt_ends_it_cleanly_while_a_page_is_open() -> None:
    command = [sys.executable, "-c", SERVED]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(chat.__file__).parent.parent,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=PATIENCE_SECONDS)
        connection.request("GET", "/gradio_api/heartbeat/session")
        heartbeat = connection.getresponse()
        assert heartbeat.status == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        heartbeat.close()
        connection.close()
    assert out == "ended\n"
    assert "Traceback" not in err
    assert process.returncode == 0


# The page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def seen(browser: Any, site: Running) -> Iterator[Seen]:
    with looking(browser, site) as opened:
        yield opened


@pytest.mark.browser
def test_an_answer_grows_and_its_source_opens_at_the_quoted_words(seen: Seen, site: Running) -> None:
    page = seen.page
    seen.ask("Will you <i>wait</i>?")
    page.get_by_text("writing, not checked yet").wait_for()
    assert page.locator(".question").inner_text() == "Will you <i>wait</i>?"
    assert page.locator("q").inner_text().strip("“”") == QUOTE
    assert page.locator(".exchange cite").inner_text() == TITLE
    assert not page.locator(".exchange mark").is_visible()
    page.locator(".exchange summary").click()
    page.locator(".exchange mark").wait_for()
    site.assistant.gate.set()
    page.get_by_text("Salient weights stay in more bits.").wait_for()
    assert page.get_by_text("writing, not checked yet").count() == 0
    assert page.locator(".exchange mark").is_visible()  # the growing answer left it open
    assert page.locator(".exchange mark").inner_text() == QUOTE
    assert page.locator(".exchange .abstract").inner_text() == readable(PAPER.abstract)
    assert page.locator(".exchange :is(img, a, b, i, script)").count() == 0
    assert page.evaluate("window.broken") is None
    assert "tiny" in page.locator(".footer").inner_text()
    assert page.locator("#status").inner_text() == site.assistant.status()
    page.get_by_role("button", name="Ask", exact=True).wait_for()


@pytest.mark.browser
def test_a_chip_opens_its_source(seen: Seen) -> None:
    seen.ask("Why?")
    seen.page.get_by_role("button", name=f"Source 1: {TITLE}").last.click()
    seen.page.locator(".exchange mark").wait_for()
    assert seen.page.evaluate("document.activeElement.tagName") == "SUMMARY"


@pytest.mark.browser
def test_stop_cancels_and_the_page_goes_on(seen: Seen, site: Running) -> None:
    page = seen.page
    seen.ask("Will you wait?")
    page.get_by_text("writing, not checked yet").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped.").wait_for()
    assert site.assistant.cancelled.wait(PATIENCE_SECONDS)
    assert page.get_by_text("writing, not checked yet").count() == 0
    assert page.locator("q").count() == 1
    seen.ask("And then?")
    page.locator("#current").get_by_text("Salient weights stay in more bits.").wait_for()
    assert page.locator("#earlier").get_by_text("Stopped.").is_visible()
    question, (turn,) = site.assistant.asked[-1]
    assert (question, turn.question, turn.paper_ids) == ("And then?", "Will you wait?", ("p1",))


@pytest.mark.browser
def test_a_page_that_is_closed_cancels_its_question(seen: Seen, site: Running) -> None:
    seen.ask("Will you wait?")
    seen.page.get_by_text("writing, not checked yet").wait_for()
    seen.page.close()
    assert site.assistant.cancelled.wait(PATIENCE_SECONDS)


@pytest.mark.browser
def test_an_example_asks_itself_and_clear_brings_it_back(seen: Seen, site: Running) -> None:
    page = seen.page
    example = page.get_by_role("button", name="Another?")
    example.click()
    page.get_by_text("Salient weights stay in more bits.").wait_for()
    assert example.count() == 0
    seen.ask("More?")
    page.locator("#earlier").get_by_text("Another?").wait_for()
    page.locator("#current").get_by_text("Salient weights stay in more bits.").wait_for()
    page.get_by_role("button", name="New", exact=True).click()
    example.wait_for()
    assert page.locator(".exchange").count() == 0
    seen.ask("Afresh?")
    page.get_by_text("Salient weights stay in more bits.").wait_for()
    told = [(asked, [turn.question for turn in turns]) for asked, turns in site.assistant.asked]
    assert told == [("Another?", []), ("More?", ["Another?"]), ("Afresh?", [])]


@pytest.mark.browser
def test_faults_and_refusals_are_answers_and_the_page_lives(seen: Seen, site: Running) -> None:
    page = seen.page
    seen.ask("Is it missing?")
    page.get_by_text("Run vouch models pull.").wait_for()
    seen.ask("Will it crash?")
    page.get_by_text("Something went wrong").wait_for()
    seen.ask("Is it unknown?")
    page.locator(".refusal").get_by_text(TITLE).wait_for()
    seen.ask("   ")
    page.wait_for_function("document.querySelector('#question textarea').value === ''")
    assert page.locator(".exchange").count() == 3
    assert [question for question, _ in site.assistant.asked] == [
        "Is it missing?",
        "Will it crash?",
        "Is it unknown?",
    ]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it(browser: Any, site: Running, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{site.port}/", wait_until="domcontentloaded")
    seen = Seen(page)
    seen.ask("Why?")
    page.get_by_text("Salient weights stay in more bits.").wait_for()
    page.locator(".exchange summary").click()
    page.locator(".exchange mark").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.get_by_label("Your question").is_visible()
    brightness = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
    assert (int(brightness) < 128) == (scheme == "dark")
    context.close()


@pytest.mark.browser
def test_a_full_queue_is_said_kindly(browser: Any) -> None:
    for site in running(Scripted(), examples=(), queue_length=0):
        context = browser.new_context()
        seen = Seen(context.new_page())
        seen.page.goto(f"http://127.0.0.1:{site.port}/", wait_until="domcontentloaded")
        seen.page.locator(".in-force").wait_for()
        seen.ask("Why?")
        seen.page.get_by_role("alert").get_by_text("Too many questions are waiting").wait_for()
        assert seen.page.get_by_label("Your question").input_value() == "Why?"
        assert not seen.page.get_by_text("currently busy").is_visible()
        seen.page.keyboard.press("Escape")
        seen.page.get_by_role("alert").wait_for(state="hidden")
        assert site.assistant.asked == []
        context.close()


@pytest.mark.browser
def test_a_lost_server_is_said_kindly(browser: Any) -> None:
    context = browser.new_context()
    seen = Seen(context.new_page())
    for site in running(Scripted(), examples=()):
        seen.page.goto(f"http://127.0.0.1:{site.port}/", wait_until="domcontentloaded")
        seen.page.locator(".in-force").wait_for()
        seen.ask("Will you wait?")
        seen.page.get_by_text("writing, not checked yet").wait_for()
        site.assistant.gate.set()
    seen.page.get_by_role("alert").get_by_text("connection to Vouch is lost").wait_for()
    assert not seen.page.locator(".toast-wrap").is_visible()
    context.close()
