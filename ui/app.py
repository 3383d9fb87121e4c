"""The chat page: gradio's parts wired to an assistant, served on this machine. The only gradio importer.

Knows the page's parts and who may reach them. What an answer looks like is render.py's, how a
conversation goes on is conversation.py's. Nothing that the page needs comes from another machine.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# Read when gradio is imported. The second spares a table of all past events, made anew after each.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import UsageError
from ui import render
from ui.conversation import Asking, Conversation, Errand, Errands, converse

# Every author page is asked, and a comparison, a summary and a count are among them.
EXAMPLES = (
    "How does OWL choose the sparsity of each layer?",
    "What does LLM-QAT quantize besides weights and activations?",
    "How does LazyDiT make diffusion transformers faster?",
    "How do PB-LLM and BiT reach such low bit widths?",
    "Summarise RD-NAS.",
    "How many papers from 2024 come with code?",
)

LONGEST_QUESTION = 2000  # characters that the box takes
LONGEST_QUEUE = 32  # questions that wait; one more is turned away
READERS_AT_ONCE = 16  # each waits in a thread, of which gradio has 40
STATUS_SECONDS = 3.0
FORGOTTEN_AFTER_SECONDS = 24 * 3600.0  # an idle browser session's conversation
GOODBYE_SECONDS = 1  # open event streams of a page would keep the server up for ever
LAST_STEP_SECONDS = 5.0  # the assistant's step that runs when the server ends: a paper's prefill

# gradio compiles component templates and styles itself with inline rules, so scripts cannot be
# held to files; that nothing is loaded from or sent to another host can.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

# A new value closes every <details> (gradio copies its attributes), so the opened ones are
# remembered, for both halves of the conversation. A chip opens its source and goes there.
CONVERSATION_SCRIPT = """
const opened = (window.vouchOpened ??= new Set());
const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
let shown = '';
element.setAttribute('role', 'log');
element.setAttribute('aria-label', 'Conversation');
element.addEventListener('click', event => {
  const summary = event.target.closest('summary');
  const chip = event.target.closest('button.chip');
  if (summary) {
    const source = summary.parentElement;
    source.open ? opened.delete(source.id) : opened.add(source.id);
  }
  if (chip) {
    const source = document.getElementById(chip.dataset.source);
    opened.add(source.id);
    source.open = true;
    (source.querySelector('mark') ?? source).scrollIntoView({behavior, block: 'center'});
    source.querySelector('summary').focus({preventScroll: true});
  }
});
watch('value', () => {
  element.querySelectorAll('details').forEach(source => { source.open = opened.has(source.id); });
  const latest = element.querySelector('.exchange:last-of-type');
  if (element.closest('#current') && latest && latest.id !== shown) {
    shown = latest.id;
    latest.scrollIntoView({behavior, block: 'start'});
  }
});
"""


def build_page(errands: Errands, examples: Sequence[str] = EXAMPLES) -> gr.Blocks:
    """The page's components and what happens on each click."""
    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    with gr.Blocks(title="Vouch", analytics_enabled=False, fill_width=True) as page:
        conversation = gr.State(Conversation(), time_to_live=FORGOTTEN_AFTER_SECONDS)
        errand = gr.State(time_to_live=FORGOTTEN_AFTER_SECONDS)
        gr.HTML(render.render_masthead(), elem_id="masthead", apply_default_css=False)
        earlier = gr.HTML(elem_id="earlier", js_on_load=CONVERSATION_SCRIPT, apply_default_css=False)
        current = gr.HTML(elem_id="current", js_on_load=CONVERSATION_SCRIPT, apply_default_css=False)
        with gr.Column(elem_id="examples") as suggestions:
            buttons = [gr.Button(example, elem_classes="example") for example in examples]
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
                    container=False,
                    scale=1,
                )
                ask = gr.Button("Ask", variant="primary", elem_id="ask", scale=0, min_width=80)
                stop = gr.Button("Stop", elem_id="stop", visible=False, scale=0, min_width=80)
                clear = gr.Button("Clear", elem_id="clear", scale=0, min_width=80)
            status = gr.HTML(
                render.render_status(errands.status()), elem_id="status", apply_default_css=False
            )

        def asked(question: str, before: Conversation) -> Iterator[dict[Any, Any]]:
            question = question.strip()
            if not question:
                yield {box: ""}
                return
            begun = before.ask(question)
            sent = errands.begin(begun)
            yield {
                **pictured(begun),
                **busy(True),
                errand: sent,
                box: "",
                suggestions: gr.update(visible=False),
            }
            with closing(converse(sent, begun)) as steps:
                for step in steps:
                    yield {current: step.current, conversation: step}
            yield busy(False)

        def pictured(now: Conversation) -> dict[Any, Any]:
            return {conversation: now, earlier: now.earlier, current: now.current}

        def busy(is_busy: bool) -> dict[Any, Any]:
            # Clear is away while an answer is written, so that one event alone writes the conversation.
            return {
                stop: gr.update(visible=is_busy),
                ask: gr.update(visible=not is_busy),
                clear: gr.update(visible=not is_busy),
            }

        def stopped(sent: Errand | None) -> None:
            if sent is not None:
                sent.stop()

        def cleared(now: Conversation) -> dict[Any, Any]:
            return {**pictured(now.clear()), box: "", suggestions: gr.update(visible=True)}

        written = [conversation, earlier, current, box, suggestions]
        answering = {
            "outputs": [*written, errand, ask, stop, clear],
            "concurrency_limit": READERS_AT_ONCE,
            "concurrency_id": "ask",
            **quiet,
        }
        typed = {"inputs": [box, conversation], "trigger_mode": "always_last"}
        gr.on([ask.click, box.submit], asked, **typed, **answering)
        for button in buttons:
            button.click(asked, inputs=[button, conversation], **answering)
        stop.click(stopped, inputs=errand, queue=False, **quiet)
        clear.click(cleared, inputs=conversation, outputs=written, queue=False, **quiet)
        gr.Timer(STATUS_SECONDS).tick(
            lambda: render.render_status(errands.status()), outputs=status, queue=False, **quiet
        )
    page.queue(max_size=LONGEST_QUEUE, api_open=False)
    return page


