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
    """(n,) share of orders that it is for."""
    days: float
    """Share of the quarter in which it is in force."""
    before: float
    """Share of the quarter before the first day, where that lies in the quarter."""
    incomplete: float
    """Share of projects that have hardly begun and take foreign cards out: only in the quarter of the first day."""
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
    if isinstance(rule, BuyRatio):
        full, incomplete = 1.0 / (1.0 + rule.foreign_per_domestic), 0.0
    else:
        full, incomplete = rule.least_share, rule.removed_below
    there = [
        x.destination in rule.destinations and (rule.buyers is None or x.firm in rule.buyers) for x in subjects.places
    ]
    foreign = [origin not in rule.domestic for origin in subjects.origins]
    return Mandate(
        name, full * min(strength / days, 1.0), rule.covered_share * _part_meant(rule, subjects), days, before or 0.0,
        0.0 if before is None else incomplete, np.array(there, dtype=np.bool_), np.array(foreign, dtype=np.bool_),
    )  # fmt: skip


def _part_meant(rule: PurchaseRule, subjects: Subjects) -> Floats:
    """Return the part of orders at every place (n,) of who pays for it: all, or what the state does."""
    return np.array(subjects.state_funded) if rule.state_funded else np.ones(len(subjects.places))


def foreign_left(mandate: Mandate, firm: Ints, foreign: Floats, domestic: Floats, without: Floats) -> Floats:
    """Return the part of its foreign orders that a firm may keep while it is bound, at every place (n,).

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
    return np.where(mandate.places, part, 1.0)


def left_of_covered(mandate: Mandate, part: Floats, open_: Floats) -> Floats:
    """Return the share of orders for which foreign cards may be had (n, V), of the share ``open_`` that rules leave.

    The orders it covers are the last ones of a place: what rules close to them counts under the mandate. Of the days
    in which it is in force it leaves ``part`` (n,), of those before it what does not belong to projects that have
    hardly begun.
    """
    share, others = (mandate.covered * (mandate.days + mandate.before))[:, None], np.zeros(open_.shape)
    bound = mandate.days * part + mandate.before * (1.0 - mandate.incomplete * (1.0 - part))
    kept = np.minimum(bound / (mandate.days + mandate.before), 1.0)[:, None]
    np.minimum(open_, 1.0 - share, out=others)
    return np.asarray(others + kept * (open_ - others))


def removed(mandate: Mandate, part: Floats) -> Floats:
    """Return the part of foreign cards that arrive in a quarter which is taken out again (n,).

    Projects that have hardly begun take out what they may not have: all but ``part`` (n,) of it.
    """
    return np.where(mandate.places, mandate.covered * mandate.incomplete * (1.0 - part), 0.0)
