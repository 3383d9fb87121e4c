"""What every adapter owes its driver: questions in by line, answers out by line, citations numbered.

Standard library alone, since it is imported inside each peer's own virtual environment, and before
the peer's libraries: they read the environment set here when they are imported. Knows no peer.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

CONTEXT_TOKENS = 8192
# [1], [1, 2], [1-3], [Source 1], (Source 1), and a bare `Source 1`.
MARK = re.compile(r"\[(?:Sources?\s*)?(\d+(?:\s*[,;–-]\s*\d+)*)\]|\(?\bSource\s+(\d+)\b\)?")
RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question; None where the peer does not tell."""

    first_token_s: float | None = None
    total_s: float | None = None
    retrieve_s: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as the peer shows it, its marks numbered by the position of a title in `cited`."""

    text: str = ""
    cited: Sequence[str] = ()
    raw: str = ""
    timings: Timings = Timings()
    error: str | None = None


@dataclass(slots=True)
class Stopwatch:
    """Seconds since it was made, and until the first token."""

    started: float = field(default_factory=time.perf_counter)
    first_token_s: float | None = None

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def token(self) -> None:
        if self.first_token_s is None:
            self.first_token_s = self.seconds


Answerer = Callable[[Sequence[str]], Reply]


def serve(
    open_peer: Callable[[argparse.Namespace], Answerer], profiles: Sequence[str] = ("default",)
) -> None:
    """Open the peer once, then answer each line of stdin with one line of stdout.

    Whatever libraries print goes to stderr. A question that fails is an answer with an error.
    """
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    watch = Stopwatch()
    answer = open_peer(_options(profiles))
    print(json.dumps({"ready": watch.seconds}), file=out, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_record(asked["id"], _safely(answer, asked["turns"]))), file=out, flush=True)


def read_papers(path: Path) -> list[dict[str, Any]]:
    """The papers, the shelf's record of each as the last line of its abstract."""
    papers = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [paper | {"abstract": f"{paper['abstract']}\n{_record_line(paper)}"} for paper in papers]


def _record_line(paper: dict[str, Any]) -> str:
    authors = ", ".join(paper["authors"]) + (" et al." if paper["et_al"] else "")
    code = {True: "with code", False: "without code", None: "code unknown"}[paper["has_code"]]
    date, category = paper["date"] or "unknown", paper["category"] or "unknown"
    return f"Authors: {authors}. Date: {date}. Category: {category}; {code}. Page of {paper['page_author']}."


def cite(title: str, cited: list[str]) -> str:
    """The mark of a title, which takes the next number where it has none yet."""
    if title not in cited:
        cited.append(title)
    return f"[{cited.index(title) + 1}]"


def number_marks(raw: str, sources: Sequence[str]) -> tuple[str, list[str]]:
    """The text with its numbered marks numbered anew, and the titles that they cite.

    `sources` are the titles as the model was shown them, from 1. A number that stands for none of
    them stays as it is: it is more than all of them, so no citation can take it.
    """
    cited: list[str] = []

    def marks(match: re.Match[str]) -> str:
        numbers = re.findall(r"\d+", RANGE.sub(_spelled, match[1] or match[2]))
        return "".join(
            cite(sources[int(number) - 1], cited) if 1 <= int(number) <= len(sources) else f"[{number}]"
            for number in numbers
        )

    return MARK.sub(marks, raw), cited


def avoid_amx() -> None:
    """Keep llama.cpp from its AMX kernels, which kill the process at the first decode.

    They come with the weights' extra buffer types, which the high-level class cannot switch off.
    """
    from llama_cpp import llama_cpp, llama_print_system_info

    if b"AMX_INT8 = 1" not in llama_print_system_info():
        return
    defaults = llama_cpp.llama_model_default_params

    def without_extra_buffers() -> Any:
        parameters = defaults()
        parameters.use_extra_bufts = False
        return parameters

    llama_cpp.llama_model_default_params = without_extra_buffers


def _options(profiles: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("--model", "--embedder", "--papers"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--profile", choices=profiles, default=profiles[0])
    return parser.parse_args()


def _safely(answer: Answerer, turns: Sequence[str]) -> Reply:
    try:
        return answer(turns)
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is that question's result
        return Reply(error=f"{type(error).__name__}: {error}".split("\n")[0])


def _record(id: str, reply: Reply) -> dict[str, Any]:
    citations = [{"number": number, "title": title} for number, title in enumerate(reply.cited, 1)]
    record = {"id": id, **asdict(reply), "citations": citations}
    del record["cited"]
    return record


def _spelled(span: re.Match[str]) -> str:
    """`2-4` as `2 3 4`; a span that runs backwards or far is left as its two ends."""
    first, last = int(span[1]), int(span[2])
    return " ".join(map(str, range(first, last + 1) if first <= last < first + 20 else (first, last)))
