"""Fleets of cards: they arrive, fail and retire, stand in pools, move under leases and earn rent.

S sites (or owners), V chips, A vintages, L pools, N kinds of card in a pool, I providers.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.frontier import kind_hours, pool_hours

ROUNDING = 1e-12
"""Of what was lost: a remainder below it is no card."""


class Leases(NamedTuple):
    """Cards that stand in one provider's pool and are operated by another, (n,): dated leases, then those that may be.

    What is let under a lease that firms decide on stands in the state, and its share here is 0.
    """

    lessor: Ints
    """Pool that the cards are taken from."""
    lessee: Ints
    """Pool that operates them."""
    since: Ints
    """First and last quarter of the run."""
    until: Ints
    share: Floats
    """Of the lessor's pool."""
    price_multiple: Floats
    """Rent over long-run cost; 0 where rent goes with the market."""


@compiled
def install(delivered: Floats, for_store: Floats, from_store: Floats, stored: Floats) -> Floats:
    """Return cards that get a slot (S, V): new ones, less those bought ahead, and what is taken out of the store.

    Args:
        delivered: (S, V)
        for_store: (S, V) of these, bought ahead.
        from_store: (S, V)
        stored: (S, V) changed.
    """
    stored += for_store - from_store
    return delivered - for_store + from_store


@compiled
def age_fleet(
    cards: Floats, owned: Floats, delivered: Floats, lost: Floats, vintage: int, survive: float, retired: int,
    opening_retires: bool,
) -> None:  # fmt: skip
    """Let cards fail, retire the oldest vintage and add the new one, and enter that into the running account.

    Of a card that is neither there nor comes, nothing is touched.

    Args:
        cards: (S, V, A) by vintage; changed.
        owned: (S, V) the running account; what rounding leaves when the last cards go is nothing.
        delivered: (S, V) new cards.
        lost: (S, V) what went is added.
        vintage: position of the new vintage.
        survive: fraction of cards that do not fail in a quarter.
        retired: last vintage that is too old, of those after the opening fleet.
        opening_retires: whether the opening fleet, vintage 0, is too old.
    """
    for s in range(cards.shape[0]):
        for v in range(cards.shape[1]):
            if owned[s, v] == 0.0 and delivered[s, v] == 0.0:
                continue
            gone = 0.0
            for a in range(vintage if owned[s, v] != 0.0 else 0):
                held = cards[s, v, a]
                if held == 0.0:
                    continue
                too_old = opening_retires if a == 0 else a <= retired
                kept = 0.0 if too_old else held * survive
                gone += held - kept
                cards[s, v, a] = kept
            lost[s, v] += gone
            cards[s, v, vintage] = delivered[s, v]
            if owned[s, v] - gone < ROUNDING * gone:
                cards[s, v, :vintage] = 0.0
                owned[s, v] = delivered[s, v]
            else:
                owned[s, v] += delivered[s, v] - gone


@compiled
def recount(cards: Floats, vintages: int) -> Floats:
    """Return cards in place (S, V), added up over the first ``vintages`` of (S, V, A)."""
    out = np.empty(cards.shape[:2])
    for s in range(cards.shape[0]):
        for v in range(cards.shape[1]):
            total = 0.0
            for a in range(vintages):
                total += cards[s, v, a]
            out[s, v] = total
    return out


@compiled
def worth(cards: Floats, each: Floats) -> Floats:
    """Return the sums over chips of cards (S, V) times a quantity per card (V,), by site (S,)."""
    out = np.zeros(cards.shape[0])
    for s in range(cards.shape[0]):
        for v in range(cards.shape[1]):
            out[s] += cards[s, v] * each[v]
    return out


@compiled
def cost_of_cards(cards: Floats, duty: Floats, price: Floats, servers: float) -> Floats:
    """Return what cards (S, V) cost with their servers and a duty, by site (S,), USD m.

    Args:
        cards: (S, V)
        duty: (S, V) fraction of the price of cards.
        price: (V,) USD per card.
        servers: price of a card with its server over that of the card.
    """
    out = np.empty(cards.shape[0])
    for s in range(cards.shape[0]):
        paid, duties = 0.0, 0.0
        for v in range(price.size):
            if cards[s, v] != 0.0:
                paid += cards[s, v] * price[v]
                duties += cards[s, v] * duty[s, v] * price[v]
        out[s] = paid * (servers / 1e6) + duties / 1e6
    return out


