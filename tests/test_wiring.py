"""The wiring: an index that does not fit, models that are there or not, files that are no models."""

from __future__ import annotations

import shutil
import struct
import threading
from pathlib import Path

import pytest
from chromadb.api.client import SharedSystemClient
from fakes import MemoryStore, WordEmbedder, make_page, make_paper

from rag import wiring
from rag.assistant import Assistant
from rag.config import Settings, load_settings
from rag.embed import packaged_folder
from rag.errors import LibraryError, MissingLibraryError, ModelError, PageError, StaleIndexError
from rag.ingest import ingest
from rag.library import Library
from rag.probes import probe_model
from rag.protocols import one_for_all
from rag.renewal import ensure_index, ingest_pages, seed_hashes, seed_paths
from rag.weights import Choice, choose, find, load_catalogue
from rag.wiring import (
    ModelSlot,
    check_index,
    open_assistant,
    open_library,
    open_vectors,
    window_embedder_folder,
)

PAGE = make_page(make_paper(), make_paper("LoRA", "We adapt large models."))


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    """What `open_embedder` gives in this test."""
    words = WordEmbedder()
    monkeypatch.setattr("rag.wiring.open_embedder", lambda settings: words)
    return words


@pytest.fixture
def indexed(settings: Settings, words: WordEmbedder) -> Settings:
    """A library of two papers with their vectors."""
    library = Library.open(settings.library_path, create=True)
    ingest([PAGE], library=library, vectors=open_vectors(settings), embedders=one_for_all(words))
    library.close()
    return settings


# The index


def test_an_index_that_fits_is_opened(indexed):
    assistant = open_assistant(indexed)
    assert isinstance(assistant, Assistant)
    assert assistant.reader() is None
    assert assistant.search("sparsity for each layer", count=1)[0].paper == PAGE[1][0]


def test_without_an_index_there_is_no_assistant(settings, words):
    with pytest.raises(MissingLibraryError) as caught:
        open_assistant(settings)
    assert "vouch ingest" in caught.value.hint


def test_missing_vectors_are_found_out(indexed):
    shutil.rmtree(indexed.vectors_path)
    SharedSystemClient.clear_system_cache()  # as a new process would find it
    with pytest.raises(StaleIndexError, match="missing") as caught:
        open_assistant(indexed)
    assert caught.value.hint == "Run `vouch ingest`."


def test_another_embedder_is_found_out(indexed, words):
    words.name = "others@2"
    with pytest.raises(StaleIndexError, match="another embedding model") as caught:
        open_assistant(indexed)
    assert "--rebuild" in caught.value.hint


ENCODER = next(model for model in load_catalogue() if model.role == "encoder")


@pytest.mark.parametrize("here", [False, True])
@pytest.mark.parametrize(
    ("window", "own", "expected"),
    [
        ("", "", "encoder if here"),
        ("", "own", "own"),
        ("same", "", "packaged"),
        ("same", "own", "own"),
        ("FOLDER", "", "FOLDER"),
        ("FOLDER", "own", "FOLDER"),
        (ENCODER.name, "own", "encoder"),
    ],
)
def test_who_embeds_abstracts(
    settings: Settings, tmp_path: Path, *, here: bool, window: str, own: str, expected: str
) -> None:
    models = tmp_path / "cache" / "models"
    if here or expected == "encoder":
        (models / ENCODER.kept).mkdir(parents=True)
        (models / ENCODER.kept / "model.safetensors").touch()
    folders = {
        "own": tmp_path / "own",
        "FOLDER": tmp_path / "folder",
        "packaged": packaged_folder(),
        "encoder": models / ENCODER.kept,
        "encoder if here": models / ENCODER.kept if here else packaged_folder(),
    }
    chosen = {"cache": models.parent, "embedder": str(folders["own"]) if own else ""}
    chosen["window_embedder"] = window.replace("FOLDER", str(folders["FOLDER"]))
    assert window_embedder_folder(settings.model_copy(update=chosen)) == folders[expected]


@pytest.mark.parametrize(
    ("setting", "said", "hint"),
    [
        (ENCODER.name, "all-mpnet-base-v2 is not here", "vouch models pull all-mpnet-base-v2"),
        ("mpnet", "no model 'mpnet'", "Did you mean"),
        ("smollm2-135m", "writes and does not embed", "Name an encoder"),
    ],
)
def test_a_wrong_encoder_is_told(
    settings: Settings, tmp_path: Path, setting: str, said: str, hint: str
) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        window_embedder_folder(
            settings.model_copy(update={"cache": tmp_path / "none", "window_embedder": setting})
        )
    assert hint in caught.value.hint


