"""Words, stems, numbers and names of a text: what lexical signals are made of.

Knows English spelling; knows nothing of papers, questions or scores.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import lru_cache

import snowballstemmer

from rag.latex import GREEK, readable

_STEMMER = snowballstemmer.stemmer("english")
# Scripts without spaces: a name written among them is a word of its own.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"\d{{1,3}}(?:,\d{{3}})+(?![^\W_])|[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\W_])+")
_ASCII_WORD = re.compile(r"\d{1,3}(?:,\d{3})+(?![^\W_])|[^\W_]+", re.ASCII)
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:[.,]\d+)*")
_GREEK_SPELT = str.maketrans({letter: name for name, letter in GREEK.items()})
# A name has a capital beyond its first letter, or a digit beside letters: OWL, STBLLM, LazyDiT, D2-MoE.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9^+*/.-]*[A-Za-z0-9+]|[A-Z]{2,}")
_PRONOUN = re.compile(r"I(?!\w)")
_POSSESSIVE = re.compile(r"['’]s$")
# Where one part of a question ends, and words of which one stands in a part that asks.
_PARTS = re.compile(r"(?<=[.!?:;}\]>])\s+|\n")
_ASKING = re.compile(r"\b(?:what|which|who|whom|whose|when|where|why|how)\b", re.I)
_TOKEN = re.compile(r"[^\s,;:?!()\[\]\"“”]+")

# Function words and the words of asking; none of them says what a question is about.
_ENGLISH = frozenset(
    """a about above across after again against all almost along already also although always am among an and
any anyone anything are aren as at away be became because become been before being below besides between
both but by call called came can cannot could couldn did didn do does doesn doing don done down during each
either else enough especially etc even ever every example far few find for from further gave get gets give
given gives go goes going good got had has have having he help her here hers him his how however i if in
instead into is isn it its itself just kind know known last least less let like likely ll long look made
main mainly make makes making many may maybe me mean means might mine more most much must my name named near
need needs neither never new no nor not now of off often on once one only onto or other others our out over
own paper papers per perhaps please put quite rather re really same say says see seem seems several shall she
should show shows similar since so some something still such take taken takes tell than thank that the their
theirs them then there therefore these they thing things think this those though through thus to together
too toward towards try two under until up upon us use used uses using usual usually ve very via want was
wasn way ways we well were what whatever when where whether which while who whole whom whose why will with
within without won work works would wouldn yes yet you your yours authors author propose proposed proposes
study article research describe explain s t d m""".split()
)
# Words of asking in French, German and Spanish that no English text holds as content.
STOP_WORDS = _ENGLISH | frozenset(
    """quel quelle quels quelles quoi pourquoi combien où qui est sont les une dans avec cet cette ces leurs
wie viel viele wieviel welche welcher welches welchem welchen warum weshalb wann wer ist sind wird werden eine
einen einem einer und für über zwischen qué cuál cuáles cuánto cuánta cuántos cuántas cómo dónde cuándo quién
quiénes según hacen usaron fueron sobre entre""".split()
)


@lru_cache(maxsize=2048)
def plain(text: str) -> str:
    """`text` without LaTeX, Greek letters spelt: `Param$\\Delta$`, `ParamΔ` and `ParamDelta` read alike."""
    text = readable(text)
    return text if text.isascii() else text.translate(_GREEK_SPELT)


def words(text: str) -> list[str]:
    """Lower-case words and numbers, in order; 1,069 is 1069."""
    text = plain(text)
    found = (_ASCII_WORD if text.isascii() else _WORD).findall(text)
    return [word.lower().replace(",", "") for word in found]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The word without its inflection, by the Porter2 rules."""
    return str(_STEMMER.stemWord(word))


def count_stems(text: Iterable[str], stems: Collection[str]) -> Counter[str]:
    """How often each of these stems stands among a text's words.

    Most words need not be stemmed for it: of a word Porter2 keeps what it starts with.
    """
    starts = {_start(each) for each in stems}
    return Counter(
        found
        for word in text
        if (_start(word) in starts or word[:1] in starts) and (found := stem(word)) in stems
    )


