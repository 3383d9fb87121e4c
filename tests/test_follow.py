"""follow: a conversation and a further question -> which papers, which part of the shelf, what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag.errors import QuestionError
from rag.gazetteer import Gazetteer, build_gazetteer, short_name
from rag.library import Library
from rag.pages import read_page
from rag.renewal import seed_paths
from rag.types import Aim, Brief, Kind, Plan, RecordField, Scope, Turn
from rag.understand import understand


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    opened = Library.open(tmp_path_factory.mktemp("follow") / "library.sqlite", create=True)
    with opened.writing():
        for path in seed_paths():
            opened.put_page(*read_page(path))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def gazetteer(library: Library) -> Gazetteer:
    return build_gazetteer(library.papers(), lambda word: False, crawl_year=2026)


@dataclass(frozen=True)
class Talk:
    """Turns as they would be, had the shelf answered: a topic's papers by the start of their titles."""

    library: Library
    gazetteer: Gazetteer

    def paper(self, start: str) -> str:
        (found,) = [each.id for each in self.library.papers() if each.title.startswith(start)]
        return found

    def plan(self, question: str, *turns: str | tuple[str, ...]) -> Plan:
        return understand(question, self.history(*turns), self.gazetteer)

    def history(self, *turns: str | tuple[str, ...]) -> tuple[Turn, ...]:
        history: tuple[Turn, ...] = ()
        for turn in turns:
            question, *cited = (turn,) if isinstance(turn, str) else turn
            plan = understand(question, history, self.gazetteer)
            ids = tuple(map(self.paper, cited)) if cited != ["nothing"] else ()
            history = (*history, Turn(question, ids or self._found(plan, cited), plan))
        return history

    def _found(self, plan: Plan, cited: list[str]) -> tuple[str, ...]:
        if plan.inquiry is None or cited:
            return () if cited else plan.named
        papers = self.library.papers(plan.inquiry.scope)
        if plan.inquiry.aim in ("latest", "earliest"):
            dated = sorted((paper.date, paper.id) for paper in papers if paper.date)
            return (dated[-1 if plan.inquiry.aim == "latest" else 0][1],)
        return tuple(paper.id for paper in papers)


@pytest.fixture(scope="module")
def talk(library: Library, gazetteer: Gazetteer) -> Talk:
    return Talk(library, gazetteer)


LAZY = ("What is LazyDiT?",)
OWL = ("what is owl",)
TWO = ("What is LOST?", "and GPAS")
LIST = (("which papers speed up diffusion?", "LazyDiT", "QuEST", "DraftAttention"),)
OF_LIST = (*LIST, "tell me about the first one")
DATED = (("papers about video", "FastCar", "DraftAttention", "LongVU"),)
NO_NAME = (("which paper prunes autoregressive models by a numerical score?", "Numerical Pruning"),)
NOTHING = (("what is the best pizza?", "nothing"),)

