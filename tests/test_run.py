"""`vouch eval` on files of the reader's own: what is opened, where it is kept, what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes import WordEmbedder

from evals import run
from rag import cli
from rag.config import Settings, load_settings
from rag.errors import UsageError

DOCUMENTS = {
    "owl": "Owls hunt at night.",
    "bread": "Bread rises with yeast.",
    "moon": "The moon has craters.",
}
PAIRS = [
    {"claim": "Bread rises with yeast.", "references": ["Bread rises with yeast."], "label": 1},
    {"claim": "Bread rises with sand.", "references": ["Bread rises with yeast."], "label": 0},
]


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    embedder = WordEmbedder()
    monkeypatch.setattr(run, "open_embedder", lambda settings: embedder)
    return embedder


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir()
    rows = [json.dumps({"id": name, "title": name, "text": text}) for name, text in DOCUMENTS.items()]
    (folder / "corpus.jsonl").write_text("\n".join(rows) + "\n")
    (folder / "queries.test.jsonl").write_text(json.dumps({"id": "1", "text": "when do owls hunt"}) + "\n")
    (folder / "qrels.test.tsv").write_text("1\towl\t1\n")
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(pair) + "\n" for pair in PAIRS))
    return file


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    cli.app(arguments, standalone_mode=False)
    return capsys.readouterr().out


def test_a_bench_is_ranked_and_its_index_kept_apart(
    words: WordEmbedder,
    home: Path,
    bench: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["eval", "retrieval", "--bench", str(bench), "--split", "test", "--json"]
    first = json.loads(printed(arguments, capsys))
    assert (first["documents"], first["queries"]) == (3, 1)
    monkeypatch.setattr(words, "embed_documents", None)
    again = json.loads(printed(arguments, capsys))
    assert again == first
    assert not (home / "library.sqlite").exists()


def test_pairs_are_judged(
    words: WordEmbedder,
    home: Path,
    pairs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "verifier" in printed(["eval", "support", "--pairs", str(pairs)], capsys)
    report = run.run_pairs(load_settings(), pairs, progress=lambda stage, done, total: None)
    assert [judgement.supported for judgement in report.judgements] == [True, False]


@pytest.mark.parametrize(
    "arguments",
    [
        ["retrieval"],
        ["support"],
        ["spine", "retrieval"],
        ["support", "--bench", "folder"],
        ["spine", "--pairs", "file"],
        ["nothing"],
    ],
)
def test_suites_that_do_not_fit_their_options_are_refused(
    arguments: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError):
        cli.app(["eval", *arguments], standalone_mode=False)
