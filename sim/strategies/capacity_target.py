r"""Investment `capacity_target`: build towards forecast demand times expected price over long-run cost.

First form of a start rule (Kydland and Prescott 1982 for time to build; EMLab-Generation for the target):
``K* = D exp(g lead) (p / (hurdle LRMC))^eps``, additions ``clip(phi (K* - K) + worn, 0, g_max K + worn)`` with K
before this quarter's losses. Without own pipeline and rivals, which come with time to build.
"""

import math

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats

LARGEST_GROWTH = 0.5
"""Largest log growth per quarter that a forecast believes."""
TINY = 1e-9
"""Least demand and price over cost."""


@compiled
def expect(
    demand: Floats, price: Floats, weight: Floats, opening: bool, expected_demand: Floats, expected_growth: Floats,
    expected_price: Floats,
) -> None:  # fmt: skip
    """Adapt expectations of every site (S,) to what was observed: ``x + w (observed - x)`` (Nerlove 1958).

    Args:
        demand: demand at the site.
        price: price over long-run cost.
        weight: w.
        opening: whether nothing was expected before: what is observed is taken as it is.
        expected_demand: changed.
        expected_growth: of demand, log per quarter; changed.
        expected_price: changed.
    """
    for s in range(demand.size):
        seen = max(demand[s], TINY)
        if opening:
            expected_demand[s], expected_price[s] = seen, price[s]
            continue
        before = expected_demand[s]
        expected_demand[s] += weight[s] * (seen - before)
        growth = min(max(math.log(expected_demand[s] / before), -LARGEST_GROWTH), LARGEST_GROWTH)
        expected_growth[s] += weight[s] * (growth - expected_growth[s])
        expected_price[s] += weight[s] * (price[s] - expected_price[s])


@compiled
def desired_additions(
    demand: Floats, growth: Floats, price: Floats, capacity: Floats, worn: Floats, adjustment: Floats, lead: Floats,
    elasticity: Floats, hurdle: Floats, maximum_growth: Floats,
) -> Floats:  # fmt: skip
    """Return capacity to add at every site (S,), in the unit of ``demand`` and ``capacity``.

    Args:
        demand: expected demand before rationing, contracts and own use included.
        growth: expected growth per quarter, log.
        price: expected price over long-run cost.
        capacity: installed capacity, after this quarter's losses.
        worn: capacity lost this quarter: replaced when the fleet of before is still wanted.
        adjustment: phi, fraction of the gap closed per quarter.
        lead: quarters ahead.
        elasticity: response to price over hurdle times cost.
        hurdle: ratio of price to cost at which a firm is content.
        maximum_growth: g_max, fraction of installed capacity per quarter.
    """
    out = np.empty(demand.size)
    for s in range(demand.size):
        attractive = math.log(max(price[s], TINY) / hurdle[s])
        target = demand[s] * math.exp(growth[s] * lead[s] + elasticity[s] * attractive)
        gap = adjustment[s] * (target - capacity[s] - worn[s]) + worn[s]
        out[s] = min(max(gap, 0.0), maximum_growth[s] * capacity[s] + worn[s])
    return out
