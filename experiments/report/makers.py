"""Whose cards firms own: the share of every maker in each fleet."""

import pandas as pd

from experiments.analysis.bands import bands
from experiments.analysis.cases import Case
from experiments.analysis.headline import figure, rows_of
from experiments.analysis.rounding import percent, rounded
from experiments.report.study import Part

_LEAST = 0.005
"""Makers with less of every fleet are left out."""
_CAPTION = (
    "Fleets in place in {quarter}, all regions together, and by who made the cards: {spread}. Left out are makers with "
    "less than 0.5% of every fleet, and owners without cards in half of the runs. By region and quarter, with orders "
    "and deliveries, in table fleets."
)


def makers_of(case: Case) -> Part | None:
    """Return the table of a case, the largest fleet and the largest maker first; None where it is not stored."""
    if "fleets" not in case.results:
        return None
    quarter = case.quarters[-1]
    rows = case.frame("fleets", ["provider", "supplier", "owned_h100e"], quarter=quarter)
    owned = rows.groupby(["run_id", "provider", "supplier"])["owned_h100e"].sum()
    fleets, made = (_largest_first(owned, by) for by in ("provider", "supplier"))
    share = (owned / owned.groupby(["run_id", "provider"]).transform("sum")).dropna().rename("share").reset_index()
    band = bands(share, "share", ["provider", "supplier"])
    cells = {(row["provider"], row["supplier"]): row for row in rows_of(band) if row["high90"] > 0.0}
    largest = band.groupby("supplier")["median"].max()
    makers = [k for k in made.index if largest.get(k, 0.0) >= _LEAST]
    firms = fleets[fleets > 0.0]
    if firms.empty or not makers:
        return None
    body = tuple(
        (
            case.name_of(str(i)),
            rounded(h100e / 1e3),
            *(str(figure(cells[i, k], percent, case.count)) if (i, k) in cells else "" for k in makers),
        )
        for i, h100e in firms.items()
    )
    spread = "one path, no uncertainty" if case.count == 1 else "medians, in brackets the range of 90% of runs"
    caption = _CAPTION.format(quarter=quarter, spread=spread)
    return Part(case.label, caption, ("Owner", "Thousand H100e", *map(case.maker_of, makers)), body)


def _largest_first(owned: "pd.Series[float]", by: str) -> "pd.Series[float]":
    """Return the median over runs of the H100e of every owner or maker, the largest first."""
    return owned.groupby(["run_id", by]).sum().groupby(by).median().sort_values(ascending=False, kind="stable")
