"""What phases hand to one another: what is wanted, needed, held and paid, seen in the middle of a quarter."""

import copy

import numpy as np
import pytest

from sim import ComputeMarket
from sim.economics.forecasts import FUNDAMENTAL
from sim.parameters.customers import Switching
from sim.phases import expectations, output
from sim.population.parcels import draws_of
from sim.structure import IAAS, INFERENCE, MAAS
from sim.world import World
from tests.economy import Changes, Numbers, before, parameters, ran

AFTER: Changes = {"market.history_end": "2022Q4", "market.end": "2024Q4"}
"""Two years in which firms decide."""


def market(changes: Changes = AFTER) -> ComputeMarket:
    return ComputeMarket(parameters(changes), 1)


def copied(world: World) -> World:
    """Return the market with a state, a quarter and a ledger of its own."""
    other = copy.copy(world)
    other.state, other.now = copy.deepcopy(world.state), copy.deepcopy(world.now)
    other.ledger = copy.deepcopy(world.ledger)
    return other


def test_cards_in_place_are_those_of_before_and_new_ones_less_what_went() -> None:
    """Also where old cards give way to new ones."""
    owned, displaced = None, 0.0
    for world in before(market({**AFTER, "behaviour.orders.refill_rate": 1.0}), "demand"):
        state = world.state
        if owned is not None:
            np.testing.assert_allclose(
                state.owned, owned + world.now.arrays["installed"] - state.lost_cards, rtol=1e-9, atol=1e-6
            )
        owned = state.owned.copy()
        displaced += state.may_go.sum()
    assert displaced > 0.0


def test_more_building_lowers_the_prices_that_the_own_model_of_the_market_expects() -> None:
    seen = 0
    for world in before(market(), "expectations"):
        more, plain = copied(world), copied(world)
        more.state.begun_mw *= 3.0
        for each in (more, plain):
            expectations.run(each)
        regions = len(world.structure.regions)
        lower, usual = more.state.ahead[regions:, FUNDAMENTAL], plain.state.ahead[regions:, FUNDAMENTAL]
        assert (lower <= usual).all()
        np.testing.assert_array_equal(more.state.ahead[:regions], plain.state.ahead[:regions])
        seen += int((lower < usual).sum())
    assert seen > 0


def test_nobody_gets_more_cards_than_it_needs_however_many_it_ordered() -> None:
    rule = {"behaviour.allocation.name": "proportional", "behaviour.allocation.inflation": 5.0}
    short: Changes = {**AFTER, **rule, "suppliers.*.foundry_access": 0.3}
    inflated = 0
    for world in before(market(short), "investment"):
        if "needed" in world.now.arrays and world.t + 1 >= world.structure.history:
            assert (world.state.accepted <= world.now.arrays["needed"] * (1.0 + 1e-12)).all()
            inflated += int((world.state.ordered > 1.5 * world.now.arrays["needed"]).sum())
    assert inflated > 0


def test_own_use_is_at_most_what_is_wanted_and_what_was_there_before_new_demand() -> None:
    for world in before(market(), "output"):
        state, now = world.state, world.now.arrays
        assert (state.own_use <= now["own_use_wanted"] * (1.0 + 1e-12)).all()
        inference = now["before_new"][INFERENCE::2]
        assert (state.own_use <= inference * (1.0 + 1e-12)).all()
        assert (now["before_new"] <= state.load * (1.0 + 1e-9) + 1e-9).all()
        assert inference.sum() > 0.0


def test_other_cost_of_tokens_is_per_million() -> None:
    """A dollar more per M tokens is a thousand more per bn."""
    sold = 0.0
    for world in before(market({**AFTER, "market.start": "2024Q1", "market.history_end": "2024Q4"}), "output"):
        dearer, plain = copied(world), copied(world)
        dearer.links = copy.copy(world.links)
        dearer.links.other_cost = world.links.other_cost + 1.0
        for each in (dearer, plain):
            output.run(each)
        tokens = dearer.state.cumulative_tokens - world.state.cumulative_tokens
        more = dearer.now.arrays["operating_usd_m"] - plain.now.arrays["operating_usd_m"]
        np.testing.assert_allclose(more, tokens * 1000.0 / 1e6, rtol=1e-6, atol=1e-9)
        sold += tokens.sum()
    assert sold > 0.0


