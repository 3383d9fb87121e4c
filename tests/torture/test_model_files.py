"""A real model file with bytes changed: its child may end, this process may not.

Each file is opened and asked for two words by a child with limits on memory and time. What is refused by
the look at its header never reaches llama.cpp; what breaks llama.cpp breaks the child that tries it, which
is how Vouch loads a file that no catalogue knows.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from torture.conftest import rounds, tell
from visiting import COMMAND, ROOT

from rag.engine import Engine
from rag.errors import ModelError
from rag.gguf import check_gguf
from rag.prompt import Message, render

MUTATIONS = rounds(6, 500)
MOST_BYTES = 3 << 30
HUNG_SECONDS = 60
PATCHES = (b"\0", b"\x01", b"\x7f", b"\xff", b"\xff" * 8, b"\x7f" * 8, b"\0" * 8, b"\x80" + b"\0" * 7)
CODE = "{{ cycler.__init__.__globals__.os.popen('touch owned') }}"
TEMPLATE = b"tokenizer.chat_template"

Patch = tuple[int, bytes]


@pytest.fixture(scope="module")
def copy(smollm2_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copyfile(smollm2_path, tmp_path_factory.mktemp("models") / "copy.gguf")


def patches(path: Path, count: int) -> Iterator[list[Patch]]:
    """Mostly in the header, where sizes and offsets stand; the rest anywhere."""
    chance = random.Random(11)
    size = path.stat().st_size
    for number in range(count):
        most = (200, 4_000, 2_000_000, size)[number % 4]
        yield [(chance.randrange(4, most - 8), chance.choice(PATCHES)) for _ in range(chance.randrange(1, 4))]


def swap(path: Path, changes: list[Patch]) -> list[Patch]:
    """Write these, and say what stood there, the last first."""
    stood = []
    with path.open("r+b") as file:
        for place, patch in changes:
            file.seek(place)
            stood.append((place, file.read(len(patch))))
            file.seek(place)
            file.write(patch)
    return stood[::-1]


def tried(path: Path) -> str:
    """What becomes of a process of its own that uses the file."""
    folders = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    program = "from torture.test_model_files import use; use()"
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=False,
    )
    assert -done.returncode != signal.SIGALRM, "it hung"
    if done.returncode < 0:
        return "broken"
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def use() -> None:
    """The program of that process."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(HUNG_SECONDS)
    sys.stdout.write(_used(Path(sys.argv[1])))


def _used(path: Path) -> str:
    try:
        check_gguf(path)
        engine = Engine.open(path, name="tried", context_tokens=512, threads=1, gpu_layers=0)
        prompt = render((Message("user", ("Why is the sky blue?",)),), engine.chat_format)
        list(engine.generate(prompt, max_tokens=2))
        engine.close()
    except (ModelError, MemoryError):
        return "refused"
    return "used"


def test_no_changed_file_does_more_than_end_its_child(copy: Path) -> None:
    assert tried(copy) == "used"
    ends: Counter[str] = Counter()
    for changes in patches(copy, MUTATIONS):
        stood = swap(copy, changes)
        try:
            ends[tried(copy)] += 1
        finally:
            swap(copy, stood)
    assert ends["refused"]
    tell(f"changes of a real model file ({dict(ends)})", MUTATIONS)


def test_a_template_that_is_code_is_refused_and_not_run(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with copy.open("rb") as file:
        head = file.read(8_000_000)
    at = head.index(TEMPLATE) + len(TEMPLATE) + 4
    length = int.from_bytes(head[at : at + 8], "little")
    stood = swap(copy, [(at + 8, CODE.encode().ljust(length))])
    try:
        check_gguf(copy)
        command = [sys.executable, "-c", COMMAND, "models", "use", str(copy)]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    finally:
        swap(copy, stood)
    assert done.returncode == 1
    assert "chat format" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*owned*"))
