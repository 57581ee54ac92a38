"""Competition remedies against lock-in (A1, question 20). R regions of customers."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Floats
from sim.parameters.instruments import Remedy
from sim.policy.chip_rules import made_there


class LockIn(NamedTuple):
    """What remedies leave of lock-in, by region of customers (R,)."""

    switching: Floats
    """Factor on switching costs."""
    committed: Floats
    """Largest share of new workloads that is bound for a year or longer."""


def lock_in(rules: Iterable[tuple[Remedy, float]], regions: Sequence[str]) -> LockIn:
    """Return what remedies leave: factors multiply, the least share counts.

    Args:
        rules: each with its strength over the quarter.
        regions: ids in the order of rows.
    """
    out = LockIn(np.ones(len(regions)), np.ones(len(regions)))
    for rule, strength in rules:
        part = strength * made_there(rule.regions, regions)
        out.switching[:] *= 1.0 - (1.0 - rule.switching) * part
        out.committed[:] = np.minimum(out.committed, 1.0 - (1.0 - rule.committed_share) * part)
    return out
