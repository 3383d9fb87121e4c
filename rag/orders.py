"""Sentences that speak to a language model instead of a reader: they are no evidence for anything.

An abstract is other people's text. What in it looks like a turn of a chat, an instruction to whoever
answers, or a link that wants to be followed is neither shown to the model nor quoted. Words are compared
without what is invisible, and letters that look like Latin ones are taken for them. A guard beside others:
an order that it does not know is read as any sentence is. Knows nothing of papers, prompts or answers.
"""

from __future__ import annotations

import re
import unicodedata

from rag.sentences import sentences

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝвкмнтАВЕКМНОРСТХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοινρτυ",
    "aeopcyxijshdqwbkmhtABEKMHOPCTXIJSABEZHIKMNOPTYXaoivptu",
)
_TOLD = r"(?:instructions?|prompts?|directions|guidelines|rules|commands|orders)"
_BEFORE = r"(?:previous|prior|above|earlier|preceding|foregoing)"
_ORDERS = (
    # turns of a chat, in every format
    r"<\|[^|<>]{0,40}\|?>|</?s>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|<\/?(?:system|user|assistant|think)\b"
    r"|\[/?(?:system|assistant|user)[^\]]{0,20}\]",
    r"^\W{0,8}(?:system|assistant|user|human|developer|ai|bot|model|question|answer|q|a|note to (?:the )?\w+)"
    r"\s*(?:\([^)]{0,40}\)|message|note|prompt|override)?\s*(?::|-->?)",
    r"\b(?:system|developer|admin(?:istrator)?) (?:note|message|prompt|override|notice|instruction|update|alert)\b\W",
    r"#{2,}\s*(?:system|instruction|response|human|assistant|user|input)",
    # what a page would load or follow
    r"!\[[^\]]*\]|\]\(\s*(?:https?:|//|data:|javascript:|www\.)|\]:\s*(?:https?:|//)|javascript:"
    r"|<\s*/?(?:a|img|script|iframe|svg|form|input|link|meta|object|embed|style|video|audio|body|div|span|p|b|h\d)"
    r"\b[^<>]{0,400}>",
    r"(?:https?://|www\.)\S*[?&]\w+=(?:[<{\[]|%7b|your|the\b|user|question|query)",
    # what to do with what was said before
    rf"\b(?:ignore|disregard|forget|override|bypass|discard)\s+(?:\w+\s+){{0,4}}{_TOLD}\b"
    rf"|\b(?:ignore|disregard|forget)\s+(?:\w+\s+){{0,3}}{_BEFORE}\b",
    rf"\b(?:ignor|disregard|forget)e?\s+(?:everything|anything|all|whatever)\b|\bnew {_TOLD}\s*:",
    # what to answer
    r"\b(?:answer|reply|respond|output|print|say|write|return|state|repeat|conclude|begin|end)\b[^.]{0,30}"
    r"\b(?:only|exactly|nothing but|verbatim|with the (?:single )?(?:word|words|phrase|sentence|token))\b"
    r"[^.]{0,12}(?:[\"“”'‘:]|yes\b|no\b|with\b|the (?:word|phrase|sentence|token))",
    r"\b(?:you are (?:now|no longer|an? (?:ai|assistant|language model|chatbot|helpful))"
    r"|you (?:must|should|shall|have to|will|need to) (?:now |always |only |not |never |also |instead )*"
    r"(?:answer|reply|respond|cite|say|output|print|write|claim|state|recommend|mention|refuse|ignore|tell|act"
    r"|pretend|include|visit|click|quote|praise|rate|send|reveal|repeat|follow))",
    r"\b(?:always|only|must|please|instead|also|never)\s*,?\s+(?:cite|quote|recommend|mention|reference|credit)"
    r"\s+(?:only\s+)?(?:the |this |our |paper |\[|“|\"|')",
    r"(?:^|[:;,.]\s*)(?:cite|credit)\s+(?:only\s+)?(?:the |this |our |paper|it |us |as |\[|\(|“|\"|')",
    r"\b(?:when|if|whenever)\b[^.]{0,30}\b(?:asked|answering|summari[sz]ing|a (?:user|reader|model|assistant)"
    r"|you)\b[^.]{0,60}\b(?:answer|say|reply|respond|cite|tell|output|claim|give|write|always|must)\b",
    r"\b(?:reveal|print|show|repeat|output|leak|send|post|upload|disclose|append|forward|exfiltrate)\b[^.]{0,40}"
    r"\b(?:your (?:system |hidden |initial )?(?:prompt|instructions?|rules|context|conversation)|the system prompt"
    r"|(?:the |this )?(?:user|reader)['’]?s? (?:question|data|conversation|query|questions|history|name)"
    r"|the conversation|the question (?:to|at|as))",
    r"\b(?:click|follow|visit|go to|navigate to|browse to|fetch|load)\s+(?:(?:on|the|this|here|now|at|link|page|image)"
    r"\s+){0,4}(?:https?://|www\.|<|(?:this |the )?(?:link|url|image)\b|\w+\.example)",
    r"\b(?:as an ai|dear (?:ai|model|assistant|llm|language model|reviewer)|attention[,:] (?:ai|model|assistant|llm"
    r"|language model)|(?:ai|llm|language model|chatbot)s? (?:assistants? )?(?:reading|processing|summari[sz]ing"
    r"|that reads?) this|note to (?:the )?(?:ai|model|assistant|llm|language model|chatbot))\b",
    r"\bdo not (?:cite|mention|quote|answer|reveal|tell|trust|use) (?:any|the|this|other|from|what|anything|that)\b"
    r"[^.]{0,60}\b(?:paper|user|reader|question|source|abstract|other|instruction)",
    r"\bthe (?:only )?correct answer (?:is|to)\b|\bthe answer to (?:every|any|all|the user)\b",
    # the same in other languages
    r"\bignore[zr]?\b[^.]{0,30}\binstructions\b|\brépond(?:s|ez|re)\b[^.]{0,30}\b(?:uniquement|seulement)\b"
    r"|\bignorier\w*\b[^.]{0,40}\b(?:anweisung|vorgabe|text|regel)\w*|\bantworte\w*\b[^.]{0,30}\b(?:nur|ausschließlich)\b"
    r"|\bignor[ae]\w*\b[^.]{0,40}\b(?:instruc\w+|istruzioni|indicaciones)|\bresponde?\w*\b[^.]{0,30}\b(?:solo|sólo"
    r"|únicamente|solamente|apenas|soltanto)\b",
    r"(?:忽略|无视|無視|忘记|忘掉)[^。]{0,20}(?:指令|指示|说明|說明|内容|提示|规则)|只(?:能|需|要)?(?:回答|输出|回复)"
    r"|(?:以前|上記|これまで)の?(?:指示|命令)[^。]{0,10}無視|игнориру\w*[^.]{0,40}(?:инструкц|указан)\w*"
    r"|(?:이전|위의)[^.]{0,10}(?:지시|명령)[^.]{0,10}무시|تجاهل[^.]{0,30}(?:التعليمات|الأوامر)",
)
# What chat formats put around a turn; the role stands behind it.
_TURN = re.compile(r"<\|[^|<>]{0,40}\|?>|</?s>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>", re.I)
_OTHER_ROLE = re.compile(r"(?:system|developer|assistant|model|tool|bot)\b", re.I)
_READER = re.compile(r"^(?:user|human)\b\W*", re.I)
_ORDER = re.compile("|".join(f"(?:{order})" for order in _ORDERS), re.I)


