"""Caps on the compute that may go to a place, allowances of single providers, and shares of chartered ones (B5).

n places that order (sites, then owners elsewhere), V cards, R regions, F firms. Amounts in H100e.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import sum_by
from sim.names import QUARTERS_PER_YEAR
from sim.parameters.instruments import CountryCap
from sim.policy.chip_rules import Subjects, made_there


class Cap(NamedTuple):
    """A cap in a quarter."""

    id: str
    row: int
    """Position among the caps of a run: its row in the account of what has gone."""
    strength: float
    """Part of the quarter's orders that it is for: its mean strength."""
    counted: Bools
    """(n, V) orders that count."""
    chartered: Bools
    """(n, V) orders of chartered providers, wherever they go."""
    capped: Bools
    """(n,) places in the destinations."""
    named: Bools
    """(n, V) orders there of providers with an allowance of their own."""
    allowance: Floats
    """(n,) most H100e of these since the effective date."""
    small: Floats
    """(n,) H100e of the quarter that the cap does not count."""
    most: Floats
    """(R,) H100e since the effective date; infinity where there is no cap."""
    abroad: float
    """Largest share of a chartered provider's compute in one destination."""
    home: float
    """Least share at home."""


def cap_of(
    name: str, row: int, rule: CountryCap, strength: float, regions: Sequence[str], providers: Sequence[str],
    subjects: Subjects,
) -> Cap:  # fmt: skip
    """Return a cap in a quarter, for regions, providers, places and cards."""
    made, places = made_there(rule.origins, subjects.origins), subjects.places
    there = np.array([x.destination in rule.h100e for x in places], dtype=np.bool_)
    named = np.array([x.firm in rule.allowances for x in places], dtype=np.bool_)
    free = np.array([x.headquarters in rule.chartered for x in places], dtype=np.bool_) & ~(there & named)
    masks = there & ~free & ~named, free, there & named
    counted, chartered, with_allowance = (np.outer(mask, made) for mask in masks)
    most = np.array([rule.h100e.get(region, np.inf) for region in regions])
    allowance = np.array([rule.allowances.get(x.firm or "", np.inf) for x in places])
    small = rule.small_orders_h100e / QUARTERS_PER_YEAR * strength
    single = np.array([x.firm in providers for x in places], dtype=np.bool_)
    abroad = 1.0 if rule.largest_share_abroad is None else rule.largest_share_abroad
    return Cap(
        name, row, strength, counted, chartered, there, with_allowance, allowance, np.where(single, small, 0.0), most,
        abroad, rule.least_share_at_home or 0.0,
    )  # fmt: skip


def capped(cap: Cap, asked: Floats, region: Ints, gone: Floats) -> Floats:
    """Return the part of orders under a cap that it leaves at every place (n,): all alike in a destination.

    Small ones go beside it.

    Args:
        cap: the cap.
        asked: (n,) orders that count, of the days in which it binds.
        region: (n,) of places.
        gone: (n,) what has gone under it since the effective date.
    """
    counting = beyond_small(cap, asked)
    total = sum_by(region, counting, cap.most.size)
    left = np.maximum(cap.most - sum_by(region, gone, cap.most.size), 0.0)
    part = np.divide(left, total, out=np.ones(total.size), where=total > left)[region]
    lost = np.divide(counting * (1.0 - part), asked, out=np.zeros(asked.size), where=asked > 0.0)
    return 1.0 - lost


def beyond_small(cap: Cap, orders: Floats) -> Floats:
    """Return what a cap counts of orders under it (n,)."""
    return np.maximum(orders - cap.small, 0.0)


def within_allowance(cap: Cap, asked: Floats, gone: Floats) -> Floats:
    """Return the part of orders under a cap that an allowance leaves at every place (n,).

    Args:
        cap: the cap.
        asked: (n,) orders of those who have one, of the days in which the cap binds.
        gone: (n,) what has gone to them since the effective date.
    """
    return _part(cap.allowance - gone, asked)


def within_charter(cap: Cap, asked: Floats, held: Floats, at_home: Bools, firm: Ints) -> Floats:
    """Return the part of orders abroad under a cap that its charter leaves at every place (n,).

    Share at home first, of what goes anywhere: ``abroad <= (1 - y)/y home``; then a capped destination:
    ``held + g o <= x (total - (1 - g) o)``. Who is beyond a share already orders nothing there.

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
    return np.where(at_home, 1.0, first * np.where(cap.capped, _part(room, mine), 1.0))


def _part(room: Floats, asked: Floats) -> Floats:
    """Return the part of what is asked for which there is room."""
    out = np.ones(asked.size)
    return np.divide(np.maximum(room, 0.0), asked, out=out, where=asked > np.maximum(room, 0.0))
