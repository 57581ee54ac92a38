"""Money: what the largest firms spend on AI against what it earns, what is left, and what they owe."""

from collections.abc import Sequence

import pandas as pd

from experiments.analysis.bands import bands, only
from experiments.analysis.cases import Case
from experiments.analysis.supply import MONEY, money, money_together
from experiments.figures import Drawn
from experiments.figures.colours import case_colour, firm_colour
from experiments.figures.labels import short
from experiments.figures.lines import RIBBONS_SAID, WITH_RIBBONS, footnote, left_out, shown
from experiments.figures.style import Panel, Series, Sheet, svg

TITLE = "Money: capital spending, AI revenue, free cash flow and debt"
_FIRMS, _PLACES, _LEAST = 6, 2, 0.01
"""Firms and headquarters shown, and the least share of spending of a firm that is."""
_YEAR, _STOCK = "USD bn, last four quarters", "USD bn"
_TOTALS = {
    "capex_usd_m": ("capital spending", "#cc4400"),
    "revenue_usd_m": ("AI revenue", "#0066cc"),
    "free_cash_flow_usd_m": ("free cash flow", "#222222"),
}
_WORDS = {
    "capex_usd_m": "Capital spending",
    "revenue_usd_m": "AI revenue",
    "free_cash_flow_usd_m": "Free cash flow",
    "debt_usd_m": "Debt",
}


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw sums and firms in a column for each of two headquarters; sums of the world by case for several cases."""
    drawn = shown(cases)
    rows = _of_one(drawn[0]) if len(drawn) == 1 else _of_several(drawn)
    below = footnote(drawn, RIBBONS_SAID if len(drawn) == 1 else "")
    sheet = Sheet("money", rows, drawn[0].quarters, drawn[0].history_end, below, height=2.0)
    return Drawn("money", TITLE, svg(sheet), _caption(cases))


def _of_one(case: Case) -> list[list[Panel]]:
    rows = money(case)
    rows["headquarters"] = rows["provider"].map(lambda name: case.setting("providers", name, "headquarters"))
    spent = rows.groupby("headquarters")["capex_usd_m"].sum().sort_values(ascending=False, kind="stable")
    places = {str(name): only(rows, headquarters=name) for name in spent.index[:_PLACES]}
    panels = [[_together(f"{case.regions[name]}, all firms", here) for name, here in places.items()]]
    for measure in ("capex_usd_m", "free_cash_flow_usd_m", "debt_usd_m"):
        panels.append([_by_firm(case, measure, case.regions[name], here) for name, here in places.items()])
    return panels


def _together(title: str, rows: pd.DataFrame) -> Panel:
    found = money_together(rows)
    lines = [Series(label, colour, found[measure]) for measure, (label, colour) in _TOTALS.items()]
    return Panel(title, lines, _YEAR, signed=True)


def _by_firm(case: Case, measure: str, place: str, rows: pd.DataFrame) -> Panel:
    """Return a measure of the firms that spend most."""
    spent = rows.groupby("provider")["capex_usd_m"].sum().sort_values(ascending=False, kind="stable")
    spent = spent[spent > _LEAST * spent.sum()]
    labels = list(case.providers.values())
    found = bands(rows.dropna(subset=[measure]), measure, ["provider", "quarter"])
    lines = [
        Series(
            short(case.name_of(name), labels),
            firm_colour(name),
            only(found, provider=name),
            ribbons=rank < WITH_RIBBONS,
        )
        for rank, name in reversed(list(enumerate(spent.index[:_FIRMS])))
    ]
    unit = _STOCK if measure == "debt_usd_m" else _YEAR
    return Panel(f"{_WORDS[measure]}: {place}", lines, unit, signed=True)


def _of_several(cases: Sequence[Case]) -> list[list[Panel]]:
    found = [money_together(money(case)) for case in cases]
    labels = [case.label for case in cases]
    panels = []
    for measure in MONEY:
        lines = [
            Series(short(case.label, labels), case_colour(i), one[measure])
            for i, (case, one) in enumerate(zip(cases, found, strict=True))
        ]
        unit = _STOCK if measure == "debt_usd_m" else _YEAR
        panels.append(Panel(f"{_WORDS[measure]}, all providers", lines, unit, signed=True))
    return [panels[:2], panels[2:]]


def _caption(cases: Sequence[Case]) -> str:
    whose = "by headquarters of the firm" if len(cases) == 1 else "all providers together"
    scales = " The scales of the columns differ." if len(cases) == 1 else ""
    return (
        "What providers spend on cards, servers, halls and power for AI, against what customers pay them for it, "
        f"{whose}; own use, such as Meta's, earns nothing here. All is of the AI segment, in nominal USD. Flows are "
        "sums over four quarters, and free cash flow is after interest, tax and capital spending: what is below zero "
        f"is paid by the group, by owners or by lenders.{scales} Source: table firms, columns capex_usd_m, "
        f"revenue_usd_m, free_cash_flow_usd_m, debt_usd_m.{left_out(cases)}"
    )
