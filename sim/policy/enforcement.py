"""Enforcement of rules on cards: what evasion costs at a destination, over its usual cost."""

from sim.parameters.policy import Enforcement
from sim.policy.calendar import Calendar
from sim.policy.dates import days_of, strength_over


def effort(calendar: Calendar, destination: str, quarter: int) -> float:
    """Return enforcement at a destination in a quarter: budgets times verification of all instruments; 1 without any.

    Args:
        calendar: the rules.
        destination: region.
        quarter: quarter number.
    """
    out = 1.0
    for rule in calendar.policy.instruments.values():
        if isinstance(rule, Enforcement) and destination in rule.destinations:
            strength = strength_over(days_of(rule), quarter)
            out *= 1.0 + strength * (rule.budget * rule.verification - 1.0)
    return out
