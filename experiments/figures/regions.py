"""Who has which region: the same shares among the customers of each region."""

import math
from collections.abc import Sequence

from experiments.analysis.cases import BASES, Case
from experiments.figures import Drawn
from experiments.figures.labels import short
from experiments.figures.lines import GREY, RIBBONS_SAID, TOKENS_SAID, footnote, left_out, level, share_panel, shown
from experiments.figures.style import Panel, Sheet, svg

TITLE = "Who has which region"
_TITLE_LENGTH, _COLUMNS = 64, 3


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw rows of panels for each region: three bases for one case, revenue by case for several."""
    first, drawn = cases[0], shown(cases)
    rows = [row for name, label in first.regions.items() for row in _rows(name, label, drawn)]
    below = footnote(drawn, RIBBONS_SAID) + (TOKENS_SAID if len(drawn) == 1 else "")
    sheet = Sheet("regions", rows, first.quarters, first.history_end, below, height=1.9)
    return Drawn("regions", TITLE, svg(sheet), _caption(cases))


def _rows(region: str, label: str, cases: Sequence[Case]) -> list[list[Panel]]:
    if len(cases) == 1:
        return [[share_panel(f"{label}: {basis}", cases[0], basis, region) for basis in BASES]]
    titles = [short(case.label, [other.label for other in cases], _TITLE_LENGTH) for case in cases]
    panels = level([
        share_panel(f"{label}: {title}", case, "revenue", region) for case, title in zip(cases, titles, strict=True)
    ])  # fmt: skip
    rows = math.ceil(len(panels) / _COLUMNS)
    columns = math.ceil(len(panels) / rows)
    return [panels[i : i + columns] for i in range(0, len(panels), columns)]


def _caption(cases: Sequence[Case]) -> str:
    bases = "by revenue, compute and tokens" if len(cases) == 1 else "by revenue, a panel for each case"
    scales = "of the panels" if len(cases) == 1 else "of the regions"
    return (
        f"Share of each provider among the customers of a region, wherever the cards stand, {bases}. "
        f"The scales {scales} differ. {GREY} "
        f"Source: table providers, as above, for each customer region.{left_out(cases)}"
    )
