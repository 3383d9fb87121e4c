"""A paper -> Chunks: windows of its abstract, which carry context, and single sentences, which carry facts.

All spans are character offsets into the text given, without the white space around them, in
order. Knows nothing of any tokeniser: what a word piece is, the caller says.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence

from rag.sentences import Span, sentences, trimmed
from rag.types import Chunk, ChunkKind, Paper

PieceSpans = Callable[[str], list[Span]]

# Part of the vectors' fingerprint: raise it whenever the same text would give other chunks.
CHUNKER_VERSION = "1"
# Windows keep at least this room, however long the title that is embedded before them.
LEAST_WINDOW_PIECES = 64
# Word pieces that neighbouring windows share.
WINDOW_OVERLAP = 48


def chunk_paper(
    paper: Paper, kind: ChunkKind, *, piece_spans: PieceSpans, max_pieces: int
) -> tuple[Chunk, ...]:
    """The windows of the paper's abstract, or its sentences.

    `piece_spans` gives the spans of a text's word pieces. Sentences keep `max_pieces`; windows
    leave the title's pieces free, since title and window are embedded together.
    """
    text = paper.abstract
    if kind == "window":
        room = max(max_pieces - len(piece_spans(paper.title)), LEAST_WINDOW_PIECES)
        spans = windows(text, piece_spans(text), max_pieces=min(max_pieces, room), overlap=WINDOW_OVERLAP)
    else:
        spans = [
            (start + part_start, start + part_end)
            for start, end in sentences(text)
            for part_start, part_end in windows(
                text[start:end], piece_spans(text[start:end]), max_pieces=max_pieces, overlap=0
            )
        ]
    return tuple(_chunk(paper, kind, span) for span in spans)


def windows(text: str, pieces: Sequence[Span], *, max_pieces: int, overlap: int) -> list[Span]:
    """Spans of at most `max_pieces` word pieces that cover `text`, of similar length.

    Neighbours share about `overlap` pieces (at most a quarter of `max_pieces`). They begin and
    end at sentences where they can, else between words, else between pieces. A text that fits is
    one window.
    """
    overlap = min(overlap, max_pieces // 4)
    sentence_starts = _sentence_starts(text, pieces)
    spans: list[Span] = []
    first, count = 0, len(pieces)
    while count - first > max_pieces:
        needed = -(-(count - first - overlap) // (max_pieces - overlap))
        aim = first + -(-(count - first + (needed - 1) * overlap) // needed)
        half = max(max_pieces // 2, 1)
        last = _border(text, pieces, sentence_starts, aim, range(first + half, first + max_pieces + 1))
        spans.append((pieces[first][0] if spans else 0, pieces[last][0]))
        slack = range(last - overlap - overlap // 2, last - overlap + overlap // 2 + 1)
        first = _border(text, pieces, sentence_starts, last - overlap, slack)
    spans.append((pieces[first][0] if spans else 0, len(text)))
    return [span for span in (trimmed(text, *span) for span in spans) if span]


def _sentence_starts(text: str, pieces: Sequence[Span]) -> frozenset[int]:
    """The indices of the pieces that begin a sentence."""
    ends = [end for _, end in pieces]
    return frozenset(bisect_right(ends, start) for start, _ in sentences(text))


def _border(
    text: str, pieces: Sequence[Span], sentence_starts: frozenset[int], aim: int, choices: range
) -> int:
    """The piece among `choices` before which to cut: at a sentence, else a word, else near `aim`."""

    def cost(piece: int) -> tuple[int, int]:
        at = pieces[piece][0]
        before, after = text[max(at - 1, 0) : at], text[at : at + 1]
        if piece in sentence_starts:
            kind = 0
        elif before.isspace() or after.isspace():
            kind = 1
        else:
            kind = 2 if not (before.isalnum() and after.isalnum()) else 3
        return kind, abs(piece - aim)

    return min(choices, key=cost)


def _chunk(paper: Paper, kind: ChunkKind, span: Span) -> Chunk:
    start, end = span
    text = paper.abstract[start:end]
    identity = "\n".join((paper.id, paper.title, kind, str(start), str(end), text))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return Chunk(digest[:16], paper.id, kind, start, end, text)
