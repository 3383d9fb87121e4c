r"""LaTeX of titles and abstracts, readable: `10\%` as 10%, `$10\times$` as 10x, `\textbf{OWL}` as OWL.

    text -> rounds: formulas lose their dollars, innermost macros become signs or words; dashes, quotes, ties

Knows the macros that abstracts hold; of another one the name stays. Drops mark-up, never a number or a
word of the text; an address stays as it is. Reading a readable text again changes nothing, and time
grows with length alone, whatever the text. Not a TeX: a library of that kind takes `10% of it` for a
comment and loses the rest of the line. Knows nothing of sentences, Markdown or HTML.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# Nesting beyond so many macros is nobody's mark-up; its signs are dropped.
MOST_ROUNDS = 12
_LONGEST_FORMULA = 400

_GREEK = (
    "alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ"
)
_GREEK += " omicron ο pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω"
_SIGNS = (
    "times × cdot · pm ± mp ∓ div ÷ ast * star ⋆ circ ∘ bullet • oplus ⊕ otimes ⊗ odot ⊙ setminus ∖ sim ~ "
    "approx ≈ simeq ≃ cong ≅ equiv ≡ propto ∝ le ≤ leq ≤ leqslant ≤ ge ≥ geq ≥ geqslant ≥ ne ≠ neq ≠ ll ≪ "
    "gg ≫ lt < gt > in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃ supseteq ⊇ cup ∪ cap ∩ to → gets ← "
    "rightarrow → leftarrow ← Rightarrow ⇒ Leftarrow ⇐ leftrightarrow ↔ Leftrightarrow ⇔ longrightarrow → "
    "mapsto ↦ uparrow ↑ downarrow ↓ implies ⇒ iff ⇔ infty ∞ partial ∂ nabla ∇ ell ℓ sum ∑ prod ∏ int ∫ "
    "forall ∀ exists ∃ emptyset ∅ varnothing ∅ neg ¬ land ∧ lor ∨ wedge ∧ vee ∨ ldots … dots … cdots … "
    "textellipsis … prime ′ degree ° textdegree ° dagger † dag † ddagger ‡ checkmark ✓ copyright © "
    "textcopyright © textregistered ® texttrademark ™ S § P ¶ pounds £ euro € top ⊤ bot ⊥ perp ⊥ mid | "
    "vert | Vert ‖ parallel ∥ langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lbrace { rbrace } "
    "textbar | textless < textgreater > textunderscore _ textasciitilde ~ textasciicircum ^ textbackslash ∖ "
    "textendash – textemdash — textquoteleft ‘ textquoteright ’ textquotedblleft “ textquotedblright ” "
    "hbar ℏ Re ℜ Im ℑ aleph ℵ angle ∠ triangle △ square □ Box □ diamond ⋄ clubsuit ♣ heartsuit ♥ "
    "ss ß ae æ AE Æ oe œ OE Œ aa å AA Å o ø O Ø l ł L Ł i ı j ȷ "
    "varepsilon ε vartheta θ varphi φ varpi π varrho ρ varsigma ς"
)


def _pairs(told: str) -> dict[str, str]:
    listed = told.split()
    return dict(zip(listed[::2], listed[1::2], strict=True))


GREEK: Mapping[str, str] = _pairs(_GREEK) | {
    name.capitalize(): letter.upper() for name, letter in _pairs(_GREEK).items()
}
SYMBOLS: Mapping[str, str] = _pairs(_SIGNS) | dict(GREEK)
# What changes how text looks and says nothing.
_SILENT = frozenset(
    "rm it bf tt sf sc sl em cal bfseries itshape ttfamily rmfamily sffamily scshape normalfont boldmath "
    "tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge left right big Big bigg Bigg "
    "bigl bigr Bigl Bigr displaystyle textstyle scriptstyle limits nolimits centering noindent protect "
    "xspace emph underline mbox hbox boldsymbol bm operatorname ensuremath overline bar hat widehat tilde "
    "widetilde vec url text textnormal".split()
) | {
    f"{kind}{font}"
    for kind in ("text", "math")
    for font in "bf it rm tt sf sc sl md up bb cal frak scr".split()
}
_SPACING = frozenset("par newline linebreak newpage item quad qquad hfill smallskip medskip bigskip".split())
# Their first argument is about layout.
_LAYOUT = frozenset("begin end hspace vspace color label textcolor colorbox".split())
_CITING = re.compile(r"(?:no|paren|text|auto|foot)?[cC]ite\w*|\w*ref")
_ACCENTS = _pairs(
    "` \u0300 ' \u0301 ^ \u0302 ~ \u0303 = \u0304 u \u0306 . \u0307 \" \u0308 r \u030a H \u030b v \u030c "
    "c \u0327 k \u0328"
)

# An argument without another one inside: what is innermost is resolved first.
_ARGUMENT = re.compile(r"\{([^{}]*)\}")
_MACRO = re.compile(
    r"\\(?:(?P<name>[A-Za-z]+)(?:\*(?=\{))?(?P<arguments>(?:\s?\{[^{}]*\})*)(?P<open>\s?\{)?"
    r"|(?P<accent>[`'^~=.\"])(?:\{\\?(?P<held>[A-Za-z])\}|\\?(?P<bare>[A-Za-z]))"
    r"|(?P<sign>[^A-Za-z0-9]))"
)
_ESCAPED = re.compile(r"\\([\\{}])")
# Braces that are text, until the others are gone; private code points that no text should hold.
_BRACES = {"\\": " ", "{": "\ue07b", "}": "\ue07d"}
_FRACTION = re.compile(r"\\[dt]?frac\s?(?:(\d)|\{([^{}]*)\})\s?(?:(\d)|\{([^{}]*)\})")
_SCRIPT = re.compile(r"([_^])\{([^{}]*)\}|(\^)\s?([∘°®™©†‡′])")
# A group that no macro takes.
_GROUP = re.compile(r"(?<![A-Za-z}_^])\{([^{}]*)\}")
_DECLARED = re.compile(r"\{\s*\\(?:rm|it|bf|tt|sf|sc|sl|em|small|large|\w+series|\w+shape)\b\s*([^{}\\]*)\}")
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|\\,(?=\d{3}(?!\d)))(?=\d)")
_ABOUT = re.compile(r"\\(sim|approx|pm)\s+(?=[\d$])")
# Ten times as much, and no product.
_MULTIPLE = re.compile(r"(?<=\d)\s?\\times(?![A-Za-z])(?!\s*[\d\\({$])")
_FACTOR = re.compile(r"(?<=\d)\s?\\times(?![A-Za-z])(?!\s*[\w\\({$])")
_ALONE = re.compile(r"[-+−]?\w+(?:\.\d+)?%?|\S")
_NO_POWER = re.compile(r"[∘°®™©†‡′]+|st|nd|rd|th")

_BRACKETED = re.compile(r"\\\(((?:[^\\$]|\\[^()]){1,400}?)\\\)|\\\[((?:[^\\$]|\\[^\[\]]){1,400}?)\\\]")
_MATHEMATICAL = re.compile(r"[\\^_{}=<>+*/]")
_PROSE = re.compile(r"^\s*\d[\d.,]*[KkMB]?\s+[a-z]{2,}|(?<![\\\w])[a-z]{2,}\s+[a-z]{2,}\s+[a-z]{2,}")

_LATEX = re.compile(r"[\\${}\ue07b\ue07d]")
_ACTIVE = re.compile(rf"{_LATEX.pattern}|~|``|--")
_DASH = re.compile(r"((?:https?://|www\.)[^\s{}\\$]+)|(?<!-)(-{2,3})(?!-)")
_QUOTED = re.compile(r"(?<!`)``(?!`)([^`\n]{0,300}?)(?:''|\")")
_OPENING = re.compile(r"(?<!`)``(?!`)")
# A space that does not break: Quantization~(MQ), et al.~2020, Llama~2. Before other numbers it means "about".
_TIE = re.compile(r"(?<=[^\W\d_])~(?=[^\W\d_]|[(\[])|(?<=[.)\]])~(?=[\w(\[])")
_NUMBERED = re.compile(r"\b([A-Z][A-Za-z]{1,20})~(?=\d)")


def readable(text: str) -> str:
    """The text without LaTeX; reading it again changes nothing."""
    for _ in range(MOST_ROUNDS):
        before, text = text, _round(text)
        if text == before:
            return text
    text = _LATEX.sub(" ", text)
    while (typeset := _typeset(text)) != text:
        text = typeset
    return text


def _round(text: str) -> str:
    """One level of nesting resolved."""
    if not _ACTIVE.search(text):
        return text
    if _LATEX.search(text):
        text = _ESCAPED.sub(lambda match: _BRACES[match[1]], text)
        text = _DECLARED.sub(r"\1", _formulas(text))
        text = _resolved(_MULTIPLE.sub("x", text))
        text = text.replace("\ue07b", "{").replace("\ue07d", "}")
    return _typeset(text)


def _typeset(text: str) -> str:
    """Dashes, quotation marks and ties."""
    text = _OPENING.sub("“", _QUOTED.sub("“\\1”", text))
    return _NUMBERED.sub(r"\1 ", _TIE.sub(" ", _DASH.sub(_dash, text)))


def _dash(match: re.Match[str]) -> str:
    """An en or em dash; an address and an option such as --all keep their hyphens."""
    text, start, end = match.string, match.start(), match.end()
    option = text[end : end + 1].isalpha() and (start == 0 or text[start - 1].isspace())
    if match[1] or option:
        return match[0]
    return "–" if match[2] == "--" else "—"


def _formulas(text: str) -> str:
    """The text whose formulas have no dollars and no bare braces."""
    text = _BRACKETED.sub(lambda match: _formula(match[1] or match[2]), text)
    parts, done, start = [], 0, text.find("$")
    while start >= 0:
        inside = start + (2 if text.startswith("$$", start) else 1)
        end = text.find("$", inside, inside + _LONGEST_FORMULA)
        if end > inside and text[start - 1 : start] != "\\" and _is_formula(text, inside, end):
            before, formula = text[done:start], _formula(text[inside:end])
            content = text[inside:end]
            end += 2 if text.startswith("$$", end) and inside - start == 2 else 1
            behind = text[end : end + 1]
            if formula == "×" and before[-1:].isdigit() and not behind.isdigit():
                formula = "x"
            parts += [before, " " * (content[0].isspace() and _meet(before, formula)), formula]
            parts.append(" " * (content[-1].isspace() and _meet(formula, behind)))
            done = end
            start = text.find("$", done)
        else:
            start = text.find("$", start + 1)
    return "".join([*parts, text[done:]])


def _meet(one: str, other: str) -> bool:
    """Whether two words would become one."""
    return one[-1:].isalnum() and other[:1].isalnum()


def _is_formula(text: str, start: int, end: int) -> bool:
    """Whether the dollars around text[start:end] hold a formula, and are no sums of money."""
    inside, behind = text[start:end], text[end + 1 : end + 2]
    if inside.endswith("\\") or _PROSE.search(_ARGUMENT.sub("", inside)):
        return False
    spaced = inside[0].isspace() or inside[-1].isspace()
    return bool(_MATHEMATICAL.search(inside)) or not (spaced or behind.isdigit())


def _formula(inside: str) -> str:
    for _ in range(MOST_ROUNDS):
        before = inside
        inside = _GROUP.sub(r"\1", _resolved(_FACTOR.sub("x", inside)))
        if inside == before:
            break
    return _ARGUMENT.sub(r"\1", inside).strip()


def _resolved(text: str) -> str:
    """Innermost macros and scripts become signs and words."""
    text = _ABOUT.sub(r"\\\1", _THOUSANDS.sub(",", text))
    text = _FRACTION.sub(
        lambda match: _fraction(match[1] or match[2] or "", match[3] or match[4] or ""), text
    )
    return _SCRIPT.sub(
        lambda match: _script(match[1] or match[3], match[2] or match[4] or ""), _MACRO.sub(_macro, text)
    )


def _fraction(top: str, under: str) -> str:
    return f"{_one(top)}/{_one(under)}"


def _one(part: str) -> str:
    """Alone where nothing can be misread, else in parentheses."""
    part = part.strip()
    return part if _ALONE.fullmatch(part) else f"({part})"


def _script(sign: str, part: str) -> str:
    """`x_{max}` as x_max; a degree, a trade mark and a th are raised to no power."""
    part = part.strip()
    if sign == "^" and _NO_POWER.fullmatch(part):
        return part.replace("∘", "°")
    return sign + _one(part) if part else ""


def _macro(match: re.Match[str]) -> str:
    if name := match["name"]:
        arguments = _ARGUMENT.findall(match["arguments"])
        if name in SYMBOLS:
            return SYMBOLS[name] + match["arguments"] + (match["open"] or "")
        if match["open"] or name.endswith("frac"):
            return match[0]
        return _named(name, arguments, match)
    if accent := match["accent"]:
        return unicodedata.normalize("NFC", (match["held"] or match["bare"]) + _ACCENTS[accent])
    return _signed(match)


def _named(name: str, arguments: list[str], match: re.Match[str]) -> str:
    """A macro whose arguments are resolved."""
    words = " ".join(part.strip() for part in arguments[name in _LAYOUT :] if part.strip())
    if len(arguments) == 1:
        words = "" if name in _LAYOUT else arguments[0]
    match name:
        case "href" if len(arguments) == 2:
            address, shown = (part.strip() for part in arguments)
            return address if shown in ("", address) else f"{shown} ({address})"
        case "enquote":
            return f"“{words}”"
        case "footnote":
            return f" ({words})"
        case "sqrt":
            return f"√{_one(words)}" if words else "√"
        case "textsuperscript" | "textsubscript":
            sign = "^" if name == "textsuperscript" else "_"
            return _script(sign, words) if sign == "_" or words.strip().isdigit() else words
    if name in _ACCENTS and len(words) == 1:
        return unicodedata.normalize("NFC", words + _ACCENTS[name])
    if name in _SPACING:
        return f" {words}"
    if name in _LAYOUT:
        return f" {words}" if words else " "
    if _CITING.fullmatch(name) and words:
        return f"({words})"
    return words if words or name in _SILENT else _unknown(name, match)


def _unknown(name: str, match: re.Match[str]) -> str:
    """The name of a macro that nobody knows, apart from the words beside it."""
    text = match.string
    before = " " if text[match.start() - 1 : match.start()].isalnum() else ""
    return f"{before}{name}{' ' if text.startswith(chr(92), match.end()) else ''}"


def _signed(match: re.Match[str]) -> str:
    """A backslash and a sign: an escape, a space, or a mere hint where a line may break."""
    sign, text = match["sign"], match.string
    if sign.isspace() or sign in ",;:>":
        return " "
    if sign in "!/-@":
        between = (
            text[match.start() - 1 : match.start()].isdigit()
            and text[match.end() : match.end() + 1].isdigit()
        )
        return sign if between else ""
    return "‖" if sign == "|" else sign
