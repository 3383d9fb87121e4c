r"""latex: mark-up as people read it, on any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.latex import SYMBOLS, readable

SPELLINGS = [
    (r"10.7\% and 9.65\%", "10.7% and 9.65%"),
    (r"$10\times$ faster", "10x faster"),
    (r"at least 180$\times$ faster", "at least 180x faster"),
    (r"$1.8$-$3.8\times$ faster", "1.8-3.8x faster"),
    (r"$3\times3$ and 3$\times$3", "3×3 and 3×3"),
    (r"Param$\Delta$ and $\alpha/\sqrt{r}$", "ParamΔ and α/√r"),
    (r"\textbf{F}ine-grained \textit{\textbf{REST}}", "Fine-grained REST"),
    (r"$\mathcal{O}(n^2)$ and \(x_1\)", "O(n^2) and x_1"),
    (r"{\it de facto}, $\rm StatsQ$", "de facto, StatsQ"),
    (r"40$\sim$60%, 26%$\sim $41%, $\sim 25\%$, ~3.3x", "40~60%, 26%~41%, ~25%, ~3.3x"),
    (r"$\leq$ 7, $\geq 5$, $\pm$1", "≤ 7, ≥ 5, ±1"),
    (r"Quantization~(MQ), Figure~1, et al.~2020", "Quantization (MQ), Figure 1, et al. 2020"),
    ("``catch up'' and ``out of the box\"", "“catch up” and “out of the box”"),
    ("1B--4B -- so--called---yes", "1B–4B – so–called—yes"),
    (r"as shown \citep{yin2023} in \ref{fig:1}", "as shown (yin2023) in (fig:1)"),
    (r"$L_{\infty}$, $\ell_1$, $x_{i+1}$, $10^{-3}$", "L_∞, ℓ_1, x_(i+1), 10^-3"),
    (r"$Θ'_\text{base}$ of $Θ_{\text{Param}Δ}$", "Θ'_base of Θ_ParamΔ"),
    (r"$\frac{1}{2}$, \frac12, $\frac{a+b}{\sqrt{c}}$", "1/2, 1/2, (a+b)/(√c)"),
    (r"we propose \methodfull, which; \ours{}", "we propose methodfull, which; ours"),
    (r"90$^\circ$, NVIDIA\textsuperscript{\textregistered}, 10\textsuperscript{3}", "90°, NVIDIA®, 10^3"),
    (r'M\"uller, Ren\'{e}, Fran\c{c}ois, na\"{\i}ve, \o', "Müller, René, François, naïve, ø"),
    (r"$\{0, 1\}$ and {-1, +1}", "{0, 1} and {-1, +1}"),
    (r"10{,}000 and 10\,000 and 5\,GB", "10,000 and 10,000 and 5 GB"),
    (r"$11$ datasets, $n$ tokens, $(t=2)$", "11 datasets, n tokens, (t=2)"),
    (r"\url{https://x.org/a_b--c}", "https://x.org/a_b--c"),
    (r"\href{https://x.org/a}{code}, \href{https://x.org}{https://x.org}", "code (https://x.org/a), https://x.org"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "shown"), SPELLINGS)
def test_spellings_of_abstracts(raw: str, shown: str) -> None:
    assert readable(raw) == shown


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6 for 10% of a_b, C# & R.",
        "between $5-$10 a month",
        "run it with --all, see https://x.org/~me/a--b_c",
        "```code``` and `quoted'",
        "Qwen-1.5|3 at W4A16",
        "量化 $ 剪枝",
        "",
    ],
)
def test_what_is_no_latex_stays(text: str) -> None:
    assert readable(text) == text


PIECES = st.one_of(
    st.text(alphabet="\\{}$^_~`'-%&# \n", max_size=6),
    st.sampled_from([f"\\{name}" for name in "textbf frac sqrt href times foo begin c rm".split()]),
    st.sampled_from("10 3.5 word Name é 量 https://x.org/a_b `` '' \\( \\] \\\\".split()),
)


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(deadline=None)
def test_reading_again_changes_nothing(text: str) -> None:
    assert readable(readable(text)) == readable(text)


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_is_read(text: str) -> None:
    assert readable(readable(text)) == readable(text)


WRAPPED = st.recursive(
    st.from_regex(r"[a-z]{2,8}|[1-9][0-9]{0,3}(?:\.[0-9])?", fullmatch=True),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["textbf", "emph", "mathcal", "text", "foo"]), inner).map(
            lambda each: f"\\{each[0]}{{{each[1]}}}"
        ),
        inner.map(lambda text: text if "$" in text else f"${text}$"),
        inner.map(lambda text: f"{{\\it {text}}}"),
        inner.map(lambda text: f"\\enquote{{{text}}}"),
        st.tuples(inner, inner).map(lambda each: f"\\frac{{{each[0]}}}{{{each[1]}}}"),
        st.tuples(inner, inner).map(" \\leq ".join),
        st.tuples(inner, inner).map(" ".join),
    ),
    max_leaves=8,
)


def told(text: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+(?:\.\d+)?", text)


@given(WRAPPED)
@settings(deadline=None)
def test_no_word_and_no_number_is_lost(text: str) -> None:
    bare = re.sub(r"\\[a-z]+", " ", text)
    assert [each for each in told(readable(text)) if each in told(bare)] == told(bare)


@pytest.mark.parametrize("part", "{ } $ \\ \\frac \\textbf{ `` $x \\( ~ -- _{ a~ \\frac{1}{ {a".split())
def test_a_hundred_thousand_signs_are_read(part: str) -> None:
    """In seconds: time that grew with the square of the length would be hours."""
    assert len(readable(part * 100_000)) <= len(part) * 100_000


def test_deep_nesting_ends() -> None:
    shown = readable("\\textbf{" * 500 + "word" + "}" * 500)
    assert "word" in shown
    assert not set(shown) & set("\\{}")


def test_every_symbol_is_one_sign_that_stays() -> None:
    for name, sign in SYMBOLS.items():
        assert readable(f"a \\{name} b") == f"a {sign} b"
        assert readable(sign) == sign
