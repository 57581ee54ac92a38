"""Leasing `rolling`: asset-light firms rent idle cards of others instead of building (B1, B7).

A site that sells more than its own cards can give next quarter rents a part of what is missing, smoothly less where an
hour earns less than the rent asks for (``slots.worthwhile``). Owners let what they do not expect to use. Leases run for
a number of quarters in the mean: an equal part ends each quarter, so that neither side walks away at once, and only
what is wanted and free beside them is signed. Rent is the posted price of an hour less a wholesale discount; it is paid
for every hour that the cards can give. L pools, S sites, V chips, R regions, n leases.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import totals
from sim.economics.fleets import Leases, operated_hours
from sim.economics.slots import worthwhile

SMALLEST = 1e-3
"""Part of an owner's pool below which a lease is not worth its paper."""


class Cards(NamedTuple):
    """Own cards of every site (S, V), and where they stand."""

    owned: Floats
    scrapped: Floats
    """To be taken out next quarter, and ``may_go``, those that may give way."""
    may_go: Floats
    accepted: Floats
    """To be delivered then; less ``for_store``, which finds no slot, and more what is taken ``from_store``."""
    for_store: Floats
    from_store: Floats
    survival: float
    """Share that does not fail in a quarter."""
    hours: Floats
    """(V,) inference hours a quarter of a card."""
    site: Ints
    """(L,) site of each pool."""
    stacked: Bools
    """(L, V) whether the pool runs the chip."""


class Trade(NamedTuple):
    """What firms know of every site (S,), inference hours unless said, and of pools."""

    region: Ints
    share: Floats
    """Expected share of the region's customers by first choice."""
    demand: Floats
    """Of customers this quarter."""
    captive: Floats
    """Own use wanted."""
    growth: Floats
    """Expected until next quarter, log."""
    earned: Floats
    """What an hour is expected to earn, USD."""
    leasing: Floats
    """Part of what is missing that the firm rents."""
    hurdle: Floats
    """What an hour must earn over its rent."""
    most: Floats
    """(2, L) training hours of a pool if nothing infers, and inference hours if nothing trains."""
    load: Floats
    """(2 L,) hours in use by lane."""


@compiled
def sign_leases(
    cards: Cards, known: Trade, leases: Leases, dated: int, rent: Floats, t: int, largest_growth: float,
    steepness: float, ending: float, permitted: Floats, let: Floats, refused: Floats,
) -> None:  # fmt: skip
    """Set what is let next quarter (n,), inference hours; dated leases, which come first, are left alone.

    Args:
        cards: of owners.
        known: of sites and pools.
        leases: all leases.
        dated: how many have dates.
        rent: (R,) of an inference hour, USD; where it is 0 nothing is let.
        t: quarter of the run.
        largest_growth: largest rise or fall of demand in a quarter that is believed, log.
        steepness: of ``worthwhile``.
        ending: part of leases that ends in a quarter.
        permitted: (m,) part of what would be signed that rules let, by lease that firms decide on.
        let: (n,) changed.
        refused: (m,) what rules kept from being signed is added to it.
    """
    hours = hours_ahead(cards, leases, t + 1, known.region.size)
    accepted, growth = np.zeros(known.region.size), np.empty(known.region.size)
    for s in range(growth.size):
        asked = rent[known.region[s]]
        if asked > 0.0:
            accepted[s] = worthwhile(known.earned[s], asked, known.hurdle[s], steepness)
        growth[s] = min(max(known.growth[s], -largest_growth), largest_growth)
    wanted = wanted_rentals(
        known.share, known.demand, known.region, rent.size, growth, known.captive,
        totals(cards.site, hours, growth.size), known.leasing, accepted,
    )  # fmt: skip
    rolled_over(
        let[dated:], leases.lessor[dated:], leases.lessee[dated:], leases.until[dated:] > t,
        spread_over_pools(wanted, known.most[1], cards.site),
        idle_hours(hours, known.most, known.load, growth, known.leasing, cards.site), hours, ending, permitted, refused,
    )  # fmt: skip


@compiled
def hours_ahead(cards: Cards, leases: Leases, t: int, sites: int) -> Floats:
    """Return the hours that own and dated leased cards of every pool will give next quarter, ``t`` (L,)."""
    there = (cards.owned - cards.scrapped - cards.may_go) * cards.survival
    there += cards.accepted + cards.from_store - cards.for_store
    return operated_hours(there, cards.site, cards.stacked, leases, np.full(sites, t), cards.hours)


