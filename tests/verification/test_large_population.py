"""Customers one by one approach the large-population limit (V9 at length), and the limit keeps what it must."""

import numpy as np
import pytest
from pydantic import ValidationError

from experiments.verification.demand import CELLS, EQUAL, distance, gap, shares
from sim import ComputeMarket, Parameters
from sim.economics.parcels import TERMS
from sim.population import Parcels
from tests.economy import Changes, baseline, changed, column, parameters, quarters, ran

SCARCE: Changes = {"customers.sizes.cap_share": 1e-9, "market.end": "2023Q4", "customers.demand.*.shock_sd": 0.0}
LAST = "2030Q4"


def test_no_pool_is_full_where_there_are_cards_to_spare() -> None:
    for changes in (CELLS, {"customers.enterprises": 250}):
        assert column(ran({**EQUAL, **changes}), "providers", "unmet_h100e").max() == 0.0


@pytest.mark.slow
def test_the_distance_to_the_limit_falls_with_the_root_of_the_population() -> None:
    counts = np.array([250, 1000, 4000, 16000])
    slope = np.polyfit(np.log(counts), np.log([gap(int(n), 12) for n in counts]), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.15)


@pytest.mark.slow
def test_without_a_cap_on_renewals_only_sampling_is_left() -> None:
    """With no cap that binds the mean of three seeds lies within a fifth of a point.

    The quarter in which token products are first sold is left out: rounds of best response end there before prices have
    settled, so that a small difference of demand makes a large one of prices.
    """
    free = {**EQUAL, "customers.switching.escalation": 100.0, "market.end": "2023Q1"}
    many = [shares(ran({**free, "customers.enterprises": 64000}, seed)) for seed in (1, 2, 3)]
    assert distance(np.mean(many, axis=0), shares(ran({**free, **CELLS}))) < 0.002


def test_without_a_common_shock_the_limit_knows_no_seed() -> None:
    tables = [ran({**CELLS, "customers.demand.*.shock_sd": 0.0}, seed).tables() for seed in (1, 2)]
    for name, columns in tables[0].items():
        for key, values in columns.items():
            np.testing.assert_array_equal(values, tables[1][name][key], err_msg=f"{name}.{key}")
    shaken = [shares(ran(CELLS, seed)) for seed in (1, 2)]
    assert distance(*shaken) > 0.0, "the common shock stays"


@pytest.mark.parametrize("rule", ["lottery", "reservations"])
def test_volumes_and_hours_are_kept_where_pools_are_full(rule: str) -> None:
    """The audit holds every quarter; beside it, every hour of first choice ends somewhere."""
    refused = 0.0
    for market in quarters({**CELLS, "behaviour.rationing.name": rule}):
        held, wanted = market.population.volumes(market)
        np.testing.assert_allclose(held, wanted, rtol=1e-12)
        now = market.now.arrays
        np.testing.assert_allclose(now["flow"][:, 0], now["flow"][:, 1:].sum(axis=1), rtol=1e-12)
        refused += now["unmet"].sum()
        assert min(now[name].min() for name in ("first", "unmet", "taken", "paid", "waiting", "flow")) >= 0.0
    assert refused > 0.0, "pools must have been full"


def test_every_hour_of_first_choice_ends_somewhere() -> None:
    model = ran(CELLS)
    chosen = model.record["chosen"]
    for t, found in enumerate(model.record.diversions):
        ends = np.zeros((*chosen.shape[1:], len(model.world.structure.providers) + 4))
        ends.ravel()[found.place] = found.asked
        np.testing.assert_allclose(ends.sum(axis=2), chosen[t], rtol=1e-9, atol=1e-9 * chosen[t].max())


def test_without_ties_nests_and_tastes_shares_are_the_plain_logit() -> None:
    taste = {"customers.demand.*.tastes": {"cuda_native": 1.0}, "customers.nest_dissimilarity": 0.0}
    free = {"customers.switching.cost_iaas": 0.0, "customers.switching.cost_maas": 0.0}
    market = next(iter(quarters({**EQUAL, **CELLS, **taste, **free})))
    links, now = market.links, market.now
    weight, outside = 1.0 / now.arrays["inverse_weight"], np.exp(now.arrays["outside"])
    denominator = outside + np.bincount(links.pair_cell, weight, outside.size)
    mass = np.zeros(outside.size)
    for b, cell in enumerate(market.structure.cells):
        region, name = market.structure.regions[cell.region], market.structure.tastes[cell.taste]
        demand = market.parameters.customers.demand[region]
        training = market.paths.training_share[market.t - 1, cell.region]
        bound = demand.bound_share_inference if cell.workload else demand.bound_share_training
        mass[b] = market.state.potential[cell.region] if name == "cuda_native" else 0.0
        mass[b] *= (1.0 - training if cell.workload else training) * (bound if cell.bound else 1.0 - bound)
    hours = mass[links.pair_cell] * weight / denominator[links.pair_cell] * now.hours * now.intensity
    expected = np.zeros_like(now.arrays["first"])
    np.add.at(expected, (links.cell_region[links.pair_cell], links.pair_product), hours)
    np.testing.assert_allclose(now.arrays["first"], expected, rtol=1e-11, atol=1e-9)


def test_bids_need_customers_one_by_one() -> None:
    values = changed(baseline(), {**CELLS, "behaviour.rationing.name": "bids"})
    with pytest.raises(ValidationError, match=r"behaviour\.rationing\.name = 'bids': bids rank customers one by one"):
        Parameters.from_mapping(values)


def test_labs_sign_the_contracts_in_force() -> None:
    cards = {key: value for key, value in EQUAL.items() if key != "customers.labs"}
    market = next(iter(quarters({**cards, **CELLS})))
    people, signed = market.population, 0
    assert isinstance(people, Parcels)
    for y, kind in enumerate(people.kinds):
        for d, contract in enumerate(market.links.lab_contracts[kind.lab] if kind.lab >= 0 else []):
            segments = people.layout.start[2 * y], people.layout.start[2 * y + 2]
            held = people.stock.volume[slice(*segments), TERMS + d].sum()
            due = contract.share if contract.since < market.t <= contract.until + 1 else 0.0
            assert held == pytest.approx(due * market.state.lab_potential[kind.lab], rel=1e-12)
            signed += due > 0.0
    assert signed > 0


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["lottery", "reservations"])
def test_many_enterprises_meet_scarcity_as_the_limit_does(rule: str) -> None:
    """Full pools, labs by contract, backlog, rho = 0.7: what the limit leaves out moves less than a point of share."""
    rationed = {**SCARCE, "behaviour.rationing.name": rule}
    many, limit = (
        ran({**rationed, **x}) for x in ({"customers.enterprises": 30000, "customers.lab_teams": 1000}, CELLS)
    )
    assert distance(shares(many), shares(limit)) < 0.01
    unmet = [column(x, "market", "unmet_share", region="world") for x in (many, limit)]
    np.testing.assert_allclose(unmet[0], unmet[1], atol=0.02)


@pytest.mark.slow
def test_the_whole_baseline_lies_within_the_band_of_its_draws() -> None:
    """Shares at the ends of years to 2030: within the range of 20 seeds for at least four provider-years of five."""
    whole = {"customers.enterprises": 2000, "market.end": LAST}
    years = slice(3, None, 4)
    band = np.stack([shares(ComputeMarket(parameters(whole), seed).run())[years] for seed in range(1, 21)])
    limit = shares(ran({**whole, **CELLS}))[years]
    inside = (band.min(axis=0) <= limit) & (limit <= band.max(axis=0))
    sells = band.max(axis=0) > 0.0
    assert inside[sells].mean() >= 0.8
