"""V1 to V7: published equilibria of four products, alpha = 1, outside option 0.

Cases 1 to 4 were computed with PyBLP and are stored here to the digits they were printed with; the tests solve PyBLP
live. Case 5 was checked by complementarity and a grid of deviations, case 6 is a closed form.
"""

from typing import Any

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.markets import equilibrium, market, profits
from sim.economics.cells import Floats
from sim.economics.pricing import Solution

DELTA = (3.0, 2.5, 2.0, 1.5)
COST = (1.0, 0.9, 1.1, 0.8)
PAIRS = (0, 0, 1, 1)
TASTES: dict[str, Any] = {"alpha": (0.6, 1.0, 1.8), "mass": (0.3, 0.5, 0.2)}
DIGITS = 5.1e-9
"""Stored numbers have eight decimals."""
PYBLP = "Conlon and Gortmaker 2020 (PyBLP, stored)"


def _told(found: Solution) -> Floats:
    return np.concatenate([found.price, found.quantity])


def _single_products() -> Pair:
    prices = [2.45931763, 2.22011922, 2.26385365, 1.93466141]
    shares = [0.31474822, 0.24249266, 0.14078544, 0.11867982]
    return prices + shares, _told(equilibrium(market(DELTA, COST)))


def _two_products() -> Pair:
    prices = [2.88531035, 2.78531035, 2.48839862, 2.18839862]
    shares = [0.28113376, 0.18844959, 0.15381373, 0.12593203]
    return prices + shares, _told(equilibrium(market(DELTA, COST, owners=PAIRS)))


def _concentration() -> Pair:
    quantity = equilibrium(market(DELTA, COST, owners=PAIRS)).quantity
    inside = np.bincount(PAIRS, quantity) / quantity.sum()
    return 0.532091, np.square(inside).sum()


def _nests() -> Pair:
    prices = [1.82030720, 1.49671011, 1.76230858, 1.37218376]
    shares = [0.36819599, 0.23689289, 0.13776464, 0.10467484]
    return prices + shares, _told(equilibrium(market(DELTA, COST, nests=PAIRS, rho=0.6)))


def _random_coefficients() -> Pair:
    prices = [3.06805943, 2.94214743, 2.58180547, 2.22389392]
    shares = [0.24739908, 0.16751321, 0.14032839, 0.11885023]
    return prices + shares, _told(equilibrium(market(DELTA, COST, owners=PAIRS, **TASTES)))


def _one_capacity() -> Pair:
    """Prices, shadow price and share of the firm with too little, from three starts."""
    made = market(DELTA, COST, capacity=(0.2, np.inf, np.inf, np.inf))
    expected = [3.09996565, 2.28006717, 2.29659924, 1.96181464, 0.84996565, 0.2]
    starts = [equilibrium(made, np.full(4, start)) for start in (0.9, 2.0, 10.0)]
    return [expected] * 3, [[*x.price, x.multiplier[0], x.quantity[0]] for x in starts]


def _all_capacities() -> Pair:
    """``p_j = [d_j - ln k_j + ln(1 - sum k)] / alpha``."""
    capacity = np.array([0.15, 0.12, 0.08, 0.06])
    closed = np.array(DELTA) - np.log(capacity) + np.log(1.0 - capacity.sum())
    printed = [4.36948724, 4.09263079, 3.99809590, 3.78577797]
    found = equilibrium(market(DELTA, COST, capacity=capacity.tolist()))
    return [*closed, *printed, *capacity], [*found.price, *found.price, *found.quantity]


def _fee() -> Pair:
    """Rise of the price, shares before and after, what the fee takes, profits before and after."""
    free, charged = market(DELTA, COST), market(DELTA, COST, fee=(0.25, 0.0, 0.0, 0.0))
    before, after = equilibrium(free), equilibrium(charged)
    found = [
        after.price[0] - before.price[0], before.quantity[0], after.quantity[0],
        0.25 * after.price[0] * after.quantity[0], profits(free, before.price)[0], profits(charged, after.price)[0],
    ]  # fmt: skip
    return [0.2401, 0.3147, 0.2680, 0.1808, 0.4593, 0.2745], found


def _pass_through() -> Pair:
    """Rise of the price over the shift of cost ``c / (1 - fee) - c``."""
    before, after = (equilibrium(market(DELTA, COST, fee=(fee, 0.0, 0.0, 0.0))).price[0] for fee in (0.0, 0.25))
    return 0.720, (after - before) / (COST[0] / 0.75 - COST[0])


CASES = (
    Case("V1", "four firms of one product: prices, shares", PYBLP, DIGITS, _single_products),
    Case("V2", "two firms of two products: prices, shares", PYBLP, DIGITS, _two_products),
    Case("V2b", "the same: HHI on inside shares / 10,000", PYBLP, 5e-7, _concentration),
    Case("V3", "two nests, rho 0.6: prices, shares", PYBLP, DIGITS, _nests),
    Case("V4", "three tastes, two firms: prices, shares", PYBLP, DIGITS, _random_coefficients),
    Case("V5", "one capacity binds: prices, shadow price, share; three starts", "Froeb et al. 2003", DIGITS,
         _one_capacity),
    Case("V6", "all capacities bind: closed form of prices; shares", "logit inverted", DIGITS, _all_capacities),
    Case("V7", "a fee of 25%: rise of price, shares, take, profits", "first-order condition with fee", 5.1e-5, _fee),
    Case("V7b", "the same: pass-through of the shift of cost", "first-order condition with fee", 5.1e-4,
         _pass_through),
)  # fmt: skip
