"""Phase 6: contracts and own use first; then free workloads choose, full pools ration, contracts are signed."""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.choice import Menu
from sim.economics.elementary import exp, sum_by
from sim.economics.frontier import serve_contracts
from sim.economics.service import Terms
from sim.ledger import require_equal
from sim.world import Asked, World


def run(world: World) -> None:
    """Serve the quarter and sign its contracts."""
    menu = offered(world)
    world.population.contracted(world)
    _serve_contracts(world)
    _account(world, world.population.serve(world, menu, contract_terms(world)))
    world.now.arrays.update(world.population.settle(world, menu)._asdict())


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


def _serve_contracts(world: World) -> None:
    """Give contracts what the pool can, then own use; note the share of contracted service that can be given."""
    state = world.state
    world.now.arrays["contracted"] = state.load.copy()
    serve_contracts(state.kinds, state.load, state.own_use, state.served_fraction)
    world.now.arrays["before_new"] = state.load.copy()


def _account(world: World, asked: Asked) -> None:
    """Record first choices and refusals, and check that no workload is lost on the way."""
    links, now = world.links, world.now
    now.arrays.update(asked._asdict())
    require_equal(
        "demand: served + on premises + waiting + lost = asked", lambda: world.structure.regions, world.quarter,
        asked.flow[:, 1:].sum(axis=1), asked.flow[:, 0],
    )  # fmt: skip
    wanted = sum_by(links.product_pool, asked.first.sum(axis=0), world.state.wait.size)
    refused = sum_by(links.product_pool, asked.unmet.sum(axis=0), world.state.wait.size)
    world.state.wait[:] = np.divide(refused, wanted, out=np.zeros_like(wanted), where=wanted > 0.0)


def lanes(world: World, by_product: Floats) -> Floats:
    """Return hours by lane (2 L,) from hours by region and product (R, J)."""
    return sum_by(world.links.product_lane, by_product.sum(axis=0), world.state.load.size)
