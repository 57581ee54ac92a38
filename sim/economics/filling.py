"""Water-filling with weights: how something scarce is shared among those who stand in a queue."""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats


@compiled
def filled(wanted: Floats, weight: Floats, available: float) -> Floats:
    """Return ``min(wanted, level * weight)`` (n,), the level such that all that is available is used if it is wanted.

    Who has no weight gets what the others leave, in proportion to what is wanted.
    """
    given, left = np.zeros(wanted.size), available
    for _ in range(wanted.size + 1):
        weights, missing, met = 0.0, 0.0, False
        for x in range(wanted.size):
            if given[x] < wanted[x]:
                weights += weight[x]
                missing += wanted[x] - given[x]
        if missing <= left:
            return wanted.copy()
        spent = 0.0
        for x in range(wanted.size):
            gap = wanted[x] - given[x]
            if gap > 0.0:
                part = left * (weight[x] / weights if weights > 0.0 else gap / missing)
                met = met or part >= gap
                given[x] = wanted[x] if part >= gap else given[x] + part
                spent += min(part, gap)
        left = max(left - spent, 0.0)
        if not met:
            return given
    return given
