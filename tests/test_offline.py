"""Nothing leaves this machine: the fence holds, and a whole question needs nothing from beyond it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from offline.sitecustomize import RemoteSocketError

COMMAND = "import sys; from rag.cli import main; sys.exit(main())"
# TEST-NET-1 and a reserved name: nobody is there, should the fence fail.
NOBODY = ("192.0.2.1", 80)
ATTEMPTS = {
    "connect": lambda: socket.socket().connect(NOBODY),
    "connect_ex": lambda: socket.socket().connect_ex(NOBODY),
    "create_connection": lambda: socket.create_connection(NOBODY, timeout=1),
    "datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"", NOBODY),
    "datagram with flags": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"", 0, NOBODY),
    "IPv6": lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 80, 0, 0)),
    "look-up": lambda: socket.getaddrinfo("nowhere.invalid", 80),
    "old look-up": lambda: socket.gethostbyname("nowhere.invalid"),
}


@pytest.mark.filterwarnings("ignore:unclosed")
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_the_fence_holds_and_tells(attempt, attempts_file):
    with pytest.raises(RemoteSocketError):
        attempt()
    assert len(attempts_file.read_text().splitlines()) == 1
    attempts_file.unlink()


def test_the_fence_stands_in_child_processes_and_tells_what_they_swallow(attempts_file):
    code = "import urllib.request\ntry: urllib.request.urlopen('http://192.0.2.1/')\nexcept OSError: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert "192.0.2.1:80" in attempts_file.read_text()
    attempts_file.unlink()


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()


@pytest.fixture
def reader(shelf, smollm2_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Child processes read the real shelf with the real small model.

    By its path it is a reader's own model and writes; by its name it would only be quoted from.
    """
    monkeypatch.setenv("VOUCH_HOME", str(shelf.home))
    monkeypatch.setenv("VOUCH_MODEL", str(smollm2_path))
    monkeypatch.setenv("VOUCH_ANSWER_TOKENS", "24")
    # What would switch libraries to offline is theirs to set, not the test's to lend.
    for variable in [name for name in os.environ if name.startswith(("HF_", "TRANSFORMERS_", "GRADIO_"))]:
        monkeypatch.delenv(variable)


def vouch(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", COMMAND, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.usefixtures("reader")
def test_a_question_is_answered_without_any_remote_socket(tmp_path, smollm2_path, attempts_file):
    done = vouch("ask", "--json", "What does OWL prune in large language models?", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == "answered"
    assert "Outlier Weighed Layerwise Sparsity" in answer["citations"][0]["title"]
    assert answer["claims"]
    assert answer["model"] == smollm2_path.stem
    assert answer["timings"]["output_tokens"] > 0
    assert done.stderr == ""
    assert not attempts_file.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    "command", [["doctor"], ["papers"], ["models", "list"], ["search", "pruning", "--json"]]
)
def test_commands_need_nothing_remote(tmp_path, command, attempts_file):
    done = vouch(*command, folder=tmp_path)
    assert "Traceback" not in done.stderr
    assert done.stdout
    assert not attempts_file.exists()
