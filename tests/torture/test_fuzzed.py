"""The properties that `make test` tries with a hundred inputs or a few, tried with 10,000 each.

`TORTURE=500`: with 500. In processes of their own, so that the number of inputs is that of a profile.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from torture.conftest import AMOUNT, rounds, tell

ROOT = Path(__file__).parent.parent.parent
HUNG_SECONDS = 3600
INPUTS = rounds(0, 10_000)

# What is read, and the tests that hold for any of it.
READ = {
    "pages": "pages",
    "text": "cleaning tokens chunk latex markup",
    "questions": "understand orders topics asked sql library",
    "what is shown": "render terminal shown diary",
    "settings": "config",
    "model files": "gguf",
    "kept states and backups": "states unpack",
    "eval files": "questions results batch articles pairs",
    "exports": "export",
}


@pytest.mark.skipif(not AMOUNT, reason="make test runs these with fewer inputs; set TORTURE")
@pytest.mark.parametrize("what", READ)
def test_no_input_of_many_breaks_it(what: str) -> None:
    files = [f"test_{name}.py" for name in READ[what].split()]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "hypothesis"]
    command += ["--hypothesis-profile=torture", "--no-header", *files]
    environment = {**os.environ, "FUZZED": str(INPUTS)}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=HUNG_SECONDS,
        cwd=ROOT / "tests",
        env=environment,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    tell(f"{what}: {passed[1]} properties, inputs of each", INPUTS)
