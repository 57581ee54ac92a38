"""General cloud: market size times share, less the part that is AI."""

from collections.abc import Mapping
from typing import Any

from experiments.preparation.sources import Row, interpolated, observations, quarters

SCALE = {"USD bn": 1000.0}


def general_cloud(entry: Mapping[str, Any] | None, stated: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return revenue beside AI: market size times interpolated share, less the stated AI part."""
    if entry is None:
        return None
    market = {row["period"]: float(row["value"]) * SCALE[row["unit"]] for row in market_rows(entry["geography"])}
    share = {row["period"]: float(row["share_pct"]) for row in share_rows(entry["geography"], entry["row"])}
    ai = stated["general_cloud"]["ai_share"]["value"]
    span = quarters(stated["first_quarter"], stated["last_quarter"])
    revenue = {
        q: round(interpolated(market, q) * interpolated(share, q) / 100.0 * (1.0 - interpolated(ai, q))) for q in span
    }
    return {"revenue_usd_m": revenue, "growth_after": entry["growth_after"], "margin": entry["margin"]}


def _is_quarter(period: str) -> bool:
    return len(period) == len("2022Q1") and period[4] == "Q"


def market_rows(geography: str) -> list[Row]:
    """Return the quarterly observations of the size of a cloud market."""
    return [
        row
        for row in observations("cloud_revenue")
        if (row["geography"], row["entity"], row["metric"]) == (geography, "market", "cloud infrastructure spend")
        and _is_quarter(row["period"])
    ]


def share_rows(geography: str, provider: str) -> list[Row]:
    """Return the quarterly observations of a provider's share of a cloud market."""
    return [
        row
        for row in observations("cloud_share")
        if (row["geography"], row["provider"]) == (geography, provider) and _is_quarter(row["period"])
    ]
