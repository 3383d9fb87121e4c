"""One small page in each layout, the list entry of a `page.txt`, and `parse` for a text of no file."""

from __future__ import annotations

from rag.pages import parse_page
from rag.types import Page, Paper

PROFILE = """Ada Lovelace

CV
h-index7
2papers
1,069citations
Novelty53%
AI Score60

2 Papers

CVJan 24, 2023Code
First: A Title, with a Comma

Ada Lovelace, Charles Babbage et al. · london

The first abstract.

LGFeb 3
Second Title

Mary Somerville

The second abstract.
"""
DATED = """CVJan 24, 2023Code
First TitleAda Lovelace, Charles Babbage, Mary Somerville et al. · london, paris
The first abstract.
LGFeb 3
Second TitleAda Lovelace, Mary Somerville, Charles Babbage
The second abstract.
"""
MIXED = """First TitleAda Lovelace, Charles Babbage, Mary Somerville et al.
The first abstract.
12.8LGFeb 3, 2024
Second TitleAda Lovelace, Mary Somerville, Charles Babbage
The second abstract.
"""
LISTED = """[[page]]
file = "page.txt"
layout = "mixed"
author = "Mary Somerville"
author_inferred = true
crawl_year = 2020
sha256 = "{sha256}"
"""


def parse(text: str) -> tuple[Page, tuple[Paper, ...]]:
    return parse_page(text, seed="page.txt", crawl_year=2026)
