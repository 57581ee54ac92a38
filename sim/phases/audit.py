"""Phase 11: identities. A run in which one is broken stops, and says which, where and when."""

import numpy as np

from sim.economics.frontier import pool_hours, uncontracted
from sim.ledger import require_at_most, require_equal
from sim.phases.service import lanes
from sim.structure import TRAINING
from sim.world import World


def run(world: World) -> None:
    """Check workloads, capacity, cards, power and money."""
    _workloads(world)
    _capacity(world)
    _cards(world)
    _money(world)


def _workloads(world: World) -> None:
    """Volumes of a customer's workloads add up to its potential demand."""
    regions = world.structure.regions
    mine, wanted = world.population.volumes(world)
    require_equal("workloads: volumes = potential demand", lambda: regions, world.quarter, mine, wanted)


def pool_names(world: World) -> list[str]:
    """Return a readable name of every pool."""
    s = world.structure
    sites = [s.sites[pool.site] for pool in s.pools]
    return [
        f"{s.providers[site.provider]} {s.regions[site.region]} {s.stacks[pool.stack]}"
        for site, pool in zip(sites, s.pools, strict=True)
    ]


def lane_names(world: World) -> list[str]:
    """Return a readable name of every lane."""
    return [f"{name} {workload}" for name in pool_names(world) for workload in ("training", "inference")]


def site_names(world: World) -> list[str]:
    """Return a readable name of every site."""
    s = world.structure
    return [f"{s.providers[site.provider]} {s.regions[site.region]}" for site in s.sites]


def _capacity(world: World) -> None:
    """Use of a pool fits its cards, and equals what customers took plus own use."""
    state = world.state
    training_alone = state.load.copy()
    training_alone[1::2] = 0.0
    possible = uncontracted(state.kinds, training_alone)
    require_at_most(
        "capacity: use fits the cards", lambda: pool_names(world), world.quarter, state.load[1::2].copy(), possible
    )
    most = pool_hours(state.kinds)[:, TRAINING].copy()
    require_at_most(
        "capacity: training fits the cards", lambda: pool_names(world), world.quarter, state.load[0::2].copy(), most
    )
    taken = lanes(world, world.now.arrays["taken"])
    taken[1::2] += state.own_use
    require_equal("capacity: use = served + own use", lambda: lane_names(world), world.quarter, state.load, taken)


def _cards(world: World) -> None:
    """Cards in place = running account of deliveries and losses; power follows; leases move cards, not make them."""
    state, structure = world.state, world.structure
    stock = state.cards[:, :, : world.t + 2].sum(axis=2)
    for what, unit in (("cards: stock = account", np.ones(stock.shape[1])), ("power: MW = account", structure.chip_kw)):
        left, right = (stock * unit).sum(axis=1), (state.owned * unit).sum(axis=1)
        require_equal(what, lambda: site_names(world), world.quarter, left, right)
    elsewhere = state.elsewhere_cards[:, :, : world.t + 2].sum(axis=2)
    require_equal(
        "cards: elsewhere = account", lambda: list(world.parameters.rest_of_world), world.quarter,
        elsewhere.sum(axis=1), state.elsewhere.sum(axis=1),
    )  # fmt: skip
    operated = state.operated.sum(keepdims=True).ravel()
    require_equal(
        "leases: operated = owned", lambda: ["world"], world.quarter, operated, stock.sum(keepdims=True).ravel()
    )


def _money(world: World) -> None:
    """What was paid was received, and cash moved by what was posted."""
    structure, ledger, now = world.structure, world.ledger, world.now.arrays
    balances = ledger.balances()
    moved = world.state.cash - now["cash_before"]
    scale = now["provider_revenue"] + now["provider_capex"] + 1.0
    require_equal(
        "money: cash moved = postings", lambda: structure.providers, world.quarter,
        1.0 + moved / scale, 1.0 + balances[ledger.providers] / scale,
    )  # fmt: skip
    require_equal(
        "money: paid by customers = received", lambda: structure.regions, world.quarter,
        now["revenue_usd_m"].sum(axis=1), -balances[ledger.customers],
    )  # fmt: skip
    volume = ledger.paid.sum() + 1.0
    total = 1.0 + balances.sum(keepdims=True) / volume
    require_equal("money: flows sum to zero", lambda: ["world"], world.quarter, total, np.ones(1))
