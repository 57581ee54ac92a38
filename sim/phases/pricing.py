"""Phase 5: what customers see, what firms expect of them, wanted prices, posted prices (B1, B2)."""

import numpy as np

from sim.economics.cells import LOG, Cells, Floats
from sim.economics.pricing import Offers, Solution, solve
from sim.economics.workloads import EXPIRY, contestable
from sim.parameters.behaviour import BestResponse, Equilibrium
from sim.phases import own_use
from sim.structure import INFERENCE, MAAS, TRAINING
from sim.world import World

OPENING_ROUNDS = 2000
OPENING_TOLERANCE = 1e-8


def run(world: World) -> None:
    """Find wanted prices for the contestable flow, and move posted prices towards them."""
    _units(world)
    cells = demand_cells(world)
    offers = capacity_offers(world)
    _open_prices(world, cells, offers)
    solution = _solve(world, cells, offers)
    _post(world, solution, offers)
    world.state.residual[0] = solution.residual
    _intensities(world, cells)


def _units(world: World) -> None:
    """Set units of product per task and hours of the lane per task, by pair.

    A training task is one effective H100e-hour. An inference task is ``tokens_per_task`` tokens; on rented cards the
    customer turns them out at the common path of tokens per hour times its own efficiency.
    """
    links, state = world.links, world.state
    tokens, reference = state.tokens_per_task[0], state.reference_tokens[0]
    inference = links.pair_workload == INFERENCE
    hours = np.where(inference, tokens / reference, 1.0) / np.where(inference, links.pair_own_efficiency, 1.0)
    own = tokens / state.tokens_per_hour[links.pair_provider]
    model = links.pair_service == MAAS
    world.now.unit = np.where(model, tokens, hours)
    world.now.hours = np.where(model, own, hours)


def on_premises_task_cost(world: World) -> Floats:
    """Return the cost of a task on own cards, by base cell (B,), USD."""
    links, state = world.links, world.state
    cost = state.on_premises[links.cell_region, links.cell_workload]
    tokens = state.tokens_per_task[0] / state.reference_tokens[0] / links.cell_own_efficiency
    task: Floats = cost * np.where(links.cell_workload == INFERENCE, tokens, 1.0)
    return task


def attractions(world: World) -> Floats:
    """Return utility before price, over 1 - rho, of every pair (K,); minus infinity where it is not on sale."""
    links, state, parameters = world.links, world.state, world.parameters
    slack = 1.0 - parameters.customers.nest_dissimilarity
    quality = np.array(
        [
            world.interpolated(x.models.log_quality) if x.models is not None else 0.0
            for x in parameters.providers.values()
        ]
    )
    seen = links.pair_quality_weight * quality[links.pair_provider]
    seen = seen - parameters.customers.waiting_disutility * state.wait[links.pair_pool]
    stocked = state.kinds[:, :, INFERENCE].sum(axis=1) > 0.0
    on_sale = (links.product_launch <= world.t)[links.pair_product] & stocked[links.pair_pool] & world.rentable
    return np.where(on_sale, links.pair_fixed + seen / slack, -np.inf)


def demand_cells(world: World) -> Cells:
    """Return the expected contestable demand that firms price against."""
    links, parameters, now = world.links, world.parameters, world.now
    customers = parameters.customers
    slack, intensive = 1.0 - customers.nest_dissimilarity, customers.intensive_elasticity
    task_cost = on_premises_task_cost(world)
    if world.t == 0:
        world.memory["reference_price"] = task_cost
    reference = world.memory["reference_price"][links.pair_cell]
    mass = np.empty((len(world.structure.cells), links.class_incumbent.size))
    locked = np.empty(links.pair_product.size)
    contestable(
        world.workloads, now.forced, links.pair_provider, links.pair_service, len(world.structure.providers),
        world.t, mass, locked,
    )  # fmt: skip
    now.arrays["locked_tasks"] = locked
    return Cells(
        links.cell_start, links.pair_product, attractions(world) - links.pair_sensitivity * np.log(now.unit),
        now.unit * (now.unit / reference) ** -intensive, links.cell_sensitivity,
        links.cell_outside - links.cell_sensitivity * slack * np.log(task_cost), mass, links.class_incumbent,
        links.class_boost, links.class_protected, links.product_service, links.product_provider, customers.nest_dissimilarity, intensive, LOG,
    )  # fmt: skip


