"""retrieve: the right paper first, the scope kept, and every sentence the abstract's own.

The fakes show what each signal does; the real shelf shows that they work together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from fakes import MemoryStore, WordEmbedder, make_page, make_paper
from fuzzing import at_least
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag.config import Settings
from rag.evidence import cover
from rag.gazetteer import Gazetteer, build_gazetteer
from rag.ingest import ingest
from rag.library import Library
from rag.protocols import Embedder, VectorStore, one_for_all
from rag.retrieve import SIGNALS, rank, retrieve, term_weights
from rag.types import Paper, Passage, Plan, Scope
from rag.understand import understand

OWL = make_paper(
    "OWL: Layerwise Sparsity",
    "Pruning removes weights from large models. OWL sets a sparsity for each layer by its outliers.",
    authors=("Lu Yin",),
    published=date(2023, 10, 8),
    has_code=True,
)
STBLLM = make_paper(
    "STBLLM: Below One Bit",
    "Weights of large models are stored below one bit. A structured mask keeps salient weights.",
    authors=("Peijie Dong",),
    published=date(2024, 8, 3),
    has_code=False,
    category="CL",
)
TRAFFIC = make_paper(
    "Traffic at Crossings",
    "Cameras count cars at crossings. Rain makes counting harder at night.",
    authors=("Lu Yin", "Ada Byron"),
    published=None,
    has_code=None,
    category=None,
)
SHELF = (OWL, STBLLM, TRAFFIC)


@dataclass(frozen=True)
class Desk:
    """An indexed shelf, and questions put to it."""

    library: Library
    vectors: VectorStore
    embedder: Embedder
    gazetteer: Gazetteer

    def found(self, plan: Plan, *, count: int = 10) -> tuple[Passage, ...]:
        return retrieve(
            plan,
            library=self.library,
            vectors=self.vectors,
            embedders=one_for_all(self.embedder),
            count=count,
        )

    def titles(self, question: str, *, count: int = 10) -> list[str]:
        found = self.found(understand(question, (), self.gazetteer), count=count)
        return [passage.paper.title for passage in found]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    library = Library.open(tmp_path_factory.mktemp("small") / "library.sqlite", create=True)
    vectors, embedder = MemoryStore(), WordEmbedder()
    ingest([make_page(*SHELF)], library=library, vectors=vectors, embedders=one_for_all(embedder))
    yield Desk(library, vectors, embedder, build_gazetteer(library.papers(), {"owl"}.__contains__))
    library.close()


@pytest.fixture(scope="module")
def real(shelf: Settings, embedder: Embedder) -> Iterator[Desk]:
    from rag.wiring import open_vectors

    library = Library.open(shelf.library_path)
    gazetteer = build_gazetteer(library.papers(), lambda word: len(embedder.piece_spans(word)) == 1)
    yield Desk(library, open_vectors(shelf), embedder, gazetteer)
    library.close()


def assert_sound(passages: Sequence[Passage]) -> None:
    """What holds for every retrieval, whatever was asked."""
    ids = [passage.paper.id for passage in passages]
    assert len(set(ids)) == len(ids)
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)
    for passage in passages:
        assert 0.0 <= passage.relevance <= 1.0
        quoted = passage.sentences
        assert [quote.score for quote in quoted] == sorted((quote.score for quote in quoted), reverse=True)
        for quote in quoted:
            assert quote.text == passage.paper.abstract[quote.start : quote.end]
            assert 0.0 <= quote.score <= 1.0
        places = sorted((quote.start, quote.end) for quote in quoted)
        assert all(end <= start for (_, end), (start, _) in pairwise(places))
        missed = set(range(len(passage.paper.abstract))) - {i for span in places for i in range(*span)}
        assert not "".join(passage.paper.abstract[index] for index in missed).strip()


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Which sparsity does each layer get?", OWL),
        ("What is OWL?", OWL),
        ("what is stbllm", STBLLM),
        ("salient weights below one bit", STBLLM),
        ("How are cars counted at crossings?", TRAFFIC),
        ("crossings", TRAFFIC),
    ],
)
def test_the_paper_that_shares_name_or_words_is_first(question: str, first: Paper, small: Desk) -> None:
    found = small.found(understand(question, (), small.gazetteer))
    assert_sound(found)
    assert found[0].paper.title == first.title


def test_a_named_paper_is_before_one_that_shares_more_words(small: Desk) -> None:
    words = "cameras count cars at crossings"
    unnamed = small.found(Plan(words, "paper"))
    named = small.found(Plan(words, "paper", named=(unnamed[-1].paper.id,)))
    assert unnamed[0].paper.title == TRAFFIC.title
    before = {passage.paper.id: passage.score for passage in unnamed}
    after = {passage.paper.id: passage.score for passage in named}
    assert after[unnamed[-1].paper.id] > before[unnamed[-1].paper.id]
    assert after[unnamed[0].paper.id] == before[unnamed[0].paper.id]


def test_the_best_sentence_is_the_one_that_says_it(small: Desk) -> None:
    for paper, question, words in [
        (OWL, "sparsity for each layer by outliers", "sets a sparsity"),
        (TRAFFIC, "What makes counting harder at night?", "Rain"),
    ]:
        found = small.found(Plan(question, "paper"))[0]
        assert found.paper.title == paper.title
        assert words in found.sentences[0].text


@pytest.mark.parametrize(
    ("name", "scope", "expected"),
    [
        ("an author", Scope(authors=("Peijie Dong",)), {STBLLM}),
        ("an author in another case", Scope(authors=("ada byron",)), {TRAFFIC}),
        ("a year", Scope(years=(2023,)), {OWL}),
        ("two years", Scope(years=(2023, 2024)), {OWL, STBLLM}),
        ("with code", Scope(has_code=True), {OWL}),
        ("without code: unknown is not without", Scope(has_code=False), {STBLLM}),
        ("a category", Scope(categories=("cl",)), {STBLLM}),
        ("all at once", Scope(("Lu Yin",), (2023,), ("LG",), True), {OWL}),
        ("a year without papers", Scope(years=(1999,)), set()),
        ("an author who is not there", Scope(authors=("Nobody",)), set()),
        ("filters that exclude each other", Scope(years=(2023,), has_code=False), set()),
    ],
)
def test_only_papers_in_scope_are_found(name: str, scope: Scope, expected: set[Paper], small: Desk) -> None:
    plan = Plan("weights of large models and cars", "topic", scope)
    found = small.found(plan)
    assert_sound(found)
    assert {passage.paper.title for passage in found} == {paper.title for paper in expected}, name


def test_a_paper_that_is_named_but_out_of_scope_is_not_found(small: Desk) -> None:
    owl = small.gazetteer.names["owl"]
    assert small.found(Plan("What is OWL?", "paper", Scope(years=(2024,)), named=owl))[0].paper.id not in owl
    assert small.found(Plan("What is OWL?", "paper", Scope(years=(1999,)), named=owl)) == ()


def test_a_paper_that_was_chosen_is_as_near_as_on_the_whole_shelf(small: Desk) -> None:
    free = Plan("How is a structured mask found below one bit?", "paper")
    chosen = replace(free, scope=Scope(within=Scope(papers=(TRAFFIC.id,))))
    whole = {passage.paper.id: passage.relevance for passage in small.found(free)}
    (alone,) = small.found(chosen)
    assert alone.relevance == whole[TRAFFIC.id]


def test_every_signal_tells_its_value_and_its_rank_among_all_candidates(small: Desk) -> None:
    found = small.found(Plan("How are cars counted at crossings?", "paper", named=(OWL.id,)))
    told = {passage.paper.title: {each.name: each for each in passage.signals} for passage in found}
    for name in SIGNALS:
        column = [told[passage.paper.title][name] for passage in found]
        for signal in column:
            assert signal.rank == 1 + sum(other.value > signal.value for other in column)
    assert told[TRAFFIC.title]["terms"].rank == 1
    assert told[OWL.title]["named"].value == 1


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_at_most_so_many_are_given(count: int, small: Desk) -> None:
    every = small.found(Plan("large models", "topic"))
    assert small.found(Plan("large models", "topic"), count=count) == every[:count]


def test_an_id_that_is_not_on_the_shelf_is_passed_over(small: Desk) -> None:
    assert_sound(small.found(Plan("large models", "topic", named=("gone",))))


def test_an_empty_shelf_gives_nothing(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library.sqlite", create=True)
    vectors, embedder = MemoryStore(), WordEmbedder()
    ingest([], library=library, vectors=vectors, embedders=one_for_all(embedder))
    desk = Desk(library, vectors, embedder, build_gazetteer([], lambda word: False))
    assert desk.titles("What is OWL?") == []
    library.close()


def test_rare_words_tell_more_than_common_ones(small: Desk) -> None:
    weights = term_weights("outliers of weights", small.library)
    rare, common = weights["outlier"], weights["weight"]
    assert rare > common > 0


@pytest.mark.parametrize(
    ("stems", "expected"),
    [(set(), 0.0), ({"layer"}, 0.25), ({"owl"}, 0.75), ({"owl", "layer", "x"}, 1.0), ({"x"}, 0.0)],
)
def test_cover_is_the_share_of_information(stems: set[str], expected: float) -> None:
    assert cover(stems, {"owl": 3.0, "layer": 1.0}) == expected


def test_a_question_of_function_words_covers_nothing() -> None:
    assert cover({"owl"}, {}) == 0.0


@given(st.text(min_size=1, max_size=200))
@hypothesis_settings(deadline=None, max_examples=at_least(60))
def test_no_question_breaks_it(small: Desk, question: str) -> None:
    assert_sound(small.found(Plan(question, "paper")))


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (("OWL", "owl", "Outlier Weighed Layerwise Sparsity"), "Outlier Weighed Layerwise Sparsity (OWL)"),
        (("STBLLM", "stbllm"), "STBLLM: "),
        (("D^2-MoE", "D2-MoE", "d2-moe", "D2MoE", "$D^2$-MoE"), "Delta Decompression for MoE-based"),
        (("Mix-LN", "mix-ln", "Mix LN", "MixLN"), "Mix-LN: "),
    ],
)
@pytest.mark.parametrize(
    "wording",
    [
        "What is {}?",
        "{}",
        "How does {} work?",
        "Explain the main idea of {}, please.",
        "What results does {} report?",
        "who proposed {}",
    ],
)
def test_a_method_is_found_by_its_name(names: tuple[str, ...], title: str, wording: str, real: Desk) -> None:
    for name in names:
        assert real.titles(wording.format(name), count=1)[0].startswith(title), name


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("non-uniform layerwise sparsity ratios from outliers for pruning LLMs", "Outlier Weighed Layerwise"),
        ("structured binarization of LLM weights to less than one bit", "STBLLM"),
        ("combining pre-norm and post-norm so that deeper layers contribute", "Mix-LN"),
        ("compress mixture of experts by a shared base weight and delta weights", "Delta Decompression"),
    ],
)
def test_a_paper_is_found_by_what_it_says(question: str, title: str, real: Desk) -> None:
    assert any(found.startswith(title) for found in real.titles(question, count=3))


def test_what_is_found_on_the_shelf_is_sound(real: Desk) -> None:
    for question in ["What is OWL?", "什么是剪枝?", "Who won the 1998 world cup?", "x" * 2000, "$D^2$"]:
        assert_sound(real.found(understand(question, (), real.gazetteer), count=195))


@pytest.mark.parametrize(
    ("on_the_shelf", "off_it"),
    [
        ("What is OWL?", "What is the capital of Mongolia?"),
        ("How does STBLLM binarize weights?", "How long should an egg boil?"),
        ("What does Mix-LN combine?", "Who wrote the opera Carmen?"),
    ],
)
def test_relevance_tells_what_the_shelf_answers_from_what_it_does_not(
    on_the_shelf: str, off_it: str, real: Desk, shelf: Settings
) -> None:
    inside, outside = (
        real.found(understand(question, (), real.gazetteer), count=1)[0].relevance
        for question in (on_the_shelf, off_it)
    )
    assert inside >= shelf.relevance_floor > outside


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        (
            "papers about pruning by Shiwei Liu",
            lambda paper: "Shiwei Liu" in (*paper.authors, paper.page_author),
        ),
        ("papers about pruning from 2023", lambda paper: paper.date and paper.date.year == 2023),
        ("papers about pruning with code", lambda paper: paper.has_code is True),
        ("papers about pruning without code", lambda paper: paper.has_code is False),
    ],
)
def test_a_scope_of_the_shelf_is_kept_and_filled(
    question: str, kept: Callable[[Paper], bool], real: Desk
) -> None:
    plan = understand(question, (), real.gazetteer)
    found = rank(
        plan,
        library=real.library,
        vectors=real.vectors,
        embedders=one_for_all(real.embedder),
        weights=term_weights(plan.question, real.library),
    )
    assert found
    assert all(kept(ranked.paper) for ranked in found)


def test_an_author_who_is_asked_for_counts_as_found(real: Desk, shelf: Settings) -> None:
    plan = understand("what papers did Xuan Shen write on diffusion?", (), real.gazetteer)
    found = real.found(plan, count=1)
    assert found[0].paper.title.startswith("LazyDiT")
    assert found[0].relevance >= shelf.relevance_floor


def test_a_scope_without_papers_finds_none(real: Desk) -> None:
    assert real.titles("papers about pruning from 1999") == []
