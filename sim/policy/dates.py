"""Days and quarters: rules bind from a day on, the model steps by quarters, so a quarter is cut at the days that count.

Days are proleptic Gregorian ordinals.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from sim.names import QUARTERS_PER_YEAR
from sim.parameters.rules import Rule

DAYS_PER_QUARTER = 365.25 / QUARTERS_PER_YEAR
NEVER = date.max.toordinal()


class Days(NamedTuple):
    """The calendar of a rule in days."""

    announced: int
    effective: int
    expires: int
    phase_in: float

    def in_force(self, day: int) -> bool:
        """Return whether the rule binds on a day."""
        return self.effective <= day < self.expires

    def known(self, day: int) -> bool:
        """Return whether firms know on a day that the rule binds or will."""
        return self.announced <= day < self.expires

    def near_from(self, lead: int) -> int:
        """Return the first day on which firms know of a rule that binds so many days later or sooner."""
        return max(self.announced, self.effective - lead)

    def near(self, day: int, lead: int) -> bool:
        """Return whether a rule that firms know of binds on a day or so many days later."""
        return self.near_from(lead) <= day < self.expires

    def strength(self, day: int) -> float:
        """Return the part of its full strength that a rule in force has on a day."""
        if self.phase_in <= 0.0:
            return 1.0
        return min(max((day - self.effective) / self.phase_in, 0.0), 1.0)


def ordinal(day: str) -> int:
    """Return the ordinal of a day such as ``2023-11-17``.

    Raises:
        ValueError: If there is no such day.
    """
    return date.fromisoformat(day).toordinal()


def days_of(rule: Rule) -> Days:
    """Return the calendar of a rule in days."""
    expires = NEVER if rule.expires is None else ordinal(rule.expires)
    phase_in = rule.phase_in_quarters * DAYS_PER_QUARTER
    return Days(ordinal(rule.announced), ordinal(rule.effective), expires, phase_in)


def rush_days(quarters: float, pace: float) -> int:
    """Return how long it takes to buy so many quarters of orders ahead, at a pace over the usual one, in days.

    Nobody pays for cards earlier than that: they would only lie in store.
    """
    return math.ceil(DAYS_PER_QUARTER * quarters / (pace - 1.0)) if pace > 1.0 else 0


@cache
def first_day(quarter: int) -> int:
    """Return the first day of a quarter number."""
    year, position = divmod(quarter, QUARTERS_PER_YEAR)
    return date(year, 3 * position + 1, 1).toordinal()


def quarter_of(day: str) -> int:
    """Return the quarter number of a day such as ``2023-11-17``."""
    return quarter_on(ordinal(day))


def quarter_on(day: int) -> int:
    """Return the quarter number of a day."""
    found = date.fromordinal(day)
    return found.year * QUARTERS_PER_YEAR + (found.month - 1) // 3


def share_of_quarter(since: int, until: int, quarter: int) -> float:
    """Return the share of a quarter's days that lie from a day on and before another."""
    start, end = first_day(quarter), first_day(quarter + 1)
    return max(min(end, until) - max(start, since), 0) / (end - start)


def part_within(one: tuple[int, int], other: tuple[int, int], quarter: int) -> float:
    """Return the part of one span's days in a quarter that lie in another span, each from a day on and before another.

    0 where it has none.
    """
    whole = share_of_quarter(*one, quarter)
    both = share_of_quarter(max(one[0], other[0]), min(one[1], other[1]), quarter)
    return both / whole if whole > 0.0 else 0.0


def strength_over(days: Days, quarter: int) -> float:
    """Return the strength of a rule on average over the days of a quarter: 0 where it is not in force."""
    start, end = first_day(quarter), first_day(quarter + 1)
    since, until = max(start, days.effective) - days.effective, min(end, days.expires) - days.effective
    if until <= since:
        return 0.0
    return (_accrued(until, days.phase_in) - _accrued(since, days.phase_in)) / (end - start)


def _accrued(day: int, phase_in: float) -> float:
    """Return days at full strength that a rule is worth from its first day on."""
    return day - phase_in / 2.0 if day >= phase_in else day * day / (2.0 * phase_in)


def spans(quarter: int, cuts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a quarter between cuts: a day of each, the middle one, and how many days it has."""
    start, end = first_day(quarter), first_day(quarter + 1)
    edges = sorted({start, end, *(cut for cut in cuts if start < cut < end)})
    for first, after in pairwise(edges):
        yield (first + after) // 2, after - first


def middle(days: Days, quarter: int) -> int:
    """Return the middle day of a rule's own part of a quarter, whatever other rules cut the quarter for."""
    start, end = first_day(quarter), first_day(quarter + 1)
    return (max(start, min(days.effective, end)) + min(end, max(days.expires, start))) // 2
