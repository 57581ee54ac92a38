"""What rules do to orders of cards: duties on top of prices, quotas over what is sold at home (B5).

n places that order, V cards.
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.upstream import by_chip


@compiled
def costs_with_duty(
    hour_cost: Floats, region: Ints, duty: Floats, price: Floats, recovery: float, utilisation: float
) -> Floats:
    """Return the long-run cost of a used card-hour at every place (n, V), USD: that of its region, and the duty.

    Args:
        hour_cost: (R, V) without duty.
        region: (n,) region of each place.
        duty: (n, V) fraction of price that the buyer pays on top.
        price: (V,) USD per card.
        recovery: annual payment per unit of price.
        utilisation: share of hours that are used.
    """
    out = np.empty(duty.shape)
    for x in range(region.size):
        for v in range(price.size):
            out[x, v] = hour_cost[region[x], v] + duty[x, v] * price[v] * recovery / (8760.0 * utilisation)
    return out


@compiled
def spread(chip: Ints, wanted: Floats, each: Floats, open_: Floats) -> Floats:
    """Return cards that may be ordered (n, V).

    Args:
        chip: (n, K) chip of every supplier, -1 for none.
        wanted: (n, K) capacity wanted of every supplier.
        each: (V,) capacity of a card.
        open_: (n, V) share that may be ordered.
    """
    cards = np.zeros(open_.shape)
    for x in range(chip.shape[0]):
        for k in range(chip.shape[1]):
            v = chip[x, k]
            if v >= 0:
                cards[x, v] = wanted[x, k] / each[v] * open_[x, v]
    return cards


@compiled
def quota_factors(ordered: Floats, licensed: Bools, home: Bools, share: float, most: float) -> Floats:
    """Return the part of licensed orders that a quota leaves (V,); 1 where it does not bind.

    Args:
        ordered: (n, V) cards.
        licensed: (n, V) whether an order stands under the licence.
        home: (n,) whether a place lies in the maker's own region.
        share: most cards of a kind over those sold at home; infinity for no limit.
        most: most cards of all kinds; infinity for no limit.
    """
    at_home, abroad = np.zeros(ordered.shape), np.zeros(ordered.shape)
    for x in range(home.size):
        for v in range(ordered.shape[1]):
            at_home[x, v] = ordered[x, v] if home[x] else 0.0
            abroad[x, v] = ordered[x, v] if licensed[x, v] else 0.0
    sold, asked = by_chip(at_home), by_chip(abroad)
    total, out = 0.0, np.ones(sold.size)
    for v in range(out.size):
        if asked[v] > share * sold[v]:
            out[v] = share * sold[v] / asked[v]
        total += asked[v] * out[v]
    return out * min(most / total, 1.0) if total > most else out
