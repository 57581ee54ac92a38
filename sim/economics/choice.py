r"""Discrete choice by keyed shocks: every (workload, product) pair has its own, in every quarter.

Within a nest the best product maximises ``ln w_j + G_j``, that is, minimises ``E_j / w_j`` with exponential E_j.
Nests compare by
``(1-rho) (ln S_g - ln min_j E_j / w_j)`` and the outside option by ``u_0 - ln E_0``. Taking a product away moves
only those who had chosen it, because no other shock changes.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined, series
from sim.economics.cells import NESTS, Floats, Ints
from sim.economics.positions import at
from sim.economics.stable import log_stable, log_stables
from sim.randomness import Words, exponential, mix, quick_log, unit

_NEST_KEYS = np.array(
    [[0xA0761D6478BD642F, 0xE7037ED1A0B428DB], [0x8EBC6AF09C88C6E3, 0x589965CC75374CC3]], dtype=np.uint64
)
_OUTSIDE_KEY = np.uint64(0x1D8E4E27C47D124F)
NONE = -1
_INFINITY = np.float64(math.inf).view(np.int64)
MOST_PAIRS = 1024
"""Largest number of products in one nest of one cell."""
_POSITION = np.int64(MOST_PAIRS - 1)
BLOCK = 256
"""Workloads that race at once: what they need stays in the nearest cache."""
LANES = 8
"""Workloads that processors take at once: whoever fills up each cell's with empty ones to a multiple leaves no rest."""
_SURE = 1.0 + 1e-9
"""Bounds within rounding of an exact ratio are looked at again."""
_THIRD = 1.0 / 3.0


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


class Choosers(NamedTuple):
    """Workloads that look at the whole menu, sorted by base cell, (m,)."""

    start: Ints
    """(B + 1,) first workload of each base cell."""
    key: Words
    """Key of the workload's choice this quarter."""
    incumbent: Ints
    """Provider, or NONE."""
    gift: Floats
    """exp(-kappa): factor on the inverse weights of the incumbent's products."""
    boost: Floats
    """kappa (1-rho) where the incumbent is the outside option, else 0."""


class Race(NamedTuple):
    """How a block of workloads of one cell stands, (BLOCK,), and room for what is worked out on the way.

    Loops that look something up and loops that reckon are kept apart, so that processors take several workloads at once
    in the latter.
    """

    least: Ints
    """Bits of the least lower bound of E/w in the nest, the last ten replaced by the position of its product."""
    second: Ints
    """The same of the second least."""
    highest: Floats
    """Highest utility so far."""
    best: Ints
    """Best pair of the nest."""
    ratio: Floats
    """Its E/w."""
    word: Words
    """Its key."""
    gift: Floats
    """Factor on its inverse weight: that of the incumbent, or 1."""
    shock: Floats
    """Shock of the nest."""


@inlined
def _ratio(menu: Menu, k: int, incumbent: int, gift: float, key: np.uint64) -> float:
    """Return E/w of pair k to a workload; the incumbent's weight times 1/gift."""
    ratio: float = exponential(mix(key ^ menu.key[k])) * menu.inverse_weight[k]
    return ratio * gift if menu.provider[k] == incumbent else ratio


@series
def _least_exponential(word: np.uint64) -> float:
    """Return what ``exponential(word)`` is at least, without a log: ``-ln(1 - v) >= v + v^2/2 + v^3/3``."""
    v = 1.0 - unit(word)
    return v * (1.0 + v * (0.5 + v * _THIRD))


@inlined
def _run(
    inverse: float, provider: int, product: np.uint64, position: np.int64, key: Words, incumbent: Ints, gift: Floats,
    need: float, room: float, volume: Floats | None, least: Ints, second: Ints,
) -> None:  # fmt: skip
    """Enter one product into the race of a block (m,); where volumes are given, for those that find room.

    No logs and no branches, so that processors take several workloads at once; bits of positive numbers order like
    the numbers.
    """
    for r in range(key.size):
        bound = _least_exponential(mix(key[r] ^ product)) * inverse
        bound = bound * gift[r] if incumbent[r] == provider else bound
        if volume is not None:
            bound = bound if room >= volume[r] * need else math.inf
        packed = (np.float64(bound).view(np.int64) & ~_POSITION) | position
        behind = packed if packed > least[r] else least[r]
        second[r] = behind if behind < second[r] else second[r]
        least[r] = packed if packed < least[r] else least[r]


