"""A question -> its words, with what the shelf knows of replaced by marks.

    How many of Zechun Liu's papers since March 2024 are in LG?
    how many of NAME0 's papers since DATE0 are in CODE0

Marks are the only capitals left, so nothing that a reader types reads as one. Knows names, dates,
categories, affiliations and page files; knows nothing of what is asked about them.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from rag.authors import Roster, build_roster, fold
from rag.scopes import CATEGORY_NAMES
from rag.types import Paper
from rag.words import words

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
# A page's file name starts with its number.
_SEED_NUMBER = 3
_TWO_LETTER_WORDS = frozenset("is of in do by on or to be it an at me my no so up us we".split())
_THIS_YEAR = re.compile(r"\b(?:this|the current)\s+year\b", re.I)
# What a title is asked to hold: a word in quotation marks, or behind a word that says so.
_TITLE_WORD = r"(?:[\"“”']([\w][\w -]{0,40}?)[\"“”']|([\w-]{2,30}))"
_HOLDING = r"(?:contain(?:s|ing)?|mention(?:s|ing)?|includ(?:es?|ing)|with|hav(?:e|ing)|has|hold(?:s|ing)?)"
_A_WORD = r"(?:the |a )?(?:words?|terms?|string) "
_END = r"(?=\s*[?.!,;]|\s*$|\s+(?:by|from|in|since|before|after|and|with|without)\b)"
_TITLED = (
    re.compile(
        rf"\btitles?\s+(?:(?:that|which|do|does)\s+)*(?:{_HOLDING}\s+{_A_WORD}|(?:contain|mention|includ)\w*\s+|{_HOLDING}\s+(?=[\"“']))"
        rf"{_TITLE_WORD}{_END}",
        re.I,
    ),
    re.compile(rf"\b{_HOLDING}\s+(?:{_A_WORD})?{_TITLE_WORD}\s+in\s+(?:the|their|its)\s+titles?\b", re.I),
)
_HALF = re.compile(
    rf"\b(?:the )?(first|second|1st|2nd|last) half of (?:the year )?{_YEAR}\b|\b(h[12]) (?:of )?{_YEAR}\b",
    re.I,
)
_QUARTER = re.compile(
    rf"\b(?:the )?(first|second|third|fourth|last) quarter of (?:the year )?{_YEAR}\b|\bq([1-4])(?: of)?[ -]{_YEAR}\b",
    re.I,
)
_ORDINAL = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "fourth": 4, "last": 0}
# "from 2019 on", where a phrase ends behind it: "from 2019 on the shelf" and "of 2019 on pruning" say something else.
_ONWARDS = re.compile(
    r"\b(?:(?:from|in)\s+)?((?:YEAR|DATE)\d+)\s+(?:on|up|and up)"
    r"(?=\s*[?.!,;]|\s*$|\s+(?:by|with|without|have|has|are|but|not|on)\b)"
)
_PER = (
    (
        re.compile(r"\b(papers?|publications?|articles?|count)\s*/\s*(year|month|category)\b", re.I),
        r"\1 per \2",
    ),
    (re.compile(r"\bper-(year|month|category)\b", re.I), r"per \1"),
    (re.compile(r"\b(year|month|category)-?wise\b", re.I), r"by \1"),
)
_LAST_YEAR = re.compile(r"\b(?:the )?(?:last|previous)\s+year\b", re.I)
_NO_NAME = r"(?:have|has|had|with|without|prints?|the|an?|no|and|by|of|is|are|in)"
_SHORT_FORMS = (
    (re.compile(r"(?<!\S)w/o(?!\w)\.?", re.I), "without"),
    (re.compile(r"(?<!\S)w/(?=\s|\w)", re.I), "with "),
    (re.compile(r"\bcannot\b|\bcan't\b", re.I), "can not"),
    (re.compile(r"n't\b", re.I), " not"),
    (re.compile(r"\b(what|who|when|where|how|that|there|it)'s\b", re.I), r"\1 is"),
    # behind a name alone: papers that "have et al." are something else
    (re.compile(rf"(\b(?!{_NO_NAME}\b)\w+),? et\.? al\b\.?", re.I), r"\1"),
)
_MARK = r"\b(?:NAME|YEAR|DATE|CODE|FIELD|AFFIL|SEED|NEVER|WORD)\d+\b"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What of the shelf a question may speak of. `affiliations` and `seeds` are by spelling, lower case.

    A word of its papers' `vocabulary` is no misspelling.
    """

    roster: Roster
    crawl_year: int
    categories: frozenset[str]
    affiliations: Mapping[str, str]
    seeds: Mapping[str, str]
    vocabulary: frozenset[str] = frozenset()


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
    seeds = {
        name: seed
        for seed in {paper.seed for paper in papers}
        for name in (seed.lower(), seed[:_SEED_NUMBER])
    }
    return Shelf(
        build_roster(papers),
        crawl_year or newest,
        frozenset(paper.category for paper in papers if paper.category),
        affiliations | {name: a for name, a in _AFFILIATION_NAMES.items() if a in affiliations.values()},
        seeds,
        frozenset(word for paper in papers for word in words(f"{paper.title} {paper.abstract}")),
    )