def _start(word: str) -> str:
    """Its first two letters; a y may become i, and of a word such as `aed` one letter is left."""
    return word[:2].replace("y", "i")


def content_words(text: str) -> list[str]:
    """The words that say what a text is about, once each, in order."""
    return list(dict.fromkeys(word for word in words(text) if word not in STOP_WORDS))


def content_stems(text: str) -> set[str]:
    return {stem(word) for word in content_words(text)}


def numbers(text: str) -> set[str]:
    """Numbers as written, thousands commas and trailing zeros left out: `1,069` and `1069` are one."""
    found = set()
    for match in _NUMBER.finditer(plain(text)):
        digits = match.group().lstrip("+-").replace(",", "")
        found.add(digits.rstrip("0").rstrip(".") if digits.count(".") == 1 else digits)
    return found


def fold_name(name: str) -> str:
    """A name's letters and digits alone, lower case: `D^2-MoE` -> `d2moe`, `Mix-LN` -> `mixln`."""
    return "".join(character for character in name.lower() if character.isalnum())


@lru_cache(maxsize=65536)
def is_name(token: str) -> bool:
    """Whether a token looks like an acronym or a method's name rather than a word or a hyphenated phrase."""
    if token.isalpha() and token[1:].islower():
        return False  # most words, told apart quickly
    return any(_is_named_part(part) for part in token.split("-"))


def _is_named_part(part: str) -> bool:
    inner_capital = any(character.isupper() for character in part[1:])
    digit = any(character.isdigit() for character in part)
    return inner_capital or (digit and any(character.isupper() for character in part))


def split_names(text: str) -> str:
    """The text and the words that its names are made of: `LazyDiT` holds lazy."""
    runs = [run for name in names(text) for run in re.findall(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}|\d+", name)]
    return " ".join([text, *runs])


def names(text: str) -> list[str]:
    """Acronyms and method names, as written, once each, in order."""
    found = dict.fromkeys(token.strip(".-/") for token in _NAME.findall(plain(text)))
    return [token for token in found if is_name(token)]


def proper_names(text: str) -> list[str]:
    """`names`, and other words that a capital marks as names because no sentence starts there.

    A text that capitalises most of its words, as titles do, marks nothing.
    """
    tokens = list(_TOKEN.finditer(text))
    capitalised = [
        token.group().rstrip(".")
        for token in tokens
        if token.group()[:1].isupper()
        and not _PRONOUN.match(token.group())
        and not _opens_sentence(text[: token.start()])
    ]
    marked = capitalised if 2 * len(capitalised) <= len(tokens) else []
    return list(dict.fromkeys([*names(text), *(_POSSESSIVE.sub("", token) for token in marked)]))


def is_spelt_out(name: str, text: str) -> bool:
    """Whether the words that an acronym stands for follow each other in the text: chronic kidney disease."""
    letters = name.removesuffix("s")
    return letters.isupper() and letters.lower() in "".join(word[0] for word in words(text))


def _opens_sentence(before: str) -> bool:
    return before.rstrip(" \t\n\"'“‘(")[-1:] in ("", ".", "?", "!", ":")


def asked_part(question: str) -> str:
    """The question without the story around it: the parts that ask, or all of it where none does."""
    parts = [part for part in _PARTS.split(question) if part]
    asking = [part for part in parts if part.rstrip().endswith("?") or _ASKING.search(part)]
    return " ".join(asking or parts)


def spaced(text: str) -> str:
    """The text's words with one space between them, as `holds_name` reads them."""
    return " ".join(words(text))


def holds_name(name: str, spaced_text: str) -> bool:
    """Whether a name stands in a text given by `spaced`; hyphens, spaces and a plural s do not count.

    Part of a longer word is not the name (OWL in knowledge); a version behind it may follow (LLaMA2).
    """
    letters = fold_name(plain(name)).removesuffix("s")
    end = r"(?![^\W\d])" if letters[-1:].isalpha() else r"(?!\w)"
    return bool(re.search(rf"(?<!\w){' ?'.join(map(re.escape, letters))}s?{end}", spaced_text))
