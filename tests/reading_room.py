"""The page as tests meet it: served with an assistant that does as it is told, and open in Chromium."""

from __future__ import annotations

import http.client
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ModelError
from rag.library import Library
from rag.types import Answer, Citation, Claim, Page, Paper, Pick, Plan, Profile, Scope, Timings, Turn
from ui import app as chat
from ui import serve

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
OTHERS = tuple(
    replace(
        PAPER,
        id=f"q{number}",
        title=f"Paper number {number}",
        authors=("Ada Byron",),
        et_al=False,
        category="CV",
        date=date(2019 + number, 5, 1),
        has_code=number % 2 == 0,
        abstract=f"Abstract {number} tells of owls.",
        seed="005.txt",
        index=number,
        page_author="Ada Byron",
    )
    for number in range(1, 6)
)
CLAIM = Claim(QUOTE, (1,), "quoted", QUOTE, None, 0.9)
WRITTEN = replace(CLAIM, text="Salient weights stay in more bits.", support="supported")


def small_shelf() -> Library:
    """Two pages, six papers."""
    library = Library.open(Path(tempfile.mkdtemp()) / "library.sqlite", create=True)
    shang = Page("004.txt", "plain", "Yuzhang Shang", True, 2026, "0", Profile())
    byron = Page("005.txt", "plain", "Ada Byron", False, 2026, "1", Profile("CV", 12, 70, 1730, 40, 60))
    with library.writing():
        library.put_page(shang, [PAPER])
        library.put_page(byron, OTHERS)
    return library


def growing(question: str) -> list[Answer]:
    """Three Answers: a quote, a draft below it, the draft checked."""
    understood = "Why is it so? · 2024" if "otherwise" in question else question
    plan = Plan("Why is it so?", "paper") if "otherwise" in question else None
    quoted = Answer(
        question,
        understood,
        "paper",
        "answered",
        QUOTE,
        claims=(CLAIM,),
        citations=(Citation(1, PAPER),),
        plan=plan,
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
    scopes: list[tuple[Scope, Pick | None]] = field(default_factory=list)
    shelf: Library = field(default_factory=lambda: small_shelf())

    def cancel(self) -> None:
        pass

    def status(self) -> str:
        return "tiny model · <CPU>"

    def settings(self) -> Mapping[str, str]:
        return {"answered_by": "tiny"}

    def pages(self) -> Sequence[Page]:
        return self.shelf.pages()

    def papers(self, scope: Scope) -> Sequence[Paper]:
        return self.shelf.papers(scope)

    def stream(
        self, question: str, history: Sequence[Turn], *, scope: Scope, pick: Pick | None
    ) -> Iterator[Answer]:
        self.scopes.append((scope, pick))
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
    with serve.listen("127.0.0.1", 0) as listener:
        server = serve.Server(
            lambda: chat.build_app(assistant, host="127.0.0.1", **options), on_ready=ready.set
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert ready.wait(PATIENCE_SECONDS)
        yield Running(assistant, listener.getsockname()[1])
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


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


@contextmanager
def chromium() -> Iterator[Any]:
    """Headless Chromium, or a skip that says why."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_OPTIONS)
        yield opened
        opened.close()


@contextmanager
def looking(browser: Any, site: Running, path: str = "/", **options: Any) -> Iterator[Seen]:
    """The page in a fresh context; at the end nothing was asked of another machine and nothing complained."""
    viewport = options.pop("viewport", {"width": 1100, "height": 800})
    context = browser.new_context(viewport=viewport, **options)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    seen = Seen(context.new_page())
    seen.watch()
    here = f"http://127.0.0.1:{site.port}/"
    seen.page.goto(f"{here}{path.removeprefix('/')}", wait_until="domcontentloaded")
    seen.page.locator(".in-force").wait_for()
    yield seen
    foreign = [url for url in seen.requests if not url.startswith((here, "data:", f"blob:{here}"))]
    context.close()
    assert foreign == []
    assert seen.complaints == []
    assert len(seen.requests) > 1
