"""The page and all that stands behind it: MiniLM, Chroma, llama.cpp with SmolLM2; one server for all tests.

Two of the shipped author pages and one that is poisoned. As the fallback SmolLM2 writes nothing that is
shown; named by its path it is a model like any other, so it writes and is checked.
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bibtexparser
import pytest
from fakes import ScriptedModel
from reading_room import PATIENCE_SECONDS, Running, Seen, chromium, looking, running

from rag import renewal, wiring
from rag.config import Settings, load_settings, shipped
from rag.diary import Diary
from rag.latex import readable
from rag.prompt import load_prompt
from rag.read import Reader
from rag.types import Scope, Usage
from rag.verify import verify
from ui.desk import Desk

pytestmark = pytest.mark.browser

QUESTION = "How does PB-LLM keep salient weights?"
PAYLOAD = (
    '<img src="http://evil.example/x.png" onerror="window.broken=1"> <script>window.broken=1</script> '
    "![x](http://evil.example/y.png) [here](javascript:window.broken=1) <a href=http://evil.example>go</a>"
)
POISONED = f"""LGJan 24, 2023Code
Owl Roosting: a <b>Bold</b> <img src=x onerror=window.broken=1> StudyEve Mallory, Ada Byron
Barn owls roost in old towers by day. Some write {PAYLOAD}. Towers of barn owls are counted at dusk.
CVFeb 3, 2024
Moth CountingAda Byron, Eve Mallory
Moths are counted by lamps at night. Lamps draw many moths.
"""
ANSWER_MS = 120_000  # two cores that others use, too


@dataclass(frozen=True)
class Shop:
    """The open page and what is behind it."""

    site: Running
    desk: Desk
    settings: Settings


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, smollm2_path: Path) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("real")
    poisoned = folder / "poisoned.txt"
    poisoned.write_text(POISONED, "utf-8")
    changed = {"home": folder / "home", "model": str(smollm2_path), "kept_states_mb": 0, "answer_tokens": 48}
    settings = load_settings().model_copy(update=changed)
    pages = [path for path in renewal.seed_paths() if path.name.startswith(("003", "004"))]
    renewal.ingest_pages(settings, [*pages, poisoned], crawl_year=2026)
    desk, diary = Desk(settings), Diary.open(settings.diary_path)
    for site in running(desk, diary=diary):
        yield Shop(site, desk, settings)
    desk.close()
    diary.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def seen(browser: Any, shop: Shop) -> Iterator[Seen]:
    with looking(browser, shop.site) as opened:
        yield opened


def answered(seen: Seen, question: str) -> None:
    seen.ask(question)
    wait_for_answer(seen, question)


def wait_for_answer(seen: Seen, question: str) -> None:
    asked = seen.page.locator("#current .exchange").filter(has_text=question)
    asked.get_by_role("button", name="Good answer").wait_for(timeout=ANSWER_MS)


def chips(seen: Seen, count: int) -> list[str]:
    seen.page.wait_for_function(f"document.querySelectorAll('.facet').length === {count}")
    return [str(text) for text in seen.page.locator(".facet").all_inner_texts()]


def serious(seen: Seen) -> list[str]:
    """What axe finds to be serious or worse."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    seen.page.wait_for_timeout(300)  # transitions have ended
    found = axe.run(seen.page).response["violations"]
    return [one["id"] for one in found if one["impact"] in ("serious", "critical")]


def test_an_answer_streams_without_a_jump_and_its_chip_opens_the_right_sentence(
    seen: Seen, shop: Shop
) -> None:
    page = seen.page
    page.evaluate(
        "window.shifted = 0; new PerformanceObserver(list => list.getEntries().forEach(each => {"
        " if (!each.hadRecentInput) window.shifted += each.value; })).observe({type: 'layout-shift'})"
    )
    seen.ask(QUESTION)
    page.get_by_text("writing, not checked yet").wait_for(timeout=ANSWER_MS)
    assert page.locator("#current .sources li").count()  # evidence first
    wait_for_answer(seen, QUESTION)
    assert page.evaluate("window.shifted") < 0.1
    assert "SmolLM2" in page.locator("#current .footer").inner_text()
    assert "SmolLM2" in page.locator("#status").inner_text()
    chip = page.locator("#current .claim .chip").first
    chip.click()
    mark = page.locator("#current mark.here")
    mark.wait_for()
    assert chip.get_attribute("data-quote") in mark.inner_text()
    title = page.locator("#current .sources cite").first.inner_text()
    (paper,) = [each for each in shop.desk.papers(Scope()) if readable(each.title) == title]
    assert mark.inner_text() in readable(paper.abstract)


def test_what_is_written_can_be_stopped_and_the_next_question_is_answered(seen: Seen) -> None:
    seen.ask("How does QuEST finetune quantized diffusion models?")
    seen.page.get_by_text("writing, not checked yet").wait_for(timeout=ANSWER_MS)
    seen.page.keyboard.press("Escape")
    seen.page.get_by_text("Stopped.").wait_for()
    assert seen.page.locator("#current q").count()
    answered(seen, "How many papers are on the shelf?")
    assert seen.page.locator("#current .chip").count()


