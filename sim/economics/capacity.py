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
from sim.economics.elimination import padded, solve_linear
from sim.economics.positions import at

PASSES = 3
"""Solutions of a step with the bounds met so far."""
LARGEST_EXCESS = 12.0
"""Largest log excess that a step answers: farther out the slopes say nothing."""
CLOSE = 1e-9
"""Within this part of its largest value a multiplier stands there: which pools move must not hang on rounding."""


@inlined
def _push(
    demand: Demand, n: int, use: Floats, row: Ints, slopes: Floats, answer: Response, push: Floats, pull: Floats
) -> None:  # fmt: skip
    """Fill, for menu n and every row, what customers and multipliers have to do with each other there (R, 4).

    Between sellers s and i the sum over customers is ``sums + once_s + once_i``. So ``push`` holds the change of
    weights per multiplier by nest, and what these changes take through ties to their sellers from a unit of weight of
    each nest; ``pull`` what use loses per unit of either.
    """
    a = demand.sensitivity[demand.taste[n]]
    push[:], pull[:] = 0.0, 0.0
    for k in range(demand.start[demand.seller[n] * NESTS], demand.start[demand.seller[n + 1] * NESTS]):
        j = at(demand.product[at(k)])
        if row[j] >= 0:
            m, s, h = at(row[j]), at(demand.segment[at(k)] // NESTS), demand.segment[at(k)] % NESTS
            change, units = a * answer.weights[at(k)] * slopes[j], use[j] * answer.units[at(k)]
            here, there = answer.once[s, at(NESTS + h)], answer.once[s, at(NESTS + h + 1)]
            push[at(h), m] += change
            push[NESTS, m] += here * change
            push[NESTS + 1, m] += there * change
            pull[0, m] += (answer.sums[n, at(NESTS + h)] + here) * units
            pull[1, m] += (answer.sums[n, at(NESTS + h + 1)] + there) * units
            pull[at(NESTS + h), m] += units


@inlined
def _subtract(push: Floats, pull: Floats, matrix: Floats) -> None:
    """Subtract from ``matrix`` (R, R) what the multipliers of all firms take from the products of a menu."""
    for l in range(matrix.shape[0]):
        one, two, three, four = pull[0, l], pull[1, l], pull[2, l], pull[3, l]
        if three + four > 0.0:
            for m in range(push.shape[1]):
                matrix[l, m] -= one * push[0, m] + two * push[1, m] + three * push[2, m] + four * push[3, m]


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
    width = padded(rows)
    matrix, push, pull = np.zeros((rows, width)), np.empty((2 * NESTS, width)), np.empty((2 * NESTS, width))
    for n in range(demand.taste.size):
        _push(demand, n, use, row, slopes, answer, push, pull)
        _subtract(push, pull, matrix)
    _subtract_within(demand, use, row, slopes, answer, matrix)
    return matrix[:, :rows]


@inlined
def _subtract_within(demand: Demand, use: Floats, row: Ints, slopes: Floats, answer: Response, matrix: Floats) -> None:
    """Put into ``matrix`` what a firm's multipliers take from its products, net of what these pass on."""
    for f in range(demand.roster.shape[0]):
        for j in demand.roster[f]:
            for i in demand.roster[f]:
                if i >= 0 and j >= 0 and row[i] >= 0 and row[j] >= 0:
                    matrix[row[i], row[j]] = 0.0
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
    changed, won = np.zeros(demand.start.size - 1), np.empty(demand.start.size - 1)
    for k in range(demand.product.size):
        changed[at(demand.segment[k])] += answer.weights[k] * drift[at(demand.product[k])]
    for n in range(demand.taste.size):
        _win(demand, n, answer, changed, won)
    for k in range(demand.product.size):
        fall[at(demand.product[k])] -= won[at(demand.segment[k])] * answer.units[k]
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
def _win(demand: Demand, n: int, answer: Response, changed: Floats, won: Floats) -> None:
    """Fill what a unit of weight in menu n wins as prices of other sellers rise, by seller and nest (2 S,).

    ``changed`` (2 S,) holds the change of weights over the price coefficient.
    """
    a = demand.sensitivity[demand.taste[n]]
    pushed, pushed_other, tied, tied_other = 0.0, 0.0, 0.0, 0.0
    for s in range(demand.seller[n], demand.seller[n + 1]):
        one, two = a * changed[s * NESTS], a * changed[s * NESTS + 1]
        pushed, pushed_other = pushed + one, pushed_other + two
        tied += answer.once[s, NESTS] * one + answer.once[s, NESTS + 1] * two
        tied_other += answer.once[s, NESTS + 1] * one + answer.once[s, NESTS + 2] * two
    for s in range(demand.seller[n], demand.seller[n + 1]):
        for g in range(NESTS):
            total = tied if g == 0 else tied_other
            for h in range(NESTS):
                mine, once = a * changed[s * NESTS + h], answer.once[s, NESTS + g + h]
                rate = answer.sums[n, NESTS + g + h] + once
                total += rate * ((pushed if h == 0 else pushed_other) - mine) - once * mine
            won[s * NESTS + g] = total


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
    rows, fixed = np.flatnonzero(free), np.flatnonzero(~free)
    size = rows.size
    system, right = np.zeros((size, padded(size))), np.empty(size)
    for x in range(size):
        l = rows[x]
        right[x] = wanted[l]
        for m in fixed:
            right[x] -= matrix[l, m] * step[m]
        for y in range(size):
            system[x, y] = matrix[l, at(rows[y])]
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
