"""Whole runs for limit cases: the shipped configuration, changed by dotted keys, with frictions switched off."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from experiments.preflight import composing, plan
from sim import ComputeMarket, Parameters

Values = dict[str, Any]
Changes = Mapping[str, Any]


class Times(float):
    """In place of a value: multiplies every number at or below the key."""


class Gone:
    """In place of a value: takes the key away."""

    def __repr__(self) -> str:
        return "gone"


GONE = Gone()


def _multiplied(value: Any, factor: float) -> Any:
    if isinstance(value, dict):
        return {key: _multiplied(x, factor) for key, x in value.items()}
    return None if value is None else type(value)(value * factor)


def _set(values: Values, path: list[str], value: Any) -> int:
    """Change what a path names, ``*`` standing for every entity that has the rest; return how many places changed."""
    name, rest = path[0], path[1:]
    if name == "*":
        return sum(_set(values, [each, *rest], value) for each in list(values))
    if rest:
        below = values.get(name)
        return _set(below, rest, value) if isinstance(below, dict) else 0
    if isinstance(value, Gone):
        del values[name]
    else:
        values[name] = _multiplied(values[name], value) if isinstance(value, Times) else value
    return 1


def changed(values: Values, changes: Changes) -> Values:
    """Return values with changes by dotted key.

    Raises:
        KeyError: If a key names nothing.
    """
    values = json.loads(json.dumps(values))
    for key, value in changes.items():
        if _set(values, key.split("."), value) == 0:
            raise KeyError(key)
    return values


FRICTIONLESS: Changes = {
    "market.start": "2022Q4",
    "market.end": "2023Q4",
    "market.history_end": "2023Q4",
    "market.cohorts.maximum_age_quarters": 80,
    "market.cohorts.failure_per_year": 0.0,
    "market.technology.software_growth_initial": 0.0,
    "market.technology.software_growth_final": 0.0,
    "market.technology.learning_exponent": 0.0,
    "market.technology.tokens_per_task_growth_initial": 0.0,
    "market.technology.tokens_per_task_growth_final": 0.0,
    "customers.granularity": "cells",
    "customers.labs": {},
    "customers.home_bias": 0.0,
    "customers.waiting_disutility": 0.0,
    "customers.waiting_share": 0.0,
    "customers.demand.*.growth_initial": 0.0,
    "customers.demand.*.growth_final": 0.0,
    "customers.demand.*.shock_sd": 0.0,
    "customers.switching.cost_iaas": 0.0,
    "customers.switching.cost_maas": 0.0,
    "customers.switching.one_year_share": 0.0,
    "customers.switching.three_year_share": 0.0,
    "customers.switching.maas_reserved_share": 0.0,
    "customers.switching.escalation": 100.0,
    "leases": {},
    "rest_of_world": {},
    "finance.entry.name": "none",
    "behaviour.pricing.name": "equilibrium",
    "behaviour.pricing.equilibrium.adjustment": 1.0,
    "behaviour.pricing.equilibrium.ceiling": 100.0,
    "behaviour.pricing.equilibrium.tolerance": 1e-12,
    "behaviour.pricing.equilibrium.maximum_iterations": 5000,
}
"""No growth, no switching cost, no contracts or caps, fleets that stand, prices in equilibrium and posted at once."""
PLAIN_FIRM: Changes = {
    "models": None,
    "own_use": None,
    "general_cloud": None,
    "order_mix": {"nvidia": 1.0},
    "pricing": {"share_weight": 0.0, "customer_value_weight": 0.0},
}
"""Sells hours of cards for profit, and nothing else."""


@cache
def _shipped(overrides: tuple[str, ...]) -> str:
    with composing() as composer:
        return plan(composer, overrides).parameters.canonical_json()


def shipped(*overrides: str) -> Values:
    """Return the shipped configuration without rules as plain values, with overrides as on the command line."""
    values: Values = json.loads(_shipped(("policy=none", *overrides)))
    return values


def market_of(firms: Mapping[str, Changes], changes: Changes) -> Values:
    """Return a frictionless market of one region and one taste.

    Args:
        firms: What sets each firm apart from a plain one; ``opening_cards`` are its cards by chip.
        changes: To the frictionless market, by dotted key.
    """
    values = changed(shipped("customers.enterprises=300"), FRICTIONLESS)
    usual, region = {**values["providers"]["aws"], **PLAIN_FIRM}, values["customers"]["demand"]["us"]
    values["providers"] = {}
    for name, traits in firms.items():
        site = {
            "launch": "2022Q1",
            "opening_cards": traits["opening_cards"],
            "deliveries": traits.get("deliveries", {}),
        }
        own = {key: value for key, value in traits.items() if key not in site}
        values["providers"][name] = {**usual, "label": name, **own, "sites": {"us": site}}
    values["customers"]["demand"] = {"us": {**region, "enterprise_share": 1.0, "tastes": {"cuda_native": 1.0}}}
    values["suppliers"] = {name: {**supplier, "sells_to": None} for name, supplier in values["suppliers"].items()}
    return changed(values, changes)


def simulated(values: Values, seed: int = 1) -> ComputeMarket:
    """Return a finished run of plain values."""
    return ComputeMarket(Parameters.from_mapping(values), seed).run()
