"""Halls with power, apart from cards: requested, promised by the grid, built, paid for over the build (B3).

Power is promised as long ahead as a shell takes to build, and building begins with the promise, so that both are there
at once. Time to build follows Kydland and Prescott (1982). S sites, R regions, Q quarters: PAST before the run, then
those of the run. MW are of IT load.
"""

import math

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import totals


@compiled
def completed(begun: Floats, region: Ints, build: Ints, now: int) -> Floats:
    """Return the shells (S,) that are finished in quarter ``now``: those begun exactly ``build`` quarters before.

    Args:
        begun: (S, Q) MW by quarter in which building began.
        region: (S,) region of each site.
        build: (R,) quarters of building.
        now: position of the quarter along Q.
    """
    out = np.zeros(region.size)
    for s in range(region.size):
        first = now - build[region[s]]
        if first >= 0:
            out[s] = begun[s, first]
    return out


@inlined
def _any_by_quarter(requested: Floats, now: int) -> Bools:
    """Return whether any of (S, Q) is not 0, by quarter up to ``now``."""
    out = np.zeros(now + 1, np.bool_)
    for s in range(requested.shape[0]):
        for asked in range(now + 1):
            out[asked] |= requested[s, asked] != 0.0
    return out


@compiled
def slots_granted(requested: Floats, region: Ints, wait: Ints, grid: Floats, now: int) -> Floats:
    """Return power promised in quarter ``now`` (S, Q): oldest requests first, those of one quarter in proportion.

    Args:
        requested: (S, Q) MW asked for and not yet promised, by quarter of the request.
        region: (S,) region of each site.
        wait: (R,) quarters that a request takes at least.
        grid: (R,) MW that the grid of a region can connect in the quarter for which it promises.
        now: position of the quarter along Q.
    """
    out, left, total = np.zeros(requested.shape), grid.copy(), np.empty(grid.size)
    for asked in np.flatnonzero(_any_by_quarter(requested, now)):
        total[:] = 0.0
        for s in range(region.size):
            if asked + wait[region[s]] <= now:
                total[region[s]] += requested[s, asked]
        for s in range(region.size):
            r = region[s]
            if total[r] > 0.0:
                out[s, asked] = requested[s, asked] * (left[r] / total[r] if left[r] < total[r] else 1.0)
        for r in range(grid.size):
            left[r] = max(left[r] - total[r], 0.0)
    return out


@compiled
def begin(granted: Floats, share: Floats, requested: Floats, begun: Floats, now: int) -> None:
    """Begin building where power is promised, as far as it can be paid; what cannot stays in the queue.

    Args:
        granted: (S, Q) ``slots_granted``.
        share: (S,) of it that the provider can pay.
        requested: (S, Q) changed.
        begun: (S, Q) changed.
        now: position of the quarter along Q.
    """
    for s in range(share.size):
        for asked in range(now + 1):
            if granted[s, asked] > 0.0:
                started = granted[s, asked] * share[s]
                requested[s, asked] -= started
                begun[s, now] += started


@compiled
def withdraw(requested: Floats, excess: Floats, now: int) -> Floats:
    """Take requests back, newest first, up to ``excess`` MW (S,); return what was taken back (S,).

    Args:
        requested: (S, Q) changed.
        excess: (S,) MW that is no longer wanted.
        now: position of the quarter along Q.
    """
    out = np.zeros(excess.size)
    for s in range(excess.size):
        left = excess[s]
        for back in range(now + 1):
            if left <= 0.0:
                break
            taken = min(requested[s, now - back], left)
            requested[s, now - back] -= taken
            left -= taken
            out[s] += taken
    return out


@compiled
def congestion(started: Floats, region: Ints, trade: Floats, exponent: float) -> Floats:
    """Return by how much builders charge more (R,): ``max(1, starts / trade capacity)^psi``.

    Args:
        started: (S,) MW of new shells decided in the quarter.
        region: (S,) region of each site.
        trade: (R,) MW a quarter that the building trades take on at the usual price.
        exponent: psi.
    """
    total, out = totals(region, started, trade.size), np.empty(trade.size)
    for r in range(trade.size):
        out[r] = math.exp(exponent * math.log(max(total[r] / trade[r], 1.0)))
    return out


@inlined
def instalment(k: int, build: int, first: float, last: float) -> float:
    """Return the share of the price that is due k quarters after building began: first, the rest evenly, last."""
    due = 0.0
    if k == 0:
        due += first
    if k == build:
        due += last
    between = 1.0 - first - last
    if build < 2 and k == build:
        due += between
    elif 0 < k < build:
        due += between / (build - 1)
    return due


