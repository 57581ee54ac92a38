"""What firms reckon with: two pools of two chips; the second pool has no cards."""

import numpy as np
import pytest

from sim.economics.supply import (
    capacity_left,
    capacity_use,
    captive_demand,
    move_prices,
    pool_costs,
    price_ceilings,
    reckoned_costs,
    spread_by_capacity,
    unit_costs,
)

POOL = np.array([0, 0, 1])
TRAINING = np.array([True, False, False])
ON_TOKENS = np.array([False, False, True])
PROVIDER = np.array([0, 0, 1])


def test_an_hour_costs_what_the_cards_of_the_pool_take() -> None:
    effective = np.array([[1.0, 2.0], [4.0, 1.0]])
    care = np.array([[1.0, 3.0], [1.0, 3.0]])
    found = pool_costs(np.array([[10.0, 5.0], [0.0, 0.0]]), care, effective, np.array([0, 1]))
    assert found.tolist() == [[25.0 / 30.0, 25.0 / 25.0], [3.0 / 4.0, 3.0 / 1.0]]


def test_a_token_costs_its_hours_and_what_else_it_takes() -> None:
    cost, other, speed = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([9.0, 0.5]), np.array([7.0, 8.0])
    found = unit_costs(cost, other, speed, POOL, np.array([0, 1, 1]), PROVIDER, ON_TOKENS)
    assert found.tolist() == [1.0, 2.0, 4.0 / 8.0 + 0.5]


def test_use_of_capacity_per_unit() -> None:
    found = capacity_use(np.array([1.5, 2.5]), np.array([7.0, 8.0]), POOL, TRAINING, PROVIDER, ON_TOKENS)
    assert found.tolist() == [1.5, 1.0, 0.125]


def test_share_and_custom_lower_the_cost_reckoned_with_down_to_its_floor() -> None:
    found = reckoned_costs(
        np.array([2.0, 2.0, 2.0]), np.array([5.0, 0.0, 99.0]), np.array([0.5, 1.0, 0.0]), np.array([2.0, 0.0]), POOL,
        np.array([0.25, 0.25, 0.0]), np.array([0.1, 0.1, 1.0]), np.array([3.0, 3.0, 3.0]), 0.05,
    )  # fmt: skip
    assert found == pytest.approx([1.6 - 0.1 * 3.0 * (5.0 - 2.0 - 1.0), 1.6, 0.1], rel=1e-12)


def test_what_contracts_and_own_use_leave_is_never_nothing() -> None:
    found = capacity_left(
        np.array([100.0, 100.0, 0.0]), np.array([10.0, 5.0, 90.0, 30.0, 0.0, 0.0]), np.array([2.0, 1.0, 1.0]),
        np.array([20.0, 0.0, 0.0]),
    )  # fmt: skip
    assert found == pytest.approx([100.0 - 20.0 - 5.0 - 20.0, 1e-4 + 1e-9, 1e-9], rel=1e-12)


def test_captive_demand_goes_where_the_cards_are() -> None:
    found = spread_by_capacity(np.array([8.0, 5.0]), np.array([30.0, 10.0, 0.0]), np.array([0, 0, 1]))
    assert found.tolist() == [6.0, 2.0, 0.0]


def test_own_use_falls_with_the_price_once_it_is_no_longer_observed() -> None:
    price, reference = np.array([2.0, 0.5]), np.array([1.0, 1.0, 1.0])
    found = captive_demand(
        np.array([10.0, 20.0, 40.0]), price, np.array([0, 0, 1]), np.array([True, False, False]),
        np.array([0.5, 0.5, 2.0]), reference,
    )  # fmt: skip
    assert found == pytest.approx([10.0, 20.0 * 2.0**-0.5, 160.0], rel=1e-14)
    assert reference.tolist() == [2.0, 1.0, 1.0]


def test_the_highest_price_follows_own_cards_but_covers_the_cost_of_service() -> None:
    found = price_ceilings(
        np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0, 1, 1]), np.array([0, 1, 0]), np.array([False, True, False]),
        8.0, 10.0, np.array([2.0, 1.0, 100.0]),
    )  # fmt: skip
    assert found == pytest.approx([10.0, 5.0, 101.0], rel=1e-14)


def test_posted_prices_move_part_of_the_way_and_all_of_it_at_the_first_sale() -> None:
    posted = np.array([4.0, 4.0])
    move_prices(posted, np.array([9.0, 9.0]), np.array([1.0, 0.0]), 0.5)
    assert posted == pytest.approx([6.0, 9.0], rel=1e-14)
