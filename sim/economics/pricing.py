r"""Prices of all firms, solved jointly: multiproduct Bertrand-Nash with one capacity per pool of cards.

First-order condition of firm f for product j, with m_k = (1-tau_k) p_k - c_k - h_k mu_pool(k):

    LOG:     (1-tau_j) p_j Q_j = m_j own_j - cross_j   ->   m_j = [(c_j + h_j mu) Q_j + cross_j] / (own_j - Q_j)
    LINEAR:  (1-tau_j) Q_j     = m_j own_j - cross_j   ->   m_j = [(1-tau_j) Q_j + cross_j] / own_j

a zeta-markup fixed point (Morrow and Skerlos 2011), where ``own`` and ``cross`` come from the demand system.
The multiplier of a pool answers its constraint: 0 <= mu _|_ capacity - sum_j h_j Q_j >= 0 (Froeb, Tschantz and
Crooke 2003), by a Newton step on the log of use over capacity. Rounds are simultaneous over firms, so no
result depends on their order. With fewer rounds than it takes to converge this is bounded best response.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.acceleration import WINDOW, accelerated
from sim.economics.cells import LOG, Cells, Floats, Ints, Response, respond


LARGEST_STEP = 1.5
CALM = 0.5
"""Residual below which steps are combined; farther out plain best responses are safer."""
LARGEST_LOG_STEP = math.log(LARGEST_STEP)


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


@compiled
def _pools(cells: Cells, offers: Offers, price: Floats, answer: Response, pools: int) -> tuple[Floats, Floats]:
    """Return use of every pool at these prices, and how fast it falls in the pool's multiplier."""
    used, slope = np.zeros(pools), np.zeros(pools)
    for j in range(price.size):
        own, kept, q = answer.own[j], answer.kept[j], answer.quantity[j]
        if q <= 0.0:
            continue
        used[offers.pool[j]] += offers.use[j] * q
        falls = own - kept
        if cells.form == LOG:
            falls *= own / (price[j] * _room(own, q))
        slope[offers.pool[j]] += offers.use[j] ** 2 * falls / (1.0 - offers.fee[j])
    return used, slope


@compiled
def _room(own: float, q: float) -> float:
    """Return own - Q, kept positive where demand is so inelastic that no finite price is best."""
    return max(own - q, 0.02 * own)


@compiled
def _wanted(cells: Cells, offers: Offers, price: Floats, mu: Floats, answer: Response) -> Floats:
    """Return the prices that the first-order conditions ask for, given demand and multipliers."""
    wanted = np.empty(price.size)
    for j in range(price.size):
        own, q, keep = answer.own[j], answer.quantity[j], 1.0 - offers.fee[j]
        unit = offers.cost[j] + offers.use[j] * mu[offers.pool[j]]
        if q <= 0.0:
            wanted[j] = price[j] * keep
        elif cells.form == LOG:
            wanted[j] = unit + (unit * q + answer.cross[j]) / _room(own, q)
        else:
            wanted[j] = unit + (keep * q + answer.cross[j]) / own
        wanted[j] = min(wanted[j] / keep, offers.ceiling[j])
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
def _answer_constraint(mu: Floats, top: Floats, used: Floats, slope: Floats, capacity: Floats) -> tuple[Floats, float]:
    """Move every multiplier by a Newton step on ln(use/capacity); return it and the largest violation."""
    moved = mu.copy()
    worst = 0.0
    for pool in range(mu.size):
        if slope[pool] <= 0.0 or not math.isfinite(capacity[pool]):
            moved[pool] = 0.0
            continue
        floor = max(capacity[pool], 1e-9 * used[pool])
        excess = math.log(used[pool] / floor) if used[pool] > 0.0 else 0.0
        step = used[pool] * min(max(excess, -0.7), 0.7) / slope[pool]
        moved[pool] = min(max(mu[pool] + step, 0.0), top[pool])
        free = (mu[pool] > 0.0 or excess > 0.0) and moved[pool] < top[pool]
        if free:
            worst = max(worst, abs(excess) if moved[pool] > 0.0 else abs(mu[pool]) * slope[pool] / used[pool])
    return moved, worst


@compiled
def _scales(offers: Offers, price: Floats, pools: int) -> Floats:
    """Return a price per unit of capacity for every pool, to measure its multiplier in."""
    scale = np.zeros(pools)
    for j in range(price.size):
        if offers.use[j] > 0.0:
            scale[offers.pool[j]] = max(scale[offers.pool[j]], price[j] / offers.use[j])
    return np.where(scale > 0.0, scale, 1.0)


@compiled
def _round(cells: Cells, offers: Offers, top: Floats, price: Floats, mu: Floats) -> Solution:
    """Return prices and multipliers after one joint best response, with demand and residual before it."""
    margin = (1.0 - offers.fee) * price - offers.cost - offers.use * mu[offers.pool]
    answer = respond(cells, price, margin)
    used, slope = _pools(cells, offers, price, answer, mu.size)
    moved, residual = _answer_constraint(mu, top, used, slope, offers.capacity)
    following = _wanted(cells, offers, price, moved, answer)
    for j in range(price.size):
        if answer.quantity[j] > 0.0:
            residual = max(residual, abs(following[j] / price[j] - 1.0))
        following[j] = min(max(following[j], price[j] / LARGEST_STEP), price[j] * LARGEST_STEP)
    return Solution(following, moved, answer.quantity, residual, 1)


@compiled
def solve(cells: Cells, offers: Offers, price: Floats, mu: Floats, rounds: int, tolerance: float) -> Solution:
    """Iterate joint best responses from a start, at most ``rounds`` times, until within ``tolerance``.

    Rounds are Anderson-accelerated in (ln price, multiplier over the pool's price): with many full pools the common
    level of prices converges slowly by itself, since each firm's demand is far more elastic than the market's.
    """
    top = _largest_multiplier(offers)
    products, pools = price.size, mu.size
    images, residuals = np.zeros((WINDOW, products + pools)), np.zeros((WINDOW, products + pools))
    point, image = np.empty(products + pools), np.empty(products + pools)
    scale = _scales(offers, price, pools)
    last = Solution(price, mu, np.zeros(products), math.inf, 0)
    kept, before = 0, math.inf
    for done in range(rounds):
        last = _round(cells, offers, top, price, mu)
        if last.residual <= tolerance:
            return Solution(last.price, last.multiplier, last.quantity, last.residual, done + 1)
        if last.residual > CALM or last.residual > 3.0 * before:
            kept = 0
        before = last.residual
        point[:products], point[products:] = np.log(price), mu / scale
        image[:products], image[products:] = np.log(last.price), last.multiplier / scale
        following = accelerated(point, image, images, residuals, kept)
        kept += 1
        step = np.minimum(np.maximum(following[:products] - point[:products], -LARGEST_LOG_STEP), LARGEST_LOG_STEP)
        price = np.minimum(np.exp(point[:products] + step), offers.ceiling)
        mu = np.minimum(np.maximum(following[products:] * scale, 0.0), top)
    return Solution(last.price, last.multiplier, last.quantity, last.residual, rounds)
