"""What a provider can pay for of what it wants: orders within its budget and the appetite of its owners.

S sites, V chips, I providers.
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints

MILLION = 1e6


@compiled
def card_costs(price: Floats, servers: float, kw: Floats, shell: Floats) -> Floats:
    """Return what a new card commits its owner to by region (R, V), USD m: card, server, and a shell for its power.

    Args:
        price: (V,) USD per card.
        servers: cost of card and server over that of the card.
        kw: (V,) IT power of a card.
        shell: (R,) USD m per MW IT.
    """
    out = np.empty((shell.size, price.size))
    for r in range(shell.size):
        for v in range(price.size):
            out[r, v] = price[v] * servers / MILLION + kw[v] / 1000.0 * shell[r]
    return out


@compiled
def cost_by_provider(ordered: Floats, cost: Floats, region: Ints, provider: Ints, firms: int) -> Floats:
    """Return what orders (S, V) cost every provider (firms,), USD m, at (R, V) a card."""
    out = np.zeros(firms)
    for s in range(region.size):
        for v in range(ordered.shape[1]):
            out[provider[s]] += ordered[s, v] * cost[region[s], v]
    return out


@compiled
def keep_within_budget(
    ordered: Floats, cost: Floats, region: Ints, provider: Ints, budget: Floats, appetite: Floats
) -> None:  # fmt: skip
    """Cut orders (S, V) to what owners let go ahead and to the provider's budget, all its sites alike.

    Args:
        ordered: (S, V) cards; changed.
        cost: (R, V) USD m per card.
        region: (S,) region of each site.
        provider: (S,) provider of each site.
        budget: (I,) USD m.
        appetite: (I,) share of what is wanted.
    """
    for s in range(region.size):
        for v in range(ordered.shape[1]):
            ordered[s, v] *= appetite[provider[s]]
    asked = cost_by_provider(ordered, cost, region, provider, budget.size)
    for s in range(region.size):
        i = provider[s]
        if asked[i] > budget[i]:
            for v in range(ordered.shape[1]):
                ordered[s, v] *= budget[i] / asked[i]
