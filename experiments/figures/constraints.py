"""What keeps large sites from serving more, quarter by quarter, and makers of chips from making more."""

from collections.abc import Sequence

from experiments.analysis.cases import Case
from experiments.analysis.supply import limits_of_capacity, limits_of_makers, limits_of_sites
from experiments.figures import Drawn
from experiments.figures.colours import limit_colour
from experiments.figures.labels import short
from experiments.figures.lines import differing, left_out, shown
from experiments.figures.strips import Code, Group, Strip, Strips, svg

TITLE = "What limits supply, where and when"
_SITES, _MAKERS, _HEADS = 18, 6, 132
"""Sites and makers shown, and letters of all heads together."""
_LABELS = {
    "demand": "nothing (capacity to spare, orders met)",
    "orders": "nothing (capacity to spare, orders met)",
    "mw": "powered halls",
    "cash": "cash or credit",
    "patience": "patience of owners",
    "cards": "cards",
    "licence": "cards that rules close",
    "ramp": "ramp-up of a maker",
    "wafers": "wafers",
    "packaging": "packaging",
    "memory": "memory (HBM)",
}


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw a strip for each large site and each large maker, a column for each case."""
    drawn = shown(cases)
    columns = [_groups(case, drawn[0]) for case in drawn]
    heads = [short(case.label, [other.label for other in drawn], min(40, _HEADS // len(drawn))) for case in drawn]
    codes = {name: Code(label, limit_colour(name)) for name, label in _LABELS.items()}
    sheet = Strips(
        "constraints", columns, heads if len(drawn) > 1 else [""], codes, drawn[0].quarters, drawn[0].history_end,
        _footnote(drawn),
    )  # fmt: skip
    return Drawn("constraints", TITLE, svg(sheet), _caption(cases))


def _groups(case: Case, first: Case) -> list[Group]:
    """Return the rows of a case: all sites, the largest ones of the first case by region, its largest makers."""
    found, makers = limits_of_sites(case), limits_of_makers(case)
    largest = list(limits_of_sites(first))[:_SITES]
    groups = [
        Group("All sites: share of capacity, 0 to 100%", [Strip("all sites", limits_of_capacity(case))], rows=3.0)
    ]
    for region, label in first.regions.items():
        names = [provider for where, provider in largest if where == region]
        strips = [Strip(_provider(first, name), found[region, name]) for name in names if (region, name) in found]
        groups += [Group(f"Sites in {label}", strips)] if strips else []
    chosen = [name for name in list(limits_of_makers(first))[:_MAKERS] if name in makers]
    lines = [Strip(_maker(first, name), makers[name]) for name in chosen]
    return [*groups, *([Group("Makers of chips", lines)] if lines else [])]


def _provider(case: Case, name: str) -> str:
    return short(case.name_of(name), list(case.providers.values()))


def _maker(case: Case, name: str) -> str:
    return short(case.maker_of(name), list(case.makers.values()))


def _footnote(cases: Sequence[Case]) -> str:
    runs = sorted({case.count for case in cases})
    if runs == [1]:
        return "One path: no uncertainty."
    count = " or ".join(map(str, runs))
    said = f"Height of a colour in a row: share of {count} runs that differ in {differing(cases)}"
    return f"{said}; of all sites: mean share of capacity."


def _caption(cases: Sequence[Case]) -> str:
    return (
        f"The {_SITES} largest sites, and what stands first in the way of serving more there: nothing where less than "
        "half of the capacity is full; else cash where orders or building were cut for it, the stage upstream of the "
        "maker that refused most, cards where orders were refused otherwise or deliveries are observed, powered "
        "halls where no slot is free, and cards that rules close where slots are. White: no cards, or a maker before "
        "the last quarter of history, in which the first orders are decided. Source: table sites, "
        f"columns binding_constraint, capacity_h100e; table suppliers, column binding_stage.{left_out(cases)}"
    )
