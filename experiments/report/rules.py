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
    "Rule", "Bound from", "until", "Whom most", "H100e in its largest quarter", "Revenue denied in its largest, USD m",
    "Fees, USD m", "Duties, USD m", "Subsidies, USD m", "Cards seized",
)  # fmt: skip
_CAPTION = (
    "Rules that changed something, means over runs; first and last quarter in any run. H100e: what they closed of the "
    "orders (or rentals) that buyers would want first, credited to the rule that decides where several refuse, so a "
    "rule beside a stricter one shows none; a quota on what buyers take instead shows none either. Revenue denied: of "
    "makers on these cards, gross of what buyers take instead (compare makers' revenue for the net loss). Both in the "
    "largest quarter, as orders that are closed are asked again each quarter. Other money and seizures: "
    "sums over the run. Table rules."
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
    for rule, mine in rows.groupby("rule", sort=False):
        sums = mine[list(_COLUMNS)].sum() / case.count
        closed = list(_COLUMNS[:_CLOSED])
        sums[closed] = mine.groupby("quarter")[closed].sum().max() / case.count
        amounts = (f"{sums[name]:,.0f}" if sums[name] >= 0.5 else "" for name in _COLUMNS)
        yield (
            case.rule_label(str(rule)), str(mine["quarter"].min()), str(mine["quarter"].max()), _most(case, mine),
            *amounts,
        )  # fmt: skip


def _most(case: Case, mine: pd.DataFrame) -> str:
    """Return the names of those whom a rule bound most, by the first amount that it has."""
    amounts = mine.groupby("who")[list(_COLUMNS)].sum()
    size = amounts[next((name for name in _COLUMNS if amounts[name].any()), _COLUMNS[0])]
    order = sorted(size.index, key=lambda who: (-float(size[who]), -int((mine["who"] == who).sum())))
    names = [case.label_of(str(who)) for who in order[:_NAMED]]
    more = len(order) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
