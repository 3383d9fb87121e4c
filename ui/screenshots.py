"""Pictures of the open page for the README, by Chromium.

    vouch chat
    python -m ui.screenshots docs            the page on http://127.0.0.1:7860

A tool for who works on Vouch: it needs playwright (in the dev extra) and a Chromium. Knows the page as a
reader does, by its labels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

QUESTION = "How does LazyDiT make diffusion transformers faster?"
COMPARISON = "LazyDiT against QuEST, what is the difference?"
NOT_HERE = "Who won the World Cup?"
CHROMIUM = "/usr/bin/chromium"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
ANSWER_MS = 240_000  # a slow machine, its models not loaded yet
REST_MS = 700  # scrolling and transitions come to rest


def take(address: str, folder: Path, *, chromium: str = CHROMIUM) -> list[Path]:
    """The pictures, in the order taken."""
    from playwright.sync_api import sync_playwright

    taken: list[Path] = []

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=OPTIONS)

        def keep(page: Any, name: str) -> None:
            page.wait_for_timeout(REST_MS)
            taken.append(folder / f"{name}.png")
            page.screenshot(path=str(taken[-1]))

        with _page(browser, address, DESKTOP, "light") as page:
            keep(page, "page-welcome")
            _ask(page, QUESTION)
            _open_quoted(page)
            keep(page, "page-light")
            _ask(page, COMPARISON)
            keep(page, "page-comparison")
            _ask(page, NOT_HERE)
            keep(page, "page-refusal")
            page.get_by_role("tab", name="Shelf").click()
            keep(page, "page-shelf")
        with _page(browser, address, DESKTOP, "dark") as page:
            _ask(page, QUESTION)
            _open_quoted(page)
            keep(page, "page-dark")
        with _page(browser, address, PHONE, "light") as page:
            _ask(page, QUESTION)
            keep(page, "page-phone")
        browser.close()
    return taken


@contextmanager
def _page(browser: Any, address: str, size: dict[str, int], scheme: str) -> Iterator[Any]:
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(address, wait_until="domcontentloaded")
    page.locator(".in-force").wait_for()
    yield page
    context.close()


def _ask(page: Any, question: str) -> None:
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")
    asked = page.locator("#current .exchange").filter(has_text=question)
    asked.get_by_role("button", name="Good answer").wait_for(timeout=ANSWER_MS)


def _open_quoted(page: Any) -> None:
    page.locator("#current .claim .chip").first.click()
    page.mouse.move(0, 0)
    page.keyboard.press("Escape")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m ui.screenshots", description="Pictures of the open page."
    )
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--address", default="http://127.0.0.1:7860", help="the open page")
    parser.add_argument("--chromium", default=CHROMIUM, help="the browser's path")
    chosen = parser.parse_args()
    for path in take(chosen.address, chosen.folder, chromium=chosen.chromium):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
