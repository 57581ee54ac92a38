"""The fixtures of MODEL B2, to the digits printed there: alpha = 1, outside 0, four products."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from sim.economics.pricing import Solution
from tests.builders_pricing import Floats, Market, conditions, equilibrium, market, profits

DELTA = (3.0, 2.5, 2.0, 1.5)
COST = (1.0, 0.9, 1.1, 0.8)
PAIRS = (0, 0, 1, 1)


def agrees(found: Solution, prices: Sequence[float], shares: Sequence[float]) -> None:
    np.testing.assert_allclose(found.price, prices, rtol=0.0, atol=5.1e-9)
    np.testing.assert_allclose(found.quantity, shares, rtol=0.0, atol=5.1e-9)


def test_single_product_firms() -> None:
    agrees(
        equilibrium(market(DELTA, COST)),
        [2.45931763, 2.22011922, 2.26385365, 1.93466141], [0.31474822, 0.24249266, 0.14078544, 0.11867982],
    )  # fmt: skip


def test_firms_of_two_products() -> None:
    found = equilibrium(market(DELTA, COST, owners=PAIRS))
    agrees(found, [2.88531035, 2.78531035, 2.48839862, 2.18839862], [0.28113376, 0.18844959, 0.15381373, 0.12593203])
    inside = np.bincount(PAIRS, found.quantity) / found.quantity.sum()
    assert 1e4 * np.square(inside).sum() == pytest.approx(5320.91, abs=5e-3)


def test_nests() -> None:
    agrees(
        equilibrium(market(DELTA, COST, nests=PAIRS, rho=0.6)),
        [1.82030720, 1.49671011, 1.76230858, 1.37218376], [0.36819599, 0.23689289, 0.13776464, 0.10467484],
    )  # fmt: skip


def test_random_coefficients_are_a_mixture_of_tastes() -> None:
    agrees(
        equilibrium(market(DELTA, COST, owners=PAIRS, alpha=(0.6, 1.0, 1.8), mass=(0.3, 0.5, 0.2))),
        [3.06805943, 2.94214743, 2.58180547, 2.22389392], [0.24739908, 0.16751321, 0.14032839, 0.11885023],
    )  # fmt: skip


@pytest.mark.parametrize("start", [0.9, 2.0, 10.0])
def test_a_firm_with_a_share_of_at_most_a_fifth(start: float) -> None:
    made = market(DELTA, COST, capacity=(0.2, np.inf, np.inf, np.inf))
    found = equilibrium(made, np.full(4, start))
    np.testing.assert_allclose(found.price, [3.09996565, 2.28006717, 2.29659924, 1.96181464], atol=5.1e-9)
    np.testing.assert_allclose(found.multiplier, [0.84996565, 0.0, 0.0, 0.0], atol=5.1e-9)
    assert found.quantity[0] == pytest.approx(0.2, abs=1e-11)


def test_all_capacities_bind() -> None:
    """Closed form ``p_j = [d_j - ln k_j + ln(1 - sum k)] / alpha``."""
    capacity = np.array([0.15, 0.12, 0.08, 0.06])
    found = equilibrium(market(DELTA, COST, capacity=capacity.tolist()))
    closed = np.array(DELTA) - np.log(capacity) + np.log(1.0 - capacity.sum())
    np.testing.assert_allclose(closed, [4.36948724, 4.09263079, 3.99809590, 3.78577797], atol=5.1e-9)
    agrees(found, closed.tolist(), capacity.tolist())
    assert (found.multiplier > 0.0).all()


def test_a_fee_of_a_quarter() -> None:
    free, charged = market(DELTA, COST), market(DELTA, COST, fee=(0.25, 0.0, 0.0, 0.0))
    before, after = equilibrium(free), equilibrium(charged)
    rise = after.price[0] - before.price[0]
    shift = COST[0] / 0.75 - COST[0]
    assert [round(x, 4) for x in (rise, before.quantity[0], after.quantity[0])] == [0.2401, 0.3147, 0.2680]
    assert round(rise / shift, 3) == 0.720
    assert round(0.25 * after.price[0] * after.quantity[0], 4) == 0.1808
    assert [round(float(profits(x, y.price)[0]), 4) for x, y in ((free, before), (charged, after))] == [0.4593, 0.2745]


@pytest.mark.parametrize(
    ("firms", "markup"), [(1, 2.0), (2, 1.5989), (3, 1.3929), (5, 1.2242), (10, 1.1063), (100, 1.0101)]
)
def test_symmetric_firms(firms: int, markup: float) -> None:
    found = equilibrium(market([3.0] * firms, [1.0] * firms))
    np.testing.assert_allclose(found.price - 1.0, markup, atol=5.1e-5)


def test_a_monopolist_at_the_fixed_point_sells_to_half_the_market() -> None:
    found = equilibrium(market([3.0], [1.0]))
    assert found.price[0] == pytest.approx(3.0, abs=1e-11)
    assert found.quantity[0] == pytest.approx(0.5, abs=1e-11)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("delta", [-2.0, 1.0, 6.0])
def test_a_monopolist_by_the_function_of_lambert(alpha: float, delta: float) -> None:
    """Markup ``(1 + W(exp(d - a c - 1))) / a``: W is the root of ``w e^w = x``."""
    cost = 1.3
    found = equilibrium(market([delta], [cost], alpha=[alpha]))
    w = alpha * (found.price[0] - cost) - 1.0
    assert w * np.exp(w) == pytest.approx(np.exp(delta - alpha * cost - 1.0), rel=1e-9)


def no_better(made: Market, price: Floats, firm: int) -> None:
    """No grid of other prices of a firm's two products earns it more."""
    own = np.flatnonzero(made.cells.provider == firm)
    best = profits(made, price)[firm]
    for first in np.linspace(0.7, 1.4, 29):
        for second in np.linspace(0.7, 1.4, 29):
            tried = price.copy()
            tried[own] *= (first, second)
            gained = profits(made, tried)[firm]
            assert gained <= best + 1e-12, f"{tried} earns {gained} instead of {best}"


def test_no_other_prices_earn_more() -> None:
    made = market(DELTA, COST, owners=PAIRS, alpha=(0.6, 1.0, 1.8), mass=(0.3, 0.5, 0.2))
    found = equilibrium(made)
    for firm in (0, 1):
        no_better(made, found.price, firm)
    assert np.abs(conditions(made, found)).max() < 1e-11


def test_more_rivals_mean_lower_prices() -> None:
    prices = [equilibrium(market([2.0] * n, [1.0] * n)).price[0] for n in (1, 2, 3, 5, 8)]
    assert all(later < earlier for earlier, later in pairwise(prices))
