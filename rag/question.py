"""Whether a question can be asked at all: it has words, and not too many. Knows no shelf."""

from __future__ import annotations

from rag.cleaning import clean
from rag.errors import QuestionError
from rag.words import words

MAX_QUESTION_CHARACTERS = 2000


def check_question(question: str) -> str:
    """The question, cleaned and on one line, or a QuestionError that says what is wrong."""
    question = " ".join(question.split())
    if not question:
        raise QuestionError("The question is empty.", hint="Ask something, such as: What is OWL?")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"The question has {len(question):,} characters; at most {MAX_QUESTION_CHARACTERS:,} are read.",
            hint="Ask a shorter question.",
        )
    question = " ".join(clean(question).split())
    if not words(question):
        raise QuestionError("The question holds no words.", hint="Ask in words, such as: What is OWL?")
    return question
