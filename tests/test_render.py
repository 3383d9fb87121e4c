"""render: what stands in the HTML, and that nobody else's text becomes part of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.latex import readable
from rag.types import Answer, Citation, Claim, Paper, Row, Table, Timings
from ui import markup, render, sources

ABSTRACT = "Networks are heavy. We keep salient weights in more bits. It is 2x faster."
QUOTE = "We keep salient weights in more bits."
PAPER = Paper(
    id="p1",
    title="PB-LLM: Partially Binarized LLMs",
    authors=("Yuzhang Shang", "Zhihang Yuan"),
    et_al=True,
    affiliations=(),
    category="LG",
    date=date(2023, 9, 29),
    has_code=True,
    score=None,
    abstract=ABSTRACT,
    seed="004.txt",
    index=0,
    page_author="Yuzhang Shang",
)
SPAN = (ABSTRACT.index(QUOTE), ABSTRACT.index(QUOTE) + len(QUOTE))
CLAIM = Claim("It keeps salient weights.", (1,), "supported", QUOTE, SPAN, 0.9)
ANSWER = Answer(
    question="What does PB-LLM keep?",
    understood_as="What does PB-LLM keep?",
    kind="paper",
    status="answered",
    text="It keeps salient weights. [1]",
    claims=(CLAIM,),
    citations=(Citation(1, PAPER),),
    model="qwen-0.5b",
    timings=Timings(retrieve_s=0.04, first_token_s=0.3, total_s=1.94),
)

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": '<img src=http://evil.example/x onerror="alert(1)">',
    "attribute end": '"><b onmouseover=alert(1)>x</b>',
    "single quote": "' onclick='alert(1)",
    "closing tags": "</p></section></details></q>",
    "comment": "<!-- --><![CDATA[x]]>",
    "entity": "&lt;b&gt; &amp; &copy;",
    "Markdown image": "![x](http://evil.example/x.png)",
    "Markdown link": "[1](http://evil.example) **bold** _emphasis_ `code`",
    "mathematics": r"$\Delta$ $$x_1$$ \(y\)",
    "templates": "${document.title} {{value}} @children",
    "control token": "<|im_start|>system",
}


class Shown(HTMLParser):
    """Tags, attribute names and text of an HTML string; fails on tags that do not close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.marks: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "input":  # it has no end
            self._open.append(tag)
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]
        if tag == "mark":
            self.marks.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self._open:
            self.marks[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def everywhere(text: str) -> str:
    """The exchange that holds `text` in every place that somebody else fills."""
    paper = replace(PAPER, title=text, authors=(text,), abstract=f"{text} {QUOTE}")
    answer = replace(
        ANSWER,
        understood_as=f"{text}?!",
        claims=(
            replace(CLAIM, text=text, span=None),
            replace(CLAIM, support="quoted", quote=text, span=None),
            replace(CLAIM, text=text, citations=(7,)),
        ),
        citations=(Citation(1, paper),),
        draft=text,
        model=text,
    )
    refusal = replace(ANSWER, status="not_found", claims=(), citations=(), text=text, nearest=(paper,))
    bodies = [
        render.render_answer(answer, anchor="a1"),
        render.render_answer(refusal, anchor="a2", rating=1),
        render.render_answer(replace(ANSWER, claims=(), text=text), anchor="a3"),
        render.render_note(text),
        render.render_status(text),
    ]
    return render.render_exchange(text, "".join(bodies), anchor="a0", asked_of=(text,))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_others_write_is_shown_as_written(text: str) -> None:
    harmless, hostile = Shown(everywhere("plain words")), Shown(everywhere(text))
    assert [tag for tag in hostile.tags if tag != "mark"] == [tag for tag in harmless.tags if tag != "mark"]
    assert hostile.attributes == harmless.attributes
    as_read = readable(text)
    assert hostile.text.count(text) + (as_read != text) * hostile.text.count(as_read) >= 15
    assert not {"src", "href", "style", "onerror"} & hostile.attributes


@given(st.text(min_size=1))
def test_any_text_keeps_the_page_whole(text: str) -> None:
    shown = Shown(everywhere(text))
    assert {"script", "img", "a", "iframe", "style"}.isdisjoint(shown.tags)
    everywhere(text).encode("utf-8")


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Cn"))))
def test_escaped_text_reads_back(text: str) -> None:
    shown = Shown(f'<p title="{markup.escape(text)}">{markup.escape(text)}</p>')
    assert shown.text == text
    assert shown.values == [text]


def test_a_lone_surrogate_is_replaced() -> None:
    assert markup.escape("a\ud800b\x00") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("spans", "merged"),
    [
        pytest.param([], [], id="none"),
        pytest.param([(5, 9), (0, 3)], [(0, 3), (5, 9)], id="sorted"),
        pytest.param([(0, 5), (3, 9)], [(0, 9)], id="overlapping"),
        pytest.param([(0, 9), (3, 5)], [(0, 9)], id="one inside the other"),
        pytest.param([(0, 3), (3, 5)], [(0, 5)], id="touching"),
        pytest.param([(0, 3), (0, 3)], [(0, 3)], id="twice"),
    ],
)
def test_merge(spans: list[tuple[int, int]], merged: list[tuple[int, int]]) -> None:
    assert markup.merge(spans) == merged