@inlined
def _given(owned: Floats, site: Ints, stacked: Bools, pool: int, each: Floats) -> float:
    """Return the own cards of a pool times a quantity per card (V,), such as the hours it gives."""
    given = 0.0
    for v in range(each.size):
        if stacked[pool, v]:
            given += owned[site[pool], v] * each[v]
    return given


@compiled
def draw_leases(
    owned: Floats, site: Ints, stacked: Bools, leases: Leases, t: int, hours: Floats, let: Floats, share: Floats
) -> None:  # fmt: skip
    """Fill the share of its lessor's cards that every lease moves (n,): as dated, or as hours were agreed.

    Where own cards give less than was agreed beside dated leases, all agreements are cut alike.

    Args:
        owned: (S, V) cards at every site.
        site: (L,) site of each pool.
        stacked: (L, V) whether the pool runs the chip.
        leases: all leases.
        t: quarter of the run.
        hours: (V,) inference hours a quarter of a card.
        let: (n,) inference hours agreed; changed to what can be given. Dated leases have none.
        share: (n,) filled.
    """
    left, agreed = np.ones(site.size), np.zeros(site.size)
    for n in range(share.size):
        in_force = leases.since[n] <= t <= leases.until[n]
        share[n] = leases.share[n] if in_force else 0.0
        left[leases.lessor[n]] -= share[n]
        if not in_force:
            let[n] = 0.0
        agreed[leases.lessor[n]] += let[n]
    for n in range(share.size):
        if let[n] > 0.0:
            pool = leases.lessor[n]
            given = _given(owned, site, stacked, pool, hours)
            most = max(left[pool], 0.0) * given
            let[n] *= min(most / agreed[pool], 1.0)
            share[n] = let[n] / given if given > 0.0 else 0.0


@compiled
def operate(owned: Floats, site: Ints, stacked: Bools, leases: Leases, share: Floats, out: Floats) -> None:
    """Fill (L, V) with the cards each pool operates: owned, plus leased in, less leased out.

    Args:
        owned: (S, V) cards at every site.
        site: (L,) site of each pool.
        stacked: (L, V) whether the pool runs the chip.
        leases: all leases.
        share: (n,) of the lessor's cards that each moves.
        out: (L, V) filled.
    """
    for pool in range(site.size):
        here = owned[site[pool]]
        for v in range(here.size):
            out[pool, v] = here[v] if stacked[pool, v] else 0.0
    for n in range(share.size):
        pool = leases.lessor[n]
        if share[n] > 0.0:
            for v in range(owned.shape[1]):
                moved = owned[site[pool], v] * share[n] if stacked[pool, v] else 0.0
                out[pool, v] -= moved
                out[leases.lessee[n], v] += moved


@compiled
def operated_hours(
    owned: Floats, site: Ints, stacked: Bools, leases: Leases, quarter: Ints, hours: Floats
) -> Floats:  # fmt: skip
    """Return the hours that own and dated leased cards of every pool can give (L,), in a quarter of its site's own.

    Args:
        owned: (S, V) cards in that quarter, ``site``, ``stacked`` and ``leases`` as for ``operate``.
        site: (L,)
        stacked: (L, V)
        leases: all leases; both ends of one lie in a region.
        quarter: (S,) of the run: it decides which leases are still in force.
        hours: (V,) hours a quarter of a card.
    """
    out = np.zeros(site.size)
    for pool in range(site.size):
        out[pool] = _given(owned, site, stacked, pool, hours)
    for n in range(leases.share.size):
        pool = leases.lessor[n]
        if leases.share[n] > 0.0 and leases.since[n] <= quarter[site[pool]] <= leases.until[n]:
            given = _given(owned, site, stacked, pool, hours) * leases.share[n]
            out[pool] -= given
            out[leases.lessee[n]] += given
    return out


@compiled
def add_leased(let: Floats, leases: Leases, hours: Floats) -> None:
    """Move the hours agreed under leases (n,) from lessor to lessee in the hours of every pool (L,)."""
    for n in range(let.size):
        hours[leases.lessor[n]] -= let[n]
        hours[leases.lessee[n]] += let[n]


