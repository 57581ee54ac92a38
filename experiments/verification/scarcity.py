"""V8: equilibria under capacity: complementarity, deviations, and what an hour of cards is worth in every use."""

import itertools

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.markets import (
    Market,
    conditions,
    demand,
    equilibrium,
    jacobian,
    market,
    profits,
)
from experiments.verification.pricing import COST, DELTA, PAIRS, TASTES
from sim.economics.cells import LINEAR, LOG, Floats

MARKETS = 40
FACTORS = np.linspace(0.6, 1.5, 37)
"""By which a firm that deviates multiplies its prices."""


def random_market(seed: int) -> Market:
    """Return firms that sell two products each from one pool, with fees, tastes and nests, some pools too small."""
    rng = np.random.default_rng(seed)
    firms = int(rng.integers(2, 6))
    form, rho = int(rng.choice([LOG, LINEAR])), float(rng.choice([0.0, 0.3, 0.6]))
    alpha = rng.uniform(2.5, 5.0, 3) if form == LOG else rng.uniform(0.6, 1.5, 3)
    made = market(
        rng.normal(1.5, 0.7, 2 * firms).tolist(), rng.uniform(0.3, 1.5, 2 * firms).tolist(), alpha=alpha.tolist(),
        mass=rng.uniform(1.0, 10.0, 3).tolist(), owners=[*range(firms)] * 2, nests=[0] * firms + [1] * firms, rho=rho,
        form=form, intensive=0.3 if form == LOG else 0.0, outside=float(rng.normal()),
        use=rng.uniform(0.4, 1.5, 2 * firms).tolist(), fee=(rng.uniform(0.0, 0.3, firms).tolist() * 2),
    )  # fmt: skip
    free = equilibrium(made)
    used = np.bincount(made.offers.pool, made.offers.use * free.quantity)
    return Market(made.cells, made.offers._replace(capacity=used * rng.uniform(0.4, 1.4, firms)))


def kkt_residuals(seed: int) -> tuple[Floats, int]:
    """Return what a random market leaves of its conditions, and how many of its capacities bind.

    The conditions: first order, no pool overfull, no multiplier below 0, none above it where there is room.
    """
    made = random_market(seed)
    free = equilibrium(Market(made.cells, made.offers._replace(capacity=np.full_like(made.offers.capacity, np.inf))))
    found = equilibrium(made, free.price, 1e-11)
    quantity = demand(made.cells, found.price, found.price).real
    slack = 1.0 - np.bincount(made.offers.pool, made.offers.use * quantity) / made.offers.capacity
    left = [
        np.abs(conditions(made, found)).max(), max(-slack.min(), 0.0), max(-found.multiplier.min(), 0.0),
        np.abs(np.minimum(slack, found.multiplier)).max(),
    ]  # fmt: skip
    return np.array(left), int((found.multiplier > 1e-6).sum())


def _complementarity() -> Pair:
    found = [kkt_residuals(seed)[0] for seed in range(MARKETS)]
    return np.zeros(4), np.max(found, axis=0)


def _both_kinds() -> Pair:
    """Whether some of the random markets are free and some have three full pools or more: else V8a shows little."""
    binding = [kkt_residuals(seed)[1] for seed in range(MARKETS)]
    return [1.0, 1.0], [float(min(binding) == 0), float(max(binding) >= 3)]


def _best_gain(made: Market) -> float:
    """Return the most that any firm of two products gains by other prices at which its capacity holds, 0 at least.

    Raises:
        ValueError: If no firm has other prices at which its capacity holds.
    """
    found = equilibrium(made)
    best, gain = profits(made, found.price), -np.inf
    for firm in range(made.cells.firms):
        own = np.flatnonzero(made.cells.provider == firm)
        for factors in itertools.product(FACTORS, repeat=own.size):
            tried = found.price.copy()
            tried[own] *= factors
            quantity = demand(made.cells, tried, tried).real
            if (made.offers.use * quantity)[own].sum() <= made.offers.capacity[firm]:
                gain = max(gain, profits(made, tried)[firm] - best[firm])
    if np.isinf(gain):
        msg = "no deviation keeps within capacity"
        raise ValueError(msg)
    return float(max(gain, 0.0))


def _deviations() -> Pair:
    free = market(DELTA, COST, owners=PAIRS, **TASTES)
    bound = market(DELTA, COST, owners=[0, 1, 0, 1], capacity=[0.25, 0.3], use=[1.0, 1.0, 0.5, 0.5])
    logs = market(DELTA, COST, owners=PAIRS, form=LOG, alpha=[3.0], nests=[0, 1, 0, 1], rho=0.5, capacity=[0.3, np.inf])
    return np.zeros(3), [_best_gain(made) for made in (free, bound, logs)]


def _worth_of_an_hour() -> Pair:
    """``(p_maas - markup - other) phi = p_iaas - markup - other = mu``, markups from demand alone."""
    expected, found = [], []
    for form, alpha in ((LOG, 4.0), (LINEAR, 1.0)):
        made = market(
            [1.5, 1.2, 1.4, 1.0], [0.6, 0.6, 0.5, 0.4], alpha=[alpha], owners=[0, 1, 0, 1], nests=[0, 0, 1, 1], rho=0.4,
            form=form, use=[1.0, 1.0, 0.25, 0.2], capacity=[0.1, 0.1],
        )  # fmt: skip
        solved = equilibrium(made)
        same = made.cells.provider[:, None] == made.cells.provider
        slopes = jacobian(made.cells, solved.price, logs=False) * same
        markup = np.linalg.solve(-slopes.T, demand(made.cells, solved.price, solved.price).real)
        expected.append(solved.multiplier[made.offers.pool])
        found.append((solved.price - markup - made.offers.cost) / made.offers.use)
    return expected, found


def _all_bind_in_logs() -> Pair:
    """``ln p_j = [d_j - ln k_j + ln(1 - sum k)] / a``."""
    capacity = np.array([0.05, 0.04, 0.03, 0.02])
    found = equilibrium(market(DELTA, COST, form=LOG, alpha=[3.0], capacity=capacity.tolist(), ceiling=1e3))
    return np.exp((np.array(DELTA) - np.log(capacity) + np.log(1.0 - capacity.sum())) / 3.0), found.price


CASES = (
    Case("V8a", f"{MARKETS} random markets: first-order, capacity, sign, complementarity", "Karush-Kuhn-Tucker", 1e-9,
         _complementarity),
    Case("V8b", "among them free ones, and such with three full pools", "coverage of V8a", 0.0, _both_kinds),
    Case("V8c", "no other prices pay: grid of 37 x 37 by firm; free, two pools full, log in nests", "Nash 1950", 1e-10,
         _deviations),
    Case("V8d", "an hour of cards earns the same as IaaS and as tokens", "first-order condition", 1e-8,
         _worth_of_an_hour),
    Case("V8e", "log prices, all capacities bind: closed form", "logit inverted", 1e-9, _all_bind_in_logs),
)  # fmt: skip
