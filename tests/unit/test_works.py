"""Builders charge for what really begins: after budgets, owners and power that is handed on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.works import Builders, Works, begin_halls
from tests.builders_choice import Floats

REGION, PROVIDER, NOW = np.array([0, 0, 0, 1]), np.array([0, 1, 2, 0]), 3
BUILDERS = Builders(REGION, PROVIDER, np.array([6, 6]), np.array([1, 1]), 0.5, 0.2, 0.2, 0.4)
USUAL = np.array([10.0, 5.0])
TRADE = np.array([40.0, 1000.0])
PLENTY = np.array([np.inf, np.inf, np.inf])
ALL = np.ones(3)


def works(asked: list[float]) -> Works:
    requested = np.zeros((4, 8))
    requested[:, NOW - 1] = asked
    return Works(
        np.zeros(4), requested, requested.sum(axis=1), np.zeros((4, 8)), np.zeros((4, 8)),
        np.repeat(USUAL[:, None], 8, axis=1), np.ones(2),
    )  # fmt: skip


def begun(
    asked: list[float], grid: float, appetite: Floats, budget: Floats, builders: Builders = BUILDERS
) -> tuple[Floats, float]:
    """Return MW begun by site, and the price in region 0 over the usual one."""
    halls = works(asked)
    begin_halls(halls, builders, np.zeros(4), np.array([grid, 1e6]), TRADE, appetite, budget.copy(), NOW)
    np.testing.assert_allclose(halls.price[:, NOW], USUAL * halls.congestion, rtol=1e-14)
    np.testing.assert_allclose(halls.requested.sum(axis=1), halls.queued, atol=1e-9)
    np.testing.assert_allclose(halls.queued + halls.begun[:, NOW], asked, rtol=1e-12)
    return halls.begun[:, NOW], float(halls.congestion[0])


def charged(mw: Floats, exponent: float = BUILDERS.exponent) -> float:
    return float(max(mw[REGION == 0].sum() / TRADE[0], 1.0) ** exponent)


def test_where_all_can_pay_the_price_is_that_of_what_is_promised() -> None:
    mw, price = begun([30.0, 30.0, 100.0, 7.0], 90.0, ALL, PLENTY)
    assert mw.sum() == pytest.approx(97.0)
    assert price == pytest.approx((90.0 / 40.0) ** 0.5)


def test_what_owners_hold_back_and_nobody_takes_congests_nobody() -> None:
    mw, price = begun([30.0, 30.0, 100.0, 0.0], 1000.0, np.array([1.0, 1.0, 0.0]), PLENTY)
    assert mw.tolist() == [30.0, 30.0, 0.0, 0.0]
    assert price == pytest.approx((60.0 / 40.0) ** 0.5)


def test_power_that_is_handed_on_congests_as_well() -> None:
    mw, price = begun([80.0, 80.0, 80.0, 0.0], 120.0, np.array([1.0, 1.0, 0.0]), PLENTY)
    assert mw == pytest.approx([60.0, 60.0, 0.0, 0.0])
    assert price == pytest.approx((120.0 / 40.0) ** 0.5)


def test_a_budget_buys_less_the_more_it_congests_itself() -> None:
    """One firm alone with 900 USD m: ``mw * 10 * (mw / 40)^psi = 900`` at psi = 1/2; without congestion 90 MW."""
    mw, price = begun([500.0, 0.0, 0.0, 0.0], 1000.0, ALL, np.array([900.0, 0.0, 0.0]))
    assert mw[0] == pytest.approx((90.0 * 40.0**0.5) ** (2.0 / 3.0), rel=1e-6)
    assert price == pytest.approx(charged(mw), rel=1e-6)
    free = BUILDERS._replace(exponent=0.0)
    assert begun([500.0, 0.0, 0.0, 0.0], 1000.0, ALL, np.array([900.0, 0.0, 0.0]), free)[0][0] == pytest.approx(90.0)


@pytest.mark.parametrize("psi", [0.0, 0.3, 1.0, 2.0, 4.0])
def test_price_and_starts_agree_however_much_builders_charge(psi: float) -> None:
    """For twice the largest exponent that is allowed, too."""
    draws, builders = np.random.default_rng(1), BUILDERS._replace(exponent=psi)
    for _ in range(100):
        asked, appetite = draws.uniform(0.0, 300.0, 4).tolist(), draws.choice([0.0, 0.5, 1.0], 3)
        mw, price = begun(asked, draws.uniform(1.0, 500.0), appetite, draws.uniform(0.0, 3e3, 3), builders)
        assert price == pytest.approx(charged(mw, psi), rel=1e-5)


ASKED = st.lists(st.floats(0.0, 300.0), min_size=4, max_size=4)
BUDGETS = st.lists(st.floats(0.0, 3e3), min_size=3, max_size=3)


@given(ASKED, st.floats(1.0, 500.0), BUDGETS)
def test_no_budget_and_no_grid_is_overdrawn_and_nobody_charges_beyond_what_is_promised(
    asked: list[float], grid: float, budget: list[float]
) -> None:
    mw, price = begun(asked, grid, ALL, np.array(budget))
    spent = np.bincount(PROVIDER, mw * USUAL[REGION] * np.where(REGION == 0, price, 1.0), 3)
    assert (spent <= np.array(budget) * (1.0 + 1e-9) + 1e-9).all()
    assert mw[REGION == 0].sum() <= grid * (1.0 + 1e-9)
    assert 1.0 <= price <= max(min(grid, sum(asked[:3])) / TRADE[0], 1.0) ** BUILDERS.exponent * (1.0 + 1e-12)
