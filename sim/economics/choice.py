r"""Discrete choice by keyed shocks: every (workload, product) pair has its own, in every quarter.

Within a nest the best product maximises ``ln w_j + G_j``, that is, minimises ``E_j / w_j`` with exponential E_j.
Nests compare by
``(1-rho) (ln S_g - ln min_j E_j / w_j)`` and the outside option by ``u_0 - ln E_0``. Taking a product away moves
only those who had chosen it, because no other shock changes.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import inlined
from sim.economics.cells import NESTS, Floats, Ints
from sim.economics.stable import log_stable
from sim.randomness import exponential, mix, quick_log

Words = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]

_NEST_KEYS = np.array(
    [[0xA0761D6478BD642F, 0xE7037ED1A0B428DB], [0x8EBC6AF09C88C6E3, 0x589965CC75374CC3]], dtype=np.uint64
)
_OUTSIDE_KEY = np.uint64(0x1D8E4E27C47D124F)
NONE = -1
_INFINITY = np.float64(math.inf).view(np.int64)
MOST_PAIRS = 1024
"""Largest number of products in one nest of one cell."""
_POSITION = np.int64(MOST_PAIRS - 1)


class Menu(NamedTuple):
    """What base cells choose from: B base cells, K pairs sorted by (cell, nest), J products."""

    start: Ints
    """(B * NESTS + 1,) first pair of each (base cell, nest)."""
    provider: Ints
    """(K,)"""
    key: Words
    """(K,) 64-bit key of the product's name."""
    inverse_weight: Floats
    """(K,) 1/w at posted prices."""
    need: Floats
    """(K,) hours of the pool per unit of volume."""
    lane: Ints
    """(K,) lane that serves the pair: 2 * pool + workload."""
    outside: Floats
    """(B,) utility of the outside option."""
    table: Floats
    """Smooth part of the nest shock, see ``stable``."""
    slack: float
    """1 - rho."""


@inlined
def _best(
    inverse_weight: Floats, provider: Ints, keys: Words, first: int, last: int, incumbent: int, gift: float,
    key: np.uint64,
) -> tuple[int, float]:  # fmt: skip
    """Return the pair in [first, last) with the least E/w, and that ratio; the incumbent's weight times gift.

    Takes arrays, not the menu, and has no branch that depends on a draw: the ratio's bits order like the ratio, so
    the least of (ratio with its last ten bits replaced by the position) finds both at once.
    """
    least = _INFINITY
    for k in range(first, last):
        inverse = inverse_weight[k] * gift if provider[k] == incumbent else inverse_weight[k]
        ratio = exponential(mix(key ^ keys[k])) * inverse
        packed = (np.float64(ratio).view(np.int64) & ~_POSITION) | np.int64(k - first)
        least = packed if packed < least else least
    best = first + int(least & _POSITION)
    inverse = inverse_weight[best] * gift if provider[best] == incumbent else inverse_weight[best]
    ratio = exponential(mix(key ^ keys[best])) * inverse
    return best, ratio


@inlined
def _best_with_room(
    menu: Menu, first: int, last: int, incumbent: int, gift: float, key: np.uint64, room: Floats, tasks: float
) -> tuple[int, float]:
    """Return what ``_best`` returns, among pairs whose lane has room for a volume of ``tasks``."""
    best, least = NONE, math.inf
    for k in range(first, last):
        if room[menu.lane[k]] < tasks * menu.need[k]:
            continue
        inverse = menu.inverse_weight[k] * (gift if menu.provider[k] == incumbent else 1.0)
        value = exponential(mix(key ^ menu.key[k])) * inverse
        if value < least:
            best, least = k, value
    return best, least


@inlined
def _nest_value(table: Floats, slack: float, g: int, least: float, key: np.uint64) -> float:
    """Return the utility of nest g whose best product has ratio ``least``."""
    shock = log_stable(table, slack, mix(key ^ _NEST_KEYS[g, 0]), mix(key ^ _NEST_KEYS[g, 1]))
    return slack * (shock - quick_log(least))


@inlined
def choose(menu: Menu, b: int, incumbent: int, gift: float, outside_boost: float, key: np.uint64) -> int:
    """Return the chosen pair of a workload in base cell b, or NONE for the outside option.

    ``gift`` = exp(-kappa) multiplies the inverse weight of the incumbent's products; ``outside_boost`` is
    kappa (1-rho) where the incumbent is the outside option, else 0.
    """
    highest = menu.outside[b] + outside_boost - quick_log(exponential(mix(key ^ _OUTSIDE_KEY)))
    chosen = NONE
    for g in range(NESTS):
        first, last = menu.start[b * NESTS + g], menu.start[b * NESTS + g + 1]
        if first == last:
            continue
        best, least = _best(menu.inverse_weight, menu.provider, menu.key, first, last, incumbent, gift, key)
        value = _nest_value(menu.table, menu.slack, g, least, key)
        if value > highest:
            chosen, highest = best, value
    return chosen


@inlined
def willingness(
    menu: Menu, b: int, incumbent: int, gift: float, outside_boost: float, key: np.uint64, pair: int
) -> float:
    """Return utility of ``pair`` over the best alternative outside its lane's pool, by the same shocks (utils)."""
    own, other = -math.inf, menu.outside[b] + outside_boost - quick_log(exponential(mix(key ^ _OUTSIDE_KEY)))
    for g in range(NESTS):
        mine, rest = math.inf, math.inf
        for k in range(menu.start[b * NESTS + g], menu.start[b * NESTS + g + 1]):
            inverse = menu.inverse_weight[k] * (gift if menu.provider[k] == incumbent else 1.0)
            value = exponential(mix(key ^ menu.key[k])) * inverse
            if menu.lane[k] // 2 == menu.lane[pair] // 2:
                mine = min(mine, value)
            else:
                rest = min(rest, value)
        own = max(own, _nest_value(menu.table, menu.slack, g, mine, key)) if mine < math.inf else own
        other = max(other, _nest_value(menu.table, menu.slack, g, rest, key)) if rest < math.inf else other
    gain: float = own - other
    return gain


@inlined
def choose_again(menu: Menu, b: int, incumbent: int, gift: float, key: np.uint64, room: Floats, tasks: float) -> int:
    """Return the best pair with room for ``tasks`` by the same shocks, or NONE; the outside is not open."""
    chosen, highest = NONE, -math.inf
    for g in range(NESTS):
        first, last = menu.start[b * NESTS + g], menu.start[b * NESTS + g + 1]
        best, least = _best_with_room(menu, first, last, incumbent, gift, key, room, tasks)
        if best == NONE:
            continue
        value = _nest_value(menu.table, menu.slack, g, least, key)
        if value > highest:
            chosen, highest = best, value
    return chosen
