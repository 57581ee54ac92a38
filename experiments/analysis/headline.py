"""What the figures come to: leaders on three bases, concentration, prices, unmet demand, at a few horizons."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from experiments.analysis.bands import bands, only
from experiments.analysis.cases import Case
from experiments.analysis.rounding import ABSENT, percent, rounded
from sim.tables import WORLD

Format = Callable[[float], str]


@dataclass(frozen=True)
class Figure:
    """One number with its 90% band over runs, ready to be read."""

    median: str
    band: str
    """``low to high``; empty for a single run."""

    def __str__(self) -> str:
        return f"{self.median} ({self.band})" if self.band else self.median


@dataclass(frozen=True)
class Leader:
    """A provider's share at a horizon."""

    provider: str
    label: str
    share: Figure
    leads: int
    """Runs in which no provider has a larger share."""


@dataclass(frozen=True)
class Line:
    """A measure of the market over horizons."""

    name: str
    unit: str
    values: tuple[Figure, ...]


def figure(row: Mapping[str, float], shown: Format, runs: int) -> Figure:
    """Return a row of bands as text."""
    median = shown(row["median"])
    if runs == 1 or median == ABSENT:
        return Figure(median, "")
    return Figure(median, f"{shown(row['low90'])} to {shown(row['high90'])}")


def rows_of(band: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as plain mappings."""
    return [{str(name): value for name, value in row.items()} for row in band.to_dict("records")]


def leaders(case: Case, basis: str, quarter: str, region: str = WORLD, most: int = 5) -> list[Leader]:
    """Return the providers with the largest median shares.

    Args:
        case: The runs.
        basis: ``revenue``, ``compute`` or ``tokens``.
        quarter: When.
        region: Customer region, or world.
        most: How many at most.
    """
    now = only(case.share_bands[basis], region=region, quarter=quarter)
    now = now[now["median"] > 0].sort_values("median", ascending=False, kind="stable").head(most)
    first = _first(only(case.shares, quarter=quarter, region=region), basis)
    return [
        Leader(row["provider"], case.name_of(row["provider"]), figure(row, percent, case.count), first[row["provider"]])
        for row in rows_of(now)
    ]


def _first(shares: pd.DataFrame, basis: str) -> Counter[str]:
    """Return in how many runs each provider is the largest."""
    known = shares.dropna(subset=[basis])
    return Counter(known.loc[known.groupby("run_id")[basis].idxmax(), "provider"])


def _three_digits(value: float) -> str:
    return rounded(value, 3)


_MEASURES: tuple[tuple[str, str, str, Format], ...] = (
    ("hhi_revenue", "concentration (HHI, revenue)", "points of 10,000", _three_digits),
    ("hhi_compute", "concentration (HHI, compute)", "points of 10,000", _three_digits),
    ("unmet_share", "unmet demand at posted prices", "of new demand", percent),
    ("gap_at_cost", "gap at long-run cost", "of demand at cost", percent),
    ("price_iaas_usd_per_h100e_hour", "rented compute (IaaS)", "USD per effective H100e-hour", rounded),
    ("price_maas_usd_per_m_tokens", "tokens (MaaS)", "USD per million tokens", rounded),
)


def market_lines(case: Case, region: str = WORLD, quarters: Sequence[str] | None = None) -> list[Line]:
    """Return concentration, unmet demand and prices at some quarters, the horizons where none are given."""
    return [
        Line(name, unit, tuple(_at(case, column, quarter, region, shown) for quarter in quarters or case.horizons))
        for column, name, unit, shown in _MEASURES
    ]


def _at(case: Case, column: str, quarter: str, region: str, shown: Format) -> Figure:
    rows = rows_of(only(case.measure(column, region), quarter=quarter))
    return figure(rows[0], shown, case.count) if rows else Figure(ABSENT, "")


def outcomes(case: Case, names: list[str]) -> pd.DataFrame:
    """Return bands of headline outcomes, a row per outcome and horizon; every one where ``names`` is empty."""
    rows = case.frame("outcomes", ["outcome", "horizon", "value"])
    return bands(rows[rows["outcome"].isin(names)] if names else rows, "value", ["outcome", "horizon"])
