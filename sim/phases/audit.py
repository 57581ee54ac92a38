"""Phase 11: identities. A run in which one is broken stops, and says which, where and when."""

import numpy as np

from sim.economics.accounts import hours_by_lane
from sim.economics.building import over_quarters
from sim.economics.fleets import recount, worth
from sim.economics.frontier import use_and_room
from sim.economics.slots import power_of
from sim.ledger import Transfer, require_at_most, require_equal
from sim.structure import PAST
from sim.world import World


def run(world: World) -> None:
    """Check workloads, capacity, cards, halls and money."""
    _workloads(world)
    _capacity(world)
    _cards(world)
    _halls(world)
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
    inference, possible, training, most = use_and_room(state.kinds, state.load)
    require_at_most("capacity: use fits the cards", lambda: pool_names(world), world.quarter, inference, possible)
    require_at_most("capacity: training fits the cards", lambda: pool_names(world), world.quarter, training, most)
    taken = hours_by_lane(world.now.arrays["taken"], world.links.product_lane, state.own_use)
    require_equal("capacity: use = served + own use", lambda: lane_names(world), world.quarter, state.load, taken)


def _cards(world: World) -> None:
    """Cards in place = running account of deliveries and losses; power follows; leases move cards, not make them."""
    state, vintages, one, now = world.state, world.t + 2, world.links.every_card, world.now.arrays
    stock = recount(state.cards, vintages)
    for what, unit in (("cards: stock = account", one), ("power: MW = account", world.structure.chip_kw)):
        require_equal(what, lambda: site_names(world), world.quarter, worth(stock, unit), worth(state.owned, unit))
    if state.stored.any() or now["stored_before"].any():
        require_equal(
            "cards: stored before + bought ahead = stored + taken out", lambda: site_names(world), world.quarter,
            worth(now["stored_before"] + state.delivered, one), worth(state.stored + now["installed"], one),
        )  # fmt: skip
    require_equal(
        "cards: elsewhere = account", lambda: list(world.parameters.rest_of_world), world.quarter,
        worth(recount(state.elsewhere_cards, vintages), one), worth(state.elsewhere, one),
    )  # fmt: skip
    operated, owned = worth(state.operated, one).sum(keepdims=True), worth(stock, one).sum(keepdims=True)
    require_equal("leases: operated = owned", lambda: ["world"], world.quarter, operated, owned)


def _halls(world: World) -> None:
    """Cards fit the power of their halls; halls are those of the opening and all that was begun; requests close."""
    state, structure, quarter = world.state, world.structure, world.quarter
    cards = power_of(state.owned, structure.chip_kw)
    require_at_most("power: cards fit their halls", lambda: site_names(world), quarter, cards, state.energised_mw)
    begun = over_quarters(state.begun_mw, PAST + world.t) + over_quarters(state.converting_mw, PAST + world.t)
    require_equal(
        "halls: opening + begun = energised + building", lambda: site_names(world), quarter,
        state.opening_mw + begun, state.energised_mw + world.now.arrays["building_mw"],
    )  # fmt: skip
    waiting = 1.0 + over_quarters(state.requested_mw, PAST + world.t)
    require_equal("halls: requests = account", lambda: site_names(world), quarter, waiting, 1.0 + state.queued_mw)


def _money(world: World) -> None:
    """What was paid was received, and cash moved by what was posted."""
    structure, state, ledger, now = world.structure, world.state, world.ledger, world.now.arrays
    balances = ledger.balances()
    moved = state.cash - now["cash_before"]
    scale = now["provider_revenue"] + now["provider_capex"] + 1.0
    require_equal(
        "money: cash moved = postings", lambda: structure.providers, world.quarter,
        1.0 + moved / scale, 1.0 + balances[ledger.providers] / scale,
    )  # fmt: skip
    require_equal(
        "money: paid by customers = received", lambda: structure.regions, world.quarter,
        now["revenue_usd_m"].sum(axis=1), -balances[ledger.customers],
    )  # fmt: skip
    borrowed = state.debt - now["debt_before"]
    require_equal(
        "money: debt moved = borrowing less repayment and write-offs", lambda: structure.providers, world.quarter,
        1.0 + borrowed / scale, 1.0 + (ledger.financial[Transfer.CREDIT] - now["written_off"]) / scale,
    )  # fmt: skip
    size = state.cash + state.assets + state.debt + scale
    require_equal(
        "balance sheet: cash + assets - debt = net worth", lambda: structure.providers, world.quarter,
        1.0 + (state.cash + state.assets - state.debt) / size, 1.0 + state.net_worth / size,
    )  # fmt: skip
    volume = ledger.paid.sum() + np.abs(ledger.financial).sum() + 1.0
    total = 1.0 + balances.sum(keepdims=True) / volume
    require_equal("money: flows sum to zero", lambda: ["world"], world.quarter, total, np.ones(1))
