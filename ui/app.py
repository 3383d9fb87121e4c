"""The chat page: gradio's parts wired to an assistant. The only gradio importer.

Knows the page's parts and what happens when they are used. What they look like is said by pure modules
(render, sources, scope, shelf, drawer), what a click does in the browser by page.js, who may reach the
page by serve.py. Nothing that the page needs comes from another machine.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

# Read when gradio is imported. The second spares a table of all past events, made anew after each.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"

import gradio as gr
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from rag.diary import Diary
from rag.errors import UsageError
from ui import render
from ui.conversation import LEFT, Asking, Conversation, Errand, Errands, converse
from ui.examples import Example
from ui.reading import NOTHING_SAID, Reading, Told
from ui.scope import PARAMETERS
from ui.serve import OwnAddress, SameOrigin, Server, is_loopback, listen, trusted_hosts

LONGEST_QUESTION = 2000  # characters that the box takes
LONGEST_QUEUE = 32  # questions that wait, unless the settings say otherwise; one more is turned away
READERS_AT_ONCE = 16  # each waits in a thread, of which gradio has 40
STATUS_SECONDS = 3.0
FORGOTTEN_AFTER_SECONDS = 24 * 3600.0  # an idle browser session's conversation
# Browser sessions that are remembered, those heard of last: an open page is heard of every STATUS_SECONDS,
# one that was closed or loaded again never. Each holds about 0.6 MB where the list of conversations is long.
MOST_SESSIONS = 200
LAST_STEP_SECONDS = 5.0  # the assistant's step that runs when the server ends: a paper's prefill

# What stands in the box when a question is sent.
TYPED = "(typed, view, talk) => [document.querySelector('#question textarea').value, view, talk]"

SCRIPT = Path(__file__).with_name("page.js")
STYLE = Path(__file__).with_name("style.css")
Updates = dict[Any, Any]


def build_page(
    errands: Errands,
    diary: Diary,
    examples: Sequence[Example] | None = None,
    *,
    queue_length: int = LONGEST_QUEUE,
) -> gr.Blocks:
    """The page's components and what happens on each click; by default the shelf makes the examples."""
    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    script = SCRIPT.read_text("utf-8")

    def part(name: str, value: str = "") -> gr.HTML:
        return gr.HTML(value, elem_id=name, js_on_load=script, apply_default_css=False)

    with gr.Blocks(title="Vouch", analytics_enabled=False, fill_width=True) as page:
        view = gr.State(Reading(), time_to_live=FORGOTTEN_AFTER_SECONDS)
        talk = gr.State(NOTHING_SAID, time_to_live=FORGOTTEN_AFTER_SECONDS)
        errand = gr.State(time_to_live=FORGOTTEN_AFTER_SECONDS)
        # A part that is read must not be changed, too: in each browser session gradio keeps every change of
        # it for ever (`Blocks.preprocess_data`). So these are never shown; the browser says their values.
        address = gr.Textbox(visible=False)
        typed = gr.Textbox(visible=False)
        with gr.Column(elem_id="top"):
            part("masthead", render.render_masthead())
            scope = part("scope")
        drawer = part("drawer")
        courier = part("courier")
        with gr.Column(elem_id="ask-view"):
            earlier = part("earlier")
            current = part("current")
            welcome = part("welcome", render.render_welcome(()))
            with gr.Column(elem_id="composer"):
                with gr.Row(elem_id="desk"):
                    box = gr.Textbox(
                        label="Your question",
                        placeholder="Ask a question",
                        elem_id="question",
                        lines=1,
                        max_lines=6,
                        max_length=LONGEST_QUESTION,
                        autofocus=True,
                        interactive=True,
                        container=False,
                        scale=1,
                    )
                    ask = gr.Button("Ask", variant="primary", elem_id="ask", scale=0, min_width=80)
                    stop = gr.Button("Stop", elem_id="stop", visible=False, scale=0, min_width=80)
                    clear = gr.Button("New", elem_id="clear", scale=0, min_width=80)
                status = gr.HTML(
                    render.render_status(errands.status()), elem_id="status", apply_default_css=False
                )
        shelf = part("shelf-view")

        parts = {
            "scope": scope, "drawer": drawer, "courier": courier, "earlier": earlier,
            "current": current, "welcome": welcome, "shelf": shelf,
        }  # fmt: skip
        reader = Told(errands.assistant, diary, examples)

        def updates(before: Reading, after: tuple[Reading, Sequence[str]]) -> Updates:
            now, changed = after
            talked = {talk: now.conversation} if now.conversation is not before.conversation else {}
            drawn = {parts[name]: held(reader.draw(name, now)) for name in changed}
            return {view: replace(now, conversation=NOTHING_SAID), **talked, **drawn}

        def asking(
            now: Reading, said: Conversation, question: str, wanted: Mapping[str, str]
        ) -> Iterator[Updates]:
            begun = reader.ask(replace(now, conversation=said), question, wanted)
            if begun is None:
                yield {box: held("")}
                return
            sent = errands.begin(begun)
            try:
                yield {
                    talk: begun, errand: sent, **busy(True), box: held(""), welcome: held(""),
                    earlier: held(begun.earlier), current: held(begun.current),
                }  # fmt: skip
                with closing(converse(sent, begun)) as steps:
                    for begun in steps:
                        yield {current: held(begun.current)}
            except GeneratorExit:  # the page is gone: what it showed is kept
                sent.stop()
                reader.keep(begun.end(LEFT))
                raise
            done = reader.keep(begun)
            drawn = {current: held(done.current), drawer: held(reader.drawer(done.kept))}
            yield {talk: done, **drawn, **busy(False)}

        def busy(is_busy: bool) -> Updates:
            # New is away while an answer is written, so that one event alone writes the conversation.
            return {
                stop: gr.update(visible=is_busy),
                ask: gr.update(visible=not is_busy),
                clear: gr.update(visible=not is_busy),
            }

        def asked(question: str, now: Reading, said: Conversation) -> Iterator[Updates]:
            yield from asking(now, said, question, {})

        def asked_here(now: Reading, said: Conversation, event: gr.EventData) -> Iterator[Updates]:
            yield from asking(now, said, str(event._data.get("question", "")), event._data)

        def acted(now: Reading, said: Conversation, event: gr.EventData) -> Updates:
            now = replace(now, conversation=said)
            return updates(now, reader.act(now, event._data))

        def stopped(sent: Errand | None) -> None:
            if sent is not None:
                sent.stop()

        def cleared(now: Reading, said: Conversation) -> Updates:
            now = replace(now, conversation=said)
            return updates(now, reader.act(now, {"act": "new"}))

        def opened(query: str, now: Reading) -> Updates:
            return updates(now, reader.open(now, query))

        def ticked(now: Reading, said: Conversation) -> Updates:
            now = replace(now, conversation=said)
            told = {status: held(render.render_status(errands.status()))}
            return {**updates(now, reader.look(now)), **told} if reader.is_news(now) else told

        everything = [view, talk, *parts.values()]
        answering = {
            "outputs": [*everything, box, errand, ask, stop, clear],
            "concurrency_limit": READERS_AT_ONCE,
            "concurrency_id": "ask",
            **quiet,
        }
        gr.on(
            [ask.click, box.submit],
            asked,
            inputs=[typed, view, talk],
            js=TYPED,
            trigger_mode="always_last",
            **answering,
        )
        gr.on([each.submit for each in parts.values()], asked_here, inputs=[view, talk], **answering)
        gr.on(
            [each.select for each in parts.values()],
            acted,
            inputs=[view, talk],
            outputs=everything,
            queue=False,
            trigger_mode="multiple",
            **quiet,
        )
        stop.click(stopped, inputs=errand, queue=False, **quiet)
        clear.click(cleared, inputs=[view, talk], outputs=everything, queue=False, **quiet)
        page.load(
            opened,
            inputs=[address, view],
            outputs=everything,
            js="(address, view) => [location.search, view]",
            queue=False,
            **quiet,
        )
        gr.Timer(STATUS_SECONDS).tick(
            ticked, inputs=[view, talk], outputs=[*everything, status], queue=False, **quiet
        )
    page.state_session_capacity = MOST_SESSIONS
    page.queue(max_size=queue_length, api_open=False)
    return page


