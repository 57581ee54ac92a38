"""Definitions of outputs against arithmetic by hand and published values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim import outcomes

amounts = arrays(np.float64, (3, 5), elements=st.floats(0.0, 1e6))


@given(amounts)
def test_shares_sum_to_one_or_are_null(values: np.ndarray) -> None:
    total = outcomes.shares(values, axis=1).sum(axis=1)
    some = values.sum(axis=1) > 0.0
    np.testing.assert_allclose(total[some], 1.0, atol=1e-9)
    assert np.isnan(total[~some]).all()


@given(amounts)
def test_hhi_lies_between_equal_firms_and_monopoly(values: np.ndarray) -> None:
    index = outcomes.herfindahl(values, axis=1)
    some = values.sum(axis=1) > 0.0
    assert (index[some] >= 2000.0 - 1e-6).all()
    assert (index[some] <= 10_000.0 + 1e-6).all()
    assert np.isnan(index[~some]).all()


def test_hhi_of_three_firms_by_hand() -> None:
    assert outcomes.herfindahl(np.array([5.0, 3.0, 2.0]), axis=0) == pytest.approx(2500.0 + 900.0 + 400.0)


def test_hhi_leaves_out_customers_who_buy_from_nobody_as_pyblp_does() -> None:
    """Two firms of two products with 25% outside: PyBLP 1.3.0 reports 5320.91."""
    firms = np.array([0.28113376 + 0.18844959, 0.15381373 + 0.12593203])
    assert outcomes.herfindahl(firms, axis=0) == pytest.approx(5320.91, abs=0.005)


def test_fisher_index_by_hand() -> None:
    price = np.array([[1.0, 4.0], [2.0, 3.0]])
    quantity = np.array([[[3.0, 1.0]], [[1.0, 2.0]]])
    laspeyres, paasche = (2.0 * 3.0 + 3.0) / (3.0 + 4.0), (2.0 + 6.0) / (1.0 + 8.0)
    index = outcomes.fisher_index(price, quantity, np.ones((2, 2)))
    np.testing.assert_allclose(index[:, 0], [1.0, math.sqrt(laspeyres * paasche)], rtol=1e-15)


def test_a_new_product_is_no_price_change() -> None:
    price = np.array([[2.0, 9.0], [2.0, 50.0], [2.0, 25.0]])
    quantity = np.array([[[1.0, 0.0]], [[1.0, 1.0]], [[1.0, 1.0]]])
    index = outcomes.fisher_index(price, quantity, np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0]]))[:, 0]
    assert index[:2] == pytest.approx([1.0, 1.0])
    assert index[2] < 1.0


def test_a_price_that_nobody_was_offered_is_no_price_change() -> None:
    price, quantity = np.array([[2.0, 0.5], [2.0, 0.5], [2.0, 5.0], [2.0, 5.0]]), np.ones((4, 1, 2))
    quantity[:2, 0, 1] = 0.0
    away = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert outcomes.fisher_index(price, quantity, away)[:, 0] == pytest.approx(np.ones(4))
    assert outcomes.fisher_index(price, quantity, np.ones((4, 2)))[2, 0] > 1.5


def test_index_is_null_where_nothing_is_bought_and_goes_on_from_there() -> None:
    price = np.array([[1.0], [2.0], [4.0], [8.0]])
    quantity = np.array([[[0.0, ]], [[1.0]], [[0.0]], [[1.0]]])  # fmt: skip
    index = outcomes.fisher_index(price, quantity, np.ones((4, 1)))[:, 0]
    assert np.isnan(index[[0, 2]]).all()
    assert index[[1, 3]] == pytest.approx([1.0, 4.0])


@given(st.floats(0.1, 10.0), arrays(np.float64, (4, 2, 3), elements=st.floats(0.01, 100.0)))
def test_index_of_a_common_price_change_is_that_change(factor: float, quantity: np.ndarray) -> None:
    price = np.array([1.0, 5.0, 0.2]) * factor ** np.arange(4)[:, None]
    index = outcomes.fisher_index(price, quantity, np.ones((4, 3)))
    np.testing.assert_allclose(index, factor ** np.arange(4)[:, None] * np.ones((1, 2)), rtol=1e-9)


def test_capacity_is_divided_like_demand() -> None:
    wanted = np.array([[[30.0, 0.0], [10.0, 5.0]]])
    capacity = np.array([[20.0, 50.0]])
    np.testing.assert_allclose(outcomes.accessible_capacity(wanted, capacity), [[15.0, 5.0 + 50.0]])


def test_gap_is_what_is_missing_over_what_is_wanted() -> None:
    wanted, capacity = np.array([100.0, 100.0, 0.0]), np.array([60.0, 130.0, 10.0])
    np.testing.assert_allclose(outcomes.gap_at_cost(wanted, capacity), [0.4, 0.0, np.nan])


@pytest.mark.parametrize("intensive", [0.0, 0.3, 1.0, 1.4])
def test_surplus_is_the_area_under_usage_down_to_the_equivalent_price(intensive: float) -> None:
    cost, alone_share, elasticity, reference = 3.0, 0.25, 1.2, 5.0
    lower = cost * alone_share ** (1.0 / elasticity)
    price = np.linspace(lower, cost, 200_001)
    usage = (price / reference) ** -intensive
    area = float(((usage[1:] + usage[:-1]) / 2.0 * np.diff(price)).sum())
    got = outcomes.surplus_per_task(
        np.array([cost]), np.array([alone_share]), np.array([elasticity]), np.array([reference]), intensive
    )
    assert got[0] == pytest.approx(area, rel=1e-8)


def test_no_choice_is_worth_nothing() -> None:
    one = np.ones(1)
    assert outcomes.surplus_per_task(one, one, one, one, 0.8)[0] == 0.0


def test_use_of_a_mixed_pool() -> None:
    """Ten cards good at training and ten bad: training takes the good ones first; the third kind belongs elsewhere."""
    operated, effective = np.array([[[10.0, 10.0, 7.0]]]), np.array([[[1.0, 1.0], [0.25, 0.5], [3.0, 3.0]]])
    load, asked = np.array([[10.0, 2.0]]), np.array([[10.0, 6.0]])
    use = outcomes.pool_use(operated, effective, np.array([[0, 1, -1]]), 1.0, load, asked)
    assert use.capacity[0, 0] == pytest.approx(15.0)
    assert use.training[0, 0] == pytest.approx(12.5)
    assert use.used[0, 0] == pytest.approx(10.0 + 2.0)
    assert bool(use.full[0, 0])
    assert not outcomes.pool_use(operated, effective, np.array([[0, 1]]), 1.0, load, load).full[0, 0]
