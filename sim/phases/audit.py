"""Phase 11: identities. A run in which one is broken stops, and says which, where and when."""

import numpy as np

from sim.economics.accounts import hours_by_lane
from sim.economics.frontier import use_and_room
from sim.economics.identities import cards_by_site, halls_by_site, money_by_firm
from sim.ledger import Transfer, require_at_most, require_equal
from sim.structure import PAST
from sim.world import World

OF_FIRMS = (
    "money: cash moved = postings",
    "money: debt moved = borrowing less repayment and write-offs",
    "balance sheet: cash + assets - debt = net worth",
)
"""Identities of ``money_by_firm``, in its order."""


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
    state, kw, vintages, quarter = world.state, world.structure.chip_kw, world.t + 2, world.quarter
    here = cards_by_site(state.cards, state.owned, kw, vintages)
    elsewhere = cards_by_site(state.elsewhere_cards, state.elsewhere, kw, vintages)
    require_equal("cards: stock = account", lambda: site_names(world), quarter, here[0], here[1])
    require_equal("power: MW = account", lambda: site_names(world), quarter, here[2], here[3])
    _store(world)
    owners = world.parameters.rest_of_world
    require_equal("cards: elsewhere = account", lambda: list(owners), quarter, elsewhere[0], elsewhere[1])
    operated, owned = state.operated.sum(keepdims=True)[0], here[0].sum(keepdims=True)
    require_equal("leases: operated = owned", lambda: ["world"], quarter, operated, owned)


def _store(world: World) -> None:
    """What was bought ahead of rules is in store until it is taken out."""
    state, now = world.state, world.now.arrays
    if state.stored.any() or now["stored_before"].any():
        require_equal(
            "cards: stored before + delivered = stored + put in place", lambda: site_names(world), world.quarter,
            (now["stored_before"] + state.delivered).sum(axis=1), (state.stored + now["installed"]).sum(axis=1),
        )  # fmt: skip


def _halls(world: World) -> None:
    """Cards fit the power of their halls; halls are those of the opening and all that was begun; requests close."""
    state, quarter = world.state, world.quarter
    cards, begun, requested = halls_by_site(
        state.owned, world.structure.chip_kw, state.begun_mw, state.converting_mw, state.requested_mw, PAST + world.t
    )
    require_at_most("power: cards fit their halls", lambda: site_names(world), quarter, cards, state.energised_mw)
    require_equal(
        "halls: opening + begun = energised + building", lambda: site_names(world), quarter,
        state.opening_mw + begun, state.energised_mw + world.now.arrays["building_mw"],
    )  # fmt: skip
    require_equal(
        "halls: requests = account", lambda: site_names(world), quarter, 1.0 + requested, 1.0 + state.queued_mw
    )


def _money(world: World) -> None:
    """What was paid was received, and cash moved by what was posted."""
    structure, state, ledger, now = world.structure, world.state, world.ledger, world.now.arrays
    balances = ledger.balances()
    of_firms = money_by_firm(
        state.cash, now["cash_before"], balances[ledger.providers], state.debt, now["debt_before"],
        ledger.financial[Transfer.CREDIT] - now["written_off"], state.assets, state.net_worth,
        now["provider_revenue"] + now["provider_capex"],
    )  # fmt: skip
    for identity, (left, right) in zip(OF_FIRMS, of_firms, strict=True):
        require_equal(identity, lambda: structure.providers, world.quarter, left, right)
    require_equal(
        "money: paid by customers = received", lambda: structure.regions, world.quarter,
        now["revenue_usd_m"].sum(axis=1), -balances[ledger.customers],
    )  # fmt: skip
    volume = ledger.paid.sum() + np.abs(ledger.financial).sum() + 1.0
    total = 1.0 + balances.sum(keepdims=True) / volume
    require_equal("money: flows sum to zero", lambda: ["world"], world.quarter, total, np.ones(1))