ONE_PAPER = [
    (LAZY, "does it need retraining?", "LazyDiT", "does LazyDiT need retraining?"),
    (LAZY, "does it need retrainng", "LazyDiT", "does LazyDiT need retrainng"),
    (LAZY, "Does this approach work on phones?", "LazyDiT", "Does LazyDiT work on phones?"),
    (LAZY, "how does the method work", "LazyDiT", "how does LazyDiT work"),
    (LAZY, "what do the authors claim?", "LazyDiT", ""),
    (LAZY, "what is their method", "LazyDiT", ""),
    (LAZY, "its results?", "LazyDiT", "LazyDiT's results?"),
    (LAZY, "is it's code public", "LazyDiT", ""),
    (LAZY, "what is it about?", "LazyDiT", "what is LazyDiT about?"),
    (LAZY, "explain that in simple terms", "LazyDiT", "explain LazyDiT in simple terms"),
    (LAZY, "so it needs no training?", "LazyDiT", "LazyDiT needs no training?"),
    (LAZY, "why?", "LazyDiT", "Why is LazyDiT needed?"),
    (LAZY, "how exactly?", "LazyDiT", "How does LazyDiT work?"),
    (LAZY, "warum?", "LazyDiT", "Why is LazyDiT needed?"),
    (LAZY, "comment ?", "LazyDiT", "How does LazyDiT work?"),
    (LAZY, "tell me more", "LazyDiT", "What is LazyDiT?"),
    (LAZY, "more", "LazyDiT", "What is LazyDiT?"),
    (LAZY, "more details please", "LazyDiT", "What is LazyDiT?"),
    (LAZY, "summarise", "LazyDiT", "What is LazyDiT about?"),
    (LAZY, "speedup?", "LazyDiT", ""),
    (LAZY, "the speedup on mobile", "LazyDiT", ""),
    (LAZY, "whats the speedup", "LazyDiT", ""),
    (LAZY, "and on imagenet?", "LazyDiT", ""),
    (LAZY, "which sampler?", "LazyDiT", ""),
    (LAZY, "how are the lazy layers trained?", "LazyDiT", ""),
    (LAZY, "and QuEST?", "QuEST", "What is QuEST?"),
    (LAZY, "what about owl", "Outlier Weighed", ""),
    (("does OWL need retraining?",), "what about LazyDiT?", "LazyDiT", "does LazyDiT need retraining?"),
    (("does OWL need retraining?",), "why not?", "Outlier Weighed", ""),
    (("does OWL need retraining?", "and LazyDiT?"), "and QuEST", "QuEST", "does QuEST need retraining?"),
    (TWO, "what does the former decompose?", "LOST", "what does LOST decompose?"),
    (TWO, "what does the latter scale", "GPAS", "what does GPAS scale"),
    (TWO, "back to the first one", "LOST", "What is LOST?"),
    (TWO, "back to the first paper: which sizes?", "LOST", ""),
    (TWO, "Back to the first one. How large are its models?", "LOST", ""),
    (TWO, "and the second one", "GPAS", "What is GPAS?"),
    (TWO, "what about the other one", "LOST", "What is LOST?"),
    (TWO, "the previous paper?", "LOST", ""),
    (TWO, "that low-rank paper from before: which models?", "LOST", ""),
    (TWO, "the low-rank one, which sizes", "LOST", ""),
    (TWO, "does it need svd", "GPAS", "does GPAS need svd"),
    (LIST, "and the second one?", "QuEST", "What is QuEST?"),
    (LIST, "und das zweite?", "QuEST", "What is QuEST?"),
    (LIST, "et le deuxième ?", "QuEST", "What is QuEST?"),
    (LIST, "the first of these", "LazyDiT", ""),
    (LIST, "the last one: does it need training?", "DraftAttention", ""),
    (LIST, "is the last one on the gpu?", "DraftAttention", ""),
    (LIST, "whats the speedup of number 3", "DraftAttention", ""),
    (LIST, "tell me about the 2nd", "QuEST", ""),
    (LIST, "the lazy one: on which models?", "LazyDiT", ""),
    (LIST, "the one about video", "DraftAttention", ""),
    (LIST, "does it need retraining", "LazyDiT", "does LazyDiT need retraining"),
    (OF_LIST, "and the second one?", "QuEST", "What is QuEST?"),
    (("compare OWL and STBLLM",), "and the first?", "Outlier Weighed", "What is OWL?"),
    (("compare OWL and STBLLM",), "what about QuEST?", "QuEST", "What is QuEST?"),
    (OF_LIST, "and the last?", "DraftAttention", ""),
    (DATED, "what speedup does the oldest one reach", "LongVU", ""),
    (NO_NAME, "does it need training?", "Numerical Pruning", "does it need training?"),
    (NOTHING, "what is owl?", "Outlier Weighed", ""),
    (("what's Learn2PD",), "how fast is it with the kv-cache", "Learning to Parallel", ""),
    (("Llama Guard 3-1B-INT4: how big is it?",), "and how fast on a phone?", "Llama Guard", ""),
    (("What is CD-MoE?",), "and how much of the original performance comes back after fine-tuning?", "Condense", ""),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "question", "paper", "alone"), ONE_PAPER)
def test_a_follow_up_is_about_one_paper(
    turns: tuple[str | tuple[str, ...], ...], question: str, paper: str, alone: str, talk: Talk
) -> None:
    found = talk.plan(question, *turns)
    assert found.named == (talk.paper(paper),)
    assert found.inquiry is None
    assert not found.trouble
    if alone:
        assert found.question == alone