def is_order(sentence: str) -> bool:
    """Whether the sentence wants something of who reads it by machine."""
    visible = _visible(sentence)
    return any(_ORDER.search(form) is not None for form in (visible, visible.translate(_LOOKALIKES)))


def without_orders(text: str) -> str:
    """The text without such sentences; as it is where it holds none, or nothing else."""
    found = [text[start:end] for start, end in sentences(text)]
    kept = [sentence for sentence in found if not is_order(sentence)]
    return " ".join(kept) if kept and len(kept) < len(found) else text


def question_in(text: str) -> str:
    """What a reader asks, without turns of a chat that are put around it and without orders; as it is where
    nothing else is left.
    """
    turns = [part.strip() for part in _TURN.split(text)]
    asked = [_READER.sub("", part) for part in turns if part and not _OTHER_ROLE.match(part)]
    if not any(asked):
        return text
    return without_orders(" ".join(asked) if len(turns) > 1 else text)


def _visible(text: str) -> str:
    """Compatibility forms resolved, nothing invisible: how it looks, not how it is coded."""
    plain = "".join(each for each in text if unicodedata.category(each) not in ("Cf", "Cs"))
    folded = unicodedata.normalize("NFKD", plain)
    return " ".join("".join(each for each in folded if not unicodedata.combining(each)).split())
