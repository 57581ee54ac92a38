"""Whose cards firms own: the share of every maker in each fleet."""

from experiments.analysis.bands import bands
from experiments.analysis.cases import Case
from experiments.analysis.headline import figure, rows_of
from experiments.analysis.rounding import percent
from experiments.report.study import Part

_LEAST = 0.005
"""Makers with less of every fleet are left out."""
_CAPTION = (
    "H100e in place in {quarter}, all regions together, by who made the cards: {spread}; makers with less than 0.5% of "
    "every fleet left out. By region and quarter, with orders and deliveries, in table fleets."
)


def makers_of(case: Case) -> Part | None:
    """Return the table of a case, the largest fleet and the largest maker first; None where it is not stored."""
    if "fleets" not in case.results:
        return None
    quarter = case.quarters[-1]
    rows = case.frame("fleets", ["provider", "supplier", "owned_h100e"], quarter=quarter)
    owned = rows.groupby(["run_id", "provider", "supplier"])["owned_h100e"].sum()
    fleet, made = (owned.groupby(["run_id", by]).sum().groupby(by).median() for by in ("provider", "supplier"))
    share = (owned / owned.groupby(["run_id", "provider"]).transform("sum")).dropna().rename("share").reset_index()
    band = bands(share, "share", ["provider", "supplier"])
    cells = {(row["provider"], row["supplier"]): row for row in rows_of(band) if row["high90"] > 0.0}
    largest = band.groupby("supplier")["median"].max()
    makers = [k for k in made.sort_values(ascending=False, kind="stable").index if largest.get(k, 0.0) >= _LEAST]
    firms = list(fleet[fleet > 0.0].sort_values(ascending=False, kind="stable").index)
    if not firms or not makers:
        return None
    body = tuple(
        (case.name_of(i), *(str(figure(cells[i, k], percent, case.count)) if (i, k) in cells else "" for k in makers))
        for i in firms
    )
    spread = "one path, no uncertainty" if case.count == 1 else "medians, in brackets the range of 90% of runs"
    caption = _CAPTION.format(quarter=quarter, spread=spread)
    return Part(case.label, caption, ("Owner", *map(case.maker_of, makers)), body)
