"""How capacity upstream grows: of its own and in answer to orders of one to two years before, as far as tools come."""

import math
from typing import NamedTuple

from sim.compiled import compiled
from sim.economics.cells import Floats

FIRST_LAG, LAST_LAG = 4, 8
"""Quarters after which orders over capacity move capacity: time to build."""
SLOWEST, FASTEST = -0.05, 0.35
"""Bounds of the log growth of capacity in a quarter."""
LEAST_RATIO, LARGEST_RATIO = 0.05, 20.0
"""Bounds of orders over capacity, so that a quarter without orders is a number."""


class Tools(NamedTuple):
    """What capacity stands on: tools that wear, of which some are imported. Z sides; 3 stages."""

    wear: Floats
    """(Z, 3) part of the stock that is replaced in a quarter."""
    missing: Floats
    """(Z, 3) part of new tools that does not come: the imported ones that are banned."""
    idle: Floats
    """(Z, 3) part of the stock that stops in a quarter beyond usual wear: for want of service and parts."""


@compiled
def shortage(orders: float, capacity: float) -> float:
    """Return ln(orders/capacity), bounded."""
    ratio = orders / capacity if capacity > 0.0 else LARGEST_RATIO
    return math.log(min(max(ratio, LEAST_RATIO), LARGEST_RATIO))


@compiled
def expand(capacity: Floats, past: Floats, growth: Floats, response: Floats, tools: Tools) -> None:
    """Let capacity (Z, 3) grow by ``clip(g + e * mean over lags 4-8 of ln(orders/K), -0.05, 0.35)``; changed.

    A single lag would make a cycle: all orders of a quarter meet all capacity that they called for at once. Growth and
    wear are bought as tools; of those a part may be missing, and of those that stand a part idle.

    Args:
        capacity: (Z, 3) of each side and stage.
        past: (Z, 3, n) ln(orders/capacity) of the quarters before, newest first.
        growth: (Z, 3) g_s.
        response: (Z, 3) e_s.
        tools: what is bought of them, and what is kept from coming.
    """
    for z in range(capacity.shape[0]):
        for s in range(capacity.shape[1]):
            total = 0.0
            for lag in range(FIRST_LAG, LAST_LAG + 1):
                total += past[z, s, lag - 1]
            change = growth[z, s] + response[z, s] * total / (LAST_LAG - FIRST_LAG + 1)
            change = min(max(change, SLOWEST), FASTEST)
            change -= tools.missing[z, s] * max(change + tools.wear[z, s], 0.0) + tools.idle[z, s]
            capacity[z, s] *= math.exp(change)


@compiled
def remember(orders: Floats, capacity: Floats, past: Floats) -> None:
    """Move the memory of shortages (Z, 3, n) by one quarter and enter the newest."""
    for z in range(capacity.shape[0]):
        for s in range(capacity.shape[1]):
            for lag in range(past.shape[2] - 1, 0, -1):
                past[z, s, lag] = past[z, s, lag - 1]
            past[z, s, 0] = shortage(orders[z, s], capacity[z, s])
