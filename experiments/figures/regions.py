"""Who has which region: the same shares among the customers of each region."""

from collections.abc import Sequence

from experiments.analysis.cases import BASES, Case
from experiments.figures import Drawn
from experiments.figures.labels import short
from experiments.figures.lines import GREY, RIBBONS_SAID, TOKENS_SAID, footnote, level, share_panel
from experiments.figures.style import Panel, Sheet, svg

TITLE = "Who has which region"
_MOST_CASES, _TITLE_LENGTH = 3, 32


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw a row of panels for each region: three bases for one case, revenue by case for several."""
    first = cases[0]
    rows = [_row(name, label, cases) for name, label in first.regions.items()]
    below = footnote(cases, RIBBONS_SAID) + (TOKENS_SAID if len(cases) == 1 else "")
    sheet = Sheet("regions", rows, first.quarters, first.history_end, below, height=1.9)
    return Drawn("regions", TITLE, svg(sheet), _caption(cases))


def _row(region: str, label: str, cases: Sequence[Case]) -> list[Panel]:
    if len(cases) == 1:
        return [share_panel(f"{label}: {basis}", cases[0], basis, region) for basis in BASES]
    shown = cases[:_MOST_CASES]
    titles = [short(case.label, [other.label for other in shown], _TITLE_LENGTH) for case in shown]
    panels = [
        share_panel(f"{label}: {title}", case, "revenue", region) for case, title in zip(shown, titles, strict=True)
    ]
    return level(panels)


def _caption(cases: Sequence[Case]) -> str:
    bases = "by revenue, compute and tokens" if len(cases) == 1 else "by revenue, a column for each case"
    scales = "of the panels" if len(cases) == 1 else "of the rows"
    extra = f" The first {_MOST_CASES} of {len(cases)} cases are drawn." if len(cases) > _MOST_CASES else ""
    return (
        f"Share of each provider among the customers of a region, wherever the cards stand, {bases}. "
        f"The scales {scales} differ. {GREY} "
        f"Source: table providers, as above, for each customer region.{extra}"
    )
