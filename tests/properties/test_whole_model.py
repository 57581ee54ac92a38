"""Properties of the whole model: names, order and units mean nothing, equal firms stay equal, one seed is one path."""

import numpy as np
import pytest

from experiments.verification.invariance import SHORT, Rows, rows_of
from sim import ComputeMarket, Parameters
from tests.economy import GONE, Changes, Numbers, Values, baseline, before_and_after_service, changed, column


def run(values: Values, seed: int = 1) -> ComputeMarket:
    """Return a finished run of plain values."""
    return ComputeMarket(Parameters.from_mapping(values), seed).run()


def model_of(changes: Changes = SHORT, seed: int = 1) -> ComputeMarket:
    """Return a finished run of the baseline with changes."""
    return run(changed(baseline(), {**SHORT, **changes}), seed)


def assert_alike(mine: Rows, other: Rows) -> None:
    """Check that two sets of rows have the same keys and, within 1e-9, the same numbers."""
    assert mine.keys() == other.keys()
    for key, numbers in mine.items():
        for name, value in numbers.items():
            assert other[key][name] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), (key, name)


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
