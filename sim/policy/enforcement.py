"""Enforcement of rules on cards: what evasion costs at a destination, over its usual cost."""

from sim.parameters.policy import Enforcement
from sim.policy.calendar import Calendar
from sim.policy.dates import days_of, first_day


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
            days = days_of(rule)
            start, end = first_day(quarter), first_day(quarter + 1)
            covered = max(min(end, days.expires) - max(start, days.effective), 0) / (end - start)
            strength = covered * days.strength((start + end) // 2) if covered > 0.0 else 0.0
            out *= 1.0 + strength * (rule.budget * rule.verification - 1.0)
    return out
