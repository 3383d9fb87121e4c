"""picked: what is asked of picked papers needs no words."""

from __future__ import annotations

import pytest
from fakes import make_paper

from rag.picked import plan_picked
from rag.types import Brief, Pick, PickAim, Scope, Sides

OWL, WANDA = make_paper("OWL"), make_paper("Wanda")
SHELF = {paper.id: paper for paper in (OWL, WANDA)}
BOTH = (OWL.id, WANDA.id)


def test_each_aim_has_its_plan() -> None:
    compared = plan_picked("These?", Pick("compare", (*BOTH, OWL.id, "gone")), SHELF)
    assert (compared.kind, compared.sides) == ("compare", Sides(BOTH))
    assert compared.understood_as == "These? · “OWL”, “Wanda”"
    several = plan_picked("These?", Pick("summary", BOTH), SHELF)
    assert several.brief == Brief(Scope(papers=BOTH))
    single = plan_picked("This?", Pick("summary", (OWL.id,)), SHELF)
    assert (single.kind, single.named, single.brief) == ("summary", (OWL.id,), None)
    assert plan_picked("More?", Pick("like", (OWL.id,)), SHELF).question == "OWL"


@pytest.mark.parametrize("aim", ["compare", "summary", "like"])
def test_papers_that_are_gone_are_said_to_be(aim: PickAim) -> None:
    assert "no longer" in plan_picked("These?", Pick(aim, ("gone",)), SHELF).trouble
