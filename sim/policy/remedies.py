"""Competition remedies against lock-in (A1, question 20)."""

from collections.abc import Iterable
from typing import NamedTuple

from sim.parameters.instruments import Remedy


class LockIn(NamedTuple):
    """What remedies leave of lock-in."""

    switching: float
    """Factor on switching costs."""
    committed: float
    """Largest share of new workloads that is bound for a year or longer."""


def lock_in(rules: Iterable[tuple[Remedy, float]]) -> LockIn:
    """Return what remedies leave, ``rules`` with their strengths: factors multiply, the least share counts."""
    switching, committed = 1.0, 1.0
    for rule, strength in rules:
        switching *= 1.0 - (1.0 - rule.switching) * strength
        committed = min(committed, 1.0 - (1.0 - rule.committed_share) * strength)
    return LockIn(switching, committed)
