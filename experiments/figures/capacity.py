"""Who owns the cards, and whether demand is met."""

from collections.abc import Sequence

from experiments.analysis.bands import only
from experiments.analysis.cases import MUCH, MUCH_UNMET, Case
from experiments.figures import Drawn
from experiments.figures.colours import firm_colour
from experiments.figures.labels import short
from experiments.figures.lines import (
    WITH_RIBBONS,
    by_case,
    by_region,
    by_region_or_case,
    footnote,
    left_out,
    means_by_region_or_case,
    shown,
)
from experiments.figures.style import Panel, Series, Sheet, svg

TITLE = "Who owns the cards, and what is missing"
_OWNED, _CARDS = "owned_by_headquarters_h100e", "H100e owned"
_OWNERS = 9
_UNMET_SAID = " Unmet demand: mean, and share of runs."


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw owned cards by headquarters and by firm, unmet demand, and the gap at cost."""
    drawn = shown(cases)
    gap = Panel("Gap at long-run cost", by_region_or_case(drawn, "gap_at_cost"), "of demand at cost", percent=True)
    panels = [*_owned_panels(drawn), *_unmet_panels(drawn), gap]
    rows = [panels[i : i + 2] for i in range(0, len(panels), 2)]
    quarters, history = drawn[0].quarters, drawn[0].history_end
    sheet = Sheet("capacity", rows, quarters, history, footnote(drawn, _UNMET_SAID), height=2.5)
    return Drawn("capacity", TITLE, svg(sheet), _caption(cases))


def _unmet_panels(cases: Sequence[Case]) -> list[Panel]:
    """Return how much demand is unmet; of several runs, of which few have any, the mean and how many have."""
    title, unit = "Unmet demand at posted prices", "of new demand"
    if all(case.count == 1 for case in cases):
        return [Panel(title, by_region_or_case(cases, "unmet_share"), unit, percent=True)]
    often = f"Runs in which more than {MUCH:.0%} is unmet"
    return [
        Panel(f"{title}, mean of runs", means_by_region_or_case(cases, "unmet_share"), unit, percent=True),
        Panel(often, means_by_region_or_case(cases, MUCH_UNMET), "of runs", percent=True),
    ]


def _owned_panels(cases: Sequence[Case]) -> list[Panel]:
    first = cases[0]
    if len(cases) == 1:
        by_headquarters = by_region(first, _OWNED, world=False)
        return [
            Panel("Owned by headquarters of the owner", by_headquarters, _CARDS, log=True),
            Panel("Owned by provider", _by_provider(first), _CARDS, log=True),
        ]
    return [
        Panel(f"Owned, headquarters: {label}", by_case(cases, _OWNED, name), _CARDS, log=True)
        for name, label in first.regions.items()
    ]


def _by_provider(case: Case) -> list[Series]:
    """Return the largest owners at the end."""
    last = only(case.owned, quarter=case.quarters[-1])
    largest = last[last["median"] > 0].sort_values("median", ascending=False, kind="stable")["provider"].head(_OWNERS)
    labels = list(case.providers.values())
    return [
        Series(
            short(case.name_of(name), labels),
            firm_colour(name),
            only(case.owned, provider=name),
            ribbons=rank < WITH_RIBBONS,
        )
        for rank, name in reversed(list(enumerate(largest)))
    ]


def _caption(cases: Sequence[Case]) -> str:
    several = any(case.count > 1 for case in cases)
    rare = (
        " Most runs have none in most quarters: drawn are the mean of all, and how many have some." if several else ""
    )
    by_firm = "; table sites, column owned_h100e summed over site regions" if len(cases) == 1 else ""
    return (
        "Cards owned, in H100-equivalents by total processing performance, on a log scale. Unmet demand: lost or newly "
        f"waiting at the prices posted, as a fraction of new demand.{rare} Gap: demand if compute were sold at its "
        "long-run cost, less capacity, as a fraction of that demand; it can be large while nothing is unmet, since "
        "high prices keep demand away. "
        "Source: table market, columns owned_by_headquarters_h100e, unmet_share, gap_at_cost"
        f"{by_firm}.{left_out(cases)}"
    )
