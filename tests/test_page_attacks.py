"""The running server, attacked: no file of this machine, no request to another, nothing from other sites."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from rag.types import Answer, Pick, Scope, Turn
from ui import app as chat

PATIENCE_SECONDS = 30
SECRET = "zanzibarsecret"


class Silent:
    """An assistant that nobody should reach; counts who does."""

    asked = 0

    def stream(
        self, question: str, history: Sequence[Turn], *, scope: Scope, pick: Pick | None
    ) -> Iterator[Answer]:
        self.asked += 1
        yield from ()

    def cancel(self) -> None:
        pass

    def status(self) -> str:
        return "fine"


@dataclass(frozen=True)
class Site:
    port: int
    assistant: Silent

    def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """The path goes out as it stands: no client tidies it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            sent = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(body))} | (headers or {})
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.read(1_000_000)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    ready, assistant = threading.Event(), Silent()
    with chat.listen("127.0.0.1", 0) as listener:
        server = chat.Server(lambda: chat.build_app(assistant, host="127.0.0.1"), on_ready=ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert ready.wait(PATIENCE_SECONDS)
        yield Site(listener.getsockname()[1], assistant)
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secret") / "library.sqlite"
    path.write_text(SECRET)
    return path


UP = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%252f", "..\\", "..%5c", "....//", "%c0%ae%c0%ae/", "..;/")
ROUTES = (
    *("/file=", "/file/", "/gradio_api/file=", "/gradio_api/file/", "/gradio_api/stream/", "/static/"),
    *("/assets/", "/svelte/", "/theme.css/", "/gradio_api/download=", "/"),
    "/custom_component/x/client/component/",
)


@pytest.mark.parametrize("route", ROUTES)
def test_no_file_is_told(site: Site, secret: Path, route: str) -> None:
    spelled = str(secret)
    targets = [spelled, quote(spelled, safe=""), quote(quote(spelled, safe=""), safe=""), f"file://{spelled}"]
    targets += [up * 12 + spelled.lstrip("/") for up in UP]
    targets += [spelled + ending for ending in ("%00", "%00.css", "?x", "#x", ".", "/")]
    for target in targets:
        _, body = site.send("GET", route + target.replace(" ", "%20"))
        assert SECRET.encode() not in body, target


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Another server of this machine, which the page must not be made to ask."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def test_nothing_is_fetched_for_anybody(site: Site, listener: socket.socket) -> None:
    inner = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    file = {"path": inner, "url": inner, "orig_name": "x", "meta": {"_type": "gradio.FileData"}}
    for path in (
        f"/gradio_api/proxy={inner}",
        f"/proxy={inner}",
        f"/gradio_api/file={inner}",
        f"/file={inner}",
    ):
        site.send("GET", path)
        site.send("GET", path.replace(inner, quote(inner, safe="")))
    headers = {"Content-Type": "application/json"}
    for number in range(12):
        for data in ([file], [inner], [file, file], [{"value": file}]):
            body = {
                "data": data,
                "fn_index": number,
                "session_hash": "s",
                "trigger_id": 1,
                "event_data": file,
            }
            for route in ("/gradio_api/queue/join", f"/gradio_api/run/{number}", "/gradio_api/run/predict"):
                site.send("POST", route, json.dumps(body).encode(), headers)
    site.send("POST", f"/gradio_api/upload?upload_id={quote(inner)}", json.dumps(file).encode(), headers)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_uploads_are_refused(site: Site) -> None:
    border = "x"
    part = f'--{border}\r\nContent-Disposition: form-data; name="files"; filename="../../x.py"\r\n\r\n'
    body = part.encode() + b"A" * 5000 + f"\r\n--{border}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={border}"}
    status, told = site.send("POST", "/gradio_api/upload", body, headers)
    assert status >= 400, told


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1.evil.example"]
)
@pytest.mark.parametrize(
    "path", ["/", "/gradio_api/queue/join", "/gradio_api/upload", "/login", "/gradio_api/cancel"]
)
def test_other_sites_posts_are_refused(site: Site, origin: str, path: str) -> None:
    status, _ = site.send("POST", path, b"{}", {"Origin": origin, "Content-Type": "text/plain"})
    assert status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "2130706433", "0x7f.1", "[::ffff:7f00:1]", ""]
)
def test_other_names_of_this_machine_are_refused(site: Site, host: str) -> None:
    assert site.send("GET", "/", headers={"Host": host})[0] == 400


@pytest.mark.parametrize(
    "path", ["/docs", "/openapi.json", "/redoc", "/monitoring", "/gradio_api/info", "/gradio_api/mcp/sse"]
)
def test_what_is_not_the_page_is_closed(site: Site, path: str) -> None:
    status, body = site.send("GET", path)
    assert status >= 400 or b'"named_endpoints":{}' in body.replace(b" ", b"")


def test_garbage_leaves_it_standing(site: Site) -> None:
    for path in ("/" + "a" * 60_000, "/%", "/%ff%fe", "/gradio_api/queue/data?session_hash=" + "x" * 5000):
        if "queue/data" not in path:
            site.send("GET", path)
    for body in (
        b"",
        b"{",
        b"[" * 5000,
        b'{"data":' + b"[" * 900 + b"]" * 900 + b"}",
        b"\xff\xfe\x00",
        b"null",
    ):
        site.send("POST", "/gradio_api/queue/join", body, {"Content-Type": "application/json"})
    assert site.send("GET", "/")[0] == 200
    assert site.assistant.asked == 0
