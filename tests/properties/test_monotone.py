"""Monotone where theory says so, everything else as it was: prices, power, wafers, orders, credit, hurdles."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim import ComputeMarket
from sim.economics.building import slots_granted
from sim.economics.cells import LOG, condensed, respond
from sim.economics.chip_costs import bill_of_card
from sim.economics.filling import filled
from sim.economics.frontier import servable_fraction
from sim.economics.silicon import wafers_per_card
from sim.economics.slots import within_budget, worthwhile
from sim.economics.upstream import stage_grants
from sim.phases import investment
from sim.strategies.allocation import RULES, allocated
from sim.strategies.capacity_target import Sites, Stance, held_back, wanted_capacity
from sim.world import World
from tests.builders_pricing import random_cells
from tests.economy import Numbers, before, parameters

seeds = st.integers(0, 2**32 - 1)
amounts = st.floats(0.0, 1e5).map(lambda x: round(x, 3))
factors = st.floats(1.0, 10.0)
SLIGHT = 1e-9
"""Rounding, as a part of what is compared."""


def not_above(less: Numbers, more: Numbers) -> bool:
    """Return whether no element of the first exceeds that of the second by more than rounding."""
    return bool((less <= more + SLIGHT * (np.abs(more).max(initial=0.0) + 1e-3)).all())


@given(seeds, st.sampled_from([0.0, 0.3, 0.9]), st.integers(0, 6), factors)
def test_a_higher_price_never_raises_own_demand_nor_lowers_that_of_others(
    seed: int, rho: float, product: int, factor: float
) -> None:
    cells = random_cells(seed, form=LOG, rho=rho, intensive=0.4)
    demand, price = condensed(cells), np.random.default_rng(seed).uniform(0.5, 2.0, cells.nest.size)
    dearer = price.copy()
    dearer[product] *= factor
    before, after = respond(demand, price).quantity, respond(demand, dearer).quantity
    others = np.arange(price.size) != product
    assert not_above(after[product : product + 1], before[product : product + 1])
    assert not_above(before[others], after[others])


@given(arrays(np.float64, (4, 5), elements=amounts), arrays(np.float64, 2, elements=amounts), factors)
def test_more_grid_never_lowers_granted_power(requested: Numbers, grid: Numbers, factor: float) -> None:
    region, wait = np.array([0, 0, 1, 1]), np.array([1, 2])
    less, more = (slots_granted(requested, region, wait, x, 4) for x in (grid, grid * factor))
    assert not_above(less, more)
    assert not_above(more, requested)


@given(arrays(np.float64, 5, elements=amounts), arrays(np.float64, 5, elements=amounts), amounts, factors)
def test_more_to_share_out_lowers_nobodys_part(
    wanted: Numbers, weight: Numbers, available: float, factor: float
) -> None:
    assert not_above(filled(wanted, weight, available), filled(wanted, weight, available * factor))
    for rule in RULES.values():
        less, more = (allocated(wanted, x, rule, weight, wanted) for x in (available, available * factor))
        assert not_above(less, more)


@given(
    arrays(np.float64, (1, 3), elements=amounts),
    arrays(np.float64, (1, 3), elements=amounts),
    st.integers(0, 2),
    factors,
)
def test_more_of_a_stage_never_lowers_what_its_only_maker_makes(
    needed: Numbers, available: Numbers, stage: int, factor: float
) -> None:
    ample = available.copy()
    ample[0, stage] *= factor
    one, free, all_ = np.zeros(1, np.int64), np.zeros(1, np.bool_), np.ones(1)
    less, more = (stage_grants(needed, needed, one, x, all_, free)[0] for x in (available, ample))
    assert not_above(less, more)


@given(arrays(np.float64, (3, 3), elements=amounts), arrays(np.float64, 3, elements=amounts), amounts, factors)
def test_more_wafers_never_lower_output_where_wafers_alone_are_short(
    needed: Numbers, standing: Numbers, wafers: float, factor: float
) -> None:
    side, ample = np.zeros(3, np.int64), needed.sum(axis=0) + 1.0
    made = []
    for each in (wafers, wafers * factor):
        available = np.array([[each, ample[1], ample[2]]])
        weights = np.repeat(standing[:, None], 3, axis=1)
        made.append(stage_grants(needed, weights, side, available, np.ones(3), np.zeros(3, np.bool_))[0])
    assert not_above(made[0], made[1])


@given(st.floats(50.0, 5000.0), st.floats(0.0, 5.0), st.floats(0.1, 20.0), factors)
def test_more_defects_never_make_a_card_take_fewer_wafers(
    area: float, defects: float, clustering: float, factor: float
) -> None:
    assert wafers_per_card(area, defects, clustering) <= wafers_per_card(area, defects * factor, clustering) + SLIGHT


@given(arrays(np.float64, 3, elements=amounts), arrays(np.float64, 3, elements=amounts), factors, st.floats(0.0, 1.0))
def test_dearer_inputs_never_make_a_card_cheaper(needs: Numbers, price: Numbers, factor: float, learned: float) -> None:
    assert bill_of_card(needs, price, 5.0, learned) <= bill_of_card(needs, price * factor, 5.0, learned) * (1 + SLIGHT)


@given(arrays(np.float64, (3, 2), elements=amounts), amounts, amounts, factors)
def test_more_cards_never_serve_less(kinds: Numbers, training: float, inference: float, factor: float) -> None:
    few, many = (servable_fraction(x, training, inference) for x in (kinds, kinds * factor))
    assert few <= many + SLIGHT


@given(arrays(np.float64, 4, elements=amounts), arrays(np.float64, 2, elements=amounts), factors)
def test_a_larger_budget_pays_for_no_less(cost: Numbers, budget: Numbers, factor: float) -> None:
    provider = np.array([0, 0, 1, 1])
    assert not_above(within_budget(cost, provider, budget), within_budget(cost, provider, budget * factor))


def _target(**changes: float) -> Numbers:
    """Return what two firms want where there is demand beyond capacity."""
    each = {
        "adjustment": 0.5, "hurdle": 1.0, "elasticity": 1.0, "scarcity": 0.5, "own_price": 2.0, "own_price_weight": 0.4,
        "own_price_clip": 0.35, "neglect": 0.3, "maximum_growth": 1.0, "imitation": 0.0, "price": 0.1, "growth": 0.2,
    } | changes  # fmt: skip
    price, growth = (np.full(2, each.pop(name)) for name in ("price", "growth"))
    known = Sites(
        np.array([0, 1]), np.zeros(2, np.int64), np.array([50.0, 40.0]), np.array([48.0, 41.0]), np.array([10.0, 20.0]),
        np.array([80.0, 40.0]), np.array([5.0, 0.0]), np.array([0.6, 0.4]), np.array([0.1, -0.1]),
    )  # fmt: skip
    return wanted_capacity(known, Stance(*(np.full(2, x) for x in each.values())), growth, price, 1)


@given(
    st.sampled_from([("hurdle", -1), ("neglect", 1), ("price", 1), ("growth", 1)]), st.floats(0.01, 1.0),
    st.floats(0.0, 0.5),
)  # fmt: skip
def test_what_is_wanted_moves_with_hurdles_and_hopes(lever: tuple[str, int], low: float, more: float) -> None:
    name, sign = lever
    before, after = _target(**{name: low}), _target(**{name: low + more})
    assert not_above(*((before, after) if sign > 0 else (after, before)))


@given(st.floats(-2.0, 2.0), st.floats(0.0, 2.0), st.floats(0.1, 5.0), st.floats(0.1, 20.0))
def test_higher_prices_never_hold_starts_or_orders_back(price: float, more: float, hurdle: float, steep: float) -> None:
    low, high, hurdles = np.array([price]), np.array([price + more]), np.array([hurdle])
    ten, own = np.array([10.0]), np.array([3.0])
    held, let_go = (worthwhile(math.exp(at), 1.0, hurdle, steep) for at in (price, price + more))
    assert not_above(np.array([held]), np.array([let_go]))
    assert not_above(held_back(ten, low, own, ten, hurdles, steep), held_back(ten, high, own, ten, hurdles, steep))


def _begun(world: World) -> Numbers:
    """Return MW begun so far by region (R,), conversions included."""
    begun = world.state.begun_mw.sum(axis=1) + world.state.converting_mw.sum(axis=1)
    return np.bincount(world.links.site_region, begun, len(world.structure.regions)).astype(np.float64)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.2])
def test_tighter_credit_never_raises_starts_at_the_same_state(kept: float) -> None:
    """What a firm cannot pay for may go to others of its region, but never makes more of it in all."""
    model, lowered = ComputeMarket(parameters({"market.history_end": "2022Q4", "market.end": "2023Q4"}), 1), 0
    for world in before(model, "investment"):
        squeezed, free = copy.copy(world), copy.copy(world)
        for each, share in ((squeezed, kept), (free, 1.0)):
            each.state, each.now = copy.deepcopy(world.state), copy.deepcopy(world.now)
            each.state.budget *= share
            investment.run(each)
        assert not_above(_begun(squeezed), _begun(free))
        lowered += int((_begun(squeezed) < _begun(free) - 1e-6).any())
    assert lowered > 0
