r"""Shadow prices of capacity: how all pools' multipliers answer their constraints together.

A pool's use falls in its own multiplier and rises in the others', as customers go where prices rise less. With
n_lm = - d use_l / d mu_m, and x_l = ln(use_l / capacity_l), a Newton step solves sum_m n_lm / use_l * step_m = x_l
over pools that are neither slack at mu = 0 nor at the largest multiplier; a step that would leave those bounds stops
there.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import NESTS, ONCE, TWICE, Bools, Cells, Floats, Ints, Response
from sim.economics.elimination import solve_linear

PASSES = 3
"""Solutions of a step with the bounds met so far."""
LARGEST_EXCESS = 2.0
"""Largest log excess that a step answers: farther out the slopes say nothing."""


class Slopes(NamedTuple):
    """Pairs of one base cell, added up by nest and pool (2, L)."""

    pull: Floats
    """Use of the pool per unit of what ``Response.sums`` are sums of."""
    push: Floats
    """Change of the group's weight per multiplier of its pool."""


@inlined
def _slopes(
    cells: Cells, b: int, use: Floats, pool: Ints, slopes: Floats, scale: float, answer: Response, out: Slopes
) -> None:
    """Fill ``out`` for base cell b."""
    for g in range(NESTS):
        for l in range(out.pull.shape[1]):
            out.pull[g, l] = 0.0
            out.push[g, l] = 0.0
    for k in range(cells.start[b], cells.start[b + 1]):
        j = cells.product[k]
        out.pull[cells.nest[j], pool[j]] += use[j] * answer.units[k]
        out.push[cells.nest[j], pool[j]] += cells.sensitivity[b] * scale * answer.weights[k] * slopes[j]


@compiled
def substitution(
    cells: Cells, use: Floats, pool: Ints, slopes: Floats, scale: float, answer: Response, pools: int
) -> Floats:
    """Return (L, L) -d use_l / d mu_m.

    Args:
        cells: demand.
        use: (J,) capacity used per unit of product.
        pool: (J,) pool of each product.
        slopes: (J,) change of the (log) price per multiplier of its pool.
        scale: 1/(1 - rho) where prices enter by level, else 1.
        answer: demand at present prices.
        pools: L.
    """
    matrix = np.zeros((pools, pools))
    firm = np.zeros(pools, np.int64)
    for j in range(use.size):
        firm[pool[j]] = cells.provider[j]
        matrix[pool[j], pool[j]] += use[j] * answer.own[j] * slopes[j]
    found = Slopes(np.empty((NESTS, pools)), np.empty((NESTS, pools)))
    known = np.empty(pools)
    for b in range(cells.start.size - 1):
        _slopes(cells, b, use, pool, slopes, scale, answer, found)
        for g in range(NESTS):
            for h in range(NESTS):
                _subtract(answer.sums[b, :, :, g, h], found.pull[g], found.push[h], firm, cells.firms, known, matrix)
    return matrix


@inlined
def _subtract(sums: Floats, pull: Floats, push: Floats, firm: Ints, last: int, known: Floats, matrix: Floats) -> None:
    """Subtract from ``matrix`` what pools in one nest take from pools in another (or the same) within a base cell.

    Between firms f and i the sum over classes is ``all + once_f + once_i``, so it is two outer products; within a firm
    it is ``all + twice_f``, which is put right afterwards.
    """
    for m in range(push.size):
        known[m] = sums[ONCE, firm[m]] * push[m]
    for l in range(pull.size):
        if pull[l] == 0.0:
            continue
        f = firm[l]
        to_all, to_known = pull[l] * (sums[TWICE, last] + sums[ONCE, f]), pull[l]
        for m in range(push.size):
            matrix[l, m] -= to_all * push[m] + to_known * known[m]
        own = pull[l] * (sums[TWICE, f] - 2.0 * sums[ONCE, f])
        if own != 0.0:
            for m in range(push.size):
                if firm[m] == f:
                    matrix[l, m] -= own * push[m]


@compiled
def excess(used: Floats, capacity: Floats) -> Floats:
    """Return ln(use / capacity) by pool; minus infinity where nothing is used or there is no constraint."""
    out = np.full(used.size, -math.inf)
    for l in range(used.size):
        if used[l] > 0.0 and math.isfinite(capacity[l]):
            out[l] = math.log(used[l] / max(capacity[l], 1e-9 * used[l]))
    return out


@compiled
def violation(mu: Floats, top: Floats, over: Floats, matrix: Floats) -> float:
    """Return the largest violation of complementarity: log excess, or log slack under a positive multiplier.

    Excess where every price stands at its ceiling (no multiplier moves use) is rationed, and violates nothing.
    """
    worst = 0.0
    for l in range(mu.size):
        if over[l] > 0.0 and mu[l] < top[l] and matrix[l, l] > 0.0:
            worst = max(worst, over[l])
        elif over[l] < 0.0 and mu[l] > 0.0:
            worst = max(worst, min(-over[l], mu[l] / top[l]))
    return worst


@compiled
def answered(mu: Floats, top: Floats, over: Floats, used: Floats, matrix: Floats) -> Floats:
    """Return multipliers after one Newton step of all pools together.

    Args:
        mu: (L,) multipliers.
        top: (L,) largest multipliers.
        over: (L,) ``excess``.
        used: (L,) use.
        matrix: (L, L) ``substitution``.
    """
    pools = mu.size
    step = np.zeros(pools)
    free = np.empty(pools, np.bool_)
    for l in range(pools):
        at_top = mu[l] >= top[l] and over[l] >= 0.0
        free[l] = matrix[l, l] > 0.0 and not at_top and (over[l] > 0.0 or (mu[l] > 0.0 and over[l] > -math.inf))
        if over[l] == -math.inf:
            step[l] = -mu[l]
    for _ in range(PASSES):
        if not _pass(mu, top, over, used, matrix, free, step):
            break
    moved = np.empty(pools)
    for l in range(pools):
        moved[l] = min(max(mu[l] + step[l], 0.0), top[l])
    return moved


@compiled
def _pass(mu: Floats, top: Floats, over: Floats, used: Floats, matrix: Floats, free: Bools, step: Floats) -> bool:
    """Solve for the steps of free pools, the others' given; fix those that meet a bound, and say whether any did."""
    rows = np.flatnonzero(free)
    size = rows.size
    system, right = np.empty((size, size)), np.empty(size)
    for x in range(size):
        l = rows[x]
        right[x] = used[l] * min(max(over[l], -LARGEST_EXCESS), LARGEST_EXCESS)
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
