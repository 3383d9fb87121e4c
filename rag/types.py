"""The whole vocabulary: frozen values that the stages hand to each other.

Data goes one way: Page and Paper (read from seeds) -> Chunk (indexed) -> Plan (a
question understood) -> Passage (a paper retrieved) -> Reading (a paper read) ->
Answer (claims with citations). Stages meet here and never import each other.
`record()` methods give the public JSON contract; nothing else does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Day = date  # within Paper its own field hides the name
Kind = Literal["paper", "topic", "compare", "summary", "catalogue", "other"]
Status = Literal["answered", "partly", "not_found"]
Support = Literal["supported", "quoted", "computed"]
ChunkKind = Literal["window", "sentence"]
RecordField = Literal[
    "authors", "first author", "last author", "date", "code", "category", "affiliations", "page", "score"
]  # fmt: skip
Order = Literal["theme", "oldest", "newest"]
ProfileField = Literal["h_index", "citations", "stated_papers", "novelty", "ai_score"]
PickAim = Literal["compare", "summary", "like"]
Aim = Literal[
    "count", "list", "earliest", "latest", "years", "categories", "share", "profile", "authors",
    "first_authors", "coauthors", "compare", "pages", "owners", "affiliations", "months", "average", "check",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """What an author page states about its author; None where it states nothing."""

    category: str | None = None
    h_index: int | None = None
    stated_papers: int | None = None
    citations: int | None = None
    novelty: int | None = None
    ai_score: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One author page. `author_inferred` is True where the page does not print its owner."""

    seed: str
    layout: str
    author: str
    author_inferred: bool
    crawl_year: int
    sha256: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class Paper:
    """One listed paper, as printed.

    `id` comes from title and authors, so a corrected abstract keeps it. `authors` are the
    printed ones: `et_al` says that more exist. `date`, `category` and `has_code` are None
    where the page prints no header line for the paper.
    """

    id: str
    title: str
    authors: tuple[str, ...]
    et_al: bool
    affiliations: tuple[str, ...]
    category: str | None
    date: Day | None
    has_code: bool | None
    score: float | None
    abstract: str
    seed: str
    index: int
    page_author: str

    def record(self) -> dict[str, Any]:
        """The object that `vouch papers --json` prints."""
        return {
            "id": self.id,
            "title": self.title,
            "authors": list(self.authors),
            "et_al": self.et_al,
            "affiliations": list(self.affiliations),
            "category": self.category,
            "date": self.date.isoformat() if self.date else None,
            "has_code": self.has_code,
            "score": self.score,
            "abstract": self.abstract,
            "seed": self.seed,
            "index": self.index,
            "page_author": self.page_author,
        }


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of one abstract: `text == paper.abstract[start:end]`."""

    id: str
    paper_id: str
    kind: ChunkKind
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a vector search found; similarity is the cosine, -1 to 1."""

    chunk_id: str
    paper_id: str
    kind: ChunkKind
    similarity: float


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the shelf counts. Empty fields do not restrict; a paper must pass all others.

    A field of several values asks for any of them, but for `together`. An author "of" a paper is
    the owner of a page that lists it or a name that its listing prints. A paper whose listing
    prints no date, category or code mark passes no filter on it, be it turned or not.
    """

    authors: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    categories: tuple[str, ...] = ()
    has_code: bool | None = None
    owners: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    together: tuple[str, ...] = ()  # each of them an author of the paper
    first_authors: tuple[str, ...] = ()
    affiliations: tuple[str, ...] = ()
    since: date | None = None  # both ends are in
    until: date | None = None
    dated: bool | None = None
    code_known: bool | None = None
    categorised: bool | None = None
    affiliated: bool | None = None
    titled: tuple[str, ...] = ()  # words, each of which the title holds
    not_authors: tuple[str, ...] = ()
    not_years: tuple[int, ...] = ()
    not_categories: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()  # ids
    within: Scope | None = None  # what the reader chose to ask of: it must hold besides

    def __bool__(self) -> bool:
        return self != Scope()

    @property
    def names(self) -> tuple[str, ...]:
        """Everyone whom it asks for, once each."""
        asked = (self.owners, self.authors, self.printed, self.together, self.first_authors)
        return tuple(dict.fromkeys(name for names in asked for name in names))


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question about the collection, wholly understood: what is counted, over which papers.

    `aim` says what of `scope` is told. `part` is what a share is taken of; `sides` are compared;
    `fields` are figures of a profile; `subject` is whose co-authors are asked for, and `besides`
    are names that do not count. `order` is that of a list by date. `most` shortens a ranking or a
    first-and-last; None tells all. A "check" asks whether each paper of `part` passes `scope`.
    `notes` say how something was taken; `trouble` says why nothing can be counted.
    """

    aim: Aim
    scope: Scope = Scope()
    part: Scope | None = None
    sides: tuple[Scope, ...] = ()
    fields: tuple[ProfileField, ...] = ()
    subject: str = ""
    besides: tuple[str, ...] = ()
    order: Order = "theme"
    most: int | None = None
    fewest: bool = False
    notes: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """What a summary is asked of: the papers of `scope` that are about `topic`, if there is one.

    `order` says how they are told: in groups by theme, or year by year; by date alone, and no more than
    `most`, where the newest or oldest are asked for. `apart`: those of the scope that are not about the
    topic. `notes` say how something was taken; `trouble` says why nothing can be summarised.
    """

    scope: Scope = Scope()
    topic: str = ""
    order: Order = "theme"
    notes: tuple[str, ...] = ()
    trouble: str = ""
    most: int | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Sides:
    """What a comparison sets against each other: `papers` (ids) in the reader's order.

    `unfound` are sides that no paper of the shelf is known by. `topic` is what is asked of each
    paper, where more than a comparison is asked for; `by_date` says that only their order is.
    `note` says how sides were taken.
    """

    papers: tuple[str, ...]
    unfound: tuple[str, ...] = ()
    topic: str = ""
    by_date: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pick:
    """Papers (ids) that a reader picked by hand, and what is asked of them; `like`: others like the first."""

    aim: PickAim
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A question, understood: what it asks, of which part of the shelf, of which papers.

    `question` stands alone; `named` holds ids of papers that the question names. `record` holds
    what it asks of their records, which the library answers without reading them. `inquiry` is
    what it asks of the collection as a whole, where that is understood to the last word. `sides`
    are the papers that it compares; `brief` is what a summary of several papers is asked of. `told` are
    sentences that the conversation has shown already, where more is asked for. `trouble` says why the
    question points at nothing that the conversation holds.
    """

    question: str
    kind: Kind
    scope: Scope = Scope()
    named: tuple[str, ...] = ()
    understood_as: str = ""
    record: tuple[RecordField, ...] = ()
    inquiry: Inquiry | None = None
    sides: Sides | None = None
    brief: Brief | None = None
    told: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the conversation and what a later one may point back to.

    `paper_ids` are the papers its answer cited, in the order shown; `nearest` those that a refusal
    offered; `plan` how it was understood; `told` the sentences that were shown.
    """

    question: str
    paper_ids: tuple[str, ...] = ()
    plan: Plan | None = None
    nearest: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """Verbatim words of an abstract: `text == paper.abstract[start:end]`.

    `score` says how well they match the question, 0 to 1.
    """

    text: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Signal:
    """What one signal of the ranking says of a paper, and where that places it among all candidates."""

    name: str
    value: float
    rank: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved paper.

    `score` ranks it among the retrieved. `relevance` estimates, 0 to 1, that it is about
    what was asked, comparable between questions. `sentences` are all of its abstract's
    sentences, best match first. `signals` are what the score is made of.
    """

    paper: Paper
    score: float
    relevance: float
    sentences: tuple[Quote, ...] = ()
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a paper's words support a sentence, and the sentence of the abstract that does best."""

    supported: bool
    score: float
    quote: Quote | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one paper for one question gave.

    `sentences` passed verification, each with the verdict; `quotes` are the abstract's own
    best sentences; `instead` are those nearest to what the model wrote and is not shown; `draft` is what
    the model is writing now and nobody has checked.
    """

    passage: Passage
    sentences: tuple[tuple[str, Verdict], ...] = ()
    quotes: tuple[Quote, ...] = ()
    instead: tuple[Quote, ...] = ()
    draft: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer and what stands behind it; or the `head` of those that follow it.

    A head is computed: it names what the papers that it cites have in common.
    """

    text: str
    citations: tuple[int, ...]
    support: Support
    quote: str
    span: tuple[int, int] | None
    score: float
    head: bool = False

    def record(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "citations": list(self.citations),
            "support": self.support,
            "quote": self.quote,
            "span": list(self.span) if self.span else None,
            "score": round(self.score, 4),
        }


