"""Least costs over chips: which card a buyer would take, and what an hour of the best card costs."""

import math

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints

NO_CHIP = -1


@compiled
def cheapest(cost: Floats, region: Ints, allowed: Bools, launch: Ints, t: int, supplier: Ints, suppliers: int) -> Ints:
    """Return (n, K) the allowed chip of every supplier with the least cost; NO_CHIP where there is none.

    Args:
        cost: (R, V) cost per effective hour.
        region: (n,) region of each buyer.
        allowed: (n, V) chips each buyer may take, once they are launched.
        launch: (V,) first quarter of each chip.
        t: quarter.
        supplier: (V,) supplier of each chip.
        suppliers: K.
    """
    best = np.full((region.size, suppliers), NO_CHIP)
    for x in range(region.size):
        for v in range(supplier.size):
            k = supplier[v]
            sold = allowed[x, v] and launch[v] <= t
            if sold and (best[x, k] == NO_CHIP or cost[region[x], v] < cost[region[x], best[x, k]]):
                best[x, k] = v
    return best


@compiled
def least_costs(
    cost: Floats, effective: Floats, region: Ints, allowed: Bools, launch: Ints, t: int, out: Floats
) -> None:
    """Fill (n, 2) with the least allowed cost by workload; the least of all chips where none is allowed.

    Args:
        cost: (R, V) cost per card-hour.
        effective: (V, 2) effective H100e of a card in training and inference.
        region: (n,) region of each place.
        allowed: (n, V) chips that count there, once they are launched.
        launch: (V,) first quarter of each chip.
        t: quarter.
        out: (n, 2) filled, per effective hour.
    """
    for x in range(region.size):
        some = False
        for v in range(cost.shape[1]):
            some = some or (allowed[x, v] and launch[v] <= t)
        for w in range(2):
            least = math.inf
            for v in range(cost.shape[1]):
                if (allowed[x, v] and launch[v] <= t) or not some:
                    least = min(least, cost[region[x], v] / effective[v, w])
            out[x, w] = least
