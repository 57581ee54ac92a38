"""Captive demand: own use of a provider's fleet, and the compute of the named labs.

Observed use is in cards held; demand in the model is average effective H100e in use. Own use is therefore a share of
the fleet's effective capacity (chip performance by workload, stack, highest utilisation), and a
lab's H100e are times the highest utilisation.
"""

import math
from collections.abc import Mapping
from typing import Any

from experiments.preparation.catalogue import chips
from experiments.preparation.fleets import Flows, h100e_of
from experiments.preparation.sources import ByQuarter, interpolated, market, observations, quarters
from sim.economics.performance import relative_performance
from sim.names import quarter_number

WORKLOADS = ("training", "inference")


def effective_per_card(stated: Mapping[str, Any]) -> dict[str, float]:
    """Return average effective H100e in use of one card by chip id, half training and half inference."""
    stage = market()
    catalogue = chips(stated, {})
    return {name: _effective(chip, stage, stated) for name, chip in catalogue.items()}


def _effective(chip: Mapping[str, Any], stage: Mapping[str, Any], stated: Mapping[str, Any]) -> float:
    stack = stage["stacks"][stated["suppliers"][chip["supplier"]]["stack"]]
    achieved = [_performance(chip, stage["performance"][workload]) * stack[workload] for workload in WORKLOADS]
    return float(stage["utilisation"]["maximum"] * sum(achieved) / len(WORKLOADS))


def _performance(chip: Mapping[str, Any], weights: Mapping[str, float]) -> float:
    exponents = (weights["compute"], weights["memory_bandwidth"], weights["interconnect"])
    return relative_performance(chip["tpp"], chip["memory_bandwidth_gb_s"], chip["interconnect_gb_s"], exponents)


def capacity(holder: str, stated: Mapping[str, Any], flows: Flows, quarter: str) -> float:
    """Return the holder's capacity at a quarter in average effective H100e in use, no card retired."""
    at = quarter_number(quarter)
    per_card, each = effective_per_card(stated), h100e_of(stated)
    amounts = [(chip, x) for (name, chip), x in flows.opening.items() if name == holder]
    amounts += [
        (chip, x) for (name, chip, q), x in flows.additions.items() if name == holder and quarter_number(q) <= at
    ]
    return sum(amount / each[chip] * per_card[chip] for chip, amount in amounts)


def own_use(
    holder: str, entry: Mapping[str, Any] | None, stated: Mapping[str, Any], flows: Flows
) -> dict[str, Any] | None:
    """Return captive demand: the stated share of the fleet's capacity, in average effective H100e in use."""
    if entry is None:
        return None
    span = quarters(stated["first_quarter"], stated["last_quarter"])
    return {
        "h100e": {q: round(capacity(holder, stated, flows, q) * entry["share"]) for q in span},
        "growth_after": entry["growth_after"],
        "elasticity": stated["own_use_elasticity"]["value"],
    }


def labs(stated: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the named labs: observed points and back-casts, joined geometrically, in average H100e in use."""
    return {name: _lab(entry, stated) for name, entry in stated["labs"].items()}


def _lab(entry: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    points = entry["backcast"] | _observed_lab(entry["row"])
    factor = entry["rented_share"] * market()["utilisation"]["maximum"]
    span = quarters(stated["first_quarter"], stated["last_quarter"])
    return {
        "label": entry["label"],
        "region": entry["region"],
        "taste": entry["taste"],
        "h100e": {quarter: round(geometric(points, quarter) * factor) for quarter in span},
        "growth_after": entry["growth_after"],
        "training_share": entry["training_share"],
        "contracts": entry["contracts"],
    }


def _observed_lab(name: str) -> ByQuarter:
    rows = [row for row in observations("lab_compute") if row["lab"] == name]
    return {f"{row['period'][:4]}Q4": float(row["h100e_med"]) for row in rows}


def geometric(points: Mapping[str, float], quarter: str) -> float:
    """Return the value at a quarter with constant growth between points (points at zero count as one H100e)."""
    logs = {code: math.log(max(1.0, value)) for code, value in points.items()}
    value = math.exp(interpolated(logs, quarter))
    return 0.0 if value <= 1.0 else value
