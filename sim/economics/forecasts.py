"""Heuristics by which firms expect a series to go on, and how firms move to those that did well (B7).

Brock and Hommes (1997); Anufriev and Hommes (2012). n series; H heuristics: naive, adaptive, trend, fundamental.
"""

import math

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints

NAIVE, ADAPTIVE, TREND, FUNDAMENTAL = range(4)
HEURISTICS = ("naive", "adaptive", "trend", "fundamental")


@compiled
def observe(
    observed: Floats, adaptation: float, extrapolation: float, discount: float, opening: bool, fundamental: Floats,
    before: Floats, habit: Floats, ahead: Floats, error: Floats,
) -> None:  # fmt: skip
    """Score last quarter's forecasts of every series, and forecast the next value by every heuristic.

    naive: the last value; adaptive: ``x + w (observed - x)``; trend: ``x + v (x - x before)``; fundamental: given.

    Args:
        observed: (n,) values.
        adaptation: w.
        extrapolation: v.
        discount: by which older squared errors fade in a quarter.
        opening: whether nothing was observed before.
        fundamental: (n,) what the own model of the market says.
        before: (n,) last quarter's values; changed.
        habit: (n,) adaptive forecasts; changed.
        ahead: (n, H) forecasts of the next value; changed.
        error: (n, H) discounted squared errors; changed.
    """
    for x in range(observed.size):
        if opening:
            before[x] = habit[x] = observed[x]
        else:
            for h in range(ahead.shape[1]):
                error[x, h] = discount * error[x, h] + (observed[x] - ahead[x, h]) ** 2
        habit[x] += adaptation * (observed[x] - habit[x])
        ahead[x, NAIVE] = observed[x]
        ahead[x, ADAPTIVE] = habit[x]
        ahead[x, TREND] = observed[x] + extrapolation * (observed[x] - before[x])
        ahead[x, FUNDAMENTAL] = fundamental[x]
        before[x] = observed[x]


@compiled
def heuristic_weights(error: Floats, intensity: float) -> Floats:
    """Return the share of firms on each heuristic (n, H): ``exp(-beta error)`` over its sum; equal at beta = 0.

    Args:
        error: (n, H) discounted squared errors.
        intensity: beta, intensity of choice.
    """
    out = np.empty(error.shape)
    for x in range(error.shape[0]):
        least, total = error[x].min(), 0.0
        for h in range(error.shape[1]):
            out[x, h] = math.exp(-intensity * (error[x, h] - least))
            total += out[x, h]
        for h in range(error.shape[1]):
            out[x, h] /= total
    return out


@compiled
def believed(ahead: Floats, weights: Floats, rule: Ints, series: Ints) -> Floats:
    """Return what is expected at every site (S,): the forecast of its heuristic, or the weighted one of all.

    Args:
        ahead: (n, H) forecasts by heuristic.
        weights: (n, H) ``heuristic_weights``.
        rule: (S,) heuristic of each site's provider, H for one that switches.
        series: (S,) series that counts for the site.
    """
    out = np.empty(rule.size)
    for s in range(rule.size):
        x = series[s]
        if rule[s] < ahead.shape[1]:
            out[s] = ahead[x, rule[s]]
        else:
            out[s] = (weights[x] * ahead[x]).sum()
    return out


@compiled
def growth_until(growth: Floats, lead: Ints, persistence: float, largest: float) -> Floats:
    """Return growth over ``lead`` quarters (S,), log: a damped trend, ``g + rho g + rho^2 g + ...``.

    Gardner and McKenzie (1985): growth of one quarter is no guide to that of two years, and is mostly noise.

    Args:
        growth: (S,) expected growth of the next quarter, log.
        lead: (S,) quarters.
        persistence: rho; 1 lets growth go on undiminished, 0 counts the next quarter only.
        largest: largest rise or fall in a quarter that is believed.
    """
    out = np.zeros(growth.size)
    for s in range(growth.size):
        step = min(max(growth[s], -largest), largest)
        for _ in range(lead[s]):
            out[s] += step
            step *= persistence
    return out
