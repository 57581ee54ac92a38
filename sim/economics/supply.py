"""What firms reckon with when they price: cost of service, use of capacity, capacity left for new contracts.

J products, I providers, L pools, V chips.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.frontier import tangents, uncontracted


@compiled
def pool_costs(cards: Floats, care: Floats, effective: Floats, first: Ints) -> Floats:
    """Return the cost of electricity and care per effective hour (L, 2); where no card is, that of its first to come.

    Args:
        cards: (L, V) cards in the pool.
        care: (L, V) USD per used card-hour.
        effective: (V, 2) effective H100e of a card in training and inference.
        first: (L,) earliest chip of each pool.
    """
    out = np.empty((cards.shape[0], 2))
    for pool in range(cards.shape[0]):
        stock, dollars, training, inference = 0.0, 0.0, 0.0, 0.0
        for v in range(cards.shape[1]):
            held = cards[pool, v]
            if held != 0.0:  # few are
                stock += held
                dollars += held * care[pool, v]
                training += held * effective[v, 0]
                inference += held * effective[v, 1]
        if stock <= 0.0:
            v = first[pool]
            dollars, training, inference = care[pool, v], effective[v, 0], effective[v, 1]
        out[pool, 0] = dollars / training
        out[pool, 1] = dollars / inference
    return out


@compiled
def unit_costs(
    cost: Floats, other: Floats, tokens_per_hour: Floats, pool: Ints, workload: Ints, provider: Ints, on_tokens: Bools
) -> Floats:
    """Return the cost of service per unit (J,): of an hour, or of M tokens with their other cost.

    Args:
        cost: (L, 2) USD per effective hour of each workload.
        other: (I,) USD per M tokens beside hours.
        tokens_per_hour: (I,) M tokens per effective hour.
        pool: (J,) pool, ``workload`` and ``provider`` of each product.
        workload: (J,)
        provider: (J,)
        on_tokens: (J,) whether it is sold by the token.
    """
    out = np.empty(pool.size)
    for j in range(pool.size):
        out[j] = cost[pool[j], workload[j]]
        if on_tokens[j]:
            out[j] = out[j] / tokens_per_hour[provider[j]] + other[provider[j]]
    return out


@compiled
def capacity_use(
    rate: Floats, tokens_per_hour: Floats, pool: Ints, training: Bools, provider: Ints, on_tokens: Bools
) -> Floats:
    """Return h (J,): inference hours of the pool per unit of product.

    Args:
        rate: (L,) inference hours given up for a training hour.
        tokens_per_hour: (I,) M tokens per effective hour.
        pool: (J,) pool of each product.
        training: (J,) whether it is for training.
        provider: (J,) provider of each product.
        on_tokens: (J,) whether it is sold by the token.
    """
    out = np.ones(pool.size)
    for j in range(pool.size):
        if training[j]:
            out[j] = rate[pool[j]]
        elif on_tokens[j]:
            out[j] = 1.0 / tokens_per_hour[provider[j]]
    return out


@compiled
def reckoned_costs(
    cost: Floats, posted: Floats, use: Floats, multiplier: Floats, pool: Ints, share_weight: Floats,
    value_weight: Floats, further: Floats, least: float,
) -> Floats:  # fmt: skip
    """Return the cost that pricing reckons with (J,): share seeking divides it, the value of a customer reduces it.

    Args:
        cost: (J,) marginal cost, USD per unit.
        posted: (J,) last posted price, USD per unit; below cost where nothing was posted.
        use: (J,) inference hours of the pool per unit.
        multiplier: (L,) shadow price of capacity, USD per inference hour.
        pool: (J,) pool of each product.
        share_weight: (J,) of market share beside profit.
        value_weight: (J,) of what a customer will still pay.
        further: (J,) discounted further quarters that a new contract binds its customer.
        least: floor, as a multiple of marginal cost.
    """
    out = np.empty(cost.size)
    for j in range(cost.size):
        margin = max(posted[j] - cost[j] - use[j] * multiplier[pool[j]], 0.0)
        sought = cost[j] / (1.0 + share_weight[j]) - value_weight[j] * (further[j] * margin)
        out[j] = max(sought, least * cost[j])
    return out


@compiled
def capacity_left(capacity: Floats, locked: Floats, rate: Floats, own_use: Floats) -> Floats:
    """Return inference hours of every pool for new contracts (L,), kept above zero.

    Args:
        capacity: (L,) inference hours at the pool's split.
        locked: (2 L,) hours of contracts by lane.
        rate: (L,) inference hours given up for a training hour.
        own_use: (L,) captive inference hours.
    """
    out = np.empty(capacity.size)
    for pool in range(capacity.size):
        left = capacity[pool] - locked[2 * pool] * rate[pool] - locked[2 * pool + 1] - own_use[pool]
        out[pool] = max(left, 1e-6 * capacity[pool] + 1e-9)
    return out


@compiled
def spread_by_capacity(wanted: Floats, capacity: Floats, provider: Ints) -> Floats:
    """Return what each provider wants (I,) spread over its pools (L,) by capacity; 0 where it has none."""
    fleet = np.zeros(wanted.size)
    for pool in range(provider.size):
        fleet[provider[pool]] += capacity[pool]
    out = np.zeros(provider.size)
    for pool in range(provider.size):
        if capacity[pool] > 0.0:
            out[pool] = wanted[provider[pool]] * (capacity[pool] / fleet[provider[pool]])
    return out


@compiled
def captive_demand(
    hours: Floats, price: Floats, region: Ints, observed: Bools, elasticity: Floats, reference: Floats
) -> Floats:
    """Return what providers want for themselves (I,), effective inference hours: ``D_own (p/p_ref)^(-eps_own)``.

    What was observed was wanted at the price of its day, so up to the last observation the reference price is the
    present one; from then on it stays.

    Args:
        hours: (I,) wanted at the reference price.
        price: (R,) level of prices in each region.
        region: (I,) region of each provider.
        observed: (I,) whether the hours are observed.
        elasticity: (I,) of own use to price.
        reference: (I,) reference prices; changed where hours are observed.
    """
    out = np.empty(hours.size)
    for i in range(hours.size):
        if observed[i]:
            reference[i] = price[region[i]]
        out[i] = hours[i] * math.exp(-elasticity[i] * math.log(price[region[i]] / reference[i]))
    return out


@compiled
def price_ceilings(
    own_cost: Floats, region: Ints, workload: Ints, on_tokens: Bools, tokens_per_hour: float, multiple: float,
    cost: Floats,
) -> Floats:  # fmt: skip
    """Return the highest price of each product (J,): a multiple of what own cards cost, and more than cost of service.

    Args:
        own_cost: (R, 2) cost of own cards, USD per effective hour of each workload.
        region: (J,) region and ``workload`` of each product.
        workload: (J,)
        on_tokens: (J,) whether it is sold by the token.
        tokens_per_hour: M tokens per hour on the common path.
        multiple: of the cost of own cards.
        cost: (J,) cost of service, USD per unit.
    """
    out = np.empty(cost.size)
    for j in range(cost.size):
        home = own_cost[region[j], workload[j]]
        out[j] = max(multiple * (home / tokens_per_hour if on_tokens[j] else home), cost[j] * 1.01)
    return out


@compiled
def move_prices(posted: Floats, wanted: Floats, on_sale: Floats, adjustment: float) -> None:
    """Move posted prices (J,): ``ln p = ln p_before + theta (ln wanted - ln p_before)``; none is before the first sale.

    Args:
        posted: (J,) changed.
        wanted: (J,) wanted prices.
        on_sale: (J,) 1 where the product was on sale; elsewhere its wanted price is posted.
        adjustment: theta.
    """
    for j in range(posted.size):
        theta = adjustment if on_sale[j] > 0.0 else 1.0
        posted[j] = math.exp(math.log(posted[j]) * (1.0 - theta) + math.log(wanted[j]) * theta)


@compiled
def products_on_sale(launch: Ints, pool: Ints, most: Floats, selling: Floats, provider: Ints, t: int) -> Bools:
    """Return whether each product is sold (J,): launched, its seller in business, and its pool has cards.

    Args:
        launch: (J,) quarter of the run.
        pool: (J,) pool of each product.
        most: (L,) inference hours of every pool.
        selling: (I,) 1 where the provider is in business.
        provider: (L,) provider of each pool.
        t: quarter of the run.
    """
    out = np.empty(pool.size, np.bool_)
    for j in range(pool.size):
        out[j] = launch[j] <= t and most[pool[j]] > 0.0 and selling[provider[pool[j]]] > 0.0
    return out


class Captive(NamedTuple):
    """What providers want for themselves; I providers, R regions."""

    hours: Floats
    """(I,) wanted at the reference price, effective inference hours."""
    observed: Bools
    """(I,) whether the hours are observed."""
    elasticity: Floats
    """(I,) of own use to price."""
    region: Ints
    """(I,) region of each provider."""
    price: Floats
    """(R,) level of prices in each region."""


@compiled
def use_themselves(
    of: Captive, most: Floats, provider: Ints, kinds: Floats, locked: Floats, reference: Floats, served: Floats
) -> Floats:  # fmt: skip
    """Return captive hours wanted of every pool (L,): what providers want, by capacity; serve what contracts leave.

    Args:
        of: what is wanted.
        most: (L,) inference hours of every pool.
        provider: (L,) provider of each pool.
        kinds: (L, N, 2) hours.
        locked: (2 L,) hours of contracts by lane.
        reference: (I,) reference prices; changed where hours are observed.
        served: (L,) filled.
    """
    total = captive_demand(of.hours, of.price, of.region, of.observed, of.elasticity, reference)
    wanted, left = spread_by_capacity(total, most, provider), uncontracted(kinds, locked)
    for pool in range(wanted.size):
        served[pool] = min(wanted[pool], left[pool])
    return wanted


class Products(NamedTuple):
    """What never changes of products, (J,)."""

    pool: Ints
    provider: Ints
    region: Ints
    workload: Ints
    service: Ints
    on_tokens: Bools
    """Whether it is sold by the token."""
    training: Bools
    """Whether it is for training."""
    share_weight: Floats
    """Of market share beside profit."""
    value_weight: Floats
    """Of what a customer will still pay."""


class Supply(NamedTuple):
    """What firms know of their costs and capacity in a quarter."""

    operated: Floats
    """(L, V) cards in the pool."""
    care: Floats
    """(L, V) USD per used card-hour of electricity and care."""
    effective: Floats
    """(V, 2) effective H100e of a card in training and inference."""
    first_chip: Ints
    """(L,) earliest chip of each pool."""
    other_cost: Floats
    """(I,) USD per M tokens beside hours."""
    tokens_per_hour: Floats
    """(I,) M tokens per effective hour."""
    kinds: Floats
    """(L, N, 2) hours."""
    load: Floats
    """(2 L,) hours in use by lane, last quarter."""
    locked: Floats
    """(2 L,) hours of contracts by lane."""
    own_use: Floats
    """(L,) captive inference hours."""
    posted: Floats
    """(J,) last posted price, USD per unit."""
    multiplier: Floats
    """(L,) shadow price of capacity, USD per inference hour."""
    further: Floats
    """(R, 2) discounted further quarters that a new contract binds its customer, by region of the site and service."""
    own_cost: Floats
    """(R, 2) cost of own cards, USD per effective hour of each workload."""


@compiled
def offered(
    products: Products, at: Supply, common: float, highest: float, least: float, marginal: Floats
) -> tuple[Floats, Floats, Floats, Floats]:  # fmt: skip
    """Return the cost reckoned with, use of capacity (J,), capacity left (L,), and price ceilings (J,).

    Args:
        products: what is sold.
        at: costs and capacity.
        common: M tokens per hour on the common path.
        highest: price, as a multiple of the cost of own cards.
        least: floor of the cost reckoned with, as a multiple of marginal cost.
        marginal: (J,) filled with the cost of service, USD per unit.
    """
    p = products
    hour = pool_costs(at.operated, at.care, at.effective, at.first_chip)
    marginal[:] = unit_costs(hour, at.other_cost, at.tokens_per_hour, p.pool, p.workload, p.provider, p.on_tokens)
    rate, capacity = tangents(at.kinds, at.load)
    further = np.empty(p.region.size)
    for j in range(further.size):
        further[j] = at.further[p.region[j], p.service[j]]
    use = capacity_use(rate, at.tokens_per_hour, p.pool, p.training, p.provider, p.on_tokens)
    cost = reckoned_costs(
        marginal, at.posted, use, at.multiplier, p.pool, p.share_weight, p.value_weight, further, least
    )
    left = capacity_left(capacity, at.locked, rate, at.own_use)
    return cost, use, left, price_ceilings(at.own_cost, p.region, p.workload, p.on_tokens, common, highest, marginal)
