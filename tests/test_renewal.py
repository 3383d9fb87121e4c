"""Several processes on one data folder: readers find the new shelf without a restart, writers are told."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from fakes import WordEmbedder

from rag import renewal, wiring
from rag.config import Settings
from rag.errors import LibraryError, LockedError
from rag.renewal import ingest_pages, writer_lock
from rag.sound import check_vectors
from rag.wiring import open_library, open_vectors
from ui.desk import Desk

ROOT = Path(__file__).parent.parent
PAGE = """\
LGOct 8, 2023Code
OWL: A Missing SecretLu Yin, You Wu
Pruning removes weights. OWL sets a sparsity.
"""
MORE = """\
LGOct 9, 2023Code
LoRA: Low RankEd Hu, Yelong Shen
We adapt large models. The updates have low rank.
"""
OTHER_PROCESS = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from fakes import WordEmbedder
from rag import renewal, wiring
from rag.config import load_settings
words = WordEmbedder()
wiring.open_embedder = lambda settings: words
renewal.ingest_pages(load_settings(), [Path(name) for name in sys.argv[1:]])
"""


@pytest.fixture
def pages(tmp_path: Path) -> tuple[Path, Path]:
    files = (tmp_path / "page.txt", tmp_path / "more.txt")
    for file, text in zip(files, (PAGE, MORE), strict=True):
        file.write_text(text)
    return files


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    embedder = WordEmbedder()
    monkeypatch.setattr(wiring, "open_embedder", lambda settings: embedder)
    return embedder


@pytest.fixture
def desk_settings(
    settings: Settings, pages: tuple[Path, Path], words: WordEmbedder, tmp_path: Path
) -> Settings:
    """A shelf of one paper, and no models."""
    ingest_pages(settings, pages[:1])
    return settings.model_copy(update={"cache": tmp_path / "none"})


def ingest_elsewhere(*pages: Path) -> None:
    """In another process, as a reader at another terminal would."""
    code = OTHER_PROCESS.format(root=str(ROOT), tests=str(Path(__file__).parent))
    subprocess.run([sys.executable, "-c", code, *map(str, pages)], check=True)


def cited(desk: Desk, question: str) -> list[str]:
    return [citation.paper.title for citation in list(desk.stream(question))[-1].citations]


def test_a_page_sees_what_another_process_ingested(desk_settings: Settings, pages: tuple[Path, Path]) -> None:
    with closing(Desk(desk_settings)) as desk:
        assert cited(desk, "What does OWL prune?") == ["OWL: A Missing Secret"]
        assert cited(desk, "What is LoRA?") == []
        ingest_elsewhere(pages[1])
        assert cited(desk, "What is LoRA?") == ["LoRA: Low Rank"]
        assert cited(desk, "What does OWL prune?") == ["OWL: A Missing Secret"]
        gc.collect()
        copies = [path for path in desk_settings.open_path.iterdir() if path.is_dir()]
        assert len(copies) == 1, "the copy of the old shelf's vectors is gone"


def test_an_answer_that_has_begun_is_of_one_shelf(desk_settings: Settings, pages: tuple[Path, Path]) -> None:
    with closing(Desk(desk_settings)) as desk:
        answers = desk.stream("Which papers are on the shelf?")
        first = next(iter(answers))
        pages[0].write_text(PAGE.replace("OWL: A Missing Secret", "Another Title"))
        ingest_elsewhere(pages[0])
        assert "OWL: A Missing Secret" in [*answers, first][-1].text
        assert "Another Title" in list(desk.stream("Which papers are on the shelf?"))[-1].text


def test_a_new_shelf_that_cannot_be_read_leaves_the_old_one(
    desk_settings: Settings, pages: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Desk(desk_settings)) as desk:
        assert cited(desk, "What does OWL prune?") == ["OWL: A Missing Secret"]
        ingest_pages(desk_settings, pages)
        (desk_settings.shelf_path / "seal.json").write_text("{}")
        assert cited(desk, "What does OWL prune?") == ["OWL: A Missing Secret"]
        assert "damaged" in caplog.text


def test_writers_and_readers_at_once_lose_nothing(
    settings: Settings, tmp_path: Path, words: WordEmbedder
) -> None:
    """Many ingests, by two threads, while two others read: each reading is whole, and so is the end."""
    pages = []
    for number in range(6):
        page = tmp_path / f"page{number}.txt"
        page.write_text(PAGE.replace("OWL: A", f"OWL{number}: A"))
        pages.append(page)
    ingest_pages(settings, pages[:1])
    wrong: list[BaseException] = []
    done = threading.Event()
    slowest: list[float] = []

    def write(mine: list[Path]) -> None:
        for page in mine:
            while True:
                begun = time.monotonic()
                try:
                    ingest_pages(settings, [page])
                    break
                except LockedError:
                    slowest.append(time.monotonic() - begun)
                    time.sleep(0.01)

    def read() -> None:
        before = 0
        while not done.is_set():
            folder = settings.shelf_path
            try:
                with closing(open_library(settings, folder)) as library:
                    check_vectors(library, open_vectors(settings, folder))
                    assert library.paper_count() >= before
                    before = library.paper_count()
            except LibraryError:  # two ingests have ended meanwhile, and it was swept
                assert not folder.is_dir()

    def kept(work: object, *arguments: object) -> None:
        try:
            work(*arguments)  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - told below
            wrong.append(error)

    writers = [threading.Thread(target=kept, args=(write, pages[at::2])) for at in (0, 1)]
    readers = [threading.Thread(target=kept, args=(read,)) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    with closing(open_library(settings)) as library:
        assert library.paper_count() == 6
        library.check()
        check_vectors(library, open_vectors(settings))


def test_a_second_writer_is_told_before_it_reads_anything(
    settings: Settings, pages: tuple[Path, Path], words: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once: neither an embedder nor a shelf is opened before the lock is had."""
    opened: list[object] = []
    monkeypatch.setattr(renewal, "open_embedders", opened.append)
    with writer_lock(settings), pytest.raises(LockedError):
        ingest_pages(settings, pages)
    assert opened == []