RECORDS: list[tuple[tuple[str | tuple[str, ...], ...], str, tuple[str, ...], RecordField]] = [
    (LAZY, "its authors?", ("LazyDiT",), "authors"),
    (LAZY, "who wrote it", ("LazyDiT",), "authors"),
    (LAZY, "and who are the authors", ("LazyDiT",), "authors"),
    (LAZY, "who?", ("LazyDiT",), "authors"),
    (LAZY, "wer hat das geschrieben?", ("LazyDiT",), "authors"),
    (LAZY, "und die autoren?", ("LazyDiT",), "authors"),
    (LAZY, "who is the first author", ("LazyDiT",), "first author"),
    (LAZY, "when was that published", ("LazyDiT",), "date"),
    (LAZY, "when?", ("LazyDiT",), "date"),
    (LAZY, "give me the authors", ("LazyDiT",), "authors"),
    (LAZY, "what is the paper's date", ("LazyDiT",), "date"),
    (LAZY, "in which year?", ("LazyDiT",), "date"),
    (LIST, "who wrote the second one?", ("QuEST",), "authors"),
    (LIST, "when was the third one published", ("DraftAttention",), "date"),
    (LIST, "who wrote them?", ("LazyDiT", "QuEST", "DraftAttention"), "authors"),
    (TWO, "who wrote both?", ("LOST", "GPAS"), "authors"),
    (NO_NAME, "who are the authors?", ("Numerical Pruning",), "authors"),
    (("who wrote LazyDiT?",), "and OWL?", ("Outlier Weighed",), "authors"),
    (("what's the newest paper by Zechun Liu",), "when was it published?", ("Quantized Reasoning",), "date"),
    (LAZY, "what category is it in?", ("LazyDiT",), "category"),
    (LAZY, "code?", ("LazyDiT",), "code"),
    (LAZY, "whose page is it on?", ("LazyDiT",), "page"),
    (LAZY, "its affiliations?", ("LazyDiT",), "affiliations"),
    (LAZY, "its authers", ("LazyDiT",), "authors"),
    (LAZY, "whne was it published", ("LazyDiT",), "date"),
    (LIST, "who wrote the secnd one?", ("QuEST",), "authors"),
]


@pytest.mark.parametrize(("turns", "question", "papers", "field"), RECORDS)
def test_a_follow_up_asks_for_a_record(
    turns: tuple[str | tuple[str, ...], ...],
    question: str,
    papers: tuple[str, ...],
    field: RecordField,
    talk: Talk,
) -> None:
    found = talk.plan(question, *turns)
    assert found.named == tuple(map(talk.paper, papers))
    assert (found.kind, found.record) == ("catalogue", (field,))


SEVERAL: list[tuple[tuple[str | tuple[str, ...], ...], str, tuple[str, ...], Kind]] = [
    (LAZY, "compare it with QuEST", ("LazyDiT", "QuEST"), "compare"),
    (LAZY, "how does it differ from QuEST?", ("LazyDiT", "QuEST"), "compare"),
    (LAZY, "is it faster than QuEST?", ("LazyDiT", "QuEST"), "paper"),
    (LAZY, "how is this different from QuEST", ("LazyDiT", "QuEST"), "compare"),
    (LAZY, "and compared to QuEST?", ("LazyDiT", "QuEST"), "compare"),
    (TWO, "compare them", ("LOST", "GPAS"), "compare"),
    (TWO, "compare the two", ("LOST", "GPAS"), "compare"),
    (LIST, "compare them", ("LazyDiT", "QuEST", "DraftAttention"), "compare"),
    (LIST, "compare the first two", ("LazyDiT", "QuEST"), "compare"),
    (LIST, "what is the difference between the first and the third?", ("LazyDiT", "DraftAttention"), "compare"),
    (LIST, "do these agree?", ("LazyDiT", "QuEST", "DraftAttention"), "compare"),
    (LIST, "do they need retraining?", ("LazyDiT", "QuEST", "DraftAttention"), "paper"),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "question", "papers", "kind"), SEVERAL)
def test_a_follow_up_is_about_several_papers(
    turns: tuple[str | tuple[str, ...], ...], question: str, papers: tuple[str, ...], kind: Kind, talk: Talk
) -> None:
    found = talk.plan(question, *turns)
    assert found.named == tuple(map(talk.paper, papers))
    assert found.kind == kind


