"""What rules did: a row for every rule that bound, when, whom, by how much, and what it cost."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from experiments.analysis.cases import Case
from experiments.analysis.rounding import rounded
from experiments.report.study import Part

ANEW = {
    "quantity_bound": "Closed, H100e",
    "lifted_h100e": "More if it alone were lifted, H100e",
    "denied_revenue_usd_m": "Revenue denied, USD m",
}
"""Columns of the table ``rules`` that are asked anew each quarter, not to be added up over them, with their heads."""
SUMS = {
    "fee_usd_m": "fees {} USD m",
    "duty_usd_m": "duties {} USD m",
    "subsidy_usd_m": "subsidies {} USD m",
    "seizures": "{} cards seized",
    "licensed_h100e": "{} H100e licensed",
    "shaped_h100e": "{} H100e cut otherwise",
}
"""Columns of flows, said of those that have them."""
OWN = "own_dearer_usd_per_h100e_hour"
"""Column of what a rule adds to the cost of own cards of customers."""
AMOUNTS = (*ANEW, *SUMS, OWN)
_LEAST, _LEAST_COST = 0.5, 0.005
"""Amounts below it are left blank; and costs, USD."""
_OTHERS, _WITHOUT = "only what others refuse too", "no amount of its own"
"""Said of a rule that has no amount: where it refuses, and where it does something else."""
_FEARED = "feared or foreseen alone"
_NAMED = 3
"""Firms that a row names."""
_CAPTION = (
    "Rules that changed something, and when they did in any run; means over runs. Closed: first "
    "wishes of buyers that the rule refuses, where several refuse only for the one that decides. More if it alone "
    "were lifted: orders that no other rule refuses, of a rule that overrides others none; of quotas, caps and "
    "mandates, what they cut of orders that the others leave; foreign cards that a mandate takes out are among what "
    "it closes. A licence may bind for a quarter after its end, as cards ordered before are paid for when they come. "
    "Revenue denied: of makers, gross of what buyers take instead. Cards cut otherwise: delivered, of a rule that "
    "stops none of a maker's cards, as it asks to be told, but below whose lines makers stay. Amounts in columns: in "
    "the largest quarter of each; what stands beside: summed over the run. Quarters and runs one by one in table rules."
)


def rules_of(case: Case) -> Part | None:
    """Return the table of a case; None where nothing bound or the table is not stored."""
    if "rules" not in case.results:
        return None
    rows = case.frame("rules", ["quarter", "rule", "who", "bound", *AMOUNTS])
    rows = rows[rows["bound"]]
    if rows.empty:
        return None
    head = ("Rule", "Bound", "Whom most", *ANEW.values(), "Beside")
    return Part(case.label, _CAPTION, head, tuple(_rows(case, rows)))


def _amounts(case: Case, mine: pd.DataFrame) -> dict[str, str]:
    """Return the amounts of a rule, means over runs: with its quarter what is asked anew, else sums."""
    quarters = mine.groupby("quarter")[list(ANEW)].sum() / case.count
    anew = {name: _largest(quarters[name]) for name in ANEW if quarters[name].max() >= _LEAST}
    sums = mine[list(SUMS)].sum() / case.count
    return {**anew, **{str(name): rounded(x) for name, x in sums.items() if x >= _LEAST}}


def _largest(amounts: "pd.Series[float]") -> str:
    """Return the largest amount of a quarter, in which quarter that is, and the last quarter with any."""
    last = amounts.index[amounts >= _LEAST].max()
    at = amounts.idxmax()
    return f"{rounded(amounts.max())}\nin {at}" + (f", last {last}" if last != at else "")


def _rows(case: Case, rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    for rule, mine in rows.groupby("rule", sort=False):
        amounts = _amounts(case, mine)
        beside = [words.format(amounts[name]) for name, words in SUMS.items() if name in amounts]
        own = float(mine.groupby(["quarter", "who"])[OWN].sum().max()) / case.count
        beside += [f"own cards up to {rounded(own)} USD an hour dearer"] if own >= _LEAST_COST else []
        if not amounts and not beside:
            beside = [_without_amount(case.rules.get(str(rule), {}), mine)]
        yield (
            f"{case.rule_label(str(rule))}\n{rule}", _when(mine), _most(case, mine),
            *(amounts.get(name, "") for name in ANEW), "\n".join(beside),
        )  # fmt: skip


def _without_amount(terms: Mapping[str, Any], mine: pd.DataFrame) -> str:
    """Return what is said of a rule that bound without an amount."""
    day = terms.get("effective", "0000-00-00")
    if mine["quarter"].max() < f"{day[:4]}Q{(int(day[5:7]) + 2) // 3}":
        return _FEARED
    return _OTHERS if terms.get("treatment") == "deny" else _WITHOUT


def _when(mine: pd.DataFrame) -> str:
    """Return the first and the last quarter in any run, and in how many quarters."""
    first, last, count = mine["quarter"].min(), mine["quarter"].max(), mine["quarter"].nunique()
    return str(first) if count == 1 else f"{first} to {last}\nin {count} quarters"


def _most(case: Case, mine: pd.DataFrame) -> str:
    """Return the names of those whom a rule bound most, by the first amount that it has."""
    amounts = mine.groupby("who")[list(AMOUNTS)].sum()
    size = amounts[next((name for name in AMOUNTS if amounts[name].any()), "quantity_bound")]
    order = sorted(size.index, key=lambda who: (-float(size[who]), -int((mine["who"] == who).sum())))
    names = [case.label_of(str(who)) for who in order[:_NAMED]]
    more = len(order) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
