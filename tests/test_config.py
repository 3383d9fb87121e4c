"""Settings: file, environment over it, and every mistake named with its cure."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rag.config import SETTINGS_FILE, Settings, cache_home, data_home, load_settings, save_setting, shipped
from rag.errors import UsageError


def write(home: Path, text: str | bytes) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    path = home / SETTINGS_FILE
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_without_a_file_the_defaults_count(home):
    settings = load_settings()
    assert (settings.model, settings.papers_read, settings.context_tokens) == ("", 3, 4096)
    assert settings.home == home
    assert not home.exists(), "reading settings makes no folder"


def test_files_live_in_the_two_folders(home, monkeypatch, tmp_path):
    monkeypatch.setenv("VOUCH_CACHE", str(tmp_path / "cache"))
    settings = load_settings()
    assert settings.library_path == home / "library.sqlite"
    assert settings.vectors_path == home / "vectors"
    assert settings.settings_path == home / "vouch.toml"
    assert settings.lock_path.parent == home
    assert settings.models_path == tmp_path / "cache" / "models"


def test_a_home_sign_is_the_reader_s_home(monkeypatch):
    monkeypatch.setenv("VOUCH_HOME", "~/shelf")
    monkeypatch.setenv("VOUCH_CACHE", "~/models")
    assert load_settings().home == data_home() == Path.home() / "shelf"
    assert load_settings().cache == cache_home() == Path.home() / "models"


def test_without_folders_named_the_platform_s_count(monkeypatch):
    for variable in ("VOUCH_HOME", "VOUCH_CACHE"):
        monkeypatch.delenv(variable)
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *names: "/data/vouch")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *names: "/cache/vouch")
    settings = load_settings()
    assert (settings.home, settings.cache) == (Path("/data/vouch"), Path("/cache/vouch"))


def test_the_environment_counts_more_than_the_file(home, monkeypatch):
    write(home, 'papers_read = 5\nmodel = "from-file"\nthreads = 2\n')
    monkeypatch.setenv("VOUCH_MODEL", "from-environment")
    monkeypatch.setenv("VOUCH_THREADS", "")
    settings = load_settings()
    assert (settings.papers_read, settings.model, settings.threads) == (5, "from-environment", 2)


def test_settings_are_frozen(settings):
    with pytest.raises(ValidationError):
        settings.model = "another"


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("modle", "model"),
        ("paper_read", "papers_read"),
        ("gpu_layer", "gpu_layers"),
        ("Model", "model"),
        ("relevance", "relevance_floor"),
    ],
)
def test_an_unknown_key_is_refused_and_the_nearest_offered(home, monkeypatch, key, nearest):
    path = write(home, f"{key} = 1\n")
    with pytest.raises(UsageError, match=key) as caught:
        load_settings()
    assert str(path) in caught.value.message
    assert caught.value.hint == f"Did you mean {nearest}?"
    path.unlink()
    if key == "Model":
        return  # names of variables have no case: VOUCH_MODEL is known
    monkeypatch.setenv(f"VOUCH_{key.upper()}", "1")
    with pytest.raises(UsageError, match=f"VOUCH_{key.upper()}") as caught:
        load_settings()
    assert caught.value.hint == f"Did you mean VOUCH_{nearest.upper()}?"


@pytest.mark.parametrize(
    "text", ["[engine]\nthreads = 2\n", 'home = "/elsewhere"\n', 'cache = "/elsewhere"\n', '"" = 1\n']
)
def test_what_no_file_may_set_is_refused(home, text):
    write(home, text)
    with pytest.raises(UsageError, match="does not know") as caught:
        load_settings()
    assert caught.value.hint.startswith("Did you mean ")


def test_the_page_s_password_is_no_setting(home, monkeypatch):
    monkeypatch.setenv("VOUCH_AUTH", "reader:secret")
    assert "secret" not in repr(load_settings())


WRONG = {
    "papers_read": ["0", "21", "-1", "1.5", '"many"', "[3]", "true_"],
    "relevance_floor": ["-0.1", "1.1", '"high"'],
    "context_tokens": ["511", "131073"],
    "threads": ["-1", "513"],
    "gpu_layers": ["-2"],
    "answer_tokens": ["7", "1025"],
    "answer_seconds": ["0", "-1"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in WRONG for value in WRONG[key]])
def test_a_value_out_of_range_is_refused(home, monkeypatch, key, value):
    monkeypatch.setenv(f"VOUCH_{key.upper()}", value.strip('"'))
    with pytest.raises(UsageError, match=key) as caught:
        load_settings()
    assert f"VOUCH_{key.upper()}" in caught.value.hint
    monkeypatch.delenv(f"VOUCH_{key.upper()}")
    path = write(home, f"{key} = {value}\n")
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert str(path) in caught.value.message + caught.value.hint


@pytest.mark.parametrize("key", WRONG)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_no_number_is_out_of_the_numbers(home, key, value):
    write(home, f"{key} = {value}\n")
    if (key, value) == ("answer_seconds", "inf"):
        assert load_settings().answer_seconds == float("inf"), "no limit is a limit one may choose"
        return
    with pytest.raises(UsageError, match=key):
        load_settings()


@pytest.mark.parametrize(
    "content", [b"model = ", b"model = 'a'\nmodel = 'b'\n", b"\xff\xfe", b"\0", b"= 3", b"model = {a = 1}"]
)
def test_a_file_that_cannot_be_read_is_said(home, content):
    path = write(home, content)
    with pytest.raises(UsageError, match=SETTINGS_FILE if b"{" not in content else "model") as caught:
        load_settings()
    assert "Correct it" in caught.value.hint
    assert path.read_bytes() == content


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=60))
def test_any_bytes_are_settings_or_a_usage_error(home, content):
    write(home, content)
    try:
        settings = load_settings()
    except UsageError:
        return
    assert settings.home == home


TOML_VALUES = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=9), max_size=3),
    st.just("1979-05-27T07:32:00Z"),
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    values=st.dictionaries(
        st.sampled_from([*Settings.model_fields, "modle", "HOME"]), TOML_VALUES, max_size=4
    )
)
def test_any_values_are_settings_or_a_usage_error(home, values):
    def spelled(value: object) -> str:
        return json.dumps(value).replace("Infinity", "inf").replace("NaN", "nan").replace("\x7f", "\\u007f")

    write(home, "".join(f"{key} = {spelled(value)}\n" for key, value in values.items()).encode())
    with suppress(UsageError):
        load_settings()


# Saving


KEPT = """\
# My settings
threads = 2  # both