def held(value: str) -> Updates:
    """A part's new value, as an update.

    Of a bare value gradio keeps one more copy for ever, under the name of the part's last update; and what
    an event leaves out it updates with nothing (`Blocks.postprocess_data`).
    """
    updated: Updates = gr.update(value=value)
    return updated


def build_app(
    assistant: Asking,
    *,
    host: str,
    diary: Diary | None = None,
    auth: tuple[str, str] | None = None,
    examples: Sequence[Example] | None = None,
    queue_length: int = LONGEST_QUEUE,
) -> FastAPI:
    """The page behind its guards, as an ASGI app; without a diary conversations stay in memory.

    Build it inside a running event loop.
    """
    errands = Errands(assistant)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(errands.close, seconds=LAST_STEP_SECONDS)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(OwnAddress, known=PARAMETERS)
    app.add_middleware(SameOrigin)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=trusted_hosts(host), www_redirect=False)
    return gr.mount_gradio_app(  # type: ignore[no-any-return]
        app,
        build_page(errands, diary or Diary.open(None), examples, queue_length=queue_length),
        path="/",
        auth=auth,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        footer_links=[],
        run_history=False,
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        max_file_size=1,
        blocked_paths=["/"],
        theme=gr.themes.Base(font=gr.themes.Font("sans-serif"), font_mono=gr.themes.Font("monospace")),
        css_paths=[STYLE],
    )


def serve(
    assistant: Asking,
    *,
    host: str,
    port: int,
    diary: Diary | None = None,
    auth: tuple[str, str] | None = None,
    queue_length: int = LONGEST_QUEUE,
    on_ready: Callable[[str], None],
) -> None:
    """Serves the page until Ctrl-C. `on_ready` is told its address once it answers; port 0 takes a free one.

    When it returns, the assistant's last step has ended or had LAST_STEP_SECONDS to end. Raises
    UsageError where host and port cannot be had, or others could come in without a password.
    """
    if auth is None and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached from other machines, so the page needs a password.",
            hint="Give one with --auth NAME:PASSWORD, or serve on 127.0.0.1.",
        )
    with listen(host, port) as listener:
        shown_host = f"[{host}]" if ":" in host else host
        address = f"http://{shown_host}:{listener.getsockname()[1]}"
        server = Server(
            lambda: build_app(assistant, host=host, auth=auth, diary=diary, queue_length=queue_length),
            on_ready=lambda: on_ready(address),
        )
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
