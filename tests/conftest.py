"""The ground that all tests stand on: nothing remote, no folder of the reader's, real models where asked.

home, settings       an empty data folder of the test's own; the models folder is the machine's
embedder             the packaged MiniLM, loaded once
shelf                the shipped seeds, ingested once by `embedder`: to be read, never written
smollm2_path         the 135M model; a run under CI fails where it is absent, another skips
default_model_path   the default model; tests that use it are marked `default_model`
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from offline import sitecustomize as fence

from rag.config import Settings, cache_home, load_settings
from rag.protocols import Embedder, one_for_all
from rag.weights import find, load_catalogue, present

FENCE_FOLDER = Path(__file__).parent / "offline"

# A run fails for what a commit changed, not by chance; `pytest --hypothesis-profile=explore` looks on.
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=2_000, deadline=None, print_blob=True)
# What tests/torture/test_fuzzed.py runs the same properties with.
AMOUNT = os.environ.get("FUZZED", "")
hypothesis.settings.register_profile(
    "torture",
    max_examples=int(AMOUNT) if AMOUNT.isdigit() else 10_000,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
)
hypothesis.settings.load_profile("same")

fence.put_up()
# A runner that was started in the background hands down that interrupts are ignored; the tests of
# Ctrl-C need children that listen.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def attempts_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No setting of this machine counts, and child processes get the fence; where attempts are written."""
    folder = tmp_path_factory.mktemp("ground")
    attempts = folder / "remote-socket-attempts"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOUCH_CACHE", str(cache_home()))
        for variable in [name for name in os.environ if name.startswith("VOUCH_")]:
            if variable != "VOUCH_CACHE":
                patch.delenv(variable)
        patch.setenv("VOUCH_HOME", str(folder / "home"))
        # Whether or not the encoder of whole abstracts is here, the packaged MiniLM embeds all.
        patch.setenv("VOUCH_WINDOW_EMBEDDER", "same")
        patch.setenv(fence.ATTEMPTS_VARIABLE, str(attempts))
        patch.setenv("PYTHONPATH", str(FENCE_FOLDER), prepend=os.pathsep)
        yield attempts


@pytest.fixture(autouse=True)
def _no_remote_socket(attempts_file: Path) -> Iterator[None]:
    """A test whose code, or whose children, tried to leave this machine fails, whatever they caught."""
    yield
    if attempts_file.exists():
        attempts = attempts_file.read_text()
        attempts_file.unlink()
        pytest.fail(f"Sockets beyond loopback:\n{attempts}", pytrace=False)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """VOUCH_HOME for this test: a folder that does not exist yet."""
    folder = tmp_path / "home"
    monkeypatch.setenv("VOUCH_HOME", str(folder))
    return folder


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_settings()


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The packaged all-MiniLM-L6-v2."""
    from rag.wiring import open_embedder

    return open_embedder(Settings())


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Settings:
    """Settings of a data folder that holds the shipped seeds, embedded by the real MiniLM."""
    from rag.ingest import ingest
    from rag.library import Library
    from rag.pages import read_page
    from rag.renewal import seed_paths
    from rag.wiring import open_vectors

    # The environment counts more than arguments, so the folder is put in afterwards.
    settings = Settings().model_copy(update={"home": tmp_path_factory.mktemp("shelf")})
    library = Library.open(settings.library_path, create=True)
    ingest(
        [read_page(path) for path in seed_paths()],
        library=library,
        vectors=open_vectors(settings),
        embedders=one_for_all(embedder),
    )
    library.close()
    return settings


@pytest.fixture(scope="session")
def smollm2_path() -> Path:
    path = _model_path("smollm2-135m-instruct")
    if path is None:
        absent = "SmolLM2 is absent: run `vouch models pull smollm2-135m`."
        if os.environ.get("CI"):
            pytest.fail(absent, pytrace=False)
        pytest.skip(absent)
    return path


@pytest.fixture(scope="session")
def default_model_path() -> Path:
    path = _model_path("qwen2.5-coder-0.5b-instruct")
    if path is None:
        pytest.skip("The default model is absent: run `vouch models pull`.")
    return path


def _model_path(name: str) -> Path | None:
    folder = cache_home() / "models"
    model = find(load_catalogue(), name)
    return folder / model.file if present(model, folder) else None
