"""Firms that cannot pay leave the market and nothing of theirs is lost; others come in where it pays."""

import numpy as np
import pytest

from sim import ComputeMarket
from sim.economics.workloads import OUTSIDE
from sim.ledger import Transfer
from sim.phases import turnover
from sim.state import State
from tests.economy import LONG, Changes, parameters, ran

LATE: Changes = {"market.end": "2025Q4", "finance.entry.name": "none"}
EAGER: Changes = {
    "finance.entry.npv.hurdle": 0.0,
    "finance.entry.npv.chance": 1.0,
    "finance.entry.npv.capital_usd_m": 2e3,
}


def failing(name: str, changes: Changes) -> tuple[ComputeMarket, int]:
    """Return a market before the second quarter in which firms decide, and the row of a firm that cannot pay."""
    model = ComputeMarket(parameters({**LATE, **changes}), 1)
    while model.world.t <= model.world.structure.history:
        model.step()
    i = model.world.structure.providers.index(name)
    loss = model.world.state.cash[i] + 500.0
    model.world.state.cash[i] -= loss
    model.world.state.net_worth[i] -= loss
    return model, i


def halls(state: State) -> float:
    """Return MW of halls, finished or not, of everybody."""
    mine = state.opening_mw.sum() + state.begun_mw.sum() + state.converting_mw.sum()
    return float(mine + state.elsewhere_mw.sum())


@pytest.mark.parametrize("granularity", ["agents", "cells"])
@pytest.mark.parametrize("name", ["oracle", "neocloud", "volcano"])
def test_a_firm_that_cannot_pay_leaves_and_what_it_had_stands_elsewhere(name: str, granularity: str) -> None:
    model, i = failing(name, {"customers.granularity": granularity})
    world, state = model.world, model.world.state
    cards = state.cards.sum(axis=(0, 2)) + state.elsewhere_cards.sum(axis=(0, 2))
    mw = halls(state)
    world.ledger.clear()
    turnover.run(world)
    mine = world.links.site_provider == i
    np.testing.assert_allclose(state.cards.sum(axis=(0, 2)) + state.elsewhere_cards.sum(axis=(0, 2)), cards, rtol=1e-9)
    assert halls(state) == pytest.approx(mw)
    assert not state.cards[mine].any()
    assert not state.owned[mine].any()
    assert (state.cash[i], state.debt[i]) == (0.0, 0.0)
    assert world.ledger.balances().sum() == pytest.approx(0.0, abs=1e-6)
    assert world.now.arrays["written_off"][i] >= 0.0


@pytest.mark.parametrize("granularity", ["agents", "cells"])
def test_the_market_goes_on_without_it(granularity: str) -> None:
    model, i = failing("neocloud", {"customers.granularity": granularity})
    model.run()
    tables = model.tables(["events", "entities", "firms", "providers"])
    events = tables["events"]
    gone = (events["event"] == "exit") & (events["who"] == "neocloud")
    assert events["quarter"][gone].tolist() == ["2025Q2"]
    entities = tables["entities"]
    assert entities["exit_quarter"][entities["name"] == "neocloud"].tolist() == ["2025Q2"]
    sold = tables["providers"]
    late = (sold["provider"] == "neocloud") & (sold["quarter"] >= "2025Q2")
    assert np.nansum(sold["served_h100e"][late]) == 0.0
    assert np.nansum(sold["revenue_usd_m"][late]) == 0.0
    rows = model.world.workloads
    tied = model.world.links.pair_provider[rows.pair[rows.pair > OUTSIDE]]
    assert not (tied == i).any()


def test_bidders_pay_what_the_estate_gets() -> None:
    model, i = failing("oracle", {})
    model.world.ledger.clear()
    turnover.run(model.world)
    flows = model.world.ledger.financial[Transfer.ASSETS]
    assert flows[i] > 0.0
    assert (np.delete(flows, i) <= 0.0).all()
    assert flows.sum() >= -1e-9, "owners elsewhere pay the rest"


def test_firms_come_in_where_it_pays_one_a_region_and_quarter() -> None:
    model = ran({**LONG, **EAGER})
    events = model.tables(["events"])["events"]
    entries = events["event"] == "entry"
    assert entries.sum() >= 1
    places = list(zip(events["quarter"][entries], events["detail"][entries], strict=True))
    assert len(set(places)) == len(places)
    entrants = model.world.structure.parameters.providers
    assert all(entrants[name].kind == "dormant" for name in events["who"][entries])
    world = model.world
    assert not any(world.state.first_build[world.state.selling[world.structure.site_provider] == 0.0])


def test_entrants_build_and_sell() -> None:
    model = ran({"market.end": "2028Q4", **EAGER})
    came = np.flatnonzero(model.world.state.entered)
    assert model.record["provider_revenue"][-1][came].sum() > 0.0


@pytest.mark.parametrize(
    "change", [{"finance.entry.name": "none"}, {"finance.entry.npv.hurdle": 100.0}, {"finance.credit.covenant": 0.1}]
)
def test_nobody_comes_in_where_entry_is_off_does_not_pay_or_finds_no_credit(change: Changes) -> None:
    model = ran({**LONG, **EAGER, **change})
    assert not model.world.state.entered.any()


def test_who_may_never_come_in_is_nowhere_in_the_market() -> None:
    closed, asleep = (ran({"finance.entry.name": name}) for name in ("none", "npv"))
    assert len(closed.world.structure.products) < len(asleep.world.structure.products)
    assert np.array_equal(closed.record["provider_revenue"], asleep.record["provider_revenue"])
