"""Where no price is best (at the ceiling, for what nobody can buy), and how far from best prices are said to be."""

import math

import numpy as np
import pytest

from experiments.verification.markets import equilibrium, market
from sim.economics.cells import LINEAR, LOG
from sim.economics.pricing import solve


@pytest.mark.parametrize("form", [LOG, LINEAR])
@pytest.mark.parametrize("fee", [0.0, 0.25])
def test_at_the_ceiling_an_hour_of_cards_is_worth_at_most_what_its_best_use_leaves(form: int, fee: float) -> None:
    """At most ``max_j [(1 - fee) ceiling - c_j] / h_j`` over the pool's products; excess is rationed."""
    made = market(
        [3.0, 2.0, 1.0], [1.0, 0.5, 0.8], form=form, alpha=[1.5], owners=[0, 0, 1], use=[1.0, 2.0, 1.0],
        fee=[fee, fee, 0.0], capacity=[1e-4, math.inf], ceiling=3.0,
    )  # fmt: skip
    found = equilibrium(made)
    assert found.price[:2].tolist() == [3.0, 3.0]
    assert (made.offers.use * found.quantity)[:2].sum() > 1e-4
    assert 0.0 < found.multiplier[0] <= (1.0 - fee) * 3.0 - 1.0
    assert found.multiplier[1] == 0.0


@pytest.mark.parametrize("form", [LOG, LINEAR])
def test_what_nobody_can_buy_keeps_its_price_and_moves_no_other(form: int) -> None:
    """As the model marks products that are not on sale: attraction minus infinity."""
    fees = [0.0, 0.2, 0.1]
    made = market([1.0, -math.inf, 0.5], [1.0, 0.4, 0.8], form=form, alpha=[3.0], owners=[0, 0, 1], fee=fees)
    found = equilibrium(made, np.array([2.0, 7.0, 2.0]))
    without = equilibrium(market([1.0, 0.5], [1.0, 0.8], form=form, alpha=[3.0], fee=[fees[0], fees[2]]))
    assert found.price[1] == pytest.approx(7.0, rel=1e-12)
    assert found.quantity[1] == 0.0
    np.testing.assert_allclose(found.price[[0, 2]], without.price, rtol=1e-9)


def test_the_residual_is_how_far_prices_are_from_wanted_ones() -> None:
    made = market([3.0, 2.5, 2.0], [1.0, 0.9, 1.1], form=LOG, alpha=[3.0])
    start = 1.6 * made.offers.cost
    once = solve(made.cells, made.offers, start, np.zeros(3), 1, 1e-12)
    assert once.residual == pytest.approx(np.abs(np.log(once.price / start)).max(), rel=1e-12)
    assert once.residual > 0.01


@pytest.mark.parametrize("start", [0.5, 0.1, 1e-2, 1e-4, 1e-8])
def test_without_a_ceiling_low_prices_do_not_end_where_nobody_buys(start: float) -> None:
    """A multiplier that drives its pool's customers away is no solution, however little prices still change."""
    made = market(
        [3.0, 2.5, 2.0], [1.0, 0.9, 1.1], rho=0.6, owners=[0, 0, 1], capacity=[0.2, math.inf], ceiling=math.inf
    )
    found = equilibrium(made, start * made.offers.cost, tolerance=1e-10)
    np.testing.assert_allclose(found.price, equilibrium(made, tolerance=1e-10).price, rtol=1e-8)
    assert (made.offers.use * found.quantity)[:2].sum() == pytest.approx(0.2, rel=1e-8)


def test_prices_at_which_demand_is_no_number_are_not_solved() -> None:
    made = market([3.0, 2.5], [1.0, 0.9], form=LOG, alpha=[3.0], ceiling=math.inf)
    assert solve(made.cells, made.offers, 1e-120 * made.offers.cost, np.zeros(2), 5, 1e-10).residual == math.inf
