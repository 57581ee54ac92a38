"""Enforcement of rules on cards: what evasion costs at a destination, over its usual cost. R regions."""

from collections.abc import Iterable, Sequence

import numpy as np

from sim.economics.cells import Floats
from sim.parameters.policy import Enforcement


def effort(rules: Iterable[tuple[Enforcement, float]], regions: Sequence[str]) -> Floats:
    """Return enforcement at every destination (R,), rules with their strengths: budgets times verification; 1 without.

    Args:
        rules: each with its strength over the quarter.
        regions: ids in the order of rows.
    """
    out = np.ones(len(regions))
    for rule, strength in rules:
        for destination in rule.destinations:
            out[regions.index(destination)] *= 1.0 + strength * (rule.budget * rule.verification - 1.0)
    return out
