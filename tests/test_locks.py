"""The lists of hashes that `make chat` installs by: whole, and of what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LISTS = sorted(path for path in (ROOT / "locks").glob("*.txt") if not path.stem.endswith("-dev"))
LINE = re.compile(r"([a-z0-9-]+)==(\S+) --hash=sha256:[0-9a-f]{64}")
NOT_LISTED = {"torch", "vouch"}


def listed(path: Path) -> dict[str, str]:
    """Versions by name; each line has its hash."""
    lines = path.read_text("utf-8").splitlines()
    found = [match for line in lines[1:] if (match := LINE.fullmatch(line))]
    assert len(found) == len(lines) - 1, "a line is not a name, a version and one sha256"
    return {match[1]: match[2] for match in found}


def asked(extra: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [each for each in map(Requirement, lines) if each.name not in NOT_LISTED]


def test_there_is_a_list() -> None:
    assert LISTS


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_a_list_holds_what_is_asked_for(path: Path) -> None:
    chat = listed(path)
    dev = listed(path.with_name(f"{path.stem}-dev.txt"))
    assert not chat.keys() & dev.keys()
    everything = chat | dev
    wanted = [(each, chat) for each in asked("")]
    wanted += [(each, everything) for extra in ("dev", "plots") for each in asked(extra)]
    for each, held in wanted:
        assert each.specifier.contains(held[canonicalize_name(each.name)]), f"run `make lock`: {each}"
