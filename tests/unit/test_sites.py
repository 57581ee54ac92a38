"""What sites see and order: two sites with a pool each, and a pool without cards at the first."""

import numpy as np
import pytest

from sim.economics.sites import place_orders, site_demand, site_prices

FIRST = np.array([[1.0, 2.0, 4.0], [3.0, 0.0, 6.0]])
SITE = np.array([0, 1, 0])


def test_demand_counts_training_as_the_inference_it_takes_away() -> None:
    most = np.array([[10.0, 4.0, 0.0], [20.0, 2.0, 0.0]])
    contracted, captive = np.array([5.0, 1.0, 2.0, 0.0, 3.0, 0.0]), np.array([0.5, 0.25, 0.0])
    found = site_demand(FIRST, contracted, captive, most, np.array([0, 1, 2]), SITE, 2)
    assert found == pytest.approx([(5.0 + 4.0) * 2.0 + 1.0 + 2.0 + 0.5 + 3.0, (2.0 + 10.0) * 0.5 + 0.25], rel=1e-14)


def test_price_over_cost_is_weighted_by_what_was_first_wanted() -> None:
    posted, cost = np.array([2.0, 0.5, 3.0]), np.array([[1.0, 4.0], [2.0, 8.0], [9.0, 9.0]])
    found = site_prices(
        FIRST, posted, np.array([10.0, 20.0]), cost, np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([0, 1, 0]),
        np.array([False, True, False]), np.array([0, 0, 1]), 3,
    )  # fmt: skip
    assert found == pytest.approx([(2.0 * 4.0 + 10.0 * 2.0) / (1.0 * 4.0 + 4.0 * 2.0), 1.5, 1.0], rel=1e-14)


def test_orders_are_cards_of_the_chosen_chip_and_none_where_there_is_no_chip() -> None:
    ordered = np.full((2, 3), np.nan)
    place_orders(np.array([[0, 2], [-1, 1]]), np.array([[8.0, 6.0], [5.0, 4.0]]), np.array([2.0, 4.0, 3.0]), ordered)
    assert ordered.tolist() == [[4.0, 0.0, 2.0], [0.0, 1.0, 0.0]]
