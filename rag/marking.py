"""A question -> its words, with what the shelf knows of replaced by marks.

    How many of Zechun Liu's papers since March 2024 are in LG?
    how many of NAME0 's papers since DATE0 are in CODE0

Marks are the only capitals left, so nothing that a reader types reads as one. Knows names, dates,
categories, affiliations and page files; knows nothing of what is asked about them.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rag.authors import Roster, build_roster, fold
from rag.scopes import CATEGORY_NAMES
from rag.types import Paper

Span = tuple[date, date]

LONGEST_NAME = 5  # words
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"((?:19|20)\d\d)"
_BEFORE_YEAR = r"(?:in|from|since|before|after|until|till|during|of|dated|year|than|to|and|between)"
_DATES: Sequence[tuple[re.Pattern[str], Sequence[str]]] = [
    (re.compile(rf"(?<![\w-]){_YEAR}-(\d\d)-(\d\d)(?![\w-])"), "ymd"),
    (re.compile(rf"(?<![\w-]){_YEAR}-(\d\d)(?![\w-])"), "ym"),
    (re.compile(rf"\b{_DAY}\s+(?:of\s+)?{_MONTH},?\s+(?:of\s+)?{_YEAR}\b", re.I), "dmy"),
    (re.compile(rf"\b{_MONTH}\s+{_DAY},?\s+{_YEAR}\b", re.I), "mdy"),
    (re.compile(rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}\b", re.I), "my"),
    (re.compile(rf"(?<![\w.,-]){_YEAR}(?![\w%]|[.,]\d)"), "y"),
]
_NO_YEAR = re.compile(rf"(?<=\s){_BEFORE_YEAR}\s+(?:the\s+year\s+)?(?<!\d)(\d{{3,6}})(?![\w.,%-])", re.I)
_YEARS_TO_YEARS = re.compile(rf"(?<![\w-])(?:(?:in|from|of|during)\s+)?{_YEAR}\s*[-–—]\s*{_YEAR}(?![\w-])")
_WORD = re.compile(r"[^\W_]+(?:[-'./+][^\W_]+)*'?|[,;:&]")
# Codes that are words as well count in small letters only where a category is spoken of.
_ENGLISH_CODES = frozenset("ai as ne ro gr se sd".split())
_PLAIN_NAMES = {fold(name): code for code, name in CATEGORY_NAMES.items()} | {
    "nlp": "CL", "naturallanguageprocessing": "CL", "audioandspeechprocessing": "AS", "cryptography": "CR",
    "robotic": "RO",
}  # fmt: skip
_AFFILIATION_NAMES = {"peking university": "pku", "meta": "meta-ai", "harvard university": "harvard",
                      "uc berkeley": "berkeley"}  # fmt: skip
_LONGEST_PHRASE = 4
_MARK = r"\b(?:NAME|YEAR|DATE|CODE|FIELD|AFFIL|SEED|NEVER)\d+\b"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What of the shelf a question may speak of. `affiliations` and `seeds` are by spelling, in small letters."""

    roster: Roster
    crawl_year: int
    categories: frozenset[str]
    affiliations: Mapping[str, str]
    seeds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Marked:
    """`text` is padded with a space at both ends; `values` and `times` say what its marks stand for.

    `capitals` are words, in small letters, that are written with a capital inside the question.
    """

    text: str
    values: Mapping[str, str]
    times: Mapping[str, Span]
    capitals: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def named(self, typed: str, name: str, note: str) -> Marked:
        """The same with these words read as that author's name."""
        mark = f"NAME{len(self.values)}"
        text = self.text.replace(f" {typed} ", f" {mark} ", 1)
        notes = (*self.notes, note) if note else self.notes
        return Marked(text, {**self.values, mark: name}, self.times, self.capitals, notes)


