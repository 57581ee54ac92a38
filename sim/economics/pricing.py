r"""Prices of all firms, solved jointly: multiproduct Bertrand-Nash with one capacity per pool of cards.

First-order condition of firm f for product j, with m_k = (1-tau_k) p_k - c_k - h_k mu_pool(k):

    LOG:     (1-tau_j) p_j Q_j = m_j own_j - sum_k within_jk m_k   ->   (own_j - Q_j) m_j - ... = (c_j + h_j mu) Q_j
    LINEAR:  (1-tau_j) Q_j     = m_j own_j - sum_k within_jk m_k

where ``own`` and ``within`` come from the demand system. Product by product this is a zeta-markup fixed point (Morrow
and Skerlos 2011), which is slow where customers are tied to a firm and mostly move within it: each product waits for
the others. So every firm solves its conditions for all its margins together at present demand, held back a little.
The multipliers of all pools answer their constraints together, 0 <= mu _|_ capacity - sum_j h_j Q_j >= 0 (Froeb,
Tschantz and Crooke 2003), by a Newton step with the full matrix of what one pool's multiplier does to the use of
every other: firms that are all full raise their prices together, and demand answers that far less than it answers
one firm alone. Rounds are simultaneous over firms, so no result depends on their order. With fewer rounds than it
takes to converge this is bounded best response.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.acceleration import WINDOW, accelerated
from sim.economics.capacity import answered, excess, lost, pressed, substitution, violation
from sim.economics.cells import LOG, Cells, Demand, Floats, Ints, Response, condensed, respond
from sim.economics.elimination import solve_linear
from sim.economics.powers import quick_exp
from sim.randomness import quick_log

LARGEST_LOG_STEP = 1.5
"""Largest change of a log price in a round."""
LARGEST_STEP = math.exp(LARGEST_LOG_STEP)
CALM = 2.0
"""Residual below which steps are combined; farther out plain best responses are safer."""
SPELL = 50
"""Combined rounds, then as many half steps, in turn: what goes in circles in one way comes to rest in the other."""
STRETCH = 1.2
"""Factor on the moves of a round that is combined with others: most of what is left shrinks slowly and evenly."""
DRAG = 0.1
"""Weight on present margins, over ``own``: without it those of a firm whose demand is hardly elastic would leap."""


class Offers(NamedTuple):
    """What firms sell in a quarter; J products, L pools."""

    cost: Floats
    """(J,) marginal cost per unit, USD."""
    use: Floats
    """(J,) h: capacity of the pool used per unit."""
    pool: Ints
    """(J,) pool of each product."""
    fee: Floats
    """(J,) tau: ad valorem wedge."""
    capacity: Floats
    """(L,) capacity left for contestable demand; infinity where there is none."""
    ceiling: Floats
    """(J,) highest wanted price."""


class Solution(NamedTuple):
    """Wanted prices with their multipliers and what is left of the conditions."""

    price: Floats
    """(J,) wanted prices."""
    multiplier: Floats
    """(L,) mu: shadow price of a unit of capacity."""
    quantity: Floats
    """(J,) expected contestable demand."""
    residual: float
    """Largest relative change of a price, or violation of complementarity, in the last round."""
    rounds: int
    """Rounds used."""


@inlined
def _below_ceiling(offers: Offers, price: Floats, j: int) -> bool:
    """Return whether product j is sold below its ceiling."""
    return bool(price[j] < offers.ceiling[j] * (1.0 - 1e-9))


@inlined
def _room(own: float, q: float) -> float:
    """Return own - Q, kept positive where demand is so inelastic that no finite price is best."""
    return max(own - q, 0.02 * own)


@compiled
def _conditions(offers: Offers, demand: Demand, price: Floats, mu: Floats, answer: Response) -> tuple[Floats, Floats]:
    """Return (J,) what prices the first-order conditions ask for at multipliers of 0, and what a unit of them adds."""
    cost, margin, room, gain = np.empty(price.size), np.empty(price.size), np.empty(price.size), np.empty(price.size)
    for j in range(price.size):
        keep, q = 1.0 - offers.fee[j], answer.quantity[j]
        cost[j] = offers.cost[j] + offers.use[j] * mu[offers.pool[j]]
        margin[j] = keep * price[j] - cost[j]
        room[j] = _room(answer.own[j], q) if demand.form == LOG else answer.own[j]
        gain[j] = (cost[j] if demand.form == LOG else keep) * q
    wanted = _margins(offers, demand, price, cost, margin, room, gain, answer)
    level, slope = np.empty(price.size), np.empty(price.size)
    for j in range(price.size):
        if answer.quantity[j] <= 0.0:
            level[j], slope[j] = price[j], 0.0
        else:
            passed = 1.0 + answer.quantity[j] / room[j] if demand.form == LOG else 1.0
            slope[j] = offers.use[j] * passed / (1.0 - offers.fee[j])
            level[j] = (wanted[j] + cost[j]) / (1.0 - offers.fee[j]) - slope[j] * mu[offers.pool[j]]
    return level, slope


@compiled
def _margins(
    offers: Offers, demand: Demand, price: Floats, cost: Floats, margin: Floats, room: Floats, gain: Floats,
    answer: Response,
) -> Floats:  # fmt: skip
    """Return (J,) margins that firms want; ``room m = gain + within m`` are the conditions.

    Those of products sold below their ceilings are solved for together. One at its ceiling goes by its own condition,
    and so does one whose price would not be positive: its firm's demand as a whole is not elastic.
    """
    wanted, most = margin.copy(), demand.roster.shape[1]
    system, missing, free = np.empty((most, most)), np.empty(most), np.empty(most, np.int64)
    earned = np.empty(most)
    for members in demand.roster:
        count = 0
        for n in range(most):
            earned[n] = margin[members[n]] if members[n] >= 0 else 0.0
        for j in members:
            if j < 0 or answer.quantity[j] <= 0.0:
                continue
            missing[count] = gain[j] - room[j] * margin[j]
            for n in range(most):
                missing[count] += answer.within[j, n] * earned[n]
            wanted[j] += missing[count] / room[j]
            if _below_ceiling(offers, price, j):
                free[count] = j
                count += 1
        for x in range(count):
            for y in range(count):
                system[x, y] = -answer.within[free[x], demand.place[free[y]]]
            system[x, x] += room[free[x]] + DRAG * answer.own[free[x]]
        step = solve_linear(system, missing, count)
        for x in range(count):
            j = free[x]
            if 0.0 < margin[j] + step[x] + cost[j] < math.inf:
                wanted[j] = margin[j] + step[x]
    return wanted


@compiled
def _largest_multiplier(offers: Offers) -> Floats:
    """Return, by pool, the multiplier at which every product of the pool stands at its ceiling."""
    top = np.zeros(offers.capacity.size)
    for j in range(offers.cost.size):
        if offers.use[j] > 0.0:
            bound = max(0.0, (1.0 - offers.fee[j]) * offers.ceiling[j] - offers.cost[j]) / offers.use[j]
            top[offers.pool[j]] = max(top[offers.pool[j]], bound)
    return top


@compiled
def _price_slopes(form: int, offers: Offers, price: Floats, over: Floats, slope: Floats) -> Floats:
    """Return d ln p / d mu (LOG) or d p / d mu (LINEAR) of every product by its own condition, (J,).

    At the ceiling the price of a full pool does not rise; that of a pool with room may fall.
    """
    slopes = np.zeros(price.size)
    for j in range(price.size):
        if _below_ceiling(offers, price, j) or over[offers.pool[j]] <= 0.0:
            slopes[j] = slope[j] / price[j] if form == LOG else slope[j]
    return slopes


@inlined
def _wanted(offers: Offers, level: Floats, slope: Floats, mu: Floats, j: int) -> float:
    """Return the price of product j that its first-order condition asks for at these multipliers."""
    wanted: float = min(level[j] + slope[j] * mu[offers.pool[j]], offers.ceiling[j])
    return wanted


@compiled
def _drifts(form: int, offers: Offers, price: Floats, mu: Floats, level: Floats, slope: Floats) -> Floats:
    """Return how far every log price (LOG) or price (LINEAR) moves at present multipliers, (J,)."""
    drift = np.empty(price.size)
    for j in range(price.size):
        wanted = min(max(_wanted(offers, level, slope, mu, j), price[j] / LARGEST_STEP), price[j] * LARGEST_STEP)
        drift[j] = wanted / price[j] if form == LOG else wanted - price[j]
    if form == LOG:
        for j in range(price.size):
            drift[j] = quick_log(drift[j])
    return drift


@compiled
def _scales(offers: Offers, price: Floats, pools: int) -> Floats:
    """Return a price per unit of capacity for every pool, to measure its multiplier in."""
    scale = np.zeros(pools)
    for j in range(price.size):
        if offers.use[j] > 0.0:
            scale[offers.pool[j]] = max(scale[offers.pool[j]], price[j] / offers.use[j])
    for pool in range(pools):
        scale[pool] = scale[pool] if scale[pool] > 0.0 else 1.0
    return scale


@inlined
def _rows(pools: Ints, offers: Offers) -> Ints:
    """Return where the pool of each product is among ``pools``, -1 where it is not, (J,)."""
    place = np.full(offers.capacity.size, -1)
    place[pools] = np.arange(pools.size)
    return place[offers.pool]


@compiled
def _answer(demand: Demand, offers: Offers, price: Floats) -> tuple[Response, Floats]:
    """Return demand at these prices, and the use of every pool (L,)."""
    answer, used = respond(demand, price), np.zeros(offers.capacity.size)
    for j in range(price.size):
        used[offers.pool[j]] += offers.use[j] * answer.quantity[j]
    return answer, used


@compiled
def _follow(
    offers: Offers, price: Floats, mu: Floats, moved: Floats, level: Floats, slope: Floats
) -> tuple[Floats, float]:
    """Return the prices that follow moved multipliers, and the largest log distance from those wanted before."""
    following, farthest = np.empty(price.size), 1.0
    for j in range(price.size):
        present = _wanted(offers, level, slope, mu, j)
        farthest = math.inf if math.isnan(present) else max(farthest, present / price[j], price[j] / present)
        wanted = _wanted(offers, level, slope, moved, j)
        following[j] = min(max(wanted, price[j] / LARGEST_STEP), price[j] * LARGEST_STEP)
    return following, math.log(farthest)


@compiled
def _mean_move(price: Floats, following: Floats, quantity: Floats) -> float:
    """Return the mean log distance of following prices from present ones, weighted by revenue."""
    moved, revenue = 0.0, 0.0
    for j in range(price.size):
        if quantity[j] > 0.0:
            moved += price[j] * quantity[j] * abs(quick_log(following[j] / price[j]))
            revenue += price[j] * quantity[j]
    return moved / revenue if revenue > 0.0 else 0.0


@compiled
def solve(
    cells: Cells, offers: Offers, price: Floats, mu: Floats, rounds: int, tolerance: float, near: float = 0.0
) -> Solution:
    """Iterate joint best responses from a start, at most ``rounds`` times, until within ``tolerance``.

    Firms that best respond only stop as soon as the prices of a round move by less than ``near`` in the mean.

    Near the solution rounds are Anderson-accelerated in (ln price, multiplier over the pool's price); every other
    spell goes half way instead.
    """
    demand, top, scale = condensed(cells), _largest_multiplier(offers), _scales(offers, price, mu.size)
    size = price.size + mu.size
    images, residuals = np.zeros((WINDOW, size)), np.zeros((WINDOW, size))
    kept, before = 0, math.inf
    for done in range(rounds):
        answer, used = _answer(demand, offers, price)
        over = excess(used, offers.capacity)
        level, slope = _conditions(offers, demand, price, mu, answer)
        pools, slopes = pressed(mu, top, over), _price_slopes(cells.form, offers, price, over, slope)
        drift = _drifts(cells.form, offers, price, mu, level, slope)
        matrix = substitution(demand, offers.use, _rows(pools, offers), slopes, answer, pools.size)
        fall = lost(demand, offers.use, offers.pool, drift, answer, mu.size)
        moved = answered(mu, top, over, used, fall, pools, matrix)
        following, residual = _follow(offers, price, mu, moved, level, slope)
        residual = max(residual, violation(mu, top, over, pools, matrix))
        if residual <= tolerance or done == rounds - 1 or _mean_move(price, following, answer.quantity) < near:
            break
        if done // SPELL % 2 == 1:
            price, mu, kept = np.sqrt(price * following), 0.5 * (mu + moved), 0
            continue
        if residual > CALM or residual > 3.0 * before:
            kept = 0
        before = residual
        price, mu = _combined(price, mu, following, moved, scale, top, offers.ceiling, images, residuals, kept)
        kept += 1
    return Solution(following, moved, answer.quantity, residual, done + 1)


@compiled
def _combined(
    price: Floats, mu: Floats, following: Floats, moved: Floats, scale: Floats, top: Floats, ceiling: Floats,
    images: Floats, residuals: Floats, kept: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the next prices and multipliers: the last few rounds combined, steps and bounds kept."""
    products, pools = price.size, mu.size
    point, image = np.empty(products + pools), np.empty(products + pools)
    for j in range(products):
        point[j] = quick_log(price[j])
        image[j] = point[j] + STRETCH * quick_log(following[j] / price[j])
    for pool in range(pools):
        point[products + pool], image[products + pool] = mu[pool] / scale[pool], moved[pool] / scale[pool]
    best = accelerated(point, image, images, residuals, kept)
    next_price, next_mu = np.empty(products), np.empty(pools)
    for j in range(products):
        step = min(max(best[j] - point[j], -LARGEST_LOG_STEP), LARGEST_LOG_STEP)
        next_price[j] = min(quick_exp(point[j] + step), ceiling[j])
    for pool in range(pools):
        next_mu[pool] = min(max(best[products + pool] * scale[pool], 0.0), top[pool])
    return next_price, next_mu
