"""What firms reckon with when they price: cost of service, use of capacity, capacity left for new contracts.

J products, I providers, L pools, V chips.
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints


@compiled
def pool_costs(cards: Floats, care: Floats, effective: Floats) -> Floats:
    """Return the cost of electricity and care per effective hour (L, 2); that of one card of each chip where none is.

    Args:
        cards: (L, V) cards in the pool.
        care: (L, V) USD per card-hour.
        effective: (V, 2) effective H100e of a card in training and inference.
    """
    out = np.empty((cards.shape[0], 2))
    for pool in range(cards.shape[0]):
        stocked = cards[pool].sum() > 0.0
        dollars, training, inference = 0.0, 0.0, 0.0
        for v in range(cards.shape[1]):
            held = cards[pool, v] if stocked else 1.0
            dollars += held * care[pool, v]
            training += held * effective[v, 0]
            inference += held * effective[v, 1]
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