LIU = Scope(authors=("Zechun Liu",))
COUNT = ("how many papers by Zechun Liu?",)
NARROWED = (*COUNT, "only 2023")
COUNTS: list[tuple[tuple[str | tuple[str, ...], ...], str, Scope, Aim]] = [
    (COUNT, "only 2023", Scope(authors=LIU.authors, years=(2023,)), "count"),
    (COUNT, "nur 2023", Scope(authors=LIU.authors, years=(2023,)), "count"),
    (COUNT, "seulement 2023", Scope(authors=LIU.authors, years=(2023,)), "count"),
    (COUNT, "and 2021", Scope(authors=LIU.authors, years=(2021,)), "count"),
    (COUNT, "since 2022?", Scope(authors=LIU.authors, since=date(2022, 1, 1)), "count"),
    (COUNT, "with code?", Scope(authors=LIU.authors, has_code=True), "count"),
    (COUNT, "just the ones with code", Scope(authors=LIU.authors, has_code=True), "count"),
    (COUNT, "ohne Code?", Scope(authors=LIU.authors, has_code=False), "count"),
    (COUNT, "without code?", Scope(authors=LIU.authors, has_code=False), "count"),
    (COUNT, "how many of them have code", Scope(authors=LIU.authors, has_code=True), "count"),
    (COUNT, "what about Lu Yin?", Scope(authors=("Lu Yin",)), "count"),
    (COUNT, "and lujun li", Scope(authors=("Lujun Li",)), "count"),
    (COUNT, "in LG?", Scope(authors=LIU.authors, categories=("LG",)), "count"),
    (COUNT, "with Zhiqiang Shen?", Scope(together=("Zechun Liu", "Zhiqiang Shen")), "count"),
    (COUNT, "as first author", Scope(first_authors=LIU.authors), "count"),
    (COUNT, "which ones?", LIU, "list"),
    (COUNT, "list them", LIU, "list"),
    (COUNT, "the newest?", LIU, "latest"),
    (COUNT, "and by year?", LIU, "years"),
    (NARROWED, "with code", Scope(authors=LIU.authors, years=(2023,), has_code=True), "count"),
    (NARROWED, "and 2022?", Scope(authors=LIU.authors, years=(2022,)), "count"),
    (NARROWED, "and what about Lujun Li?", Scope(authors=("Lujun Li",), years=(2023,)), "count"),
    ((*NARROWED, "with code"), "and without?", Scope(authors=LIU.authors, years=(2023,), has_code=False), "count"),
    (("how many papers from 2024 have code?",), "and in 2025?", Scope(years=(2025,), has_code=True), "count"),
    (("how many papers on Yuzhang Shang's page?",), "and Lu Yin's?", Scope(owners=("Lu Yin",)), "count"),
    (("how many papers by Lu Yin?", "what is OWL?"), "how many papers has he in 2024?", Scope(authors=("Lu Yin",), years=(2024,)), "count"),
    (("how many papers by Lu Yin?",), "what else did he write?", Scope(authors=("Lu Yin",)), "list"),
    (LAZY, "what about Lu Yin?", Scope(authors=("Lu Yin",)), "list"),
    (LAZY, "how many papers has the first author?", Scope(authors=("Xuan Shen",)), "count"),
    (LAZY, "how many papers have code?", Scope(has_code=True), "count"),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "question", "scope", "aim"), COUNTS)
def test_a_follow_up_narrows_or_turns_a_count(
    turns: tuple[str | tuple[str, ...], ...], question: str, scope: Scope, aim: Aim, talk: Talk
) -> None:
    found = talk.plan(question, *turns)
    assert found.inquiry is not None
    assert (found.inquiry.scope, found.inquiry.aim, found.inquiry.trouble) == (scope, aim, "")


@pytest.mark.parametrize("question", ["which of those is newest?", "which one is newest", "which came last?"])
def test_the_newest_of_a_list_is_by_its_dates(question: str, talk: Talk) -> None:
    found = talk.plan(question, *DATED)
    assert found.inquiry is not None
    assert found.inquiry.aim == "latest"
    assert set(found.inquiry.scope.papers) == {
        talk.paper(start) for start in ("FastCar", "DraftAtt", "LongVU")
    }


@pytest.mark.parametrize(
    "question", ["in which of these?", "which of them uses a cache?", "which one is about video?"]
)
def test_a_question_over_the_list_looks_nowhere_else(question: str, talk: Talk) -> None:
    found = talk.plan(question, *LIST)
    assert set(found.scope.papers) == {talk.paper(start) for start in ("LazyDiT", "QuEST", "DraftAttention")}
    assert found.inquiry is None


