"""Questions about Vouch itself, and what it says of itself.

Knows the wordings of such questions; knows nothing of papers, plans or answers.
"""

from __future__ import annotations

import re

ANSWER = (
    "I am Vouch: I answer questions about the papers on this shelf, in their own words, and name the paper "
    "behind every sentence. I have nothing else to tell."
)

_ABOUT_ITSELF = re.compile(
    r"\b(?:who|what) (?:exactly |really |the hell )?are you\b(?! (?:\w+ ){0,3}(?:about|on|for|in)\b)"
    r"|\b(?:who|what)(?:['’]s| is) (?:vouch|your (?:name|purpose|job|maker|creator|model))\b"
    r"|\bwhat (?:can|do) you do\b|\bhow do you work\b|\bwho (?:made|built|trained|created|wrote) you\b"
    r"|\bare you (?:an? |the )?(?:ai|bot|robot|human|person|real|language model|llm|chatbot|chatgpt|gpt"
    r"|claude|gemini|llama|qwen)\b"
    r"|\bwhat (?:language )?model (?:are you|do you (?:use|run))\b"
    r"|\b(?:reveal|print|show|repeat|tell|give|display|output|leak|say|share|list|copy|translate|what|write)\b"
    r"[^.?!]{0,40}\b(?:your (?:\w+ ){0,2}(?:prompt|instructions?|rules|guidelines)|the system prompt)\b"
    r"|\b(?:qui es-tu|qui êtes-vous|wer bist du|wer sind sie|quién eres)\b|你是谁|你是什么",
    re.I,
)


def is_about_itself(question: str) -> bool:
    """Whether it asks who answers, or for what it was told."""
    return _ABOUT_ITSELF.search(question) is not None
