"""Phase 5: what customers see, what firms expect of them, wanted prices, posted prices (B1, B2)."""

import numpy as np

from sim.economics.cells import LOG, Bools, Cells, Floats
from sim.economics.elementary import sum_by
from sim.economics.frontier import tangents
from sim.economics.menus import own_cards, task_units, units_at_unit_price, usage_at, utility_before_price
from sim.economics.potential import observe_hours
from sim.economics.pricing import Offers, Solution, solve
from sim.economics.supply import (
    capacity_left,
    capacity_use,
    move_prices,
    pool_costs,
    price_ceilings,
    reckoned_costs,
    unit_costs,
)
from sim.parameters.behaviour import BestResponse, Equilibrium
from sim.phases import own_use
from sim.structure import INFERENCE
from sim.world import World

OPENING_ROUNDS = 2000
OPENING_TOLERANCE = 1e-8
SOLVED = 1e-6
"""Residual at which best response is an equilibrium."""
LEAST_COST = 0.05
"""Floor of the cost that pricing reckons with, over marginal cost: prices stay positive."""


def run(world: World) -> None:
    """Find wanted prices for the contestable flow, and move posted prices towards them."""
    _units(world)
    offered = on_sale(world)
    cells = demand_cells(world, offered)
    offers = capacity_offers(world)
    _open_prices(world, cells, offers)
    solution = _solve(world, cells, offers)
    _post(world, solution, offered)
    _observe_labs(world)


def _units(world: World) -> None:
    """Set units of product per task, their log, and hours of the lane per task, by pair."""
    links, state, now = world.links, world.state, world.now
    now.unit, now.log_unit, now.hours = task_units(
        links.segment_start, links.cell_inference, links.cell_own_efficiency, links.pair_provider,
        state.tokens_per_task[0], state.reference_tokens[0], state.tokens_per_hour,
    )  # fmt: skip


def on_sale(world: World) -> Bools:
    """Return whether each product is sold (J,): launched, its seller in business, and its pool has cards."""
    links = world.links
    stocked = (world.now.most[INFERENCE] > 0.0) & (world.state.selling[links.pool_provider] > 0.0)
    return np.asarray((links.product_launch <= world.t) & stocked[links.product_pool])


def attractions(world: World, offered: Bools) -> Floats:
    """Return utility at a price of one per unit, by pair (K,); minus infinity where it is not on sale."""
    links = world.links
    return utility_before_price(
        links.pair_fixed, links.pair_quality_weight, world.paths.quality[world.t],
        world.parameters.customers.waiting_disutility * world.state.wait, offered, world.permits["rent_pair"],
        links.pair_sensitivity, world.now.log_unit, links.pair_product, links.pair_provider, links.pair_pool,
    )  # fmt: skip


def demand_cells(world: World, offered: Bools) -> Cells:
    """Return the expected contestable demand that firms price against, for the products that are ``offered`` (J,).

    A new contract is expected at the price last posted, and before the first one at the cost of own cards.
    """
    links, now, state = world.links, world.now, world.state
    customers = world.parameters.customers
    slack, intensive = 1.0 - customers.nest_dissimilarity, customers.intensive_elasticity
    task_cost, now.arrays["outside"] = own_cards(
        state.on_premises, links.cell_region, links.cell_workload, links.cell_inference, links.cell_own_efficiency,
        state.tokens_per_task[0] / state.reference_tokens[0], links.cell_sensitivity, links.cell_outside, slack,
    )  # fmt: skip
    if world.t == 0:
        state.reference_price[:] = task_cost
    now.arrays["attraction"] = attractions(world, offered)
    mass, locked = world.population.contestable(world, _usage(world, state.on_sale))
    now.arrays["locked_hours"] = sum_by(links.pair_lane, locked * now.hours, state.load.size)
    return Cells(
        links.cell_start, links.pair_product, now.arrays["attraction"],
        units_at_unit_price(links.segment_start, now.log_unit, state.reference_price, intensive),
        links.cell_sensitivity, now.arrays["outside"], mass, links.class_incumbent, world.conditions.ties.boost,
        links.class_protected, links.product_service, links.product_provider, len(world.structure.providers),
        customers.nest_dissimilarity, intensive, LOG,
    )  # fmt: skip


