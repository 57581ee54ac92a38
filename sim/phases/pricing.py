"""Phase 5: what customers see, what firms expect of them, wanted prices, posted prices (B1, B2)."""

import math

import numpy as np

from sim.economics.cells import LOG, Bools, Cells, Floats
from sim.economics.elementary import exp, log, sum_by
from sim.economics.frontier import tangents
from sim.economics.pricing import Offers, Solution, solve
from sim.economics.workloads import EXPIRY, ONE_YEAR, THREE_YEAR
from sim.parameters.behaviour import BestResponse, Equilibrium
from sim.phases import own_use
from sim.structure import INFERENCE, TRAINING
from sim.world import World

OPENING_ROUNDS = 2000
OPENING_TOLERANCE = 1e-8
LAUNCH_ROUNDS, LAUNCH_TOLERANCE = 12, 1e-2
"""Of best response where something is first sold: its last wanted price, when nobody could buy it, says nothing."""
LEAST_COST = 0.05
"""Floor of the cost that pricing reckons with, over marginal cost: prices stay positive."""


def run(world: World) -> None:
    """Find wanted prices for the contestable flow, and move posted prices towards them."""
    _units(world)
    cells = demand_cells(world)
    offers = capacity_offers(world)
    _open_prices(world, cells, offers)
    solution = _solve(world, cells, offers)
    _post(world, solution)
    world.state.residual[0] = solution.residual
    _intensities(world, cells)


def _units(world: World) -> None:
    """Set units of product per task, their log, and hours of the lane per task, by pair.

    A training task is one effective H100e-hour. An inference task is ``tokens_per_task`` tokens; on rented cards the
    customer turns them out at the common path of tokens per hour times its own efficiency.
    """
    links, state, now = world.links, world.state, world.now
    tokens, reference = state.tokens_per_task[0], state.reference_tokens[0]
    own = np.where(links.pair_inference, tokens / reference / links.pair_own_efficiency, 1.0)
    log_own = np.where(links.pair_inference, math.log(tokens / reference) - links.pair_log_own_efficiency, 0.0)
    now.unit = np.where(links.pair_maas, tokens, own)
    now.log_unit = np.where(links.pair_maas, math.log(tokens), log_own)
    now.hours = np.where(links.pair_maas, (tokens / state.tokens_per_hour)[links.pair_provider], own)


def on_premises_task_cost(world: World) -> Floats:
    """Return the cost of a task on own cards, by base cell (B,), USD."""
    links, state = world.links, world.state
    cost = state.on_premises[links.cell_region, links.cell_workload]
    tokens = state.tokens_per_task[0] / state.reference_tokens[0] / links.cell_own_efficiency
    task: Floats = cost * np.where(links.cell_workload == INFERENCE, tokens, 1.0)
    return task


def on_sale(world: World) -> Bools:
    """Return whether each product is sold (J,): launched, and its pool has cards."""
    stocked = world.state.kinds[:, :, INFERENCE].sum(axis=1) > 0.0
    return np.asarray((world.links.product_launch <= world.t) & stocked[world.links.product_pool])


def attractions(world: World) -> Floats:
    """Return utility before price of every pair (K,); minus infinity where it is not on sale."""
    links, state = world.links, world.state
    seen = links.pair_quality_weight * world.paths.quality[world.t][links.pair_provider]
    seen -= (world.parameters.customers.waiting_disutility * state.wait)[links.pair_pool]
    offered = on_sale(world)[links.pair_product] & world.permits["rent_pair"]
    return np.where(offered, links.pair_fixed + seen, -np.inf)


def demand_cells(world: World) -> Cells:
    """Return the expected contestable demand that firms price against."""
    links, now, state = world.links, world.now, world.state
    customers = world.parameters.customers
    slack, intensive = 1.0 - customers.nest_dissimilarity, customers.intensive_elasticity
    task_cost = on_premises_task_cost(world)
    if world.t == 0:
        state.reference_price[:] = task_cost
    now.log_reference = log(state.reference_price)[links.pair_cell]
    expected = exp(-intensive * (expected_price(world) + now.log_unit - now.log_reference))
    mass, locked = world.population.contestable(world, expected)
    now.arrays["locked_tasks"] = locked
    now.arrays["locked_hours"] = sum_by(links.pair_lane, locked * now.hours, state.load.size)
    return Cells(
        links.cell_start, links.pair_product, attractions(world) - links.pair_sensitivity * now.log_unit,
        exp(now.log_unit * (1.0 - intensive) + intensive * now.log_reference), links.cell_sensitivity,
        slack * (links.cell_outside - links.cell_sensitivity * log(task_cost)), mass, links.class_incumbent,
        links.class_boost, links.class_protected, links.product_service, links.product_provider,
        len(world.structure.providers), customers.nest_dissimilarity, intensive, LOG,
    )  # fmt: skip


def expected_price(world: World) -> Floats:
    """Return the log price per unit at which a new contract is expected: as last posted, and as at home before that."""
    links, now, posted = world.links, world.now, world.state.posted
    at_home = now.log_reference - now.log_unit
    known = (posted > 0.0) & (world.state.on_sale > 0.0)
    return np.where(known[links.pair_product], log(np.where(known, posted, 1.0))[links.pair_product], at_home)


def marginal_costs(world: World) -> Floats:
    """Return the cost of service per unit (J,): electricity and operation of the cards, and other cost of tokens."""
    links, structure, state = world.links, world.structure, world.state
    cards = np.where(state.operated.sum(axis=1, keepdims=True) > 0.0, state.operated, 1.0)
    dollars = (cards * links.card_care[links.pool_region]).sum(axis=1)
    hours = (cards[:, :, None] * structure.chip_effective).sum(axis=1)
    cost = (dollars[:, None] / hours)[links.product_pool, links.product_workload]
    per_token: Floats = cost / state.tokens_per_hour[links.product_provider] + links.other_cost[links.product_provider]
    return np.asarray(np.where(links.product_maas, per_token, cost))


