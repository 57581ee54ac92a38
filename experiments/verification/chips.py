"""V10, V11, V12, V16: learning, the binding stage of chip production, and allocation of chips among orders."""

import math

import numpy as np

from experiments.verification.case import Case, Pair
from sim.economics.cells import Floats
from sim.economics.learning import experience_with_spillovers, learning_exponent, wright
from sim.economics.upstream import stage_grants
from sim.strategies.allocation import PRICE, PRIORITY, PROPORTIONAL, UNIFORM, allocated, inflated_orders

RULES = (PROPORTIONAL, UNIFORM, PRIORITY, PRICE)
DRAWS = 200


def _wright() -> Pair:
    """Regression of ln c on ln X: -b, where a doubling of experience cuts cost by the learning rate."""
    rates, seen = (0.05, 0.15, 0.2, 0.25), np.geomspace(1.0, 1e6, 25)
    costs = [[math.log(wright(float(x), learning_exponent(rate))) for x in seen] for rate in rates]
    slopes = [np.polyfit(np.log(seen), cost, 1)[0] for cost in costs]
    return [*(math.log2(1.0 - rate) for rate in rates), -0.32193], [*slopes, round(slopes[2], 5)]


def _no_spillovers() -> Pair:
    own, none = np.array([3.0, 5.0, 7.0]), np.zeros(3)
    return own, experience_with_spillovers(own, np.array([0, 0, 1]), none, none)


def _sahal() -> Pair:
    """Output that grows at g: once the start is forgotten cost falls by b g in a period."""
    b, g = learning_exponent(0.2), 0.2
    whole = np.cumsum(np.exp(g * np.arange(200)))
    return b * g, math.log(wright(whole[-2], b) / wright(whole[-1], b))


def _made(wafers: float, packaging: float, memory: float) -> float:
    """Return the part of its orders that a maker can make, needing 10 wafers, 20 packages and 60 stacks for them."""
    needed, one = np.array([[10.0, 20.0, 60.0]]), np.ones(1)
    available, nobody = np.array([[wafers, packaging, memory]]), np.zeros(1, dtype=np.bool_)
    return float(stage_grants(needed, needed, np.zeros(1, np.int64), available, one, nobody)[0][0])


def _binding_stage() -> Pair:
    """Output is the least of the stages; only more of the binding one moves it."""
    found = [_made(8.0, 10.0, 18.0), _made(16.0, 10.0, 18.0), _made(8.0, 20.0, 18.0), _made(8.0, 10.0, 24.0)]
    return [0.3, 0.3, 0.3, 0.4], found


def _memory_not_logic() -> Pair:
    """Twice the wafers change nothing until there is more memory; then they do."""
    return [0.3, 0.3, 0.8, 1.0], [_made(w, 100.0, m) for m in (18.0, 60.0) for w in (8.0, 16.0)]


def _orders(seed: int) -> tuple[Floats, float, Floats]:
    rng = np.random.default_rng(seed)
    orders = rng.uniform(0.0, 100.0, int(rng.integers(1, 9))) * (rng.random() < 0.95)
    return orders, float(rng.uniform(0.0, 1.5) * orders.sum()), rng.uniform(0.0, 10.0, orders.size)


def _feasible() -> Pair:
    """Nobody gets more than ordered or less than nothing, and all output goes out as far as there are orders."""
    worst = np.zeros(3)
    for seed in range(DRAWS):
        orders, output, weight = _orders(seed)
        for rule in RULES:
            got = allocated(orders, output, rule, weight, weight)
            gone = abs(got.sum() - min(output, orders.sum())) / max(1.0, output)
            worst = np.maximum(worst, [(got - orders).max(), -got.min(), gone])
    return np.zeros(3), worst


def _enough() -> Pair:
    orders = np.array([2.0, 10.0, 8.0])
    return [orders] * 4, [allocated(orders, 25.0, rule, np.ones(3), np.ones(3)) for rule in RULES]


def _cut() -> Pair:
    """Half of the orders are there: everyone is cut alike, or to the same level (water-filling)."""
    orders = np.array([2.0, 10.0, 8.0])
    found = [allocated(orders, 10.0, rule, np.ones(3), np.ones(3)) for rule in (PROPORTIONAL, UNIFORM)]
    return [[1.0, 5.0, 4.0], [2.0, 4.0, 4.0]], found


def _inflation() -> Pair:
    """``need (1 + f (1 - fill))``: no more is ordered than needed where orders were filled."""
    return [[13.0, 4.0]], inflated_orders(np.array([[10.0, 4.0]]), np.array([0.5, 1.0]), 0.6)


CASES = (
    Case("V10a", "slope of ln cost on ln experience for four learning rates; -0.32193 for 20%", "Wright 1936", 1e-9,
         _wright),
    Case("V10b", "without spillovers own experience counts alone", "Irwin and Klenow 1994", 0.0, _no_spillovers),
    Case("V11", "output grows by 20% a period: cost falls by b g = 0.0644", "Sahal 1979", 1e-9, _sahal),
    Case("V12a", "output is the least of the stages; relaxing another changes nothing", "Leontief", 1e-12,
         _binding_stage),
    Case("V12b", "memory binds: twice the wafers change nothing until there is more of it", "Leontief", 1e-12,
         _memory_not_logic),
    Case("V16a", f"{DRAWS} random markets, four rules: nobody above orders or below 0, nothing left", "feasibility",
         1e-11, _feasible),
    Case("V16b", "with enough output everyone gets what was ordered", "feasibility", 1e-12, _enough),
    Case("V16c", "with half: proportional and uniform cuts in an example", "Sprumont 1991", 1e-12, _cut),
    Case("V16d", "orders are inflated by expected cuts, and not without them", "Lee et al. 1997", 1e-12, _inflation),
)  # fmt: skip
