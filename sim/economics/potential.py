"""Potential demand of regions (R) grows by chance around its path; how much of it is training."""

import math

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats
from sim.randomness import Words, fold, normal


@compiled
def grow_potential(potential: Floats, growth: Floats, deviation: Floats, names: Words, season: np.uint64) -> None:
    """Advance potential tasks (R,) by a quarter: ``ln M(t+1) = ln M(t) + gamma(t) + sigma eps``.

    Args:
        potential: (R,) tasks; changed.
        growth: (R,) gamma, log growth into the quarter.
        deviation: (R,) sigma.
        names: (R,) key of each region's name.
        season: key of the quarter's draws.
    """
    for r in range(potential.size):
        shock = deviation[r] * normal(fold(season, names[r]))
        potential[r] *= math.exp(growth[r] + shock)


@compiled
def new_training(before: Floats, potential: Floats, wanted: Floats, training: Floats) -> Floats:
    """Return the share of new workloads that are training (R,), so that its share of all tasks follows a path.

    Where potential shrinks, or growth cannot make up for the gap, the share lags behind.

    Args:
        before: (R,) potential tasks a quarter ago.
        potential: (R,) potential tasks.
        wanted: (R,) share of training among them.
        training: (R,) training tasks a quarter ago; changed to those of now.
    """
    out = np.empty(potential.size)
    for r in range(potential.size):
        shrunk = potential[r] / before[r] if before[r] > potential[r] else 1.0
        kept = training[r] * shrunk
        growth = max(potential[r] - before[r], 0.0)
        missing = wanted[r] * potential[r] - kept
        out[r] = min(max(missing / growth, 0.0), 1.0) if growth > 0.0 else 0.0
        training[r] = kept + out[r] * growth
    return out
