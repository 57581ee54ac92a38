"""What sites see and order: two sites with a pool each, and a pool without cards at the first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.sites import (
    costs_by_site,
    costs_here,
    growth_of,
    least_by_site,
    loads,
    price_levels,
    settle_habit,
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


def test_value_and_hours_of_what_was_first_wanted() -> None:
    """Tokens count net of what they cost beside hours; an hour of each kind fetches the mean of its region."""
    value, asked, usual = site_prices(
        FIRST, np.array([2.0, 0.5, 3.0]), np.array([0.0, 0.1]), np.array([10.0, 20.0]), np.array([0, 1, 1]),
        np.array([0, 1, 0]), np.array([False, True, False]), np.array([0, 0, 1]), np.zeros(3, np.int64), 1,
    )  # fmt: skip
    np.testing.assert_allclose(value, [2.0 * 4.0 + 8.0 * 2.0, 30.0, 0.0], rtol=1e-14)
    np.testing.assert_allclose(asked, [[4.0, 2.0], [10.0, 0.0], [0.0, 0.0]], rtol=1e-14)
    np.testing.assert_allclose(usual, [4.0 * 38.0 / 14.0 + 16.0, 10.0 * 38.0 / 14.0, 0.0], rtol=1e-14)


HOURS = st.just(0.0) | st.floats(1e-6, 9.0)
"""No hours, or some whose product with a value is no underflow."""


@given(st.lists(st.floats(0.1, 10.0), min_size=3, max_size=3), st.lists(HOURS, min_size=6, max_size=6))
def test_who_sells_at_the_prices_of_all_fetches_the_usual_whatever_it_sells(
    prices: list[float], hours: list[float]
) -> None:
    """Two sites that sell training and inference by the hour, and inference by the token, at the same prices."""
    kinds, site = np.array([0, 1, 1] * 2), np.repeat([0, 1], 3)
    value, _, usual = site_prices(
        np.array([hours]), np.array(prices * 2), np.zeros(2), np.ones(2), site, kinds,
        np.array([False, False, True] * 2), site, np.zeros(2, np.int64), 1,
    )  # fmt: skip
    np.testing.assert_allclose(value, usual, rtol=1e-12)


def test_cost_of_what_a_region_asks_for_on_the_cheapest_cards_of_a_site() -> None:
    least = least_by_site(np.array([[1.0, 4.0], [2.0, 3.0], [9.0, 9.0]]), np.array([0, 0, 1]), 2)
    assert least.tolist() == [[1.0, 3.0], [9.0, 9.0]]
    asked = np.array([[3.0, 1.0], [0.0, 0.0]])
    assert costs_here(least, asked, np.array([0, 0]), 1).tolist() == [0.75 * 1.0 + 0.25 * 3.0, 9.0]
    assert costs_here(least, 0.0 * asked, np.array([0, 1]), 2).tolist() == [3.0, 9.0]


ASKED = np.array([[10.0, 0.0], [4.0, 6.0], [0.0, 0.0], [0.0, 0.0]])
VALUE, REGION = np.array([32.0, 30.0, 0.0, 0.0]), np.array([0, 0, 0, 1])


USUAL = np.array([40.0, 20.0, 0.0, 0.0])
EACH = np.array([[1.0, 9.0], [3.0, 2.0], [1.0, 1.0], [7.0, 7.0]])


def test_prices_over_the_cost_of_each_site() -> None:
    cost = np.array([1.5, 2.0, 1.0, 7.0])
    above, own, markup = price_levels(VALUE, ASKED, USUAL, EACH, cost, REGION, 2)
    np.testing.assert_allclose(np.exp(above), [3.1 / 1.5, 3.1 / 2.0, 3.1, 1.0], rtol=1e-14)
    np.testing.assert_allclose(np.exp(own), [32.0 / 40.0, 30.0 / 20.0, 1.0, 1.0], rtol=1e-14)
    np.testing.assert_allclose(np.exp(above + markup), [32.0 / 10.0, 30.0 / (12.0 + 12.0), 3.1, 1.0], rtol=1e-14)


@given(st.floats(0.01, 100.0), st.sampled_from([0, 1, 2]))
def test_what_a_rival_pays_changes_nothing_for_others(times: float, rival: int) -> None:
    """A rule that makes cards dear for one firm, or a chip that makes them cheap, stops no other and starts none."""
    cost = np.array([1.5, 2.0, 1.8, 7.0])
    above, own, markup = price_levels(VALUE, ASKED, USUAL, EACH, cost, REGION, 2)
    then, each = cost.copy(), EACH.copy()
    then[rival] *= times
    each[rival] *= times
    above_then, own_then, markup_then = price_levels(VALUE, ASKED, USUAL, each, then, REGION, 2)
    others = [s for s in range(4) if s != rival]
    assert above_then[others].tolist() == above[others].tolist()
    assert markup_then[others].tolist() == markup[others].tolist()
    assert own_then.tolist() == own.tolist()
    assert above_then[rival] == pytest.approx(above[rival] - np.log(times), abs=1e-12)
    assert markup_then[rival] == pytest.approx(markup[rival], abs=1e-12)


def test_a_site_costs_what_its_orders_cost_and_without_any_the_least_of_its_cards() -> None:
    """Half of an inference hour from either card: 1/2 and 1/8 card-hours, which could train 1/2 + 1/4."""
    parts, hour_cost = np.array([[0.5, 0.5], [0.0, 0.0]]), np.array([[2.0, 8.0], [9.0, 9.0]])
    effective, least = np.array([[1.0, 1.0], [2.0, 4.0]]), np.array([[0.1, 0.1], [3.0, 4.0]])
    found = costs_by_site(parts, hour_cost, effective, least)
    spent = 0.5 * 2.0 + 0.125 * 8.0
    np.testing.assert_allclose(found, [[spent / 0.75, spent], [3.0, 4.0]], rtol=1e-14)


def test_shares_growth_and_loads() -> None:
    region, demand, before = np.array([0, 0, 1]), np.array([30.0, 10.0, 0.0]), np.array([20.0, 5.0])
    assert shares_within(demand, region, 2).tolist() == [0.75, 0.25, 0.0]
    assert growth_of(demand, region, before, False).tolist() == [pytest.approx(np.log(2.0)), 0.0]
    assert before.tolist() == [40.0, 0.0]
    assert growth_of(demand, region, np.array([20.0, 5.0]), True).tolist() == [0.0, 0.0]
    assert loads(np.array([5.0, 20.0, 1.0]), np.array([10.0, 10.0, 0.0])).tolist() == [0.5, 1.0, 1.0]


def test_habits_move_to_what_is_observed_and_begin_there() -> None:
    share, price, markup = np.array([0.5, 0.5]), np.array([0.2, 0.2]), np.array([0.4, 0.0])
    seen = (np.array([0.9, 0.1]), np.array([0.0, 1.0]), np.array([0.0, 0.2]))
    weights = np.full(2, 0.25), np.full(2, 0.5), np.full(2, 0.5)
    for observed, weight, expected in zip(seen, weights, (share, price, markup), strict=True):
        settle_habit(observed, weight, False, expected)
    assert (share.tolist(), price.tolist()) == (pytest.approx([0.6, 0.4]), pytest.approx([0.1, 0.6]))
    assert markup.tolist() == pytest.approx([0.2, 0.1])
    for observed, weight, expected in zip(seen, weights, (share, price, markup), strict=True):
        settle_habit(observed, weight, True, expected)
    assert (share.tolist(), price.tolist()) == (pytest.approx([0.9, 0.1]), pytest.approx([0.0, 1.0]))
    assert markup.tolist() == pytest.approx([0.0, 0.2])