@dataclass
class _Marks:
    """The marks given so far."""

    values: dict[str, str]
    times: dict[str, Span]

    def value(self, kind: str, value: str) -> str:
        name = f"{kind}{len(self.values)}"
        self.values[name] = value
        return f" {name} "

    def span(self, kind: str, start: date, end: date) -> str:
        name = f"{kind}{len(self.times)}"
        self.times[name] = (start, end)
        return f" {name} "

    def year(self, year: int) -> str:
        return self.span("YEAR", date(year, 1, 1), date(year, 12, 31))


def mark(question: str, shelf: Shelf) -> Marked:
    """The question's words, marked."""
    marks = _Marks({}, {})
    text = _mark_titles(_spelt_out(question), marks)
    text = _mark_affiliations(text, shelf, marks)
    text = _mark_seeds(text, shelf, marks)
    text = _mark_times(text, shelf, marks)
    text = _mark_codes(text, shelf, marks)
    typed = _words(text)
    capitals = frozenset(word.lower() for word in typed[1:] if word[:1].isupper())
    typed = [word if _is_mark(word) else word.lower() for word in typed]
    typed = _mark_phrases(typed, shelf.roster.names, "NAME", LONGEST_NAME, marks)
    typed = _mark_phrases(typed, _PLAIN_NAMES, "FIELD", _LONGEST_PHRASE, marks)
    return Marked(f" {' '.join(typed)} ", marks.values, marks.times, capitals)


def _spelt_out(question: str) -> str:
    """The question with plain quotation marks and no short forms, and none of its own words a mark."""
    text = f" {question.replace('’', chr(39)).replace('‘', chr(39))} "
    text = text.lower() if text.isupper() else text
    for pattern, written in (*_SHORT_FORMS, *_PER):
        text = pattern.sub(written, text)
    return re.sub(_MARK, lambda found: found[0].lower(), text)


def _words(text: str) -> list[str]:
    """Words and commas; a possessive's ending stands alone."""
    found: list[str] = []
    for word in _WORD.findall(text):
        stem = word.removesuffix("'s").removesuffix("'S")
        found += [stem, "'s"] if stem != word and stem else [word]
    return found


def _is_mark(word: str) -> bool:
    return bool(re.fullmatch(_MARK, word))


def _mark_titles(text: str, marks: _Marks) -> str:
    """Words that titles are to hold."""

    def put(found: re.Match[str]) -> str:
        of_titles = "papers " if found[0].lower().startswith("title") else ""
        return f" {of_titles}titled {marks.value('WORD', found[1] or found[2])} "

    for pattern in _TITLED:
        text = pattern.sub(put, text)
    return text


def _mark_affiliations(text: str, shelf: Shelf, marks: _Marks) -> str:
    for spelling, name in sorted(shelf.affiliations.items(), key=lambda item: -len(item[0])):
        pattern = "[- ]?".join(map(re.escape, spelling.split("-")))
        if re.search(found := rf"(?<![\w-]){pattern}(?![\w-])", text, flags=re.I):
            text = re.sub(found, marks.value("AFFIL", name), text, flags=re.I)
    return text


def _mark_seeds(text: str, shelf: Shelf, marks: _Marks) -> str:
    def put(found: re.Match[str]) -> str:
        seed = shelf.seeds.get(found[1].lower())
        return f" the page {marks.value('SEED', seed)} " if seed else found[0]

    for name in sorted(shelf.seeds, key=len, reverse=True):
        if len(name) > _SEED_NUMBER:
            text = re.sub(rf"(?<=\s){re.escape(name)}(?=[\s?.,!])", f"page {name}", text, flags=re.I)
    text = re.sub(r"\b(?:page|seed|file)\s+(?:file\s+)?page\b", "page", text, flags=re.I)
    return re.sub(r"(?<=\s)(?:the\s+)?(?:page|seed|file)\s+(?:file\s+)?([\w.]+?)(?=[\s?.,!]*\s)", put, text)


