"""Least costs over chips: which card a buyer would take, and what an hour of the best card costs."""

import math

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints

NO_CHIP = -1
NEGLIGIBLE = 1e-9
"""Part of what is wanted that is not worth another card."""


@inlined
def _outdone(better: Ints, allowed: Bools, launch: Floats, t: int) -> bool:
    """Return whether one of the better cards (n,), padded with -1, may be had by who may have ``allowed`` (V,).

    A card that is weaker in both workloads than another of its maker is made only for who may not have the better one.
    """
    for u in better:  # few are listed before the padding
        if u < 0 or (allowed[u] and launch[u] <= t):
            return bool(u >= 0)
    return False


@inlined
def fill_cheapest(
    cost: Floats, allowed: Bools, launch: Floats, t: int, supplier: Ints, better: Ints, best: Ints
) -> None:  # fmt: skip
    """Fill the chip of every supplier that one buyer would take (K,), see ``cheapest``."""
    best[:] = NO_CHIP
    for v in range(supplier.size):
        if not (allowed[v] and launch[v] <= t):
            continue
        k = supplier[v]
        less = best[k] == NO_CHIP or cost[v] < cost[best[k]]
        if less and not _outdone(better[v], allowed, launch, t):
            best[k] = v


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
    best = np.empty((region.size, suppliers), np.int64)
    for x in range(region.size):
        fill_cheapest(cost[region[x]], allowed[x], launch, t, supplier, better, best[x])
    return best


@inlined
def _first_to_come(allowed: Bools, launch: Floats) -> int:
    """Return the chip with the earliest launch of those that are ``allowed`` (V,), or of all where none is."""
    first = 0
    for v in range(launch.size):
        if (allowed[v], -launch[v]) > (allowed[first], -launch[first]):
            first = v
    return first


@inlined
def _least(
    cost: Floats, effective: Floats, allowed: Bools, launch: Floats, t: int, better: Ints, least: Floats
) -> None:
    """Set the least cost by workload (2,) of cards that are allowed (V,) at a place where they cost ``cost`` (V,)."""
    least[:] = math.inf
    for v in range(cost.size):
        if not (allowed[v] and launch[v] <= t):
            continue
        for w in range(2):
            each = cost[v] / effective[v, w]
            if each < least[w] and not _outdone(better[v], allowed, launch, t):
                least[w] = each
    if least[0] == math.inf:
        first = _first_to_come(allowed, launch)
        least[:] = cost[first] / effective[first]


@inlined
def open_beyond(open_: Floats, done: float, allowed: Bools) -> float:
    """Set which cards are open beyond a part of what is wanted (V,), and return up to which part they all are.

    Infinity where none is.
    """
    level = math.inf
    for v in range(open_.size):
        allowed[v] = open_[v] > done + NEGLIGIBLE
        if allowed[v]:
            level = min(level, open_[v])
    return level


@compiled
def left_to_customers(own: Floats, keepers: Floats, left: Floats) -> Floats:
    """Return the share of what customers want for themselves that they may buy, and limits leave (R, V).

    Args:
        own: (R, V) share that rules leave open.
        keepers: (R, n) weights of places whose orders show what customers may buy.
        left: (n, V) what limits left of orders at every place.
    """
    out = np.empty(own.shape)
    for r in range(own.shape[0]):
        for v in range(own.shape[1]):
            cut = 0.0
            for x in range(keepers.shape[1]):
                cut += keepers[r, x] * (1.0 - left[x, v])
            out[r, v] = own[r, v] * (1.0 - cut)
    return out


@compiled
def left_to_pools(order_pool: Floats, site: Ints, left: Floats) -> Floats:
    """Return the share of what is wanted of its stack's cards that may go to every pool, and limits leave (L, V).

    Args:
        order_pool: (L, V) share that rules leave open.
        site: (L,) site of each pool.
        left: (n, V) what limits left of orders at every place, sites first.
    """
    out = np.empty(order_pool.shape)
    for pool in range(site.size):
        for v in range(left.shape[1]):
            out[pool, v] = order_pool[pool, v] * left[site[pool], v]
    return out


@compiled
def least_costs(
    cost: Floats, effective: Floats, region: Ints, open_: Floats, launch: Floats, t: int, better: Ints, out: Floats
) -> None:
    """Fill (n, 2) with the least cost by workload of cards that are made for a place, in the mean over what is wanted.

    A card that is open for a part of it is so for the first part, as in ``baskets``; for the rest the next best counts.
    Where there is none yet, the first that will come does; where none ever may, the first of all.

    Args:
        cost: (R, V) cost per card-hour.
        effective: (V, 2) effective H100e of a card in training and inference.
        region: (n,) region of each place.
        open_: (n, V) part of what is wanted there for which each card counts, once it is launched.
        launch: (V,) first quarter of sale of each chip.
        t: quarter.
        better: (V, n) as for ``cheapest``.
        out: (n, 2) filled, per effective hour.
    """
    allowed, least = np.empty(open_.shape[1], np.bool_), np.empty(2)
    same, since = np.empty(2), np.empty(2)
    for x in range(region.size):
        out[x], done = 0.0, 0.0
        while done < 1.0 - NEGLIGIBLE:
            level = min(open_beyond(open_[x], done, allowed), 1.0)
            _least(cost[region[x]], effective, allowed, launch, t, better, least)
            for w in range(2):
                if done == 0.0 or least[w] != same[w]:
                    out[x, w] += (done - since[w]) * same[w] if done > 0.0 else 0.0
                    same[w], since[w] = least[w], done
            done = level
        for w in range(2):
            out[x, w] += (1.0 - since[w]) * same[w]


@compiled
def cheaper_if_lifted(
    cost: Floats, effective: Floats, region: Ints, open_: Floats, launch: Floats, t: int, better: Ints, alone: Floats,
    least: Floats,
) -> Floats:  # fmt: skip
    """Return by how much the least costs (n, 2) would fall if each rule alone were lifted (M, n): the larger fall.

    Nothing falls at a place where a rule closes nothing by itself.

    Args:
        cost: as for ``least_costs``, like those up to ``better``.
        effective: likewise.
        region: likewise.
        open_: likewise.
        launch: likewise.
        t: likewise.
        better: likewise.
        alone: (M, n, V) part of what is wanted for which each rule closes a card and no other does.
        least: (n, 2) what ``least_costs`` gives.
    """
    out, without = np.zeros(alone.shape[:2]), np.empty((1, 2))
    for m in range(alone.shape[0]):
        for x in range(region.size):
            if alone[m, x].any():
                here = slice(x, x + 1)
                opened = np.minimum(open_[here] + alone[m, here], 1.0)
                least_costs(cost, effective, region[here], opened, launch, t, better, without)
                out[m, x] = max(least[x, 0] - without[0, 0], least[x, 1] - without[0, 1], 0.0)
    return out
