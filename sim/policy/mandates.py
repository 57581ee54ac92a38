"""Least shares of domestic cards: buy-ratios and mandates of content (B5). n places that order, V cards, F firms."""

from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import sum_by
from sim.parameters.instruments import BuyRatio, DomesticContent
from sim.policy.chip_rules import Subjects


class Mandate(NamedTuple):
    """A mandate in a quarter."""

    id: str
    least: float
    """Least domestic H100e over all in a firm's orders there, while it is in force."""
    covered: float
    """Share of a quarter's orders that it covers: of those it is for, those in the days in which it is in force."""
    removed: float
    """Part of a quarter's foreign orders that is given back, of all: only in the quarter of the first day."""
    places: Bools
    """(n,) where it asks."""
    foreign: Bools
    """(V,)"""


def mandate_of(
    name: str, rule: BuyRatio | DomesticContent, strength: float, days: float, before: float, subjects: Subjects
) -> Mandate:  # fmt: skip
    """Return a mandate in a quarter: what it asks for grows while it is phased in.

    Args:
        name: id of the rule.
        rule: a ratio of x foreign cards to a domestic one is a least share of 1/(1 + x).
        strength: on average over the quarter.
        days: share of the quarter in which it is in force.
        before: share of the quarter that lies before the first day, if that lies in it; else 0.
        subjects: places and cards.
    """
    if isinstance(rule, BuyRatio):
        full, removed = 1.0 / (1.0 + rule.foreign_per_domestic), 0.0
    else:
        full, removed = rule.least_share, rule.covered_share * rule.removed_below * before
    there = [
        x.destination in rule.destinations and (rule.buyers is None or x.firm in rule.buyers) for x in subjects.places
    ]
    foreign = [origin not in rule.domestic for origin in subjects.origins]
    return Mandate(
        name, full * min(strength / days, 1.0), rule.covered_share * days, removed, np.array(there, dtype=np.bool_),
        np.array(foreign, dtype=np.bool_),
    )  # fmt: skip


def foreign_left(mandate: Mandate, firm: Ints, foreign: Floats, domestic: Floats, without: Floats) -> Floats:
    """Return the part of its foreign orders that a firm may keep, at every place (n,).

    Domestic orders are taken to be linear between those with all foreign cards and those without any, so that with
    x = (1 - m)/m the part f solves ``f F = x (f D + (1 - f) D_0)``.

    Args:
        mandate: with least share m.
        firm: (n,) firm of every place.
        foreign: (n,) F, H100e ordered where the mandate asks, 0 elsewhere.
        domestic: (n,) D, likewise.
        without: (n,) D_0, domestic orders if nothing foreign could be had.
    """
    if mandate.least <= 0.0:
        return np.ones(firm.size)
    x = (1.0 - mandate.least) / mandate.least
    f, d, d0 = (sum_by(firm, amount, int(firm.max()) + 1)[firm] for amount in (foreign, domestic, without))
    part = np.divide(x * d0, f - x * d + x * d0, out=np.ones(firm.size), where=f > x * d)
    kept = 1.0 - mandate.covered * (1.0 - part) - mandate.removed
    return np.where(mandate.places, np.maximum(kept, 0.0), 1.0)
