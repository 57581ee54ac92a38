"""Phase 6: contracts and own use first; then free workloads choose, full pools ration, contracts are signed."""

from sim.economics.accounts import refused_shares
from sim.economics.choice import Menu
from sim.economics.frontier import serve_contracts
from sim.economics.identities import broken_flow
from sim.economics.menus import inverse_weights
from sim.economics.serving import Asked
from sim.ledger import require
from sim.world import World


def run(world: World) -> None:
    """Serve the quarter and sign its contracts."""
    menu = offered(world)
    world.population.contracted(world)
    _serve_contracts(world)
    _account(world, world.population.serve(world, menu, world.conditions.ties.terms))
    world.now.arrays.update(world.population.settle(world)._asdict())


def offered(world: World) -> Menu:
    """Return the menu at posted prices."""
    links, now = world.links, world.now
    inverse = inverse_weights(links.pair_product, world.state.posted, links.pair_sensitivity, now.arrays["attraction"])
    now.arrays["inverse_weight"] = inverse
    return Menu(
        links.segment_start, links.pair_provider, links.pair_key, inverse, now.need, links.pair_lane,
        now.arrays["outside"], links.nest_table, links.tastes.slack,
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
    require(
        ("demand: served + on premises + waiting + lost = asked",), lambda _: world.structure.regions, world.quarter,
        broken_flow(asked.flow),
    )  # fmt: skip
    refused_shares(asked.first, asked.unmet, links.product_pool, world.state.wait)
