"""A quarter of building at all sites together: power asked for, shells begun as far as they can be paid (B3, B6).

S sites, R regions, I providers, Q quarters of decision. MW are of IT load, money in USD m. The steps stand in
``building``.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.building import (
    begin,
    congestion,
    over_quarters,
    slots_granted,
    withdraw,
)
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import totals
from sim.economics.slots import within_budget

TRIALS, AGREED = 40, 1e-6
"""Most prices of shells that are tried, and the MW by which what begins may differ from what sets the price."""


class Builders(NamedTuple):
    """What never changes about building."""

    region: Ints
    """(S,) region and ``provider`` of each site."""
    provider: Ints
    """(S,)"""
    build: Ints
    """(R,) quarters of building."""
    wait: Ints
    """(R,) least quarters from a request to the promise of power."""
    exponent: float
    """psi, see ``congestion``."""
    first: float
    """Share of the price that is paid at the beginning."""
    last: float
    """Share that is paid at completion."""
    conversion: float
    """Cost of converting over that of a new shell."""


class Works(NamedTuple):
    """Halls on their way to power; kernels change them."""

    convertible: Floats
    """(S,) MW of powered halls of the general cloud that may be converted."""
    requested: Floats
    """(S, Q) MW asked for and not yet promised, by quarter of the request."""
    queued: Floats
    """(S,) the same: the running account."""
    begun: Floats
    """(S, Q) MW of new shells by quarter in which building began."""
    converting: Floats
    """(S, Q) MW of halls to be converted, by quarter of decision."""
    price: Floats
    """(R, Q) USD m per MW of what is begun in a quarter."""
    congestion: Floats
    """(R,) price of builders over the usual one."""


@compiled
def ask(works: Works, gap: Floats, requests: Bools, quick: float, now: int) -> Floats:
    """Ask for power, or withdraw requests where there are too many; return MW of halls to be converted (S,) instead.

    Args:
        works: changed.
        gap: (S,) MW that every site wants to add; negative for too much.
        requests: (S,) whether a site may ask; elsewhere what it asked for is observed.
        quick: part of what may be converted that is converted in a quarter, 0 where that is observed.
        now: position of the quarter along Q.
    """
    convert, missing = np.empty(gap.size), np.empty(gap.size)
    for s in range(gap.size):
        convert[s] = min(quick * works.convertible[s], max(gap[s], 0.0))
        missing[s] = (gap[s] if requests[s] else 0.0) - convert[s]
    withdrawn = withdraw(works.requested, -missing, now)
    for s in range(gap.size):
        asked = max(missing[s], 0.0)
        works.queued[s] += asked - withdrawn[s]
        works.requested[s, now] += asked
    return convert


@inlined
def _pay(
    works: Works, builders: Builders, granted: Floats, started: Floats, convert: Floats, appetite: Floats,
    budget: Floats, now: int,
) -> Floats:  # fmt: skip
    """Begin what is granted as far as it can be paid and owners let it; return the share that can be paid (S,).

    ``started`` (S,) is what is granted (S, Q) over all quarters of request.
    """
    price, goes = np.empty(convert.size), np.empty(convert.size)
    for s in range(convert.size):
        mw = started[s] + convert[s] * builders.conversion
        price[s] = works.price[builders.region[s], now] * mw * appetite[builders.provider[s]]
    share = within_budget(price, builders.provider, budget)
    budget -= totals(builders.provider, price * share, budget.size)
    for s in range(convert.size):
        goes[s] = share[s] * appetite[builders.provider[s]]
        works.queued[s] = max(works.queued[s] - started[s] * share[s] * appetite[builders.provider[s]], 0.0)
    begin(granted, goes, works.requested, works.begun, now)
    return share


@inlined
def _begin_at_price(
    works: Works, builders: Builders, granted: Floats, started: Floats, convert: Floats, grid: Floats,
    appetite: Floats, budget: Floats, now: int,
) -> Floats:  # fmt: skip
    """Begin what is granted at the price that stands, and hand on what cannot begin; see ``begin_halls``, ``_pay``."""
    share = _pay(works, builders, granted, started, convert, appetite, budget, now)
    able = np.empty(share.size)
    for s in range(share.size):
        allowed = appetite[builders.provider[s]]
        works.converting[s, now] += convert[s] * share[s] * allowed
        works.convertible[s] -= convert[s] * share[s] * allowed
        able[s] = 1.0 if share[s] * allowed >= 1.0 else 0.0
    if able.min() < 1.0:
        left = np.maximum(grid - totals(builders.region, works.begun[:, now], grid.size), 0.0)
        others = works.requested * able.reshape((able.size, 1))
        handed = slots_granted(others, builders.region, builders.wait, left, now)
        _pay(works, builders, handed, over_quarters(handed, now), np.zeros(convert.size), appetite, budget, now)
    return share


@inlined
def _copied(works: Works) -> Works:
    """Return works to try prices on: all that ``_begin_at_price`` changes is a copy."""
    return Works(
        works.convertible.copy(), works.requested.copy(), works.queued.copy(), works.begun.copy(),
        works.converting.copy(), works.price, works.congestion,
    )  # fmt: skip


@inlined
def _set_back(trial: Works, works: Works, now: int) -> None:
    """Undo a trial: of what is begun and converted, it changes this quarter's alone."""
    for s in range(works.queued.size):
        trial.convertible[s], trial.queued[s] = works.convertible[s], works.queued[s]
        trial.begun[s, now], trial.converting[s, now] = works.begun[s, now], works.converting[s, now]
        for asked in range(now + 1):
            trial.requested[s, asked] = works.requested[s, asked]


@compiled
def begin_halls(
    works: Works, builders: Builders, convert: Floats, grid: Floats, trade: Floats, appetite: Floats, budget: Floats,
    now: int,
) -> Floats:  # fmt: skip
    """Begin shells where power is promised, and conversions; return the share that can be paid (S,).

    Power that is promised to who cannot begin goes to others of the region, once. The dearer shells are, the fewer can
    be paid, and the less are builders congested: tried is the price at which as much begins as makes them charge it.

    Args:
        works: changed.
        builders: what never changes.
        convert: (S,) MW of halls to be converted.
        grid: (R,) MW that the grid of a region can connect.
        trade: (R,) MW a quarter that the building trades take on at the usual price.
        appetite: (I,) share of wanted starts that owners let go ahead.
        budget: (I,) changed.
        now: position of the quarter along Q.
    """
    granted = slots_granted(works.requested, builders.region, builders.wait, grid, now)
    usual, before, started = works.price[:, now].copy(), works.begun[:, now].copy(), over_quarters(granted, now)
    begins, trial = started.copy(), _copied(works)
    for _ in range(TRIALS):
        works.congestion[:] = congestion(begins, builders.region, trade, builders.exponent)
        works.price[:, now] = usual * works.congestion
        _begin_at_price(trial, builders, granted, started, convert, grid, appetite, budget.copy(), now)
        surplus = trial.begun[:, now] - before - begins
        if np.abs(surplus).max() <= AGREED:
            break
        # What begins answers what sets its price with a slope between 0 and -psi: this step errs least for the worst.
        begins += surplus * 2.0 / (2.0 + builders.exponent)
        _set_back(trial, works, now)
    return _begin_at_price(works, builders, granted, started, convert, grid, appetite, budget, now)
