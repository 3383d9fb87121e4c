"""Plain retrieval-augmented generation: the nearest abstracts in one prompt, citations by number.

The baseline that is written in an afternoon: one MiniLM vector for each paper (title and abstract,
cut by that model after 256 word pieces), the five nearest by cosine in one chat prompt, the answer
streamed greedily. It has no memory: of a conversation only the last turn is asked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from contract import CONTEXT_TOKENS, Reply, Stopwatch, Timings, avoid_amx, number_marks, read_papers, serve

# isort: split
import torch
from llama_cpp import Llama
from sentence_transformers import SentenceTransformer

OUTPUT_TOKENS = 256
PAPERS_SHOWN = 5
PROMPT = """\
Answer the question using only the numbered abstracts below. End each sentence with the number of \
the abstract that it comes from, as [n]. For example: "The sky is blue in the morning [2]." \
If the abstracts do not answer the question, say so.

{abstracts}

Question: {question}
Write one to three sentences and cite as [n]."""


class Peer:
    """Model, embedder and the papers' vectors, loaded once."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.set_num_threads(options.threads)
        avoid_amx()
        self.papers = read_papers(options.papers)
        self.embedder = SentenceTransformer(str(options.embedder), local_files_only=True)
        self.vectors = self._embed([f"{paper['title']}\n{paper['abstract']}" for paper in self.papers])
        self.llama = Llama(
            str(options.model),
            n_ctx=CONTEXT_TOKENS,
            n_threads=options.threads,
            n_threads_batch=options.threads,
            verbose=False,
        )

    def answer(self, turns: Sequence[str]) -> Reply:
        watch, question = Stopwatch(), turns[-1]
        nearest = (self.vectors @ self._embed([question])[0]).topk(PAPERS_SHOWN).indices
        shown = [self.papers[index] for index in nearest.tolist()]
        retrieve_s = watch.seconds
        abstracts = "\n\n".join(f"[{n}] {p['title']}\n{p['abstract']}" for n, p in enumerate(shown, 1))
        prompt = PROMPT.format(abstracts=abstracts, question=question)
        raw = ""
        for part in self.llama.create_chat_completion(
            [{"role": "user", "content": prompt}], temperature=0, max_tokens=OUTPUT_TOKENS, stream=True
        ):
            if piece := part["choices"][0]["delta"].get("content"):
                watch.token()
                raw += piece
        total_s = watch.seconds
        output = len(self.llama.tokenize(raw.encode(), add_bos=False))
        timings = Timings(watch.first_token_s, total_s, retrieve_s, self.llama.n_tokens - output, output)
        text, cited = number_marks(raw, [paper["title"] for paper in shown])
        return Reply(text, cited, raw, timings)

    def _embed(self, texts: list[str]) -> torch.Tensor:
        return self.embedder.encode(
            texts, normalize_embeddings=True, convert_to_tensor=True, show_progress_bar=False
        )


if __name__ == "__main__":
    serve(lambda options: Peer(options).answer)
