r"""Owners lose patience: the hazard that capital spending is cut (B6).

``h = logistic(a_0 + a_1 burnt / assets - a_2 growth)``: burnt is negative free cash flow of the group over some
quarters, growth the log growth of AI revenue over a year. A cut lasts some quarters and takes a share of new starts and
orders.
"""

import math

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats
from sim.economics.treasury import YEAR
from sim.randomness import Words, fold, uniform

LARGEST_GROWTH = 2.0
"""Largest log growth in a year that owners believe, either way."""
_ZERO = np.uint64(0)


@compiled
def cut_hazard(burnt: float, assets: float, growth: float, weights: Floats) -> float:
    """Return the probability of a cut in a quarter.

    Args:
        burnt: negative free cash flow over the window, as a positive number, USD m.
        assets: book value, USD m; a firm without any has nothing to cut.
        growth: log growth of revenue in a year.
        weights: (3,) a_0, a_1, a_2.
    """
    if assets <= 0.0:
        return 0.0
    odds = weights[0] + weights[1] * burnt / assets - weights[2] * growth
    return 1.0 / (1.0 + math.exp(-min(max(odds, -700.0), 700.0)))


@compiled
def yearly_growth(history: Floats, i: int, t: int) -> float:
    """Return the log growth of (I, A) over the last year; 0 where it was or is nothing."""
    if t < YEAR or history[i, t] <= 0.0 or history[i, t - YEAR] <= 0.0:
        return 0.0
    return min(max(math.log(history[i, t] / history[i, t - YEAR]), -LARGEST_GROWTH), LARGEST_GROWTH)


@compiled
def burnt_cash(history: Floats, i: int, t: int, window: int) -> float:
    """Return the negative free cash flow of (I, A) over the window, as a positive number."""
    total = 0.0
    for q in range(max(t - window + 1, 0), t + 1):
        total += max(-history[i, q], 0.0)
    return total


@compiled
def lose_patience(
    keys: Words, season: np.uint64, free_cash: Floats, revenue: Floats, assets: Floats, weights: Floats, t: int,
    window: int, lasts: int, depth: float, cut_left: Floats, appetite: Floats,
) -> None:  # fmt: skip
    """Let cuts run on or end, draw new ones, and set the appetite of every provider (I,) for the next quarter.

    Args:
        keys: (I,) key of every provider.
        season: key of (seed, decision, quarter).
        free_cash: (I, A) free cash flow of the group by quarter.
        revenue: (I, A) AI revenue by quarter.
        assets: (I,) book value.
        weights: (3,) a_0, a_1, a_2.
        t: quarter of the run.
        window: quarters that are remembered.
        lasts: quarters that a cut lasts.
        depth: share of new starts and orders that it takes.
        cut_left: (I,) quarters that a cut still lasts; changed.
        appetite: (I,) share of wanted starts and orders that goes ahead; filled.
    """
    for i in range(keys.size):
        cut_left[i] = max(cut_left[i] - 1.0, 0.0)
        hazard = cut_hazard(burnt_cash(free_cash, i, t, window), assets[i], yearly_growth(revenue, i, t), weights)
        if cut_left[i] == 0.0 and uniform(fold(season, keys[i]), _ZERO) < hazard:
            cut_left[i] = float(lasts)
        appetite[i] = 1.0 - depth if cut_left[i] > 0.0 else 1.0
