"""Shocks to credit: for comparison with rules on supply (B6)."""

from collections.abc import Iterable
from typing import NamedTuple

from sim.parameters.instruments import CreditShock


class Credit(NamedTuple):
    """What shocks do to the terms of lenders."""

    rate: float
    """Added to the risk-free rate, per year."""
    spread: float
    """Added to every spread, per year."""
    covenant: float
    """Factor on credit limits."""


def credit(rules: Iterable[tuple[CreditShock, float]]) -> Credit:
    """Return what shocks do, ``rules`` with their strengths: additions add up, factors multiply."""
    rate, spread, covenant = 0.0, 0.0, 1.0
    for rule, strength in rules:
        rate += rule.risk_free_rate * strength
        spread += rule.spread * strength
        covenant *= 1.0 + (rule.covenant - 1.0) * strength
    return Credit(rate, spread, covenant)
