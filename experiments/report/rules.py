"""What rules did: a row for every rule that bound, when, whom, by how much, and what it cost."""

from collections.abc import Iterator

import pandas as pd

from experiments.analysis.cases import Case
from experiments.report.study import Part

_COLUMNS = ("quantity_bound", "denied_revenue_usd_m", "fee_usd_m", "duty_usd_m", "subsidy_usd_m", "seizures")
_CLOSED = 2
"""Of these, what is closed anew each quarter: not to be added up over quarters."""
_NAMED = 3
"""Firms that a row names."""
_HEAD = (
    "Rule", "Bound from", "until", "Whom most", "H100e a quarter, last year", "Revenue denied, USD m, likewise",
    "Fees, USD m", "Duties, USD m", "Subsidies, USD m", "Cards seized",
)  # fmt: skip
_CAPTION = (
    "Rules that changed something, means over runs; first and last quarter in any run. H100e: what they closed of the "
    "orders (or rentals) that buyers would want first, credited to the rule that decides where several refuse, so a "
    "rule beside a stricter one shows none; a quota on what buyers take instead shows none either. Revenue denied: of "
    "makers on these cards, gross of what buyers take instead (compare makers' revenue for the net loss). Orders that "
    "are closed are asked again each quarter: quarters must not be added up. Other money and seizures: sums over the "
    "run. Table rules."
)


def rules_of(case: Case) -> Part | None:
    """Return the table of a case; None where nothing bound or the table is not stored."""
    if "rules" not in case.results:
        return None
    rows = case.frame("rules", ["quarter", "rule", "who", "bound", *_COLUMNS])
    rows = rows[rows["bound"]]
    found = tuple(_rows(case, rows)) if len(rows) else ()
    return Part(case.label, _CAPTION, _HEAD, found) if found else None


def _rows(case: Case, rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    last = rows["quarter"].str[:4] == case.quarters[-1][:4]
    quarters = sum(quarter[:4] == case.quarters[-1][:4] for quarter in case.quarters)
    for rule, mine in rows.groupby("rule", sort=False):
        sums = mine[list(_COLUMNS)].sum() / case.count
        closed = list(_COLUMNS[:_CLOSED])
        sums[closed] = mine.loc[last.loc[mine.index], closed].sum() / case.count / quarters
        amounts = (f"{sums[name]:,.0f}" if sums[name] >= 0.5 else "" for name in _COLUMNS)
        yield (
            case.rule_label(str(rule)), str(mine["quarter"].min()), str(mine["quarter"].max()), _most(case, mine),
            *amounts,
        )  # fmt: skip


def _most(case: Case, mine: pd.DataFrame) -> str:
    """Return the names of those whom a rule bound most."""
    size = mine.groupby("who")[list(_COLUMNS)].sum().sum(axis=1)
    order = sorted(size.index, key=lambda who: (-float(size[who]), -int((mine["who"] == who).sum())))
    names = [case.label_of(str(who)) for who in order[:_NAMED]]
    more = len(order) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