def quoting(quote: str, span: tuple[int, int] | None, *, source: int = 1) -> Claim:
    return replace(CLAIM, quote=quote, span=span, citations=(source,))


@pytest.mark.parametrize(
    ("claims", "marks"),
    [
        pytest.param([], [], id="no claims"),
        pytest.param([CLAIM], [QUOTE], id="by span"),
        pytest.param([quoting(QUOTE, None)], [QUOTE], id="by words"),
        pytest.param([quoting(QUOTE, (0, 5))], [QUOTE], id="wrong span"),
        pytest.param([quoting(QUOTE, (900, 950))], [QUOTE], id="span outside"),
        pytest.param([quoting("words it does not hold", SPAN)], [], id="not in the abstract"),
        pytest.param([quoting("", (0, 5))], [], id="no quote"),
        pytest.param([quoting(QUOTE, SPAN, source=2)], [], id="another source"),
        pytest.param(
            [quoting(QUOTE, SPAN), quoting("more bits. It is 2x", None)],
            ["We keep salient weights in more bits. It is 2x"],
            id="overlapping",
        ),
        pytest.param(
            [quoting("2x faster", None), quoting("Networks", None)],
            ["Networks", "2x faster"],
            id="two, in order",
        ),
    ],
)
def test_the_words_that_claims_rest_on_are_marked(claims: list[Claim], marks: list[str]) -> None:
    answer = replace(ANSWER, claims=tuple(claims))
    shown = Shown(render.render_answer(answer, anchor="a1"))
    assert shown.marks == marks
    assert ABSTRACT in shown.text


def test_the_second_of_two_equal_sentences_is_marked_where_the_span_says_so() -> None:
    claim = quoting("Twice.", (10, 16))
    assert sources.evidence_spans("Twice. Or Twice.", 1, [claim]) == [(10, 16)]


def test_a_claim_ends_in_chips_that_open_its_sources() -> None:
    other = replace(PAPER, id="p2", title="Another")
    claims = (replace(CLAIM, citations=(1, 2)),)
    page = render.render_answer(
        replace(ANSWER, claims=claims, citations=(Citation(1, PAPER), Citation(2, other))), anchor="a4"
    )
    shown = Shown(page)
    assert "It keeps salient weights. [1] [2]" in shown.text
    for number, title in ((1, PAPER.title), (2, "Another")):
        assert f'data-source="a4-source-{number}"' in page
        assert f'<details class="paper" id="a4-source-{number}">' in page
        assert f"Source {number}: {title}. Supported by the paper’s words" in shown.values


def test_a_citation_without_a_source_opens_nothing() -> None:
    shown = Shown(render.render_answer(replace(ANSWER, citations=()), anchor="a1"))
    assert "It keeps salient weights. [1]" in shown.text
    assert "data-source" not in shown.attributes


def test_a_quoted_claim_is_a_quotation() -> None:
    claim = replace(CLAIM, support="quoted", text=f"“{QUOTE}”")
    page = render.render_answer(replace(ANSWER, claims=(claim,)), anchor="a1")
    assert f"<q>{QUOTE}</q>" in page
    assert "<q>" not in render.render_answer(ANSWER, anchor="a1")


@pytest.mark.parametrize(
    ("paper", "byline"),
    [
        pytest.param(PAPER, "Yuzhang Shang, Zhihang Yuan et al. · 29 September 2023", id="dated"),
        pytest.param(
            replace(PAPER, date=None, et_al=False),
            "Yuzhang Shang, Zhihang Yuan · undated",
            id="undated, all authors",
        ),
    ],
)
def test_a_source_shows_title_authors_and_date(paper: Paper, byline: str) -> None:
    text = Shown(render.render_answer(replace(ANSWER, citations=(Citation(1, paper),)), anchor="a1")).text
    assert f"{PAPER.title} {byline}" in text


def test_a_refusal_names_the_nearest_titles_and_claims_nothing() -> None:
    refusal = Answer(
        "Who won?", "Who won?", "paper", "not_found", "No paper on this shelf says.", nearest=(PAPER,)
    )
    page = render.render_answer(refusal, anchor="a1")
    assert 'class="refusal"' in page
    assert f'data-aim="summary" data-papers="{PAPER.id}"' in page
    assert f'data-act="pin" data-papers="{PAPER.id}"' in page
    assert "No paper on this shelf says." in page
    assert PAPER.title in page
    assert "chip" not in page


def test_a_refusal_without_words_still_says_so() -> None:
    page = render.render_answer(Answer("Who?", "", "paper", "not_found", ""), anchor="a1")
    assert "do not answer this" in page
    assert "Nearest" not in page


def test_an_answer_that_grows_is_not_refused_before_its_time() -> None:
    page = render.render_answer(Answer("Who?", "", "paper", "not_found", "", draft="They"), anchor="a1")
    assert "refusal" not in page


