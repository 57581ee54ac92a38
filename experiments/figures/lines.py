"""Lines that several figures draw: firms' shares, a market measure by region or by case, and what is said below."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from experiments.analysis.bands import MEAN, only
from experiments.analysis.cases import Case
from experiments.figures.colours import FAINT, case_colour, firm_colour, region_colour
from experiments.figures.labels import short
from experiments.figures.style import Panel, Series
from sim.tables import WORLD

MOST_CASES = 6
"""Cases that one figure can show; the tables of the report show all."""
NAMED_FROM, NAMED_ONCE = 0.03, 0.12
"""Median share at the end, or once on the way, from which a firm is named in a panel."""
GREY = f"Grey lines: firms below {NAMED_FROM:.0%} at the end that never had {NAMED_ONCE:.0%}."
WITH_RIBBONS = 4
"""Firms with ribbons in a panel: more would hide each other."""
RIBBONS_SAID = f" Ribbons for the {WITH_RIBBONS} largest firms of a panel."
TOKENS_SAID = " Token shares start when three firms sell tokens."
_SELLERS = 3
_NAMED_AT_MOST = 8


def footnote(cases: Sequence[Case], extra: str = "") -> str:
    """Return what the lines and ribbons of a figure are; ``extra`` is said where there are ribbons."""
    runs = sorted({case.count for case in cases})
    if runs == [1]:
        return "One path per panel and line: no uncertainty."
    count = " or ".join(map(str, runs))
    ribbons = f"Dark and light ribbon: 50% and 90% of the runs.{extra}"
    return f"Line: median of {count} runs that differ in {differing(cases)}. {ribbons}"


def differing(cases: Sequence[Case]) -> str:
    """Return what runs of a case differ in."""
    sampled = any(case.runs["sample"].nunique() > 1 for case in cases)
    return "uncertain values and seed" if sampled else "the seed only"


def share_panel(title: str, case: Case, basis: str, region: str) -> Panel:
    """Return the shares of every firm in a region: large ones named, small ones grey.

    Args:
        title: Title of the panel.
        case: The runs.
        basis: ``revenue``, ``compute`` or ``tokens``.
        region: Customer region, or world.
    """
    here = only(case.share_bands[basis], region=region)
    if basis == "tokens":
        here = _from_third_seller(here)
    named = _named(here)
    firms = [name for name in dict.fromkeys(here["provider"]) if name not in named]
    labels = list(case.providers.values())
    lines = [Series("", FAINT, only(here, provider=name), labelled=False, ribbons=False, width=0.6) for name in firms]
    for rank, name in reversed(list(enumerate(named))):
        label, rows = short(case.name_of(name), labels), only(here, provider=name)
        lines.append(Series(label, firm_colour(name), rows, ribbons=rank < WITH_RIBBONS))
    unit = "share of the world" if region == WORLD else "share of the region"
    return Panel(title, lines, unit, percent=True)


def _from_third_seller(band: pd.DataFrame) -> pd.DataFrame:
    """Return a band from the first quarter in which three firms sell, whole where they never do."""
    sellers = band[band["median"] > 0].groupby("quarter")["provider"].nunique()
    first = sellers[sellers >= _SELLERS].index.min()
    return band if pd.isna(first) else band[band["quarter"] >= first]


def _named(band: pd.DataFrame) -> list[str]:
    """Return the firms worth a name, largest at the end first."""
    last = band[band["quarter"] == band["quarter"].max()].set_index("provider")["median"].fillna(0.0)
    highest = band.groupby("provider")["median"].max().fillna(0.0)
    chosen = [str(name) for name in highest.index if last.get(name, 0.0) >= NAMED_FROM or highest[name] >= NAMED_ONCE]
    return sorted(chosen, key=lambda name: (-last.get(name, 0.0), name))[:_NAMED_AT_MOST]


def level(panels: Sequence[Panel]) -> list[Panel]:
    """Return panels with one scale, so that cases can be compared by eye."""
    top = max(panel.highest for panel in panels)
    return [replace(panel, top=top) for panel in panels]


def by_region(case: Case, measure: str, *, world: bool = True) -> list[Series]:
    """Return a market measure of each region, and of the world."""
    names = {**case.regions, **({WORLD: "World"} if world else {})}
    lines = ((name, label, case.measure(measure, name)) for name, label in names.items())
    return [
        Series(short(label, [*names.values()]), region_colour(name), band) for name, label, band in lines if len(band)
    ]


def by_case(cases: Sequence[Case], measure: str, region: str = WORLD) -> list[Series]:
    """Return a market measure of each case."""
    labels = [case.label for case in cases]
    return [
        Series(short(case.label, labels, 24), case_colour(i), case.measure(measure, region))
        for i, case in enumerate(cases)
    ]


def by_region_or_case(cases: Sequence[Case], measure: str, *, world: bool = True) -> list[Series]:
    """Return a measure by region for one case, of the world by case for several."""
    return by_case(cases, measure) if len(cases) > 1 else by_region(cases[0], measure, world=world)


def means_by_region_or_case(cases: Sequence[Case], measure: str) -> list[Series]:
    """Return means over runs of a measure that is 0 in most of them, without ribbons.

    Quantiles of single quarters would be spikes over a median of 0, as if nothing or very much could be expected.
    """
    return [replace(series, ribbons=False, line=MEAN) for series in by_region_or_case(cases, measure)]


def shown(cases: Sequence[Case]) -> list[Case]:
    """Return the cases that a figure shows."""
    return list(cases[:MOST_CASES])


def left_out(cases: Sequence[Case]) -> str:
    """Return a sentence on the cases that a figure leaves out, or nothing."""
    extra = len(cases) - MOST_CASES
    return f" The first {MOST_CASES} of {len(cases)} cases are drawn; the tables below have all." if extra > 0 else ""
