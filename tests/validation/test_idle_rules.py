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
    "a licence with a wide quota for what others license": (
        "us",
        rule(treatment="licence", licence=licence(cards_per_quarter=1e12), announced="2025-01-01"),
    ),
    "a ban on cards that nobody takes, within a quarter": (
        "us",
        rule(only_chips=["a100", "h100"], announced="2025-11-01", effective="2026-02-14"),
    ),
    "a line out of reach": ("us", rule(prongs=faster_than(1e7), **DAYS)),
}

OUTCOMES = tuple(name for name in MODEL_TABLES if name not in {"entities", "events", "rules"})


@cache
def history() -> Values:
    words = f"customers.enterprises={ENTERPRISES}", "market.end=2028Q2", "policy=history"
    return compose(*words).parameters.model_dump(mode="json")


@cache
def outcomes(name: str | None) -> dict[str, Any]:
    policy = history()["policy"]
    if name is not None:
        government, terms = IDLE[name]
        policy = {**policy, government: {**policy[government], "idle": terms}}
    return tables(policy, OUTCOMES)


def tables(policy: Values, names: tuple[str, ...]) -> dict[str, Any]:
    parameters = Parameters.from_mapping({**history(), "policy": policy})
    return ComputeMarket(parameters, 1).run().tables(names)


def differing(one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    return [
        f"{table}.{column}"
        for table in OUTCOMES
        for column, values in one[table].items()
        if not np.array_equal(values, two[table][column], equal_nan=values.dtype == np.float64)
    ]


@pytest.mark.parametrize("name", IDLE)
def test_what_does_not_bind_changes_no_outcome_beside_the_rules_of_history(name: str) -> None:
    assert differing(outcomes(None), outcomes(name)) == []


def test_what_history_lists_as_never_bound_can_be_taken_away() -> None:
    """Rules that ask to be told are among them, unless makers cut cards below their lines: by these they bound."""
    policy = history()["policy"]
    listed = tables(policy, ("events", "rules"))
    idle = set(listed["events"]["detail"][listed["events"]["event"] == "rule_never_bites"].tolist())
    assert {"us_2023_10_abroad", "us_2025_01_foundry"} <= idle
    assert "us_2023_10_b" not in idle
    assert differing(outcomes(None), tables(taken_away(policy, idle), OUTCOMES)) == []


def test_a_notice_binds_by_the_cards_that_are_cut_for_it() -> None:
    policy = history()["policy"]
    rules = tables(policy, ("rules",))["rules"]
    mine = rules["rule"] == "us_2023_10_b"
    assert rules["shaped_h100e"][mine].sum() > 0.0
    assert not rules["quantity_bound"][mine].any()
    assert differing(outcomes(None), tables(taken_away(policy, {"us_2023_10_b"}), OUTCOMES)) != []


def taken_away(policy: Values, names: set[str]) -> Values:
    """Return the policy without some rules, named by no other."""
    found = {}
    for government, rules in policy.items():
        kept = {name: terms for name, terms in rules.items() if name not in names}
        found[government] = {
            name: {**terms, "overrides": [x for x in terms["overrides"] if x not in names]}
            if "overrides" in terms
            else terms
            for name, terms in kept.items()
        }
    return found
