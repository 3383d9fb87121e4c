"""`seeds.toml`: what author pages do not say themselves, one `[[page]]` table a page.

Knows nothing of the pages' text: whether a page still is as listed is for others to compare.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

from rag.errors import PageError

SEEDS_FILE = "seeds.toml"


@dataclass(frozen=True, slots=True)
class Listing:
    """What the list says of one page: all of it, each of exactly this type."""

    file: str
    layout: str
    author: str
    author_inferred: bool
    crawl_year: int
    sha256: str


_FIELDS = get_type_hints(Listing)


def read_listings(path: Path) -> tuple[Listing, ...]:
    """The pages that a `seeds.toml` lists, in its order; none where there is no such file.

    Raises PageError.
    """
    try:
        if not path.is_file():
            return ()
        entries = tomllib.loads(path.read_text("utf-8")).get("page", [])
        return tuple(_listing(entry, path) for entry in entries)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        hint = "Correct it, or put the shipped file back."
        raise PageError(f"The list of pages cannot be read: {error}.", file=str(path), hint=hint) from error


def find_listing(page: Path) -> Listing | None:
    """What the `seeds.toml` beside a page says of it; None where there is none or it says nothing."""
    beside = page.parent / SEEDS_FILE
    return next((listing for listing in read_listings(beside) if listing.file == page.name), None)


def _listing(entry: object, path: Path) -> Listing:
    if not isinstance(entry, dict):
        raise PageError(
            "The pages are not listed as tables.", file=str(path), hint="Head each with [[page]]."
        )
    unusable = [
        f"has no usable {field}" for field, kind in _FIELDS.items() if type(entry.get(field)) is not kind
    ]
    unknown = [f"states {field}, which is not known" for field in sorted(entry.keys() - _FIELDS)]
    if faults := unusable + unknown:
        hint = f"Each [[page]] states {', '.join(_FIELDS)}."
        raise PageError(f"An entry {faults[0]}.", file=str(path), hint=hint)
    return Listing(**entry)
