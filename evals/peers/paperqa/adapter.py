"""PaperQA2, by its `Docs` interface: gather evidence, then answer with citations.

Profile `full` is the package's default: ten texts retrieved, each summarised and scored by the model
for the question, then one answer from the five best. Profile `fast` is the package's own settings of
that name without the summaries: one call of the model. Model: llama.cpp's OpenAI-compatible server in
a thread of this process. Answers come whole, so the first words come with the last. It has no memory:
of a conversation only the last turn is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from contract import CONTEXT_TOKENS, Reply, Stopwatch, Timings, avoid_amx, cite, read_papers, serve

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["PQA_HOME"] = tempfile.gettempdir()

# isort: split
import torch
import uvicorn
from llama_cpp.server.app import create_app
from llama_cpp.server.settings import ModelSettings, ServerSettings
from paperqa import Docs, Settings
from paperqa.types import Doc, PQASession, Text

OUTPUT_TOKENS = 512
MODEL = "openai/local"


class Peer:
    """Server, settings and documents, opened once."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.set_num_threads(options.threads)
        self.runner = asyncio.Runner()
        atexit.register(self.runner.close)  # litellm's own tasks crash the interpreter's end
        self.settings = make_settings(options, start_server(options.model, options.threads))
        self.embedding_model = self.settings.get_embedding_model()
        self.docs = Docs()
        self.runner.run(self._add(read_papers(options.papers)))

    def answer(self, turns: Sequence[str]) -> Reply:
        watch = Stopwatch()
        session = self.runner.run(
            self.docs.aquery(turns[-1], self.settings, embedding_model=self.embedding_model)
        )
        watch.token()
        tokens = [sum(counts[part] for counts in session.token_counts.values()) for part in (0, 1)]
        timings = Timings(watch.first_token_s, watch.seconds, None, *tokens)
        text, cited = number_names(session)
        return Reply(text, cited, session.answer, timings)

    async def _add(self, papers: Sequence[dict[str, Any]]) -> None:
        for paper in papers:
            title, name = paper["title"], docname(paper)
            doc = Doc(docname=name, dockey=paper["id"], citation=title)
            text = Text(text=f"{title}\n\n{paper['abstract']}", name=name, doc=doc)
            await self.docs.aadd_texts([text], doc, self.settings, self.embedding_model)


def make_settings(options: argparse.Namespace, address: str) -> Settings:
    """The profile's settings with the local model in every role."""
    settings = Settings.from_name("fast") if options.profile == "fast" else Settings()
    if options.profile == "fast":
        settings.answer.evidence_skip_summary = True
        # Without summaries every text has the same score, and the excess is cut by name.
        settings.answer.answer_max_sources = settings.answer.evidence_k
    parameters = {
        "model": MODEL,
        "api_base": address,
        "api_key": "none",
        "temperature": 0,
        "max_tokens": OUTPUT_TOKENS,
        "timeout": 600,
    }
    config = {"model_list": [{"model_name": MODEL, "litellm_params": parameters}]}
    settings.llm = settings.summary_llm = settings.agent.agent_llm = MODEL
    settings.llm_config = settings.summary_llm_config = settings.agent.agent_llm_config = config
    settings.embedding = f"st-{options.embedder}"
    return settings


def start_server(model: Path, threads: int) -> str:
    """llama.cpp's server on a free loopback port; its address once it answers."""
    avoid_amx()
    model_settings = ModelSettings(
        model=str(model), n_ctx=CONTEXT_TOKENS, n_threads=threads, n_threads_batch=threads, verbose=False
    )
    app = create_app(
        server_settings=ServerSettings(interrupt_requests=False), model_settings=[model_settings]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join()

    atexit.register(stop)
    while not server.started:
        time.sleep(0.05)
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"


def docname(paper: dict[str, Any]) -> str:
    """As PaperQA names documents: first author's last name and the year."""
    return paper["authors"][0].split()[-1] + (paper["date"] or "")[:4]


def number_names(session: PQASession) -> tuple[str, list[str]]:
    """The answer with its citations, `(Shen2024b, Li2025)`, as numbers, and the titles that they cite.

    A context's key that the package left standing, for want of parentheses, is read as a citation too.
    """
    known = {name: c.text.doc.citation for c in session.contexts for name in (c.text.name, c.id)}
    cited: list[str] = []

    def marks(match: re.Match[str]) -> str:
        names = match[0].strip("()[]").split(", ")
        return "".join(cite(known[name], cited) for name in names) if known.keys() >= {*names} else match[0]

    return re.sub(r"\([^()]+\)|\[?\bpqac-\w{8}\b\]?", marks, session.answer), cited


if __name__ == "__main__":
    serve(lambda options: Peer(options).answer, profiles=("full", "fast"))