@pytest.mark.parametrize(
    ("question", "scope"),
    [
        ("only 2024", Scope(years=(2024,))),
        ("with code", Scope(has_code=True)),
        ("by Xuan Shen?", Scope(authors=("Xuan Shen",))),
    ],
)
def test_a_topic_is_narrowed(question: str, scope: Scope, talk: Talk) -> None:
    found = talk.plan(question, *LIST)
    assert (found.kind, found.scope, found.question) == ("topic", scope, LIST[0][0])


def test_a_count_is_narrowed_to_a_topic(talk: Talk) -> None:
    found = talk.plan("only the ones about quantization", *COUNT)
    assert (found.kind, found.scope, found.question) == ("topic", LIU, "papers about quantization")


@pytest.mark.parametrize(
    "question", ["does he have anything on pruning?", "the same first author has a binary one, doesn't he?"]
)
def test_another_paper_of_the_author_is_looked_for_among_his(question: str, talk: Talk) -> None:
    found = talk.plan(question, *LAZY, "who is the first author?")
    assert (found.kind, found.scope.authors, found.named) == ("topic", ("Xuan Shen",), ())


CHANGES = [
    "what is knowledge distillation?",
    "Which methods make models that run on phones?",
    "which papers prune llms?",
    "how do transformers handle long videos and why are they slow?",
    "is it possible to prune diffusion models to one bit?",
    "what does it take to binarize a network?",
    "how many bits do binary networks have, and is there a paper on them?",
    "Is there a paper about jailbreak attacks, and what does it propose?",
    "who works on speech recognition?",
    "tell me about video generation",
    "and what is federated learning?",
    "what is STBLLM?",
    "And what is STBLLM?",
    "does STBLLM need its own kernel?",
]


@pytest.mark.parametrize("question", CHANGES)
def test_a_change_of_subject_is_left_alone(question: str, talk: Talk) -> None:
    for turns in (OWL, TWO):
        assert talk.plan(question, *turns) == talk.plan(question)


@pytest.mark.parametrize(
    "question",
    ["ok, something else: what is a binary network?", "completely different: what is a binary network?",
     "new topic, what is a binary network?"],
)  # fmt: skip
def test_a_change_of_subject_may_be_announced(question: str, talk: Talk) -> None:
    assert talk.plan(question, *OWL) == talk.plan("what is a binary network?")


TROUBLES = [
    (LAZY, "and the second one?", "there is one paper"),
    (LIST, "and the fifth one?", "there are 3 papers"),
    (LIST, "the older one", "not all of the 3 papers print a date"),
    (COUNT, "does it need retraining?", "the answer before was about 50"),
    (COUNT, "why?", "A count has no more to it"),
    (LAZY, "compare them", "not two papers"),
    (LAZY, "only the ones with code", "no list of papers"),
    (LAZY, "what does the latter do?", "Name it"),
]


@pytest.mark.parametrize(("turns", "question", "said"), TROUBLES)
def test_what_points_at_nothing_is_said(
    turns: tuple[str | tuple[str, ...], ...], question: str, said: str, talk: Talk
) -> None:
    found = talk.plan(question, *turns)
    assert found.kind == "other"
    assert said in found.trouble
    assert found.trouble.endswith(".")


def test_what_was_not_understood_changes_no_focus(talk: Talk) -> None:
    found = talk.plan("does it need retraining?", *LAZY, "and the second one?")
    assert found.named == (talk.paper("LazyDiT"),)


def test_after_a_refusal_nothing_older_is_meant(talk: Talk) -> None:
    found = talk.plan("does it need flour?", *LAZY, *NOTHING)
    assert found.named == ()
    assert found.question == "does it need flour? (what is the best pizza?)"


def test_of_a_refusal_the_nearest_papers_can_be_pointed_at(talk: Talk) -> None:
    refused = Turn("what is the best pizza?", nearest=(talk.paper("LazyDiT"), talk.paper("QuEST")))
    found = understand("and the second one?", [refused], talk.gazetteer)
    assert found.named == (talk.paper("QuEST"),)


def test_the_reader_sees_how_it_was_taken(talk: Talk) -> None:
    assert talk.plan("does it need retraining?", *LAZY).understood_as == (
        "does it need retraining? · it = LazyDiT: Lazy Learning for the Acceleration of Diffusion Transformers"
    )


