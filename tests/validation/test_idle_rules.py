"""V18 beside all rules of history, with stores, beliefs and cut cards: what does not bind changes no outcome."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from experiments import compose
from sim import ComputeMarket
from sim.parameters import Parameters
from sim.tables import MODEL_TABLES
from tests.economy import ENTERPRISES
from tests.rules import Values, faster_than, licence, rule

DAYS: Values = {"announced": "2026-02-03", "effective": "2026-05-17"}
MANDATE: Values = {
    "label": "mandate", "source": "test", "grade": "assumption", "expires": None, "phase_in_quarters": 0.0,
    "destinations": ["cn"], "domestic": ["cn"], "buyers": None, **DAYS,
}  # fmt: skip
CONTENT: Values = {
    **MANDATE,
    "kind": "domestic_content",
    "least_share": 0.8,
    "removed_below": 0.5,
    "covered_share": 1.0,
}
RATIO: Values = {**MANDATE, "kind": "buy_ratio", "foreign_per_domestic": 1.0, "covered_share": 0.0}
CAP: Values = {
    "label": "cap", "source": "test", "grade": "assumption", "expires": None, "phase_in_quarters": 0.0, **DAYS,
    "kind": "country_cap", "origins": ["us"], "h100e": {"mid": 1e12}, "chartered": [], "largest_share_abroad": None,
    "least_share_at_home": None, "allowances": {}, "small_orders_h100e": 0.0,
}  # fmt: skip
GULF: Values = {"destinations": ["mid"], "headquarters": ["mid"]}
IDLE = {
    "a wide cap": ("us", CAP),
    "a mandate for no orders": ("cn", {**CONTENT, "covered_share": 0.0}),
    "a mandate of nothing": ("cn", {**CONTENT, "least_share": 0.0, "removed_below": 0.0}),
    "a ratio for no orders": ("cn", RATIO),
    "a wide quota": ("us", rule(treatment="licence", licence=licence(cards_per_quarter=1e12), **GULF, **DAYS)),
    "a licence for all that ask": (
        "us",
        rule(treatment="licence", licence=licence(), prongs=faster_than(4800.0), **DAYS),
    ),
    "a licence for all abroad": ("us", rule(treatment="licence", licence=licence(), **GULF, **DAYS)),
    "a line out of reach": ("us", rule(prongs=faster_than(1e7), **DAYS)),
}

OUTCOMES = tuple(name for name in MODEL_TABLES if name not in {"entities", "events", "rules"})


@cache
def history() -> Values:
    words = f"customers.enterprises={ENTERPRISES}", "market.end=2028Q2", "policy=history"
    return compose(*words).parameters.model_dump(mode="json")


@cache
def outcomes(name: str | None) -> dict[str, Any]:
    values = history()
    if name is not None:
        government, terms = IDLE[name]
        rules = {**values["policy"], government: {**values["policy"][government], "idle": terms}}
        values = {**values, "policy": rules}
    return ComputeMarket(Parameters.from_mapping(values), 1).run().tables(OUTCOMES)


@pytest.mark.parametrize("name", IDLE)
def test_what_does_not_bind_changes_no_outcome_beside_the_rules_of_history(name: str) -> None:
    without, beside = outcomes(None), outcomes(name)
    for table in OUTCOMES:
        for column, values in without[table].items():
            same = np.array_equal(values, beside[table][column], equal_nan=values.dtype == np.float64)
            assert same, f"{table}.{column}"