@compiled
def wanted_rentals(
    share: Floats, demand: Floats, region: Ints, regions: int, growth: Floats, captive: Floats, own: Floats,
    leasing: Floats, accepted: Floats,
) -> Floats:  # fmt: skip
    """Return what every site wants to rent next quarter in all (S,), inference hours.

    ``leasing x accepted x max(0, s D e^g + own use - own capacity)``.

    Args:
        share: (S,) expected share of the region's customers by first choice.
        demand: (S,) of customers this quarter.
        region: (S,) region of each site.
        regions: R.
        growth: (S,) g, expected until next quarter, log.
        captive: (S,) own use wanted.
        own: (S,) capacity of own and dated leased cards next quarter.
        leasing: (S,) part of what is missing that the firm rents rather than waits for.
        accepted: (S,) part of that which the rent leaves worth while.
    """
    market = totals(region, demand, regions)
    out = np.zeros(share.size)
    for s in range(share.size):
        if leasing[s] > 0.0:
            needed = share[s] * market[region[s]] * math.exp(growth[s]) + captive[s]
            out[s] = leasing[s] * accepted[s] * max(needed - own[s], 0.0)
    return out


@compiled
def spread_over_pools(wanted: Floats, hours: Floats, site: Ints) -> Floats:
    """Return what is wanted at sites (S,) by pool (L,), in proportion to the hours (L,) that their cards give."""
    total = totals(site, hours, wanted.size)
    out = np.zeros(site.size)
    for pool in range(site.size):
        if total[site[pool]] > 0.0:
            out[pool] = wanted[site[pool]] * hours[pool] / total[site[pool]]
    return out


@compiled
def idle_hours(hours: Floats, most: Floats, load: Floats, growth: Floats, leasing: Floats, site: Ints) -> Floats:
    """Return inference hours of every pool next quarter that its owner does not expect to need, and lets (L,).

    Use counts at most: a training hour as the inference hours that its card could give. Expected growth is kept free,
    an expected fall is not let. Who rents lets the less: nothing where it rents all that it is missing.

    Args:
        hours: (L,) of own and dated leased cards next quarter.
        most: (2, L) training hours if nothing infers, and inference hours if nothing trains.
        load: (2 L,) hours in use by lane.
        growth: (S,) expected until next quarter, log.
        leasing: (S,) part of what is missing that the firm rents.
        site: (L,) site of each pool.
    """
    out = np.zeros(hours.size)
    for pool in range(hours.size):
        rate = most[1, pool] / most[0, pool] if most[0, pool] > 0.0 else 0.0
        used = load[2 * pool] * rate + load[2 * pool + 1]
        needed = used * math.exp(max(growth[site[pool]], 0.0))
        out[pool] = max(hours[pool] - needed, 0.0) * (1.0 - leasing[site[pool]])
    return out


@compiled
def rolled_over(
    let: Floats, lessor: Ints, lessee: Ints, open_: Bools, wanted: Floats, idle: Floats, hours: Floats, ending: float,
    permitted: Floats, refused: Floats,
) -> None:  # fmt: skip
    """Let a part of all leases end and sign new ones, as far as lessees want and lessors have (n,), inference hours.

    A lessee spreads what it still wants over its lessors in proportion to what they have; a lessor cuts all alike.

    Args:
        let: (n,) under lease; changed.
        lessor: (n,) pool that cards are taken from, and ``lessee``, that operates them.
        lessee: (n,)
        open_: (n,) whether the lease may be: not where an end of it has left the market.
        wanted: (L,) to be rented in all.
        idle: (L,) that could be let in all.
        hours: (L,) of own cards: a lease of less than ``SMALLEST`` of them ends.
        ending: part of leases that ends in a quarter.
        permitted: (n,) part of what would be signed that rules let.
        refused: (n,) the rest of it is added to it.
    """
    more, free = wanted.copy(), idle.copy()
    offered, asked = np.zeros(idle.size), np.zeros(idle.size)
    for n in range(let.size):
        let[n] = let[n] * (1.0 - ending) if open_[n] else 0.0
        more[lessee[n]] -= let[n]
        free[lessor[n]] -= let[n]
    for n in range(let.size):
        if open_[n]:
            offered[lessee[n]] += max(free[lessor[n]], 0.0)
            asked[lessor[n]] += max(more[lessee[n]], 0.0)
    for n in range(let.size):
        here, there = max(more[lessee[n]], 0.0), max(free[lessor[n]], 0.0)
        if open_[n] and here * there > 0.0:
            signed = min(here * there / offered[lessee[n]], there * here / asked[lessor[n]])
            let[n] += signed * permitted[n]
            refused[n] += signed * (1.0 - permitted[n])
        if let[n] < SMALLEST * hours[lessor[n]]:
            let[n] = 0.0