@inlined
def _find_winners(
    menu: Menu, first: int, last: int, key: Words, incumbent: Ints, gift: Floats, volume: Floats | None,
    room: Floats | None, race: Race,
) -> None:  # fmt: skip
    """Set the best pair of every workload in [first, last) and its E/w: the least bound unless another is near."""
    for r in range(key.size):
        k = at(first + (race.least[r] & _POSITION))
        race.best[r], race.word[r], race.ratio[r] = k, menu.key[k], menu.inverse_weight[k]
        tied = gift[r]
        race.gift[r] = tied if menu.provider[k] == incumbent[r] else 1.0
    for r in range(key.size):
        race.ratio[r] = exponential(mix(key[r] ^ race.word[r])) * race.ratio[r] * race.gift[r]
    for r in range(key.size):
        if np.int64(race.second[r]).view(np.float64) < race.ratio[r] * _SURE:
            for k in range(first, last):
                other = _ratio(menu, k, incumbent[r], gift[r], key[r])
                if other < race.ratio[r] and _fits(menu, k, volume, r, room):
                    race.best[r], race.ratio[r] = k, other


@inlined
def _best_with_room(
    menu: Menu, first: int, last: int, incumbent: int, gift: float, key: np.uint64, room: Floats, tasks: float,
    bounds: Floats,
) -> tuple[int, float]:  # fmt: skip
    """Return the pair in [first, last) with the least E/w whose lane has room for a volume of ``tasks``, and E/w.

    ``bounds`` (MOST_PAIRS,) is room for lower bounds.
    """
    for k in range(first, last):
        inverse = menu.inverse_weight[k] * (gift if menu.provider[k] == incumbent else 1.0)
        bounds[k - first] = _least_exponential(mix(key ^ menu.key[k])) * inverse
    best, least, lowest = NONE, math.inf, math.inf
    for k in range(first, last):
        if bounds[k - first] < lowest and room[menu.lane[k]] >= tasks * menu.need[k]:
            best, lowest = k, bounds[k - first]
    if best != NONE:
        least = _ratio(menu, best, incumbent, gift, key)
        for k in range(first, last):
            if bounds[k - first] < least * _SURE and k != best and room[menu.lane[k]] >= tasks * menu.need[k]:
                ratio = _ratio(menu, k, incumbent, gift, key)
                if ratio < least:
                    best, least = k, ratio
    return best, least


@inlined
def _nest_value(table: Floats, slack: float, g: int, least: float, key: np.uint64) -> float:
    """Return the utility of nest g whose best product has ratio ``least``."""
    shock = log_stable(table, slack, mix(key ^ _NEST_KEYS[g, 0]), mix(key ^ _NEST_KEYS[g, 1]))
    return slack * (shock - quick_log(least))


@inlined
def _enter_nest(
    menu: Menu, b: int, g: int, key: Words, incumbent: Ints, gift: Floats, volume: Floats | None,
    room: Floats | None, race: Race, chosen: Ints,
) -> None:  # fmt: skip
    """Let nest g of cell b compete for a block of workloads (m,); ``chosen`` (m,) is the block's."""
    first, last = menu.start[b * NESTS + g], menu.start[b * NESTS + g + 1]
    least, second, entered = race.least[: key.size], race.second[: key.size], False
    least[:] = _INFINITY
    second[:] = _INFINITY
    for k in range(first, last):
        if math.isfinite(menu.inverse_weight[k]):
            entered = True
            _run(
                menu.inverse_weight[k], menu.provider[k], menu.key[k], np.int64(k - first), key, incumbent, gift,
                menu.need[k], _left(room, menu.lane[k]), volume, least, second,
            )  # fmt: skip
    if entered:
        _find_winners(menu, first, last, key, incumbent, gift, volume, room, race)
        log_stables(menu.table, menu.slack, _NEST_KEYS[g, 0], _NEST_KEYS[g, 1], key, race.shock)
        for r in range(key.size):
            value, highest = menu.slack * (race.shock[r] - quick_log(race.ratio[r])), race.highest[r]
            best, before = race.best[r], chosen[r]
            if volume is not None:
                value = value if race.least[r] < _INFINITY else -math.inf
            chosen[r] = best if value > highest else before
            race.highest[r] = max(value, highest)


