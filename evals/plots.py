"""Plain numbers -> pictures as SVG text, to stand inside an HTML page.

Text and axes take the page's own colour, the ground is transparent, no id is used twice on a page
as long as every picture gets a `name` of its own, and the same numbers give the same text. Needs
matplotlib, which is imported when a picture is drawn. Knows nothing of results.
"""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rag.cleaning import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Estimate = tuple[float, float, float]
"""A mean and the bounds of its interval, each 0 to 1."""
Point = tuple[float, float]
Calibrated = tuple[float, Estimate]
"""A mean probability and the share that came true."""

HOW_TO_GET = 'Pictures need matplotlib: pip install "vouch[plots]".'
# Of middle lightness: three to one against a white and against a nearly black ground.
COLOURS = ("#3b82c4", "#c8752d", "#2f9672", "#b0609c", "#8b7f35", "#c2544c", "#6c7fd0", "#5f8f9a")
MARKERS = "osD^vPX*"
GREY = "#808080"
# Stands for the page's text colour until the SVG is written.
INK = "#010203"
WIDTH = 7.6  # inches, of 72 points
LONGEST_LABEL = 32
# Seconds beyond these are drawn at the edge.
SHORTEST, LONGEST = 0.01, 100_000.0

_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_ID = re.compile(r'(\bid="|xlink:href="#|url\(#)')


def installed() -> bool:
    """Whether pictures can be drawn."""
    return find_spec("matplotlib") is not None


def bars(values: Mapping[str, Mapping[str, Estimate]], *, name: str, label: str) -> str:
    """System -> group -> estimate, as one bar a system in each group, with its interval."""
    groups = list(dict.fromkeys(group for estimates in values.values() for group in estimates))
    height = 0.8 / max(1, len(values))

    def draw(axes: Axes) -> None:
        for place, (system, estimates) in enumerate(values.items()):
            offset = (place - (len(values) - 1) / 2) * height
            heights = [groups.index(group) + offset for group in estimates]
            means, lows, highs = (
                [_clipped(each[part], 0, 1) for each in estimates.values()] for part in range(3)
            )
            colour = COLOURS[place % len(COLOURS)]
            axes.barh(heights, means, height * 0.86, color=colour, alpha=0.35)
            axes.hlines(heights, lows, highs, color=colour, linewidth=1.6)
            marker = MARKERS[place % len(MARKERS)]
            axes.plot(
                means, heights, marker, color=colour, markersize=4.5, clip_on=False, label=_short(system)
            )
        axes.set_yticks(range(len(groups)), [_short(group) for group in groups])
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.set_xlim(0, 1)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0, pad=7)
        axes.set_xlabel(label)
        if len(values) > 1:
            _legend_above(axes, columns=4)

    tall = 1.0 + len(groups) * max(0.3, 0.17 * len(values))
    return _picture(draw, size=(WIDTH, tall), name=name, label=f"{label}, with 95 % intervals")


def selective_risk(answered: Sequence[tuple[float, bool]], asked: int) -> list[Point]:
    """Coverage and risk for every threshold that would refuse more (El-Yaniv and Wiener, JMLR 11, 2010).

    `answered` holds each answer's relevance and whether it was right. A point is the share of all
    `asked` that is answered from a threshold up, and the share not right among those; the last
    point is the refusal as it is.
    """
    points = []
    wrong = counted = 0
    ranked = sorted(answered, key=lambda each: -each[0])
    for _, equals in groupby(ranked, key=lambda each: each[0]):
        for _, right in equals:
            counted += 1
            wrong += not right
        points.append((counted / asked, wrong / counted))
    return points


def risk_coverage(curves: Mapping[str, Sequence[Point]], *, name: str) -> str:
    """System -> points of `selective_risk`, the last of each marked."""

    def draw(axes: Axes) -> None:
        for place, (system, points) in enumerate(curves.items()):
            coverages, risks = zip(*points, strict=True)
            colour = COLOURS[place % len(COLOURS)]
            axes.plot(coverages, risks, color=colour, linewidth=1.6, label=_short(system))
            marker = MARKERS[place % len(MARKERS)]
            axes.plot(coverages[-1:], risks[-1:], marker, color=colour, markersize=8, clip_on=False)
            axes.annotate(
                f"{risks[-1]:.2f} at {coverages[-1]:.2f}",
                (coverages[-1], risks[-1]),
                xytext=(0, 9),
                textcoords="offset points",
                ha="right" if coverages[-1] > 0.5 else "left",
            )
        axes.set_xlim(0, 1.02)
        axes.set_ylim(0, max(0.1, *(1.25 * risk for points in curves.values() for _, risk in points)))
        axes.grid()
        axes.set_xlabel("share of the questions that is answered")
        axes.set_ylabel("not right among them")
        if len(curves) > 1:
            _legend_above(axes, columns=4)

    label = "Risk against coverage of refusals"
    return _picture(draw, size=(WIDTH, 3.4), name=name, label=label)