@compiled
def payment_schedule(
    begun: Floats, converting: Floats, price: Floats, region: Ints, build: Ints, now: int, first: float, last: float,
    conversion: float,
) -> Floats:  # fmt: skip
    """Return what is due to builders in quarter ``now`` and in every later one for what is begun by then (n, S), USD m.

    At the prices of the quarters of decision.

    Args:
        begun: (S, Q) MW of new shells by quarter in which building began.
        converting: (S, Q) MW of halls to be converted, by quarter of decision; paid at once.
        price: (R, Q) USD m per MW of what is begun in a quarter.
        region: (S,) region of each site.
        build: (R,) quarters of building.
        now: position of the quarter along Q.
        first: share of the price that is paid at the beginning.
        last: share that is paid at completion.
        conversion: cost of converting over that of a new shell.
    """
    out = np.zeros((build.max() + 1, region.size))
    for s in range(region.size):
        r = region[s]
        for k in range(build[r] + 1):
            share = instalment(k, build[r], first, last)
            for ahead in range(out.shape[0]):
                since = now + ahead - k
                if since >= 0:
                    out[ahead, s] += begun[s, since] * price[r, since] * share
        for ahead in range(out.shape[0]):
            out[ahead, s] += converting[s, now + ahead] * price[r, now + ahead] * conversion
    return out


@compiled
def finished(begun: Floats, converting: Floats, region: Ints, build: Ints, conversion: int, now: int) -> Floats:
    """Return MW of new shells and converted halls that get power in quarter ``now`` (S,), see ``under_way``."""
    return completed(begun, region, build, now) + converting[:, now - conversion]


@compiled
def under_way(begun: Floats, converting: Floats, region: Ints, build: Ints, conversion: int, now: int) -> Floats:
    """Return MW begun up to quarter ``now`` and not finished in it (S,): new shells and halls being converted.

    Args:
        begun: (S, Q) MW of new shells by quarter in which building began.
        converting: (S, Q) MW of halls being converted, by quarter of decision.
        region: (S,) region of each site.
        build: (R,) quarters of building.
        conversion: quarters of a conversion.
        now: position of the quarter along Q.
    """
    out = np.zeros(region.size)
    for s in range(region.size):
        for first in range(max(now - build[region[s]] + 1, 0), now + 1):
            out[s] += begun[s, first]
        for first in range(max(now - conversion + 1, 0), now + 1):
            out[s] += converting[s, first]
    return out


@compiled
def over_quarters(amounts: Floats, now: int) -> Floats:
    """Return the sums of (S, Q) over all quarters up to ``now`` (S,)."""
    out = np.zeros(amounts.shape[0])
    for s in range(amounts.shape[0]):
        for quarter in range(now + 1):
            out[s] += amounts[s, quarter]
    return out


@compiled
def holding_costs(
    energised: Floats, cards_mw: Floats, price: Floats, region: Ints, provider: Ints, rate: float, spent: Floats
) -> None:
    """Add what halls without cards cost in a quarter (I,), USD m.

    Args:
        energised: (S,) MW of halls with power.
        cards_mw: (S,) MW of the cards in them.
        price: (R,) USD m per MW of a new hall.
        region: (S,) region and ``provider`` of each site.
        provider: (S,)
        rate: of the price, per quarter.
        spent: (I,) added to.
    """
    for s in range(region.size):
        spent[provider[s]] += max(energised[s] - cards_mw[s], 0.0) * price[region[s]] * rate


@compiled
def pipeline_growth(energised: Floats, begun: Floats, region: Ints, build: Ints, now: int) -> Floats:
    """Return growth of power per quarter that shells under construction will bring (R,), log; 0 where there is no hall.

    Args:
        energised: (S,) MW of halls with power.
        begun: (S, Q) MW of new shells by quarter in which building began.
        region: (S,) region of each site.
        build: (R,) quarters of building.
        now: position of the quarter along Q.
    """
    stands, comes, out = np.zeros(build.size), np.zeros(build.size), np.zeros(build.size)
    for s in range(region.size):
        r = region[s]
        stands[r] += energised[s]
        for first in range(max(now - build[r] + 1, 0), now + 1):
            comes[r] += begun[s, first]
    for r in range(build.size):
        if stands[r] > 0.0:
            out[r] = math.log(1.0 + comes[r] / stands[r]) / build[r]
    return out
