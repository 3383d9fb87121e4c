"""LlamaIndex's CitationQueryEngine, streaming, with its defaults otherwise.

Each abstract is one document with its title in its metadata, in a VectorStoreIndex; the two nearest
nodes become numbered sources. Conversations go through LlamaIndex's own CondenseQuestionChatEngine
around the same engine: the earlier turns are really asked, only the last one is timed.
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
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from llama_index.core import Document, Settings, VectorStoreIndex, set_global_tokenizer
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.chat_engine import CondenseQuestionChatEngine
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import QueryBundle
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.llama_cpp import LlamaCPP


class Peer:
    """Model, embedder, index and engine, loaded once."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.set_num_threads(options.threads)
        avoid_amx()
        Settings.embed_model = HuggingFaceEmbedding(str(options.embedder), device="cpu")
        Settings.llm = LlamaCPP(
            model_path=str(options.model),
            temperature=0,
            context_window=CONTEXT_TOKENS,
            model_kwargs={"n_threads": options.threads, "n_threads_batch": options.threads},
            messages_to_prompt=self._prompt,
            completion_to_prompt=lambda text: self._prompt([ChatMessage(text)]),
            verbose=False,
        )
        self.llama: Llama = Settings.llm._model
        set_global_tokenizer(self._tokens)
        self.counter = TokenCountingHandler(self._tokens)
        Settings.callback_manager = Settings.llm.callback_manager = CallbackManager([self.counter])
        index = VectorStoreIndex.from_documents(
            [
                Document(text=paper["abstract"], metadata={"title": paper["title"]})
                for paper in read_papers(options.papers)
            ]
        )
        self.engine = CitationQueryEngine.from_args(index, streaming=True)

    def answer(self, turns: Sequence[str]) -> Reply:
        chat = CondenseQuestionChatEngine.from_defaults(self.engine)
        for turn in turns[:-1]:
            "".join(chat.stream_chat(turn).response_gen)
        self.counter.reset_counts()
        watch, question, retrieve_s = Stopwatch(), turns[-1], None
        if len(turns) > 1:
            response = chat.stream_chat(question)
        else:
            nodes = self.engine.retrieve(QueryBundle(question))
            retrieve_s = watch.seconds
            response = self.engine.synthesize(QueryBundle(question), nodes)
        raw = ""
        for piece in response.response_gen:
            watch.token()
            raw += piece
        counted = self.counter.prompt_llm_token_count, self.counter.completion_llm_token_count
        timings = Timings(watch.first_token_s, watch.seconds, retrieve_s, *counted)
        text, cited = number_marks(raw, [node.node.metadata["title"] for node in response.source_nodes])
        return Reply(text, cited, raw, timings)

    def _prompt(self, messages: Sequence[ChatMessage]) -> str:
        """The messages in the model file's own chat format."""
        end = self.llama._model.token_get_text(self.llama.token_eos())
        formatter = Jinja2ChatFormatter(self.llama.metadata["tokenizer.chat_template"], end, "")
        return str(
            formatter(messages=[{"role": m.role.value, "content": m.content} for m in messages]).prompt
        )

    def _tokens(self, text: str) -> list[int]:
        return self.llama.tokenize(text.encode(), add_bos=False, special=True)


if __name__ == "__main__":
    serve(lambda options: Peer(options).answer)
