"""Chunks: where sentences end, and that windows lose nothing and keep their limit."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunk import LEAST_WINDOW_PIECES, PieceSpans, chunk_paper, windows
from rag.pages import read_page
from rag.sentences import sentences
from rag.types import Chunk, ChunkKind, Paper

SEEDS = sorted((Path(__file__).parent.parent / "seeds").glob("*.txt"))

PAPER = Paper(
    id="0123456789ab",
    title="A title of five words",
    authors=("Ada Lovelace",),
    et_al=False,
    affiliations=(),
    category=None,
    date=None,
    has_code=None,
    score=None,
    abstract="",
    seed="page.txt",
    index=0,
    page_author="Ada Lovelace",
)

# Each text is written with | where a sentence must end; nothing else may split it.
SENTENCES = {
    "plain": "We prune. | It works.",
    "two_stops": "We prune. | It works.",
    "question_and_exclamation": "Does it work? | It does! | We show why.",
    "for_example": "Small models, e.g. Llama and i.e. Qwen, work. | We test.",
    "and_others": "As shown by Kong et al. (2020) and Dong et al. [3], it works. | We test.",
    "others_end": "We follow Kong et al. | We differ in speed.",
    "against": "We compare ours vs. Wanda. | It wins.",
    "figure": "See Fig. 3 and Eq. (2) and Sec. A. | We test.",
    "with_respect_to": "The gradient w.r.t. $W$ vanishes. | We test.",
    "compare": "It is known (cf. Smith) and takes approx. 5 hours. | We test.",
    "titles": "Ask Dr. Smith of St. Louis about No. 5. | He knows.",
    "abbreviation_ends": "It takes 3 sec. | We built an app. | It runs, as e.g. The Times said.",
    "no": "The answer is no. | We show why.",
    "and_so_on": "Llama, OPT, etc. are pruned. | We use Qwen, OPT, etc. | Results follow.",
    "decimals": "A 0.5B model, v1.5 of it, gains 3.7% at 2.6x. | We test.",
    "number_ends": "It came out in 2023. | It had 7 layers.",
    "initials": "J. R. Smith and A.B. Jones agree. | We test.",
    "acronym": "The U.S. Army and Ph.D. Students use it. | We test.",
    "acronym_ends": "It is made in the U.S. | We test it.",
    "formula": r"It is $x. Y = \{1. 2\}$ in $\mathcal{O}(n)$. | $K$ is small. | \emph{Foo. Bar} helps.",
    "display_formula": "So $$a = b. C = d.$$ | We test.",
    "money": "It costs $5. | We pay $10.",
    "address": "Code: https://github.com/x/y.z. | We test.",
    "address_with_query": "See https://x.org/a?b=c!d. | It works.",
    "address_in_parentheses": "Code (https://github.com/x/y.) | We test.",
    "parentheses": "We prune (Here we mean weights. Not layers.) and merge. | We test.",
    "parenthesis_after": "We prune. | (Not layers.) | We test.",
    "nested": "We prune (by [1. 2] and (so. On). Then) all. | We test.",
    "unclosed": "We ask (about it. | It works. | We test.",
    "quotes": 'They call it "lossless." | "Why?" they ask. | ``Because.\'\' | We test.',
    "quote_inside": '"BNN - BN = ?": Training works. | We test.',
    "ellipsis": "It uses $a$, ..., $z$ and 1, 2, ... 10 layers. | We test.",
    "ellipsis_ends": "It waits... | Then it works.",
    "small_first_letter": "We test. | dTRPO is fast. | iPhone users win. | mini-ImageNet too.",
    "small_word": "We reach 5 Acc. on average. | We test.",
    "brand": "The engine of llama.cpp. is fast. | We test node.js too.",
    "digit_first": "We test. | 7B models win. | [1] says so.",
    "list": "There are two designs. | i. Dynamic fusion. | ii. Restricted shift. | 1. One. | 2. Two.",
    "no_space": "It helps LLMs.The code is open (it is).In this way, it works.",
    "no_space_in_names": "Vue.Js and torch.Tensor and e.g.The are names. | We test.",
    "lone_stop": "It is at github .",
    "spaces": "  We prune.  |  It works.  ",
    "chinese": "我们剪枝。|它有效。",
    "no_stop": "no stop at all",
}
NO_SPACE = ["It helps LLMs.", "The code is open (it is).", "In this way, it works."]


@pytest.mark.parametrize("name", SENTENCES)
def test_sentences_of_named_cases(name: str) -> None:
    marked = SENTENCES[name]
    wanted = NO_SPACE if name == "no_space" else [part.strip() for part in marked.split("|")]
    text = re.sub(r" ?\| ?", "" if name == "chinese" else " ", marked)
    assert [text[start:end] for start, end in sentences(text)] == wanted


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_nothing_has_no_sentences_and_no_windows(text: str) -> None:
    assert sentences(text) == []
    assert windows(text, piece_spans(text), max_pieces=8, overlap=2) == []


def test_windows_worked_example() -> None:
    text = "One two. Three four five. Six seven eight. Nine ten."
    spans = windows(text, words(text), max_pieces=6, overlap=0)
    assert [text[start:end] for start, end in spans] == [
        "One two. Three four five.",
        "Six seven eight. Nine ten.",
    ]


def test_windows_share_pieces() -> None:
    text = " ".join(f"w{number}" for number in range(100))
    spans = windows(text, words(text), max_pieces=40, overlap=10)
    shared = [len(text[right[0] : left[1]].split()) for left, right in pairwise(spans)]
    assert len(spans) == 3
    assert all(5 <= count <= 15 for count in shared)


def test_a_text_that_fits_is_one_window() -> None:
    assert windows("One two. Three.", words("One two. Three."), max_pieces=3, overlap=2) == [(0, 15)]


def test_text_without_pieces_is_one_window() -> None:
    assert windows(" ab ", [], max_pieces=3, overlap=1) == [(1, 3)]


def all_chunks(paper: Paper, *, piece_spans: PieceSpans, max_pieces: int) -> tuple[Chunk, ...]:
    """The paper's chunks of every kind."""
    return tuple(
        chunk
        for kind in get_args(ChunkKind)
        for chunk in chunk_paper(paper, kind, piece_spans=piece_spans, max_pieces=max_pieces)
    )


