"""Bands over runs: the median, and the ranges that hold 50% and 90% of the runs. Quantiles are never added up."""

from collections.abc import Sequence

import pandas as pd

LEVELS = {"low90": 0.05, "low50": 0.25, "median": 0.5, "high50": 0.75, "high90": 0.95}
"""Column of a band and the quantile it holds (linear between order statistics)."""
RUNS, MEAN = "runs", "mean"


def bands(frame: pd.DataFrame, value: str, by: Sequence[str]) -> pd.DataFrame:
    """Return the band of a measure over runs.

    Args:
        frame: One row per run and group; nulls (a share of nothing) are left out.
        value: Column of the measure.
        by: Columns that name a group, such as quarter and provider.

    Returns:
        A row per group, sorted: the columns ``by``; the columns of ``LEVELS`` and ``mean`` in the unit of ``value``;
        ``runs``, how many runs have a value. With one run all quantiles are its value.
    """
    grouped = frame.groupby(list(by), observed=True, sort=True)[value]
    columns = {name: grouped.quantile(level) for name, level in LEVELS.items()}
    return pd.DataFrame({**columns, MEAN: grouped.mean(), RUNS: grouped.count()}).reset_index()


def only(frame: pd.DataFrame, **where: object) -> pd.DataFrame:
    """Return the rows that have these values in these columns."""
    for name, value in where.items():
        frame = frame[frame[name] == value]
    return frame