def test_the_common_path_of_software_is_the_sum_of_its_growth() -> None:
    start = parameters(AFTER).market.technology.tokens_m_per_h100e_hour
    path = [float(world.state.reference_tokens[0]) for world in before(market(), "deliveries")]
    assert path[0] == pytest.approx(start)
    assert path[1] / path[0] > path[-1] / path[-2] > 1.0


def test_margins_of_makers_are_revenue_less_what_their_cards_cost() -> None:
    tables = ran(AFTER).tables(["chips", "suppliers"])
    chips, suppliers = tables["chips"], tables["suppliers"]
    margin = chips["shipped_cards"] * (chips["price_usd"] - chips["unit_cost_usd"]) / 1e6
    for name in ("nvidia", "huawei_ascend"):
        for quarter in ("2022Q2", "2023Q2", "2024Q4"):
            mine = (chips["supplier"] == name) & (chips["quarter"] == quarter)
            row = (suppliers["supplier"] == name) & (suppliers["quarter"] == quarter)
            assert suppliers["gross_margin_usd_m"][row] == pytest.approx(margin[mine].sum(), rel=1e-9)


def test_customers_hold_their_share_of_their_region() -> None:
    for world in before(market(), "pricing"):
        customers = world.customers
        enterprises = customers.region.size - world.links.lab_of_row.size
        held = world.workloads.volume.reshape(-1, world.slots).sum(axis=1)
        wanted = world.state.potential[customers.region] * customers.share
        np.testing.assert_allclose(held[:enterprises], wanted[:enterprises], rtol=1e-9)


def test_workloads_of_one_customer_are_drawn_one_by_one() -> None:
    """In the first quarter a customer holds training and inference, not all of a kind."""
    world = next(before(market({**AFTER, "customers.labs": {}}), "pricing"))
    inference = (world.workloads.cell // 2 % 2).reshape(-1, world.slots)
    train = 1.0 - inference.mean()
    mixed = np.mean(inference.min(axis=1) != inference.max(axis=1))
    slots = world.slots
    assert mixed == pytest.approx(1.0 - train**slots - (1.0 - train) ** slots, abs=0.1)


def test_who_was_with_a_provider_that_left_is_free_at_once() -> None:
    world = next(before(market(), "orders"))
    rows, gone = world.workloads, np.zeros(len(world.structure.providers), dtype=np.bool_)
    gone[world.structure.providers.index("aws")] = True
    with_it = (rows.pair >= 0) & gone[world.links.pair_provider[np.maximum(rows.pair, 0)]]
    others = rows.pair[~with_it].copy()
    assert with_it.any()
    world.population.release(world, gone)
    assert not rows.tasks[with_it].any()
    assert (rows.pair[with_it] < -1).all()
    np.testing.assert_array_equal(rows.pair[~with_it], others)


@pytest.mark.parametrize("longer_first", [False, True])
def test_terms_of_the_limit_are_those_that_customers_draw(longer_first: bool) -> None:
    switching: Switching = parameters({}).customers.switching
    draws = draws_of(switching, 0.3, longer_first)
    shares: Numbers = np.einsum("q,qst->st", draws.weight, draws.term)
    one, three, maas = switching.one_year_share, switching.three_year_share, switching.maas_reserved_share
    np.testing.assert_allclose(shares[IAAS], [1.0 - one - three, one, three], rtol=1e-12)
    np.testing.assert_allclose(shares[MAAS], [1.0 - maas, maas, 0.0], rtol=1e-12)
