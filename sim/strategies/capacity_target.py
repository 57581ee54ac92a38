r"""Investment `capacity_target`: build towards forecast demand times expected price over long-run cost.

First form of a start rule (Kydland and Prescott 1982 for time to build; EMLab-Generation for the target):
``K* = D exp(g lead) (p / (hurdle LRMC))^eps``, additions ``clip(phi (K* - K) + worn, 0, g_max K + worn)`` with K
before this quarter's losses. Without own pipeline and rivals, which come with time to build.
"""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.elementary import exp, log


def smoothed(expected: Floats, observed: Floats, weight: Floats) -> Floats:
    """Return adaptive expectations: ``x + w (observed - x)`` (Nerlove 1958)."""
    return expected + weight * (observed - expected)


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
    target = demand * exp(growth * lead + elasticity * log(np.maximum(price, 1e-9) / hurdle))
    gap = adjustment * (target - capacity - worn) + worn
    return np.clip(gap, 0.0, maximum_growth * capacity + worn)
