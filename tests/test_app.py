"""app: the server's guards, and the page in a real browser."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ModelError, UsageError
from rag.latex import readable
from rag.types import Answer, Citation, Claim, Paper, Timings, Turn
from ui import app as chat

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_SECONDS = 20  # how long a test waits before it fails

QUOTE = "We keep salient weights in more bits & gain 2x."
HOSTILE = (
    "$\\Delta$ _it_ **b** <b>bold</b> ![x](http://evil.example/x.png) [1](http://evil.example)"
    ' <img src="http://evil.example/y.png" onerror="window.broken=1"> ${document.title} {{value}} @children'
)
TITLE = "Partly Binarized: Δ <i>Models</i>"  # as it is shown
PAPER = Paper(
    id="p1",
    title="Partly Binarized: $Δ$ <i>Models</i>",
    authors=("Yuzhang Shang", "Zhihang Yuan"),
    et_al=True,
    affiliations=(),
    category="LG",
    date=date(2023, 9, 29),
    has_code=True,
    score=None,
    abstract=f"{HOSTILE} {QUOTE} The end.",
    seed="004.txt",
    index=0,
    page_author="Yuzhang Shang",
)
CLAIM = Claim(QUOTE, (1,), "quoted", QUOTE, None, 0.9)
WRITTEN = replace(CLAIM, text="Salient weights stay in more bits.", support="supported")


def growing(question: str) -> list[Answer]:
    """Three Answers: a quote, a draft below it, the draft checked."""
    quoted = Answer(
        question, question, "paper", "answered", QUOTE, claims=(CLAIM,), citations=(Citation(1, PAPER),)
    )
    drafted = replace(quoted, draft="Salient weights stay")
    whole = replace(quoted, claims=(CLAIM, WRITTEN), model="tiny", timings=Timings(0.1, 0.2, 0.3))
    return [quoted, drafted, whole]


@dataclass
class Scripted:
    """An assistant whose questions hold what it is to do: `wait`, `missing`, `crash`, `unknown`.

    At `wait` the second Answer is the last until `gate` opens or the iterator is closed.
    """

    asked: list[tuple[str, tuple[Turn, ...]]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def status(self) -> str:
        return "tiny model · <CPU>"

    def stream(self, question: str, history: Sequence[Turn]) -> Iterator[Answer]:
        self.asked.append((question, tuple(history)))
        if "missing" in question:
            raise ModelError("The model is missing.", hint="Run vouch models pull.")
        if "unknown" in question:
            yield Answer(question, question, "paper", "not_found", "Nothing here says.", nearest=(PAPER,))
            return
        first, second, last = growing(question)
        try:
            yield first
            yield second
            if "crash" in question:
                raise ZeroDivisionError
            while "wait" in question and not self.gate.wait(0.05):
                yield second
            yield last
        except GeneratorExit:
            self.cancelled.set()
            raise


# The server


@dataclass(frozen=True)
class Running:
    assistant: Scripted
    port: int

    def get(self, path: str = "/", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            response.read()
            return response
        finally:
            connection.close()


def running(assistant: Scripted, **options: Any) -> Iterator[Running]:
    ready = threading.Event()
    with chat.listen("127.0.0.1", 0) as listener:
        server = chat.Server(
            lambda: chat.build_app(assistant, host="127.0.0.1", **options), on_ready=ready.set
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert ready.wait(PATIENCE_SECONDS)
        yield Running(assistant, listener.getsockname()[1])
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


@pytest.fixture
def site() -> Iterator[Running]:
    yield from running(Scripted(), examples=("Is this example wait-free?", "Another?"))


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
    assert chat.is_loopback(host)


SERVED = """
from ui.app import serve
class Silent:
    def status(self): return "silent"
    def stream(self, question, history): return iter(())
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


@dataclass(frozen=True)
class Seen:
    """A page in the browser, and what it asked of the network and told the console."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: message.type == "error" and self.complaints.append(message.text),
        )

    def ask(self, question: str) -> None:
        box = self.page.get_by_label("Your question")
        box.fill(question)
        box.press("Enter")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture
def seen(browser: Any, site: Running) -> Iterator[Seen]:
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    seen = Seen(context.new_page())
    seen.watch()
    seen.page.goto(f"http://127.0.0.1:{site.port}/", wait_until="domcontentloaded")
    seen.page.get_by_label("Your question").wait_for()
    yield seen
    foreign = [
        url for url in seen.requests if not url.startswith((f"http://127.0.0.1:{site.port}/", "data:"))
    ]
    context.close()
    assert foreign == []
    assert seen.complaints == []
    assert len(seen.requests) > 1


@pytest.mark.browser
def test_an_answer_grows_and_its_source_opens_at_the_quoted_words(seen: Seen, site: Running) -> None:
    page = seen.page
    seen.ask("Will you <i>wait</i>?")
    page.get_by_text("writing, not checked yet").wait_for()
    assert page.locator(".question").inner_text() == "Will you <i>wait</i>?"
    assert page.locator("q").inner_text().strip("“”") == QUOTE
    assert page.locator("cite").inner_text() == TITLE
    assert not page.locator("mark").is_visible()
    page.locator("summary").click()
    page.locator("mark").wait_for()
    site.assistant.gate.set()
    page.get_by_text("Salient weights stay in more bits.").wait_for()
    assert page.get_by_text("writing, not checked yet").count() == 0
    assert page.locator("mark").is_visible()  # the growing answer left it open
    assert page.locator("mark").inner_text() == QUOTE
    assert page.locator(".abstract").inner_text() == readable(PAPER.abstract)
    assert page.locator(".exchange :is(img, a, b, i, script)").count() == 0
    assert page.evaluate("window.broken") is None
    assert "tiny" in page.locator(".footer").inner_text()
    assert page.locator("#status").inner_text() == site.assistant.status()
    page.get_by_role("button", name="Ask", exact=True).wait_for()


@pytest.mark.browser
def test_a_chip_opens_its_source(seen: Seen) -> None:
    seen.ask("Why?")
    seen.page.get_by_role("button", name=f"Source 1: {TITLE}").last.click()
    seen.page.locator("mark").wait_for()
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
    page.get_by_role("button", name="Clear").click()
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
    page.locator("summary").click()
    page.locator("mark").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.get_by_label("Your question").is_visible()
    brightness = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
    assert (int(brightness) < 128) == (scheme == "dark")
    context.close()
