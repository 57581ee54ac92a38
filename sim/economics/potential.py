"""Potential demand of regions grows by chance around its path; how much is training; what tasks of labs take.

R regions, K (cell, product) pairs.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints
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


class Observations(NamedTuple):
    """Pairs at which the dated contracts of labs show what a task takes, (n,)."""

    lab: Ints
    since: Ints
    """First and last quarter of the contract."""
    until: Ints
    weight: Floats
    """Share of the lab's tasks."""
    pair: Ints


@compiled
def observe_hours(seen: Observations, t: int, observed: Bools, need: Floats, hours: Floats) -> None:
    """Set the hours that a task of a lab takes: their mean over its contracts in force, at posted prices.

    Args:
        seen: where contracts show it.
        t: quarter of the run.
        observed: (labs,) whether the lab's use is observed.
        need: (K,) hours of the pool per task.
        hours: (labs,) changed where the use of a lab is observed and a contract in force.
    """
    total, weight = np.zeros(hours.size), np.zeros(hours.size)
    for n in range(seen.lab.size):
        if seen.since[n] <= t <= seen.until[n]:
            total[seen.lab[n]] += seen.weight[n] * need[seen.pair[n]]
            weight[seen.lab[n]] += seen.weight[n]
    for x in range(hours.size):
        if observed[x] and weight[x] > 0.0:
            hours[x] = total[x] / weight[x]