def reliability(curves: Mapping[str, Sequence[Calibrated]], *, name: str) -> str:
    """System -> bins of a reliability diagram (Niculescu-Mizil and Caruana, ICML 2005)."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1)
        for place, (system, bins) in enumerate(curves.items()):
            estimated = [probability for probability, _ in bins]
            shares, lows, highs = ([share[part] for _, share in bins] for part in range(3))
            colour = COLOURS[place % len(COLOURS)]
            axes.vlines(estimated, lows, highs, color=colour, linewidth=1.6, alpha=0.5)
            style = f"{MARKERS[place % len(MARKERS)]}-"
            axes.plot(
                estimated, shares, style, color=colour, markersize=4.5, clip_on=False, label=_short(system)
            )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.grid()
        axes.set_xlabel("estimated probability")
        axes.set_ylabel("share that came true")
        if len(curves) > 1:
            _legend_above(axes, columns=4)

    label = "Reliability of the estimated probability, with 95 % intervals"
    return _picture(draw, size=(WIDTH, 3.8), name=name, label=label)


def latency(seconds: Mapping[str, Mapping[str, Sequence[float]]], *, name: str) -> str:
    """System -> what was timed -> seconds, as empirical distributions."""

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import LogLocator, NullLocator

        for place, (system, timed) in enumerate(seconds.items()):
            for style, (what, values) in zip(("-", "--", ":", "-."), timed.items(), strict=False):
                if not values:
                    continue
                ranked = sorted(_clipped(value, SHORTEST, LONGEST) for value in values)
                shares = [rank / len(ranked) for rank in range(len(ranked) + 1)]
                axes.step(
                    [ranked[0], *ranked],
                    shares,
                    where="post",
                    linestyle=style,
                    color=COLOURS[place % len(COLOURS)],
                    linewidth=1.6,
                    label=_short(f"{system}, {what}"),
                )
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0, 1.02)
        axes.grid()
        axes.set_xlabel("seconds since the question")
        axes.set_ylabel("share of the answers")
        _legend_above(axes, columns=2)

    return _picture(draw, size=(WIDTH, 3.4), name=name, label="Distribution of seconds to an answer")


def ratios(values: Mapping[str, Sequence[float]], *, name: str) -> str:
    """What was timed -> ratios to its reference, turn by turn: each as a dot, their median as a bar."""

    def draw(axes: Axes) -> None:
        for place, found in enumerate(values.values()):
            told = sorted(_clipped(ratio, SHORTEST, LONGEST) for ratio in found)
            middle = told[len(told) // 2]
            colour = COLOURS[2] if middle >= 1 else COLOURS[1]
            axes.hlines(place, 1, middle, color=colour, linewidth=5, alpha=0.35)
            axes.plot(told, [place] * len(told), "o", color=colour, markersize=3.5, clip_on=False)
        axes.axvline(1, color=GREY, linewidth=1)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_yticks(range(len(values)), [_short(what) for what in values])
        axes.set_ylim(len(values) - 0.5, -0.5)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0, pad=7)
        axes.set_xlabel("times better than the reference")

    tall = 1.0 + 0.26 * len(values)
    return _picture(draw, size=(WIDTH, tall), name=name, label="Ratios to the references")


def growth(curves: Mapping[str, Sequence[Point]], *, name: str, across: str, up: str) -> str:
    """Curves on two logarithmic scales."""

    def draw(axes: Axes) -> None:
        for place, (curve, points) in enumerate(curves.items()):
            x, y = zip(*points, strict=True)
            style = f"{MARKERS[place % len(MARKERS)]}-"
            axes.plot(x, y, style, color=COLOURS[place % len(COLOURS)], markersize=4.5, label=_short(curve))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.grid()
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        _legend_above(axes, columns=4)

    return _picture(draw, size=(WIDTH, 3.4), name=name, label=f"{up} by {across}")


def _picture(draw: Callable[[Axes], None], *, size: tuple[float, float], name: str, label: str) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "text.parse_math": False,
        "font.family": "sans-serif",
        "font.sans-serif": "DejaVu Sans",
        "font.size": 10,
        "grid.color": GREY,
        "grid.alpha": 0.3,
        "legend.frameon": False,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
        ),
    }
    written = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    # What matplotlib warns of is a letter without a glyph or a name without room; a browser has both.
    with warnings.catch_warnings(action="ignore"), matplotlib.rc_context(settings):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    return _inlined(written.getvalue(), name, label)


def _inlined(svg: str, name: str, label: str) -> str:
    """The `<svg>` element alone, its ids made its own, its text in the page's colour."""
    element = _STYLE.sub("", svg[svg.index("<svg") :])
    element = _ID.sub(rf"\g<1>{name}-", element).replace(INK, "currentColor")
    described = f'<svg role="img" aria-label="{html.escape(clean(label))}"'
    return element.replace("<svg", described, 1).strip()


def _legend_above(axes: Axes, *, columns: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2)


def _short(text: str) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= LONGEST_LABEL else f"{line[: LONGEST_LABEL - 1]}…"


def _clipped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