def marginal_costs(world: World) -> Floats:
    """Return the cost of service per unit (J,): electricity and operation of the cards, and other cost of tokens."""
    links, structure, state, market = world.links, world.structure, world.state, world.parameters.market
    regions = list(market.regions.values())
    tariff = np.array([r.electricity_usd_per_kwh * r.pue for r in regions])[links.pool_region]
    per_card = tariff[:, None] * structure.chip_kw[None, :] + market.costs.operations_usd_per_card_hour
    cards = np.where(state.operated.sum(axis=1, keepdims=True) > 0.0, state.operated, 1.0)
    dollars = (cards * per_card).sum(axis=1)
    hours = np.einsum("lv,vw->lw", cards, structure.chip_effective)
    cost = (dollars[:, None] / hours)[links.product_pool, links.product_workload]
    other = np.array(
        [x.models.other_cost_usd_per_m_tokens if x.models else 0.0 for x in world.parameters.providers.values()]
    )
    per_token = cost / state.tokens_per_hour[links.product_provider] + other[links.product_provider]
    return np.where(links.product_service == MAAS, per_token, cost)


def wanted_costs(world: World) -> Floats:
    """Return the cost that pricing reckons with: share seeking divides it, the value of a customer reduces it."""
    links, state = world.links, world.state
    cost = state.marginal_cost
    stances = [x.pricing for x in world.parameters.providers.values()]
    share = np.array([s.share_weight for s in stances])[links.product_provider]
    value = np.array([s.customer_value_weight for s in stances])[links.product_provider]
    margin = np.maximum(state.posted - cost, 0.0) if world.t > 0 else np.zeros(cost.size)
    future = locked_quarters(world)[links.product_service] * margin
    reckoned: Floats = np.maximum(cost / (1.0 + share) - value * future, 0.05 * cost)
    return reckoned


def locked_quarters(world: World) -> Floats:
    """Return expected further quarters of a new contract, by service (2,): (1 - chi)/chi, averaged over terms."""
    s = world.parameters.customers.switching
    further = (1.0 - EXPIRY[:3]) / EXPIRY[:3]
    iaas = s.one_year_share * further[1] + s.three_year_share * further[2]
    return np.array([iaas, s.maas_reserved_share * further[1]])


def capacity_offers(world: World) -> Offers:
    """Return costs, capacity use and the capacity that contracts and own use leave, with price ceilings."""
    links, state = world.links, world.state
    state.marginal_cost[:] = marginal_costs(world)
    own_use.run(world)
    rate, capacity = own_use.tangent(world)
    service = links.product_service == MAAS
    use = np.where(service, 1.0 / state.tokens_per_hour[links.product_provider], 1.0)
    use = np.where(links.product_workload == TRAINING, rate[links.product_pool], use)
    lane_hours = np.bincount(links.pair_lane, world.now.arrays["locked_tasks"] * world.now.hours, state.load.size)
    locked = lane_hours[0::2] * rate + lane_hours[1::2]
    left = np.maximum(capacity - locked - state.own_use, 1e-6 * capacity + 1e-9)
    home = state.on_premises[links.product_region, links.product_workload]
    ceiling = world.pricing.ceiling * np.where(service, home / state.reference_tokens[0], home)
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
    behaviour = world.parameters.behaviour.pricing
    rounds, tolerance = solver_effort(getattr(behaviour, behaviour.name))
    return solve(cells, offers, world.state.wanted, world.state.multiplier, rounds, tolerance)


def solver_effort(behaviour: BestResponse | Equilibrium) -> tuple[int, float]:
    """Return (most rounds, tolerance) of a pricing behaviour."""
    if isinstance(behaviour, BestResponse):
        return behaviour.rounds, 1e-6
    return behaviour.maximum_iterations, behaviour.tolerance


def _post(world: World, solution: Solution, offers: Offers) -> None:
    """Move posted prices: ``ln p = ln p_before + theta (ln wanted - ln p_before)``."""
    state, links = world.state, world.links
    state.wanted[:], state.multiplier[:] = solution.price, solution.multiplier
    fresh = links.product_launch >= world.t
    theta = np.where(fresh, 1.0, world.pricing.adjustment)
    state.posted[:] = np.exp(np.log(state.posted) * (1.0 - theta) + np.log(state.wanted) * theta)


def _intensities(world: World, cells: Cells) -> None:
    """Set usage per unit of volume at posted prices, by pair."""
    links, now = world.links, world.now
    posted = world.state.posted[links.pair_product]
    reference = world.memory["reference_price"][links.pair_cell]
    task_price = posted * now.unit
    now.intensity = (task_price / reference) ** -world.parameters.customers.intensive_elasticity
    now.arrays["attraction"] = cells.attraction
    now.arrays["outside"] = cells.outside

