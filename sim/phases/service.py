"""Phase 6: contracts and own use first; then free workloads choose, full pools ration, contracts are signed."""

import numpy as np

from sim.economics import service
from sim.economics.cells import Floats
from sim.economics.choice import Menu
from sim.economics.elementary import exp, sum_by
from sim.economics.frontier import serve_contracts
from sim.economics.service import Seasons, Terms, account, allocate, contracted, decide, settle, sign
from sim.ledger import require_equal
from sim.randomness import Decision, season
from sim.world import World

RULES = {"lottery": service.LOTTERY, "reservations": service.RESERVATIONS, "bids": service.BIDS}


def run(world: World) -> None:
    """Serve the quarter and sign its contracts."""
    menu, terms, seasons = offered(world), contract_terms(world), _seasons(world)
    links, now, state = world.links, world.now, world.state
    contracted(world.workloads, menu, now.hours, world.t, world.customers, seasons.expiry, world.slots, state.load)
    _serve_contracts(world)
    now.active = decide(
        world.workloads, world.customers, now.forced, menu, links.pair_service, terms, seasons, world.t,
        world.slots,
    )  # fmt: skip
    slack = 1.0 - world.parameters.customers.nest_dissimilarity
    allocate(
        world.workloads, world.customers, now.active, menu, links.pair_service, terms, seasons, state.kinds,
        state.load, world.slots, RULES[world.parameters.behaviour.rationing.name],
        links.cell_sensitivity * slack, now.forced,
    )  # fmt: skip
    _account(world, menu)
    sign(
        world.workloads, world.customers, now.forced, now.dates, now.active, links.pair_service,
        links.pair_product, state.posted, now.intensity, terms, seasons, world.slots,
    )  # fmt: skip
    _settle(world, menu)


def offered(world: World) -> Menu:
    """Return the menu at posted prices."""
    links, now = world.links, world.now
    inverse = exp(links.pair_sensitivity * now.log_price - now.arrays["attraction"])
    now.arrays["inverse_weight"] = inverse
    return Menu(
        links.segment_start, links.pair_provider, links.pair_key, inverse, now.hours * now.intensity,
        links.pair_lane, now.arrays["outside"], links.nest_table, 1.0 - world.parameters.customers.nest_dissimilarity,
    )  # fmt: skip


def contract_terms(world: World) -> Terms:
    """Return how customers contract and switch."""
    customers = world.parameters.customers
    s = customers.switching
    slack = 1.0 - customers.nest_dissimilarity
    kappa = np.outer([s.cost_iaas, s.cost_maas], [1.0, s.new_workload_fraction])
    return Terms(
        np.exp(-kappa), slack * kappa[0], s.one_year_share, s.three_year_share, s.maas_reserved_share, s.escalation,
        customers.waiting_share, customers.waiting_quarters, world.parameters.behaviour.rationing.bids.ceiling,
    )  # fmt: skip


def _seasons(world: World) -> Seasons:
    decisions = (Decision.CHOICE, Decision.EXPIRY, Decision.TERM, Decision.PRIORITY, Decision.WAITING)
    return Seasons(*(season(world.seed, decision, world.t) for decision in decisions))


def _serve_contracts(world: World) -> None:
    """Give contracts what the pool can, then own use; note the share of contracted service that can be given."""
    state = world.state
    world.now.arrays["contracted"] = state.load.copy()
    serve_contracts(state.kinds, state.load, state.own_use, state.served_fraction)
    world.now.arrays["before_new"] = state.load.copy()


def _account(world: World, menu: Menu) -> None:
    """Record first choices, refusals and diversions, and check that no workload is lost on the way."""
    links, now = world.links, world.now
    regions, products = len(world.structure.regions), len(world.structure.products)
    out = {
        "first": np.empty((regions, products)), "unmet": np.empty((regions, products)),
        "asked": np.empty(regions), "flow": np.empty((regions, 5)),
    }  # fmt: skip
    assert now.active is not None
    account(
        world.workloads, now.active, links.cell_region, menu, links.pair_product, out["first"], out["unmet"],
        out["asked"], out["flow"],
    )  # fmt: skip
    now.arrays.update(out)
    flow = out["flow"]
    require_equal(
        "demand: served + on premises + waiting + lost = asked", lambda: world.structure.regions, world.quarter,
        flow[:, 1:].sum(axis=1), flow[:, 0],
    )  # fmt: skip
    asked = sum_by(links.product_pool, out["first"].sum(axis=0), world.state.wait.size)
    refused = sum_by(links.product_pool, out["unmet"].sum(axis=0), world.state.wait.size)
    world.state.wait[:] = np.divide(refused, asked, out=np.zeros_like(asked), where=asked > 0.0)


def _settle(world: World, menu: Menu) -> None:
    """Add up hours, payments and backlog by customer region and product."""
    links, now = world.links, world.now
    regions, products = len(world.structure.regions), len(world.structure.products)
    taken, paid, waiting = (np.empty((regions, products)) for _ in range(3))
    outside = np.empty(regions)
    settle(
        world.workloads, links.cell_region, menu, links.pair_product, now.unit, now.hours,
        world.state.served_fraction, taken, paid, waiting, outside,
    )  # fmt: skip
    now.arrays.update(taken=taken, paid=paid, waiting=waiting, outside_tasks=outside)


def lanes(world: World, by_product: Floats) -> Floats:
    """Return hours by lane (2 L,) from hours by region and product (R, J)."""
    return sum_by(world.links.product_lane, by_product.sum(axis=0), world.state.load.size)
