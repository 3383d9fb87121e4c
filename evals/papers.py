"""A paper of which title and abstract alone are known, as the papers of public data sets are.

Knows nothing of where they come from.
"""

from __future__ import annotations

from rag.types import Paper


def bare_paper(identity: str, title: str, abstract: str, *, seed: str = "", index: int = 0) -> Paper:
    """The paper, without authors, header line and page."""
    return Paper(
        id=identity,
        title=title,
        authors=(),
        et_al=False,
        affiliations=(),
        category=None,
        date=None,
        has_code=None,
        score=None,
        abstract=abstract,
        seed=seed,
        index=index,
        page_author="",
    )