def test_two_encoders_make_two_spaces_and_one_fingerprint(settings, tmp_path, monkeypatch):
    """Windows and sentences have vectors of their own lengths, and a search asks each in its own space."""
    words = {"window": WordEmbedder("wide@1", dimension=512), "sentence": WordEmbedder("narrow@1")}
    monkeypatch.setattr("rag.wiring.open_embedders", lambda settings: words)
    library, vectors = Library.open(settings.library_path, create=True), open_vectors(settings)
    ingest([PAGE], library=library, vectors=vectors, embedders=words)
    assert vectors.fingerprint() == library.chunker() == "wide@1 + narrow@1 chunker-1"
    library.close()
    (best, *_) = open_assistant(settings).search(PAGE[1][0].title)
    assert best.paper.title == PAGE[1][0].title
    words["window"].name = "wide@2"
    with pytest.raises(StaleIndexError):
        open_assistant(settings)


def test_another_chunker_is_found_out(indexed, monkeypatch):
    monkeypatch.setattr("rag.ingest.CHUNKER_VERSION", "another")
    with pytest.raises(StaleIndexError, match="older Vouch"):
        open_assistant(indexed)


def test_vectors_of_another_library_are_found_out(indexed, words):
    vectors = MemoryStore()
    vectors.reset("others@2 chunker-1")
    with pytest.raises(StaleIndexError, match="another"):
        check_index(open_library(indexed), vectors, words)


def test_an_incomplete_index_is_found_out(indexed):
    vectors = open_vectors(indexed)
    vectors.delete(sorted(vectors.ids())[:1])
    with pytest.raises(StaleIndexError, match="interrupted") as caught:
        open_assistant(indexed)
    assert caught.value.hint == "Run `vouch ingest`."


