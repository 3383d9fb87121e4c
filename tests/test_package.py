"""The built wheel holds all that Vouch reads, and works from it in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = """\
LGOct 8, 2023Code
OWL: A Missing SecretLu Yin, You Wu
Pruning removes weights. OWL sets a sparsity for each layer.
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel was installed into, without its dependencies: they are here."""
    folder = tmp_path_factory.mktemp("installed")
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


def run(
    *arguments: str, folder: Path | None = None, path: Path | None = None, home: Path | None = None
) -> str:
    """The standard output of a Python that sees `path` before the checkout."""
    environment = dict(os.environ)
    if path:
        environment["PYTHONPATH"] = os.pathsep.join([str(path), os.environ["PYTHONPATH"]])
    if home:
        environment["VOUCH_HOME"] = str(home)
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_what_vouch_reads(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        *(f"rag/shipped/prompts/{path.name}" for path in (ROOT / "prompts").iterdir()),
        *(f"rag/shipped/seeds/{path.name}" for path in (ROOT / "seeds").iterdir()),
        *(f"evals/questions/{path.name}" for path in (ROOT / "evals" / "questions").iterdir()),
        *(
            path.relative_to(ROOT).as_posix()
            for name in ("rag", "ui", "evals")
            for path in (ROOT / name).glob("*.py")
        ),
        *(
            path.relative_to(ROOT).as_posix()
            for pattern in ("*.py", "*/adapter.py", "*/requirements.txt")
            for path in (ROOT / "evals" / "peers").glob(pattern)
        ),
        *("rag/models.toml", "ui/style.css", "ui/page.js"),
    }
    assert wanted - held == set()


def test_the_wheel_holds_nothing_else(wheel):
    """No tests, no results of evals, no caches, no model."""
    for name in zipfile.ZipFile(wheel).namelist():
        assert name.split("/")[0] in {"rag", "ui", "evals"} or ".dist-info/" in name
        assert not name.startswith("evals/results/")
        assert ".venv" not in name
        assert Path(name).suffix in {".py", ".toml", ".md", ".txt", ".css", ".jsonl", ".js", ".svg", ""} or (
            ".dist-info/" in name
        )
    assert wheel.stat().st_size < 2_000_000


def test_the_wheel_says_what_it_needs_and_offers(wheel):
    held = zipfile.ZipFile(wheel)
    texts = {Path(name).name: held.read(name).decode() for name in held.namelist() if ".dist-info/" in name}
    assert "vouch = rag.cli:main" in texts["entry_points.txt"]
    assert "Requires-Python: >=3.11" in texts["METADATA"]
    assert "License-Expression: Apache-2.0" in texts["METADATA"]


def test_what_ships_is_found_inside_the_installed_package(installed, tmp_path):
    code = (
        "import json\nfrom rag.config import shipped\nfrom rag.renewal import seed_paths\n"
        "from rag.weights import load_catalogue\n"
        "print(json.dumps([str(shipped('prompts')), [p.name for p in seed_paths()], len(load_catalogue())]))"
    )
    prompts, seeds, models = json.loads(run("-c", code, folder=tmp_path, path=installed))
    assert Path(prompts) == installed / "rag" / "shipped" / "prompts"
    assert seeds == sorted(path.name for path in (ROOT / "seeds").glob("*.txt"))
    assert models > 3


def test_it_works_in_an_empty_folder(installed, tmp_path):
    page = tmp_path / "page.txt"
    page.write_text(PAGE)
    empty = tmp_path / "empty"
    empty.mkdir()

    def vouch(*arguments: str) -> str:
        code = (
            "import rag, sys\nfrom rag.cli import main\n"
            f"assert rag.__file__.startswith({str(installed)!r}), rag.__file__\nsys.exit(main())"
        )
        return run("-c", code, *arguments, folder=empty, path=installed, home=tmp_path / "home")

    assert vouch("ingest", str(page)).startswith("1 papers on the shelf")
    (line,) = vouch("papers", "--json").splitlines()
    paper = json.loads(line)
    assert (paper["title"], paper["authors"]) == ("OWL: A Missing Secret", ["Lu Yin", "You Wu"])
    assert (paper["category"], paper["date"], paper["has_code"]) == ("LG", "2023-10-08", True)
    (found,) = json.loads(vouch("search", "--json", "What does OWL set for each layer?"))
    assert found["title"] == paper["title"]
    assert list(empty.iterdir()) == []
