r"""Demand if nobody were tied: what the menu of a quarter is worth, and what would be wanted at other prices.

Every task of a base cell chooses afresh, without incumbent and contract, by the nested logit of ``cells``: from the
weights w_j at posted prices, ``s_0 = e^O / (e^O + sum_g D_g^(1-rho))`` with ``D_g = sum_j w_j``. At prices x_j times
the posted ones the weights are ``w_j x_j^(-a)``, and usage is ``x_j^(-eps_int)`` times as high.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import NESTS, Floats, Ints


class Choices(NamedTuple):
    """What base cells may choose from over T quarters; B base cells, K (cell, product) pairs, J products, L pools."""

    start: Ints
    """(B * NESTS + 1,) first pair of each (base cell, nest)."""
    product: Ints
    """(K,)"""
    pool: Ints
    """(J,) pool of each product."""
    region: Ints
    """(B,) customer region."""
    taste: Ints
    """(B,)"""
    sensitivity: Floats
    """(tastes,) a."""
    dissimilarity: float
    """rho."""
    intensive: float
    """eps_int."""
    weight: Floats
    """(T, K) w at posted prices; 0 where a product is not on sale."""
    outside: Floats
    """(T, B) O."""
    need: Floats
    """(T, K) hours of the pool per task at posted prices."""
    volume: Floats
    """(T, B) potential tasks."""


@compiled
def alone(choices: Choices) -> Floats:
    """Return (T, B) probabilities of the outside option at posted prices; 1 where a cell has no tasks."""
    out = np.ones((choices.outside.shape[0], choices.outside.shape[1]))
    start, product, volume, slack = choices.start, choices.product, choices.volume, 1.0 - choices.dissimilarity
    same, reach = np.ones(choices.pool.size), np.empty(NESTS)
    for t in range(out.shape[0]):
        weight, outside = choices.weight[t], choices.outside[t]
        for b in range(out.shape[1]):
            if volume[t, b] > 0.0:
                here = math.exp(outside[b])
                out[t, b] = here / (here + _worth(start, product, weight, b, same, slack, reach))
    return out


@compiled
def wanted_hours(choices: Choices, relative: Floats, rate: Floats, regions: int, pools: int) -> Floats:
    """Return (T, R, L) inference hours wanted of every pool by customers of every region.

    Args:
        choices: tasks and menus.
        relative: (T, J) prices over posted prices.
        rate: (T, J) inference hours given up per hour of each product.
        regions: R.
        pools: L.
    """
    start, product, pool, slack = choices.start, choices.product, choices.pool, 1.0 - choices.dissimilarity
    out = np.zeros((relative.shape[0], regions, pools))
    tastes, reach = choices.sensitivity.size, np.empty(NESTS)
    cheaper, hours = np.empty((tastes, pool.size)), np.empty((tastes, pool.size))
    for t in range(relative.shape[0]):
        weight, need, volume, outside = choices.weight[t], choices.need[t], choices.volume[t], choices.outside[t]
        for j in range(pool.size):
            change = math.log(relative[t, j])
            usage = math.exp(-choices.intensive * change) * rate[t, j]
            for n in range(tastes):
                cheaper[n, j] = math.exp(-choices.sensitivity[n] * change)
                hours[n, j] = cheaper[n, j] * usage
        for b in range(choices.region.size):
            if volume[b] <= 0.0:
                continue
            per_task, wanted = hours[choices.taste[b]], out[t, choices.region[b]]
            worth = _worth(start, product, weight, b, cheaper[choices.taste[b]], slack, reach)
            tasks = volume[b] / (math.exp(outside[b]) + worth)
            for g in range(NESTS):
                scale = tasks * reach[g]
                for k in range(start[b * NESTS + g], start[b * NESTS + g + 1]):
                    j = product[k]
                    wanted[pool[j]] += scale * weight[k] * need[k] * per_task[j]
    return out


@inlined
def _worth(start: Ints, product: Ints, weight: Floats, b: int, factor: Floats, slack: float, reach: Floats) -> float:
    """Fill ``reach`` with D^(-rho) of the nests of cell b, 0 where D is; return the sum of D^(1-rho).

    D adds up weights times ``factor``.
    """
    worth = 0.0
    for g in range(NESTS):
        total = 0.0
        for k in range(start[b * NESTS + g], start[b * NESTS + g + 1]):
            total += factor[product[k]] * weight[k]
        reach[g] = 0.0
        if total > 0.0:
            part = math.exp(slack * math.log(total))
            reach[g] = part / total
            worth += part
    return worth