def _mark_times(text: str, shelf: Shelf, marks: _Marks) -> str:
    def never(found: re.Match[str]) -> str:
        typed = found[1]
        if len(typed) == 4 and typed[:2] in ("19", "20"):
            return found[0]
        possible = len(typed) == 4 and int(typed) > 0
        return found[0].replace(typed, marks.year(int(typed)) if possible else marks.value("NEVER", typed))

    text = _YEARS_TO_YEARS.sub(r"from \1 to \2", text)
    text = _NO_YEAR.sub(never, text)
    text = _HALF.sub(partial(_part_of_year, months=6, marks=marks), text)
    text = _QUARTER.sub(partial(_part_of_year, months=3, marks=marks), text)
    for pattern, order in _DATES:
        text = pattern.sub(partial(_span, order=order, marks=marks), text)
    text = _THIS_YEAR.sub(lambda _: marks.year(shelf.crawl_year), text)
    text = _LAST_YEAR.sub(lambda _: marks.year(shelf.crawl_year - 1), text)
    return _ONWARDS.sub(r" since \1", text)


def _part_of_year(found: re.Match[str], *, months: int, marks: _Marks) -> str:
    which, year = found[1] or found[3], int(found[2] or found[4])
    place = _ORDINAL.get(which.lower()) if found[1] else int(which[-1])
    last = (place or 12 // months) * months
    return marks.span("DATE", date(year, last - months + 1, 1), date(year, last, monthrange(year, last)[1]))


def _span(found: re.Match[str], *, order: Sequence[str], marks: _Marks) -> str:
    """The mark of a date; one that no calendar has is left so that nothing understands it."""
    part = dict(zip(order, found.groups(), strict=True))
    year = int(part["y"])
    if "m" not in part:
        return marks.year(year)
    typed = part["m"].lower()
    month = int(typed) if typed.isdigit() else _MONTHS.index(typed[:3]) + 1
    try:
        first, last = (part["d"], part["d"]) if "d" in part else (1, monthrange(year, month)[1])
        return marks.span("DATE", date(year, month, int(first)), date(year, month, int(last)))
    except ValueError:
        return found[0].replace(str(year), f"year-{year}")


def _mark_codes(text: str, shelf: Shelf, marks: _Marks) -> str:
    """Codes of categories: in capitals, after a dot (cs.LG), or in small letters where one is spoken of."""
    known = shelf.categories | CATEGORY_NAMES.keys()
    codes = "|".join(sorted(known))
    small = "|".join(sorted(code.lower() for code in known if code.lower() not in _ENGLISH_CODES))

    def put(found: re.Match[str]) -> str:
        start = found.start(1) - found.start()
        if found[1].lower() in _TWO_LETTER_WORDS:
            return found[0]
        code = marks.value("CODE", found[1].upper())
        return f"{found[0][:start]}{code}{found[0][start + len(found[1]) :]}"

    text = re.sub(rf"(?<![\w-])(?:cs|eess|stat)\.({codes})(?![\w-])", put, text, flags=re.I)
    text = re.sub(r"\b(?:cs|eess|stat)\.(?= CODE)", " ", text, flags=re.I)
    text = re.sub(rf"(?<![\w.-])({codes})(?![\w-])", put, text)
    text = re.sub(rf"(?<![\w-])category\s+({codes}|[a-z]{{2}})(?=[\s?.!,])", put, text, flags=re.I)
    text = re.sub(rf"(?<![\w-])({small})(?= (?:papers|category|publications)\b)", put, text)
    if re.search(r"\bpapers\b", text):
        text = re.sub(rf"(?<=[\s,])({small})(?=[\s?.!]*$|\s*,|\s+YEAR)", put, text)
    return re.sub(rf"(?<![\w-])(?:in|and|or|category)\s+({small})(?=[\s?.!,])", put, text)


def _mark_phrases(
    words: list[str], known: Mapping[str, str], kind: str, longest: int, marks: _Marks
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
                marked += [marks.value(kind, value).strip(), *ending]
                break
        else:
            size = 1
            marked.append(words[at])
        at += size
    return marked


def marks_of(kind: str, text: str) -> list[str]:
    """The marks of one kind that a text holds, in order."""
    return re.findall(rf"{kind}\d+", text)