def know_shelf(papers: Sequence[Paper], crawl_year: int | None = None) -> Shelf:
    """`crawl_year` is what "this year" means; without one, the newest paper's."""
    newest = max((paper.date.year for paper in papers if paper.date), default=1)
    affiliations = {name.lower(): name for paper in papers for name in paper.affiliations}
    seeds = {name: seed for seed in {paper.seed for paper in papers} for name in (seed.lower(), seed[:3])}
    return Shelf(
        build_roster(papers),
        crawl_year or newest,
        frozenset(paper.category for paper in papers if paper.category),
        affiliations | {name: a for name, a in _AFFILIATION_NAMES.items() if a in affiliations.values()},
        seeds,
    )


def mark(question: str, shelf: Shelf) -> Marked:
    """The question's words, marked."""
    text = f" {question.replace('’', chr(39)).replace('‘', chr(39))} "
    if text.isupper():
        text = text.lower()
    text = re.sub(r"n't\b", " not", re.sub(r"\bcannot\b|\bcan't\b", "can not", text, flags=re.I), flags=re.I)
    text = re.sub(r"\b(what|who|when|where|how|that|there|it)'s\b", r"\1 is", text, flags=re.I)
    text = re.sub(r"\bet\.? al\b\.?", " ", text, flags=re.I)
    text = re.sub(_MARK, lambda found: found[0].lower(), text)  # a reader's own word is no mark
    values: dict[str, str] = {}
    times: dict[str, Span] = {}
    text = _mark_affiliations(text, shelf, values)
    text = _mark_seeds(text, shelf, values)
    text = _mark_times(text, shelf, times, values)
    text = _mark_codes(text, shelf, values)
    words = _words(text)
    capitals = frozenset(word.lower() for word in words[1:] if word[:1].isupper())
    words = [word if _is_mark(word) else word.lower() for word in words]
    words = _mark_phrases(words, shelf.roster.names, "NAME", LONGEST_NAME, values)
    words = _mark_phrases(words, _PLAIN_NAMES, "FIELD", _LONGEST_PHRASE, values)
    return Marked(f" {' '.join(words)} ", values, times, capitals)


def _words(text: str) -> list[str]:
    """Words and commas; a possessive's ending stands alone."""
    found: list[str] = []
    for word in _WORD.findall(text):
        stem = word.removesuffix("'s").removesuffix("'S")
        found += [stem, "'s"] if stem != word and stem else [word]
    return found


def _is_mark(word: str) -> bool:
    return bool(re.fullmatch(_MARK, word))


def _mark_affiliations(text: str, shelf: Shelf, values: dict[str, str]) -> str:
    for spelling, name in sorted(shelf.affiliations.items(), key=lambda item: -len(item[0])):
        pattern = "[- ]?".join(map(re.escape, spelling.split("-")))
        text = re.sub(
            rf"(?<![\w-]){pattern}(?![\w-])",
            lambda _, name=name: _new("AFFIL", name, values),
            text,
            flags=re.I,
        )
    return text


def _mark_seeds(text: str, shelf: Shelf, values: dict[str, str]) -> str:
    def put(found: re.Match[str]) -> str:
        seed = shelf.seeds.get(found[1].lower())
        return f" the page {_new('SEED', seed, values)} " if seed else found[0]

    for name in sorted(shelf.seeds, key=len, reverse=True):
        if len(name) > 3:
            text = re.sub(rf"(?<=\s){re.escape(name)}(?=[\s?.,!])", f"page {name}", text, flags=re.I)
    text = re.sub(r"\b(?:page|seed|file)\s+(?:file\s+)?page\b", "page", text, flags=re.I)
    return re.sub(r"(?<=\s)(?:the\s+)?(?:page|seed|file)\s+(?:file\s+)?([\w.]+?)(?=[\s?.,!]*\s)", put, text)