def test_a_long_title_leaves_windows_the_least_room() -> None:
    text = " ".join(["word"] * 300)
    paper = dataclasses.replace(PAPER, title=" ".join(["title"] * 1000), abstract=text)
    chunks = all_chunks(paper, piece_spans=words, max_pieces=200)
    assert max(len(words(chunk.text)) for chunk in chunks if chunk.kind == "window") == LEAST_WINDOW_PIECES
    assert max(len(words(chunk.text)) for chunk in chunks if chunk.kind == "sentence") > LEAST_WINDOW_PIECES


def test_windows_leave_the_title_free() -> None:
    paper = dataclasses.replace(PAPER, abstract=" ".join(["word"] * 100))
    assert [chunk.kind for chunk in all_chunks(paper, piece_spans=words, max_pieces=105)] == [
        "window",
        "sentence",
    ]
    kinds = [chunk.kind for chunk in all_chunks(paper, piece_spans=words, max_pieces=104)]
    assert kinds == ["window", "window", "sentence"]


def test_chunk_ids_come_from_content() -> None:
    paper = dataclasses.replace(PAPER, abstract="One sentence.")
    first = all_chunks(paper, piece_spans=words, max_pieces=100)
    assert first == all_chunks(paper, piece_spans=words, max_pieces=200)
    other = all_chunks(dataclasses.replace(paper, id="another"), piece_spans=words, max_pieces=100)
    changed = all_chunks(
        dataclasses.replace(paper, abstract="One phrase."), piece_spans=words, max_pieces=100
    )
    ids = [chunk.id for chunk in (*first, *other, *changed)]
    assert len(set(ids)) == len(ids) == 6
    assert all(re.fullmatch("[0-9a-f]{16}", identity) for identity in ids)


TEXTS = st.text(max_size=400) | st.lists(
    st.sampled_from(
        ["We", "prune", "e.g.", "0.5B.", "x.", "(", ")", "$", "$x$", "https://a.b/c.", "dTRPO", "?", "."]
    )
).map(" ".join)


