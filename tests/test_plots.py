"""Pictures: well-formed, standing alone, and true to the numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import plots

SHARES = {
    "vouch": {"fact": (0.8, 0.7, 0.9), "method": (0.0, 0.0, 0.0)},
    "plain": {"fact": (1.0, 1.0, 1.0)},
}
CURVES = {"vouch": [(0.25, 0.0), (0.5, 0.5)]}
BINS = {
    "vouch": [(0.1, (0.0, 0.0, 0.3)), (0.9, (1.0, 0.7, 1.0))],
    "plain": [(0.5, (0.5, 0.1, 0.9))],
}
SECONDS = {"vouch": {"whole answer": [1.0, 2.0, 12.0], "first words": []}, "plain": {"whole answer": [0.0]}}
RATIOS = {"engine: text written": [0.9, 1.1, 1.0], "answers: cold": [3.0]}
GROWTH = {"Chroma": [(2_000.0, 1.0), (20_000.0, 3.0)], "exact": [(2_000.0, 0.1), (20_000.0, 3.5)]}
PICTURES = {
    "bars": lambda name: plots.bars(SHARES, name=name, label="share right"),
    "risk": lambda name: plots.risk_coverage(CURVES, name=name),
    "reliability": lambda name: plots.reliability(BINS, name=name),
    "latency": lambda name: plots.latency(SECONDS, name=name),
    "ratios": lambda name: plots.ratios(RATIOS, name=name),
    "growth": lambda name: plots.growth(GROWTH, name=name, across="chunks", up="ms"),
}


@pytest.fixture(params=PICTURES)
def picture(request):
    pytest.importorskip("matplotlib")
    return PICTURES[request.param]


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter() if element.text]


def test_a_picture_is_one_element_that_refers_to_nothing_outside(picture):
    svg = picture("a")
    assert svg.startswith("<svg role=")
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    namespaces = set(re.findall(r'xmlns(?::\w+)?="([^"]*)"', svg))
    assert set(re.findall(r'\w+://[^"\s]*', svg)) == namespaces
    assert all(target.startswith("#a-") for target in re.findall(r'href="([^"]*)"', svg))
    assert all(target.startswith("#a-") for target in re.findall(r"url\(([^)]*)\)", svg))
    assert "<style" not in svg
    assert "<metadata" not in svg


def test_the_same_numbers_give_the_same_text(picture):
    assert picture("a") == picture("a")


def test_pictures_of_two_names_share_no_id(picture):
    first, second = (set(re.findall(r'\bid="([^"]*)"', picture(name))) for name in "ab")
    assert first
    assert first.isdisjoint(second)


def test_every_reference_has_its_target(picture):
    svg = picture("a")
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]*)', svg)) <= set(ids)


def test_text_and_axes_take_the_colour_of_the_page(picture):
    svg = picture("a")
    assert "currentColor" in svg
    assert plots.INK not in svg
    assert not re.search(r"(?:fill|stroke): ?(?:#000000|#ffffff|black|white)", svg)


def test_bars_name_their_groups_and_systems():
    pytest.importorskip("matplotlib")
    assert {"fact", "method", "vouch", "plain", "share right"} <= set(texts(PICTURES["bars"]("a")))


def test_a_reliability_diagram_names_its_axes_and_systems():
    pytest.importorskip("matplotlib")
    told = {"estimated probability", "share that came true", "vouch", "plain"}
    assert told <= set(texts(PICTURES["reliability"]("a")))


def test_every_bin_of_a_reliability_diagram_is_marked():
    """A marker is a `use` inside a clip group of its own line; the axes have their ticks' besides."""
    pytest.importorskip("matplotlib")
    one, two = (
        plots.reliability({"vouch": BINS["vouch"][:count]}, name="a").count("<use ") for count in (1, 2)
    )
    assert two == one + 1


def test_the_refusal_as_shipped_is_marked():
    pytest.importorskip("matplotlib")
    assert "0.50 at 0.50" in texts(PICTURES["risk"]("a"))


@pytest.mark.parametrize(
    ("answered", "asked", "points"),
    [
        ([], 4, []),
        ([(0.9, True)], 1, [(1.0, 0.0)]),
        ([(0.2, False), (0.9, True), (0.5, True)], 4, [(0.25, 0.0), (0.5, 0.0), (0.75, 1 / 3)]),
        # No threshold parts equals: they are one step.
        ([(0.5, False), (0.5, True), (0.9, True)], 4, [(0.25, 0.0), (0.75, 1 / 3)]),
    ],
)
def test_selective_risk_by_hand(answered, asked, points):
    assert plots.selective_risk(answered, asked) == points


NAMES = st.text(max_size=40)
ESTIMATES = st.tuples(st.floats(), st.floats(), st.floats())


@settings(max_examples=12, deadline=None)
@given(st.dictionaries(NAMES, st.dictionaries(NAMES, ESTIMATES, min_size=1, max_size=2), max_size=2))
def test_any_names_and_numbers_give_a_picture(values):
    pytest.importorskip("matplotlib")
    ElementTree.fromstring(plots.bars(values, name="a", label="share"))


@settings(max_examples=12, deadline=None)
@given(NAMES, st.lists(st.floats(allow_nan=False), min_size=1, max_size=4))
def test_any_seconds_give_a_picture(name, seconds):
    pytest.importorskip("matplotlib")
    ElementTree.fromstring(plots.latency({name: {"whole answer": seconds}}, name="a"))


def test_dollars_in_a_name_are_no_formula():
    pytest.importorskip("matplotlib")
    assert r"$\frac" in texts(plots.bars({"vouch": {r"$\frac": (0.5, 0.4, 0.6)}}, name="a", label="$"))


def test_matplotlib_is_not_loaded_before_a_picture_is_drawn():
    code = "import sys, evals.plots, evals.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_ratios_and_growth_name_what_they_show():
    pytest.importorskip("matplotlib")
    assert RATIOS.keys() <= set(texts(PICTURES["ratios"]("r")))
    assert {"chunks", "ms", *GROWTH} <= set(texts(PICTURES["growth"]("g")))
