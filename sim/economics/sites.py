"""What a provider sees at each of its sites, and the orders it places for them.

R customer regions, J products, I providers, S sites, L pools, V chips, K suppliers.
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.accounts import add_by
from sim.economics.cells import Bools, Floats, Ints


@compiled
def site_demand(
    first: Floats, contracted: Floats, captive: Floats, most: Floats, lane: Ints, site: Ints, sites: int
) -> Floats:
    """Return demand at every site (S,), inference hours: contracts and own use, plus first choices before rationing.

    Args:
        first: (R, J) hours by first choice.
        contracted: (2 L,) hours of contracts by lane, training and inference.
        captive: (L,) own use wanted.
        most: (2, L) training hours of every pool if nothing infers, and inference hours if nothing trains: a training
            hour counts as the inference hours it could be.
        lane: (J,) lane of each product.
        site: (L,) site of each pool.
        sites: S.
    """
    asked = contracted.copy()
    add_by(first, lane, asked)
    out = np.zeros(sites)
    for pool in range(site.size):
        rate = most[1, pool] / most[0, pool] if most[0, pool] > 0.0 else 1.0
        out[site[pool]] += asked[2 * pool] * rate + asked[2 * pool + 1] + captive[pool]
    return out


@compiled
def site_prices(
    first: Floats, posted: Floats, tokens_per_hour: Floats, cost: Floats, provider: Ints, pool: Ints, workload: Ints,
    on_tokens: Bools, site: Ints, sites: int,
) -> Floats:  # fmt: skip
    """Return posted price over long-run cost at every site (S,), weighted by first choices; 1 where nothing is sold.

    Args:
        first: (R, J) hours by first choice.
        posted: (J,) USD per unit.
        tokens_per_hour: (I,) M tokens per hour.
        cost: (L, 2) long-run cost, USD per hour of each workload.
        provider: (J,) provider, ``pool`` and ``workload`` of each product.
        pool: (J,)
        workload: (J,)
        on_tokens: (J,) whether it is sold by the token.
        site: (J,) site of each product.
        sites: S.
    """
    value, basis = np.zeros(sites), np.zeros(sites)
    for j in range(posted.size):
        hours = 0.0
        for r in range(first.shape[0]):
            hours += first[r, j]
        per_hour = posted[j] * tokens_per_hour[provider[j]] if on_tokens[j] else posted[j]
        value[site[j]] += per_hour * hours
        basis[site[j]] += cost[pool[j], workload[j]] * hours
    for s in range(sites):
        value[s] = value[s] / basis[s] if basis[s] > 0.0 else 1.0
    return value


@compiled
def place_orders(chip: Ints, wanted: Floats, each: Floats, ordered: Floats) -> None:
    """Fill (n, V) with cards ordered; an order without a chip that may be had is not placed.

    Args:
        chip: (n, K) chip of every supplier, -1 for none.
        wanted: (n, K) capacity wanted of every supplier.
        each: (V,) capacity of a card.
        ordered: (n, V) filled.
    """
    ordered[:] = 0.0
    for x in range(chip.shape[0]):
        for k in range(chip.shape[1]):
            if chip[x, k] >= 0:
                ordered[x, chip[x, k]] = wanted[x, k] / each[chip[x, k]]
