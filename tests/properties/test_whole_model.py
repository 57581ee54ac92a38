"""Properties of the whole model: names, order and units mean nothing, equal firms stay equal, one seed is one path."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim import ComputeMarket, Parameters
from sim.world import ground_of
from tests.drafts import SHORT
from tests.economy import GONE, Changes, Numbers, Times, Values, baseline, before_and_after_service, changed, column


def run(values: Values, seed: int = 1) -> ComputeMarket:
    """Return a finished run of plain values."""
    return ComputeMarket(Parameters.from_mapping(values), seed).run()


def model_of(changes: Changes = SHORT, seed: int = 1) -> ComputeMarket:
    """Return a finished run of the baseline with changes."""
    return run(changed(baseline(), {**SHORT, **changes}), seed)


Rows = dict[tuple[str, ...], dict[str, float]]
WORDS = (
    "quarter", "region", "site_region", "provider", "product", "workload", "supplier", "chip", "destination", "outcome",
    "horizon", "from", "to", "reason",
)  # fmt: skip
"""Columns that tell rows apart."""


def rows_of(model: ComputeMarket) -> Rows:
    """Return every number of every table by its key."""
    out: Rows = {}
    for table, columns in model.tables().items():
        keys = [columns[x] for x in WORDS if x in columns]
        numbers = {name: values for name, values in columns.items() if values.dtype.kind == "f"}
        for i, key in enumerate(zip(*keys, strict=True)):
            out[(table, *map(str, key))] = {name: float(values[i]) for name, values in numbers.items()}
    return out


def _one(key: tuple[str, ...], name: str) -> float:
    return 1.0


def assert_alike(mine: Rows, other: Rows, factor: Callable[[tuple[str, ...], str], float] = _one) -> None:
    """Check that two sets of rows have the same keys and, within 1e-9, the same numbers up to a factor by column."""
    assert mine.keys() == other.keys()
    for key, numbers in mine.items():
        for name, value in numbers.items():
            want = value * factor(key, name)
            assert other[key][name] == pytest.approx(want, rel=1e-9, abs=1e-9, nan_ok=True), (key, name)


def test_one_seed_gives_one_path_and_another_gives_another() -> None:
    first, again, other = rows_of(model_of()), rows_of(model_of()), rows_of(model_of(seed=2))
    assert json.dumps(list(first.items())) == json.dumps(list(again.items()))
    assert json.dumps(list(first.items())) != json.dumps(list(other.items()))


def _reversed(value: Any) -> Any:
    return {key: _reversed(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


def test_the_order_in_a_file_means_nothing_bit_for_bit() -> None:
    values = changed(baseline(), SHORT)
    first, other = run(values), run(_reversed(values))
    assert list(other.world.structure.tastes) == sorted(values["customers"]["tastes"])
    assert json.dumps(list(rows_of(first).items())) == json.dumps(list(rows_of(other).items()))


@pytest.mark.parametrize("what", ["providers", "chips", "suppliers", "rest_of_world", "leases"])
def test_the_position_of_an_entity_means_nothing(what: str) -> None:
    """Positions are row numbers, nothing else: here the order in which the reader puts keys is turned round."""
    values = changed(baseline(), SHORT)
    values[what] = {key: values[what][key] for key in reversed(values[what])}
    ground_of.cache_clear()
    turned = ComputeMarket(Parameters.model_validate_json(json.dumps(values)), 1).run()
    ground_of.cache_clear()
    assert list(getattr(turned.world.parameters, what)) == list(values[what])
    assert_alike(rows_of(model_of()), rows_of(turned))


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(x, names) for key, x in value.items()}
    if isinstance(value, list):
        return [_renamed(x, names) for x in value]
    return names.get(value, value) if isinstance(value, str) else value


def test_names_that_enter_no_draw_mean_nothing() -> None:
    """Chips and suppliers may be called anything, which turns their order round; labels too."""
    values = changed(baseline(), SHORT)
    ids = [x for x in (*values["chips"], *values["suppliers"]) if x not in values["market"]["stacks"]]
    names = {name: f"z{99 - i}-{name}" for i, name in enumerate(ids)}
    other = _renamed(values, names)
    for provider in other["providers"].values():
        provider["label"] = "somebody"
    mine = {tuple(names.get(x, x) for x in key): numbers for key, numbers in rows_of(run(values)).items()}
    assert_alike(mine, rows_of(run(other)))


MONEY: Changes = {
    "behaviour.make_or_buy.npv.design_cost_usd_m": 0.01,
    "chips.*.price_usd": 0.01,
    "market.regions.*.electricity_usd_per_kwh": 0.01,
    "market.regions.*.shell_cost_usd_m_per_mw": 0.01,
    "market.costs.operations_usd_per_card_hour": 0.01,
    "providers.*.models.other_cost_usd_per_m_tokens": 0.01,
    "providers.*.general_cloud.revenue_usd_m": 0.01,
    "providers.*.group.cash_flow_usd_m": 0.01,
    "providers.*.account.opening_cash_usd_m": 0.01,
    "providers.*.account.opening_debt_usd_m": 0.01,
    "suppliers.*.research.reference_usd_m": 0.01,
    "upstream.*.wafers.price_usd": 0.01,
    "upstream.*.packaging.price_usd": 0.01,
    "upstream.*.memory.price_usd": 0.01,
    "upstream.*.test_usd_per_card": 0.01,
    "finance.entry.npv.sunk_cost_usd_m": 0.01,
    "finance.entry.npv.capital_usd_m": 0.01,
}


def test_money_counted_in_hundreds_moves_no_quantity() -> None:
    def factor(key: tuple[str, ...], name: str) -> float:
        money = "usd" in name or "rmb" in name or (name == "value" and ("price" in key[1] or "usd" in key[1]))
        return 0.01 if money else 1.0

    cheap = model_of({key: Times(x) for key, x in MONEY.items()})
    assert_alike(rows_of(model_of()), rows_of(cheap), factor)


CARDS: Changes = {
    "behaviour.make_or_buy.npv.design_cost_usd_m": 1000.0,
    "providers.*.sites.*.opening_cards": 1000.0,
    "providers.*.sites.*.deliveries": 1000.0,
    "rest_of_world.*.opening_cards": 1000.0,
    "rest_of_world.*.deliveries": 1000.0,
    "providers.*.own_use.h100e": 1000.0,
    "providers.*.general_cloud.revenue_usd_m": 1000.0,
    "providers.*.group.cash_flow_usd_m": 1000.0,
    "providers.*.account.opening_cash_usd_m": 1000.0,
    "providers.*.account.opening_debt_usd_m": 1000.0,
    "upstream.*.wafers.capacity": 1000.0,
    "upstream.*.packaging.capacity": 1000.0,
    "upstream.*.memory.capacity": 1000.0,
    "upstream.*.memory.bank": 1000.0,
    "suppliers.*.research.reference_usd_m": 1000.0,
    "finance.entry.npv.sunk_cost_usd_m": 1000.0,
    "finance.entry.npv.capital_usd_m": 1000.0,
    "customers.labs.*.h100e": 1000.0,
    "customers.demand.*.initial_tasks_h100e": 1000.0,
    "market.technology.learning_scale_tokens_bn": 1000.0,
    "market.regions.*.grid_mw": 1000.0,
    "market.regions.*.trade_mw": 1000.0,
}


def test_an_economy_a_thousand_times_as_large_has_the_same_prices_and_shares() -> None:
    money = ("interest_rate", "appetite", "yield", "unit_cost")
    same = (
        "card_h100e",
        "share",
        "price",
        "hhi",
        "gap_at_cost",
        "utilisation",
        "lrmc",
        "per_",
        "residual",
        "index",
        *money,
    )

    def factor(key: tuple[str, ...], name: str) -> float:
        words = key[1].split(".")[0] if name == "value" else name
        return 1.0 if any(x in words for x in same) else 1000.0

    large = model_of({key: Times(x) for key, x in CARDS.items()})
    assert_alike(rows_of(model_of()), rows_of(large), factor)


def test_taking_away_who_sells_nothing_changes_nothing() -> None:
    closed: Changes = {"finance.entry.name": "none"}
    without = rows_of(model_of({**closed, "providers.entrant-us": GONE}))
    whole = rows_of(model_of(closed))
    mine = {key: numbers for key, numbers in whole.items() if not any("entrant-us" in x for x in key)}
    assert_alike(mine, without)


def test_taking_away_who_builds_for_itself_leaves_the_market_as_it_is() -> None:
    """Meta sells nothing, and cards up to 2024Q4 are observed: nobody feels that it is there."""
    tables = ("providers", "diverted")
    with_meta, without = (
        {key: numbers for key, numbers in rows_of(model_of(x)).items() if key[0] in tables}
        for x in ({"market.history_end": "2024Q4"}, {"market.history_end": "2024Q4", "providers.meta": GONE})
    )
    assert_alike(with_meta, without)


FIRMS = 4


def symmetric() -> Values:
    """Return a market of equal providers of one card in one region, with cards to spare."""
    values = changed(baseline(), {
        "customers.enterprises": 4000, "market.end": "2023Q4", "leases": {}, "rest_of_world": {}, "customers.labs": {},
        "customers.sizes.cap_share": 1e-6, "customers.home_bias": 0.0, "customers.demand.*.outside_utility": -40.0,
        "customers.demand.*.tastes": {"cuda_native": 1.0}, "market.cohorts.maximum_age_quarters": 80,
    })  # fmt: skip
    aws = {**values["providers"]["aws"], "models": None, "own_use": None, "order_mix": {"nvidia": 1.0}}
    site = {**aws["sites"]["us"], "opening_cards": {"a100": 1e8}, "deliveries": {}}
    values["providers"] = {f"firm-{i}": {**aws, "sites": {"us": site}} for i in range(FIRMS)}
    values["customers"]["demand"] = {"us": {**values["customers"]["demand"]["us"], "enterprise_share": 1.0}}
    values["suppliers"] = {k: {**x, "sells_to": None} for k, x in values["suppliers"].items()}
    return values


def test_equal_firms_have_equal_shares_and_prices() -> None:
    """Of 192,000 equal workloads a quarter has a standard deviation of 0.1 points; prices part by who holds whom.

    Twenty rounds of best response bring prices to equilibrium, so that no unfinished solution is seen here.
    """
    form = "behaviour.pricing.best_response"
    settled = {"customers.enterprises": 64000, f"{form}.rounds": 20, f"{form}.tolerance": 0.0}
    model = run(changed(symmetric(), settled))
    posted = model.record["posted"]
    gaps = np.ptp(np.log(posted.reshape(posted.shape[0], FIRMS, -1)), axis=1)
    assert gaps[0].max() < 1e-9
    assert gaps.max() < 0.02
    shares: Numbers = column(model, "providers", "share_compute", region="world", product="all", workload="all")
    assert np.abs(shares - 1.0 / FIRMS).max() < 0.015


def test_equal_firms_with_high_switching_costs_lose_nobody() -> None:
    tied = {"customers.switching.cost_iaas": 50.0, "customers.switching.new_workload_fraction": 1.0}
    for market, stood in before_and_after_service(tied, values=symmetric()):
        provider, known = market.links.pair_provider, stood.pair >= 0
        assert np.array_equal(provider[market.workloads.pair[known]], provider[stood.pair[known]])
    assert known.all()


def test_a_fleet_that_retires_to_the_last_card_is_gone() -> None:
    """What rounding leaves in the running account of cards is no card, and stops no run."""
    model = model_of({"market.cohorts.maximum_age_quarters": 1, "upstream.*.wafers.capacity": 0.0})
    assert model.record["owned"][3].sum() > 0.0
    assert model.record["owned"][-1].sum() == 0.0
    assert column(model, "market", "served_h100e", region="world")[-1] == 0.0
