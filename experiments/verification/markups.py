"""V31: markups that theory gives in closed form, with prices in levels and in logs, and Cournot as a limit."""

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.markets import equilibrium, market, profits
from sim.economics.cells import LOG, Floats

DELTA, COST = (1.2, 1.0, 0.7, 0.4, 0.2, 0.0), (1.0, 0.9, 1.1, 0.4, 0.5, 0.3)
NESTS = (0, 0, 0, 1, 1, 1)


def _half_the_market() -> Pair:
    """``d - a c = 2``: W(e) = 1, so the markup is 2 and the share one half."""
    found = equilibrium(market([3.0], [1.0]))
    return [2.0, 0.5], [found.price[0] - 1.0, found.quantity[0]]


def _lambert(x: float) -> float:
    """Return the root of ``w e^w = x``, x positive, by Newton's method."""
    w = np.log1p(x)
    for _ in range(50):
        w -= (w - x * np.exp(-w)) / (1.0 + w)
    return float(w)


def _monopoly() -> Pair:
    """Markup ``(1 + W(exp(d - a c - 1))) / a``."""
    cost, pairs = 1.3, [(alpha, delta) for alpha in (0.5, 1.0, 2.5) for delta in (-2.0, 1.0, 6.0)]
    expected = [(1.0 + _lambert(np.exp(delta - alpha * cost - 1.0))) / alpha for alpha, delta in pairs]
    return expected, [equilibrium(market([d], [cost], alpha=[a])).price[0] - cost for a, d in pairs]


def _symmetric() -> Pair:
    firms = (1, 2, 3, 5, 10, 100)
    found = [equilibrium(market([3.0] * n, [1.0] * n)).price[0] - 1.0 for n in firms]
    return [2.0000, 1.5989, 1.3929, 1.2242, 1.1063, 1.0101], found


def _symmetric_fixed_point() -> Pair:
    """Markup ``1 / (a (1 - s))`` at ``s = e^(d - p) / (1 + N e^(d - p))``, by bisection."""
    expected, found = [], []
    for n in (2, 5, 20):
        low, high = 0.0, 10.0
        for _ in range(100):
            middle = (low + high) / 2.0
            weight = np.exp(2.0 - middle)
            low, high = (low, middle) if middle > 1.0 / (1.0 - weight / (1.0 + n * weight)) else (middle, high)
        expected.append(low)
        found.append(equilibrium(market([3.0] * n, [1.0] * n)).price[0] - 1.0)
    return expected, found


def _lerner_index() -> Pair:
    """``(p - c) / p = 1 / (a (1 - s) + eps_int)``."""
    expected, found = [], []
    for a in (1.5, 3.0, 6.0):
        for intensive in (0.0, 0.4):
            solved = equilibrium(market(DELTA, COST, form=LOG, alpha=[a], intensive=intensive))
            share = solved.quantity * solved.price**intensive
            expected.append(1.0 / (a * (1.0 - share) + intensive))
            found.append(1.0 - np.array(COST) / solved.price)
    return expected, found


def _lerner_index_in_nests() -> Pair:
    """Own elasticity ``a [1 - rho s_(j|g) - (1 - rho) s_j]``, a being the coefficient within a nest."""
    expected, found = [], []
    for rho in (0.3, 0.7):
        solved = equilibrium(market(DELTA, COST, form=LOG, alpha=[4.0], nests=NESTS, rho=rho))
        within = solved.quantity / np.repeat([solved.quantity[:3].sum(), solved.quantity[3:].sum()], 3)
        expected.append(1.0 / (4.0 * (1.0 - rho * within - (1.0 - rho) * solved.quantity)))
        found.append(1.0 - np.array(COST) / solved.price)
    return expected, found


def _many_firms() -> Pair:
    solved = equilibrium(market([0.0] * 200, [1.0] * 200, form=LOG, alpha=[4.0]))
    return np.full(200, 0.25), 1.0 - 1.0 / solved.price


def _capacity_profit(capacity: Floats, rho: float, capital: float) -> Floats:
    """Return profits less cost of capacity when firms sell at the equilibrium prices of what they have built."""
    made = market([3.0] * capacity.size, [1.0] * capacity.size, rho=rho, capacity=capacity.tolist())
    return profits(made, equilibrium(made).price) - capital * capacity


def _cournot_capacity(firms: int, rho: float, cost: float) -> float:
    """Return a firm's Cournot quantity where inverse demand is that of the nested logit, by bisection.

    All of one nest: ``p_j = d - (1 - rho) ln(k_j / K) - ln(K / (1 - K))``, so ``p - c = 1 + k / (1 - K)`` less
    ``rho (1 - k / K)``.
    """
    low, high = 1e-9, 1.0 / firms - 1e-9
    for _ in range(200):
        k = (low + high) / 2.0
        whole = firms * k
        price = 3.0 + (1.0 - rho) * np.log(firms) - np.log(whole / (1.0 - whole))
        marginal = (1.0 - rho) * (1.0 - 1.0 / firms) + (1.0 / firms) / (1.0 - whole)
        low, high = (k, high) if price - cost > marginal else (low, k)
    return low


def _kreps_scheinkman() -> Pair:
    """The best capacity against rivals with Cournot's is Cournot's, once prices are set by the model's solver."""
    capital, expected, found = 0.5, [], []
    for firms, rho in ((1, 0.0), (2, 0.0), (3, 0.0), (2, 0.8)):
        cournot = _cournot_capacity(firms, rho, 1.0 + capital)
        tried = cournot * np.linspace(0.9, 1.1, 41)
        others = np.full(firms, cournot)
        gains = [_capacity_profit(np.concatenate([[k], others[1:]]), rho, capital)[0] for k in tried]
        expected.append(1.0)
        found.append(tried[int(np.argmax(gains))] / cournot)
    return expected, found


CASES = (
    Case("V31a", "a monopolist with d - a c = 2: markup 2, half the market", "Lambert W at e", 1e-11, _half_the_market),
    Case("V31b", "a monopolist's markup by the function of Lambert", "Anderson et al. 1992", 1e-9, _monopoly),
    Case("V31c", "markups of N equal firms, N = 1 to 100, as printed", "Anderson et al. 1992", 5.1e-5, _symmetric),
    Case("V31d", "the same for N = 2, 5, 20 by bisection", "Anderson et al. 1992", 1e-10, _symmetric_fixed_point),
    Case("V31e", "log prices: Lerner index by elasticity", "first-order condition", 1e-10, _lerner_index),
    Case("V31f", "log prices in nests: Lerner index by elasticity", "Cardell 1997", 1e-10, _lerner_index_in_nests),
    Case("V31g", "log prices, 200 firms: Lerner index 1/a", "monopolistic competition", 2e-3, _many_firms),
    Case("V31h", "capacity, then prices: the best capacity is Cournot's (grid of 0.5%)", "Kreps and Scheinkman 1983",
         2.6e-3, _kreps_scheinkman),
)  # fmt: skip