@compiled
def choose(menu: Menu, who: Choosers) -> Ints:
    """Return the chosen pair of every workload, or NONE for the outside option (m,)."""
    return _chosen(menu, who, None, None)


@compiled
def choose_with_room(menu: Menu, who: Choosers, volume: Floats, room: Floats) -> Ints:
    """Return the same among pairs whose lane has ``room`` (2 L,) hours for the ``volume`` (m,) of the workload."""
    return _chosen(menu, who, volume, room)


@inlined
def _left(room: Floats | None, lane: int) -> float:
    """Return the hours left in a lane, where that matters."""
    if room is None:
        return math.inf
    return float(room[lane])


@inlined
def _fits(menu: Menu, k: int, volume: Floats | None, r: int, room: Floats | None) -> bool:
    """Return whether the lane of pair k has room for workload r, where that matters."""
    if volume is None or room is None:
        return True
    return bool(room[menu.lane[k]] >= volume[r] * menu.need[k])


@inlined
def _of_block(volume: Floats | None, start: int, stop: int) -> Floats | None:
    """Return the volumes of a block, where they matter."""
    if volume is None:
        return None
    return volume[start:stop]


@compiled
def _chosen(menu: Menu, who: Choosers, volume: Floats | None, room: Floats | None) -> Ints:
    """Return the chosen pair of every workload, or NONE for the outside option (m,); see ``choose_with_room``."""
    chosen = np.full(who.key.size, NONE)
    race = Race(
        np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64), np.empty(BLOCK), np.empty(BLOCK, np.int64),
        np.empty(BLOCK), np.empty(BLOCK, np.uint64), np.empty(BLOCK), np.empty(BLOCK),
    )  # fmt: skip
    for b in range(who.start.size - 1):
        for start in range(who.start[b], who.start[b + 1], BLOCK):
            stop = min(start + BLOCK, who.start[b + 1])
            key, boost, incumbent, gift = (
                who.key[start:stop], who.boost[start:stop], who.incumbent[start:stop], who.gift[start:stop]
            )  # fmt: skip
            for r in range(key.size):
                race.highest[r] = menu.outside[b] + boost[r] - quick_log(exponential(mix(key[r] ^ _OUTSIDE_KEY)))
            for g in range(NESTS):
                part = _of_block(volume, start, stop)
                _enter_nest(menu, b, g, key, incumbent, gift, part, room, race, chosen[start:stop])
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
def choose_again(
    menu: Menu, b: int, incumbent: int, gift: float, key: np.uint64, room: Floats, tasks: float, bounds: Floats
) -> int:
    """Return the best pair with room for ``tasks`` by the same shocks, or NONE; the outside is not open.

    ``room`` (2 L,) are hours left by lane, ``bounds`` (MOST_PAIRS,) is room to reckon in.
    """
    chosen, highest = NONE, -math.inf
    for g in range(NESTS):
        first, last = menu.start[b * NESTS + g], menu.start[b * NESTS + g + 1]
        best, least = _best_with_room(menu, first, last, incumbent, gift, key, room, tasks, bounds)
        value = _nest_value(menu.table, menu.slack, g, least, key) if best != NONE else -math.inf
        if value > highest:
            chosen, highest = best, value
    return chosen
