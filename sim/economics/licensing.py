"""What rules do to orders of cards: duties on top of prices, quotas over what is sold at home (B5).

n places that order, V cards.
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import part_of, totals
from sim.economics.upstream import by_chip


@compiled
def costs_with_duty(
    hour_cost: Floats, region: Ints, duty: Floats, grant: Floats, servers: float, price: Floats, recovery: float,
    utilisation: float,
) -> Floats:  # fmt: skip
    """Return the long-run cost of a used card-hour at every place (n, V), USD: that of its region, duty less grant.

    Args:
        hour_cost: (R, V) without duty and grant.
        region: (n,) region of each place.
        duty: (n, V) fraction of price that the buyer pays on top.
        grant: (R, V) fraction of the price of cards with servers that the state pays.
        servers: price of a card with its server over that of the card.
        price: (V,) USD per card.
        recovery: annual payment per unit of price.
        utilisation: share of hours that are used.
    """
    out = np.empty(duty.shape)
    for x in range(region.size):
        for v in range(price.size):
            added = (duty[x, v] - grant[region[x], v] * servers) * price[v] * recovery
            out[x, v] = hour_cost[region[x], v] + added / (8760.0 * utilisation)
    return out


@compiled
def quota_factors(
    ordered: Floats, licensed: Floats, home: Bools, h100e: Floats, supplier: Ints, suppliers: int, share: float,
    most: float,
) -> Floats:  # fmt: skip
    """Return the part of licensed orders that a quota leaves (V,); 1 where it does not bind.

    What a maker sells at home is counted in H100e over all its cards: those under the rule are no longer bought there.

    Args:
        ordered: (n, V) cards.
        licensed: (n, V) part of an order that stands under the licence.
        home: (n,) whether a place lies in the maker's own region.
        h100e: (V,) per card.
        supplier: (V,) maker of each card, of ``suppliers`` K.
        suppliers: K.
        share: most H100e over those that the maker sells at home; infinity for no limit.
        most: most cards in all; infinity for no limit.
    """
    at_home, abroad = np.zeros(ordered.shape), np.zeros(ordered.shape)
    for x in range(home.size):
        for v in range(ordered.shape[1]):
            at_home[x, v] = ordered[x, v] if home[x] else 0.0
            abroad[x, v] = ordered[x, v] * licensed[x, v]
    asked = by_chip(abroad)
    sold_by = totals(supplier, by_chip(at_home) * h100e, suppliers)
    asked_by = totals(supplier, asked * h100e, suppliers)
    total, out = 0.0, np.ones(asked.size)
    for v in range(out.size):
        k = supplier[v]
        if asked_by[k] > share * sold_by[k]:
            out[v] = share * sold_by[k] / asked_by[k]
        total += asked[v] * out[v]
    return out * min(most / total, 1.0) if total > most else out


def still_under(under: Floats, other: Floats, part: Floats, shared: float) -> Floats:
    """Return the part of orders (n, V) that stands under a limit once another one has cut them.

    Days that both cover are the same orders, of which the other one leaves no more than of the rest of its own.

    Args:
        under: (n, V) part of orders that stands under the limit.
        other: (n, V) part that stands under the other one.
        part: (n, V) part of all orders that the other leaves.
        shared: part of the days of the shorter of the two that both cover; 1 for the limit itself.
    """
    within = shared * np.minimum(part_of(under, other), 1.0)
    outside = (1.0 - under) - (1.0 - part) * (1.0 - within)
    return np.clip(1.0 - part_of(outside, part), 0.0, 1.0)