@pytest.fixture
def two_seeds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Fewer seeds than ship, to be quick."""
    two = seed_paths()[3:]
    monkeypatch.setattr("rag.renewal.seed_paths", lambda: two)
    return two


def test_where_there_is_no_index_the_seeds_are_indexed(settings, words, two_seeds):
    seen = []
    ensure_index(settings, progress=lambda *step: seen.append(step))
    assert open_library(settings).paper_count() == 57
    open_assistant(settings)
    assert {stage for stage, _, _ in seen} == {"Splitting", "Embedding"}


def test_an_index_that_fits_is_left_alone(indexed, words, two_seeds):
    words.embedded.clear()
    ensure_index(indexed)
    assert words.embedded == []
    assert open_library(indexed).paper_count() == 2


@pytest.mark.parametrize("fault", ["another embedder", "incomplete"])
def test_an_index_that_does_not_fit_is_mended(settings, words, two_seeds, fault):
    ensure_index(settings)
    if fault == "incomplete":
        next(settings.vectors_path.glob("*/*.bin")).unlink()
        with pytest.raises(StaleIndexError, match="damaged"):
            open_assistant(settings)
    else:
        words.name = "others@2"
    ensure_index(settings)
    open_assistant(settings)
    assert open_library(settings).paper_count() == 57


def test_mending_adds_no_pages_that_the_reader_left_out(indexed, words, two_seeds):
    words.name = "others@2"
    ensure_index(indexed)
    open_assistant(indexed)
    assert open_library(indexed).paper_count() == 2


def test_a_damaged_library_is_not_mended_over(indexed, words, two_seeds):
    indexed.library_path.write_bytes(b"no database at all\n" * 100)
    with pytest.raises(LibraryError, match="damaged"):
        ensure_index(indexed)


def test_the_shipped_seeds_are_the_listed_ones():
    assert [path for path, _ in seed_hashes()] == seed_paths()
    assert len(seed_paths()) == 5


def test_seeds_without_their_list_are_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.renewal.shipped", lambda name: tmp_path)
    with pytest.raises(PageError, match=r"seeds\.toml: No shipped page is listed") as caught:
        seed_hashes()
    assert "Install Vouch again" in caught.value.hint


def test_a_named_page_is_indexed_alone(settings, words, two_seeds):
    assert ingest_pages(settings, two_seeds[:1]).papers == 32


# The models


@pytest.fixture
def models(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder; what is put in is never loaded."""
    monkeypatch.setenv("VOUCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "models"
    folder.mkdir(parents=True)
    return folder


def put(folder: Path, name: str) -> Path:
    """A file of the catalogue's size, without any bytes of the model."""
    model = find(load_catalogue(), name)
    path = folder / model.file
    with path.open("wb") as file:
        file.truncate(model.size or 1)
    return path


class Opened:
    """Stands for a Reader, and counts."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.model = self
        self.device = "CPU, 1 thread"
        self.begun = threading.Event()
        self.closed = 0

    def begin(self) -> None:
        self.begun.set()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Opened]:
    """What the slot opened, in order."""
    readers: list[Opened] = []

    def open_reader(settings: Settings, choice: Choice) -> Opened:
        readers.append(Opened(choice))
        return readers[-1]

    monkeypatch.setattr("rag.wiring.open_reader", open_reader)
    return readers


def test_without_a_model_answers_are_quotes(models, opened):
    slot = ModelSlot(load_settings())
    assert slot() is None
    assert slot.choice() is None
    assert "answers are quotes" in slot.status()
    assert "vouch models pull" in slot.status()
    assert opened == []


def test_the_fallback_writes_nothing(models, opened):
    put(models, "smollm2-135m")
    slot = ModelSlot(load_settings())
    assert slot() is None
    assert slot.status().startswith("smollm2-135m-instruct: answers are quotes until `vouch models pull`")
    assert opened == []


def test_the_default_is_opened_once(models, opened):
    put(models, "qwen2.5-coder-0.5b")
    slot = ModelSlot(load_settings())
    assert slot.status() == "qwen2.5-coder-0.5b-instruct · not loaded yet"
    assert slot() is slot()
    assert [reader.choice.name for reader in opened] == ["qwen2.5-coder-0.5b-instruct"]
    assert slot.status() == "qwen2.5-coder-0.5b-instruct · CPU, 1 thread"
    slot.close()
    slot.close()
    assert opened[0].closed == 1
    assert slot() is opened[1]


def test_a_model_is_opened_while_other_things_are_done(models, opened):
    put(models, "qwen2.5-coder-0.5b")
    slot = ModelSlot(load_settings())
    slot.begin()
    reader = slot()
    assert opened == [reader]
    assert reader.begun.wait(10)
    slot.close()
    assert reader.closed == 1


def test_what_goes_wrong_in_reading_ahead_of_questions_is_told_to_nobody(models, opened, monkeypatch, capfd):
    put(models, "qwen2.5-coder-0.5b")
    began = threading.Event()

    def begin(reader: Opened) -> None:
        began.set()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Opened, "begin", begin)
    slot = ModelSlot(load_settings())
    slot.begin()
    assert began.wait(10)
    for thread in threading.enumerate():
        if thread.name == "model":
            thread.join()
    assert slot() is opened[0]
    assert capfd.readouterr().err == ""


def test_what_keeps_a_model_from_opening_is_told_to_who_asks_for_it(models, opened, monkeypatch):
    monkeypatch.setenv("VOUCH_MODEL", "no-such-model")
    slot = ModelSlot(load_settings())
    slot.begin()
    with pytest.raises(ModelError, match="no-such-model"):
        slot()
    slot.close()


def test_a_model_that_arrives_meanwhile_takes_over(models, opened):
    slot = ModelSlot(load_settings())
    assert slot() is None
    put(models, "smollm2-135m")
    assert slot() is None
    put(models, "qwen2.5-coder-0.5b")
    assert slot().choice.name == "qwen2.5-coder-0.5b-instruct"


def test_a_model_that_goes_gives_quotes_again(models, opened):
    path = put(models, "qwen2.5-coder-0.5b")
    slot = ModelSlot(load_settings())
    assert slot() is not None
    path.unlink()
    assert slot() is None
    assert "answers are quotes" in slot.status()


def test_a_model_cut_short_is_none(models, opened):
    path = put(models, "qwen2.5-coder-0.5b")
    with path.open("rb+") as file:
        file.truncate(1000)
    assert ModelSlot(load_settings())() is None


@pytest.mark.parametrize("name", ["qwen3-4b", "smollm2-135m", "no-such-model", "/no/such/file.gguf"])
def test_a_setting_that_names_an_absent_model_is_an_error(models, opened, monkeypatch, name):
    put(models, "qwen2.5-coder-0.5b")
    monkeypatch.setenv("VOUCH_MODEL", name)
    slot = ModelSlot(load_settings())
    with pytest.raises(ModelError) as caught:
        slot()
    assert caught.value.hint
    assert opened == [], "another model never answers in its place"


# Files that are no models


def gguf_header(*, version: int = 3, tensors: int = 1, pairs: int = 1) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, pairs)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


ARCHITECTURE = text("general.architecture") + struct.pack("<I", 8) + text("llama")
TENSOR = text("token_embd.weight") + struct.pack("<IQIQ", 1, 32, 0, 0)
GARBAGE = {
    "not GGUF": b"no model at all",
    "empty": b"",
    "header only": gguf_header(),
    "then noise": gguf_header() + bytes(range(256)) * 40,
    "huge counts": gguf_header(tensors=2**60, pairs=2**60),
    "other architecture": gguf_header() + ARCHITECTURE.replace(b"llama", b"lllll") + TENSOR + bytes(4096),
    "no vocabulary": gguf_header() + ARCHITECTURE + TENSOR + bytes(4096),
    "half a model": None,
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
def test_a_file_that_is_no_model_is_refused_and_the_process_lives(tmp_path, content, request):
    path = tmp_path / "garbage.gguf"
    if content is None:
        with request.getfixturevalue("smollm2_path").open("rb") as file:
            content = file.read(1_000_000)
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"garbage\.gguf") as caught:
        probe_model(Choice("garbage", path, None, True))
    assert caught.value.hint
    assert "Traceback" not in caught.value.message


def test_a_file_that_kills_the_library_kills_only_the_child(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.probes._PROBE", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(ModelError, match=r"llama\.cpp ended while loading it"):
        probe_model(Choice("garbage", tmp_path / "garbage.gguf", None, True))


def test_a_file_that_never_ends_loading_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.probes._PROBE", "import time; time.sleep(600)")
    monkeypatch.setattr("rag.probes.PROBE_SECONDS", 0.2)
    with pytest.raises(ModelError, match=r"garbage\.gguf"):
        probe_model(Choice("garbage", tmp_path / "garbage.gguf", None, True))


def test_a_true_model_passes_the_probe(smollm2_path):
    probe_model(choose(str(smollm2_path), load_catalogue(), smollm2_path.parent))


def read_settings(settings: Settings, path: Path) -> Settings:
    return settings.model_copy(
        update={"model": str(path), "cache": path.parent.parent, "context_tokens": 512}
    )


def test_a_model_whose_bytes_have_changed_is_not_loaded(settings, tmp_path, smollm2_path):
    """A byte of the weights turned: no header shows it, the sha256 does."""
    folder = tmp_path / "cache" / "models"
    folder.mkdir(parents=True)
    model = find(load_catalogue(), "smollm2-135m")
    content = bytearray(smollm2_path.read_bytes())
    content[len(content) // 2] ^= 1
    (folder / model.file).write_bytes(content)
    mine = settings.model_copy(update={"model": model.name, "cache": tmp_path / "cache"})
    choice = choose(mine.model, load_catalogue(), mine.models_path)
    with pytest.raises(ModelError, match="not the right file") as caught:
        wiring.open_reader(mine, choice)
    assert "vouch models pull" in caught.value.hint


def test_a_reader_apart_reads_with_the_same_settings(settings, smollm2_path):
    mine = read_settings(settings, smollm2_path)
    reader = wiring.open_reader_apart(mine, choose(mine.model, load_catalogue(), smollm2_path.parent))
    assert reader.model.context_tokens == 512
    assert reader.max_tokens == mine.answer_tokens
    assert "".join(reader.model.generate(("Hello",), max_tokens=2))
    reader.model.close()


def test_a_slot_opens_with_what_it_is_given(models, opened):
    put(models, "qwen2.5-coder-0.5b")
    slot = ModelSlot(load_settings(), lambda settings, choice: Opened(choice))
    assert isinstance(slot(), Opened)
    assert opened == []


def test_a_readers_own_model_is_tried_by_a_child_once(settings, tmp_path, monkeypatch, smollm2_path):
    path = tmp_path / "models" / "own.gguf"
    path.parent.mkdir()
    path.write_bytes(smollm2_path.read_bytes())
    settings.home.mkdir()
    tried = []
    probe = wiring.probe_model
    monkeypatch.setattr(wiring, "probe_model", lambda choice: (tried.append(choice), probe(choice)))
    mine = read_settings(settings, path)
    for _ in range(2):
        wiring.open_reader(mine, choose(str(path), load_catalogue(), path.parent)).model.close()
    assert len(tried) == 1
    path.write_bytes(path.read_bytes()[:50_000_000])
    with pytest.raises(ModelError):
        wiring.open_reader(mine, Choice("own", path, None, True))
    assert len(tried) == 2
