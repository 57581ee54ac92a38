"""Shocks to credit: for comparison with rules on supply (B6). I providers."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Floats
from sim.parameters.instruments import CreditShock
from sim.policy.chip_rules import made_there


class Credit(NamedTuple):
    """What shocks do to the terms of lenders, by provider (I,)."""

    rate: Floats
    """Added to the risk-free rate, per year."""
    spread: Floats
    """Added to the spread, per year."""
    covenant: Floats
    """Factor on the credit limit."""


def credit(rules: Iterable[tuple[CreditShock, float]], headquarters: Sequence[str]) -> Credit:
    """Return what shocks do, ``rules`` with their strengths: additions add up, factors multiply.

    Args:
        rules: each with its strength over the quarter.
        headquarters: (I,) regions of the providers' headquarters.
    """
    firms = len(headquarters)
    out = Credit(np.zeros(firms), np.zeros(firms), np.ones(firms))
    for rule, strength in rules:
        part = strength * made_there(rule.headquarters, headquarters)
        out.rate[:] += rule.risk_free_rate * part
        out.spread[:] += rule.spread * part
        out.covenant[:] *= 1.0 + (rule.covenant - 1.0) * part
    return out
