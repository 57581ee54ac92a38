"""Power: halls that have it, that are being built, that wait for the grid, and what cards need of it."""

from collections.abc import Sequence

import pandas as pd

from experiments.analysis.cases import Case
from experiments.analysis.supply import power
from experiments.figures import Drawn
from experiments.figures.colours import FAINT, INK, case_colour
from experiments.figures.labels import short
from experiments.figures.lines import by_region, footnote, left_out, shown
from experiments.figures.style import Panel, Series, Sheet, svg
from sim.tables import WORLD

TITLE = "Power: halls energised, under construction and queued"
_UNIT, _BUILD = "GW of IT load", "build_cost_usd_m_per_mw"
_LINES = {
    "mw_energised": ("energised", INK, "-"),
    "mw_cards": ("cards in place", FAINT, "--"),
    "mw_building": ("under construction", "#0066cc", "-"),
    "mw_queued": ("queued for grid", "#cc4400", "-"),
}


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw halls and queues by region and what a megawatt costs to build; by case where there are several."""
    drawn = shown(cases)
    panels = _of_one(drawn[0]) if len(drawn) == 1 else _of_several(drawn)
    rows = [panels[i : i + 3] for i in range(0, len(panels), 3)]
    sheet = Sheet("power", rows, drawn[0].quarters, drawn[0].history_end, footnote(drawn), height=2.2)
    return Drawn("power", TITLE, svg(sheet), _caption(cases))


def _of_one(case: Case) -> list[Panel]:
    places = {WORLD: "World", **case.regions}
    return [
        *(Panel(label, _lines(case, name), _UNIT) for name, label in places.items()),
        Panel("Build cost, shell and power", by_region(case, _BUILD, world=False), "USD m per MW"),
    ]


def _lines(case: Case, region: str) -> list[Series]:
    found = power(case, region)
    return [
        Series(label, colour, found[measure], style, ribbons=style == "-")
        for measure, (label, colour, style) in _LINES.items()
    ]


def _of_several(cases: Sequence[Case]) -> list[Panel]:
    """Return the world by case, and the build cost where most halls stand."""
    found = [power(case) for case in cases]
    panels = [
        Panel(f"World: {label}", _by_case(cases, [one[measure] for one in found]), _UNIT)
        for measure, (label, _, _) in _LINES.items()
    ]
    place = _largest(cases[0])
    costs = _by_case(cases, [case.measure(_BUILD, place) for case in cases])
    return [*panels, Panel(f"Build cost: {cases[0].regions[place]}", costs, "USD m per MW")]


def _by_case(cases: Sequence[Case], found: Sequence[pd.DataFrame]) -> list[Series]:
    labels = [case.label for case in cases]
    return [
        Series(short(case.label, labels), case_colour(i), band)
        for i, (case, band) in enumerate(zip(cases, found, strict=True))
    ]


def _largest(case: Case) -> str:
    """Return the region with most halls at the end."""
    return max(case.regions, key=lambda name: float(power(case, name)["mw_energised"]["median"].iloc[-1]))


def _caption(cases: Sequence[Case]) -> str:
    cards = "dashed: what" if len(cases) == 1 else "cards in place: what"
    return (
        "Halls of providers with power (energised), shells under construction and halls under conversion, and power "
        f"asked for and not yet promised by the grid; {cards} the cards in place with their servers need. "
        "Cards near the energised line: no hall is free. A long queue: the grid, not money, sets the pace. Build cost: "
        "shell and power, without cards. The scales of the panels differ. Source: table sites, columns mw_energised, "
        f"mw_cards, mw_building, mw_queued, summed over providers; table market, column {_BUILD}.{left_out(cases)}"
    )
