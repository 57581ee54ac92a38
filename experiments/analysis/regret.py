"""Regret: what a policy costs where another one would have been better."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regret:
    """Regret of one lever point over states of the world, in the unit of the outcome."""

    mean: float
    largest: float
    best: int
    """States in which no other point is better."""
    states: int


def regrets(values: Floats, sign: float) -> list[Regret]:
    """Return the regret of every lever point.

    A state is a sample (the mean over its seeds), or a seed where nothing is sampled. States in which a run is missing
    are left out.

    Args:
        values: Outcome (points, samples, seeds).
        sign: 1 where lower is better, -1 where higher is.
    """
    by_state = values.mean(axis=2) if values.shape[1] > 1 else values[:, 0, :]
    losses = sign * by_state[:, np.isfinite(by_state).all(axis=0)]
    count = losses.shape[1]
    if count == 0:
        return [Regret(np.nan, np.nan, 0, 0) for _ in losses]
    found = losses - losses.min(axis=0)
    return [Regret(float(row.mean()), float(row.max()), int((row == 0).sum()), count) for row in found]
