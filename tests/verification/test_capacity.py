"""Prices under one capacity per firm: complementarity, deviations, and what an hour of cards is worth everywhere."""

import numpy as np
import pytest

from experiments.verification.markets import Market, equilibrium, market
from experiments.verification.scarcity import kkt_residuals
from sim.economics.capacity import pressed
from sim.economics.cells import LINEAR, LOG


def test_a_capacity_that_does_not_bind_changes_nothing() -> None:
    made = market([3.0, 2.5], [1.0, 0.9])
    free = equilibrium(made)
    roomy = equilibrium(Market(made.cells, made.offers._replace(capacity=free.quantity * 1.001)))
    np.testing.assert_allclose(roomy.price, free.price, rtol=1e-10)
    assert roomy.multiplier.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("form", [LOG, LINEAR])
def test_more_capacity_means_lower_prices_and_a_lower_shadow_price(form: int) -> None:
    alpha = [3.0] if form == LOG else [1.0]
    prices, shadows = [], []
    for capacity in (0.05, 0.1, 0.2, 0.4):
        made = market([1.5, 1.2, 1.0], [1.0, 1.0, 1.0], form=form, alpha=alpha, capacity=[capacity] * 3)
        found = equilibrium(made)
        prices.append(found.price)
        shadows.append(found.multiplier)
    assert (np.diff(prices, axis=0) <= 1e-12).all()
    assert (np.diff(shadows, axis=0) <= 1e-12).all()
    assert (prices[0] > prices[-1]).all()


def test_a_pool_sold_out_by_contracts_does_not_stop_the_others() -> None:
    made = market([1.5, 1.2, 1.0], [1.0, 0.9, 0.8], form=LOG, alpha=[4.0], capacity=[1e-9, 0.5, 0.5], ceiling=5.0)
    found = equilibrium(made, tolerance=1e-10)
    assert found.price[0] == 5.0
    assert np.isfinite(found.multiplier).all()
    roomy = equilibrium(Market(made.cells, made.offers._replace(capacity=np.full(3, np.inf))))
    assert (found.price[1:] > roomy.price[1:]).all()


def test_rounding_does_not_decide_which_multipliers_move() -> None:
    """A multiplier that rounding puts beside its largest value stands there: only slack makes it move."""
    top, over, slack = np.full(3, 15.332801870852089), np.full(3, 10.0), np.full(3, -0.5)
    beside = np.array([top[0], np.nextafter(top[1], 0.0), np.nextafter(top[2], np.inf)])
    assert pressed(beside, top, over).size == 0
    assert pressed(beside, top, slack).tolist() == [0, 1, 2]
    assert pressed(0.999 * top, top, over).tolist() == [0, 1, 2]
    assert pressed(np.zeros(3), top, slack).size == 0


@pytest.mark.slow
@pytest.mark.parametrize("first", range(100, 1000, 100))
def test_the_conditions_of_an_equilibrium_on_hundreds_of_random_markets(first: int) -> None:
    """V8a at length."""
    found = [kkt_residuals(seed) for seed in range(first, first + 100)]
    assert max(left.max() for left, _ in found) < 1e-9
    assert sum(binding for _, binding in found) > 100
