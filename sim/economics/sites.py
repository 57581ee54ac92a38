"""What a provider sees at each of its sites, and the orders it places for them.

R customer regions, J products, I providers, S sites, L pools, V chips, K suppliers.
"""

import math

import numpy as np

from sim.compiled import compiled
from sim.economics.accounts import add_by
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import totals


@compiled
def site_demand(first: Floats, contracted: Floats, most: Floats, lane: Ints, site: Ints, sites: int) -> Floats:
    """Return demand of customers at every site (S,), inference hours: contracts and first choices before rationing.

    Args:
        first: (R, J) hours by first choice.
        contracted: (2 L,) hours of contracts by lane, training and inference.
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
        out[site[pool]] += asked[2 * pool] * rate + asked[2 * pool + 1]
    return out


@compiled
def site_prices(
    first: Floats, posted: Floats, tokens_per_hour: Floats, cost: Floats, provider: Ints, pool: Ints, workload: Ints,
    on_tokens: Bools, site: Ints, sites: int,
) -> Floats:  # fmt: skip
    """Return (3, S): what customers ask for by first choice, at posted prices, at long-run cost, and in hours.

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
    out = np.zeros((3, sites))
    for j in range(posted.size):
        hours = 0.0
        for r in range(first.shape[0]):
            hours += first[r, j]
        per_hour = posted[j] * tokens_per_hour[provider[j]] if on_tokens[j] else posted[j]
        out[0, site[j]] += per_hour * hours
        out[1, site[j]] += cost[pool[j], workload[j]] * hours
        out[2, site[j]] += hours
    return out


@compiled
def price_levels(value: Floats, region: Ints, regions: int) -> tuple[Floats, Floats, Floats]:
    """Return log of each region's mean price over its cost (R,), of a site's price over that mean (S,), and cost (R,).

    Cost is the mean long-run cost of an hour, USD. Where nobody asks, a site stands at its region's mean, and a region
    at cost, which is then not known: 0.

    Args:
        value: (3, S) value, cost and hours, see ``site_prices``.
        region: (S,) region of each site.
        regions: R.
    """
    total, mean, own, cost = np.zeros((3, regions)), np.zeros(regions), np.zeros(region.size), np.zeros(regions)
    for s in range(region.size):
        for x in range(3):
            total[x, region[s]] += value[x, s]
    for r in range(regions):
        if total[0, r] > 0.0:
            mean[r] = math.log(total[0, r] / total[1, r])
            cost[r] = total[1, r] / total[2, r]
    for s in range(region.size):
        r = region[s]
        if value[0, s] > 0.0:
            own[s] = math.log(value[0, s] / value[2, s] * total[2, r] / total[0, r])
    return mean, own, cost


@compiled
def shares_within(amount: Floats, region: Ints, regions: int) -> Floats:
    """Return the share of every site (S,) in its region's total; 0 where that is zero."""
    total, out = totals(region, amount, regions), np.zeros(region.size)
    for s in range(region.size):
        if total[region[s]] > 0.0:
            out[s] = amount[s] / total[region[s]]
    return out


@compiled
def growth_of(demand: Floats, region: Ints, before: Floats, opening: bool) -> Floats:
    """Return growth of each region's demand since the last quarter (R,), log; 0 where there was or is none.

    Args:
        demand: (S,) demand at every site.
        region: (S,) region of each site.
        before: (R,) demand in the last quarter; changed to the present one.
        opening: whether there was no quarter before.
    """
    total, out = totals(region, demand, before.size), np.zeros(before.size)
    for r in range(before.size):
        if not opening and before[r] > 0.0 and total[r] > 0.0:
            out[r] = math.log(total[r] / before[r])
        before[r] = total[r]
    return out


@compiled
def loads(wanted: Floats, standing: Floats) -> Floats:
    """Return the share of capacity that is asked for at every site (S,), at most 1; 1 where there is no capacity."""
    out = np.ones(wanted.size)
    for s in range(wanted.size):
        if standing[s] > wanted[s]:
            out[s] = wanted[s] / standing[s]
    return out


@compiled
def settle_habits(
    share: Floats, above: Floats, share_weight: Floats, price_weight: Floats, opening: bool, expected_share: Floats,
    expected_price: Floats,
) -> None:  # fmt: skip
    """Move the expected share and the average own price of every site (S,) towards what was observed.

    Args:
        share: (S,) share of the region's first choices and contracts.
        above: (S,) log of the own price over the region's mean.
        share_weight: (S,) weight of the newest observation of the share.
        price_weight: (S,) and of the price.
        opening: whether nothing was expected before: what is observed is taken as it is.
        expected_share: (S,) changed.
        expected_price: (S,) changed.
    """
    for s in range(share.size):
        expected_share[s] += (1.0 if opening else share_weight[s]) * (share[s] - expected_share[s])
        expected_price[s] += (1.0 if opening else price_weight[s]) * (above[s] - expected_price[s])


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