class SameOrigin:
    """ASGI middleware: requests that another site's page makes are refused; answers carry `HEADERS`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            refusal = PlainTextResponse("Requests of other sites are refused.", status_code=403)
            await refusal(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def build_app(
    assistant: Asking,
    *,
    host: str,
    auth: tuple[str, str] | None = None,
    examples: Sequence[str] = EXAMPLES,
) -> FastAPI:
    """The page behind its guards, as an ASGI app. Build it inside a running event loop."""
    errands = Errands(assistant)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(errands.close, seconds=LAST_STEP_SECONDS)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(SameOrigin)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=trusted_hosts(host), www_redirect=False)
    return gr.mount_gradio_app(  # type: ignore[no-any-return]
        app,
        build_page(errands, examples),
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
        css_paths=[Path(__file__).with_name("style.css")],
    )


def serve(
    assistant: Asking,
    *,
    host: str,
    port: int,
    auth: tuple[str, str] | None = None,
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
            lambda: build_app(assistant, host=host, auth=auth), on_ready=lambda: on_ready(address)
        )
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


class Server(uvicorn.Server):
    """A uvicorn that says when it answers, and goes quietly.

    The app is built inside its event loop: outside one, gradio makes loops that nobody closes.
    """

    def __init__(self, build: Callable[[], FastAPI], *, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                build,
                factory=True,
                log_level="warning",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GOODBYE_SECONDS,
            )
        )
        self.on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Every open page holds a stream, and uvicorn reports each that it cuts as a crash.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to host and port. Raises UsageError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"Port {port} is already in use on {host}.",
                hint=f"Choose another with --port {port + 1}, or open the page that runs there.",
            ) from error
        raise UsageError(
            f"The page cannot be served on {host}, port {port}: {error}.",
            hint="Choose with --host and --port.",
        ) from error
    return listener


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`; a name other than localhost is taken not to be."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def trusted_hosts(host: str) -> list[str]:
    """The Host headers that are answered: a name that someone else points at this machine is not.

    A wildcard address is asked for under any name; its readers must log in.
    """
    try:
        if ipaddress.ip_address(host).is_unspecified:
            return ["*"]
    except ValueError:
        pass
    return ["localhost", "127.0.0.1", "::1", "[::1]", host, f"[{host}]"]
