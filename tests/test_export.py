"""Bibliographies: every format is read back by a library that others wrote."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date

import bibtexparser
import pytest
import rispy
from fakes import make_paper
from hypothesis import given
from hypothesis import strategies as st
from pylatexenc.latex2text import LatexNodes2Text

from rag.errors import UsageError
from rag.export import FORMATS, Name, citation_key, export_papers, format_of, split_name
from rag.pages import read_page
from rag.renewal import seed_paths

DATED = make_paper(
    "LazyDiT: 50% of $Δ$ & more_or {less}",
    "It skips #1 of $x_1$ steps.",
    authors=("Ludwig Kürzinger", "Jan van der Berg", "Madonna"),
    et_al=True,
    published=date(2024, 12, 17),
    category="CV",
)
UNDATED = make_paper("Über alles", "Nothing.", authors=("José de la Cruz",), published=None)


def read_bibtex(text: str) -> list[dict[str, str]]:
    return list(bibtexparser.loads(text).entries)


def set_by_latex(text: str) -> str:
    """What a reader sees of a BibTeX value; for some signs pylatexenc knows other names only."""
    for name, sign in (("braceleft", r"\{"), ("braceright", r"\}"), ("asciicircum", "^")):
        text = text.replace(rf"\text{name}{{}}", sign)
    return LatexNodes2Text(math_mode="verbatim", strict_latex_spaces=True).latex_to_text(text)


def shown(text: str) -> str:
    return " ".join(text.split())


def test_a_dated_paper_in_bibtex():
    (entry,) = read_bibtex(export_papers([DATED], "bibtex"))
    assert entry["title"] == r"{LazyDiT}: 50\% of {$Δ$} \& more\_or \textbraceleft{}less\textbraceright{}"
    assert entry["author"] == "Kürzinger, Ludwig and van der Berg, Jan and {Madonna} and others"
    assert (entry["year"], entry["month"], entry["keywords"]) == ("2024", "December", "CV")
    assert entry["note"].startswith("Listed on the page of")
    assert entry["ID"] == citation_key(DATED)


def test_a_paper_without_a_date_gets_no_year():
    (entry,) = read_bibtex(export_papers([UNDATED], "bibtex"))
    assert entry.keys() & {"year", "month", "date"} == set()
    assert "others" not in entry["author"]
    (item,) = json.loads(export_papers([UNDATED], "csl"))
    assert "issued" not in item
    (record,) = rispy.loads(export_papers([UNDATED], "ris"))
    assert record.keys() & {"year", "date"} == set()
    assert all("no date" in text for text in (entry["note"], item["note"], record["notes"][0]))
    assert "undated" in export_papers([UNDATED], "markdown")


def test_a_dated_paper_in_ris():
    (record,) = rispy.loads(export_papers([DATED], "ris"))
    assert record["title"] == DATED.title
    assert record["authors"] == ["Kürzinger, Ludwig", "van der Berg, Jan", "Madonna"]
    assert (record["year"], record["date"]) == ("2024", "2024/12/17/")
    assert "et al." in record["notes"][0]
    assert record["abstract"] == DATED.abstract


def test_a_dated_paper_in_csl_json():
    (item,) = json.loads(export_papers([DATED], "csl"))
    assert item["title"] == DATED.title
    assert item["author"] == [
        {"family": "Kürzinger", "given": "Ludwig"},
        {"family": "Berg", "given": "Jan", "non-dropping-particle": "van der"},
        {"literal": "Madonna"},
    ]
    assert item["issued"] == {"date-parts": [[2024, 12, 17]]}
    assert "et al." in item["note"]


def test_json_lines_are_the_papers_records():
    lines = export_papers([DATED, UNDATED], "json").splitlines()
    assert [json.loads(line) for line in lines] == [DATED.record(), UNDATED.record()]


def test_csv_says_nothing_of_what_is_unknown():
    unknown = replace(UNDATED, has_code=None, category=None)
    (row,) = csv.DictReader(io.StringIO(export_papers([unknown], "csv")))
    assert (row["date"], row["has_code"], row["category"]) == ("", "", "")
    assert (row["title"], row["authors"]) == (unknown.title, "José de la Cruz")


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Zechun Liu", Name("Zechun", "", "Liu")),
        ("Madonna", Name("", "", "Madonna")),
        ("Niccolo' Gentile", Name("Niccolo'", "", "Gentile")),
        ("Jan van der Berg", Name("Jan", "van der", "Berg")),
        ("Vincent Van Gogh", Name("Vincent", "", "Van Gogh")),
        ("Sree Harsha Kumar Nelaturu", Name("Sree Harsha Kumar", "", "Nelaturu")),
        ("Le Thanh Xuan", Name("Le Thanh", "", "Xuan")),
        ("Robert Downey Jr.", Name("Robert", "", "Downey", "Jr.")),
        ("Maria dos Santos", Name("Maria", "dos", "Santos")),
        ("", Name("", "", "")),
    ],
)
def test_a_name_is_split(printed: str, name: Name):
    assert split_name(printed) == name


def test_a_name_that_reads_as_two_stays_one():
    paper = replace(DATED, authors=("Alice and Bob Stone",), et_al=False)
    (entry,) = read_bibtex(export_papers([paper], "bibtex"))
    assert entry["author"] == "Stone, {Alice and Bob}"


def test_keys_do_not_depend_on_what_else_is_exported():
    papers = [paper for path in seed_paths() for paper in read_page(path)[1]]
    alone = [citation_key(paper) for paper in papers]
    assert len(set(alone)) == len(papers)
    keys = [entry["ID"] for entry in read_bibtex(export_papers(papers[::-1], "bibtex"))]
    assert keys == alone[::-1]
    assert all(re.fullmatch(r"[a-z0-9-]+", key) for key in alone)


@pytest.mark.parametrize("style", FORMATS)
def test_a_paper_is_written_once(style):
    assert export_papers([DATED, DATED], style) == export_papers([DATED], style)
    assert export_papers([], style).strip() in ("", "[]", export_papers([], "csv").strip())


def test_every_seed_paper_comes_back():
    papers = [paper for path in seed_paths() for paper in read_page(path)[1]]
    entries = read_bibtex(export_papers(papers, "bibtex"))
    records = rispy.loads(export_papers(papers, "ris"))
    items = json.loads(export_papers(papers, "csl"))
    for paper, entry, record, item in zip(papers, entries, records, items, strict=True):
        assert shown(set_by_latex(entry["title"])) == shown(paper.title).replace("--", "–")
        assert record["title"] == item["title"] == shown(paper.title)
        assert entry.get("year") == (str(paper.date.year) if paper.date else None)
        assert entry["author"].endswith(" and others") == paper.et_al


def test_a_file_s_ending_names_the_format():
    assert format_of("refs/My.BIB") == "bibtex"
    assert format_of("a.json") == "csl"
    with pytest.raises(UsageError, match="names no format"):
        format_of("refs.docx")


words = st.text(min_size=1).filter(lambda text: bool(shown(text)))
plain_words = st.text(
    # Without mathematics, commands, and what LaTeX joins: quotation marks and dashes.
    st.characters(exclude_categories=("C", "Z"), exclude_characters="$\\`'-<>?!,"),
    min_size=1,
    max_size=40,
)


def test_what_is_latex_already_stays_and_a_lone_backslash_is_shown():
    paper = replace(DATED, abstract=r"By 2.3\% with \textbf{LO}w-rank, \foo and a\b.")
    (entry,) = read_bibtex(export_papers([paper], "bibtex"))
    assert entry["abstract"] == (
        r"By 2.3\% with \textbf{LO}w-rank, \textbackslash{}foo and a\textbackslash{}b."
    )


@given(title=words, author=words, abstract=st.text())
def test_any_text_leaves_well_formed_files(title: str, author: str, abstract: str):
    paper = replace(DATED, title=title, authors=(author,), abstract=abstract)
    assert len(read_bibtex(export_papers([paper, UNDATED], "bibtex"))) == 2
    assert len(rispy.loads(export_papers([paper, UNDATED], "ris"))) == 2
    assert len(json.loads(export_papers([paper, UNDATED], "csl"))) == 2
    assert len(list(csv.DictReader(io.StringIO(export_papers([paper, UNDATED], "csv"))))) == 2
    assert len(export_papers([paper, UNDATED], "markdown").splitlines()) == 2


@given(title=plain_words, given_name=plain_words, family=plain_words)
def test_any_title_and_name_come_back(title: str, given_name: str, family: str):
    paper = replace(DATED, title=title, authors=(f"{given_name} {family}",), et_al=False)
    (entry,) = read_bibtex(export_papers([paper], "bibtex"))
    assert set_by_latex(entry["title"]) == title
    assert set_by_latex(entry["author"]).split(", ", 1)[-1] == given_name
    (record,) = rispy.loads(export_papers([paper], "ris"))
    assert record["title"] == title
    assert record["authors"] == [f"{family}, {given_name}"]
    (item,) = json.loads(export_papers([paper], "csl"))
    assert (item["title"], item["author"]) == (title, [{"family": family, "given": given_name}])
