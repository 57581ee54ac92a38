r"""Shadow prices of capacity: how all pools' multipliers answer their constraints together.

A pool's use falls in its own multiplier and rises in the others', as customers go where prices rise less. With
n_lm = - d use_l / d mu_m, and x_l = ln(use_l / capacity_l), a Newton step solves sum_m n_lm / use_l * step_m = x_l
over pools that are neither slack at mu = 0 nor at the largest multiplier; a step that would leave those bounds stops
there. Prices move towards what firms want at present multipliers at the same time, so x_l counts what use loses by
that drift as lost already.
"""

import math

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import NESTS, Bools, Demand, Floats, Ints, Response
from sim.economics.elimination import solve_linear

PASSES = 3
"""Solutions of a step with the bounds met so far."""
LARGEST_EXCESS = 12.0
"""Largest log excess that a step answers: farther out the slopes say nothing."""
CLOSE = 1e-9
"""Within this part of its largest value a multiplier stands there: which pools move must not hang on rounding."""


@inlined
def _push(demand: Demand, n: int, row: Ints, slopes: Floats, answer: Response, push: Floats, known: Floats) -> None:
    """Fill, for menu n, the change of weights per multiplier, by nest and row (2, R).

    ``known`` (2, R) is filled with what these changes take, from a unit of weight, through ties to their sellers.
    """
    a = demand.sensitivity[demand.taste[n]]
    push[:], known[:] = 0.0, 0.0
    for s in range(demand.seller[n], demand.seller[n + 1]):
        for h in range(NESTS):
            once = answer.once[s, NESTS + h], answer.once[s, NESTS + h + 1]
            for k in range(demand.start[s * NESTS + h], demand.start[s * NESTS + h + 1]):
                m = row[demand.product[k]]
                if m >= 0:
                    change = a * answer.weights[k] * slopes[demand.product[k]]
                    push[h, m] += change
                    known[0, m] += once[0] * change
                    known[1, m] += once[1] * change


@inlined
def _subtract(
    demand: Demand, n: int, use: Floats, row: Ints, answer: Response, push: Floats, known: Floats, line: Floats,
    matrix: Floats,
) -> None:  # fmt: skip
    """Subtract from ``matrix`` what the multipliers of other firms take from the products of menu n.

    Between sellers s and i the sum over customers is ``sums + once_s + once_i``: so for every nest of a seller there is
    one ``line`` (R,) of what multipliers take from a unit of its weight.
    """
    for s in range(demand.seller[n], demand.seller[n + 1]):
        for g in range(NESTS):
            first, last = demand.start[s * NESTS + g], demand.start[s * NESTS + g + 1]
            if first == last:
                continue
            here, there = NESTS + g, NESTS + g + 1
            rate = answer.sums[n, here] + answer.once[s, here], answer.sums[n, there] + answer.once[s, there]
            for m in range(line.size):
                line[m] = known[g, m] + rate[0] * push[0, m] + rate[1] * push[1, m]
            for k in range(demand.start[s * NESTS], demand.start[(s + 1) * NESTS]):
                if row[demand.product[k]] >= 0:
                    line[row[demand.product[k]]] = 0.0
            for k in range(first, last):
                l, pull = row[demand.product[k]], use[demand.product[k]] * answer.units[k]
                if l >= 0:
                    for m in range(line.size):
                        matrix[l, m] -= pull * line[m]


@compiled
def substitution(demand: Demand, use: Floats, row: Ints, slopes: Floats, answer: Response, rows: int) -> Floats:
    """Return (R, R) -d use_l / d mu_m; every pool is one firm's.

    Args:
        demand: demand.
        use: (J,) capacity used per unit of product.
        row: (J,) row of the pool of each product; -1 where it has none.
        slopes: (J,) change of the (log) price per multiplier of its pool.
        answer: demand at present prices.
        rows: R.
    """
    matrix, line = np.zeros((rows, rows)), np.empty(rows)
    push, known = np.empty((NESTS, rows)), np.empty((NESTS, rows))
    for n in range(demand.taste.size):
        _push(demand, n, row, slopes, answer, push, known)
        _subtract(demand, n, use, row, answer, push, known, line, matrix)
    _subtract_within(demand, use, row, slopes, answer, matrix)
    return matrix


