"""What a provider sees at each of its sites.

R customer regions, J products, I providers, S sites, L pools, V chips.
"""

import math

import numpy as np

from sim.compiled import compiled
from sim.economics.accounts import add_by, inference_in_training
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
        out[site[pool]] += asked[2 * pool] * inference_in_training(most, pool) + asked[2 * pool + 1]
    return out


KINDS = 3
"""Kinds of product by which demand is told apart: IaaS training, IaaS inference, MaaS inference."""


@compiled
def site_prices(
    first: Floats, posted: Floats, other: Floats, tokens_per_hour: Floats, provider: Ints, workload: Ints,
    on_tokens: Bools, site: Ints, region: Ints, regions: int,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Return what customers ask for by first choice at every site: its value, hours of each workload, usual value.

    At posted prices (S,), tokens net of what they cost beside hours; (S, 2); and (S,) at the mean prices of the region,
    kind by kind, so that who sells more training or tokens than others is not taken for who sells dearer.

    Args:
        first: (R, J) hours by first choice.
        posted: (J,) USD per unit.
        other: (I,) USD per M tokens beside hours.
        tokens_per_hour: (I,) M tokens per hour.
        provider: (J,) provider and ``workload`` of each product.
        workload: (J,)
        on_tokens: (J,) whether it is sold by the token.
        site: (J,) site of each product.
        region: (S,) region of each site.
        regions: R.
    """
    value, asked, usual = np.zeros(region.size), np.zeros((region.size, 2)), np.zeros(region.size)
    hours, mean, sold = np.zeros((region.size, KINDS)), np.zeros((regions, KINDS)), np.zeros((regions, KINDS))
    for j in range(posted.size):
        s, i, kind, wanted = site[j], provider[j], workload[j] + on_tokens[j], 0.0
        for r in range(first.shape[0]):
            wanted += first[r, j]
        per_hour = (posted[j] - other[i]) * tokens_per_hour[i] if on_tokens[j] else posted[j]
        value[s] += per_hour * wanted
        asked[s, workload[j]] += wanted
        hours[s, kind] += wanted
        mean[region[s], kind] += per_hour * wanted
        sold[region[s], kind] += wanted
    for s in range(region.size):
        for kind in range(KINDS):
            if hours[s, kind] > 0.0:
                usual[s] += hours[s, kind] * mean[region[s], kind] / sold[region[s], kind]
    return value, asked, usual


@compiled
def least_by_site(cost: Floats, site: Ints, sites: int) -> Floats:
    """Return the least long-run cost of each workload among the pools of every site (S, 2), USD per hour.

    Args:
        cost: (L, 2) of every pool.
        site: (L,) site of each pool.
        sites: S.
    """
    out = np.full((sites, 2), math.inf)
    for pool in range(site.size):
        for w in range(2):
            out[site[pool], w] = min(out[site[pool], w], cost[pool, w])
    return out


@compiled
def costs_by_site(parts: Floats, hour_cost: Floats, effective: Floats, least: Floats) -> Floats:
    """Return the long-run cost of an hour of each workload on what every site orders (S, 2), USD.

    An inference hour takes ``p_v / e_v`` hours of card v, which could train instead. Where no card may be ordered it is
    the least cost on the cards of the site.

    Args:
        parts: (S, V) p, of cards in an inference hour of new capacity.
        hour_cost: (S, V) long-run cost of a used card-hour.
        effective: (V, 2) e, effective H100e of a card by workload.
        least: (S, 2) see ``least_by_site``.
    """
    out = least.copy()
    for s in range(parts.shape[0]):
        cost, trains = 0.0, 0.0
        for v in range(parts.shape[1]):
            if parts[s, v] > 0.0:
                cost += parts[s, v] / effective[v, 1] * hour_cost[s, v]
                trains += parts[s, v] / effective[v, 1] * effective[v, 0]
        if cost > 0.0:
            out[s, 1] = cost
        if trains > 0.0:
            out[s, 0] = cost / trains
    return out


@compiled
def costs_here(each: Floats, asked: Floats, region: Ints, regions: int) -> Floats:
    """Return the long-run cost at every site of an hour of what its region asks for (S,), USD.

    Where nobody asks, of an inference hour.

    Args:
        each: (S, 2) long-run cost of each workload, USD per hour.
        asked: (S, 2) hours by first choice.
        region: (S,) region of each site.
        regions: R.
    """
    training, both = totals(region, asked[:, 0], regions), totals(region, asked[:, 0] + asked[:, 1], regions)
    out = np.empty(region.size)
    for s in range(out.size):
        r = region[s]
        part = training[r] / both[r] if both[r] > 0.0 else 0.0
        out[s] = part * each[s, 0] + (1.0 - part) * each[s, 1]
    return out


@compiled
def price_levels(
    value: Floats, asked: Floats, usual: Floats, each: Floats, cost: Floats, region: Ints, regions: int
) -> tuple[Floats, Floats, Floats]:
    """Return logs by site (S,): the region's mean price over own cost, own over usual prices, own markup over that.

    The first is what an hour of what the region asks for fetches over what it costs here; the second what the site's
    own sales fetch over what they would at the region's prices; the third what they fetch over what they cost, over the
    first. What a rival pays for its cards moves none of them. Where nobody asks, a site stands at its region's mean,
    and that at the least cost of the region.

    Args:
        value: (S,) what is asked for at posted prices, USD.
        asked: (S, 2) the same in hours of each workload.
        usual: (S,) the same at the region's prices, see ``site_prices``.
        each: (S, 2) long-run cost of each workload, USD per hour.
        cost: (S,) long-run cost of an hour of what the region asks for, see ``costs_here``.
        region: (S,) region of each site.
        regions: R.
    """
    total, sold = totals(region, value, regions), totals(region, asked[:, 0] + asked[:, 1], regions)
    price = np.full(regions, math.inf)
    for s in range(region.size):
        price[region[s]] = min(price[region[s]], cost[s])
    for r in range(regions):
        if total[r] > 0.0:
            price[r] = total[r] / sold[r]
    above, own, markup = np.empty(region.size), np.zeros(region.size), np.zeros(region.size)
    for s in range(region.size):
        above[s] = math.log(price[region[s]] / cost[s])
        if value[s] > 0.0:
            own[s] = math.log(value[s] / usual[s])
            markup[s] = math.log(value[s] / (asked[s, 0] * each[s, 0] + asked[s, 1] * each[s, 1])) - above[s]
    return above, own, markup


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
def settle_habit(seen: Floats, weight: Floats, opening: bool, expected: Floats) -> None:
    """Move what every site expects of itself (S,) towards what was observed.

    Args:
        seen: (S,)
        weight: (S,) of the newest observation.
        opening: whether nothing was expected before: what is observed is taken as it is.
        expected: (S,) changed.
    """
    for s in range(seen.size):
        expected[s] += (1.0 if opening else weight[s]) * (seen[s] - expected[s])