def _mark_times(text: str, shelf: Shelf, times: dict[str, Span], values: dict[str, str]) -> str:
    def add(kind: str, start: date, end: date) -> str:
        name = f"{kind}{len(times)}"
        times[name] = (start, end)
        return f" {name} "

    def of_year(year: int) -> str:
        return add("YEAR", date(year, 1, 1), date(year, 12, 31))

    def never(found: re.Match[str]) -> str:
        year = int(found[1])
        if 1 <= year <= 9999 and len(found[1]) == 4 and found[1][:2] not in ("19", "20"):
            return found[0].replace(found[1], of_year(year))
        if found[1][:2] in ("19", "20") and len(found[1]) == 4:
            return found[0]
        return found[0].replace(found[1], _new("NEVER", found[1], values))

    text = _YEARS_TO_YEARS.sub(r"from \1 to \2", text)
    text = _NO_YEAR.sub(never, text)
    for pattern, order in _DATES:
        text = pattern.sub(lambda found, order=order: _span(found, order, add), text)  # type: ignore[misc]
    text = re.sub(r"\b(?:this|the current)\s+year\b", lambda _: of_year(shelf.crawl_year), text, flags=re.I)
    return re.sub(r"\b(?:the )?(?:last|previous)\s+year\b", lambda _: of_year(shelf.crawl_year - 1), text,
                  flags=re.I)  # fmt: skip


def _span(found: re.Match[str], order: Sequence[str], add: object) -> str:
    part = dict(zip(order, found.groups(), strict=True))
    year = int(part["y"])
    assert callable(add)
    try:
        if "m" not in part:
            return str(add("YEAR", date(year, 1, 1), date(year, 12, 31)))
        typed = part["m"].lower()
        month = int(typed) if typed.isdigit() else _MONTHS.index(typed[:3]) + 1
        if "d" in part:
            day = date(year, month, int(part["d"]))
            return str(add("DATE", day, day))
        return str(add("DATE", date(year, month, 1), date(year, month, monthrange(year, month)[1])))
    except ValueError:  # the 31st of February is left as it is, and so is not understood
        return found[0].replace(str(year), f"year-{year}")


def _mark_codes(text: str, shelf: Shelf, values: dict[str, str]) -> str:
    """Codes of categories: in capitals, after a dot (cs.LG), or in small letters where one is spoken of."""
    known = shelf.categories | CATEGORY_NAMES.keys()
    codes = "|".join(sorted(known))
    small = "|".join(sorted(code.lower() for code in known if code.lower() not in _ENGLISH_CODES))

    def put(found: re.Match[str]) -> str:
        return found[0].replace(found[1], _new("CODE", found[1].upper(), values))

    text = re.sub(rf"(?<![\w-])(?:cs|eess|stat)\.({codes})(?![\w-])", put, text, flags=re.I)
    text = re.sub(r"\b(?:cs|eess|stat)\.(?= CODE)", " ", text)
    text = re.sub(rf"(?<![\w.-])({codes})(?![\w-])", put, text)
    text = re.sub(
        rf"(?<![\w-])category\s+({codes}|[a-z]{{2}})(?=[\s?.!,])", _unless_word(put), text, flags=re.I
    )
    text = re.sub(rf"(?<![\w-])({small})(?= (?:papers|category|publications)\b)", put, text)
    return re.sub(rf"(?<![\w-])(?:in|and|or|category)\s+({small})(?=[\s?.!,])", put, text)


def _unless_word(put: object) -> object:
    def maybe(found: re.Match[str]) -> str:
        assert callable(put)
        return found[0] if found[1].lower() in {"is", "of", "in", "do", "by", "on", "or"} else str(put(found))

    return maybe


def _mark_phrases(
    words: list[str], known: Mapping[str, str], kind: str, longest: int, values: dict[str, str]
) -> list[str]:
    """Words with each run that spells a known phrase replaced by one mark, the longest run first."""
    marked: list[str] = []
    at = 0
    while at < len(words):
        for size in range(min(longest, len(words) - at), 0, -1):
            run = words[at : at + size]
            key = "" if any(_is_mark(word) or word in "',;:&'s" for word in run) else fold("".join(run))
            ending = [] if key in known else ["'s"]
            value = known.get(key) or (kind == "NAME" and size > 1 and known.get(key.removesuffix("s")))
            if key and value:
                marked += [_new(kind, value, values).strip(), *ending]
                break
        else:
            size = 1
            marked.append(words[at])
        at += size
    return marked


def _new(kind: str, value: str, values: dict[str, str]) -> str:
    name = f"{kind}{len(values)}"
    values[name] = value
    return f" {name} "


def marks_of(kind: str, text: str) -> Iterable[str]:
    return re.findall(rf"{kind}\d+", text)
