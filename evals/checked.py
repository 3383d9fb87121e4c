"""A JSON value -> a value of a type, strictly, or one sentence that says what is wrong with it.

Knows nothing of what the values mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from rag.cleaning import clean
from rag.errors import UsageError

_HINT = "Name a file that `vouch eval` of this version wrote, or run the suite again."

Value = TypeVar("Value")


def checked(adapter: TypeAdapter[Value], value: object, what: str) -> Value:
    """The value as the adapter's type, nothing converted: JSON in, strictly.

    Raises UsageError naming the place; `what` is how the sentence begins.
    """
    try:
        return adapter.validate_json(json.dumps(value, allow_nan=False), strict=True)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in fault["loc"])
        told = "is missing" if fault["type"] == "missing" else f"is not right: {fault['msg'].lower()}"
        raise UsageError(f"{one_line(what)}{one_line(place)} {told}.", hint=_HINT) from error
    except (ValueError, RecursionError) as error:
        told = "holds a number that is not finite, or is nested too deep"
        raise UsageError(f"{one_line(what)} {told}.", hint=_HINT) from error


def part(record: Mapping[str, Any], name: str, adapter: TypeAdapter[Value], what: str) -> Value:
    """The value of one key, checked. Raises UsageError as `checked` does."""
    if name not in record:
        raise missing(name, what)
    return checked(adapter, record[name], f"{what}: {name}")


def missing(name: str, what: str) -> UsageError:
    """The error for a key that is not there."""
    return UsageError(f"{one_line(what)}: {one_line(name)} is missing.", hint=_HINT)


def one_line(text: str) -> str:
    """Other people's text as part of a sentence."""
    return " ".join(clean(text).split())