def wanted_costs(world: World) -> Floats:
    """Return the cost that pricing reckons with: share seeking divides it, the value of a customer reduces it."""
    links, state = world.links, world.state
    cost = state.marginal_cost
    share = links.share_weight[links.product_provider]
    value = links.value_weight[links.product_provider]
    scarcity = capacity_use(world) * state.multiplier[links.product_pool]
    margin = np.maximum(state.posted - cost - scarcity, 0.0) if world.t > 0 else np.zeros(cost.size)
    future = further_quarters(world)[links.product_service] * margin
    reckoned: Floats = np.maximum(cost / (1.0 + share) - value * future, LEAST_COST * cost)
    return reckoned


def further_quarters(world: World) -> Floats:
    """Return the discounted further quarters that a new contract binds its customer, by service (2,).

    A contract that ends with probability chi is alive after k quarters with (1 - chi)^k.
    """
    s, rate = world.parameters.customers.switching, world.parameters.market.costs.discount_rate
    alive = (1.0 - EXPIRY[:3]) / (1.0 + rate) ** 0.25
    further = alive / (1.0 - alive)
    iaas = s.one_year_share * further[ONE_YEAR] + s.three_year_share * further[THREE_YEAR]
    return np.array([iaas, s.maas_reserved_share * further[ONE_YEAR]])


def capacity_use(world: World) -> Floats:
    """Return h (J,): inference hours of the pool per unit of product, at the pool's last split."""
    links, state = world.links, world.state
    rate, _ = tangents(state.kinds, state.load)
    use = np.where(links.product_maas, 1.0 / state.tokens_per_hour[links.product_provider], 1.0)
    return np.asarray(np.where(links.product_workload == TRAINING, rate[links.product_pool], use))


def capacity_offers(world: World) -> Offers:
    """Return costs, capacity use and the capacity that contracts and own use leave, with price ceilings."""
    links, state = world.links, world.state
    state.marginal_cost[:] = marginal_costs(world)
    own_use.run(world)
    rate, capacity = tangents(state.kinds, state.load)
    use = capacity_use(world)
    locked = world.now.arrays["locked_hours"]
    left = np.maximum(capacity - locked[0::2] * rate - locked[1::2] - state.own_use, 1e-6 * capacity + 1e-9)
    home = state.on_premises[links.product_region, links.product_workload]
    ceiling = world.pricing.ceiling * np.where(links.product_maas, home / state.reference_tokens[0], home)
    return Offers(
        wanted_costs(world), use, links.product_pool, np.zeros(use.size), left,
        np.maximum(ceiling, state.marginal_cost * 1.01),
    )  # fmt: skip


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
    launch = bool((on_sale(world) & (world.state.on_sale == 0.0)).any()) and world.t > 0
    rounds, tolerance = solver_effort(world.pricing, launch)
    return solve(cells, offers, world.state.wanted, world.state.multiplier, rounds, tolerance)


def solver_effort(behaviour: BestResponse | Equilibrium, launch: bool = False) -> tuple[int, float]:
    """Return (most rounds, tolerance) of a pricing behaviour; ``launch`` where something is first sold."""
    if isinstance(behaviour, Equilibrium):
        return behaviour.maximum_iterations, behaviour.tolerance
    if launch and behaviour.rounds < LAUNCH_ROUNDS:
        return LAUNCH_ROUNDS, LAUNCH_TOLERANCE
    return behaviour.rounds, 1e-6


def _post(world: World, solution: Solution) -> None:
    """Move posted prices: ``ln p = ln p_before + theta (ln wanted - ln p_before)``; none is before the first sale."""
    state = world.state
    state.wanted[:], state.multiplier[:] = solution.price, solution.multiplier
    theta = np.where(state.on_sale > 0.0, world.pricing.adjustment, 1.0)
    state.posted[:] = exp(log(state.posted) * (1.0 - theta) + log(state.wanted) * theta)
    state.on_sale[:] = on_sale(world)


def _intensities(world: World, cells: Cells) -> None:
    """Set usage per unit of volume at posted prices, by pair."""
    links, now = world.links, world.now
    now.log_price = log(world.state.posted)[links.pair_product]
    intensive = world.parameters.customers.intensive_elasticity
    now.intensity = exp(-intensive * (now.log_price + now.log_unit - now.log_reference))
    _lab_hours(world)
    now.arrays["attraction"] = cells.attraction
    now.arrays["outside"] = cells.outside


def _lab_hours(world: World) -> None:
    """Set the hours that a task of a lab takes at its contracts' posted prices, while its use is observed.

    Observations are in hours at the prices of their day; demand is in tasks, so that prices can move it later on.
    """
    links, now, state = world.links, world.now, world.state
    per_task = now.hours * now.intensity
    for x in np.flatnonzero(world.paths.labs_observed[world.t]):
        hours, weight = 0.0, 0.0
        for contract in links.contracts_in_force(int(x), world.t):
            for b, pair in contract.pairs.items():
                training = links.cell_workload[b] == TRAINING
                share = links.lab_training_share[x] if training else 1.0 - links.lab_training_share[x]
                hours += contract.share * share * per_task[pair]
                weight += contract.share * share
        state.lab_hours[x] = hours / weight if weight > 0.0 else state.lab_hours[x]
