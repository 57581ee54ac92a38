r"""Demand if nobody were tied: what the menu of a quarter is worth, and what would be wanted at other prices.

Every task of a base cell chooses afresh, without incumbent and contract, by the nested logit of ``cells``: from the
weights w_j at posted prices, ``s_0 = e^O / (e^O + sum_g D_g^(1-rho))`` with ``D_g = sum_j w_j``. At prices x_j times
the posted ones the weights are ``w_j x_j^(-a)``, and usage is ``x_j^(-eps_int)`` times as high.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import NESTS, Floats, Ints


class Choices(NamedTuple):
    """What base cells may choose from over T quarters; B base cells, K (cell, product) pairs, J products, L pools."""

    start: Ints
    """(B + 1,) first pair of each base cell."""
    product: Ints
    """(K,)"""
    nest: Ints
    """(J,)"""
    lane: Ints
    """(J,) 2 * pool + workload."""
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
    inverse_weight: Floats
    """(T, K) 1/w at posted prices; infinity where a product is not on sale."""
    outside: Floats
    """(T, B) O."""
    need: Floats
    """(T, K) hours of the pool per task at posted prices."""
    volume: Floats
    """(T, B) potential tasks."""


@compiled
def alone(choices: Choices) -> Floats:
    """Return (T, B) probabilities of the outside option at posted prices."""
    out = np.empty(choices.outside.shape)
    factor, reach = np.ones(choices.nest.size), np.empty(NESTS)
    for t in range(out.shape[0]):
        for b in range(out.shape[1]):
            out[t, b] = math.exp(choices.outside[t, b]) / _menu(choices, t, b, factor, reach)
    return out


@compiled
def wanted_hours(choices: Choices, relative: Floats, rate: Floats, regions: int) -> Floats:
    """Return (T, R, L) inference hours wanted of every pool by customers of every region.

    Args:
        choices: tasks and menus.
        relative: (T, J) prices over posted prices.
        rate: (T, 2 L) inference hours given up per hour of each lane.
        regions: R.
    """
    quarters, products = relative.shape
    out = np.zeros((quarters, regions, rate.shape[1] // 2))
    factors, reach = np.empty((choices.sensitivity.size, products)), np.empty(NESTS)
    for t in range(quarters):
        for j in range(products):
            change = math.log(relative[t, j])
            for n in range(choices.sensitivity.size):
                factors[n, j] = math.exp(-choices.sensitivity[n] * change)
        usage = np.exp(-choices.intensive * np.log(relative[t]))
        for b in range(choices.region.size):
            if choices.volume[t, b] <= 0.0:
                continue
            factor = factors[choices.taste[b]]
            whole = _menu(choices, t, b, factor, reach)
            for g in range(NESTS):
                if reach[g] > 0.0:
                    reach[g] = choices.volume[t, b] * math.exp(-choices.dissimilarity * math.log(reach[g])) / whole
            for k in range(choices.start[b], choices.start[b + 1]):
                j = choices.product[k]
                tasks = factor[j] / choices.inverse_weight[t, k] * reach[choices.nest[j]]
                hours = tasks * choices.need[t, k] * usage[j] * rate[t, choices.lane[j]]
                out[t, choices.region[b], choices.lane[j] // 2] += hours
    return out


@compiled
def _menu(choices: Choices, t: int, b: int, factor: Floats, reach: Floats) -> float:
    """Fill D of the cell's nests with weights times ``factor``; return the denominator of the choice between nests."""
    for g in range(NESTS):
        reach[g] = 0.0
    for k in range(choices.start[b], choices.start[b + 1]):
        j = choices.product[k]
        reach[choices.nest[j]] += factor[j] / choices.inverse_weight[t, k]
    whole = math.exp(choices.outside[t, b])
    for g in range(NESTS):
        if reach[g] > 0.0:
            whole += math.exp((1.0 - choices.dissimilarity) * math.log(reach[g]))
    return whole
