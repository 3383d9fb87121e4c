"""Two runs compared: the counts by hand, McNemar's p by published and hand-worked examples."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.comparison import compare, mcnemar


def test_questions_are_matched_by_id_and_sorted_by_what_became_of_them():
    before = {"stays": True, "lost": True, "gained": False, "fails": False, "old": True}
    after = {"fails": False, "gained": True, "new": False, "lost": False, "stays": True}
    compared = compare(before, after)
    assert (compared.lost, compared.gained) == (("lost",), ("gained",))
    assert (compared.right, compared.wrong, compared.questions) == (1, 1, 4)
    assert (compared.only_before, compared.only_after) == (("old",), ("new",))
    assert compared.p == 1


@pytest.mark.parametrize(
    ("lost", "gained", "p"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (0, 1, 1.0),
        (0, 6, 2 * 1 / 64),
        (1, 5, 2 * (1 + 6) / 64),
        (8, 2, 2 * (1 + 10 + 45) / 1024),
        # The examples of the article on McNemar's test in Wikipedia: 0.053; and of statsmodels: 4.434e-06.
        (6, 16, 2 * 110_056 / 4_194_304),
        (121, 59, 4.4344492e-06),
    ],
)
def test_mcnemar_by_hand(lost, gained, p):
    assert mcnemar(lost, gained) == pytest.approx(p, rel=1e-6)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_two_tails_of_the_binomial(lost, gained):
    changed = lost + gained
    tail = sum(comb(changed, count) for count in range(min(lost, gained) + 1)) / 2**changed
    assert mcnemar(lost, gained) == pytest.approx(min(1, 2 * tail))
    assert mcnemar(lost, gained) == mcnemar(gained, lost)


@given(
    st.dictionaries(st.text(max_size=3), st.booleans()), st.dictionaries(st.text(max_size=3), st.booleans())
)
def test_every_question_is_counted_once(before, after):
    compared = compare(before, after)
    assert compared.questions + len(compared.only_before) == len(before)
    assert compared.questions + len(compared.only_after) == len(after)
    assert len(compared.lost) + compared.right == sum(before[name] for name in before.keys() & after.keys())
