"""What sites see and order: two sites with a pool each, and a pool without cards at the first."""

import numpy as np
import pytest

from sim.economics.sites import (
    growth_of,
    loads,
    place_orders,
    price_levels,
    settle_habits,
    shares_within,
    site_demand,
    site_prices,
)

FIRST = np.array([[1.0, 2.0, 4.0], [3.0, 0.0, 6.0]])
SITE = np.array([0, 1, 0])


def test_demand_counts_training_as_the_inference_it_takes_away() -> None:
    most = np.array([[10.0, 4.0, 0.0], [20.0, 2.0, 0.0]])
    contracted = np.array([5.0, 1.0, 2.0, 0.0, 3.0, 0.0])
    found = site_demand(FIRST, contracted, most, np.array([0, 1, 2]), SITE, 2)
    assert found == pytest.approx([(5.0 + 4.0) * 2.0 + 1.0 + 2.0 + 3.0, (2.0 + 10.0) * 0.5], rel=1e-14)


def test_price_and_cost_of_what_was_first_wanted() -> None:
    posted, cost = np.array([2.0, 0.5, 3.0]), np.array([[1.0, 4.0], [2.0, 8.0], [9.0, 9.0]])
    found = site_prices(
        FIRST, posted, np.array([10.0, 20.0]), cost, np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([0, 1, 0]),
        np.array([False, True, False]), np.array([0, 0, 1]), 3,
    )  # fmt: skip
    hours = [6.0, 10.0, 0.0]
    np.testing.assert_allclose(found, [[2.0 * 4.0 + 10.0 * 2.0, 30.0, 0.0], [4.0 + 8.0, 20.0, 0.0], hours], rtol=1e-14)


def test_a_site_where_nobody_asks_stands_at_its_regions_mean() -> None:
    value = np.array([[32.0, 30.0, 0.0, 0.0], [12.0, 20.0, 0.0, 0.0], [4.0, 10.0, 0.0, 0.0]])
    mean, own, cost = price_levels(value, np.array([0, 0, 0, 1]), 2)
    np.testing.assert_allclose(np.exp(mean), [62.0 / 32.0, 1.0], rtol=1e-14)
    np.testing.assert_allclose(np.exp(own), [8.0 / (62.0 / 14.0), 3.0 / (62.0 / 14.0), 1.0, 1.0], rtol=1e-14)
    np.testing.assert_allclose(cost, [32.0 / 14.0, 0.0], rtol=1e-14)


def test_shares_growth_and_loads() -> None:
    region, demand, before = np.array([0, 0, 1]), np.array([30.0, 10.0, 0.0]), np.array([20.0, 5.0])
    assert shares_within(demand, region, 2).tolist() == [0.75, 0.25, 0.0]
    assert growth_of(demand, region, before, False).tolist() == [pytest.approx(np.log(2.0)), 0.0]
    assert before.tolist() == [40.0, 0.0]
    assert growth_of(demand, region, np.array([20.0, 5.0]), True).tolist() == [0.0, 0.0]
    assert loads(np.array([5.0, 20.0, 1.0]), np.array([10.0, 10.0, 0.0])).tolist() == [0.5, 1.0, 1.0]


def test_habits_move_to_what_is_observed_and_begin_there() -> None:
    share, price = np.array([0.5, 0.5]), np.array([0.2, 0.2])
    weights = np.full(2, 0.25), np.full(2, 0.5)
    settle_habits(np.array([0.9, 0.1]), np.array([0.0, 1.0]), *weights, False, share, price)
    assert (share.tolist(), price.tolist()) == (pytest.approx([0.6, 0.4]), pytest.approx([0.1, 0.6]))
    settle_habits(np.array([0.9, 0.1]), np.array([0.0, 1.0]), *weights, True, share, price)
    assert (share.tolist(), price.tolist()) == (pytest.approx([0.9, 0.1]), pytest.approx([0.0, 1.0]))


def test_orders_are_cards_of_the_chosen_chip_and_none_where_there_is_no_chip() -> None:
    ordered = np.full((2, 3), np.nan)
    place_orders(np.array([[0, 2], [-1, 1]]), np.array([[8.0, 6.0], [5.0, 4.0]]), np.array([2.0, 4.0, 3.0]), ordered)
    assert ordered.tolist() == [[4.0, 0.0, 2.0], [0.0, 1.0, 0.0]]
