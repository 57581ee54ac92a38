"""V27: building a hall a year ahead of need pays on cost grounds only if ``1 + g_c > (1 + r)(1 + h)``."""

import math

import numpy as np
import pytest

from sim.economics.building import building_payments, completed, holding_costs

HERE, ZERO = np.zeros(1, np.int64), np.zeros((1, 40))
YEAR = 4


def present_value(begun_in: int, needed: int, growth: float, rate: float, holding: float) -> float:
    """Return what a hall of 1 MW costs that is begun in one quarter and used from another on, valued in quarter 0.

    It is paid at once and built in a quarter, so that a year is a year. Costs of an idle hall are those of the quarters
    between, at the price of a new one, and fall due at the end of each.
    """
    price: np.ndarray = 10.0 * np.power(1.0 + growth, np.arange(40) / YEAR)[None, :]
    begun, energised, value, build = np.zeros((1, 40)), np.zeros(1), 0.0, np.ones(1, np.int64)
    begun[0, begun_in] = 1.0
    for quarter in range(needed):
        due = building_payments(begun, ZERO, price, HERE, build, quarter, 1.0, 0.0, 0.0)
        energised += completed(begun, HERE, build, quarter)
        idle = np.zeros(1)
        holding_costs(energised, np.zeros(1), price[:, quarter], HERE, HERE, holding / YEAR, idle)
        value += float(due[0]) / math.pow(1.0 + rate, quarter / YEAR)
        value += float(idle[0]) / math.pow(1.0 + rate, (quarter + 1) / YEAR)
    return value


def advantage(growth: float, rate: float, holding: float) -> float:
    """Return what building a year ahead saves."""
    return present_value(YEAR, YEAR + 1, growth, rate, holding) - present_value(0, YEAR + 1, growth, rate, holding)


@pytest.mark.parametrize("rate", [0.04, 0.1, 0.16])
@pytest.mark.parametrize("holding", [0.0, 0.04, 0.08])
def test_the_advantage_of_building_early_changes_sign_at_the_threshold(rate: float, holding: float) -> None:
    threshold = (1.0 + rate) * (1.0 + holding) - 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if advantage(middle, rate, holding) < 0.0 else (low, middle)
    assert low == pytest.approx(threshold, abs=1e-9 if holding == 0.0 else 0.004)


def test_at_the_measured_growth_it_loses_and_at_a_doubling_in_two_years_it_wins() -> None:
    assert advantage(0.068, 0.1, 0.04) < 0.0 < advantage(0.41, 0.1, 0.04)
