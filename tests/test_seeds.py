"""The shipped pages: unchanged, all read, and read rightly where that is hard."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from rag.listings import SEEDS_FILE, Listing, read_listings
from rag.pages import parse_page, read_page
from rag.types import Page, Paper, Profile

SEEDS = Path(__file__).parent.parent / "seeds"
LISTINGS = read_listings(SEEDS / SEEDS_FILE)
COUNTS = {"000": 38, "001": 50, "002": 50, "003": 32, "004": 25}


def page_of(number: str) -> tuple[Page, tuple[Paper, ...]]:
    return read_page(next(SEEDS.glob(f"{number}_*.txt")))


def paper_of(number: str, index: int) -> Paper:
    return page_of(number)[1][index]


def test_every_page_is_listed() -> None:
    assert [listing.file for listing in LISTINGS] == sorted(path.name for path in SEEDS.glob("*.txt"))


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.file[:3])
def test_files_are_the_listed_ones(listing: Listing) -> None:
    assert hashlib.sha256((SEEDS / listing.file).read_bytes()).hexdigest() == listing.sha256


@pytest.mark.parametrize("number", COUNTS)
def test_counts_and_order(number: str) -> None:
    _, papers = page_of(number)
    assert [paper.index for paper in papers] == list(range(COUNTS[number]))


def test_no_paper_is_listed_twice() -> None:
    papers = [paper for number in COUNTS for paper in page_of(number)[1]]
    assert len({paper.id for paper in papers}) == len(papers) == 195


@pytest.mark.parametrize("number", COUNTS)
def test_abstracts_are_lines_of_the_file(number: str) -> None:
    page, papers = page_of(number)
    lines = (SEEDS / page.seed).read_bytes().split(b"\n")
    assert [paper.title for paper in papers if paper.abstract.encode() not in lines] == []


@pytest.mark.parametrize("number", COUNTS)
def test_fields_add_up_to_the_lines_of_the_file(number: str) -> None:
    """Title, authors, et al. and affiliations, put together again, are what the file prints."""
    page, papers = page_of(number)
    text = (SEEDS / page.seed).read_text("utf-8")
    between = "\n\n" if page.layout == "profile" else ""
    for paper in papers:
        byline = ", ".join(paper.authors) + " et al." * paper.et_al
        byline += f" · {', '.join(paper.affiliations)}" if paper.affiliations else ""
        assert f"\n{paper.title}{between}{byline}\n" in f"\n{text}"


@pytest.mark.parametrize("number", COUNTS)
def test_every_paper_prints_three_names(number: str) -> None:
    _, papers = page_of(number)
    assert [paper.authors for paper in papers if len(paper.authors) != 3] == []


@pytest.mark.parametrize("number", COUNTS)
def test_the_layout_shows_without_the_list(number: str) -> None:
    page, papers = page_of(number)
    text = (SEEDS / page.seed).read_text("utf-8")
    assert parse_page(text, seed=page.seed, crawl_year=page.crawl_year) == (page, papers)


@pytest.mark.parametrize(
    ("number", "layout", "author", "inferred", "profile"),
    [
        ("000", "profile", "Lujun Li", False, Profile("CV", 47, 38, 813, 53, 60)),
        ("001", "profile", "Lu Yin", False, Profile("LG", 49, 70, 1069, 53, 63)),
        ("002", "profile", "Zechun Liu", False, Profile("CV", 26, 58, 6533, 58, 65)),
        ("003", "dated", "Xuan Shen", True, Profile()),
        ("004", "mixed", "Yuzhang Shang", True, Profile()),
    ],
)
def test_pages(number: str, layout: str, author: str, inferred: bool, profile: Profile) -> None:
    page, papers = page_of(number)
    assert (page.layout, page.author, page.author_inferred) == (layout, author, inferred)
    assert (page.crawl_year, page.profile) == (2026, profile)
    assert {paper.page_author for paper in papers} == {author}


@pytest.mark.parametrize(
    ("number", "index", "title", "authors"),
    [
        (
            "000",
            14,
            "Exploring the Impact of Temperature on Large Language Models:Hot or Cold?",
            "Lujun Li, Lama Sleem, Niccolo' Gentile",
        ),
        (
            "000",
            29,
            "How Far Do Time Series Foundation Models Paint the Landscape of Real-World Benchmarks ?",
            "Lujun Li, Lama Sleem, Yiqun Wang",
        ),
        (
            "000",
            36,
            "Audio Adversarial Examples for Robust Hybrid CTC/Attention Speech Recognition",
            "Ludwig Kürzinger, Edgar Ricardo Chavez Rosas, Lujun Li",
        ),
        (
            "001",
            4,
            "Junk DNA Hypothesis: Pruning Small Pre-Trained Weights Irreversibly and Monotonically Impairs "
            '"Difficult" Downstream Tasks in LLMs',
            "Lu Yin, Ajay Jaiswal, Shiwei Liu",
        ),
        (
            "002",
            4,
            "Oscillation-free Quantization for Low-bit Vision Transformers",
            "Shih-Yang Liu, Zechun Liu, Kwang-Ting Cheng",
        ),
        (
            "002",
            31,
            '"BNN - BN = ?": Training Binary Neural Networks without Batch Normalization',
            "Tianlong Chen, Zhenyu Zhang, Xu Ouyang",
        ),
        (
            "002",
            44,
            "Param$Δ$ for Direct Weight Mixing: Post-Train Large Language Model at Zero Cost",
            "Sheng Cao, Mingrui Wu, Karthik Prasad",
        ),
        (
            "003",
            18,
            "7B Fully Open Source Moxin-LLM/VLM -- From Pretraining to GRPO-based Reinforcement Learning "
            "Enhancement",
            "Pu Zhao, Xuan Shen, Zhenglun Kong",
        ),
        (
            "003",
            19,
            "Sanity Checks for Lottery Tickets: Does Your Winning Ticket Really Win the Jackpot?",
            "Xiaolong Ma, Geng Yuan, Xuan Shen",
        ),
        ("003", 21, "A Survey of Small Language Models", "Chien Van Nguyen, Xuan Shen, Ryan Aponte"),
        (
            "003",
            28,
            "Improving DNN Fault Tolerance using Weight Pruning and Differential Crossbar Mapping for "
            "ReRAM-based Edge AI",
            "Geng Yuan, Zhiheng Liao, Xiaolong Ma",
        ),
        (
            "004",
            12,
            "Benchmarking Post-Training Quantization in LLMs: Comprehensive Taxonomy, Unified Evaluation, "
            "and Comparative Analysis",
            "Jiaqi Zhao, Ming Wang, Miao Zhang",
        ),
        (
            "004",
            16,
            "MIM4DD: Mutual Information Maximization for Dataset Distillation",
            "Yuzhang Shang, Zhihang Yuan, Yan Yan",
        ),
    ],
)
def test_titles_and_authors(number: str, index: int, title: str, authors: str) -> None:
    paper = paper_of(number, index)
    assert (paper.title, ", ".join(paper.authors)) == (title, authors)


@pytest.mark.parametrize(
    ("number", "index", "category", "day", "code", "score"),
    [
        ("000", 0, "CV", date(2023, 1, 24), True, None),
        ("000", 4, "CV", date(2023, 3, 28), False, None),
        ("000", 7, "AI", date(2026, 2, 18), True, None),
        ("000", 8, "CL", date(2026, 5, 25), False, None),
        ("003", 1, "CR", date(2026, 6, 1), True, None),
        ("004", 0, None, None, None, None),
        ("004", 6, "CV", date(2024, 9, 19), False, 12.8),
        ("004", 20, "CL", date(2025, 9, 29), False, 17.0),
        ("004", 22, None, None, None, None),
    ],
)
def test_header_lines(
    number: str, index: int, category: str | None, day: date | None, code: bool | None, score: float | None
) -> None:
    paper = paper_of(number, index)
    assert (paper.category, paper.date, paper.has_code, paper.score) == (category, day, code, score)


@pytest.mark.parametrize(
    ("number", "index", "et_al", "affiliations"),
    [
        ("000", 4, False, ()),
        ("002", 0, True, ("meta-ai", "pku")),
        ("003", 0, True, ("harvard", "meta-ai")),
        ("004", 0, True, ("berkeley",)),
        ("004", 16, False, ()),
        ("004", 18, False, ()),
    ],
)
def test_bylines(number: str, index: int, et_al: bool, affiliations: tuple[str, ...]) -> None:
    paper = paper_of(number, index)
    assert (paper.et_al, paper.affiliations) == (et_al, affiliations)


def test_undated_papers() -> None:
    undated = [
        (paper.seed[:3], paper.date) for number in COUNTS for paper in page_of(number)[1] if not paper.date
    ]
    assert undated == [("004", None)] * 15