@inlined
def _subtract_within(demand: Demand, use: Floats, row: Ints, slopes: Floats, answer: Response, matrix: Floats) -> None:
    """Subtract from ``matrix`` what a firm's multipliers take from its products, net of what these pass on."""
    for f in range(demand.roster.shape[0]):
        for j in demand.roster[f]:
            if j < 0 or row[j] < 0:
                continue
            matrix[row[j], row[j]] += use[j] * answer.own[j] * slopes[j]
            for i in demand.roster[f]:
                if i >= 0 and row[i] >= 0:
                    matrix[row[i], row[j]] -= use[i] * answer.within[j, demand.place[i]] * slopes[j]


@compiled
def lost(demand: Demand, use: Floats, pool: Ints, drift: Floats, answer: Response, pools: int) -> Floats:
    """Return (L,) what the use of every pool loses, by present slopes, as prices drift.

    Args:
        demand: demand.
        use: (J,) capacity used per unit of product.
        pool: (J,) pool of each product.
        drift: (J,) change of the (log) price.
        answer: demand at present prices.
        pools: L.
    """
    fall, own = np.zeros(use.size), np.empty(demand.roster.shape[1])
    pushed, tied, mine = np.empty(NESTS), np.empty(NESTS), np.empty((demand.start.size // NESTS, NESTS))
    for n in range(demand.taste.size):
        _drift_of_menu(demand, n, drift, answer, pushed, tied, mine)
        _lose(demand, n, answer, pushed, tied, mine, fall)
    for members in demand.roster:
        own[:] = 0.0
        for j in members:
            if j >= 0:
                fall[j] += answer.own[j] * drift[j]
                for x in range(own.size):
                    own[x] += answer.within[j, x] * drift[j]
        for x in range(own.size):
            if members[x] >= 0:
                fall[members[x]] -= own[x]
    out = np.zeros(pools)
    for j in range(use.size):
        out[pool[j]] += use[j] * fall[j]
    return out


@inlined
def _drift_of_menu(
    demand: Demand, n: int, drift: Floats, answer: Response, pushed: Floats, tied: Floats, mine: Floats
) -> None:
    """Fill the change of weights in menu n by nest (2,) and by seller and nest (S, 2).

    ``tied`` (2,) is filled with what these changes take, from a unit of weight, through ties to their sellers.
    """
    a = demand.sensitivity[demand.taste[n]]
    pushed[:], tied[:] = 0.0, 0.0
    for s in range(demand.seller[n], demand.seller[n + 1]):
        for h in range(NESTS):
            change = 0.0
            for k in range(demand.start[s * NESTS + h], demand.start[s * NESTS + h + 1]):
                change += a * answer.weights[k] * drift[demand.product[k]]
            mine[s, h] = change
            pushed[h] += change
            tied[0] += answer.once[s, NESTS + h] * change
            tied[1] += answer.once[s, NESTS + h + 1] * change


@inlined
def _lose(demand: Demand, n: int, answer: Response, pushed: Floats, tied: Floats, mine: Floats, fall: Floats) -> None:
    """Subtract from ``fall`` (J,) what sellers of menu n win as the prices of others rise, see ``_subtract``."""
    for s in range(demand.seller[n], demand.seller[n + 1]):
        for g in range(NESTS):
            won = tied[g]
            for h in range(NESTS):
                once = answer.once[s, NESTS + g + h]
                rate = answer.sums[n, NESTS + g + h] + once
                won += rate * (pushed[h] - mine[s, h]) - once * mine[s, h]
            for k in range(demand.start[s * NESTS + g], demand.start[s * NESTS + g + 1]):
                fall[demand.product[k]] -= won * answer.units[k]


@compiled
def excess(used: Floats, capacity: Floats) -> Floats:
    """Return ln(use / capacity) by pool; minus infinity where nothing is used or there is no constraint."""
    out = np.full(used.size, -math.inf)
    for l in range(used.size):
        if used[l] > 0.0 and math.isfinite(capacity[l]):
            out[l] = math.log(used[l] / max(capacity[l], 1e-9 * used[l]))
    return out


@inlined
def _at_top(mu: float, top: float) -> bool:
    return bool(mu >= top * (1.0 - CLOSE))


@compiled
def pressed(mu: Floats, top: Floats, over: Floats) -> Ints:
    """Return pools whose multiplier may move: neither slack at 0 nor overfull at the largest."""
    out = np.zeros(mu.size, dtype=np.bool_)
    for l in range(mu.size):
        out[l] = (mu[l] > 0.0 or over[l] > 0.0) and not (over[l] >= 0.0 and _at_top(mu[l], top[l]))
    return np.flatnonzero(out)


@compiled
def violation(mu: Floats, top: Floats, over: Floats, pools: Ints, matrix: Floats) -> float:
    """Return the largest violation of complementarity: log excess, or log slack under a positive multiplier.

    A multiplier that is small beside the largest one counts as little, if there is a largest one. Excess where every
    price stands at its ceiling (no multiplier moves use) is rationed, and violates nothing.
    ``matrix`` is the ``substitution`` of the ``pressed`` pools.
    """
    worst = 0.0
    for x in range(pools.size):
        l = pools[x]
        if over[l] > 0.0 and not _at_top(mu[l], top[l]) and matrix[x, x] > 0.0:
            worst = max(worst, over[l])
        elif over[l] < 0.0 and mu[l] > 0.0:
            worst = max(worst, min(-over[l], mu[l] / top[l]) if top[l] < math.inf else -over[l])
    return worst


@compiled
def answered(mu: Floats, top: Floats, over: Floats, used: Floats, fall: Floats, pools: Ints, matrix: Floats) -> Floats:
    """Return multipliers (L,) after one Newton step of all pools together.

    Args:
        mu: (L,) multipliers.
        top: (L,) largest multipliers.
        over: (L,) ``excess``.
        used: (L,) use.
        fall: (L,) what use loses whatever multipliers do, see ``lost``.
        pools: (R,) ``pressed`` pools.
        matrix: (R, R) their ``substitution``.
    """
    step, free, right = np.zeros(pools.size), np.empty(pools.size, np.bool_), np.empty(pools.size)
    for x in range(pools.size):
        l = pools[x]
        free[x] = matrix[x, x] > 0.0 and over[l] > -math.inf
        left = over[l] - fall[l] / used[l] if free[x] else 0.0
        right[x] = used[l] * min(max(left, -LARGEST_EXCESS), LARGEST_EXCESS)
        if over[l] == -math.inf:
            step[x] = -mu[l]
    for _ in range(PASSES):
        if not _pass(mu[pools], top[pools], right, matrix, free, step):
            break
    moved = mu.copy()
    moved[pools] += step
    return np.minimum(np.maximum(moved, 0.0), top)


@compiled
def _pass(mu: Floats, top: Floats, wanted: Floats, matrix: Floats, free: Bools, step: Floats) -> bool:
    """Solve for the steps of free pools, the others' given; fix those that meet a bound, and say whether any did."""
    rows = np.flatnonzero(free)
    size = rows.size
    system, right = np.empty((size, size)), np.empty(size)
    for x in range(size):
        l = rows[x]
        right[x] = wanted[l]
        for m in range(mu.size):
            if not free[m]:
                right[x] -= matrix[l, m] * step[m]
        for y in range(size):
            system[x, y] = matrix[l, rows[y]]
    found = solve_linear(system, right, size)
    bound = False
    for x in range(size):
        l = rows[x]
        step[l] = found[x]
        if mu[l] + step[l] < 0.0 or mu[l] + step[l] > top[l]:
            step[l] = min(max(step[l], -mu[l]), top[l] - mu[l])
            free[l] = False
            bound = True
    return bound
