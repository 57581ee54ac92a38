"""What customers see in a pair, on two cells of two nests: training at home, inference at home and by the token."""

import math

import numpy as np
import pytest

from sim.economics.elementary import sum_by
from sim.economics.menus import (
    inverse_weights,
    own_cards,
    task_units,
    units_at_unit_price,
    usage_at,
    utility_before_price,
)

START = np.array([0, 1, 1, 2, 4])
"""Cell 0 trains and sees pair 0 by the hour; cell 1 infers and sees pair 1 by the hour, 2 and 3 by the token."""
PROVIDER = np.array([0, 1, 0, 1])


def test_units_of_a_task() -> None:
    unit, log_unit, hours = task_units(
        START, np.array([False, True]), np.array([0.8, 0.5]), PROVIDER, 6.0, 2.0, np.array([3.0, 12.0])
    )
    assert unit.tolist() == [1.0, 6.0, 6.0, 6.0]
    np.testing.assert_allclose(log_unit, np.log(unit), rtol=1e-15)
    assert hours.tolist() == [1.0, 6.0, 2.0, 0.5]


def test_utility_falls_with_waiting_and_is_nothing_where_nothing_is_offered() -> None:
    found = utility_before_price(
        np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 0.0, 2.0, 2.0]), np.array([0.5, -0.5]), np.array([0.1, 0.2]),
        np.array([True, True, True, False]), np.array([True, False, True, True]), np.full(4, 3.0),
        np.array([0.0, 0.0, 0.5, 0.5]), np.arange(4), PROVIDER, PROVIDER,
    )  # fmt: skip
    assert found == pytest.approx([1.0 - 0.1, -math.inf, 3.0 + 1.0 - 0.1 - 1.5, -math.inf], rel=1e-12)


def test_usage_at_a_price_and_where_there_is_none() -> None:
    reference, product = np.array([10.0, 20.0]), np.array([0, 1, 0, 2])
    usage = usage_at(
        START, product, np.array([20.0, 0.0, 8.0]), np.array([1.0, 0.0, 1.0]), np.log([2.0, 2.0, 3.0, 3.0]), reference,
        0.5,
    )  # fmt: skip
    assert usage == pytest.approx([4.0**-0.5, 1.0, 3.0**-0.5, 1.2**-0.5], rel=1e-12)


def test_units_at_a_price_of_one_are_those_that_usage_gives() -> None:
    log_unit, reference = np.log([1.0, 4.0, 6.0, 6.0]), np.array([3.0, 9.0])
    found = units_at_unit_price(START, log_unit, reference, 0.8)
    usage = usage_at(START, np.arange(4), np.ones(4), np.ones(4), log_unit, reference, 0.8)
    np.testing.assert_allclose(found, usage * np.exp(log_unit), rtol=1e-14)


def test_inverse_weights_rise_with_the_price_and_are_infinite_where_nothing_is_sold() -> None:
    attraction = np.array([0.3, -math.inf, 0.0])
    found = inverse_weights(np.array([1, 0, 0]), np.array([2.0, 5.0]), np.array([3.0, 3.0, 2.0]), attraction)
    assert found == pytest.approx([5.0**3 * math.exp(-0.3), math.inf, 4.0], rel=1e-14)


def test_a_task_on_own_cards_and_what_that_option_is_worth() -> None:
    cost = np.array([[1.0, 2.0], [3.0, 5.0]])
    task, utility = own_cards(
        cost, np.array([0, 1]), np.array([0, 1]), np.array([False, True]), np.array([0.8, 0.5]), 4.0,
        np.array([2.0, 3.0]), np.array([0.1, -0.2]), 0.6,
    )  # fmt: skip
    assert task.tolist() == [1.0, 5.0 * 4.0 / 0.5]
    assert utility == pytest.approx([0.06, 0.6 * (-0.2 - 3.0 * math.log(40.0))], rel=1e-14)


def test_hours_add_up_by_lane() -> None:
    tasks, hours = np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0, 11.0])
    assert sum_by(np.array([3, 0, 3]), tasks * hours, 4).tolist() == [
        14.0, 0.0, 0.0, 38.0,
    ]  # fmt: skip