def _usage(world: World, known: Floats) -> Floats:
    """Return usage per unit of volume at posted prices, by pair (K,); 1 where the price is not ``known`` (J,)."""
    links, state = world.links, world.state
    return usage_at(
        links.segment_start, links.pair_product, state.posted, known, world.now.log_unit, state.reference_price,
        world.parameters.customers.intensive_elasticity,
    )  # fmt: skip


def marginal_costs(world: World) -> Floats:
    """Return the cost of service per unit (J,): electricity and operation of the cards, and other cost of tokens."""
    links, state = world.links, world.state
    care = world.conditions.pool_care
    return unit_costs(
        pool_costs(state.operated, care, world.structure.chip_effective, links.pool_first), links.other_cost,
        state.tokens_per_hour, links.product_pool, links.product_workload, links.product_provider, links.product_maas,
    )  # fmt: skip


def capacity_offers(world: World) -> Offers:
    """Return costs, capacity use and the capacity that contracts and own use leave, with price ceilings."""
    links, state = world.links, world.state
    state.marginal_cost[:] = marginal_costs(world)
    own_use.run(world)
    rate, capacity = tangents(state.kinds, state.load)
    use = capacity_use(
        rate, state.tokens_per_hour, links.product_pool, links.product_training, links.product_provider,
        links.product_maas,
    )  # fmt: skip
    cost = reckoned_costs(
        state.marginal_cost, state.posted, use, state.multiplier, links.product_pool, links.product_share_weight,
        links.product_value_weight, world.conditions.ties.further[links.product_service], LEAST_COST,
    )  # fmt: skip
    left = capacity_left(capacity, world.now.arrays["locked_hours"], rate, state.own_use)
    ceiling = price_ceilings(
        state.on_premises, links.product_region, links.product_workload, links.product_maas, state.reference_tokens[0],
        world.pricing.ceiling, state.marginal_cost,
    )  # fmt: skip
    return Offers(cost, use, links.product_pool, links.product_fee, left, ceiling)


def _open_prices(world: World, cells: Cells, offers: Offers) -> None:
    """In the first quarter start from equilibrium; a product that has just launched starts at its wanted price."""
    if world.t > 0:
        return
    state = world.state
    start = np.minimum(offers.cost * 1.5, offers.ceiling)
    opening = solve(cells, offers, start, state.multiplier, OPENING_ROUNDS, OPENING_TOLERANCE)
    state.wanted[:], state.multiplier[:] = opening.price, opening.multiplier
    state.posted[:] = opening.price


def _solve(world: World, cells: Cells, offers: Offers) -> Solution:
    return solve(cells, offers, world.state.wanted, world.state.multiplier, *solver_effort(world.pricing))


def solver_effort(behaviour: BestResponse | Equilibrium) -> tuple[int, float, float]:
    """Return most rounds, the residual of a solution, and the mean move of prices at which firms stop."""
    if isinstance(behaviour, Equilibrium):
        return behaviour.maximum_iterations, behaviour.tolerance, 0.0
    return behaviour.rounds, SOLVED, behaviour.tolerance


def _post(world: World, solution: Solution, offered: Bools) -> None:
    """Move posted prices towards wanted ones, and note what they ask for per unit of volume."""
    state, now = world.state, world.now
    state.wanted[:], state.multiplier[:] = solution.price, solution.multiplier
    state.residual[0] = solution.residual
    move_prices(state.posted, state.wanted, state.on_sale, world.pricing.adjustment)
    state.on_sale[:] = offered
    now.intensity = _usage(world, state.posted)
    now.need = now.hours * now.intensity


def _observe_labs(world: World) -> None:
    """Set the hours that a task of a lab takes at its contracts' posted prices, while its use is observed.

    Observations are in hours at the prices of their day; demand is in tasks, so that prices can move it later on.
    """
    observed = world.paths.labs_observed[world.t]
    observe_hours(world.links.lab_observations, world.t, observed, world.now.need, world.state.lab_hours)