def test_more_is_not_what_was_told(talk: Talk) -> None:
    (turn,) = talk.history(*LAZY)
    told = Turn(turn.question, turn.paper_ids, turn.plan, told=("One sentence.",))
    assert understand("tell me more", [told], talk.gazetteer).told == ("One sentence.",)
    assert understand("why?", [told], talk.gazetteer).told == ()


def test_more_of_a_folded_list_is_its_rest(talk: Talk) -> None:
    found = talk.plan("more", "list the papers by Zechun Liu")
    assert found.inquiry is not None
    assert len(found.inquiry.scope.papers) == 40


@pytest.mark.parametrize(
    ("title", "name"),
    [("LazyDiT: ", "LazyDiT"), ("Outlier Weighed", "OWL"), ("Delta Decompression", "D^2-MoE"), ("Numerical Pruning", "")],
)  # fmt: skip
def test_a_paper_is_called_by_what_it_proposes(title: str, name: str, talk: Talk) -> None:
    assert short_name(talk.gazetteer.papers[talk.paper(title)], talk.gazetteer) == name


@given(st.text(max_size=80), st.sampled_from([LAZY, TWO, LIST, OF_LIST, COUNT, NOTHING]))
@hypothesis_settings(deadline=None, max_examples=150)
def test_no_follow_up_breaks_it(question: str, turns: tuple[str | tuple[str, ...], ...]) -> None:
    talk = _TALKS[0]
    try:
        found = understand(question, talk.history(*turns), talk.gazetteer)
    except QuestionError:
        return
    assert found.understood_as
    assert set(found.named) <= set(talk.gazetteer.papers)


_TALKS: list[Talk] = []


@pytest.fixture(autouse=True, scope="module")
def _for_hypothesis(talk: Talk) -> None:
    """One talk for the property, which can be given no fixture of a narrower scope."""
    _TALKS.append(talk)


def test_several_papers_told_before_are_summarised_together(talk: Talk) -> None:
    found = talk.plan("summarise them", *LIST)
    papers = tuple(map(talk.paper, ("LazyDiT", "QuEST", "DraftAttention")))
    assert (found.kind, found.brief) == ("summary", Brief(Scope(papers=papers)))


def test_a_topic_among_papers_told_before(talk: Talk) -> None:
    found = talk.plan("which of those are about video?", *LIST)
    assert found.kind == "topic"
    assert found.brief is not None
    assert (len(found.brief.scope.papers), found.brief.topic) == (3, "video")


def test_a_summary_is_narrowed(talk: Talk) -> None:
    found = talk.plan("only 2023", "summarise Zechun Liu's work on binary networks")
    assert (found.kind, found.scope.years) == ("summary", (2023,))
    assert found.brief is not None
    assert (found.brief.scope, found.brief.topic) == (found.scope, "binary networks")


@pytest.mark.parametrize(
    ("question", "scope"),
    [
        ("does it have code?", Scope(has_code=True)),
        ("is it by Lu Yin?", Scope(authors=("Lu Yin",))),
        ("is it from 2023?", Scope(years=(2023,))),
    ],
)
def test_a_follow_up_checks_a_record(question: str, scope: Scope, talk: Talk) -> None:
    found = talk.plan(question, *LAZY)
    assert found.inquiry is not None
    assert (found.inquiry.aim, found.inquiry.scope, found.named) == ("check", scope, (talk.paper("LazyDiT"),))


def test_more_goes_on_with_a_list_until_it_ends(talk: Talk) -> None:
    shown = talk.history("papers by Lujun Li in 2025")[-1].paper_ids
    found = talk.plan("more", "papers by Lujun Li in 2025")
    assert found.inquiry is not None
    assert found.inquiry.scope.papers == shown[10:]
    assert "whole list" in talk.plan("more", "papers by Lujun Li in 2025", "more").trouble


def test_a_list_is_sorted_anew(talk: Talk) -> None:
    found = talk.plan("newest first", "papers by Lujun Li in 2025")
    assert found.inquiry is not None
    assert (found.inquiry.aim, found.inquiry.order) == ("list", "newest")
    assert found.inquiry.scope == Scope(authors=("Lujun Li",), years=(2025,))


def test_one_paper_agrees_with_none(talk: Talk) -> None:
    assert "not two papers" in talk.plan("do these agree?", *LAZY).trouble
