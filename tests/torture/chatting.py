"""What stands behind the page of a reader, without the page: a question a line in, what was cited out.

    python chatting.py HOME    {"question"} on stdin; {"titles", "cited"} or {"error"} on stdout

The embedder is words, and no model is there, so answers are quotes.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from fakes import WordEmbedder

from rag import wiring
from rag.config import Settings
from rag.errors import RagError
from rag.types import Scope
from ui.desk import Desk


def main(home: Path) -> None:
    words = WordEmbedder()
    wiring.open_embedder = lambda settings: words
    settings = Settings().model_copy(update={"home": home, "cache": home / "no-cache"})
    with closing(Desk(settings)) as desk:
        for line in sys.stdin:
            try:
                answer = list(desk.stream(json.loads(line)["question"]))[-1]
                said = {
                    "titles": sorted(paper.title for paper in desk.papers(Scope())),
                    "cited": [citation.paper.title for citation in answer.citations],
                }
            except RagError as error:
                said = {"error": [error.message]}
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
