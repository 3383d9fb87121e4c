"""One sentence about a paper: the model's own that the verifier passes, else the paper's best."""

from __future__ import annotations

import pytest
from fakes import ScriptedModel, WordEmbedder, make_paper

from evals.one_sentence import QUESTION, Summary, as_passage, summarise
from rag.config import shipped
from rag.prompt import load_prompt
from rag.read import Reader
from rag.types import Paper
from rag.verify import verify

LEAD = "Pruning removes weights."
PRESENTS = "We propose OWL, which sets a sparsity for each layer."
GAIN = "It gains 61.22 points."
OWL = make_paper("OWL: A Missing Secret", f"{LEAD} {PRESENTS} {GAIN}")
OWN = "OWL sets a sparsity for each layer."
WRONG = "OWL gains 75 points."


def reader(model: ScriptedModel) -> Reader:
    prompt = load_prompt(shipped("prompts") / "read.md")
    return Reader(model=model, prompt=prompt, verify=verify, max_tokens=96, max_seconds=60)


def summary(*said: str, paper: Paper = OWL) -> Summary:
    """Vouch's summary by a model that says this; by none where nothing is given."""
    return summarise(paper, reader=reader(ScriptedModel(said)) if said else None, embedder=WordEmbedder())


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("the model's own", OWN, Summary(OWN, "model", PRESENTS)),
        ("its first", f"{OWN} {GAIN}", Summary(OWN, "model", PRESENTS)),
        ("its first that the verifier passes", f"{WRONG} {OWN}", Summary(OWN, "model", PRESENTS)),
        ("rejected", WRONG, Summary(PRESENTS, "quote", PRESENTS)),
        ("nothing said", " ", Summary(PRESENTS, "quote", PRESENTS)),
    ],
)
def test_the_models_first_verified_sentence_or_the_best_quote(name, answer, expected):
    assert summary(answer) == expected, name


def test_without_a_model_the_best_quote_is_the_summary():
    assert summary() == Summary(PRESENTS, "quote", PRESENTS)


def test_the_model_reads_the_paper_and_the_question():
    model = ScriptedModel([OWN])
    summarise(OWL, reader=reader(model), embedder=WordEmbedder())
    (prompt,) = model.prompts
    assert all(part in prompt for part in (OWL.title, OWL.abstract, QUESTION))


def test_the_model_is_stopped_when_its_sentence_is_there():
    model = ScriptedModel([f"{OWN} {GAIN} {GAIN}"])
    assert summarise(OWL, reader=reader(model), embedder=WordEmbedder()).text == OWN
    assert model.cancelled == 1


def test_the_papers_gist_is_the_best_quote():
    presents = "We propose a rule by which owls are counted at night."
    paper = make_paper("Counting owls", f"One short sentence does this paper. {presents} We slept.")
    assert summary(paper=paper).text == presents


def test_the_other_sentences_are_ranked_as_for_any_question():
    asked = "One short sentence is the answer."
    presents = "We propose a rule by which owls are counted at night."
    passage = as_passage(make_paper("Counting owls", f"Gain. {presents} {asked}"), WordEmbedder())
    assert [sentence.text for sentence in passage.sentences] == [presents, asked, "Gain."]
    assert all(0 <= sentence.score <= 1 for sentence in passage.sentences)


def test_a_passage_holds_all_sentences_as_they_stand_in_the_abstract():
    passage = as_passage(OWL, WordEmbedder())
    assert {sentence.text for sentence in passage.sentences} == {LEAD, PRESENTS, GAIN}
    assert all(OWL.abstract[each.start : each.end] == each.text for each in passage.sentences)
