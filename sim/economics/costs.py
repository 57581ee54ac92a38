"""Least costs over chips: which card a buyer would take, and what an hour of the best card costs."""

import math

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints

NO_CHIP = -1


@inlined
def _outdone(better: Ints, allowed: Bools, launch: Floats, t: int) -> bool:
    """Return whether one of the better cards (n,), padded with -1, may be had by who may have ``allowed`` (V,).

    A card that is weaker in both workloads than another of its maker is made only for who may not have the better one.
    """
    found = False
    for u in better:
        found = found or (u >= 0 and allowed[u] and launch[u] <= t)
    return found


@compiled
def cheapest(
    cost: Floats, region: Ints, allowed: Bools, launch: Floats, t: int, supplier: Ints, suppliers: int, better: Ints
) -> Ints:
    """Return (n, K) the chip of every supplier with the least cost of those it makes for a buyer; NO_CHIP where none.

    Args:
        cost: (R, V) cost per effective hour.
        region: (n,) region of each buyer.
        allowed: (n, V) chips each buyer may take, once they are launched.
        launch: (V,) first quarter of sale of each chip.
        t: quarter.
        supplier: (V,) supplier of each chip.
        suppliers: K.
        better: (V, n) cards of the same maker that outdo each card, padded with -1.
    """
    best = np.full((region.size, suppliers), NO_CHIP)
    for x in range(region.size):
        for v in range(supplier.size):
            k = supplier[v]
            sold = allowed[x, v] and launch[v] <= t
            less = best[x, k] == NO_CHIP or cost[region[x], v] < cost[region[x], best[x, k]]
            if sold and less and not _outdone(better[v], allowed[x], launch, t):
                best[x, k] = v
    return best


@inlined
def _first_to_come(allowed: Bools, launch: Floats) -> int:
    """Return the chip with the earliest launch of those that are ``allowed`` (V,), or of all where none is."""
    first = 0
    for v in range(launch.size):
        if (allowed[v], -launch[v]) > (allowed[first], -launch[first]):
            first = v
    return first


@compiled
def least_costs(
    cost: Floats, effective: Floats, region: Ints, allowed: Bools, launch: Floats, t: int, better: Ints, out: Floats
) -> None:
    """Fill (n, 2) with the least cost by workload of cards that are made for a place.

    Where there is none yet, of the first that will come; where none ever may, of the first of all.

    Args:
        cost: (R, V) cost per card-hour.
        effective: (V, 2) effective H100e of a card in training and inference.
        region: (n,) region of each place.
        allowed: (n, V) chips that count there, once they are launched.
        launch: (V,) first quarter of sale of each chip.
        t: quarter.
        better: (V, n) as for ``cheapest``.
        out: (n, 2) filled, per effective hour.
    """
    for x in range(region.size):
        out[x] = math.inf
        for v in range(cost.shape[1]):
            if not (allowed[x, v] and launch[v] <= t):
                continue
            for w in range(2):
                each = cost[region[x], v] / effective[v, w]
                if each < out[x, w] and not _outdone(better[v], allowed[x], launch, t):
                    out[x, w] = each
        if out[x, 0] == math.inf:
            first = _first_to_come(allowed[x], launch)
            out[x] = cost[region[x], first] / effective[first]
