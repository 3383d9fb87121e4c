"""Numbers of a text with their units, however they are spelt: `10\\%`, `ten percent`, `2.5$\\times$`, `1/3`.

Knows English number words up to a hundred; knows nothing of what is counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from rag.words import plain

_SIGNS = str.maketrans({"×": "x", **dict.fromkeys("∼≈±", "~"), **dict.fromkeys("–—−‐‑", "-")})
# Marks of references, as in "as shown before [3, 4]": no number of the text.
_MARKS = re.compile(r"\[\d{1,3}(?:\s*[,;-]\s*\d{1,3})*\]")

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
_SMALL += "sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: number for number, word in enumerate(_SMALL.split())}
_WORDS |= {word: 10 * number for number, word in enumerate(_TENS.split(), start=2)}
_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5}
_MULTIPLES = {"twice": 2, "double": 2, "doubles": 2, "doubled": 2, "doubling": 2, "thrice": 3}
_MULTIPLES |= {"triple": 3, "triples": 3, "tripled": 3, "tripling": 3}
_SCALES = {"k": 3, "m": 6, "b": 9, "t": 12, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}

_SCALE = r"(?:(?P<scale>[kKMBT])(?![\w])|[\s-]?(?P<scale_word>thousand|million|billion|trillion)\b)"
_UNIT = (
    r"(?:\s?(?P<percent>%)|[\s-]?(?P<percent_word>per\s?cent(?:age)?)\b"
    r"|\s?(?P<times>[xX](?!\w)|times\b|-?folds?\b))"
)
_DIGITS = (
    r"(?<![\w.])(?:(?<![-/])(?P<top>\d{1,3})/(?P<bottom>\d{1,4})(?![\d/])"
    r"|(?P<digits>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)*))"
)
_SPELT = (
    rf"\b(?:(?P<tens>{'|'.join(_TENS.split())})(?:[\s-](?P<ones>{'|'.join(_SMALL.split()[1:10])})\b)?"
    rf"|(?:(?P<over>one|two|three|four|a)[\s-])(?P<part>{'|'.join(_PARTS)})\b"
    rf"|(?P<half>half)\b"
    rf"|(?P<multiple>{'|'.join(_MULTIPLES)})\b"
    rf"|(?P<small>{'|'.join(_SMALL.split())}))\b"
)
NUMBER = re.compile(rf"(?:{_DIGITS}|{_SPELT})(?:{_SCALE})?(?:{_UNIT})?", re.I)
# The end of a range: the unit of its other end is its own, too.
_RANGE = re.compile(r"\s?(?:-|~|to|and|\||/)\s?(?:up to )?~?")
_LONGEST_RANGE = 8


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit, `%`, `x` or none, and where it stands in the comparable text.

    `spelt` is True of a number word, which may be no count at all: "the two", "one of".
    """

    value: Fraction
    unit: str
    start: int
    end: int
    spelt: bool

    def agrees(self, other: Quantity) -> bool:
        """Whether both are one number; a unit left out agrees with any."""
        return self.value == other.value and (self.unit == other.unit or not (self.unit and other.unit))


def comparable(text: str) -> str:
    """The text without LaTeX and marks of references; its dashes and signs in ASCII."""
    return plain(_MARKS.sub(" ", text)).translate(_SIGNS)


def quantities(text: str) -> list[Quantity]:
    """The numbers of a `comparable` text, in order. "One" is left out: it is seldom a number."""
    found = [quantity for match in NUMBER.finditer(text) if (quantity := _quantity(match))]
    for place in range(len(found) - 1, 0, -1):
        first, second = found[place - 1], found[place]
        between = text[first.end : second.start]
        if second.unit and not first.unit and len(between) <= _LONGEST_RANGE and _RANGE.fullmatch(between):
            found[place - 1] = Quantity(first.value, second.unit, first.start, first.end, first.spelt)
    return found


def _quantity(match: re.Match[str]) -> Quantity | None:
    value, unit = _value(match)
    if value is None:
        return None
    if scale := match["scale"] or match["scale_word"]:
        value *= 10 ** _SCALES[scale.lower()]
    if match["percent"] or match["percent_word"]:
        unit = "%"
    elif match["times"]:
        unit = "x"
    spelt = not (match["digits"] or match["top"])
    return Quantity(value, unit, match.start(), match.end(), spelt)


def _value(match: re.Match[str]) -> tuple[Fraction | None, str]:
    """The number itself, and the unit that its word holds."""
    if digits := match["digits"]:
        whole, *rest = digits.replace(",", "").split(".")
        # 1.2.3 is a version: its parts beyond the second are left out.
        return Fraction(".".join([whole, *rest[:1]])), ""
    if match["top"]:
        return (Fraction(int(match["top"]), int(match["bottom"])) if int(match["bottom"]) else None), ""
    if tens := match["tens"]:
        ones = match["ones"]
        return Fraction(_WORDS[tens.lower()] + (_WORDS[ones.lower()] if ones else 0)), ""
    if part := match["part"]:
        over = match["over"].lower()
        return Fraction(1 if over == "a" else _WORDS[over], _PARTS[part.lower()]), ""
    if match["half"]:
        return Fraction(1, 2), ""
    if multiple := match["multiple"]:
        return Fraction(_MULTIPLES[multiple.lower()]), "x"
    small = _WORDS[match["small"].lower()]
    return (None if small == 1 else Fraction(small)), ""
