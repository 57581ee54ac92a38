"""Least shares of domestic cards: buy-ratios and mandates of content (B5). n places that order, V cards, F firms."""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import part_of, totals
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


@compiled
def by_origin(cards: Floats, places: Bools, foreign: Bools, h100e: Floats) -> tuple[Floats, Floats]:
    """Return what foreign and domestic cards come to at every place where a mandate asks (n,), H100e; 0 elsewhere.

    Args:
        cards: (n, V)
        places: (n,) where it asks.
        foreign: (V,)
        h100e: (V,) per card.
    """
    abroad, home = np.zeros(places.size), np.zeros(places.size)
    for x in range(places.size):
        if places[x]:
            for v in range(h100e.size):
                if foreign[v]:
                    abroad[x] += cards[x, v] * h100e[v]
                else:
                    home[x] += cards[x, v] * h100e[v]
    return abroad, home


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
    return _foreign_left(mandate.least, mandate.places, firm, foreign, domestic, without)


@compiled
def _foreign_left(
    least: float, places: Bools, firm: Ints, foreign: Floats, domestic: Floats, without: Floats
) -> Floats:  # fmt: skip
    part, firms = np.ones(firm.size), firm.max() + 1
    if least <= 0.0:
        return part
    x = (1.0 - least) / least
    ordered, domestic, alone = totals(firm, foreign, firms), totals(firm, domestic, firms), totals(firm, without, firms)
    for n in range(firm.size):
        f, d, d0 = ordered[firm[n]], domestic[firm[n]], alone[firm[n]]
        if places[n] and f > x * d:
            part[n] = x * d0 / (f - x * d + x * d0)
    return part


def left_of_covered(mandate: Mandate, part: Floats, open_: Floats, late: Floats) -> Floats:
    """Return the share of orders for which cards may be had (n, V), of the share ``open_`` that rules leave.

    The orders it covers are the last ones of a place: what rules close to them counts under the mandate. Of the days
    in which it is in force it leaves ``part`` (n,) of the foreign cards, of those before it what does not belong to
    projects that have hardly begun. A part ``late`` (n, V) of what is left open lies in the days in which it is in
    force, which others may have closed as well.
    """
    return _left_of_covered(
        mandate.covered, mandate.days, mandate.before, mandate.incomplete, mandate.places, mandate.foreign, part, open_,
        late,
    )  # fmt: skip


@compiled
def _left_of_covered(
    covered: Floats, days: float, before: float, incomplete: float, places: Bools, foreign: Bools, part: Floats,
    open_: Floats, late: Floats,
) -> Floats:  # fmt: skip
    out = open_.copy()
    for x in range(places.size):
        if places[x]:
            early, others = 1.0 - incomplete * (1.0 - part[x]), 1.0 - covered[x] * (days + before)
            for v in range(foreign.size):
                if foreign[v]:
                    bound = min(late[x, v] / (days + before), 1.0) if before > 0.0 else 1.0
                    kept = bound * part[x] + (1.0 - bound) * early
                    spared = min(open_[x, v], others)
                    out[x, v] = spared + kept * (open_[x, v] - spared)
    return out


def covered_of(mandate: Mandate, open_: Floats, late: Floats) -> Floats:
    """Return the part of foreign orders (n, V) under a mandate in its days, see ``left_of_covered``."""
    others = 1.0 - mandate.covered * (mandate.days + mandate.before)
    spared = part_of(np.minimum(open_, others[:, None]), open_)
    bound = np.minimum(late / (mandate.days + mandate.before), 1.0) if mandate.before > 0.0 else 1.0
    return np.where(np.outer(mandate.places, mandate.foreign) & (open_ > 0.0), (1.0 - spared) * bound, 0.0)


@compiled
def strictest(kept: Floats, open_: Floats) -> Floats:
    """Return, by mandate, the part of what is open (M, n, V) left by those that leave less than all others; else 1.

    All that mandates are for is the same part of a place's orders: they do not add up. Of equals the first counts.

    Args:
        kept: (M, n, V) what each mandate leaves of all orders.
        open_: (n, V) share of orders that rules leave.
    """
    out = np.ones(kept.shape)
    for x in range(open_.shape[0]):
        for v in range(open_.shape[1]):
            least = open_[x, v]
            for m in range(kept.shape[0]):
                least = min(least, kept[m, x, v])
            for m in range(kept.shape[0]):
                if kept[m, x, v] == least and least < open_[x, v]:
                    out[m, x, v] = least / open_[x, v]
                    break
    return out


def removed(mandate: Mandate, part: Floats) -> Floats:
    """Return the part of foreign cards that arrive in a quarter which is taken out again (n,).

    Projects that have hardly begun take out what they may not have: all but ``part`` (n,) of it.
    """
    return np.where(mandate.places, mandate.covered * mandate.incomplete * (1.0 - part), 0.0)
