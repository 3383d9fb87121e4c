"""Settings: `vouch.toml` in the data folder, then `VOUCH_*` environment variables over it.

Knows names, defaults and where files live; knows nothing of what uses them. Unknown keys
are an error that offers the nearest name.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from pathlib import Path

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from rag import shelves
from rag.errors import UsageError

SETTINGS_FILE = "vouch.toml"
# Environment names beside the settings: where data and models live, and the page's password.
FOLDER_VARIABLES = {"VOUCH_HOME", "VOUCH_CACHE", "VOUCH_AUTH"}


def data_home() -> Path:
    """The folder of library, vectors and settings: VOUCH_HOME, else the platform's."""
    override = os.environ.get("VOUCH_HOME")
    return Path(override).expanduser() if override else Path(platformdirs.user_data_dir("vouch", False))


def cache_home() -> Path:
    """The folder of fetched models: VOUCH_CACHE, else the platform's user cache."""
    override = os.environ.get("VOUCH_CACHE")
    return Path(override).expanduser() if override else Path(platformdirs.user_cache_dir("vouch", False))


def shipped(name: str) -> Path:
    """A folder that ships with Vouch, such as `prompts`: inside the wheel, else the checkout's."""
    inside = Path(__file__).parent / "shipped" / name
    return inside if inside.is_dir() else Path(__file__).parent.parent / name


class Settings(BaseSettings):
    """Everything that can be set, in the order of the pipeline."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="VOUCH_", env_ignore_empty=True)

    home: Path = Field(default_factory=data_home, description="data folder")
    cache: Path = Field(default_factory=cache_home, description="models folder's parent")

    # embed, vectors
    embedder: str = Field(
        default="", description="folder of a sentence-transformers model; empty: the packaged MiniLM"
    )
    window_embedder: str = Field(
        default="",
        description="what embeds whole abstracts: a folder, a name in models.toml, or `same`: as `embedder`; "
        "empty: all-mpnet-base-v2 where it is here and `embedder` is empty, else `same`",
    )
    chroma_server: str = Field(default="", description="HOST:PORT of a Chroma server; empty: embedded")

    # retrieve
    papers_read: int = Field(default=3, ge=1, le=20, description="most papers the model reads for one answer")
    relevance_floor: float = Field(
        default=0.25, ge=0, le=1, description="below it a paper is not near the question"
    )

    # engine
    model: str = Field(
        default="", description="name in models.toml or path of a GGUF; empty: the best one present"
    )
    context_tokens: int = Field(default=4096, ge=512, le=131072)
    threads: int = Field(default=0, ge=0, le=512, description="0: all cores this process may use")
    gpu_layers: int = Field(default=-1, ge=-1, description="-1: all, where the build has a GPU")
    answer_tokens: int = Field(default=96, ge=8, le=1024, description="most tokens written for one paper")
    answer_seconds: float = Field(default=60, gt=0, description="most seconds spent writing for one paper")
    drafting: bool = Field(
        default=True, description="guess words from the paper and check them, which is quicker; false: do not"
    )
    kept_states_mb: int = Field(
        default=1000,
        ge=0,
        description="most disk space for what the model has read, so as not to read it again; 0: none",
    )

    # the page
    queue_length: int = Field(
        default=32, ge=1, le=1000, description="most questions that wait on the page; one more is turned away"
    )

    @field_validator("home", "cache")
    @classmethod
    def _expand(cls, folder: Path) -> Path:
        return folder.expanduser()

    @property
    def shelf_path(self) -> Path:
        """The folder of the library and vectors that are read now: it changes with every ingest."""
        return shelves.place(self.home)

    @property
    def library_path(self) -> Path:
        return self.shelf_path / shelves.LIBRARY

    @property
    def diary_path(self) -> Path:
        return self.home / "diary.sqlite"

    @property
    def vectors_path(self) -> Path:
        return self.shelf_path / shelves.VECTORS

    @property
    def open_path(self) -> Path:
        """Where readers have their own copies of the vectors."""
        return self.home / "open"

    @property
    def states_path(self) -> Path:
        return self.home / "states"

    @property
    def lock_path(self) -> Path:
        return self.home / "writer.lock"

    @property
    def models_path(self) -> Path:
        return self.cache / "models"

    @property
    def settings_path(self) -> Path:
        return self.home / SETTINGS_FILE

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings, init_settings)


def load_settings() -> Settings:
    """Settings from file and environment.

    Raises UsageError for a file that is not TOML, an unknown key or a value out of range.
    """
    path = data_home() / SETTINGS_FILE
    try:
        from_file = tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", hint="Correct it or delete it.") from error
    fields = set(Settings.model_fields)
    for key in from_file:
        if key not in fields - {"home", "cache"}:
            raise _unknown(key, str(path), fields - {"home", "cache"})
    for variable in os.environ:
        name = variable.removeprefix("VOUCH_").lower()
        if variable.startswith("VOUCH_") and variable not in FOLDER_VARIABLES and name not in fields:
            raise _unknown(variable, "the environment", {f"VOUCH_{field.upper()}" for field in fields})
    try:
        return Settings(**from_file)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"The setting {key} cannot be {first.get('input')!r}: {first['msg']}.",
            hint=f"Correct it in {path} or in VOUCH_{key.upper()}.",
        ) from error


def save_setting(settings: Settings, key: str, value: str) -> None:
    """Write one string setting into `vouch.toml`, keeping the file's other lines."""
    path = settings.settings_path
    try:
        text = path.read_text("utf-8").rstrip("\n") if path.is_file() else ""
        kept = [line for line in text.split("\n") if line.split("=")[0].strip(" \t\"'") != key]
        # A JSON string is a TOML string, but for the one control character that JSON lets through.
        quoted = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text("\n".join([f"{key} = {quoted}", *kept]) + "\n", "utf-8")
        partial.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error}.", hint="Check the folder's permissions."
        ) from error


def _unknown(key: str, where: str, known: set[str]) -> UsageError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0)
    return UsageError(f"{where} sets {key}, which Vouch does not know.", hint=f"Did you mean {near[0]}?")