@settings(deadline=None)
@given(text=TEXTS)
def test_sentences_keep_every_character(text: str) -> None:
    check_cover(text, sentences(text))


@settings(deadline=None)
@given(text=TEXTS, max_pieces=st.integers(1, 40), overlap=st.integers(0, 60))
def test_windows_keep_every_character_and_their_limit(text: str, max_pieces: int, overlap: int) -> None:
    spans = windows(text, piece_spans(text), max_pieces=max_pieces, overlap=overlap)
    check_window_cover(text, spans)
    assert all(len(piece_spans(text[start:end])) <= max_pieces for start, end in spans)


@settings(deadline=None)
@given(text=TEXTS, max_pieces=st.integers(64, 100))
def test_chunks_are_the_abstract_s_words(text: str, max_pieces: int) -> None:
    paper = dataclasses.replace(PAPER, abstract=text * 3)
    chunks = all_chunks(paper, piece_spans=piece_spans, max_pieces=max_pieces)
    check_chunks(paper, chunks, max_pieces)


@pytest.mark.parametrize(
    "unit", ["a", ".", "(", "$", "$a", ").", "[(", "https://", "a. ", "{", ". ", "é", "\\"]
)
def test_long_unbroken_text(unit: str) -> None:
    text = (unit * 50_000)[:50_000]
    check_cover(text, sentences(text))
    spans = windows(text, piece_spans(text), max_pieces=200, overlap=48)
    check_window_cover(text, spans)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name[:3])
def test_the_shipped_abstracts(path: Path) -> None:
    for paper in read_page(path)[1]:
        check_chunks(paper, all_chunks(paper, piece_spans=piece_spans, max_pieces=254), 254)
        check_cover(paper.abstract, sentences(paper.abstract))


def test_the_shipped_abstracts_split_where_a_reader_would() -> None:
    """No stop before a capital is left inside a sentence, and no sentence starts or ends oddly."""
    texts = [paper.abstract for path in SEEDS for paper in read_page(path)[1]]
    parts = [text[start:end] for text in texts for start, end in sentences(text)]
    unlisted = [re.sub(r"^i+\. ", "", part) for part in parts]
    assert [part for part in unlisted if re.search(r"[a-z)%$][.?!] [A-Z][a-z]", part)] == []
    assert [part for part in parts if len(part) < 20 or len(part) > 700] == []
    assert [part for part in parts if part[0].islower() and not re.match("[a-z]+[A-Z]|ii?\\. ", part)] == []
    unstopped = [part for part in parts if not re.search(r"[.?!:][\"')}]*$|/\S+$|\}$", part)]
    assert len(unstopped) <= 3


def piece_spans(text: str) -> list[tuple[int, int]]:
    """A small word-piece tokeniser: up to four letters, or one other character."""
    return [match.span() for match in re.finditer(r"\w{1,4}|[^\w\s]", text)]


def words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def check_cover(text: str, spans: list[tuple[int, int]]) -> None:
    check_window_cover(text, spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


def check_window_cover(text: str, spans: list[tuple[int, int]]) -> None:
    covered = bytearray(len(text))
    for start, end in spans:
        assert start < end
        assert text[start:end] == text[start:end].strip()
        covered[start:end] = b"\1" * (end - start)
    assert all(left[0] < right[0] and left[1] < right[1] for left, right in pairwise(spans))
    assert [char for char, seen in zip(text, covered, strict=True) if not seen and not char.isspace()] == []


def check_chunks(paper: Paper, chunks: tuple[Chunk, ...], max_pieces: int) -> None:
    room = max(max_pieces - len(piece_spans(paper.title)), LEAST_WINDOW_PIECES)
    for chunk in chunks:
        assert paper.abstract[chunk.start : chunk.end] == chunk.text
        assert len(piece_spans(chunk.text)) <= (room if chunk.kind == "window" else max_pieces)
    for kind in ("window", "sentence"):
        check_window_cover(
            paper.abstract, [(chunk.start, chunk.end) for chunk in chunks if chunk.kind == kind]
        )
    assert len({chunk.id for chunk in chunks}) == len(chunks)