def test_a_draft_is_marked_as_unchecked() -> None:
    page = render.render_answer(replace(ANSWER, draft="It might"), anchor="a1")
    assert "writing, not checked yet" in page
    assert "It might" in page
    assert "not checked" not in render.render_answer(ANSWER, anchor="a1")


@pytest.mark.parametrize(
    ("understood_as", "said"),
    [
        pytest.param("What does PB-LLM keep?", False, id="same"),
        pytest.param(" what does  pb-llm keep", False, id="same but for case, spaces and end"),
        pytest.param("", False, id="nothing"),
        pytest.param("What does PB-LLM (2023) keep?", True, id="other"),
    ],
)
def test_what_was_understood_is_said_where_it_differs(understood_as: str, said: bool) -> None:
    page = render.render_answer(replace(ANSWER, understood_as=understood_as), anchor="a1")
    assert ("Understood as" in page) == said


def test_an_answer_without_claims_shows_its_text() -> None:
    shown = Shown(
        render.render_answer(replace(ANSWER, claims=(), citations=(), text="Seven papers."), anchor="a1")
    )
    assert shown.text.startswith("Seven papers.")


@pytest.mark.parametrize(
    ("answer", "footer"),
    [
        pytest.param(
            ANSWER,
            "written by qwen-0.5b, checked · papers found in 0.04 s · first words after 0.30 s · 1.9 s",
            id="model",
        ),
        pytest.param(
            replace(ANSWER, claims=(*ANSWER.claims, replace(CLAIM, support="quoted"))),
            "written by qwen-0.5b, checked · the rest quoted · ",
            id="model and quotes",
        ),
        pytest.param(
            replace(ANSWER, claims=(replace(CLAIM, support="quoted"),)),
            "quoted; nothing that qwen-0.5b wrote is shown · ",
            id="all of the model's sentences gave way",
        ),
        pytest.param(
            replace(
                ANSWER,
                model=None,
                claims=(replace(CLAIM, support="quoted"),),
                timings=Timings(0.01, None, 0.02),
            ),
            "quoted without a model · papers found in 0.01 s · 0.0 s in all",
            id="no model",
        ),
    ],
)
def test_the_footer_tells_model_and_times(answer: Answer, footer: str) -> None:
    assert footer in Shown(render.render_answer(answer, anchor="a1")).text


def test_where_nothing_is_quoted_no_model_is_spoken_of() -> None:
    refused = replace(ANSWER, model=None, claims=(), citations=(), timings=Timings(0.01, None, 0.02))
    assert "without a model" not in Shown(render.render_answer(refused, anchor="a1")).text


def test_a_note_stands_as_it_is() -> None:
    assert Shown(render.render_note("Stopped <now>.")).text == "Stopped <now>."


def compared(words: str) -> Answer:
    cell = Claim(words, (1,), "quoted", words, None, 1.0)
    code = Claim("marked with code", (2,), "computed", "", None, 1.0)
    note = Claim("A note.", (), "computed", "", None, 1.0)
    table = Table(
        (Citation(1, PAPER), Citation(2, PAPER)),
        (words, "Other"),
        (Row("idea", (cell, None)), Row("code", (None, code))),
    )
    claims = (note, *table.claims, CLAIM)
    return replace(ANSWER, kind="compare", claims=claims, citations=table.columns, table=table)


def test_a_table_stands_between_notes_and_sentences() -> None:
    page = render.render_answer(compared("words"), anchor="a1")
    places = [page.index(part) for part in ("A note.", "<table>", "<q>words</q>", "</table>", CLAIM.text)]
    assert places == sorted(places)
    assert page.count("not stated in the abstract") == 2
    assert page.count("<q>words</q>") == 1
    assert 'data-source="a1-source-2"' in page


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_in_a_cell_becomes_a_part_of_the_page(words: str) -> None:
    plain = Shown(render.render_answer(compared("words"), anchor="a1"))
    hostile = Shown(render.render_answer(compared(words), anchor="a1"))
    assert hostile.tags == plain.tags
    assert words in hostile.text


def test_a_head_stands_over_its_claims_without_marks() -> None:
    head = Claim("Pruning <b> (2 papers)", (1,), "computed", "", None, 1.0, head=True)
    page = render.render_answer(replace(ANSWER, claims=(head, CLAIM)), anchor="a")
    assert '<h3 class="theme" dir="auto">Pruning &lt;b&gt; (2 papers)</h3><p class="claim' in page
    Shown(page)


@pytest.mark.parametrize("count", [render.MOST_CHIPS, render.MOST_CHIPS + 1])
def test_many_sources_of_one_claim_are_folded(count: int) -> None:
    claim = Claim("All of them.", tuple(range(1, count + 1)), "computed", "", None, 1.0)
    page = render.render_answer(replace(ANSWER, claims=(claim,)), anchor="a")
    assert (f"<summary>{count} sources</summary>" in page) is (count > render.MOST_CHIPS)
    assert page.count('class="chip') - page.count('class="chips"') == count
    Shown(page)
