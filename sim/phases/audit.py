"""Phase 11: identities. A run in which one is broken stops, and says which, where and when."""

from sim.economics.identities import (
    Broken,
    broken_capacity,
    broken_cards,
    broken_halls,
    broken_money,
    first_unequal,
)
from sim.ledger import COUNTERPART, COUNTERPARTS, Transfer, require
from sim.structure import PAST
from sim.world import World

CAPACITY = (
    "capacity: use fits the cards",
    "capacity: training fits the cards",
    "capacity: use = served + own use",
)
CARDS = (
    "cards: stock = account",
    "power: MW = account",
    "cards: stored before + delivered = stored + put in place",
    "cards: elsewhere = account",
    "leases: operated = owned",
)
HALLS = (
    "power: cards fit their halls",
    "halls: opening + begun = energised + building",
    "halls: requests = account",
)
MONEY = (
    "money: cash moved = postings",
    "money: debt moved = borrowing less repayment and write-offs",
    "balance sheet: cash + assets - debt = net worth",
    "money: paid by customers = received",
    "money: flows sum to zero",
)
"""Identities in the order in which ``economics.identities`` looks at them."""


def run(world: World) -> None:
    """Check workloads, capacity, cards, halls and money."""
    regions, quarter = world.structure.regions, world.quarter
    workloads = first_unequal(world.population.volumes(world)[None], 0)
    require(("workloads: volumes = potential demand",), lambda _: regions, quarter, workloads)
    require(CAPACITY, lambda x: lane_names(world) if x == 2 else pool_names(world), quarter, _capacity(world))
    elsewhere = world.parameters.rest_of_world
    require(CARDS, lambda x: (*[site_names(world)] * 3, [*elsewhere], ["world"])[x], quarter, _cards(world))
    require(HALLS, lambda _: site_names(world), quarter, _halls(world))
    firms = world.structure.providers
    require(MONEY, lambda x: (*[firms] * 3, regions, ["world"])[x], quarter, _money(world))


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


def _capacity(world: World) -> Broken:
    """Look whether use of pools fits their cards, and equals what customers took plus own use."""
    state = world.state
    return broken_capacity(
        state.kinds, state.load, world.now.arrays["taken"], world.links.product_lane, state.own_use
    )  # fmt: skip


def _cards(world: World) -> Broken:
    """Look whether cards in place are the running account of deliveries and losses, and leases move them only."""
    state, now = world.state, world.now.arrays
    return broken_cards(
        state.cards, state.owned, now["stored_before"], state.delivered, state.stored, now["installed"],
        state.elsewhere_cards, state.elsewhere, state.operated, world.structure.chip_kw, world.t + 2,
    )  # fmt: skip


def _halls(world: World) -> Broken:
    """Look whether cards fit their halls, halls are those of the opening and all that was begun, and requests close."""
    state = world.state
    return broken_halls(
        state.owned, world.structure.chip_kw, state.energised_mw, state.opening_mw, world.now.arrays["building_mw"],
        state.begun_mw, state.converting_mw, state.requested_mw, state.queued_mw, PAST + world.t,
    )  # fmt: skip


def _money(world: World) -> Broken:
    """Look whether what was paid was received, and cash moved by what was posted."""
    state, ledger, now = world.state, world.ledger, world.now.arrays
    return broken_money(
        state.cash, now["cash_before"], state.debt, now["debt_before"], ledger.financial[Transfer.CREDIT],
        now["written_off"], state.assets, state.net_worth, now["provider_revenue"], now["provider_capex"],
        now["revenue_usd_m"], ledger.customers.start, ledger.paid, ledger.financial, COUNTERPART, len(COUNTERPARTS),
    )  # fmt: skip
