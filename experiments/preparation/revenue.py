"""General cloud: market size times share, less the part that is AI; and cash of the group behind a provider."""

from collections.abc import Mapping
from typing import Any

from experiments.preparation.sources import Row, interpolated, observations, quarters
from sim.names import QUARTERS_PER_YEAR

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
    return {"revenue_usd_m": revenue, "growth_after": entry["growth_after"]}


def group(entry: Mapping[str, Any] | None, stated: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the group behind a provider: operating cash flow a quarter, less the stated part for other capital."""
    if entry is None:
        return None
    cash = operating_cash_flow(entry["row"]) if "row" in entry else stated["group_cash_flow"][entry["stated"]]["value"]
    return {
        "cash_flow_usd_m": {q: round(x * (1.0 - entry["other_capital"])) for q, x in cash.items()},
        "growth_after": entry["growth_after"],
        "share": entry["share"],
        "returns_surplus": entry["returns_surplus"],
    }


def operating_cash_flow(company: str) -> dict[str, float]:
    """Return a quarter of each year's operating cash flow, at the third quarter of the year, USD m."""
    rows = cash_rows(company)
    return {f"{row['period']}Q3": float(row["value"]) * SCALE[row["unit"]] / QUARTERS_PER_YEAR for row in rows}


def cash_rows(company: str) -> list[Row]:
    """Return the yearly observations of a company's operating cash flow."""
    return [row for row in observations("capex") if (row["company"], row["metric"]) == (company, "operating cash flow")]


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
