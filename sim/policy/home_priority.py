"""Makers that must serve some buyers first (B5). n places that order, K makers."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.parameters.instruments import HomePriority
from sim.policy.chip_rules import Subjects

if TYPE_CHECKING:
    from sim.structure import Structure


class Queue(NamedTuple):
    """Who comes first at whom."""

    first: Bools
    """(n, K) whether a place comes first at a maker."""
    strength: Floats
    """(K,) share of the quarter's orders that is served so."""
    binds: bool
    """Whether anybody comes first anywhere."""


def queue_of(rules: Iterable[tuple[HomePriority, float]], structure: "Structure", subjects: Subjects) -> Queue:
    """Return who comes first, ``rules`` with their strengths; the strongest for a maker sets its share."""
    makers = structure.parameters.suppliers.values()
    first = np.zeros((len(subjects.places), len(structure.suppliers)), dtype=np.bool_)
    strength = np.zeros(len(structure.suppliers))
    for rule, part in rules:
        bound = np.array([x.headquarters in rule.makers and x.sells_to is None for x in makers], dtype=np.bool_)
        home = np.array([x.headquarters in rule.first for x in subjects.places], dtype=np.bool_)
        first |= np.outer(home, bound)
        strength = np.maximum(strength, bound * part)
    return Queue(first, strength, bool(strength.any()))
