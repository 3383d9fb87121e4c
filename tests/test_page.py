"""page: what a reader does on it, in a real browser: cite, filter, pin, compare, export, come back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import bibtexparser
import pytest
import rispy
from reading_room import (
    HOSTILE,
    OTHERS,
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

from rag.diary import Diary
from rag.export import citation_key
from rag.types import Pick, Scope

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def site() -> Iterator[Running]:
    yield from running(Scripted(), examples=(("", "Why?"),))


@pytest.fixture
def seen(browser: Any, site: Running) -> Iterator[Seen]:
    with looking(browser, site) as opened:
        yield opened


def answered(seen: Seen, question: str = "Why?") -> None:
    seen.ask(question)
    asked = seen.page.locator("#current .exchange").filter(has_text=question)
    asked.get_by_role("button", name="Good answer").wait_for()


def shelf(seen: Seen) -> None:
    seen.page.get_by_role("tab", name="Shelf").click()
    seen.page.locator(".listed").first.wait_for()


def chips(seen: Seen) -> list[str]:
    return [str(text).removesuffix("×").strip() for text in seen.page.locator(".facet").all_inner_texts()]


def wait_for_chips(seen: Seen, count: int) -> list[str]:
    seen.page.wait_for_function(f"document.querySelectorAll('.facet').length === {count}")
    return chips(seen)


def test_sources_stand_beside_the_answer_and_below_it_on_a_phone(seen: Seen) -> None:
    answered(seen)
    page = seen.page
    said, beside = (page.locator(f"#current {part}").bounding_box() for part in (".said", ".beside"))
    assert beside["x"] >= said["x"] + said["width"]
    page.set_viewport_size({"width": 390, "height": 800})
    said, beside = (page.locator(f"#current {part}").bounding_box() for part in (".said", ".beside"))
    assert beside["y"] >= said["y"] + said["height"]
    facts = page.locator("#current .beside summary").inner_text()
    for fact in (TITLE, "Yuzhang Shang, Zhihang Yuan et al.", "29 September 2023", "LG", "code", "page"):
        assert fact in facts


def test_a_chip_tells_paper_quote_and_verdict(seen: Seen) -> None:
    answered(seen)
    card = seen.page.get_by_role("tooltip")
    seen.page.locator(".claim .chip").first.hover()
    card.wait_for()
    assert card.locator(".verdict").inner_text() == "Quoted word for word"
    assert card.locator(".quote").inner_text() == QUOTE
    assert card.locator(".title").inner_text() == TITLE
    seen.page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    seen.page.locator(".claim .chip").last.focus()
    card.wait_for()
    assert card.locator(".verdict").inner_text() == "Supported by the paper’s words"


def test_the_mark_stands_on_the_quoted_sentence_alone(seen: Seen) -> None:
    answered(seen)
    seen.page.locator(".claim .chip").first.click()
    seen.page.locator("#current mark").wait_for()
    assert seen.page.locator("#current mark").all_inner_texts() == [QUOTE]
    assert HOSTILE[:5] not in seen.page.locator("#current mark").inner_text()


def test_citation_and_bibtex_are_copied(browser: Any, site: Running) -> None:
    with looking(browser, site, permissions=["clipboard-read", "clipboard-write"]) as seen:
        answered(seen)
        seen.page.locator("#current .beside summary").click()
        seen.page.get_by_role("button", name="Copy citation").click()
        seen.page.locator("[data-done=Copied]").wait_for()
        cited = seen.page.evaluate("navigator.clipboard.readText()")
        assert cited == f"Yuzhang Shang, Zhihang Yuan et al. {TITLE}. 29 September 2023."
        seen.page.get_by_role("button", name="Copy BibTeX").click()
        seen.page.wait_for_function("document.querySelectorAll('[data-done=Copied]').length === 2")
        (entry,) = bibtexparser.loads(seen.page.evaluate("navigator.clipboard.readText()")).entries
        assert entry["ID"] == citation_key(PAPER)


def test_filters_reach_the_question_the_line_and_the_address(seen: Seen, site: Running) -> None:
    page = seen.page
    page.locator("#filters summary").click()
    page.get_by_role("checkbox", name="Ada Byron").check()
    wait_for_chips(seen, 1)
    page.get_by_label("First year").select_option("2021")
    wait_for_chips(seen, 2)
    page.get_by_label("with code", exact=True).check()
    assert wait_for_chips(seen, 3) == ["Ada Byron’s page", "since 2021", "with code"]
    assert "2 of 6 papers" in page.locator(".in-force").inner_text()
    assert parse_qs(urlsplit(page.url).query) == {"author": ["Ada Byron"], "from": ["2021"], "code": ["yes"]}
    page.keyboard.press("Escape")
    answered(seen)
    scope, _ = site.assistant.scopes[-1]
    assert (scope.owners, scope.since.year if scope.since else 0, scope.has_code) == (
        ("Ada Byron",),
        2021,
        True,
    )
    assert "Asked of Ada Byron's page" in page.locator("#current .asked-of").inner_text()
    page.get_by_role("button", name="Remove since 2021").click()
    wait_for_chips(seen, 2)
    assert not page.get_by_label("with code", exact=True).is_visible()
    page.get_by_role("button", name="Ask all").click()
    wait_for_chips(seen, 0)
    assert urlsplit(page.url).query == ""


def test_the_scope_is_read_back_from_the_address(browser: Any, site: Running) -> None:
    query = "?author=Ada+Byron&category=CV&paper=q2&author=%3Cb%3Enobody&paper=nothing&from=x#shelf"
    with looking(browser, site, query) as seen:
        assert wait_for_chips(seen, 3) == ["Ada Byron’s page", "CV: computer vision", "Paper number 2"]
        assert seen.page.get_by_role("tab", name="Shelf").get_attribute("aria-selected") == "true"
        assert seen.page.locator(".listed").count() == 5
        assert seen.page.locator(".listed .pin").count() == 1


def test_a_source_is_pinned_and_questions_go_to_it_alone(seen: Seen, site: Running) -> None:
    answered(seen)
    seen.page.locator("#current .beside summary").click()
    seen.page.get_by_role("button", name="Ask about this paper").click()
    wait_for_chips(seen, 1)
    seen.page.wait_for_function("document.activeElement.tagName === 'TEXTAREA'")
    answered(seen, "And this one?")
    assert site.assistant.scopes[-1] == (Scope(papers=(PAPER.id,)), None)


def test_more_like_this_asks_for_its_like(seen: Seen, site: Running) -> None:
    answered(seen)
    seen.page.locator("#current .beside summary").click()
    seen.page.get_by_role("button", name="More like").click()
    seen.page.locator("#earlier .exchange").wait_for()
    seen.page.get_by_role("button", name="Good answer").last.wait_for()
    assert site.assistant.scopes[-1] == (Scope(), Pick("like", (PAPER.id,)))


def test_what_was_understood_can_be_edited_and_asked_again(seen: Seen, site: Running) -> None:
    answered(seen, "Why is it understood otherwise?")
    seen.page.get_by_role("button", name="Edit this question").click()
    box = seen.page.get_by_label("Your question")
    assert box.input_value() == "Why is it so?"
    box.press("End")
    box.press_sequentially(" Really?")
    box.press("Enter")
    seen.page.locator("#current").get_by_role("button", name="Good answer").wait_for()
    seen.page.wait_for_function("document.querySelectorAll('.exchange').length === 2")
    assert site.assistant.asked[-1][0] == "Why is it so? Really?"


def test_a_refusal_leads_on(seen: Seen, site: Running) -> None:
    answered(seen, "Is it unknown?")
    seen.page.get_by_role("button", name=f"Summarise {TITLE}").click()
    seen.page.locator("#earlier .refusal").wait_for()
    seen.page.locator("#current").get_by_role("button", name="Good answer").wait_for()
    assert site.assistant.scopes[-1][1] == Pick("summary", (PAPER.id,))


def test_papers_are_found_sorted_and_compared(seen: Seen, site: Running) -> None:
    shelf(seen)
    page = seen.page
    titles = page.locator(".listed cite")
    assert titles.first.inner_text() == "Paper number 5"
    page.get_by_label("Sort").select_option("oldest")
    page.wait_for_function("document.querySelector('.listed cite').textContent === 'Paper number 1'")
    page.get_by_label("Search papers").press_sequentially("owls number 3")
    page.wait_for_function("document.querySelectorAll('.listed').length === 1")
    page.get_by_label("Pick Paper number 3").check()
    page.get_by_label("Search papers").fill("")
    page.wait_for_function("document.querySelectorAll('.listed').length === 6")
    assert page.get_by_label("Pick Paper number 3").is_checked()
    assert page.get_by_role("button", name="Compare").is_disabled()
    page.get_by_label("Pick Paper number 5").check()
    page.get_by_role("button", name="Compare").click()
    page.locator("#current").get_by_role("button", name="Good answer").wait_for()
    assert site.assistant.scopes[-1][1] == Pick("compare", ("q3", "q5"))


def exported(seen: Seen, label: str) -> str:
    with seen.page.expect_download() as download:
        seen.page.get_by_role("button", name=label, exact=True).click()
    return Path(download.value.path()).read_text("utf-8")


def test_what_is_exported_can_be_read(seen: Seen) -> None:
    shelf(seen)
    seen.page.locator("[data-act=all]").check()
    entries = bibtexparser.loads(exported(seen, "BibTeX")).entries
    assert {entry["ID"] for entry in entries} == {citation_key(paper) for paper in (PAPER, *OTHERS)}
    rows = list(csv.DictReader(io.StringIO(exported(seen, "CSV"))))
    assert {row["abstract"] for row in rows} == {paper.abstract for paper in (PAPER, *OTHERS)}
    assert len(rispy.loads(exported(seen, "RIS"))) == 6
    assert exported(seen, "Markdown").count("- **") == 6


def test_profiles_keep_stated_and_counted_apart(seen: Seen) -> None:
    shelf(seen)
    card = seen.page.locator(".profile", has_text="Ada Byron")
    stated, counted = card.locator(".figures > div").all_inner_texts()
    assert "1,730" in stated
    assert "70" in stated
    assert re.search(r"papers\s+5\b", counted)
    assert "2020–2024" in counted
    card.get_by_role("button", name="Ask only the page of Ada Byron").click()
    assert wait_for_chips(seen, 1) == ["Ada Byron’s page"]


def test_conversations_outlive_the_server(browser: Any, tmp_path: Path) -> None:
    diary = Diary.open(tmp_path / "diary.sqlite")
    for site in running(Scripted(), diary=diary):
        with looking(browser, site) as seen:
            answered(seen, "Is this kept?")
            seen.page.get_by_role("button", name="Good answer").click()
            answered(seen, "And this?")
    diary.close()
    diary = Diary.open(tmp_path / "diary.sqlite")
    for site in running(Scripted(), diary=diary):
        with looking(browser, site) as seen:
            page = seen.page
            page.get_by_role("button", name="Conversations").click()
            page.get_by_role("button", name="Is this kept?", exact=True).click()
            page.locator("#earlier .exchange").wait_for()
            assert page.locator(".question").all_inner_texts() == ["Is this kept?", "And this?"]
            pressed = page.get_by_role("button", name="Good answer").first.get_attribute("aria-pressed")
            assert pressed == "true"
            page.locator("#earlier .chip").first.click()
            page.locator("#earlier mark").wait_for()
            answered(seen, "A third?")
            assert [turn.question for turn in site.assistant.asked[-1][1]] == ["Is this kept?", "And this?"]
    assert [(before, entry.question) for before, entry in diary.rated()] == [((), "Is this kept?")]
    diary.close()


def test_conversations_are_renamed_searched_exported_and_deleted(seen: Seen) -> None:
    page = seen.page
    answered(seen, "First of all?")
    page.get_by_role("button", name="New", exact=True).click()
    page.locator(".example").wait_for()
    answered(seen, "Second thoughts?")
    page.get_by_role("button", name="Conversations").click()
    page.wait_for_function("document.querySelectorAll('.kept li').length === 2")
    page.get_by_label("More on First of all?").click()
    page.get_by_label("New name of First of all?").fill("Owls <b>")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Owls <b>", exact=True).wait_for()
    page.get_by_label("Search conversations").press_sequentially("second")
    page.wait_for_function("document.querySelectorAll('.kept li').length === 1")
    page.get_by_label("Search conversations").fill("")
    page.wait_for_function("document.querySelectorAll('.kept li').length === 2")
    page.get_by_label("More on Owls <b>").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export Owls <b> as Markdown").click()
    told = Path(download.value.path()).read_text("utf-8")
    assert told.startswith("# Owls <b>\n")
    assert "## First of all?" in told
    assert "### Sources" in told
    page.get_by_role("button", name="Delete Owls <b>").click()
    assert page.locator(".kept li").count() == 2  # it asks first
    page.get_by_role("button", name="Delete Owls <b>").click()
    page.wait_for_function("document.querySelectorAll('.kept li').length === 1")


def test_two_tabs_share_the_list_alone(browser: Any, site: Running) -> None:
    with looking(browser, site) as one, looking(browser, site) as other:
        answered(one, "Only here?")
        other.ask("There?")
        other.page.locator("#current").get_by_role("button", name="Good answer").wait_for()
        assert other.page.get_by_text("Only here?").count() == 1
        assert other.page.locator(".question").all_inner_texts() == ["There?"]
    assert site.assistant.asked[-1][1] == ()


def test_it_is_used_by_keyboard_alone(seen: Seen, site: Running) -> None:
    page, keys = seen.page, seen.page.keyboard
    page.get_by_role("tab", name="Ask").focus()
    keys.press("ArrowRight")
    assert page.get_by_role("tab", name="Shelf").get_attribute("aria-selected") == "true"
    keys.press("ArrowLeft")
    keys.press("/")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    keys.type("Will you")
    keys.press("Shift+Enter")
    keys.type("wait?")
    keys.press("Enter")
    page.get_by_text("writing, not checked yet").wait_for()
    keys.press("Escape")
    page.get_by_text("Stopped.").wait_for()
    assert site.assistant.asked[-1][0] == "Will you\nwait?"
    assert site.assistant.cancelled.wait(PATIENCE_SECONDS)
    shelf(seen)
    page.locator(".listed summary").first.focus()
    keys.press("ArrowDown")
    keys.press("Enter")
    page.locator(".listed").nth(1).locator(".abstract").wait_for()
    keys.press("ArrowUp")
    assert "Paper number 5" in page.evaluate("document.activeElement.textContent")
    page.locator("#drawer-toggle").focus()
    keys.press("Enter")
    page.wait_for_function("document.activeElement.name === 'words'")
    keys.press("Escape")
    assert page.evaluate("document.activeElement.id") == "drawer-toggle"
    for _ in range(4):
        keys.press("Tab")
        assert not page.evaluate("!!document.activeElement.closest('#drawer')")


def test_nothing_moves_while_an_answer_is_written(seen: Seen, site: Running) -> None:
    page = seen.page
    answered(seen, "First?")
    page.locator("#current .beside summary").click()
    seen.ask("Will you wait?")
    page.get_by_text("writing, not checked yet").wait_for()
    page.wait_for_timeout(700)  # the scrolling has come to rest
    page.evaluate("window.kept = document.querySelector('#earlier .exchange')")
    before = page.locator("#current .question").bounding_box()
    site.assistant.gate.set()
    page.locator("#current").get_by_role("button", name="Good answer").wait_for()
    assert page.locator("#current .question").bounding_box() == before
    assert page.evaluate("window.kept === document.querySelector('#earlier .exchange')")
    assert page.locator("#earlier .abstract").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe(browser: Any, site: Running, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    with looking(browser, site, color_scheme=scheme) as seen:
        page = seen.page

        def check(where: str) -> None:
            page.wait_for_timeout(300)  # transitions have ended
            found = axe.run(page).response["violations"]
            serious = [
                (one["id"], [node["html"][:200] for node in one["nodes"]][:3])
                for one in found
                if one["impact"] in ("serious", "critical")
            ]
            assert serious == [], where

        check("empty")
        answered(seen)
        page.locator(".claim .chip").first.click()
        check("an answer")
        answered(seen, "Is it unknown?")
        check("a refusal")
        page.locator("#filters summary").click()
        check("filters")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Conversations").click()
        check("drawer")
        page.keyboard.press("Escape")
        shelf(seen)
        page.locator(".listed summary").first.click()
        check("shelf")


@pytest.mark.parametrize("view", ["ask", "shelf"])
def test_a_phone_is_wide_enough(browser: Any, site: Running, view: str) -> None:
    with looking(browser, site, viewport={"width": 390, "height": 800}) as seen:
        answered(seen)
        if view == "shelf":
            shelf(seen)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
        seen.page.locator("#filters summary").click()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    "query",
    [
        "page=x",
        "view=api&__theme=dark",
        "view=settings",
        "deep_link=x",
        "page=%00&author=Ada+Byron",
        "from=02023999&to=99999999999999999999",
        "author=%3Cscript%3Ewindow.broken%3D1%3C%2Fscript%3E&paper=%FF",
        "&&&=&;" + "paper=q1&" * 300,
    ],
)
def test_any_address_opens_the_page(browser: Any, site: Running, query: str) -> None:
    with looking(browser, site, f"?{query}") as seen:
        assert seen.page.get_by_label("Your question").is_visible()
        assert seen.page.evaluate("window.broken") is None
        known = set(parse_qs(urlsplit(seen.page.url).query))
        assert known <= {"author", "paper"}
        seen.page.reload(wait_until="domcontentloaded")
        seen.page.locator(".in-force").wait_for()
        assert set(parse_qs(urlsplit(seen.page.url).query)) == known


def test_one_conversation_in_two_tabs_loses_no_turn(browser: Any, site: Running) -> None:
    with looking(browser, site) as one, looking(browser, site) as other:
        answered(one, "First?")
        other.page.reload(wait_until="domcontentloaded")
        other.page.locator(".in-force").wait_for()
        other.page.get_by_role("button", name="Conversations").click()
        other.page.get_by_role("button", name="First?", exact=True).click()
        other.page.locator("#current .exchange").wait_for()
        answered(one, "Here?")
        answered(other, "There?")
        answered(other, "And there?")
        other.page.get_by_role("button", name="Conversations").click()
        other.page.wait_for_function("document.querySelectorAll('.kept li').length === 2")
        told = other.page.locator(".kept li").all_inner_texts()
        assert ["First? (2)" in told[0], "3 questions" in told[0]] == [True, True]
        assert "2 questions" in told[1]


def test_what_a_closed_tab_showed_is_kept(browser: Any, site: Running) -> None:
    with looking(browser, site) as seen:
        seen.ask("Will you wait?")
        seen.page.get_by_text("writing, not checked yet").wait_for()
    assert site.assistant.cancelled.wait(PATIENCE_SECONDS)
    with looking(browser, site) as seen:
        page = seen.page
        page.get_by_role("button", name="Conversations").click()
        page.get_by_role("button", name="Will you wait?", exact=True).click()
        page.locator("#current blockquote").wait_for()
        assert "The page was closed" in page.locator("#current .note").inner_text()
        assert page.get_by_text("writing, not checked yet").count() == 0