@compiled
def staying(
    cards: Floats, owned: Floats, leaving: Floats, survive: float, ahead: Ints, vintage: int, age: int, opening_age: int
) -> Floats:  # fmt: skip
    """Return the cards of today that will still be in place some quarters ahead (S, V).

    ``(s (1 - m))^L`` of those that will not be too old by then: s survives failure in a quarter, m is the part that
    gives way or is given up, taken to be in every quarter what it is now.

    Args:
        cards: (S, V, A) by vintage: 0 the opening fleet, then by quarter of delivery.
        owned: (S, V) the running account.
        leaving: (S, V) cards that are given up or may give way to new ones next quarter.
        survive: s, fraction of cards that do not fail in a quarter.
        ahead: (S,) L, quarters to look ahead.
        vintage: the newest.
        age: quarters after which a card retires.
        opening_age: age of the opening fleet when the newest vintage was 0.
    """
    out = np.zeros(owned.shape)
    for s in range(owned.shape[0]):
        oldest = min(vintage + ahead[s] - age, vintage)
        opening = vintage + ahead[s] - 1 + opening_age >= age
        for v in range(owned.shape[1]):
            if owned[s, v] > 0.0:
                old = cards[s, v, 0] if opening else 0.0
                for a in range(1, oldest + 1):
                    old += cards[s, v, a]
                kept = survive * (1.0 - min(leaving[s, v] / owned[s, v], 1.0))
                out[s, v] = max(owned[s, v] - old, 0.0) * kept ** ahead[s]
    return out


@compiled
def count_hours(cards: Floats, effective: Floats, order: Ints, hours: float, kinds: Floats) -> None:
    """Fill (L, N, 2) with the hours every kind of card in every pool could give, see ``frontier.kind_hours``."""
    for pool in range(cards.shape[0]):
        kind_hours(cards[pool], effective, order[pool], hours, kinds[pool])


@compiled
def count_pools(
    owned: Floats, site: Ints, stacked: Bools, leases: Leases, t: int, card_hours: Floats, let: Floats, share: Floats,
    effective: Floats, order: Ints, hours: float, operated: Floats, kinds: Floats,
) -> Floats:  # fmt: skip
    """Draw leases, fill the cards that each pool operates and the hours they could give; return the most (2, L).

    Args:
        owned: (S, V), ``site``, ``stacked``, ``leases`` and ``t`` as for ``draw_leases``.
        site: (L,)
        stacked: (L, V)
        leases: all leases.
        t: quarter of the run.
        card_hours: (V,) inference hours a quarter of a card.
        let: (n,) inference hours agreed; changed as by ``draw_leases``.
        share: (n,) of its lessor's cards that every lease moves, filled.
        effective: (V, 2) effective H100e of a card in training and inference.
        order: (L, N) kinds of each pool, best at training first.
        hours: usable hours per card and quarter.
        operated: (L, V) filled with cards.
        kinds: (L, N, 2) filled with hours.
    """
    draw_leases(owned, site, stacked, leases, t, card_hours, let, share)
    operate(owned, site, stacked, leases, share, operated)
    count_hours(operated, effective, order, hours, kinds)
    return pool_hours(kinds)


@compiled
def post_rents(
    owned: Floats, site: Ints, stacked: Bools, leases: Leases, share: Floats, t: int, term: float, hours: Floats,
    cost: Floats, rent: Floats, region: Ints, provider: Ints, paid: Floats, net: Floats, ahead: Floats,
) -> None:  # fmt: skip
    """Post the rent of cards for the inference hours they can give: a multiple of long-run cost, or the market's.

    Args:
        owned: (S, V), ``site``, ``stacked``, ``leases`` and ``share`` as for ``operate``.
        site: (L,)
        stacked: (L, V)
        leases: all leases.
        share: (n,)
        t: quarter of the run.
        term: quarters that a lease without a date lasts in the mean.
        hours: (V,) usable inference hours of a card in a quarter.
        cost: (L, 2) USD per effective hour of each workload.
        rent: (R,) of an inference hour under leases without a date, USD.
        region: (L,) region and ``provider`` of each pool.
        provider: (L,)
        paid: (I, I) USD m from lessee to lessor; added to.
        net: (I,) filled with receipts less payments, USD m.
        ahead: (I,) filled with rent still to come, USD m.
    """
    net[:] = 0.0
    ahead[:] = 0.0
    for n in range(share.size):
        if share[n] > 0.0:
            pool, dated = leases.lessor[n], leases.price_multiple[n] > 0.0
            price = cost[pool, 1] * leases.price_multiple[n] if dated else rent[region[pool]]
            due = _given(owned, site, stacked, pool, hours) * share[n] * price / 1e6
            owner, user = provider[pool], provider[leases.lessee[n]]
            paid[user, owner] += due
            net[owner] += due
            net[user] -= due
            ahead[owner] += due * (float(leases.until[n] - t) if dated else term - 1.0)
