"""What two cases bring to a comparison: the tables of their runs that met the same shocks, side by side."""

from typing import NamedTuple

import pandas as pd

from experiments.analysis.cases import Case
from sim.tables import WORLD

RUN = ["sample", "seed"]
"""Columns that name a run among those of one case."""
NEEDED = {
    "providers": ["region", "provider", "product", "workload", "served_h100e", "revenue_usd_m"],
    "diverted": [
        "region", "product", "workload", "from", "from_site_region", "to", "reason", "quantity_h100e", "arrived_h100e",
    ],
    "sites": ["site_region", "provider", "binding_constraint", "refused_h100e", "denied_h100e"],
    "rules": ["rule", "who", "quantity_bound"],
}  # fmt: skip
"""Tables and columns that this reads, beside run and quarter."""


class Books(NamedTuple):
    """Stored tables of some runs, with ``sample`` and ``seed`` for the run: what a case brings to a comparison."""

    providers: pd.DataFrame
    """Regions without the world, single products and workloads."""
    diverted: pd.DataFrame
    sites: pd.DataFrame
    rules: pd.DataFrame


def partners(baseline: Case, other: Case) -> pd.DataFrame:
    """Return samples, seeds and quarters that two cases have in common.

    Raises:
        ValueError: When there are none.
    """
    runs = [case.runs.loc[case.runs["status"] == "ok", RUN] for case in (baseline, other)]
    pairs = runs[0].merge(runs[1], on=RUN)
    quarters = pd.DataFrame({"quarter": sorted(set(baseline.quarters) & set(other.quarters))})
    if pairs.empty or quarters.empty:
        raise ValueError(f"{baseline.label} and {other.label} have no seed and quarter in common")
    return pairs.merge(quarters, how="cross")


def books_of(case: Case, wanted: pd.DataFrame) -> Books:
    """Return the tables of a case for the samples, seeds and quarters that are wanted."""
    names = case.runs[["run_id", *RUN]]
    found = {
        table: case.frame(table, ["quarter", *columns]).merge(names, on="run_id").merge(wanted, on=[*RUN, "quarter"])
        for table, columns in NEEDED.items()
    }
    sales = found["providers"]
    single = (sales["region"] != WORLD) & (sales["product"] != "all") & (sales["workload"] != "all")
    return Books(**found | {"providers": sales[single]})
