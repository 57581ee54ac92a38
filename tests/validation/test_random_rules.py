"""V18 for rules of any kind: what is listed as never bound moves no outcome, value for value."""

from random import Random

import pytest

from tests.rules import Values, faster_than, licence, rule
from tests.validation.test_idle_rules import differing, history, outcomes, tables

WHOLE: Values = {"label": "x", "source": "test", "grade": "assumption", "expires": None, "phase_in_quarters": 0.0}
SEEDS = range(24)
"""Half of these draw a rule that binds nobody."""
REGIONS = ("us", "ally", "mid", "cn")


def drawn(draw: Random) -> tuple[str, Values]:
    """Return a government and one of its instruments, of any kind and of any reach."""
    a = draw.choice(["2022-03-01", "2024-11-01", "2025-02-10", "2026-03-15"])
    days = {"announced": a, "effective": max(a, draw.choice(["2022-06-01", "2025-01-01", "2025-07-01", "2027-01-01"]))}
    whole: Values = {**WHOLE, **days}
    part, share = draw.choice([0.0, 0.5]), draw.choice([0.0, 0.5, 1.0])
    chip = _on_cards(draw, days)
    stage = {"output": draw.choice([1.0, 0.9, 1.2]), "price": 1.0, "growth": 0.0, "imports_banned": part}
    ban = {"denser_than_gb_s_mm2": None, "tools_banned": 0.5 - part, "servicing_banned": 0.0, "cost_usd_m": 0.0}
    cap: Values = {"chartered": [], "largest_share_abroad": None, "least_share_at_home": None, "allowances": {}}
    mandate = {"destinations": ["cn"], "domestic": ["cn"], "buyers": None, "covered_share": share}
    kinds: list[tuple[str, Values]] = [
        *(("us", chip) for _ in range(6)),
        ("us", {**whole, "kind": "stage_rule", "side": "cn", "stages": ["memory"], **stage, **ban}),
        ("cn", {**whole, "kind": "subsidy", "regions": ["us"], "makers": ["cn"], "power": 0.1, "cards": part,
                "capital": 0.0}),
        ("allies", {**whole, "kind": "credit_shock", "headquarters": ["mid"], "risk_free_rate": 0.02, "spread": 0.0,
                    "covenant": 1.0}),
        ("us", {**whole, "kind": "country_cap", "origins": ["us"], "h100e": {"mid": draw.choice([1e3, 1e9])}, **cap,
                "small_orders_h100e": 0.0}),
        ("cn", {**whole, "kind": "buy_ratio", **mandate, "foreign_per_domestic": draw.choice([0.0, 100.0])}),
        ("cn", {**whole, "kind": "domestic_content", **mandate, "least_share": 0.3, "removed_below": 0.3}),
    ]  # fmt: skip
    return draw.choice(kinds)


def _on_cards(draw: Random, days: Values) -> Values:
    treatment = draw.choice(["deny", "licence", "notify"])
    terms = licence(approval=draw.choice([0.3, 1.0]), duty=0.2, cards_per_quarter=draw.choice([None, 1e3, 1e12]))
    lines = draw.choice([{}, *map(faster_than, (500.0, 4800.0, 15000.0, 1e6))])
    reach = {"destinations": [draw.choice(REGIONS)], "headquarters": draw.choice([["cn"], ["mid"], []])}
    return rule(
        treatment=treatment, licence=terms if treatment == "licence" else None, prongs=lines, **reach, **days,
        origins=draw.choice([["us"], ["cn"], None]), covered_share=draw.choice([1.0, 0.1]),
        only_chips=draw.choice([None, ["h100"], ["a100"]]),
    )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rule_that_is_listed_as_never_bound_moves_nothing(seed: int) -> None:
    government, terms = drawn(Random(seed))
    policy = history()["policy"]
    policy = {**policy, government: {**policy[government], "x": terms}}
    events = tables(policy, ("events",))["events"]
    idle = events["detail"][events["event"] == "rule_never_bites"].tolist()
    if "x" in idle:
        assert differing(outcomes(None), tables(policy, tuple(outcomes(None)))) == []
