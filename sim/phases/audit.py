"""Phase 11: identities. A run in which one is broken stops, and says which, where and when."""

import numpy as np

from sim.economics.frontier import inference_left
from sim.ledger import require_at_most, require_equal
from sim.phases.service import lanes
from sim.world import World


def run(world: World) -> None:
    """Check workloads, capacity, cards, power and money."""
    _workloads(world)
    _capacity(world)
    _cards(world)
    _money(world)


def _workloads(world: World) -> None:
    """Volumes of a customer's workloads add up to its potential demand."""
    held = world.workloads.volume.reshape(-1, world.slots).sum(axis=1)
    regions = world.structure.regions
    count = len(regions)
    mine = np.bincount(world.customers.region, held, count)
    wanted = np.bincount(world.customers.region, world.now.potential, count)
    require_equal("workloads: volumes = potential demand", regions, world.quarter, mine, wanted)


def _capacity(world: World) -> None:
    """Use of a pool fits its cards, and equals what customers took plus own use."""
    state, structure = world.state, world.structure
    names = [f"{structure.providers[i]} pool {x}" for x, i in enumerate(structure.pool_provider)]
    possible = np.array([inference_left(state.kinds[x], state.load[2 * x]) for x in range(len(names))])
    require_at_most("capacity: use fits the cards", names, world.quarter, state.load[1::2], possible)
    taken = lanes(world, world.now.arrays["taken"])
    taken[1::2] += state.own_use
    lane_names = [f"{name} {w}" for name in names for w in ("training", "inference")]
    require_equal("capacity: use = served + own use", lane_names, world.quarter, state.load, taken)


def _cards(world: World) -> None:
    """Cards in place = before + delivered - failed and retired; power follows; leases move cards, not make them."""
    state, structure = world.state, world.structure
    names = [f"{structure.providers[s.provider]} {structure.regions[s.region]}" for s in structure.sites]
    now = state.cards.sum(axis=2)
    before = world.memory.get("cards", now - state.delivered + state.lost_cards)
    change = state.delivered - state.lost_cards
    require_equal("cards: stock = before + delivered - lost", names, world.quarter, now.sum(axis=1), (before + change).sum(axis=1))
    kw = structure.chip_kw
    require_equal("power: MW = before + added - released", names, world.quarter, now @ kw, before @ kw + change @ kw)
    operated = np.bincount(structure.pool_site, state.operated.sum(axis=1), len(names))
    require_equal("leases: operated = owned", ["world"], world.quarter, operated.sum(keepdims=True), now.sum(keepdims=True))
    world.memory["cards"] = now


def _money(world: World) -> None:
    """What was paid was received, and cash moved by what was posted."""
    names, now = world.structure.providers, world.now.arrays
    posted = np.array([world.ledger.balance(name) for name in names])
    moved = world.state.cash - now["cash_before"]
    scale = now["provider_revenue"] + now["provider_capex"] + 1.0
    require_equal("money: cash moved = postings", names, world.quarter, moved / scale + 1.0, posted / scale + 1.0)
    paid = now["revenue_usd_m"].sum(axis=1)
    received = np.array([-world.ledger.balance(f"customers:{r}") for r in world.structure.regions])
    require_equal("money: paid by customers = received", world.structure.regions, world.quarter, paid, received)
    sectors = {s for payer, payee, _ in world.ledger.postings for s in (payer, payee)}
    total = sum(world.ledger.balance(s) for s in sectors)
    volume = sum(world.ledger.postings.values()) + 1.0
    require_equal("money: flows sum to zero", ["world"], world.quarter, np.array([1.0 + total / volume]), np.ones(1))
