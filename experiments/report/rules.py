"""What rules did: a row for every rule that bound, when, whom, by how much, and what it cost."""

from collections.abc import Iterator

import pandas as pd

from experiments.analysis.cases import Case
from experiments.analysis.rounding import rounded
from experiments.report.study import Part

AMOUNTS = {
    "quantity_bound": "Closed, H100e",
    "lifted_h100e": "More if it alone were lifted, H100e",
    "denied_revenue_usd_m": "Revenue denied, USD m",
    "fee_usd_m": "Fees, USD m",
    "duty_usd_m": "Duties, USD m",
    "subsidy_usd_m": "Subsidies, USD m",
    "seizures": "Cards seized",
    "shaped_h100e": "Cards cut otherwise, H100e",
}
"""Columns of the table ``rules`` with their heads; those in which no rule has an amount are left out."""
_ANEW = ["quantity_bound", "lifted_h100e", "denied_revenue_usd_m"]
"""Of these, what is asked anew each quarter: not to be added up over quarters."""
_LEAST = 0.5
"""Amounts below it are left blank."""
_BESIDE, _WITHOUT = "only what others refuse too", "no amount of its own"
"""Said of a rule that has no amount: where it refuses, and where it does something else."""
_NAMED = 3
"""Firms that a row names."""
_CAPTION = (
    "Rules that changed something, first and last quarter in any run and in how many, means over runs. Closed: first "
    "wishes of buyers that the rule refuses, where several refuse only for the one that decides. More if it alone "
    "were lifted: orders that no other rule refuses, of a rule that overrides others none; of quotas, caps and "
    "mandates, what they cut of orders that the others leave; foreign cards that a mandate takes out are among what "
    "it closes. A licence may bind for a quarter after its end, as cards ordered before are paid for when they come. "
    "Revenue denied: of makers, gross of what buyers take instead. Cards cut otherwise: delivered, of a rule that "
    "stops none of a maker's cards, as it asks to be told, but below whose lines makers stay. The first three in the "
    "largest quarter of each, all others summed over the run. Quarters and runs one by one in table rules."
)


def rules_of(case: Case) -> Part | None:
    """Return the table of a case; None where nothing bound or the table is not stored."""
    if "rules" not in case.results:
        return None
    rows = case.frame("rules", ["quarter", "rule", "who", "bound", *AMOUNTS])
    rows = rows[rows["bound"]]
    if rows.empty:
        return None
    amounts = pd.DataFrame({rule: _amounts(case, mine) for rule, mine in rows.groupby("rule", sort=False)}).T
    amounts = amounts.loc[:, (amounts >= _LEAST).any()]
    head = ("Rule", "Bound from", "until", "quarters", "Whom most", *(AMOUNTS[str(name)] for name in amounts))
    return Part(case.label, _CAPTION, head, tuple(_rows(case, rows, amounts)))


def _amounts(case: Case, mine: pd.DataFrame) -> "pd.Series[float]":
    """Return the amounts of a rule, means over runs: in the largest quarter what is asked anew, else sums."""
    largest = mine.groupby("quarter")[_ANEW].sum().max()
    sums: pd.Series[float] = mine[list(AMOUNTS)].sum().mask(lambda x: x.index.isin(_ANEW), largest) / case.count
    return sums


def _rows(case: Case, rows: pd.DataFrame, amounts: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    for rule, mine in rows.groupby("rule", sort=False):
        said = [rounded(amount) if amount >= _LEAST else "" for amount in map(float, amounts.loc[rule])]
        if said and not any(said):
            said[0] = _BESIDE if case.rules.get(str(rule), {}).get("treatment") == "deny" else _WITHOUT
        first, last = str(mine["quarter"].min()), str(mine["quarter"].max())
        quarters = str(mine["quarter"].nunique())
        yield f"{case.rule_label(str(rule))}\n{rule}", first, last, quarters, _most(case, mine), *said


def _most(case: Case, mine: pd.DataFrame) -> str:
    """Return the names of those whom a rule bound most, by the first amount that it has."""
    amounts = mine.groupby("who")[list(AMOUNTS)].sum()
    size = amounts[next((name for name in AMOUNTS if amounts[name].any()), "quantity_bound")]
    order = sorted(size.index, key=lambda who: (-float(size[who]), -int((mine["who"] == who).sum())))
    names = [case.label_of(str(who)) for who in order[:_NAMED]]
    more = len(order) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
