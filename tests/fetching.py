"""What the tests of hub, wheels and weights share: bytes to fetch, a target, and a hub on loopback."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rag.target import Target

CONTENT = bytes(range(256)) * 12_000  # 3 MB: several blocks
HALF = len(CONTENT) // 2


def target_in(folder: Path, seen: list[tuple[int, int | None]] | None = None) -> Target:
    """A target for CONTENT; `seen` gets what its progress hears."""
    heard = [] if seen is None else seen
    return Target(
        path=folder / "tiny.gguf.partial",
        size=len(CONTENT),
        progress=lambda done, total: heard.append((done, total)),
    )


@dataclass
class Hub:
    """A hub of one file: what it serves, where it breaks off, and what it was asked."""

    path: str
    content: bytes
    etag: str = '"one"'
    stops_at: list[int] = field(default_factory=list)
    status: int = 200
    announces: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        hub, span = self.hub, self.headers.get("Range")
        hub.asked.append((self.path, span))
        if self.path != hub.path:
            return self.send_error(404)
        if hub.status != 200:
            return self.send_error(hub.status)
        start = 0
        if span and self.headers.get("If-Range") == hub.etag:
            start = int(re.fullmatch(r"bytes=(\d+)-", span)[1])  # type: ignore[index]
            if start >= len(hub.content):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(hub.content) - 1}/{len(hub.content)}")
        else:
            self.send_response(200)
        if hub.announces:
            self.send_header("Content-Length", str(len(hub.content) - start))
        if hub.etag:
            self.send_header("ETag", hub.etag)
        self.end_headers()
        self.wfile.write(hub.content[start : hub.stops_at.pop(0) if hub.stops_at else None])
        return None


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub at its `address`, until the end."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