@dataclass(frozen=True, slots=True)
class Citation:
    """A number in the answer and the paper it stands for; the title is the library's."""

    number: int
    paper: Paper

    def record(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "paper_id": self.paper.id,
            "title": self.paper.title,
            "authors": list(self.paper.authors),
            "date": self.paper.date.isoformat() if self.paper.date else None,
            "seed": self.paper.seed,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One aspect of the compared papers, a cell for each; None where the abstract does not state it."""

    aspect: str
    cells: tuple[Claim | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Papers side by side: `columns` are the papers, `heads` their short names."""

    columns: tuple[Citation, ...]
    heads: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every cell that states something, row by row."""
        return tuple(cell for row in self.rows for cell in row.cells if cell)

    def record(self) -> dict[str, Any]:
        heads = zip(self.columns, self.heads, strict=True)
        return {
            "columns": [{**citation.record(), "head": head} for citation, head in heads],
            "rows": [
                {"aspect": row.aspect, "cells": [cell.record() if cell else None for cell in row.cells]}
                for row in self.rows
            ],
        }


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question; `first_token_s` is None where no model wrote."""

    retrieve_s: float = 0.0
    first_token_s: float | None = None
    total_s: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens_per_second(self) -> float:
        """Tokens written in the time that a model read and wrote; 0 where none did."""
        seconds = self.total_s - self.retrieve_s
        return self.output_tokens / seconds if seconds > 0 else 0.0

    def record(self) -> dict[str, Any]:
        return {
            "retrieve_s": round(self.retrieve_s, 4),
            "first_token_s": None if self.first_token_s is None else round(self.first_token_s, 4),
            "total_s": round(self.total_s, 4),
            "prompt_tokens": self.prompt_tokens,
            "output_tokens": self.output_tokens,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader gets: also a refusal is one (`status` "not_found", `nearest` titles).

    While an answer streams, `draft` holds the unchecked sentence being written; it is empty
    in the last Answer and is never part of `text` or `claims`. `plan` is how the question was taken. The
    cells of a `table` are claims, too.
    """

    question: str
    understood_as: str
    kind: Kind
    status: Status
    text: str
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    nearest: tuple[Paper, ...] = ()
    model: str | None = None
    timings: Timings = Timings()
    draft: str = ""
    table: Table | None = None
    plan: Plan | None = None

    def turn(self) -> Turn:
        """What a later question of the conversation may point back to."""
        return Turn(
            self.question,
            tuple(citation.paper.id for citation in self.citations),
            self.plan,
            tuple(paper.id for paper in self.nearest),
            tuple(dict.fromkeys(claim.quote for claim in self.claims if claim.quote)),
        )

    def record(self) -> dict[str, Any]:
        """The object that `vouch ask --json` prints."""
        return {
            "question": self.question,
            "understood_as": self.understood_as,
            "kind": self.kind,
            "status": self.status,
            "text": self.text,
            "claims": [claim.record() for claim in self.claims],
            "citations": [citation.record() for citation in self.citations],
            "nearest": [paper.title for paper in self.nearest],
            **({"table": self.table.record()} if self.table else {}),
            "model": self.model,
            "timings": self.timings.record(),
        }


@dataclass(frozen=True, slots=True)
class Control:
    """A control token of the model's chat format, by its exact spelling, such as `<|im_end|>`."""

    token: str


# A prompt is a sequence of segments. A str is text: tokenised with special tokens off, so
# that nothing a paper or a reader writes can become a control token.
Segment = Control | str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one generation read (not restored from cache) and wrote."""

    prompt_tokens: int
    output_tokens: int
