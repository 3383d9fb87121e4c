"""The server of the page: who may reach it, where it listens, how it ends. Knows no gradio and no page."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import UsageError

GOODBYE_SECONDS = 1  # open event streams of a page would keep the server up for ever

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


class OwnAddress:
    """ASGI middleware: the page's address is sent on to itself without what it does not know."""

    def __init__(self, app: ASGIApp, *, known: Collection[str]) -> None:
        self.app = app
        self.known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/" and scope["query_string"]:
            query = scope["query_string"].decode("latin-1")
            kept = "&".join(part for part in query.split("&") if part.partition("=")[0] in self.known)
            if kept != query:
                await RedirectResponse(f"./?{kept}" if kept else "./")(scope, receive, send)
                return
        await self.app(scope, receive, send)


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
