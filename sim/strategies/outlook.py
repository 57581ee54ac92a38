"""What providers see when they decide on halls: what will stand, what is coming, and how far that is from wanted (B7).

S sites, V chips, A vintages, L pools, R regions.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.building import under_way
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import totals
from sim.economics.fleets import Leases, add_leased, operated_hours, staying
from sim.economics.forecasts import growth_until
from sim.economics.slots import power_of
from sim.strategies.capacity_target import Rentals, Sites, Stance, starts


class Standing(NamedTuple):
    """Cards and halls as they stand."""

    cards: Floats
    """(S, V, A) by vintage."""
    owned: Floats
    """(S, V) the running account."""
    scrapped: Floats
    """(S, V) given up."""
    may_go: Floats
    """(S, V) that may give way to new ones next quarter."""
    energised: Floats
    """(S,) MW of halls with power."""
    begun: Floats
    """(S, Q) MW of new shells by quarter in which building began."""
    converting: Floats
    """(S, Q) MW of halls to be converted, by quarter of decision."""
    queued: Floats
    """(S,) MW for which power is asked and not yet promised."""
    let: Floats
    """(n,) inference hours agreed under leases that firms decide on."""
    card_hours: Floats
    """(V,) inference hours a quarter of a card."""
    hours: Floats
    """(S,) inference hours a quarter of the cards in place."""
    mw_hours: Floats
    """(S,) inference hours a quarter that an MW gives with new cards."""


class Fixed(NamedTuple):
    """What never changes about cards, pools and sites; of builders what is looked at here."""

    region: Ints
    """(S,) region and ``provider`` of each site."""
    provider: Ints
    """(S,)"""
    build: Ints
    """(R,) quarters of building."""
    pool_site: Ints
    """(L,)"""
    pool_cards: Bools
    """(L, V) whether the pool runs the chip."""
    kw: Floats
    """(V,) IT power of a card."""
    survive: float
    """Fraction of cards that do not fail in a quarter."""
    age: int
    """Quarters after which a card retires."""
    opening_age: int
    """Age of the opening fleet when the newest vintage was 0."""
    lead: Ints
    """(S,) quarters until what is decided now would stand."""
    conversion: int
    """Quarters of a conversion."""
    foresees: Bools
    """(S,) whether the provider looks at the growth of potential demand until a site would stand."""
    persistence: float
    """rho, see ``growth_until``."""
    largest: float
    """Largest rise or fall of demand in a quarter that is believed, log."""
    steepness: float
    """k, see ``held_back``."""


class Views(NamedTuple):
    """What providers observed and expect."""

    market: Floats
    """(S,) demand of customers, inference hours."""
    captive: Floats
    """(S,) own use, inference hours, and its ``captive_growth`` until what is decided now stands."""
    captive_growth: Floats
    """(S,)"""
    growth: Floats
    """(S,) expected growth of the region's demand in the next quarter, log."""
    outlook: Floats
    """(R,) growth of potential demand in a quarter, log."""
    price: Floats
    """(S,) expected log of the region's mean price over the site's own long-run cost."""
    share: Floats
    """(S,) expected share of the region's customers by first choice."""
    own_price: Floats
    """(S,) average log of what own sales fetch over what they would at the region's prices."""
    revenue: Floats
    """(I,) of the quarter, USD m."""


class Renting(NamedTuple):
    """Who rents, and under which leases that firms decide on, n of them."""

    leasing: Floats
    """(S,) part of what it is missing that every site would rent."""
    built: float
    """Part of what firms would rent that others build in order to let it."""
    selling: Floats
    """(I,) 1 for firms in business; who is gone or not yet there neither rents nor lets."""
    rent: Floats
    """(R,) of an hour, USD."""
    cost: Floats
    """(S,) long-run cost of an hour, USD."""
    dated: int
    """How many of all leases have dates: the others are the n."""
    lessor: Ints
    """(n,) site that lets, and the ``lessee``, that rents."""
    lessee: Ints
    most: Floats
    """(2, L) training hours of a pool if nothing infers, and inference hours if nothing trains."""
    permitted: Floats
    """(all leases,) part that rules let be signed."""


@compiled
def rentals_between(renting: Renting, leases: Leases, fixed: Fixed, t: int) -> Rentals:
    """Return who may rent from whom what others would have to build first; who rents itself lets the less."""
    sites, mine = fixed.region.size, renting.lessor.size
    part, rent, hours = np.empty(sites), np.empty(sites), np.zeros(mine)
    for s in range(sites):
        part[s] = renting.built * renting.leasing[s] * renting.selling[fixed.provider[s]]
        rent[s] = renting.rent[fixed.region[s]]
    for n in range(mine):
        lease = renting.dated + n
        if leases.until[lease] > t:
            hours[n] = renting.most[1, leases.lessor[lease]] * (1.0 - renting.leasing[renting.lessor[n]])
    permitted = renting.permitted[renting.dated :]
    return Rentals(part, rent, renting.cost, renting.lessor, renting.lessee, hours, permitted)


@compiled
def known(standing: Standing, leases: Leases, fixed: Fixed, views: Views, t: int, now: int) -> Sites:
    """Return what firms know when they decide; ``now`` is the position of quarter ``t`` along Q."""
    stays = staying(
        standing.cards, standing.owned, standing.scrapped + standing.may_go, fixed.survive, fixed.lead, t + 1,
        fixed.age, fixed.opening_age,
    )  # fmt: skip
    kept = operated_hours(stays, fixed.pool_site, fixed.pool_cards, leases, t + fixed.lead, standing.card_hours)
    add_leased(standing.let, leases, kept)
    power, left = power_of(standing.owned, fixed.kw), power_of(stays, fixed.kw)
    building = under_way(standing.begun, standing.converting, fixed.region, fixed.build, fixed.conversion, now)
    renewed = totals(fixed.pool_site, kept, power.size) + (power - left) * standing.mw_hours
    coming = np.maximum(standing.energised + building + standing.queued - power, 0.0) * standing.mw_hours
    return Sites(
        fixed.provider, fixed.region, standing.hours, renewed, coming, views.market,
        views.captive * views.captive_growth, views.share, views.own_price,
    )  # fmt: skip


@compiled
def missing_halls(
    standing: Standing, leases: Leases, fixed: Fixed, views: Views, stance: Stance, renting: Renting, shell: Floats,
    t: int, now: int,
) -> Floats:  # fmt: skip
    """Return MW that every site wants to add to what stands, is built and is asked for (S,), see ``starts``.

    Args:
        standing: cards and halls in place, and halls under way.
        leases: all leases.
        fixed: what never changes about cards, pools and sites.
        views: what providers observed and expect.
        stance: how firms invest.
        renting: who rents, and under which leases.
        shell: (R,) USD m per MW of what is begun now.
        t: quarter of the run.
        now: its position along Q.
    """
    growth = growth_until(views.growth, fixed.lead, fixed.persistence, fixed.largest)
    for s in range(growth.size):
        if fixed.foresees[s]:
            growth[s] = views.outlook[fixed.region[s]] * fixed.lead[s]
    return starts(
        known(standing, leases, fixed, views, t, now), stance, growth, views.price,
        rentals_between(renting, leases, fixed, t), standing.mw_hours, shell, views.revenue, fixed.steepness,
    )  # fmt: skip
