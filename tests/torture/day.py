"""All that a reader does with Vouch, once: ingest, ask, search, chat over HTTP, eval, back up, check.

    python day.py FOLDER    with page.txt and questions.jsonl in it; a line of JSON for each step

Run as a program, so that all of it can be shut into a namespace; the environment says where data live.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from visiting import COMMAND, ROOT, Visitor, serving


def main(folder: Path) -> None:
    os.umask(0o022)
    question = (folder / "question.txt").read_text()
    home = Path(os.environ["VOUCH_HOME"])
    steps = (
        ("ingest", str(folder / "page.txt")),
        ("ask", question),
        ("search", question),
        ("eval", str(folder / "questions.jsonl"), "--results", str(home / "results")),
        ("backup", str(home / "shelf.tar")),
        ("doctor", "--check"),
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
    for step in steps:
        command = [sys.executable, "-c", COMMAND, *step]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=folder / "work", env=environment
        )
        said = {"step": step[0], "code": done.returncode, "out": done.stdout, "err": done.stderr}
        print(json.dumps(said), flush=True)
    with serving(folder / "logs", home) as page:
        visitor = Visitor(page)
        answers = [visitor.ask(question), visitor.ask("Who wrote it?")]
        told = {"step": "chat", "code": 0, "out": "\n".join(answers), "err": page.log.read_text()}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
