"""How concentrated the market is."""

from collections.abc import Sequence

from experiments.analysis.cases import Case
from experiments.figures import Drawn
from experiments.figures.lines import by_region_or_case, footnote, left_out, shown
from experiments.figures.style import Panel, Sheet, svg

TITLE = "How concentrated the market is"
_UNIT = "HHI, points of 10,000"


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw the Herfindahl-Hirschman index by revenue and by compute."""
    drawn = shown(cases)
    panels = [
        Panel("By revenue", by_region_or_case(drawn, "hhi_revenue"), _UNIT),
        Panel("By compute", by_region_or_case(drawn, "hhi_compute"), _UNIT),
    ]
    quarters, history = drawn[0].quarters, drawn[0].history_end
    sheet = Sheet("concentration", [panels], quarters, history, footnote(drawn), height=2.5)
    return Drawn("concentration", TITLE, svg(sheet), _caption(cases))


def _caption(cases: Sequence[Case]) -> str:
    return (
        "Herfindahl-Hirschman index: the sum of squared market shares in percent; 10,000 is a monopoly, ten equal "
        "firms give 1,000, and the 2023 US merger guidelines call more than 1,800 highly concentrated. The customers' "
        f"own cards are left out. Source: table market, columns hhi_revenue, hhi_compute.{left_out(cases)}"
    )
