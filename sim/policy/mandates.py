"""Least shares of domestic cards: buy-ratios and mandates of content (B5). n places that order, V cards, F firms."""

from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import sum_by
from sim.parameters.instruments import BuyRatio, DomesticContent, PurchaseRule
from sim.policy.chip_rules import Subjects


class Mandate(NamedTuple):
    """A mandate in a quarter."""

    id: str
    least: float
    """Least domestic H100e over all in a firm's orders there, while it is in force."""
    covered: Floats
    """(n,) share of a quarter's orders that it covers: of those it is for, those of its days."""
    given_back: Floats
    """(n,) part of a quarter's foreign orders that is given back: those of its days before the first one."""
    removed: Floats
    """(n,) part of the foreign cards arriving in a quarter that is taken out again: only in that of the first day."""
    places: Bools
    """(n,) where it asks."""
    foreign: Bools
    """(V,)"""


def mandate_of(
    name: str, rule: BuyRatio | DomesticContent, strength: float, days: float, before: float | None, subjects: Subjects
) -> Mandate:  # fmt: skip
    """Return a mandate in a quarter: what it asks for grows while it is phased in.

    Args:
        name: id of the rule.
        rule: a ratio of x foreign cards to a domestic one is a least share of 1/(1 + x).
        strength: on average over the quarter.
        days: share of the quarter in which it is in force.
        before: share of the quarter that lies before the first day, if that lies in it; else None.
        subjects: places and cards.
    """
    covered = rule.covered_share * _part_meant(rule, subjects)
    if isinstance(rule, BuyRatio):
        full, incomplete = 1.0 / (1.0 + rule.foreign_per_domestic), 0.0
    else:
        full, incomplete = rule.least_share, rule.removed_below
    removed = covered * (0.0 if before is None else incomplete)
    there = [
        x.destination in rule.destinations and (rule.buyers is None or x.firm in rule.buyers) for x in subjects.places
    ]
    foreign = [origin not in rule.domestic for origin in subjects.origins]
    return Mandate(
        name, full * min(strength / days, 1.0), covered * days, removed * (before or 0.0), removed,
        np.array(there, dtype=np.bool_), np.array(foreign, dtype=np.bool_),
    )  # fmt: skip


def _part_meant(rule: PurchaseRule, subjects: Subjects) -> Floats:
    """Return the part of orders at every place (n,) of who pays for it: all, or what the state does."""
    return np.array(subjects.state_funded) if rule.state_funded else np.ones(len(subjects.places))


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
    part = np.ones(firm.size)
    if mandate.least > 0.0:
        x = (1.0 - mandate.least) / mandate.least
        f, d, d0 = (sum_by(firm, amount, int(firm.max()) + 1)[firm] for amount in (foreign, domestic, without))
        np.divide(x * d0, f - x * d + x * d0, out=part, where=f > x * d)
    kept = 1.0 - mandate.covered * (1.0 - part) - mandate.given_back
    return np.where(mandate.places, np.maximum(kept, 0.0), 1.0)
