"""Phase 5: what customers see, what firms expect of them, wanted prices, posted prices, which labs follow (B1, B2)."""

import numpy as np

from sim.economics.cells import LOG, Bools, Cells, Floats
from sim.economics.elementary import totals
from sim.economics.menus import Offered, View, usage_at, view
from sim.economics.pricing import Offers, Solution, solve
from sim.economics.supply import Supply, move_prices, offered, products_on_sale
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
    on_sale = _on_sale(world)
    cells = _demand(world, _seen(world, on_sale))
    offers = _offers(world)
    _open_prices(world, cells, offers)
    solution = _solve(world, cells, offers)
    world.now.arrays["use"] = offers.use
    _post(world, solution, on_sale)
    world.population.follow(world)


def _on_sale(world: World) -> Bools:
    """Return whether each product is sold (J,): launched, its seller in business, and its pool has cards."""
    links = world.links
    return products_on_sale(
        links.product_launch, links.product_pool, world.now.most[INFERENCE], world.state.selling, links.pool_provider,
        world.t,
    )  # fmt: skip


def _seen(world: World, on_sale: Bools) -> View:
    """Return what customers see before prices, where these products are ``on_sale`` (J,), and note it by pair."""
    state, now, links = world.state, world.now, world.links
    seen = view(
        links.pairs, links.tastes,
        Offered(
            state.tokens_per_task[0], state.reference_tokens[0], state.tokens_per_hour, world.paths.quality[world.t],
            state.wait, on_sale, world.rentable, state.posted, state.on_sale, state.on_premises,
        ),
        world.t == 0, state.reference_price,
    )  # fmt: skip
    now.unit, now.log_unit, now.hours = seen.unit, seen.log_unit, seen.hours
    now.arrays["outside"], now.arrays["attraction"] = seen.outside, seen.attraction
    return seen


def _demand(world: World, seen: View) -> Cells:
    """Return the expected contestable demand that firms price against.

    A new contract is expected at the price last posted, and before the first one at the cost of own cards.
    """
    links, customers = world.links, world.parameters.customers
    mass, locked = world.population.contestable(world, seen.usage)
    world.now.arrays["locked_hours"] = totals(links.pair_lane, locked * seen.hours, world.state.load.size)
    return Cells(
        links.cell_start, links.pair_product, seen.attraction, seen.multiplier, links.cell_sensitivity, seen.outside,
        mass, links.class_incumbent, world.conditions.ties.boost, links.class_protected, links.product_service,
        links.product_provider, len(world.structure.providers), customers.nest_dissimilarity,
        customers.intensive_elasticity, LOG,
    )  # fmt: skip


def _offers(world: World) -> Offers:
    """Return costs, capacity use and the capacity that contracts and own use leave, with price ceilings."""
    links, state = world.links, world.state
    own_use.run(world)
    at = Supply(
        state.operated, world.conditions.pool_care, state.effective, links.pool_first, links.other_cost,
        state.tokens_per_hour, state.kinds, state.load, world.now.arrays["locked_hours"], state.own_use, state.posted,
        state.multiplier, world.conditions.ties.further, state.on_premises,
    )  # fmt: skip
    cost, use, left, ceiling = offered(
        links.products, at, state.reference_tokens[0], world.pricing.ceiling, LEAST_COST, state.marginal_cost
    )
    return Offers(cost, use, links.product_pool, links.product_fee, left, ceiling)


def _open_prices(world: World, cells: Cells, offers: Offers) -> None:
    """In the first quarter start from equilibrium; a product that has just launched starts at its wanted price."""
    if world.t > 0:
        return
    state = world.state
    start = np.minimum(offers.cost * 1.5, offers.ceiling)
    opening = solve(cells, offers, start, state.multiplier, OPENING_ROUNDS, OPENING_TOLERANCE, 0.0)
    state.wanted[:], state.multiplier[:] = opening.price, opening.multiplier
    state.posted[:] = opening.price


def _solve(world: World, cells: Cells, offers: Offers) -> Solution:
    return solve(cells, offers, world.state.wanted, world.state.multiplier, *solver_effort(world.pricing))


def solver_effort(behaviour: BestResponse | Equilibrium) -> tuple[int, float, float]:
    """Return most rounds, the residual of a solution, and the mean move of prices at which firms stop."""
    if isinstance(behaviour, Equilibrium):
        return behaviour.maximum_iterations, behaviour.tolerance, 0.0
    return behaviour.rounds, SOLVED, behaviour.tolerance


def _post(world: World, solution: Solution, on_sale: Bools) -> None:
    """Move posted prices towards wanted ones, and note what they ask for per unit of volume."""
    state, now = world.state, world.now
    state.wanted[:], state.multiplier[:] = solution.price, solution.multiplier
    state.residual[0] = solution.residual
    move_prices(state.posted, state.wanted, state.on_sale, world.pricing.adjustment)
    state.on_sale[:] = on_sale
    now.intensity = usage(world)
    now.need = now.hours * now.intensity


def usage(world: World) -> Floats:
    """Return usage per unit of volume at posted prices, by pair (K,)."""
    links, state = world.links, world.state
    return usage_at(
        links.segment_start, links.pair_product, state.posted, state.posted, world.now.log_unit, state.reference_price,
        links.tastes.elasticity,
    )  # fmt: skip
