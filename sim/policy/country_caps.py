"""Caps on the compute that may go to a place, and shares of chartered providers (B5).

n places that order (sites, then owners elsewhere), V cards, R regions, F firms. Amounts in H100e.
"""

from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import sum_by
from sim.parameters.instruments import CountryCap
from sim.policy.chip_rules import Subjects, made_there


class Cap(NamedTuple):
    """A cap in a quarter."""

    id: str
    row: int
    """Position among the caps of a run: its row in the account of what has gone."""
    strength: float
    """Share of the quarter in which it binds."""
    counted: Bools
    """(n, V) orders that count."""
    chartered: Bools
    """(n, V) orders of chartered providers in the destinations."""
    most: Floats
    """(R,) H100e since the effective date; infinity where there is no cap."""
    abroad: float
    """Largest share of a chartered provider's compute in one destination."""
    home: float
    """Least share at home."""


def cap_of(
    name: str, row: int, rule: CountryCap, strength: float, regions: list[str], subjects: Subjects
) -> Cap:  # fmt: skip
    """Return a cap in a quarter, for places and cards."""
    made = made_there(rule.origins, subjects.origins)
    there = np.array([x.destination in rule.h100e for x in subjects.places], dtype=np.bool_)
    free = np.array([x.headquarters in rule.chartered for x in subjects.places], dtype=np.bool_)
    counted, chartered = (np.outer(mask, made) for mask in (there & ~free, there & free))
    most = np.array([rule.h100e.get(region, np.inf) for region in regions])
    abroad = 1.0 if rule.largest_share_abroad is None else rule.largest_share_abroad
    return Cap(name, row, strength, counted, chartered, most, abroad, rule.least_share_at_home or 0.0)


def capped(cap: Cap, asked: Floats, region: Ints, gone: Floats) -> Floats:
    """Return the part of orders that a cap leaves at every place (n,), all alike in a destination.

    Args:
        cap: the cap.
        asked: (n,) orders that count.
        region: (n,) of places.
        gone: (R,) what has gone there since the effective date.
    """
    total = sum_by(region, asked, cap.most.size)
    left = np.maximum(cap.most - gone, 0.0)
    part = np.divide(left, total, out=np.ones(total.size), where=total > left)
    return (1.0 - cap.strength * (1.0 - part))[region]


def within_charter(cap: Cap, asked: Floats, held: Floats, at_home: Bools, firm: Ints) -> Floats:
    """Return the part of orders abroad that a charter leaves at every place (n,).

    Share at home first: ``abroad <= (1 - y)/y home``; then one destination: ``held + g o <= x (total - (1 - g) o)``.
    Who is beyond a share already orders nothing there.

    Args:
        cap: the cap with its two shares.
        asked: (n,) what places order in all.
        held: (n,) what stands there.
        at_home: (n,) whether a place lies in the region of its firm's headquarters.
        firm: (n,) of places.
    """
    size, away = int(firm.max()) + 1, ~at_home
    home, abroad, ordered = (sum_by(firm, x, size)[firm] for x in ((held + asked) * at_home, held * away, asked * away))
    room = home * (1.0 - cap.home) / cap.home - abroad if cap.home > 0.0 else np.full(home.size, np.inf)
    first = _part(room, ordered)
    mine = asked * np.where(at_home, 1.0, first)
    others = sum_by(firm, held + mine, size)[firm] - mine
    room = (cap.abroad * others - held) / (1.0 - cap.abroad) if cap.abroad < 1.0 else np.full(home.size, np.inf)
    part = np.where(at_home, 1.0, first * _part(room, mine))
    return 1.0 - cap.strength * (1.0 - part)


def _part(room: Floats, asked: Floats) -> Floats:
    """Return the part of what is asked for which there is room."""
    out = np.ones(asked.size)
    return np.divide(np.maximum(room, 0.0), asked, out=out, where=asked > np.maximum(room, 0.0))