papers_read = 5
"""


def test_saving_keeps_the_other_lines_and_survives_a_reload(home, settings):
    path = write(home, KEPT)
    save_setting(settings, "model", "smollm2-135m-instruct")
    again = load_settings()
    assert (again.model, again.threads, again.papers_read) == ("smollm2-135m-instruct", 2, 5)
    assert [line for line in path.read_text().splitlines() if line in KEPT.splitlines()] == KEPT.splitlines()


def test_saving_makes_folder_and_file(home, settings):
    save_setting(settings, "model", "a")
    assert load_settings().model == "a"
    assert [path.name for path in home.iterdir()] == [SETTINGS_FILE]


def test_saving_again_replaces(home, settings):
    for value in ("a", "b", "", "c"):
        save_setting(settings, "model", value)
        assert load_settings().model == value
    assert settings.settings_path.read_text().count("model") == 1


@pytest.mark.parametrize("line", ["model='a'", '"model" = "a"', "'model' = 'a'", "  model  =  'a'  # mine"])
def test_saving_replaces_however_it_was_written(home, settings, line):
    write(home, f"{line}\nthreads = 2\n")
    save_setting(settings, "model", "b")
    assert (load_settings().model, load_settings().threads) == ("b", 2)


@pytest.mark.parametrize("line", ["model_name = 1", "# model = 'a'", "embedder = 'model = a'"])
def test_saving_leaves_lines_that_only_look_alike(home, settings, line):
    path = write(home, f"{line}\n")
    save_setting(settings, "model", "b")
    assert line in path.read_text().splitlines()


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["\x7f", "\u2028", "a\nb"]))
def test_any_value_comes_back(home, settings, value):
    save_setting(settings, "model", value)
    assert tomllib.loads(settings.settings_path.read_text("utf-8")) == {"model": value}


def test_a_folder_that_cannot_be_written_is_said(home, settings):
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file in the way")
    with pytest.raises(UsageError, match="cannot be written") as caught:
        save_setting(settings, "model", "a")
    assert "permissions" in caught.value.hint


# What ships


@pytest.mark.parametrize(("folder", "file"), [("prompts", "read.md"), ("seeds", "seeds.toml")])
def test_what_ships_is_found(folder, file):
    assert (shipped(folder) / file).is_file()


def test_every_setting_has_a_default():
    assert [name for name, field in Settings.model_fields.items() if field.is_required()] == []