def test_filters_and_pins_hold_the_question(seen: Seen) -> None:
    page = seen.page
    page.locator("#filters summary").click()
    page.get_by_role("checkbox", name="Yuzhang Shang").check()
    chips(seen, 1)
    page.keyboard.press("Escape")
    answered(seen, QUESTION)
    assert "Asked of Yuzhang Shang" in page.locator("#current .asked-of").inner_text()
    page.locator("#current .beside summary").first.click()
    page.get_by_role("button", name="Ask about this paper").first.click()
    chips(seen, 2)
    answered(seen, "Who won the World Cup?")
    page.locator("#current .refusal").wait_for()
    assert page.locator("#current .claim").count() == 0
    answered(seen, "What does it do for salient weights?")
    assert page.locator("#current .sources li").count() == 1
    assert "PB-LLM" in page.locator("#current .sources cite").inner_text()


def test_papers_are_compared_and_exported(seen: Seen) -> None:
    page = seen.page
    page.get_by_role("tab", name="Shelf").click()
    page.get_by_label("Search papers").press_sequentially("LLM")
    page.wait_for_function("document.querySelector('.found').textContent.includes(' of ')")
    for place in (0, 1):
        page.locator(".listed input").nth(place).check()
    titles = page.locator(".listed cite").all_inner_texts()[:2]
    exported = {}
    for label in ("BibTeX", "CSV"):
        with page.expect_download() as download:
            page.locator(".hand").get_by_role("button", name=label, exact=True).click()
        exported[label] = Path(download.value.path()).read_text("utf-8")
    assert len(bibtexparser.loads(exported["BibTeX"]).entries) == 2
    rows = list(csv.DictReader(io.StringIO(exported["CSV"])))
    assert sorted(readable(row["title"]) for row in rows) == sorted(titles)
    page.get_by_role("button", name="Compare").click()
    wait_for_answer(seen, "Compare these papers.")
    assert page.locator("#current .compared thead th").count() == 2
    assert sorted(page.locator("#current .sources cite").all_inner_texts()) == sorted(titles)
    cell = page.locator("#current .compared td .chip").first
    cell.click()
    page.locator("#current mark.here").wait_for()
    assert cell.get_attribute("data-quote") in page.locator("#current mark.here").inner_text()
    assert serious(seen) == []


def test_on_a_dark_phone_by_keyboard_alone(browser: Any, shop: Shop) -> None:
    options = {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"}
    with looking(browser, shop.site, **options) as seen:
        page, keys = seen.page, seen.page.keyboard
        page.locator("body").focus()
        keys.press("/")
        keys.type(QUESTION)
        keys.press("Enter")
        wait_for_answer(seen, QUESTION)
        while not page.evaluate("!!document.activeElement.closest('#current .chip')"):
            keys.press("Shift+Tab")
        page.get_by_role("tooltip").wait_for()
        keys.press("Enter")
        page.locator("#current mark.here").wait_for()
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        brightness = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        assert int(brightness) < 128
        assert serious(seen) == []


def test_a_poisoned_paper_is_read_as_text(seen: Seen) -> None:
    answered(seen, "Where do barn owls roost by day?")
    page = seen.page
    assert "Eve Mallory" in page.locator("#current .beside").inner_text(), page.locator(
        "#current"
    ).inner_text()
    page.locator("#current .beside summary").first.click()
    assert "onerror" in page.locator("#current .abstract").inner_text()
    page.get_by_role("tab", name="Shelf").click()
    page.locator(".listed").first.wait_for()
    assert nothing_acts(seen)


@dataclass
class Hostile(ScriptedModel):
    """Writes a payload and stays in the middle of its sentence until `gate` opens."""

    gate: threading.Event = field(default_factory=threading.Event)

    def _speak(self, words: Sequence[str], usage: Usage, on_usage: Any) -> Generator[str, None, None]:
        yield from (f" {word}" for word in PAYLOAD.split())
        assert self.gate.wait(PATIENCE_SECONDS)
        yield " and so on."


def test_what_a_hostile_model_writes_is_text(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Hostile(script=lambda prompt: "")
    reader = Reader(model, load_prompt(shipped("prompts") / "read.md"), verify, 96, 60.0)
    monkeypatch.setattr(wiring.ModelSlot, "__call__", lambda slot: reader)
    seen.ask(QUESTION)
    draft = seen.page.locator("#current .draft em")
    draft.get_by_text("javascript:").wait_for(timeout=ANSWER_MS)
    assert nothing_acts(seen)
    model.gate.set()
    wait_for_answer(seen, QUESTION)
    assert nothing_acts(seen)
    assert "nothing that scripted wrote is shown" in seen.page.locator("#current .footer").inner_text()


def nothing_acts(seen: Seen) -> bool:
    """No element that anyone but Vouch has made; `looking` sees to requests and the console."""
    made = "#ask-view :is(img, a, script, iframe, b, form), #shelf-view :is(img, a, script, iframe, b)"
    return bool(seen.page.evaluate(f"!window.broken && !document.querySelector('{made}')"))


def test_after_a_restart_the_conversation_is_found(browser: Any, shop: Shop) -> None:
    question = "Which papers are by Zhenglun Kong?"
    with looking(browser, shop.site) as seen:
        answered(seen, question)
        told = seen.page.locator("#current .said").inner_text()
    desk, diary = Desk(shop.settings), Diary.open(shop.settings.diary_path)
    for site in running(desk, diary=diary):
        with looking(browser, site) as seen:
            page = seen.page
            page.get_by_role("button", name="Conversations").click()
            page.get_by_label("Search conversations").press_sequentially("which zhenglun")
            page.wait_for_function("document.querySelectorAll('.kept li').length === 1")
            page.get_by_role("button", name=question, exact=True).click()
            page.locator("#current .claim").first.wait_for()
            assert page.locator("#current .said").inner_text() == told
    desk.close()
    diary.close()
